"""Archives that unpack to themselves: a program of deflate blocks that prints its own code.

The idea is Russ Cox's ("Zip Files All the Way Down", 2010); the program below was derived anew. Its
two instructions are blocks of one size: ``literal(n)`` prints the n bytes that follow it,
``repeat(n)`` prints the last n bytes printed once more. With U the size of an instruction, H the
head of the file, T its tail, and LH, RH, LT, RT the instructions with n = len(H) + U, len(T) + U,
and L4, R4 with n = 4 U, L0 and L1 likewise, the program

    LH H LH  RH  L1 RH  L1 L1  L4 RH L1 L1 L4  R4  L4 R4 L4 R4 L4  R4  L4 R4 L0 L0 LT  R4  L0 L0
    LT RT T  RT

between H and T prints H, itself and T.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import product
from typing import Final

_UNIT: Final = 20
"""The size of an instruction: with less there is no room for two matches."""
_STORED: Final = struct.Struct("<BHH")
_LONGEST: Final = 258
_SHORTEST: Final = 3
_WITHOUT_EXTRA: Final = 8
_SHORT_CODES: Final = 23
"""So many lengths are codes without extra bits, and codes of seven bits."""
_SPLITS: Final = (258, 129, 90, 70, 60, 50, 40, 30, 20, 15, 12)
"""How far a match may go at most: the first that makes an instruction of the right size."""
_LENGTHS: Final = (3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83,
                   99, 115, 131, 163, 195, 227, 258)  # fmt: skip
_DISTANCES: Final = (1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769)
"""First length and distance of each code (RFC 1951, 3.2.5)."""


class _Bits:
    """Bits in the order in which deflate packs them."""

    def __init__(self) -> None:
        self.value = 0
        self.count = 0

    def add(self, number: int, width: int) -> None:
        self.value |= number << self.count
        self.count += width

    def code(self, number: int, width: int) -> None:
        """Add a Huffman code, whose highest bit comes first."""
        self.add(int(f"{number:0{width}b}"[::-1], 2), width)


def literal(size: int) -> bytes:
    """Return the instruction that prints the ``size`` bytes behind it."""
    return _STORED.pack(0, 0, 0xFFFF) * (_UNIT // _STORED.size - 1) + _STORED.pack(
        0, size, size ^ 0xFFFF
    )


def repeat(size: int, *, final: bool = False) -> bytes:
    """Return the instruction that prints the last ``size`` bytes again.

    A block of matches, empty blocks of ten bits, and a stored one that ends at a byte: so many that
    they have the right size together.
    """
    for longest, empty in product(_SPLITS, range(8)):
        bits = _Bits()
        _matches(bits, size, longest)
        for _ in range(empty):
            bits.add(0b010, 3)
            bits.code(0, 7)
        bits.add(int(final), 3)
        block = bits.value.to_bytes(-(-bits.count // 8), "little") + b"\0\0\xff\xff"
        filling, rest = divmod(_UNIT - len(block), _STORED.size)
        if filling >= 0 and not rest:
            return _STORED.pack(0, 0, 0xFFFF) * filling + block
    raise AssertionError(size)


def _matches(bits: _Bits, size: int, longest: int) -> None:
    """Add a block of matches that copy ``size`` bytes from ``size`` bytes before."""
    bits.add(0b010, 3)
    for length in _split(size, longest):
        symbol = max(at for at, first in enumerate(_LENGTHS) if first <= length)
        extra = 0 if symbol < _WITHOUT_EXTRA or length == _LONGEST else (symbol - 4) // 4
        if symbol < _SHORT_CODES:
            bits.code(symbol + 1, 7)
        else:
            bits.code(0b11000000 + symbol - _SHORT_CODES, 8)
        bits.add(length - _LENGTHS[symbol], extra)
        code = max(at for at, first in enumerate(_DISTANCES) if first <= size)
        bits.code(code, 5)
        bits.add(size - _DISTANCES[code], max(0, code // 2 - 1))
    bits.code(0, 7)


def _split(size: int, longest: int) -> Iterator[int]:
    while size:
        length = min(size, longest)
        if 0 < size - length < _SHORTEST:
            length -= _SHORTEST
        yield length
        size -= length


def program(head: bytes, tail: bytes) -> bytes:
    """Return a deflate stream that prints ``head``, itself and ``tail``."""
    first, last = len(head) + _UNIT, len(tail) + _UNIT
    lh, rh, lt, rt = literal(first), repeat(first), literal(last), repeat(last, final=True)
    l0, l1, l4, r4 = literal(0), literal(_UNIT), literal(4 * _UNIT), repeat(4 * _UNIT)
    parts = (
        lh, head, lh, rh, l1, rh, l1, l1, l4, rh, l1, l1, l4, r4, l4, r4, l4, r4, l4, r4,
        l4, r4, l0, l0, lt, r4, l0, l0, lt, rt, tail, rt,
    )  # fmt: skip
    return b"".join(parts)


def gzip_quine() -> bytes:
    """Return a gzip file that unpacks to itself."""
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    size = len(head) + len(program(head, bytes(8))) + 8

    def build(crc: int) -> bytes:
        tail = struct.pack("<LL", crc, size)
        return head + program(head, tail) + tail

    return _with_own_checksum(build)


def zip_quine(name: str = "again.zip") -> bytes:
    """Return a ZIP whose only member is itself."""
    member = name.encode()

    def parts(crc: int, packed: int, size: int) -> tuple[bytes, bytes]:
        fields = struct.pack("<5H3L2H", 20, 0, 8, 0, 0x21, crc, packed, size, len(member), 0)
        head = b"PK\3\4" + fields + member
        entry = b"PK\1\2\x14\x03" + fields + struct.pack("<3H2L", 0, 0, 0, 0o100644 << 16, 0)
        entry += member
        start = len(head) + packed
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), start, 0)
        return head, entry + end

    empty = parts(0, 0, 0)
    packed = len(program(*empty))
    size = len(empty[0]) + packed + len(empty[1])

    def build(crc: int) -> bytes:
        head, tail = parts(crc, packed, size)
        return head + program(head, tail) + tail

    return _with_own_checksum(build)


def _with_own_checksum(build: Callable[[int], bytes]) -> bytes:
    """Return what ``build`` makes of its own CRC-32.

    The checksum is affine in the bits that it is written with: 32 equations over GF(2).
    """
    base = zlib.crc32(build(0))
    rows = [(1 << bit, zlib.crc32(build(1 << bit)) ^ base ^ (1 << bit)) for bit in range(32)]
    solution, wanted = 0, base
    for bit in range(32):
        at = next(n for n, (_, effect) in enumerate(rows) if effect >> bit & 1)
        inputs, effect = rows.pop(at)
        rows = [(i ^ inputs, e ^ effect) if e >> bit & 1 else (i, e) for i, e in rows]
        if wanted >> bit & 1:
            solution, wanted = solution ^ inputs, wanted ^ effect
    return build(solution)
