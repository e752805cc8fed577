"""A bounded reader of BER and DER (ITU-T X.690): elements with their places, nothing decoded twice.

CMS allows BER: streaming signers write indefinite lengths, which strict DER parsers refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 200_000

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OID: Final = 0x06
UTC_TIME: Final = 0x17
SEQUENCE: Final = 0x30
SET: Final = 0x31

_CONSTRUCTED: Final = 0x20
_INDEFINITE: Final = 0x80
_LENGTH_BYTES: Final = 5
_END: Final = b"\0\0"


class BerError(ValueError):
    """Not BER, not what was expected there, or more of it than is safe to read."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason} at byte {offset}")
        self.reason = reason
        self.offset = offset


class _Source:
    """The bytes, and what has been found out about them: each indefinite length once."""

    __slots__ = ("data", "ends", "left")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.ends: dict[int, int] = {}
        self.left = MAX_ELEMENTS


class Element:
    """One element: ``tag`` (first octet), contents from ``first`` to ``last``, and ``stop``."""

    __slots__ = ("_depth", "_source", "first", "last", "start", "stop", "tag")

    def __init__(self, source: _Source, start: int, limit: int, depth: int) -> None:
        source.left -= 1
        data = source.data
        if source.left < 0 or depth > MAX_DEPTH:
            raise BerError("more or deeper elements than any signature has", start)
        if start + 2 > limit:
            raise BerError("cut off", start)
        self._source, self._depth, self.start = source, depth, start
        self.tag = data[start]
        if self.tag & 0x1F == 0x1F:  # noqa: PLR2004 -- X.690 8.1.2.4
            raise BerError("a tag number that X.509 and CMS never use", start)
        length, self.first = data[start + 1], start + 2
        if length == _INDEFINITE:
            self._indefinite(limit)
            return
        if length > _INDEFINITE:
            count = length & 0x7F
            if count > _LENGTH_BYTES or self.first + count > limit:
                raise BerError("a length that cannot be", start)
            length = int.from_bytes(data[self.first : self.first + count], "big")
            self.first += count
        self.last = self.stop = self.first + length
        if self.stop > limit:
            raise BerError("a length past the end", start)

    def _indefinite(self, limit: int) -> None:
        if not self.tag & _CONSTRUCTED:
            raise BerError("an indefinite length on a primitive element", self.start)
        source = self._source
        end = source.ends.get(self.start)
        if end is None:
            end = self.first
            while source.data[end : end + 2] != _END:
                end = Element(source, end, limit, self._depth + 1).stop
            source.ends[self.start] = end
        if end + 2 > limit:
            raise BerError("an indefinite length without end", self.start)
        self.last, self.stop = end, end + 2

    @property
    def value(self) -> bytes:
        """The contents octets."""
        return self._source.data[self.first : self.last]

    @property
    def raw(self) -> bytes:
        """The whole element as it stands."""
        return self._source.data[self.start : self.stop]

    @property
    def constructed(self) -> bool:
        """Whether the contents are elements."""
        return bool(self.tag & _CONSTRUCTED)

    def __iter__(self) -> Iterator[Element]:
        position = self.first
        while position < self.last:
            child = Element(self._source, position, self.last, self._depth + 1)
            yield child
            position = child.stop

    def children(self, least: int = 0) -> list[Element]:
        """Return the elements inside. Raises ``BerError`` where there are fewer than ``least``."""
        if not self.constructed:
            raise BerError("a primitive element where a structure belongs", self.start)
        found = list(self)
        if len(found) < least:
            raise BerError("a structure with parts missing", self.start)
        return found

    def expect(self, *tags: int) -> Element:
        """Return the element itself. Raises ``BerError`` where its tag is not one of ``tags``."""
        if self.tag not in tags:
            raise BerError(f"tag {self.tag:#04x}, not {tags[0]:#04x}", self.start)
        return self

    def octets(self) -> bytes:
        """Return the octets of a string, joined where it comes in pieces (X.690 8.7.3)."""
        if not self.constructed:
            return self.value
        return b"".join(child.octets() for child in self)

    def oid(self) -> str:
        """Return an object identifier in dotted form."""
        self.expect(OID)
        numbers, number = [], 0
        for octet in self.value:
            number = number << 7 | octet & 0x7F
            if number.bit_length() > 128:  # noqa: PLR2004 -- no arc is longer than a UUID
                raise BerError("an object identifier that cannot be", self.start)
            if not octet & 0x80:
                numbers.append(number)
                number = 0
        if not numbers:
            raise BerError("an empty object identifier", self.start)
        top = min(numbers[0] // 40, 2)
        return ".".join(map(str, (top, numbers[0] - 40 * top, *numbers[1:])))

    def integer(self) -> int:
        """Return an integer."""
        self.expect(INTEGER)
        return int.from_bytes(self.value, "big", signed=True)


def parse(data: bytes) -> Element:
    """Return the outermost element of ``data``; what follows it is ignored. Raises ``BerError``."""
    return Element(_Source(data), 0, len(data), 0)


def der(tag: int, contents: bytes) -> bytes:
    """Return a DER element."""
    size = len(contents)
    if size < _INDEFINITE:
        return bytes((tag, size)) + contents
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _INDEFINITE | len(length))) + length + contents
