"""Reads cpio archives (cpio(5)), also several behind each other, as in an initial RAM disk."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from typing import Final
from zlib import adler32

from dten_audit.documents.cpio.header import Header, read_header, starts_cpio
from dten_audit.documents.decoders import CHUNK
from dten_audit.documents.errors import BrokenError
from dten_audit.documents.kinds import CONTAINERS, kind_of
from dten_audit.documents.names import mode_problems
from dten_audit.documents.sink import Sink
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
from dten_audit.documents.tape import FlatTape, Tape, take_content

_TRAILER: Final = "TRAILER!!!"
_HEAD: Final = 4096
_STEP: Final = 256
_FILES: Final = (0, stat.S_IFREG)
_SPECIAL: Final = {
    stat.S_IFBLK: "block device",
    stat.S_IFCHR: "character device",
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
}

Named = Callable[[int], tuple[str, int, int]]
"""Number of a file in an RPM's header → its path, mode, and size in the payload."""


def members(source: Source) -> Iterator[Item]:
    """Yield what a cpio archive holds."""
    yield from walk(FlatTape(source.data), source)


def walk(tape: Tape, source: Source, named: Named | None = None) -> Iterator[Item]:
    """Yield the members on a tape. Raises ``BrokenError`` where a header makes no sense.

    ``named`` tells what the headers of a large RPM's payload leave out.
    """
    archives = 1
    yield from _Archive(tape, source, named).members()
    while True:
        start = tape.position
        head = _past_zeros(tape)
        if not head:
            return
        if not starts_cpio(head):
            yield from _behind(tape, source, head, start)
            return
        tape.back(head)
        archives += 1
        yield Problem("several-archives", f"number {archives}", offset=tape.position)
        yield from _Archive(tape, source, None).members()


def _past_zeros(tape: Tape) -> bytes:
    """Return some bytes from the first one on that is not zero; nothing at the end."""
    while chunk := tape.take(_HEAD):
        rest = chunk.lstrip(b"\0")
        if rest:
            return rest
    return b""


def _behind(tape: Tape, source: Source, head: bytes, start: int) -> Iterator[Item]:
    """Yield what follows an archive: a kernel unpacks another one there, also a packed one."""
    kind = kind_of("@trailer", head)
    packed = kind in CONTAINERS
    issue = "several-archives" if packed else "appended-data"
    yield Problem(issue, kind if packed else "behind the last member", offset=start)
    if not source.wanted("@trailer"):
        return
    with Sink(source.budget) as sink:
        chunk = head
        while chunk:
            sink.write(chunk)
            chunk = tape.take(CHUNK)
        yield Member("@trailer", sink.data())


class _Archive:
    """The reading of one archive: the tape, and the hard links whose content is still to come."""

    def __init__(self, tape: Tape, source: Source, named: Named | None) -> None:
        self._tape = tape
        self._source = source
        self._named = named
        self._waiting: dict[tuple[int, ...], list[tuple[str, int]]] = {}

    def members(self) -> Iterator[Item]:
        """Yield the members up to the trailer."""
        tape = self._tape
        while True:
            start = tape.position
            header = read_header(tape)
            if header.number >= 0:
                path, header = self._by_number(header)
            else:
                path = self._name(header)
            yield from self._padding(-(tape.position - start) % header.align)
            if path == _TRAILER:
                break
            path = path.removeprefix("./") or "."
            yield from self._member(header, path)
            yield from self._padding(-header.size % header.align)
        yield from self._empty()

    def _padding(self, size: int) -> Iterator[Item]:
        """Pass over padding, which is zeros. Some writers leave the last one out."""
        if size and self._tape.take(size).strip(b"\0"):
            offset = self._tape.position - size
            yield Problem("hidden-data", "in the padding", offset=offset)

    def _name(self, header: Header) -> str:
        if header.name_size > self._source.budget.limits.extended_header:
            raise BrokenError("corrupt-archive", f"a name of {header.name_size} bytes")
        name = self._tape.take(header.name_size)
        if len(name) < header.name_size:
            raise BrokenError("truncated-archive", "in a name")
        return path_text(name.rstrip(b"\0"))

    def _by_number(self, header: Header) -> tuple[str, Header]:
        if self._named is None:
            raise BrokenError("corrupt-archive", "a payload without the RPM that it is from")
        path, mode, size = self._named(header.number)
        return path, header._replace(mode=mode, size=size)

    def _member(self, header: Header, path: str) -> Iterator[Item]:
        kind = stat.S_IFMT(header.mode)
        if kind == stat.S_IFDIR:
            yield Folder(path, stat.S_IMODE(header.mode))
        elif kind in _SPECIAL:
            yield Problem("special-file", _SPECIAL[kind], path)
        elif kind not in _FILES and kind != stat.S_IFLNK:
            yield Problem("unknown-type", f"type {kind:#o}", path)
        elif kind != stat.S_IFLNK and header.links > 1 and header.file:
            if not header.size:
                self._waiting.setdefault(header.file, []).append((path, header.mode))
                return
            for other, mode in self._waiting.pop(header.file, ()):
                yield Link(other, path, hard=True)
                if self._named is None:
                    yield from mode_problems(other, stat.S_IMODE(mode), folder=False)
        if kind not in _FILES and kind != stat.S_IFLNK:
            if not header.size:
                return
            yield Problem("folder-with-data", f"{header.size} bytes on no file", path)
        yield from self._file(header, path, kind)

    def _file(self, header: Header, path: str, kind: int) -> Iterator[Item]:
        budget, size = self._source.budget, header.size
        large = size > budget.limits.member
        if large:
            yield Problem("limit-member", f"larger than {budget.limits.member} bytes", path)
            yield Missed(path, "limit-member", size)
        if large or not self._source.wanted(path):
            if self._tape.skip(size) < size:
                raise BrokenError("truncated-archive", "it ends inside a member")
            return
        data = take_content(self._tape, size, budget)
        if len(data) < size:
            yield Problem("truncated-member", f"{size} bytes stated, {len(data)} there", path)
            yield Missed(path, "truncated", size)
        elif header.checksum >= 0 and kind != stat.S_IFLNK and byte_sum(data) != header.checksum:
            yield Problem("checksum-mismatch", "", path)
        if kind == stat.S_IFLNK:
            yield Link(path, path_text(bytes(data[: budget.limits.link + 1])))
            if len(data) > budget.limits.link:
                yield Missed(path, "limit-header", size)
        elif data or not size:
            yield Member(path, data, stat.S_IMODE(header.mode))
        if len(data) < size:
            raise BrokenError("truncated-archive", "it ends inside a member")

    def _empty(self) -> Iterator[Item]:
        """Yield the files with several names that really are empty."""
        for links in self._waiting.values():
            first, mode = links[0]
            if self._source.wanted(first):
                yield Member(first, b"", stat.S_IMODE(mode))
            for path, _ in links[1:]:
                yield Link(path, first, hard=True)


def byte_sum(data: Data) -> int:
    """Return the sum of the bytes, of 32 bits, as ``070702`` states it.

    The low half of an Adler-32 (RFC 1950) is one more than the sum, which in 256 bytes stays below
    its modulus: that is ten times as fast as adding them up.
    """
    view = memoryview(data)
    total = 0
    for at in range(0, len(view), _STEP):
        total += (adler32(view[at : at + _STEP]) & 0xFFFF) - 1
    return total & 0xFFFFFFFF
