"""Reads cpio archives in the portable forms: newc, newc with checksum, odc (cpio(5))."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.errors import BrokenError
from dten_audit.documents.source import (
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

_NEW: Final = (b"070701", b"070702")
_OLD: Final = b"070707"
_MAGIC: Final = 6
_NEW_REST: Final = 104
_OLD_REST: Final = 70
_TRAILER: Final = "TRAILER!!!"


class _Header(NamedTuple):
    mode: int
    size: int
    name_size: int
    align: int


def members(source: Source) -> Iterator[Item]:
    """Yield what a cpio archive holds."""
    yield from walk(FlatTape(source.data), source)


def walk(tape: Tape, source: Source) -> Iterator[Item]:
    """Yield the members on a tape. Raises ``BrokenError`` where a header makes no sense."""
    while True:
        start = tape.position
        header = _header(tape)
        if header.name_size > source.budget.limits.extended_header:
            raise BrokenError("corrupt-archive", f"a name of {header.name_size} bytes")
        name = tape.take(header.name_size)
        if len(name) < header.name_size:
            raise BrokenError("truncated-archive", "in a name")
        tape.skip(-(tape.position - start) % header.align)
        path = path_text(name.rstrip(b"\0"))
        if path == _TRAILER:
            return
        path = path.removeprefix("./") or "."
        yield from _member(tape, header, path, source)
        tape.skip(-header.size % header.align)


def _header(tape: Tape) -> _Header:
    magic = tape.take(_MAGIC)
    if magic in _NEW:
        rest = tape.take(_NEW_REST)
        if not re.fullmatch(rb"[0-9A-Fa-f]{104}", rest):
            raise BrokenError("corrupt-archive", f"header before {tape.position}")
        values = [int(rest[at : at + 8], 16) for at in range(0, _NEW_REST, 8)]
        return _Header(values[1], values[6], values[11], 4)
    if magic == _OLD:
        rest = tape.take(_OLD_REST)
        if not re.fullmatch(rb"[0-7]{70}", rest):
            raise BrokenError("corrupt-archive", f"header before {tape.position}")
        return _Header(int(rest[12:18], 8), int(rest[59:70], 8), int(rest[53:59], 8), 1)
    issue = "corrupt-archive" if len(magic) == _MAGIC else "truncated-archive"
    raise BrokenError(issue, f"no header at {tape.position - len(magic)}")


def _member(tape: Tape, header: _Header, path: str, source: Source) -> Iterator[Item]:
    budget, size, kind = source.budget, header.size, stat.S_IFMT(header.mode)
    if kind == stat.S_IFDIR:
        yield Folder(path, stat.S_IMODE(header.mode))
    elif kind not in (0, stat.S_IFREG, stat.S_IFLNK):
        yield Problem("special-file", f"type {kind:#o}", path)
    is_file = kind in (0, stat.S_IFREG, stat.S_IFLNK)
    if size > budget.limits.member or not is_file or not source.wanted(path):
        if size > budget.limits.member:
            yield Problem("limit-member", f"larger than {budget.limits.member} bytes", path)
            yield Missed(path, "limit-member", size)
        if tape.skip(size) < size:
            raise BrokenError("truncated-archive", "it ends inside a member")
        return
    data = take_content(tape, size, budget)
    if len(data) < size:
        yield Problem("truncated-member", f"{size} bytes stated, {len(data)} there", path)
        yield Missed(path, "truncated", size)
    if kind == stat.S_IFLNK:
        yield Link(path, path_text(bytes(data[: budget.limits.link + 1])))
    elif data or not size:
        yield Member(path, data, stat.S_IMODE(header.mode))
    if len(data) < size:
        raise BrokenError("truncated-archive", "it ends inside a member")
