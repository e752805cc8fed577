"""Any bytes give facts or say that they cannot be read: quickly, in bounded depth and number."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.document import Embedded
from dten_audit.model.facts.config import ConfigKey
from dten_audit.readers.config.config import KINDS, read
from dten_audit.readers.config.keys import MAX_BROKEN, MAX_KEYS, MAX_PATH, MAX_VALUE
from tests.readers.config.settings import document, keys, unread

ALL = (*KINDS, "text", "xml")
SCRAPS = st.sampled_from(
    ["a", "b.c", "=", ":", " ", "\n", "[", "]", "{", "}", '"', "'", "\\", "#", ";", ",", "- ", "&x",
     "*x", "<<", "|\n", "{{", "}}", "%}", "<%", '"""', "'''", "\\u12", "\r\n", "\t", "export ",
     "<A", "</A>", "/*", "//", "\ue000", "\x00", "é", "\u2028", "!include"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(ALL), parts=st.lists(SCRAPS, max_size=40))
def test_any_text_is_read(kind: str, parts: list[str]) -> None:
    for fact in read(document(kind, "".join(parts))):
        if not isinstance(fact, Embedded):
            assert fact.at.line is not None
            assert fact.at.line >= 1
        str(fact).encode()


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(ALL), data=st.binary(max_size=200))
def test_any_bytes_are_read(kind: str, data: bytes) -> None:
    list(read(document(kind, data)))


BOMBS = {
    "brackets": "[" * 200_000,
    "braces": "{" * 200_000,
    "open lists": "- " * 100_000,
    "questions": "? " * 50_000,
    "quotes": '"' * 200_001,
    "apostrophes": "'" * 200_001,
    "backslashes": "a=" + "\\" * 200_001,
    "one line": "a = " + "x " * 250_000,
    "one line of pairs": '{"k": 1, ' * 50_000,
    "a long array": "a = [" + "1," * 60_000 + "]",
    "a long object": '{"a": [' + "1," * 60_000 + "0]}",
    "dotted": ".".join("a" * 100_000) + " = 1",
    "tables": "[[a]]\n" * 15_000,
    "sections": "[a\n" * 25_000,
    "assignments": "a=1;" * 50_000,
    "braced directives": "a {b 1; " * 40_000,
    "tags": "<A " * 100_000,
    "templates": "{{" * 100_000,
    "template ends": "{{ a }" * 50_000,
    "comments": "/*" * 100_000,
    "unclosed": "A='x\n" * 15_000,
    "escaped quotes": 'A="\\"\n' * 15_000,
    "colons": "a: " * 30_000,
    "equals": "=" * 200_000,
    "anchors": "".join(f"a{n}: &x{n} [*x{n - 1}]\n" if n else "a0: &x0 [1]\n" for n in range(1500)),
    "continued": "a\\\n" * 40_000,
    "indented": "[s]\na = 1\n" + "  b\n" * 25_000,
    "triple": 'a = """' + '"" ' * 80_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_hostile_text_costs_little(bomb: str) -> None:
    for kind in ALL:
        start = time.process_time()
        for fact in read(document(kind, BOMBS[bomb])):
            if isinstance(fact, ConfigKey):
                assert len(fact.key) <= MAX_PATH
                assert len(fact.value) <= MAX_VALUE
        assert time.process_time() - start < 1.5, kind


def test_aliases_do_not_multiply() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    found = keys("yaml", "\n".join(lines))
    assert len(found) == MAX_KEYS
    assert unread("yaml", "\n".join(lines))[-1][1] == f"more than {MAX_KEYS} keys"


def test_no_more_than_so_many_broken_lines_are_named() -> None:
    assert len(unread("ini", "= 1\n" * 500)) == MAX_BROKEN
