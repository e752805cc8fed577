"""Finds and reads the central directory of a ZIP, and says where it is not the only reading."""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.documents.budget import Limits
from dten_audit.documents.errors import OverLimitError
from dten_audit.documents.source import Data, Problem
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.records import Entry

_END_SIZE: Final = 22
_LONGEST_TAIL: Final = _END_SIZE + 0xFFFF
_LOOK_BACK: Final = 16 << 20
"""How far before the end a directory is looked for when other data follow it."""
_TOO_FAR: Final = 8


class Directory(NamedTuple):
    """The members, where the directory starts, where the archive ends, what is wrong with it.

    ``base`` is what must be added to stated offsets: the length of data put before the archive.
    """

    entries: list[Entry]
    start: int
    end: int
    base: int
    problems: list[Problem]


class _Bounds(NamedTuple):
    """What an end record states: directory from ``start`` to ``end``, how many members."""

    start: int
    end: int
    stated_offset: int
    members: int


def read_directory(data: Data, limits: Limits) -> Directory | None:
    """Return the directory; None where there is none to be found."""
    problems: list[Problem] = []
    ends = _end_records(data, problems)
    if not ends:
        return None
    chosen = None
    for end in ends:
        found = _read_at(data, end, limits)
        if found is None:
            problems.append(Problem("directory-invalid", f"end record at {end}", offset=end))
        elif chosen is None:
            chosen = found
        else:
            _add_reading(chosen, found)
    if chosen is None:
        return None
    chosen.problems[:0] = problems
    return chosen


def ends_in_zip(data: Data) -> bool:
    """Tell whether an archive with members ends where ``data`` ends, whatever it starts with."""
    for end in _end_records(data, [], strict=True):
        count, size = data[end + 10 : end + 12], int.from_bytes(data[end + 12 : end + 16], "little")
        start = end - size
        if count != b"\0\0" and start >= 0 and data[start : start + 4] == r.CENTRAL:
            return True
    return False


def _add_reading(chosen: Directory, other: Directory) -> None:
    """Add members that only another directory lists."""
    known = {(entry.offset, entry.name) for entry in chosen.entries}
    added = [entry for entry in other.entries if (entry.offset, entry.name) not in known]
    chosen.entries.extend(added)


def _end_records(data: Data, problems: list[Problem], *, strict: bool = False) -> list[int]:
    """Return where end records stand: the one that most programs choose comes first."""
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
    return fitting[::-1][:_TOO_FAR] or ([] if strict else _followed_by_data(data))


def _followed_by_data(data: Data) -> list[int]:
    """Return the last end record whose directory is where it says, with other data behind it."""
    low, high = max(0, len(data) - _LOOK_BACK), len(data)
    for _ in range(_TOO_FAR):
        position = data.rfind(r.END, low, high)
        if position < 0 or position + _END_SIZE > len(data):
            return []
        size = int.from_bytes(data[position + 12 : position + 16], "little")
        first = data[position - size : position - size + 4] if size <= position else b""
        if size in (0, r.MAX32) or first == r.CENTRAL:
            return [position]
        high = position
    return []


def _read_at(data: Data, end: int, limits: Limits) -> Directory | None:
    """Read the directory that the end record at ``end`` speaks of."""
    problems: list[Problem] = []
    bounds, archive_end = _bounds(data, end, problems)
    if bounds is None:
        return None
    if bounds.end - bounds.start > limits.directory:
        raise OverLimitError("limit-directory", f"larger than {limits.directory} bytes")
    base = bounds.start - bounds.stated_offset
    if base < 0:
        problems.append(Problem("directory-offset", f"stated {-base} bytes too far"))
        base = 0
    entries = _walk(data, bounds, base, limits, problems)
    if entries and base and data[entries[0].offset : entries[0].offset + 4] != r.LOCAL:
        unmoved = entries[0].offset - base
        if data[unmoved : unmoved + 4] == r.LOCAL:
            problems.append(Problem("directory-offset", f"stated {base} bytes too early"))
            entries = [entry._replace(offset=entry.offset - base) for entry in entries]
            base = 0
    if len(entries) != bounds.members and len(entries) <= limits.entries:
        stated = f"{bounds.members} members stated, {len(entries)} listed"
        problems.append(Problem("count-mismatch", stated))
    return Directory(entries, bounds.start, archive_end, base, problems)


def _bounds(data: Data, end: int, problems: list[Problem]) -> tuple[_Bounds | None, int]:
    """Return what the end record states, 64-bit forms resolved, and where the archive ends."""
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
    if end >= 20 and data[end - 20 : end - 16] == r.LOCATOR64:  # noqa: PLR2004 - its size
        long = _long_bounds(data, end, (here, total, size, offset), problems)
        if long is None:
            return None, archive_end
        directory_end, total, size, offset = long
    else:
        if here != total:
            problems.append(Problem("count-mismatch", f"{here} members on this disk of {total}"))
        if r.MAX32 in (size, offset):
            problems.append(Problem("zip64-invalid", "64-bit sizes announced and not there"))
    start = directory_end - size
    if start < 0 or (size and data[start : start + 4] != r.CENTRAL):
        if data[offset : offset + 4] != r.CENTRAL or offset > directory_end:
            return None, archive_end
        problems.append(Problem("directory-offset", f"size {size} does not lead to its start"))
        start = offset
    return _Bounds(start, directory_end, offset, total), archive_end


def _long_bounds(
    data: Data, end: int, short: tuple[int, int, int, int], problems: list[Problem]
) -> tuple[int, int, int, int] | None:
    """Return (end of the directory, count, size, offset) of a ZIP64 end record."""
    _, disk, stated_place, disks = r.locator64.unpack_from(data, end - 20)
    place = end - 20 - r.end64_record.size
    if place < 0 or data[place : place + 4] != r.END64:
        place = data.rfind(r.END64, max(0, end - 20 - 65536), end - 20)
        problems.append(Problem("zip64-invalid", "the 64-bit end record is not before its locator"))
        if place < 0:
            return None
    _, length, _, _, number, first, here, total, size, offset = r.end64_record.unpack_from(
        data, place
    )
    plain = length == r.end64_record.size - 12 and not disk and disks == 1
    if not plain or number or first or here != total:
        problems.append(Problem("zip64-invalid", "fields of the 64-bit end record", offset=place))
    long = (here, total, size, offset)
    for narrow, wide, most in zip(short, long, (r.MAX16, r.MAX16, r.MAX32, r.MAX32), strict=True):
        if narrow not in (most, wide):
            differ = f"the end record says {narrow}, its 64-bit form {wide}"
            problems.append(Problem("zip64-invalid", differ, offset=end))
    moved = place - size - offset
    if stated_place + max(0, moved) != place:
        problems.append(Problem("zip64-invalid", f"the 64-bit end record is at {place}"))
    return place, total, size, offset


def _walk(
    data: Data, bounds: _Bounds, base: int, limits: Limits, problems: list[Problem]
) -> list[Entry]:
    """Read the directory's records from start to end, whatever number was stated."""
    entries: list[Entry] = []
    table = data[bounds.start : bounds.end]
    unpack, header_size = r.central_header.unpack_from, r.central_header.size
    position, end = 0, len(table)
    while position < end and len(entries) <= limits.entries:
        if position + header_size > end or table[position : position + 4] != r.CENTRAL:
            what = f"{end - position} bytes in the directory are no record"
            problems.append(Problem("directory-invalid", what, offset=bounds.start + position))
            break
        (_, _, _, flags, method, _, _, crc, packed, size,
         name_size, extra_size, comment_size, disk, _, attributes, offset) = unpack(
            table, position)  # fmt: skip
        name_at = position + header_size
        extra_at = name_at + name_size
        following = extra_at + extra_size + comment_size
        if following > end:
            problems.append(Problem("directory-invalid", "the last record is cut off"))
            break
        name = table[name_at:extra_at]
        extra = table[extra_at : extra_at + extra_size] if extra_size else b""
        if extra_size and r.MAX32 in (packed, size, offset):
            packed, size, offset = _resolved(extra, packed, size, offset)
        entry = Entry(name, flags, method, crc, packed, size, base + offset, attributes,
                      table[position + 8 : position + 32], extra)  # fmt: skip
        if comment_size or disk:
            comment = table[extra_at + extra_size : following]
            problems += _oddities(name, comment, disk)
        entries.append(entry)
        position = following
    return entries


def _oddities(name: bytes, comment: bytes, disk: int) -> list[Problem]:
    """Return what is wrong with a record's comment and disk number."""
    found = []
    path = r.decode_name(name)[0]
    if r.SIGNATURES.search(comment):
        found.append(Problem("signature-in-comment", "member comment", path))
    if disk not in (0, r.MAX16):
        found.append(Problem("several-disks", f"on disk {disk}", path))
    return found


def _resolved(extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """Return the sizes and the offset with their 64-bit forms where the short ones say so."""
    for kind, content in r.extra_fields(extra):
        if kind == r.ZIP64_EXTRA:
            values = iter(r.long_values(content))
            size = next(values, size) if size == r.MAX32 else size
            packed = next(values, packed) if packed == r.MAX32 else packed
            offset = next(values, offset) if offset == r.MAX32 else offset
            break
    return packed, size, offset
