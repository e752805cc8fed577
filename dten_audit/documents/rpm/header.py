"""Reads a header structure of an RPM package: a table of tags and the store of their values."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from dten_audit.documents.budget import Limits
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.source import Data, Problem

_MAGIC: Final = b"\x8e\xad\xe8\x01"
_INTRO: Final = 16
_ENTRY: Final = 16
_MOST_TAGS: Final = 65536
_WIDTHS: Final = {1: "B", 2: "B", 3: "H", 4: "L", 5: "Q", 7: "B"}
"""Type of a value that is a number, or bytes: how one is packed."""
_STRINGS: Final = frozenset({6, 8, 9})
_LOOSE: Final = 7
"""So many bytes at most lie between two values: numbers are aligned."""


class _Entry(NamedTuple):
    tag: int
    type: int
    offset: int
    amount: int


class RpmHeader:
    """The tags of one header structure. ``start`` and ``end`` are where it lies in the package."""

    def __init__(self, data: Data, start: int, limits: Limits) -> None:
        """Raises ``BrokenError`` where there is none."""
        intro = bytes(data[start : start + _INTRO])
        if len(intro) < _INTRO or not intro.startswith(_MAGIC):
            raise BrokenError("corrupt-archive", f"no RPM header at {start}")
        count, size = struct.unpack_from(">LL", intro, 8)
        store = start + _INTRO + _ENTRY * count
        if count > _MOST_TAGS or size > limits.directory or store + size > len(data):
            raise BrokenError("truncated-archive", "in the RPM header")
        self.start = start
        self.end = store + size
        self._limits = limits
        self._store = bytes(data[store : store + size])
        index = bytes(data[start + _INTRO : store])
        self._entries = [_Entry(*entry) for entry in struct.iter_unpack(">LLLL", index)]
        self._by_tag = {entry.tag: entry for entry in reversed(self._entries)}

    def __contains__(self, tag: int) -> bool:
        return tag in self._by_tag

    def strings(self, tag: int) -> list[bytes]:
        """Return the texts of a tag; none where it is missing. Raises ``OverLimitError``."""
        entry = self._by_tag.get(tag)
        if entry is None or entry.type not in _STRINGS:
            return []
        if entry.amount > self._limits.entries:
            raise OverLimitError("limit-entries", f"{entry.amount} values of one RPM tag")
        found = []
        position = entry.offset
        for _ in range(entry.amount):
            end = self._store.find(b"\0", position)
            if end < 0:
                break
            found.append(self._store[position:end])
            position = end + 1
        return found

    def string(self, tag: int) -> bytes:
        """Return the text of a tag; empty where it is missing."""
        return next(iter(self.strings(tag)), b"")

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Return the numbers of a tag; none where it is missing. Raises ``OverLimitError``."""
        entry = self._by_tag.get(tag)
        if entry is None or entry.type not in _WIDTHS:
            return ()
        if entry.amount > self._limits.entries:
            raise OverLimitError("limit-entries", f"{entry.amount} values of one RPM tag")
        shape = struct.Struct(f">{entry.amount}{_WIDTHS[entry.type]}")
        if entry.offset + shape.size > len(self._store):
            return ()
        return shape.unpack_from(self._store, entry.offset)

    def number(self, *tags: int) -> int | None:
        """Return the first number of the first of these tags that there is."""
        return next((values[0] for tag in tags if (values := self.numbers(tag))), None)

    def problems(self) -> Iterator[Problem]:
        """Yield what the table says twice, and bytes of the store that it does not speak of."""
        if len(self._by_tag) != len(self._entries):
            yield Problem("extra-duplicate", "a tag of the RPM header", offset=self.start)
        store = self.end - len(self._store)
        last = _Entry(0, 0, len(self._store), 0)
        ordered = sorted(self._entries, key=lambda entry: entry.offset)
        if ordered and self._store[: ordered[0].offset].strip(b"\0"):
            yield Problem("hidden-data", "in the RPM header", offset=store)
        for entry, following in pairwise([*ordered, last]):
            loose = self._loose(entry, following.offset)
            if loose is None:
                yield Problem("extra-invalid", f"RPM tag {entry.tag}", offset=store + entry.offset)
            elif len(loose) > _LOOSE or loose.strip(b"\0"):
                what = f"behind RPM tag {entry.tag}"
                where = store + following.offset - len(loose)
                yield Problem("hidden-data", what, offset=where)

    def _loose(self, entry: _Entry, end: int) -> bytes | None:
        """Return what stands between a value and the next one; None where it does not fit."""
        section = self._store[entry.offset : end]
        if entry.type in _STRINGS:
            parts = section.split(b"\0", entry.amount)
            return parts[-1] if len(parts) > entry.amount else None
        size = entry.amount * struct.calcsize(f">{_WIDTHS.get(entry.type, 'x')}")
        return section[size:] if size <= len(section) else None
