"""Reads compound files (MS-CFB): the directory of an installer, and the content of its streams.

Whatever a file states, no more is read than it is long: each sector once, each entry once.
"""

from __future__ import annotations

import struct
from array import array
from mmap import mmap
from typing import Final, NamedTuple

_MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SHIFTS: Final = (9, 12)
_MINI: Final = 64
_CUTOFF: Final = 4096
_LAST: Final = 0xFFFFFFFA
"""From here on a number of a sector is a mark, not a sector."""
_NONE: Final = 0xFFFFFFFF
_ENTRY: Final = 128
_MOST_ENTRIES: Final = 1 << 16
_DEEPEST: Final = 32
_STORAGE: Final = 1
_STREAM: Final = 2
_ROOT: Final = 5
_HEADER: Final = 512
_IN_HEADER: Final = 109
"""How many sectors of the allocation table the header itself lists."""


class CompoundError(ValueError):
    """A compound file whose structure breaks off."""


class Entry(NamedTuple):
    """An entry of the directory. ``name`` is as it lies there: UTF-16, little-endian, no end mark.

    ``times`` are the creation and the change (two FILETIMEs), ``state`` the user's bits.
    """

    name: bytes
    kind: int
    left: int
    right: int
    child: int
    identity: bytes
    state: bytes
    times: bytes
    start: int
    size: int

    @property
    def is_stream(self) -> bool:
        """Whether it has content instead of entries."""
        return self.kind == _STREAM

    @property
    def is_root(self) -> bool:
        """Whether it is the root of all."""
        return self.kind == _ROOT


class Compound:
    """A compound file. Raises ``CompoundError`` where it cannot be read."""

    def __init__(self, data: bytes | mmap) -> None:
        self._data = data
        if len(data) < _HEADER or data[:8] != _MARK:
            raise CompoundError("no compound file")
        self._shift = struct.unpack_from("<H", data, 30)[0]
        if self._shift not in _SHIFTS:
            raise CompoundError(f"sectors of an unknown size: 2^{self._shift}")
        self._sector = 1 << self._shift
        self._sectors = max(0, (len(data) + self._sector - 1 >> self._shift) - 1)
        self._left = 2 * len(data)
        self._table = self._numbers(self._table_sectors())
        directory, mini = (
            struct.unpack_from("<I", data, 48)[0],
            struct.unpack_from("<I", data, 60)[0],
        )
        raw = self._joined(self._chain(directory, _MOST_ENTRIES * _ENTRY))
        self._entries = [_entry(raw, at) for at in range(0, len(raw) - _ENTRY + 1, _ENTRY)]
        if not self._entries or not self._entries[0].is_root:
            raise CompoundError("the directory has no root")
        self.root = self._entries[0]
        self._mini_table = self._numbers(self._chain(mini, len(data)))
        self._mini = self._joined(self._chain(self.root.start, self.root.size))

    def _table_sectors(self) -> list[int]:
        """Return the sectors of the allocation table: those in the header, and a chain of more."""
        most = self._sectors * 4 // self._sector + 2
        count, following = struct.unpack_from("<I", self._data, 44)[0], _number(self._data, 68)
        if count > most:
            raise CompoundError("an allocation table larger than the file")
        found = [*struct.unpack_from(f"<{_IN_HEADER}I", self._data, 76)]
        while following < _LAST and len(found) < count:
            more = self._numbers([following])
            if len(more) != self._sector // 4:
                raise CompoundError("the allocation table is cut off")
            found += more[:-1]
            following = more[-1]
        return [sector for sector in found[:count] if sector < _LAST]

    def _place(self, sector: int) -> bytes:
        if sector >= self._sectors:
            raise CompoundError("a sector outside the file")
        start = sector + 1 << self._shift
        return self._data[start : start + self._sector]

    def _joined(self, sectors: list[int]) -> bytes:
        self._left -= len(sectors) << self._shift
        if self._left < 0:
            raise CompoundError("streams that share sectors")
        return b"".join(map(self._place, sectors))

    def _numbers(self, sectors: list[int]) -> array[int]:
        raw = self._joined(sectors)
        return array("I", struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4]))

    def _chain(self, start: int, size: int) -> list[int]:
        """Return the sectors of a chain of at most ``size`` bytes."""
        return _followed(self._table, start, size + self._sector - 1 >> self._shift)

    def children(self, storage: Entry) -> list[Entry]:
        """Return the entries of a storage, in no order. Each entry of a file is in one storage."""
        found, waiting, seen = [], [storage.child], {0}
        while waiting:
            number = waiting.pop()
            if number == _NONE:
                continue
            if number >= len(self._entries) or number in seen:
                raise CompoundError("a directory that runs in a circle, or out of itself")
            seen.add(number)
            entry = self._entries[number]
            if entry.kind not in (_STORAGE, _STREAM):
                raise CompoundError("an entry of an unknown kind")
            found.append(entry)
            waiting += (entry.left, entry.right)
        return found

    def tree(self) -> list[tuple[Entry, list[Entry]]]:
        """Return each storage with its entries in the order of names, the root first.

        A storage is followed by those inside it. The order is that of Windows Installer: by the
        bytes of the names, not by their letters.
        """
        found: list[tuple[Entry, list[Entry]]] = []
        waiting = [(self.root, 0)]
        count = 0
        while waiting:
            storage, depth = waiting.pop()
            entries = sorted(self.children(storage), key=lambda entry: entry.name)
            count += len(entries)
            if depth > _DEEPEST or count > len(self._entries):
                raise CompoundError("storages inside each other without end")
            found.append((storage, entries))
            inner = [(entry, depth + 1) for entry in entries if not entry.is_stream]
            waiting += reversed(inner)
        return found

    def content(self, stream: Entry) -> bytes:
        """Return the content of a stream."""
        if not stream.size:
            return b""
        if stream.size >= _CUTOFF:
            found = self._joined(self._chain(stream.start, stream.size))
        else:
            sectors = _followed(self._mini_table, stream.start, -(-stream.size // _MINI))
            self._left -= len(sectors) * _MINI
            if self._left < 0:
                raise CompoundError("streams that share sectors")
            parts = (self._mini[number * _MINI : (number + 1) * _MINI] for number in sectors)
            found = b"".join(parts)
        if len(found) < stream.size:
            raise CompoundError("a stream is cut off")
        return found[: stream.size]


def _number(data: bytes | mmap, offset: int) -> int:
    found: int = struct.unpack_from("<I", data, offset)[0]
    return found


def _followed(table: array[int], start: int, most: int) -> list[int]:
    """Return a chain of sectors, at most ``most``: one that runs in a circle ends there, too."""
    found: list[int] = []
    while start < _LAST and len(found) < min(most, len(table)):
        if start >= len(table):
            raise CompoundError("a sector outside the allocation table")
        found.append(start)
        start = table[start]
    return found


def _entry(raw: bytes, at: int) -> Entry:
    length, kind, _, left, right, child = struct.unpack_from("<HBBIII", raw, at + 64)
    start, size = struct.unpack_from("<IQ", raw, at + 116)
    return Entry(
        name=raw[at : at + max(0, min(length, 64) - 2)],
        kind=kind,
        left=left,
        right=right,
        child=child,
        identity=raw[at + 80 : at + 96],
        state=raw[at + 96 : at + 100],
        times=raw[at + 100 : at + 116],
        start=start,
        size=size & 0xFFFFFFFF,
    )
