"""Finds the end records of a ZIP, and where each of them says that a central directory lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.source import Data, Problem
from dten_audit.documents.zip import records as r

_END_SIZE: Final = 22
_LOCATOR_SIZE: Final = 20
_LONGEST_TAIL: Final = _END_SIZE + 0xFFFF
_LOOK_BACK: Final = 16 << 20
"""How far before the end a directory is looked for when other data follow it."""
_MOST: Final = 8
"""So many end records are looked at; honest archives have one."""


class Bounds(NamedTuple):
    """What an end record states: a directory from ``start`` to ``end``, how many members.

    ``stated_offset`` is where the record says that the directory starts. ``tail`` is where the
    records behind the directory end and the archive's comment starts; ``archive_end`` is where
    that ends. ``unread`` are places of bytes between these records.
    """

    start: int
    end: int
    stated_offset: int
    members: int
    tail: int
    archive_end: int
    unread: tuple[tuple[int, int], ...] = ()


class _Long(NamedTuple):
    """A ZIP64 end record: where it stands and ends, and what it states."""

    place: int
    end: int
    here: int
    total: int
    size: int
    offset: int


def end_records(data: Data, problems: list[Problem], *, strict: bool = False) -> list[int]:
    """Return where end records stand: the one that most programs choose comes first.

    ``strict``: only such as the file ends with.
    """
    size = len(data)
    low = max(0, size - _LONGEST_TAIL)
    tail = data[low:]
    fitting, position = [], tail.find(r.END)
    while position >= 0:
        if position + _END_SIZE <= len(tail):
            comment = tail[position + 20] | tail[position + 21] << 8
            if position + _END_SIZE + comment == len(tail):
                fitting.append(low + position)
        position = tail.find(r.END, position + 1)
    if len(fitting) > 1:
        problems.append(Problem("several-directories", f"{len(fitting)} end records fit"))
    return fitting[::-1][:_MOST] or ([] if strict else _followed_by_data(data))


def _followed_by_data(data: Data) -> list[int]:
    """Return the last end record whose directory is where it says, with other data behind it."""
    low, high = max(0, len(data) - _LOOK_BACK), len(data)
    for _ in range(_MOST):
        position = data.rfind(r.END, low, high)
        if position < 0 or position + _END_SIZE > len(data):
            return []
        size = int.from_bytes(data[position + 12 : position + 16], "little")
        first = data[position - size : position - size + 4] if size <= position else b""
        if size in (0, r.MAX32) or first == r.CENTRAL:
            return [position]
        high = position
    return []


def bounds_at(data: Data, end: int, problems: list[Problem]) -> Bounds | None:
    """Return what the end record at ``end`` states, 64-bit forms resolved."""
    _, disk, first_disk, here, total, size, offset, comment = r.end_record.unpack_from(data, end)
    archive_end = end + _END_SIZE + comment
    if r.SIGNATURES.search(data[end + _END_SIZE : archive_end]):
        problems.append(Problem("signature-in-comment", "archive comment", offset=end))
    if archive_end > len(data):
        problems.append(Problem("comment-cut"))
        archive_end = len(data)
    if disk not in (0, r.MAX16) or first_disk not in (0, r.MAX16):
        problems.append(Problem("several-disks", f"disk {disk} of a set"))
    directory_end = end
    unread: tuple[tuple[int, int], ...] = ()
    if _has_locator(data, end):
        long = _long_record(data, end, problems)
        if long is None:
            return None
        _compare_long(data, end, long, (here, total, size, offset), problems)
        directory_end, total, size, offset = long.place, long.total, long.size, long.offset
        if long.end < end - _LOCATOR_SIZE:
            unread = ((long.end, end - _LOCATOR_SIZE),)
    else:
        if here != total:
            problems.append(Problem("count-mismatch", f"{here} members on this disk of {total}"))
        if r.MAX32 in (size, offset):
            problems.append(Problem("zip64-invalid", "64-bit sizes announced and not there"))
    start = directory_end - size
    if start < 0 or (size and data[start : start + 4] != r.CENTRAL):
        if data[offset : offset + 4] != r.CENTRAL or offset > directory_end:
            return None
        problems.append(Problem("directory-offset", f"size {size} does not lead to its start"))
        start = offset
    return Bounds(start, directory_end, offset, total, end + _END_SIZE, archive_end, unread)


def _has_locator(data: Data, end: int) -> bool:
    return end >= _LOCATOR_SIZE and data[end - _LOCATOR_SIZE : end - 16] == r.LOCATOR64


def _long_record(data: Data, end: int, problems: list[Problem]) -> _Long | None:
    """Return the ZIP64 end record that a locator before ``end`` speaks of."""
    _, _, stated, _ = r.locator64.unpack_from(data, end - _LOCATOR_SIZE)
    place = end - _LOCATOR_SIZE - r.end64_record.size
    if place < 0 or data[place : place + 4] != r.END64:
        problems.append(Problem("zip64-invalid", "the 64-bit end record is not before its locator"))
        place = stated
        if place > end or data[place : place + 4] != r.END64:
            place = data.rfind(r.END64, max(0, end - _LOCATOR_SIZE - 65536), end - _LOCATOR_SIZE)
    return _long_at(data, place, end)


def _long_at(data: Data, place: int, end: int) -> _Long | None:
    if place < 0 or place + r.end64_record.size > end or data[place : place + 4] != r.END64:
        return None
    *_, here, total, size, offset = r.end64_record.unpack_from(data, place)
    return _Long(place, place + r.end64_record.size, here, total, size, offset)


def _compare_long(
    data: Data, end: int, long: _Long, short: tuple[int, int, int, int], problems: list[Problem]
) -> None:
    """Note where a ZIP64 end record contradicts its locator, the end record, or itself (4.3.14)."""
    _, disk, stated_place, disks = r.locator64.unpack_from(data, end - _LOCATOR_SIZE)
    place = long.place
    _, length, _, _, number, first, *_ = r.end64_record.unpack_from(data, place)
    plain = length == r.end64_record.size - 12 and not disk and disks == 1
    if not plain or number or first or long.here != long.total:
        problems.append(Problem("zip64-invalid", "fields of the 64-bit end record", offset=place))
    wides = (r.MAX16, r.MAX16, r.MAX32, r.MAX32)
    for narrow, wide, most in zip(short, long[2:], wides, strict=True):
        if narrow not in (most, wide):
            differ = f"the end record says {narrow}, its 64-bit form {wide}"
            problems.append(Problem("zip64-invalid", differ, offset=end))
    moved = place - long.size - long.offset
    if stated_place + max(0, moved) != place:
        problems.append(Problem("zip64-invalid", f"the 64-bit end record is at {place}"))


def other_starts(data: Data, ends: list[int]) -> Iterator[tuple[int, int]]:
    """Yield (start, size) of every directory that a program could take for the right one.

    Programs take the last end record, whether its comment fits or not; they find the directory by
    its offset or by its size; they ignore the 64-bit forms or look for them where the locator says.
    """
    for end in [*ends, *_later_ends(data, max(ends))]:
        *_, size, offset, _ = r.end_record.unpack_from(data, end)
        yield offset, size
        yield end - size, size
        if not _has_locator(data, end):
            continue
        _, _, stated, _ = r.locator64.unpack_from(data, end - _LOCATOR_SIZE)
        for place in (stated, end - _LOCATOR_SIZE - r.end64_record.size):
            long = _long_at(data, place, end)
            if long is not None:
                yield long.offset, long.size
                yield place - long.size, long.size


def _later_ends(data: Data, end: int) -> list[int]:
    """Return the end records behind the one at ``end``: in its comment, or in data behind it."""
    found: list[int] = []
    last = len(data) - _END_SIZE + len(r.END)
    position = data.find(r.END, end + 1, last)
    while position >= 0 and len(found) < _MOST:
        found.append(position)
        position = data.find(r.END, position + 1, last)
    return found
