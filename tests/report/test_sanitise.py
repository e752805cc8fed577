"""What came from a package is data in every sink."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.report.sanitise import (
    for_markdown_cell,
    for_terminal,
    for_terminal_lines,
    for_uri,
)

HOSTILE = st.text(st.characters(), max_size=200)
URI = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!()+@,%")


@given(HOSTILE)
def test_a_terminal_gets_nothing_to_obey(text: str) -> None:
    safe = for_terminal(text)
    assert not [c for c in safe if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    safe.encode("utf-8")


@given(HOSTILE)
def test_lines_stay_lines(text: str) -> None:
    assert for_terminal_lines(text).count("\n") == text.count("\n")


@given(HOSTILE)
def test_a_uri_is_relative_and_ascii(text: str) -> None:
    uri = for_uri(text)
    assert uri
    assert set(uri) <= URI
    assert not uri.startswith("/")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain text", "plain text"),
        ("two\nlines", "two\\x0alines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]8;;http://x\x07link", "\\x1b]8;;http://x\\x07link"),
        ("tab\there", "tab here"),
        ("gro\u202efle", "gro\\u202efle"),
        ("\x9b31m", "\\x9b31m"),
        ("Größe 日本", "Größe 日本"),
        ("\udc80", "\\udc80"),
    ],
)
def test_examples(text: str, safe: str) -> None:
    assert for_terminal(text) == safe


def test_a_long_text_is_cut() -> None:
    assert len(for_terminal("x" * 100_000)) == 4000


@given(HOSTILE)
def test_a_cell_holds_no_markup(text: str) -> None:
    cell = for_markdown_cell(text)
    bare = cell.replace("\\\\", "")
    assert "\n" not in cell
    for mark in "`*_[]<>|":
        assert bare.count(mark) == bare.count(f"\\{mark}")
