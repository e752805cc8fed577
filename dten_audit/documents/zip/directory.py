"""Reads the central directory of a ZIP, and every other one that a program could take for it."""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.documents.budget import Limits
from dten_audit.documents.errors import OverLimitError
from dten_audit.documents.source import Data, Problem
from dten_audit.documents.zip import extras
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.ends import Bounds, bounds_at, end_records, other_starts
from dten_audit.documents.zip.records import Entry

_SIGNATURE_HEAD: Final = 6
"""Before the content of a digital signature: four bytes to know it by, two for its length."""


class Directory(NamedTuple):
    """The members, where the directory starts, where the archive ends, what is wrong with it.

    ``base`` is what must be added to stated offsets: the length of data put before the archive.
    ``comment`` is the archive's. ``unread`` are places of bytes between the directory's records
    that no record accounts for. ``remarks``: some members have comments. ``whole``: none
    were left out for being too many.
    """

    entries: list[Entry]
    start: int
    end: int
    base: int
    comment: bytes
    unread: list[tuple[int, int]]
    problems: list[Problem]
    remarks: bool
    whole: bool


def read_directory(data: Data, limits: Limits) -> Directory | None:
    """Return the directory; None where there is none to be found. Raises ``OverLimitError``."""
    problems: list[Problem] = []
    ends = end_records(data, problems)
    if not ends:
        return None
    walk = _Walk(data, limits)
    chosen: Directory | None = None
    for end in ends:
        found = walk.read_at(end)
        if found is None:
            problems.append(Problem("directory-invalid", f"end record at {end}", offset=end))
        elif chosen is None:
            chosen = found
        else:
            walk.add(chosen, found.entries)
    if chosen is None:
        return None
    for start, size in other_starts(data, ends):
        entries = walk.read_other(start, size, chosen.base)
        if entries:
            walk.add(chosen, entries)
            says = f"another directory of {len(entries)} members"
            problems.append(Problem("several-directories", says, offset=start))
    chosen.problems[:0] = problems
    return chosen._replace(remarks=walk.remarks)


def ends_in_zip(data: Data) -> bool:
    """Tell whether an archive with members ends where ``data`` ends, whatever it starts with."""
    for end in end_records(data, [], strict=True):
        bounds = bounds_at(data, end, [])
        if bounds is not None and data[bounds.start : bounds.start + 4] == r.CENTRAL:
            return True
    return False


class _Walk:
    """Reads directories of one archive, all of them together within the limits."""

    def __init__(self, data: Data, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._read = 0
        self._starts: set[int] = set()
        self.remarks = False

    def read_at(self, end: int) -> Directory | None:
        """Read the directory that the end record at ``end`` speaks of."""
        problems: list[Problem] = []
        bounds = bounds_at(self._data, end, problems)
        if bounds is None:
            return None
        self._charge(bounds.end - bounds.start)
        self._starts.add(bounds.start)
        base = bounds.start - bounds.stated_offset
        if base < 0:
            problems.append(Problem("directory-offset", f"stated {-base} bytes too far"))
            base = 0
        entries, stopped = self._walk(bounds.start, bounds.end, base, problems)
        entries, base = self._unmoved(entries, base, problems)
        if len(entries) != bounds.members and len(entries) <= self._limits.entries:
            stated = f"{bounds.members} members stated, {len(entries)} listed"
            problems.append(Problem("count-mismatch", stated))
        comment = self._data[bounds.tail : bounds.archive_end]
        unread = self._unread(bounds, stopped, problems)
        whole = len(entries) <= self._limits.entries
        return Directory(
            entries,
            bounds.start,
            bounds.archive_end,
            base,
            comment,
            unread,
            problems,
            self.remarks,
            whole,
        )

    def read_other(self, start: int, size: int, base: int) -> list[Entry]:
        """Read another directory than those read before; nothing where there is none."""
        if start < 0 or start in self._starts or self._data[start : start + 4] != r.CENTRAL:
            return []
        self._starts.add(start)
        size = min(size, len(self._data) - start)
        self._charge(size)
        entries, _ = self._walk(start, start + size, base, [])
        return self._unmoved(entries, base, [])[0]

    def add(self, chosen: Directory, entries: list[Entry]) -> None:
        """Add members that only another directory lists, or lists in another way."""
        known = {_identity(entry) for entry in chosen.entries}
        room = self._limits.entries + 1 - len(known)
        added = [entry for entry in entries if _identity(entry) not in known]
        chosen.entries.extend(added[: max(0, room)])

    def _charge(self, size: int) -> None:
        self._read += size
        if self._read > self._limits.directory:
            raise OverLimitError("limit-directory", f"larger than {self._limits.directory} bytes")

    def _unmoved(
        self, entries: list[Entry], base: int, problems: list[Problem]
    ) -> tuple[list[Entry], int]:
        """Take offsets as they are stated where the members are there, not behind a prefix."""
        if not entries or not base:
            return entries, base
        data, moved = self._data, entries[0].offset
        stated = moved - base
        if data[moved : moved + 4] == r.LOCAL or data[stated : stated + 4] != r.LOCAL:
            return entries, base
        problems.append(Problem("directory-offset", f"stated {base} bytes too early"))
        return [entry._replace(offset=entry.offset - base) for entry in entries], 0

    def _unread(
        self, bounds: Bounds, stopped: int, problems: list[Problem]
    ) -> list[tuple[int, int]]:
        """Return places of bytes between the directory's records, and say what they are."""
        places = [*bounds.unread]
        if stopped >= bounds.end:
            return places
        head = self._data[stopped : stopped + _SIGNATURE_HEAD]
        if head[:4] == r.SIGNATURE:
            length = int.from_bytes(head[4:], "little")
            if stopped + _SIGNATURE_HEAD + length == bounds.end:
                what = f"a digital signature of {length} bytes"
                problems.append(Problem("extra-data", what, offset=stopped))
                return [*places, (stopped + _SIGNATURE_HEAD, bounds.end)]
        what = f"{bounds.end - stopped} bytes in the directory are no record"
        problems.append(Problem("directory-invalid", what, offset=stopped))
        return [*places, (stopped, bounds.end)]

    def _walk(
        self, start: int, end: int, base: int, problems: list[Problem]
    ) -> tuple[list[Entry], int]:
        """Read records from start to end, whatever number was stated.

        Returns the members, made as ``Entry(…)`` would in twice the time, and where the last
        whole record ends: the end, where too many follow.
        """
        entries: list[Entry] = []
        table = self._data[start:end]
        unpack, header_size = r.central_header.unpack_from, r.central_header.size
        most, central, too_long = self._limits.entries, r.CENTRAL, r.MAX32
        position, end = 0, len(table)
        while position < end:
            if position + header_size > end or table[position : position + 4] != central:
                break
            (_, _, _, flags, method, _, _, crc, packed, size,
             name_size, extra_size, comment_size, disk, _, attributes, offset) = unpack(
                table, position)  # fmt: skip
            name_at = position + header_size
            extra_at = name_at + name_size
            following = extra_at + extra_size + comment_size
            if following > end:
                break
            name = table[name_at:extra_at]
            extra = table[extra_at : extra_at + extra_size] if extra_size else b""
            comment = table[extra_at + extra_size : following] if comment_size else b""
            if long := too_long in (packed, size, offset):
                packed, size, offset = _resolved(extra, packed, size, offset)
            entry = tuple.__new__(Entry, (
                name, flags, method, crc, packed, size, base + offset, attributes,
                table[position + 8 : position + 32], extra, comment))  # fmt: skip
            if comment_size or disk or long:
                self.remarks = self.remarks or bool(comment)
                problems += _oddities(entry, offset, disk)
            entries.append(entry)
            position = following
            if len(entries) > most:
                return entries, start + end
        return entries, start + position


def _identity(entry: Entry) -> tuple[int, bytes, int, int, int]:
    return entry.offset, entry.name, entry.method, entry.packed, entry.size


def _oddities(entry: Entry, offset: int, disk: int) -> list[Problem]:
    """Return what is wrong with a record's comment, disk number and 64-bit forms."""
    found = []
    if r.SIGNATURES.search(entry.comment):
        found.append(Problem("signature-in-comment", "member comment", entry.path))
    if disk not in (0, r.MAX16):
        found.append(Problem("several-disks", f"on disk {disk}", entry.path))
    if r.MAX32 in (entry.packed, entry.size, offset):
        what = "64-bit sizes announced and not there"
        found.append(Problem("zip64-invalid", what, entry.path))
    return found


def _resolved(extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """Return the sizes and the offset with their 64-bit forms where the short ones say so."""
    for kind, content in extras.fields(extra):
        if kind == r.ZIP64_EXTRA:
            values = iter(extras.long_values(content))
            size = next(values, size) if size == r.MAX32 else size
            packed = next(values, packed) if packed == r.MAX32 else packed
            offset = next(values, offset) if offset == r.MAX32 else offset
            break
    return packed, size, offset
