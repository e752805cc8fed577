"""Reads ZIP members that no directory lists, from their own headers, and other unlisted bytes."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final, NamedTuple

from dten_audit.documents.decoders import Flow, inflater
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Folder, Item, Member, Missed, Problem, Source
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.content import SUPPORTED, read_content
from dten_audit.documents.zip.layout import Region
from dten_audit.documents.zip.records import Entry

_STEP: Final = 1 << 20


class _Found(NamedTuple):
    entry: Entry
    start: int
    sized: bool


def surface(source: Source, view: memoryview, region: Region) -> Iterator[Item]:
    """Yield what unlisted bytes hold: members with headers of their own, or the bytes as a file."""
    if bytes(view[region.start : region.start + 4]) == r.LOCAL:
        yield from recover(source, view, region.start, region.end, "@hidden/")
        return
    path = f"@{region.label}" + (f"/{region.start}" if region.label == "hidden" else "")
    if source.wanted(path):
        with Sink(source.budget) as sink:
            for at in range(region.start, region.end, _STEP):
                sink.write(bytes(view[at : min(at + _STEP, region.end)]))
            yield Member(path, sink.data())


def recover(
    source: Source, view: memoryview, start: int, end: int, prefix: str = ""
) -> Iterator[Item]:
    """Walk from local header to local header; look for the next one where the walk is lost."""
    position = start
    while position < end:
        found = _header(view, position, end)
        if found is None:
            if bytes(view[position : position + 4]) in (r.CENTRAL, r.END, r.END64):
                return
            following = _next_header(view, position + 1, end, r.LOCAL)
            yield Problem("hidden-data", f"{following - position} bytes", offset=position)
            position = following
            continue
        path = prefix + r.decode_name(found.entry.name, found.entry.flags)[0]
        position = yield from _unpack(source, view, found, path, end)


def _header(view: memoryview, position: int, end: int) -> _Found | None:
    """Read the local header at a position."""
    head = bytes(view[position : position + r.local_header.size])
    if len(head) < r.local_header.size or not head.startswith(r.LOCAL):
        return None
    (_, _, flags, method, _, _, crc, packed, size, name_size,
     extra_size) = r.local_header.unpack(head)  # fmt: skip
    name_at = position + r.local_header.size
    start = name_at + name_size + extra_size
    if start > end:
        return None
    name = bytes(view[name_at : name_at + name_size])
    if r.MAX32 in (packed, size):
        for kind, content in r.extra_fields(bytes(view[name_at + name_size : start])):
            values = r.long_values(content)
            if kind == r.ZIP64_EXTRA and len(values) > 1:
                size, packed = values[:2]
    entry = Entry(name, flags, method, crc, packed, size, position, 0, b"", b"")
    sized = not (flags & r.STREAMED and not packed)
    return _Found(entry, start, sized)


def _next_header(view: memoryview, position: int, end: int, signature: bytes) -> int:
    """Return where the next record of a kind may start; the end if there is none."""
    while position < end:
        block = bytes(view[position : min(position + _STEP + 3, end)])
        at = block.find(signature)
        if at >= 0:
            return position + at
        position += _STEP
    return end


def _unpack(
    source: Source, view: memoryview, found: _Found, path: str, end: int
) -> Generator[Item, None, int]:
    """Yield one member; return where the next header should be."""
    entry, start, sized = found
    readable = not entry.encrypted and entry.method in SUPPORTED
    if sized or not readable:
        following = min(start + entry.packed, end)
        if path.endswith("/") and not entry.size:
            yield Folder(path.rstrip("/"))
        elif not readable:
            encrypted = entry.encrypted
            yield Problem("encrypted-member" if encrypted else "unsupported-method", "", path)
            yield Missed(path, "encrypted" if encrypted else "unsupported-method", entry.size)
        elif source.wanted(path):
            yield from _sized(source, view[:end], found, path)
    else:
        following = yield from _unsized(source, view[:end], found, path)
    if bytes(view[following : following + 4]) == r.DESCRIPTOR:
        longer = bytes(view[following + 24 : following + 26]) == b"PK"
        following += 24 if longer else 16
    return max(following, start)


def _sized(source: Source, view: memoryview, found: _Found, path: str) -> Iterator[Item]:
    entry, start, _ = found
    try:
        content = read_content(view, entry, start, path, source.budget)
    except OverLimitError as error:
        if error.final:
            raise
        yield Problem(error.issue, error.detail, path)
        yield Missed(path, error.issue, entry.size)
        return
    yield from content.problems
    yield Member(path, content.data)
    if content.missed:
        yield Missed(path, content.missed, entry.size)


def _unsized(
    source: Source, view: memoryview, found: _Found, path: str
) -> Generator[Item, None, int]:
    """Unpack a member whose size stands behind it: a deflate stream knows where it ends."""
    entry, start, _ = found
    if entry.method != r.DEFLATED:
        following = _next_header(view, start, len(view), r.DESCRIPTOR)
        if source.wanted(path):
            data = bytes(view[start : min(following, start + source.budget.limits.memory)])
            source.budget.charge(len(data))
            yield Member(path, data)
        return following
    flow = Flow(view[start:], "deflate", source.budget, inflater())
    following = -1
    with Sink(source.budget, charged=True) as sink:
        missed = ""
        wanted = source.wanted(path)
        try:
            while chunk := flow.read():
                if wanted:
                    sink.write(chunk)
            following = start + flow.consumed
        except BrokenError as error:
            missed = "truncated"
            yield Problem("truncated-member", error.detail, path)
        except OverLimitError as error:
            if error.final:
                raise
            missed, wanted = error.issue, False
            yield Problem(error.issue, error.detail, path)
        if wanted:
            yield Member(path, sink.data())
        if missed:
            yield Missed(path, missed, sink.size)
    return _next_header(view, start, len(view), r.LOCAL) if following < 0 else following
