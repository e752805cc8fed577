"""Where a Windows program keeps its signatures, and which of its bytes they are over.

After the PE format and Microsoft's "Windows Authenticode Portable Executable Signature Format".
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from mmap import mmap
from typing import Final, Literal, NamedTuple

_PE_OFFSET: Final = 0x3C
_FILE_HEADER: Final = 24
_MAGIC: Final = {0x10B: 96, 0x20B: 112}
"""PE32 and PE32+: how far behind the optional header's start its directories are."""
_CHECKSUM: Final = 64
_SECURITY: Final = 4
_SECTION: Final = 40
_MOST_SECTIONS: Final = 96
"""What the loader of Windows takes."""
_HEADER: Final = 8
_ALIGNED: Final = 8
_SIGNED_DATA: Final = 2
_MOST_ENTRIES: Final = 64
KNOWN: Final = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
"""Digests that signers use."""

Surplus = Literal[
    "padding", "unknown-entry", "behind-entries", "behind-table", "inside-program",
    "inside-cabinet", "behind-cabinet",
]  # fmt: skip


class Layout(NamedTuple):
    """Offsets in a program: its checksum, its directory of certificates, and that table.

    ``body`` is where the last section's bytes end, as far as they are in the file.
    """

    checksum: int
    directory: int
    table: int
    size: int
    body: int


class Entry(NamedTuple):
    """A certificate of the table: where it is, its type, and its bytes with their padding."""

    offset: int
    kind: int
    data: bytes


class Hidden(NamedTuple):
    """Bytes that are in the file and under no signature, or not where they belong."""

    where: Surplus
    offset: int
    size: int


class PeError(ValueError):
    """A certificate table that cannot be."""


def layout(data: bytes | mmap) -> Layout | None:
    """Return where the certificate table is; None where there is none, or no PE at all.

    Raises ``PeError`` where the headers point out of the file.
    """
    start = number(data, _PE_OFFSET, 4)
    if start is None or data[start : start + 4] != b"PE\0\0":
        return None
    optional = start + _FILE_HEADER
    directories = _MAGIC.get(number(data, optional, 2) or 0)
    if directories is None:
        return None
    count = number(data, optional + directories - 4, 4) or 0
    directory = optional + directories + 8 * _SECURITY
    table, size = number(data, directory, 4), number(data, directory + 4, 4)
    if count <= _SECURITY or not size or table is None:
        return None
    if table < directory + 8 or table + size > len(data):
        raise PeError("the certificate table is not inside the file")
    sections = optional + (number(data, start + 20, 2) or 0)
    count = min(number(data, start + 6, 2) or 0, _MOST_SECTIONS)
    ends = [_section_end(data, sections + _SECTION * index) for index in range(count)]
    return Layout(optional + _CHECKSUM, directory, table, size, max(ends, default=0))


def _section_end(data: bytes | mmap, header: int) -> int:
    size, offset = number(data, header + 16, 4) or 0, number(data, header + 20, 4) or 0
    return offset + size if size else 0


def number(data: bytes | mmap, offset: int, size: int) -> int | None:
    """Return a number of ``size`` bytes, the least first; None behind the end."""
    field = data[offset : offset + size]
    return int.from_bytes(field, "little") if len(field) == size else None


def entries(data: bytes | mmap, own: Layout) -> tuple[list[Entry], list[Hidden]]:
    """Return the certificates of the table, and what stands in it that is none.

    Raises ``PeError`` where an entry's length cannot be.
    """
    found: list[Entry] = []
    hidden: list[Hidden] = []
    position, end = own.table, own.table + own.size
    while position + _HEADER <= end and len(found) < _MOST_ENTRIES:
        length, _, kind = struct.unpack("<IHH", data[position : position + _HEADER])
        if length < _HEADER or position + length > end:
            if not any(data[position:end]):
                break
            if not found:
                raise PeError("an entry of the certificate table is longer than the table")
            hidden.append(Hidden("behind-entries", position, end - position))
            return found, hidden
        if kind == _SIGNED_DATA:
            body = data[position + _HEADER : position + length]
            found.append(Entry(position + _HEADER, kind, body))
        else:
            hidden.append(Hidden("unknown-entry", position, length))
        position += length + -length % _ALIGNED
    if any(data[position:end]):
        hidden.append(Hidden("behind-entries", position, end - position))
    return found, hidden


def around(data: bytes | mmap, own: Layout) -> Iterator[Hidden]:
    """Yield what is wrong with the table's place: signers put it at the very end of a file."""
    end = own.table + own.size
    if own.table < min(own.body, len(data) - own.size):
        yield Hidden("inside-program", own.table, own.size)
    if end < len(data):
        yield Hidden("behind-table", end, len(data) - end)


def padding(entry: Entry, used: int) -> Hidden | None:
    """Return what follows the message of ``used`` bytes in its entry beyond seven zeros."""
    rest = entry.data[used:]
    if len(rest) < _ALIGNED and not any(rest):
        return None
    return Hidden("padding", entry.offset + used, len(rest))


def digest(data: bytes | mmap, own: Layout, algorithm: str) -> str:
    """Return the digest of a program without checksum, directory entry and certificate table.

    In hexadecimal; empty for an algorithm that no signer uses.
    """
    if algorithm not in KNOWN:
        return ""
    found = hashlib.new(algorithm, usedforsecurity=False)
    with memoryview(data) as view:
        for first, last in (
            (0, own.checksum),
            (own.checksum + 4, own.directory),
            (own.directory + 8, own.table),
            (own.table + own.size, len(view)),
        ):
            with view[first:last] as part:
                found.update(part)
    return found.hexdigest()
