"""Finds each member's own header, and accounts for every byte of a ZIP."""

from __future__ import annotations

import struct
from operator import attrgetter
from typing import Final, NamedTuple

from dten_audit.documents.kinds import SAMPLE, kind_of
from dten_audit.documents.source import Data, Problem
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.directory import Directory
from dten_audit.documents.zip.headers import Compared, Header, compare
from dten_audit.documents.zip.records import Entry

_DESCRIPTORS: Final = (
    (r.DESCRIPTOR, struct.Struct("<LLL")),
    (r.DESCRIPTOR, struct.Struct("<LQQ")),
    (b"", struct.Struct("<LLL")),
    (b"", struct.Struct("<LQQ")),
)
"""The forms of a data descriptor: the signature and 64-bit sizes are optional (4.3.9)."""
_SIGNING_BLOCK: Final = b"APK Sig Block 42"


class Located(NamedTuple):
    """A member whose own header was found: its bytes are at ``start``.

    ``more`` is what there is to say of it besides what the directory states; None for most.
    """

    entry: Entry
    start: int
    more: Compared | None = None


_NOTHING: Final = Compared()


class Region(NamedTuple):
    """Bytes that no record accounts for."""

    start: int
    end: int
    label: str


class Layout:
    """The members in the order in which they lie, what is between them, what is wrong.

    ``spare`` bounds what overlapping headers may make us read: honest ones lie side by side, so
    that all of them together are no longer than the file. ``searched`` does so for contents.
    ``crowded`` are the members that only multiply others. ``remarks``: some have comments.
    """

    def __init__(self, spare: int) -> None:
        self.members: list[Located] = []
        self.regions: list[Region] = []
        self.problems: list[Problem] = []
        self.lost: list[Entry] = []
        self.spare = spare
        self.searched = spare
        self.crowded: list[Entry] = []
        self.remarks = False


def read_layout(data: Data, directory: Directory, shared: int) -> Layout:
    """Read all local headers. Time is linear in the number of members.

    ``shared`` is how many bytes members may have in common and still be unpacked.
    """
    layout = Layout(len(data))
    layout.remarks = directory.remarks
    ends: list[int] = []
    members = layout.members
    position = 0
    for entry in sorted(directory.entries, key=attrgetter("offset")):
        name = entry.name
        begin = entry.offset
        name_end = begin + 30 + len(name)
        head = data[begin:name_end]
        same = head[6:30] == entry.fields and head[30:] == name and head[:4] == r.LOCAL
        if same and not entry.extra and not entry.flags & r.STREAMED:
            end = name_end + entry.packed
            members.append(tuple.__new__(Located, (entry, name_end, None)))
            ends.append(end)
            position = end if begin == position else -1
            if end > directory.start:
                layout.problems.append(_cut(entry))
            continue
        position = -1
        located = _locate(data, entry, directory, layout)
        if located is not None:
            members.append(located)
            ends.append(located.start + entry.packed)
    side_by_side = position == directory.start
    if not side_by_side and _between(data, directory, layout, ends):
        _crowd(layout, ends, shared)
    for start, end in directory.unread:
        layout.regions.append(Region(start, end, "hidden"))
    if directory.end < len(data):
        _note(data, layout, directory.end, len(data), "trailer")
    return layout


def _cut(entry: Entry) -> Problem:
    return Problem("overlap", "runs into the directory", entry.path, entry.offset)


def _locate(data: Data, entry: Entry, directory: Directory, layout: Layout) -> Located | None:
    """Read the local header of a member and note where it contradicts the directory."""
    begin, problems = entry.offset, layout.problems
    head = data[begin : begin + r.local_header.size]
    if len(head) < r.local_header.size or not head.startswith(r.LOCAL):
        problems.append(Problem("member-missing", "no header there", entry.path, begin))
        layout.lost.append(entry)
        return None
    (_, _, flags, method, _, _, crc, packed, size, name_size,
     extra_size) = r.local_header.unpack(head)  # fmt: skip
    layout.spare -= name_size + extra_size
    if layout.spare < 0:
        problems.append(Problem("overlap", "its header lies in others", entry.path, begin))
        layout.lost.append(entry)
        return None
    name_end = begin + r.local_header.size + name_size
    name = data[begin + r.local_header.size : name_end]
    start = name_end + extra_size
    extra = data[name_end:start]
    header = Header(name, flags, method, crc, packed, size, extra, start)
    compared = compare(entry, header, directory.base, problems)
    if start + entry.packed > directory.start:
        problems.append(_cut(entry))
    if compared.comments:
        layout.remarks = True
    return Located(entry, start, None if compared == _NOTHING else compared)


def _between(data: Data, directory: Directory, layout: Layout, ends: list[int]) -> bool:
    """Find overlaps and bytes that belong to no member; tell whether there are overlaps."""
    position = 0
    first, overlap = True, False
    followers = [located.entry.offset for located in layout.members[1:]]
    followers.append(directory.start)
    for located, packed_end, following in zip(layout.members, ends, followers, strict=False):
        entry = located.entry
        gap = entry.offset - position
        if gap < 0:
            overlap = True
            what = f"{-gap} bytes shared with the member before"
            layout.problems.append(Problem("overlap", what, entry.path, entry.offset))
        elif gap and directory.whole:
            _note(data, layout, position, entry.offset, "prefix" if first else "hidden")
        first = False
        end = packed_end
        if located.more is not None or entry.flags & r.STREAMED:
            end += _descriptor_size(data, located, end, following, layout)
        position = max(position, end)
    if position < directory.start and directory.whole:
        _note(data, layout, position, directory.start, "prefix" if first else "hidden")
    return overlap


def _crowd(layout: Layout, ends: list[int], shared: int) -> None:
    """Mark the members from which on more bytes are shared than may be: they multiply."""
    position = 0
    for index, (located, end) in enumerate(zip(layout.members, ends, strict=True)):
        shared -= max(0, min(position, end) - located.start)
        position = max(position, end)
        if shared < 0:
            layout.crowded.append(located.entry)
            layout.members[index] = located._replace(more=Compared(crowded=True))


def _descriptor_size(data: Data, located: Located, end: int, following: int, layout: Layout) -> int:
    """Return the length of the data descriptor behind a streamed member; 0 without one."""
    entry = located.entry
    other = None if located.more is None else located.more.other
    flags = entry.flags if other is None else other.flags
    if not flags & r.STREAMED:
        return 0
    if entry.method == r.STORED and entry.packed:
        layout.problems.append(_stored_streamed(data, located, end, layout))
    behind = data[end : min(end + 24, following)] if following > end else data[end : end + 24]
    stated = (entry.crc, entry.packed, entry.size)
    fitting = []
    for signature, numbers in _DESCRIPTORS:
        size = len(signature) + numbers.size
        fits = size <= len(behind) and behind.startswith(signature)
        if fits and numbers.unpack_from(behind, len(signature)) == stated:
            fitting.append(size)
    if fitting:
        return following - end if following - end in fitting else fitting[0]
    what = "the descriptor behind it states other values"
    layout.problems.append(Problem("descriptor-mismatch", what, entry.path, end))
    return 0


def _stored_streamed(data: Data, located: Located, end: int, layout: Layout) -> Problem:
    """Say of an unpacked member without stated end whether its content ends it earlier."""
    import zlib

    entry, start = located.entry, located.start
    layout.searched -= end - start
    known, crc, position = start, 0, start - 1
    while layout.searched >= 0:
        position = data.find(r.DESCRIPTOR, position + 1, end)
        if position < 0:
            break
        size = position - start
        stated = data[position + 4 : position + 16]
        if stated[4:] == struct.pack("<LL", size & r.MAX32, size & r.MAX32):
            with memoryview(data) as view, view[known:position] as passed:
                crc = zlib.crc32(passed, crc)
            known = position
            if stated[:4] == struct.pack("<L", crc):
                what = f"a descriptor inside it ends it after {size} bytes"
                return Problem("descriptor-mismatch", what, entry.path, position)
    what = "stored with its size behind it"
    return Problem("stored-streamed", what, entry.path, entry.offset)


def _note(data: Data, layout: Layout, start: int, end: int, label: str) -> None:
    """Note a region, unless it is padding or a known block of no content."""
    head, size = data[start : start + 4], end - start
    if not head.strip(b"\0") and _all_zero(data, start, end):
        layout.problems.append(Problem("padding", f"{size} zero bytes", offset=start))
        return
    block = _signing_block(data, end) if label == "hidden" else end
    if start < block < end and _all_zero(data, start, block):
        layout.problems.append(Problem("padding", f"{block - start} zero bytes", offset=start))
        start, size = block, end - block
    if block == start:
        layout.problems.append(Problem("signing-block", f"{size} bytes", offset=start))
        layout.regions.append(Region(start, end, "signing-block"))
        return
    if label == "prefix" and head == r.LOCAL:
        label = "hidden"
    issue = {"prefix": "prepended-data", "trailer": "appended-data"}.get(label, "hidden-data")
    what = f", {kind_of('', data[start : start + SAMPLE])}" if label == "prefix" else ""
    layout.problems.append(Problem(issue, f"{size} bytes{what}", offset=start))
    layout.regions.append(Region(start, end, label))


def _signing_block(data: Data, end: int) -> int:
    """Return where the APK signing block starts that ends here; ``end`` where there is none.

    Its length stands at both ends. Zeros before it bring it to a page's start.
    """
    if data[end - len(_SIGNING_BLOCK) : end] != _SIGNING_BLOCK:
        return end
    length = data[end - 24 : end - 16]
    start = end - 8 - int.from_bytes(length, "little")
    return start if 0 <= start <= end - 32 and data[start : start + 8] == length else end


def _all_zero(data: Data, start: int, end: int) -> bool:
    step = 1 << 20
    return not any(data[at : min(at + step, end)].strip(b"\0") for at in range(start, end, step))
