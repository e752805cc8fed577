"""Reads the numbers of a 7z header: nothing beyond its end, no count that it cannot hold."""

from __future__ import annotations

import struct

from dten_audit.documents.errors import BrokenError


class Cursor:
    """A place in a header. Every method raises ``BrokenError`` where the header ends too soon."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self._data = data
        self.at = at
        self.end = len(data) if end is None else end

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self.end - self.at

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if not 0 <= size <= self.left:
            raise BrokenError("corrupt-archive", "the header ends too soon")
        self.at += size
        return self._data[self.at - size : self.at]

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """Return a number: the first byte's leading ones say how many bytes follow."""
        first = self.byte()
        value, mask = 0, 0x80
        for place in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * place)
            value |= self.byte() << (8 * place)
            mask >>= 1
        return value

    def count(self, smallest: int = 1) -> int:
        """Return a number of things that take at least ``smallest`` bytes each in what follows."""
        number = self.number()
        if number * smallest > self.left:
            raise BrokenError("corrupt-archive", f"a count of {number} that its header cannot hold")
        return number

    def bits(self, count: int) -> list[bool]:
        """Return a vector of bits, the first one highest."""
        packed = self.take((count + 7) // 8)
        return [bool(packed[place >> 3] & 0x80 >> (place & 7)) for place in range(count)]

    def defined(self, count: int) -> list[bool]:
        """Return which of several values are there: a byte says whether all are."""
        return [True] * count if self.byte() else self.bits(count)

    def checksums(self, count: int) -> list[int | None]:
        """Return checksums, None where one is not stated."""
        there = self.defined(count)
        values = iter(struct.unpack(f"<{sum(there)}I", self.take(4 * sum(there))))
        return [next(values) if stated else None for stated in there]

    def expect(self, mark: int) -> None:
        """Pass a mark that must stand here."""
        found = self.byte()
        if found != mark:
            raise BrokenError("corrupt-archive", f"mark {found:#x} where {mark:#x} must stand")
