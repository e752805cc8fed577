"""From bytes to text: the decoding ladder, and lines that are counted as an editor counts them."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from typing import NamedTuple

_SAMPLE = 4096
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MANY = 0.6
_MOST = 0.9
_FEW = 0.1
_LINE_END = re.compile(r"\r\n|\n|\r")


class Decoded(NamedTuple):
    """Text with every line end a single newline, and the encoding it was read with."""

    text: str
    encoding: str


def encoding_of(data: bytes, *, cut: bool = False) -> str:
    """Return the encoding of ``data``, or an empty string where it is not text.

    The order matters: UTF-16 without a mark is valid UTF-8 full of NULs, so NULs are counted first.
    ``cut``: these are the first bytes of more, and the last character may be incomplete.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    head = data[:_SAMPLE]
    if b"\0" in head:
        return _wide_without_mark(head)
    try:
        codecs.utf_8_decode(data, "strict", not cut)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _wide_without_mark(head: bytes) -> str:
    """Tell UTF-16 and UTF-32 by where their NULs are: most letters fill the lowest byte only."""
    nuls = [head[place::4].count(0) for place in range(4)]
    quarter = len(head) // 4
    if quarter and min(nuls[2], nuls[3]) >= quarter * _MOST and nuls[0] < quarter * _FEW:
        return "utf-32-le"
    if quarter and min(nuls[0], nuls[1]) >= quarter * _MOST and nuls[3] < quarter * _FEW:
        return "utf-32-be"
    half = len(head) // 2
    even, odd = nuls[0] + nuls[2], nuls[1] + nuls[3]
    if half and odd > half * _MANY and even < half * _FEW:
        return "utf-16-le"
    if half and even > half * _MANY and odd < half * _FEW:
        return "utf-16-be"
    return ""


def decode(data: bytes) -> Decoded:
    """Decode ``data``; bytes that are no text at all come back as latin-1. Never fails.

    What is no character (half a surrogate pair, a cut-off end) becomes U+FFFD; it swallows no line
    end behind it.
    """
    encoding = encoding_of(data) or "latin-1"
    text = data.decode(encoding, "replace").removeprefix("\ufeff")
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    return Decoded(text, encoding)


def is_wide(data: bytes) -> bool:
    """Tell whether ``data`` is text of two or four bytes a character."""
    return b"\0" in data[:_SAMPLE] and encoding_of(data).startswith(("utf-16", "utf-32"))


def line_at(data: bytes, offset: int) -> int:
    """Return the 1-based line of an offset in the bytes of a text of one byte a character."""
    before = data[:offset]
    ends = before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
    return ends + 1 - (before.endswith(b"\r") and data[offset : offset + 1] == b"\n")


class LineIndex:
    """Finds the line and column of an offset in a text. Built once, on first use."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        starts = [0]
        find, position = text.find, text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = find("\n", position + 1)
        self._starts = starts

    def position(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of ``offset``."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def place(self, offset: int, end: int, limit: int) -> tuple[int, int, int, str]:
        """Return the line and column of ``offset``, the line of ``end``, the first line's text.

        Of that text there are at most ``limit`` characters. Offsets are those of the text.
        """
        starts = self._starts
        line = bisect_right(starts, offset)
        begun = starts[line - 1]
        behind = starts[line] - 1 if line < len(starts) else len(self.text)
        last = line if end <= behind else bisect_right(starts, end, line)
        return line, offset - begun + 1, last, self.text[begun : min(behind, begun + limit)]

    def line(self, number: int, limit: int | None = None) -> str:
        """Return the text of a 1-based line without its end, at most ``limit`` characters of it.

        Empty where there is no such line.
        """
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[start : end if limit is None else min(end, start + limit)]

    def __len__(self) -> int:
        return len(self._starts)
