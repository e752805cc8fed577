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
_LINE_END = re.compile(r"\r\n|\n|\r")


class Decoded(NamedTuple):
    """Text with every line end a single newline, and the encoding it was read with."""

    text: str
    encoding: str


def encoding_of(data: bytes) -> str:
    """Return the encoding of ``data``, or an empty string where it is not text.

    The order matters: UTF-16 without a mark is valid UTF-8 full of NULs, so NULs are counted first.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    head = data[:_SAMPLE]
    if b"\0" in head:
        return _utf16_without_mark(head)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _utf16_without_mark(head: bytes) -> str:
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if half and odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if half and even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return ""


def decode(data: bytes) -> Decoded:
    """Decode ``data``; bytes that are no text at all come back as latin-1. Never fails."""
    encoding = encoding_of(data) or "latin-1"
    text = data.decode(encoding, "replace").removeprefix("\ufeff")
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    return Decoded(text, encoding)


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
