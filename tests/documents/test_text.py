"""The decoding ladder, and lines and columns as an editor counts them."""

from __future__ import annotations

import codecs
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.document import Document
from dten_audit.documents.text import LineIndex, decode, encoding_of, is_wide, line_at

ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
WIDE = ("16", "32")
LINE_ENDS = ("\n", "\r\n", "\r")
JOB = "# täglich\n0 3 * * * root /opt/dten/bin/import\n"

LADDER: list[tuple[bytes, str]] = [
    (b"", "utf-8"),
    (JOB.encode(), "utf-8"),
    (codecs.BOM_UTF8 + JOB.encode(), "utf-8"),
    (JOB.encode("latin-1"), "latin-1"),
    ("Größe".encode("cp1252"), "latin-1"),
    ("размер".encode("cp1251"), "latin-1"),
    *((mark + JOB.encode(name), name) for name, mark in ENCODINGS.items() if name[4:6] in WIDE),
    *((JOB.encode(name), name) for name in ENCODINGS if name[4:6] in WIDE),
    ("=sudo\n".encode("utf-16-le"), "utf-16-le"),
    (("数据库升级 DROP TABLE a;\n" * 40).encode("utf-16-le"), "utf-16-le"),
    (bytes(range(256)), ""),
    (b"sudo\0\0\0systemctl\0", ""),
    (bytes(64), ""),
    # bytes behind the sample decide nothing
    (b"echo x\n" * 700 + b"\0\0\0", "utf-8"),
    (b"echo x\n" * 700 + b"\0\xff", "latin-1"),
    # broken at the end
    (b"caf\xe9", "latin-1"),
    (b"caf\xc3", "latin-1"),
]


@pytest.mark.parametrize(("data", "encoding"), LADDER)
def test_the_ladder(data: bytes, encoding: str) -> None:
    assert encoding_of(data) == encoding
    assert is_wide(data) == encoding.startswith(("utf-16", "utf-32"))


def test_a_start_may_end_inside_a_character() -> None:
    assert encoding_of(b"caf\xc3", cut=True) == "utf-8"
    assert encoding_of(b"caf\xc3 ", cut=True) == "latin-1"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 1),
        ("a", 1),
        ("a\n", 2),
        ("a\r\nb\rc\nd", 4),
        ("a\r\r\nb", 3),
        ("a\n\rb", 3),
        ("a\n\f\nb", 3),
        ("echo 'a\x85b\u2028c\u2029d\x1ce\vf\fg'\nx", 2),
    ],
)
def test_only_an_editors_line_ends_count(text: str, lines: int) -> None:
    assert len(LineIndex(decode(text.encode()).text)) == lines
    for offset in range(len(text) + 1):
        plain = decode(text[:offset].encode()).text
        inside = text[offset - 1 : offset + 1] == "\r\n"
        expected = plain.count("\n") + 1 - inside
        assert line_at(text.encode("latin-1", "replace"), offset) == expected


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("half", [[0xD800], [0xDC00], [0xD800, 0xD800]])
def test_half_a_pair_swallows_no_line_end(name: str, half: list[int]) -> None:
    broken = "".join(map(chr, half))
    text = f"a{broken}\nsudo b{broken}\r\nc"
    decoded = decode(ENCODINGS[name] + text.encode(name, "surrogatepass")).text
    assert [line.strip("\ufffd") for line in decoded.split("\n")] == ["a", "sudo b", "c"]
    cut_off = decode(ENCODINGS[name] + "a\nb".encode(name)[:-1]).text
    assert cut_off.split("\n") == ["a", "\ufffd"]


def reference(text: str) -> list[str]:
    """Return a text's lines as an editor shows them."""
    return re.split(r"\r\n|\n|\r", text)


ODD = ["\n", "\r", "\r\n", "\f", "\v", "\x85", "\u2028", "\t", "\x1c", "\U0001f600"]
PIECES = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=9),
)
TEXTS = st.lists(PIECES, max_size=20).map("".join)


@settings(deadline=None)
@given(TEXTS, st.sampled_from(sorted(ENCODINGS)), st.integers(0, 3))
def test_every_character_keeps_its_line_and_column(text: str, name: str, large: int) -> None:
    text = text + ("\nx" * 2500 if large == 0 else "")
    check(text, ENCODINGS[name] + text.encode(name.removesuffix("-sig")))


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30), min_size=1),
    st.sampled_from(LINE_ENDS),
    st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]),
    st.booleans(),
)
def test_wide_text_without_a_mark(lines: list[str], end: str, name: str, last: bool) -> None:
    text = f"#{end.join(lines)}{end if last else ''}"
    check(text, text.encode(name))


def check(text: str, data: bytes) -> None:
    document = Document("p.zip!/a", "a", "text", data)
    lines = reference(text)
    assert document.text.split("\n") == lines
    offset = 0
    for number, line in enumerate(lines, 1):
        assert document.index.position(offset) == (number, 1)
        assert document.index.position(offset + len(line)) == (number, len(line) + 1)
        assert document.index.line(number) == line
        assert document.location_at(offset).line == number
        offset += len(line) + 1
