"""Lists and unpacks the members of a ZIP: every reading of it that a program could have."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from mmap import mmap
from typing import Final
from weakref import WeakKeyDictionary

from dten_audit.documents.budget import Limits
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.image import names_digest
from dten_audit.documents.source import (
    Data,
    Folder,
    Item,
    Link,
    Member,
    Missed,
    Problem,
    Source,
    path_text,
)
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.comments import comments
from dten_audit.documents.zip.content import (
    read_content,
    read_whole,
    skim_program,
    supported,
)
from dten_audit.documents.zip.directory import Directory, read_directory
from dten_audit.documents.zip.headers import Compared
from dten_audit.documents.zip.layout import Layout, Located, read_layout
from dten_audit.documents.zip.records import Entry
from dten_audit.documents.zip.recovery import recover, surface

_DOS_FOLDER: Final = 0x10
_PERMISSIONS: Final = 0o7777
_ODD_FLAGS: Final = r.ENCRYPTED | r.PATCHED | r.STRONG | r.MASKED
_FILE: Final = stat.S_IFREG >> 12
_LISTED: Final = 200
"""So many members that are not read are named; of more, only their number."""
_MOST_KEPT: Final = 100_000
_MAPPED: Final[WeakKeyDictionary[mmap, tuple[Limits, Directory, Layout]]] = WeakKeyDictionary()
"""What mapped archives list, for who reads a package again; of more members, they are read anew."""


def members(source: Source) -> Iterator[Item]:
    """Yield what a ZIP holds, in the order in which it lies there."""
    view = memoryview(source.data)
    listed = _listed(source)
    if listed is None:
        yield from _without_directory(source, view)
        return
    directory, layout = listed
    yield from directory.problems
    yield from layout.problems
    yield from _lost(layout)
    repeats = _Repeats(layout.members)
    wanted, budget, repeated = source.wanted, source.budget, repeats.names
    plain_shapes: dict[tuple[int, int, int], bool] = {}
    for located in layout.members:
        entry, start, more = located
        name, flags, method, _, _, _, _, attributes, _, _, _ = entry
        shape = (flags, method, attributes)
        plain = plain_shapes.get(shape)
        if plain is None:
            plain = plain_shapes[shape] = _plain(entry)
        if not plain or more or not name.isascii() or name[-1:] == b"/" or name in repeated:
            yield from _unusual(source, view, located, repeats)
            continue
        path = name.decode("ascii")
        if wanted(path):
            data = read_whole(view, entry, start, budget)
            if data is None:
                yield from _large(source, view, located, path)
            else:
                mode = attributes >> 16 & _PERMISSIONS or None
                yield tuple.__new__(Member, (path, data, mode, -1))
    yield from comments(source, directory.comment, layout.members if layout.remarks else ())
    for region in layout.regions:
        yield from surface(source, view, region)


def _listed(source: Source) -> tuple[Directory, Layout] | None:
    """Return what a ZIP lists and where it lies; None where nothing is listed.

    Of a mapped one that is read several times, as long as the map is there.
    """
    data, limits = source.data, source.budget.limits
    known = None if isinstance(data, bytes) else _MAPPED.get(data)
    if known is not None and known[0] == limits:
        return known[1:]
    directory = read_directory(data, limits)
    if directory is None:
        return None
    layout = read_layout(data, directory, limits.ratio_from)
    if not isinstance(data, bytes) and len(layout.members) <= _MOST_KEPT:
        _MAPPED[data] = limits, directory, layout
    return directory, layout


def _large(source: Source, view: memoryview, located: Located, path: str) -> Iterator[Item]:
    """Yield an ordinary file that is large, or not what its header promises."""
    entry, start = located.entry, located.start
    try:
        head = None
        if not names_digest(path):
            head = skim_program(view, entry, start, source.budget)
    except OverLimitError as error:
        yield from _refused(path, entry, error)
        return
    if head is None:
        yield from _readings(source, view, entry, start, path, claimed=True)
    else:
        yield Member(path, head, entry.mode & _PERMISSIONS or None, entry.size)


def _plain(entry: Entry) -> bool:
    """Tell whether flags, method and attributes are those of an ordinary file."""
    return (
        supported(entry.method)
        and not entry.flags & _ODD_FLAGS
        and not entry.attributes & _DOS_FOLDER
        and entry.attributes >> 28 in (0, _FILE)
    )


def _without_directory(source: Source, view: memoryview) -> Iterator[Item]:
    """Read an archive that was cut off: by the headers before its members."""
    before: list[Item] | None = []
    for item in recover(source, view, 0, len(view)):
        if before is None:
            yield item
            continue
        before.append(item)
        if not isinstance(item, Problem) and not item.path.startswith("@hidden/"):
            yield Problem("no-directory", "members are read one by one")
            yield from before
            before = None
    if before is not None:
        raise BrokenError("corrupt-archive", "no directory and no member")
    yield Missed("", "truncated", len(view))


def _lost(layout: Layout) -> Iterator[Item]:
    """Yield the members that are listed and not there, and those that only multiply others."""
    for entry in layout.lost[:_LISTED]:
        yield Missed(entry.path, "missing", entry.size)
    if len(layout.lost) > _LISTED:
        yield Missed("", "missing")
    crowded = layout.crowded
    if crowded:
        what = f"{len(crowded)} members are the bytes of others once more"
        yield Problem("limit-ratio", what, offset=crowded[0].offset)
        yield Missed("", "limit-ratio", sum(entry.size for entry in crowded))


class _Repeats:
    """Names that several members have, and what the first of each held."""

    def __init__(self, located: list[Located]) -> None:
        self.names: set[bytes] = set()
        seen = {item.entry.name for item in located}
        if len(seen) != len(located):
            for item in located:
                if item.entry.name in seen:
                    seen.remove(item.entry.name)
                else:
                    self.names.add(item.entry.name)
        self._first: dict[bytes, bytes] = {}

    def compare(self, name: bytes, path: str, data: Data) -> Iterator[Problem]:
        """Say whether a member repeats another, and with the same content or not."""
        if name in self.names:
            import hashlib

            digest = hashlib.sha256(data).digest()
            first = self._first.setdefault(name, digest)
            if first is not digest:
                same = first == digest
                yield Problem("repeated-member" if same else "duplicate-name", "", path)


def _unusual(
    source: Source, view: memoryview, located: Located, repeats: _Repeats
) -> Iterator[Item]:
    """Yield a member that is no plain file, or that has two readings."""
    entry, start, more = located
    more = more or Compared()
    if more.crowded:
        return
    text, honest = r.decode_name(entry.name, entry.flags)
    path = more.path or text
    if not honest:
        yield Problem("path-encoding", "the name is not the UTF-8 that it claims", path)
    yield from _under(source, view, located, path, repeats)
    lenient = r.lenient_name(entry.name)
    if lenient is not None:
        what = f"careless programs read {lenient[:200]}"
        yield Problem("path-encoding", what, path)
        yield from _under(source, view, located, lenient, repeats)
    for name in more.names:
        yield from _under(source, view, located, name, repeats)
    if more.other is not None:
        yield from _other_reading(source, view, more.other, start, entry, path)


def _under(
    source: Source, view: memoryview, located: Located, path: str, repeats: _Repeats
) -> Iterator[Item]:
    """Yield a member under one of its names."""
    entry = located.entry
    kind = stat.S_IFMT(entry.mode)
    folder = path.endswith("/") or kind == stat.S_IFDIR
    folder = folder or (bool(entry.attributes & _DOS_FOLDER) and not entry.size)
    if folder:
        yield Folder(path.rstrip("/"), entry.mode & _PERMISSIONS or None)
        if not entry.size and not entry.packed:
            return
        if entry.size:
            yield Problem("folder-with-data", f"{entry.size} bytes", path)
    elif kind not in (0, stat.S_IFREG, stat.S_IFLNK):
        yield Problem("special-file", _special(kind), path)
    for item in _readings(source, view, entry, located.start, path):
        if isinstance(item, Member) and kind == stat.S_IFLNK and item.path == path:
            yield _link(source, item)
        elif not isinstance(item, Member) or item.path != path:
            yield item
        elif item.data or not folder:
            yield from repeats.compare(entry.name, path, item.data)
            yield item


def _readings(
    source: Source, view: memoryview, entry: Entry, start: int, path: str, *, claimed: bool = False
) -> Iterator[Item]:
    """Yield the content of one reading, or why there is none."""
    if not claimed and not source.wanted(path):
        return
    if entry.encrypted:
        yield Problem("encrypted-member", "", path)
        yield Missed(path, "encrypted", entry.size)
        return
    if not supported(entry.method) or entry.flags & r.PATCHED:
        name = r.METHODS.get(entry.method, f"method {entry.method}")
        yield Problem("unsupported-method", name, path)
        yield Missed(path, "unsupported-method", entry.size)
        return
    try:
        content = read_content(view, entry, start, path, source.budget)
    except OverLimitError as error:
        yield from _refused(path, entry, error)
        return
    yield from content.problems
    yield Member(path, content.data, entry.mode & _PERMISSIONS or None)
    if content.missed:
        yield Missed(path, content.missed, entry.size)
    if content.tail:
        end = min(start + entry.packed, len(view))
        yield from _tail(source, view[end - content.tail : end], path)


def _tail(source: Source, rest: memoryview, path: str) -> Iterator[Item]:
    """Yield the bytes behind the end of a member's packed data."""
    name = f"@tail/{path}"
    if source.wanted(name):
        source.budget.charge(len(rest))
        yield Member(name, bytes(rest))


def _other_reading(
    source: Source, view: memoryview, other: Entry, start: int, entry: Entry, path: str
) -> Iterator[Item]:
    """Yield a member as its own header states it, where that gives another name or content."""
    name = other.path.rstrip("/")
    method, packed, size = other.method, other.packed, other.size
    if name != path.rstrip("/"):
        yield from _readings(source, view, other, start, name)
    elif (method, packed, size) != (entry.method, entry.packed, entry.size):
        yield from _readings(source, view, other, start, f"@local/{name}")


def _link(source: Source, member: Member) -> Item:
    target = bytes(member.data[: source.budget.limits.link + 1])
    return Link(member.path, path_text(target))


def _refused(path: str, entry: Entry, error: OverLimitError) -> Iterator[Item]:
    """Report a member that hit a limit; pass on a limit that ends the audit."""
    if error.final:
        raise error
    yield Problem(error.issue, error.detail, path)
    yield Missed(path, error.issue, entry.size)


def _special(kind: int) -> str:
    return {
        stat.S_IFBLK: "block device",
        stat.S_IFCHR: "character device",
        stat.S_IFIFO: "named pipe",
        stat.S_IFSOCK: "socket",
    }.get(kind, f"unknown type {kind:#o}")
