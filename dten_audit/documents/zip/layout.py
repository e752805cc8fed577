"""Compares each member's own header with the directory, and accounts for every byte of a ZIP."""

from __future__ import annotations

import struct
from operator import attrgetter
from typing import Final, NamedTuple

from dten_audit.documents.source import Data, Problem
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.directory import Directory
from dten_audit.documents.zip.records import Entry

_DESCRIPTORS: Final = (
    (r.DESCRIPTOR, struct.Struct("<LLL")),
    (r.DESCRIPTOR, struct.Struct("<LQQ")),
    (b"", struct.Struct("<LLL")),
    (b"", struct.Struct("<LQQ")),
)
"""The forms of a data descriptor: the signature and 64-bit sizes are optional (4.3.9)."""
_SHOWN: Final = 200
_SIGNING_BLOCK: Final = b"APK Sig Block 42"


class Located(NamedTuple):
    """A member whose own header was found: its bytes are at ``start``.

    ``other`` is the member as its own header states it, where that says something else.
    """

    entry: Entry
    start: int
    other: Entry | None = None


class Region(NamedTuple):
    """Bytes that no record accounts for."""

    start: int
    end: int
    label: str


class Layout:
    """The members in the order in which they lie, what is between them, what is wrong.

    ``spare`` bounds what overlapping headers may make us read: honest ones lie side by side, so
    that all of them together are no longer than the file.
    """

    def __init__(self, spare: int) -> None:
        self.members: list[Located] = []
        self.regions: list[Region] = []
        self.problems: list[Problem] = []
        self.lost: list[Entry] = []
        self.spare = spare


def read_layout(data: Data, directory: Directory) -> Layout:
    """Read all local headers. Time is linear in the number of members."""
    layout = Layout(len(data))
    ends: list[int] = []
    members = layout.members
    for entry in sorted(directory.entries, key=attrgetter("offset")):
        name = entry.name
        begin = entry.offset
        name_end = begin + 30 + len(name)
        head = data[begin:name_end]
        same = head[6:30] == entry.fields and head[30:] == name and head[:4] == r.LOCAL
        if same and not entry.extra and not entry.flags & r.STREAMED:
            end = name_end + entry.packed
            members.append(Located(entry, name_end))
            ends.append(end)
            if end > directory.start:
                layout.problems.append(_cut(entry))
            continue
        located = _compare(data, entry, directory, layout)
        if located is not None:
            members.append(located)
            ends.append(located.start + entry.packed)
    _account(data, directory, layout, ends)
    return layout


def _path(entry: Entry) -> str:
    return r.decode_name(entry.name, entry.flags)[0]


def _cut(entry: Entry) -> Problem:
    return Problem("overlap", "runs into the directory", _path(entry), entry.offset)


def _compare(data: Data, entry: Entry, directory: Directory, layout: Layout) -> Located | None:
    """Read the local header of a member and note where it contradicts the directory."""
    begin, problems = entry.offset, layout.problems
    head = data[begin : begin + r.local_header.size]
    if len(head) < r.local_header.size or not head.startswith(r.LOCAL):
        problems.append(Problem("member-missing", "no header there", _path(entry), begin))
        layout.lost.append(entry)
        return None
    (_, _, flags, method, _, _, crc, packed, size, name_size,
     extra_size) = r.local_header.unpack(head)  # fmt: skip
    layout.spare -= name_size + extra_size
    if layout.spare < 0:
        problems.append(Problem("overlap", "its header lies in others", _path(entry), begin))
        layout.lost.append(entry)
        return None
    name_end = begin + r.local_header.size + name_size
    name = data[begin + r.local_header.size : name_end]
    extra = data[name_end : name_end + extra_size]
    start = name_end + extra_size
    _check_extras(entry, name, extra, problems)
    if r.MAX32 in (packed, size):
        packed, size = _local_sizes(extra, packed, size)
    if start + entry.packed > directory.start:
        problems.append(_cut(entry))
    later = bool(flags & r.STREAMED)
    other = entry._replace(
        name=name,
        flags=flags,
        method=method,
        packed=entry.packed if later and not packed else packed,
        size=entry.size if later and not size else size,
        crc=entry.crc if later and not crc else crc,
    )
    differing = _differing(entry, other)
    if not differing:
        return Located(entry, start)
    problems.append(_mismatch(entry, other, differing))
    return Located(entry, start, other)


def _mismatch(entry: Entry, other: Entry, differing: list[str]) -> Problem:
    says = f"its own header has another {' and '.join(differing)}"
    if "name" in differing:
        says += f": {r.decode_name(other.name, other.flags)[0][:_SHOWN]}"
    return Problem("header-mismatch", says, _path(entry), entry.offset)


def _differing(entry: Entry, other: Entry) -> list[str]:
    """Name what a member's two headers state differently."""
    pairs = {
        "name": entry.name != other.name,
        "method": entry.method != other.method,
        "flags": bool((entry.flags ^ other.flags) & r.COMPARED_FLAGS),
        "checksum": entry.crc != other.crc,
        "sizes": (entry.packed, entry.size) != (other.packed, other.size),
    }
    return [name for name, differs in pairs.items() if differs]


def _local_sizes(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    for kind, content in r.extra_fields(extra):
        if kind == r.ZIP64_EXTRA:
            values = iter(r.long_values(content))
            size = next(values, size) if size == r.MAX32 else size
            packed = next(values, packed) if packed == r.MAX32 else packed
            break
    return packed, size


def _check_extras(entry: Entry, name: bytes, local: bytes, problems: list[Problem]) -> None:
    """Note extra fields that programs read differently (4.5.3, 4.6.9)."""
    if not entry.extra and not local:
        return
    paths = set()
    for extra, own_name in ((entry.extra, entry.name), (local, name)):
        seen = set()
        for kind, content in r.extra_fields(extra):
            if kind in seen and kind in (r.ZIP64_EXTRA, r.UNICODE_PATH):
                problems.append(Problem("extra-duplicate", f"field {kind:#06x}", _path(entry)))
            seen.add(kind)
            if kind == -1:
                problems.append(Problem("extra-invalid", f"{len(content)} bytes", _path(entry)))
            elif kind == r.UNICODE_PATH:
                paths.add(_stated_path(own_name, entry.flags, content))
    paths.discard(_path(entry))
    problems.extend(
        Problem("unicode-path-mismatch", f"another name: {path[:_SHOWN]}", _path(entry))
        for path in sorted(filter(None, paths))
    )


def _stated_path(name: bytes, flags: int, content: bytes) -> str:
    """Return the path that a Unicode Path field gives a member; its own if the field is void.

    A name in a legacy code page differs from it by nature: that is what the field is for.
    """
    path = r.unicode_path(content, name)
    if path is None or not (name.isascii() or flags & r.UTF8):
        return ""
    return path


def _account(data: Data, directory: Directory, layout: Layout, ends: list[int]) -> None:
    """Find overlaps and bytes that belong to no record."""
    position = 0
    first = True
    for located, end in zip(layout.members, ends, strict=True):
        entry = located.entry
        gap = entry.offset - position
        if gap < 0:
            what = f"{-gap} bytes shared with the member before"
            layout.problems.append(Problem("overlap", what, _path(entry), entry.offset))
        elif gap:
            _note(data, layout, position, entry.offset, "prefix" if first else "hidden")
        first = False
        position = max(position, end + _descriptor_size(data, located, end, directory, layout))
    if position < directory.start:
        _note(data, layout, position, directory.start, "prefix" if first else "hidden")
    if directory.end < len(data):
        _note(data, layout, directory.end, len(data), "trailer")


def _descriptor_size(
    data: Data, located: Located, end: int, directory: Directory, layout: Layout
) -> int:
    """Return the length of the data descriptor behind a streamed member; 0 without one."""
    entry = located.entry
    flags = located.other.flags if located.other is not None else entry.flags
    if not flags & r.STREAMED:
        return 0
    if entry.method == r.STORED and entry.packed:
        what = "stored with its size behind it"
        layout.problems.append(Problem("stored-streamed", what, _path(entry), entry.offset))
    behind = data[end : min(end + 24, directory.start)]
    stated = (entry.crc, entry.packed, entry.size)
    for signature, numbers in _DESCRIPTORS:
        size = len(signature) + numbers.size
        fits = size <= len(behind) and behind.startswith(signature)
        if fits and numbers.unpack_from(behind, len(signature)) == stated:
            return size
    what = "the descriptor behind it states other values"
    layout.problems.append(Problem("descriptor-mismatch", what, _path(entry), end))
    return 0


def _note(data: Data, layout: Layout, start: int, end: int, label: str) -> None:
    """Note a region, unless it is padding or a known block of no content."""
    head, size = data[start : start + 4], end - start
    if not head.strip(b"\0") and _all_zero(data, start, end):
        layout.problems.append(Problem("padding", f"{size} zero bytes", offset=start))
        return
    if label == "hidden" and data[end - len(_SIGNING_BLOCK) : end] == _SIGNING_BLOCK:
        layout.problems.append(Problem("signing-block", f"{size} bytes", offset=start))
        return
    if label == "prefix" and head == r.LOCAL:
        label = "hidden"
    issue = {"prefix": "prepended-data", "trailer": "appended-data"}.get(label, "hidden-data")
    layout.problems.append(Problem(issue, f"{size} bytes", offset=start))
    layout.regions.append(Region(start, end, label))


def _all_zero(data: Data, start: int, end: int) -> bool:
    step = 1 << 20
    return not any(data[at : min(at + step, end)].strip(b"\0") for at in range(start, end, step))
