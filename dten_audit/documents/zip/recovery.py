"""Reads ZIP members that no directory lists, from their own headers, and other unlisted bytes."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final, NamedTuple

from dten_audit.documents.decoders import Flow, inflater
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Folder, Item, Member, Missed, Problem, Source
from dten_audit.documents.zip import extras
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.content import read_content, read_whole, supported
from dten_audit.documents.zip.layout import Region
from dten_audit.documents.zip.records import Entry

_STEP: Final = 1 << 20


class _Found(NamedTuple):
    entry: Entry
    start: int
    sized: bool


def surface(source: Source, view: memoryview, region: Region) -> Iterator[Item]:
    """Yield what unlisted bytes hold: members with headers of their own, and the other bytes."""
    start, end, label = region
    if label == "hidden":
        yield from recover(source, view, start, end, "@hidden/", told=True)
        return
    yield from _rest(source, view, start, end, f"@{label}")
    yield from _embedded(source, view, start, end)


def recover(
    source: Source, view: memoryview, start: int, end: int, prefix: str = "", *, told: bool = False
) -> Iterator[Item]:
    """Walk from local header to local header; look for the next one where the walk is lost.

    ``told``: that there are such bytes has been said.
    """
    position = start
    while position < end:
        found = _header(view, position, end)
        if found is None:
            following = _next(view, position + 1, end, r.LOCAL)
            if bytes(view[position : position + 4]) in (r.CENTRAL, r.END, r.END64):
                yield from _records(source, view, position, following)
            else:
                if not told:
                    yield Problem("hidden-data", f"{following - position} bytes", offset=position)
                yield from _rest(source, view, position, following, f"@hidden/{position}")
            position = following
            continue
        path = prefix + r.decode_name(found.entry.name, found.entry.flags)[0]
        position = yield from _unpack(source, view, found, path, end)


def _records(source: Source, view: memoryview, start: int, end: int) -> Iterator[Item]:
    """Yield a directory that nothing leads to: its comments may be meant to be read.

    The fixed part of its end record is left out: it is no archive without its members.
    """
    while start < end:
        stop = _next(view, start, end, r.END)
        if stop > start:
            yield from _rest(source, view, start, stop, f"@hidden/{start}")
        start = min(stop + r.end_record.size, end)


def _rest(source: Source, view: memoryview, start: int, end: int, path: str) -> Iterator[Item]:
    """Yield bytes that are no member, as they stand there."""
    if source.wanted(path):
        with Sink(source.budget) as sink:
            for at in range(start, end, _STEP):
                sink.write(bytes(view[at : min(at + _STEP, end)]))
            yield Member(path, sink.data())


def _embedded(source: Source, view: memoryview, start: int, end: int) -> Iterator[Item]:
    """Yield the members among other bytes: programs that look for their headers unpack them.

    A header is one if what follows it unpacks as it says; programs hold look-alikes.
    """
    spare = 2 * (end - start)
    position = _next(view, start, end, r.LOCAL)
    while position < end and spare > 0:
        found = _header(view, position, end)
        data = None
        if found is not None and found.sized and found.entry.size:
            entry, begin, _ = found
            spare -= entry.packed
            if begin + entry.packed <= end and not entry.encrypted:
                data = read_whole(view[:end], entry, begin, source.budget)
        if found is not None and data is not None:
            path = "@hidden/" + found.entry.path
            if source.wanted(path):
                yield Member(path, data)
            position = found.start + found.entry.packed - 1
        position = _next(view, position + 1, end, r.LOCAL)


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
        for kind, content in extras.fields(bytes(view[name_at + name_size : start])):
            values = extras.long_values(content)
            if kind == r.ZIP64_EXTRA and len(values) > 1:
                size, packed = values[:2]
    entry = Entry(name, flags, method, crc, packed, size, position, 0, b"", b"")
    sized = not (flags & r.STREAMED and not packed)
    return _Found(entry, start, sized)


def _next(view: memoryview, position: int, end: int, signature: bytes) -> int:
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
    readable = not entry.encrypted and supported(entry.method)
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
        following = _next(view, start, len(view), r.DESCRIPTOR)
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
    return _next(view, start, len(view), r.LOCAL) if following < 0 else following
