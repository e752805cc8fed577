"""Reads tar: ustar and pax (POSIX.1-2017, pax), GNU's long names and sparse files, V7."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final, NamedTuple

from dten_audit.documents.budget import Budget
from dten_audit.documents.errors import BrokenError
from dten_audit.documents.source import Folder, Item, Link, Member, Missed, Problem, Source
from dten_audit.documents.tape import FlatTape, Tape, take_content
from dten_audit.documents.tar_header import (
    BLOCK,
    Header,
    checksum_fits,
    pax_records,
    read_header,
    text,
)

_EXTENDED: Final = frozenset("xgLKXN")
_REGULAR: Final = frozenset("0\0007S")
_SPECIAL: Final = {"3": "character device", "4": "block device", "6": "named pipe"}
_SIZE_DIGITS: Final = 19


class _Stated(NamedTuple):
    """What extended headers say of the next member; empty or -1 where they say nothing.

    ``other`` is a second, different name that they give it.
    """

    path: str = ""
    target: str = ""
    size: int = -1
    sparse: bool = False
    other: str = ""


def members(source: Source) -> Iterator[Item]:
    """Yield what a tar archive holds."""
    yield from walk(FlatTape(source.data), source)


def walk(tape: Tape, source: Source) -> Iterator[Item]:
    """Yield the members on a tape, also those behind the end mark, where most programs stop.

    Raises ``BrokenError`` where the archive ends too early, ``OverLimitError`` at a final limit.
    """
    yield from _until_end(tape, source, "")
    hidden = False
    while block := tape.take(BLOCK):
        if not block.strip(b"\0"):
            continue
        if not hidden:
            yield Problem("appended-data", "behind the end mark", offset=tape.position - len(block))
            hidden = True
        if len(block) == BLOCK and block[257:262] == b"ustar" and checksum_fits(block):
            yield from _until_end(tape, source, "@hidden/", block)


def _until_end(tape: Tape, source: Source, prefix: str, first: bytes = b"") -> Iterator[Item]:
    """Yield members up to a zero block."""
    stated = _Stated()
    lost = False
    while True:
        block = first or tape.take(BLOCK)
        first = b""
        if not block:
            yield Problem("no-end-mark", "")
            return
        if len(block) < BLOCK:
            raise BrokenError("truncated-archive", f"{len(block)} bytes instead of a header")
        if not block.strip(b"\0"):
            return
        header = read_header(block) if checksum_fits(block) else None
        if header is None:
            if not lost:
                where = tape.position - BLOCK
                yield Problem("corrupt-header", "looking for the next one", offset=where)
                yield Missed("", "corrupt", 0)
            lost = True
            continue
        lost = False
        if header.type in _EXTENDED:
            stated = yield from _extended(tape, header, stated, source.budget)
            continue
        yield from _member(tape, header, stated, source, prefix)
        stated = _Stated()


def _extended(
    tape: Tape, header: Header, stated: _Stated, budget: Budget
) -> Generator[Item, None, _Stated]:
    """Read a header that speaks of the next one; yield what is wrong with it."""
    padded = header.size + -header.size % BLOCK
    if header.size > budget.limits.extended_header:
        what = f"an extended header of {header.size} bytes"
        yield Problem("limit-header", what, offset=tape.position)
        if tape.skip(padded) < padded:
            raise BrokenError("truncated-archive", what)
        return stated
    content = tape.take(padded)
    if len(content) < header.size:
        raise BrokenError("truncated-archive", "in an extended header")
    content = content[: header.size]
    if header.type == "L":
        return _named(stated, text(content))
    if header.type == "K":
        return stated._replace(target=text(content))
    if header.type not in "xX":
        return stated
    seen = set()
    for key, value in pax_records(content):
        if not key or key in seen:
            issue = "extra-duplicate" if key else "extra-invalid"
            yield Problem(issue, f"pax record {key}".strip(), offset=tape.position)
        seen.add(key)
        if key in ("path", "GNU.sparse.name"):
            stated = _named(stated, value)
        elif key == "linkpath":
            stated = stated._replace(target=value)
        elif key == "size":
            if not (value.isascii() and value.isdigit() and len(value) < _SIZE_DIGITS):
                raise BrokenError("corrupt-archive", f"pax size {value[:40]}")
            stated = stated._replace(size=int(value))
        elif key.startswith("GNU.sparse."):
            stated = stated._replace(sparse=True)
    return stated


def _named(stated: _Stated, path: str) -> _Stated:
    if stated.path and stated.path != path:
        return stated._replace(path=path, other=stated.path)
    return stated._replace(path=path)


def _member(
    tape: Tape, header: Header, stated: _Stated, source: Source, prefix: str
) -> Iterator[Item]:
    """Yield the member that a header starts, and pass over its data."""
    path = prefix + _clean(stated.path or header.path)
    size = header.size if stated.size < 0 else stated.size
    if stated.size >= 0 and header.size not in (0, stated.size):
        yield Problem("header-mismatch", f"sizes {header.size} and {stated.size}", path)
    if stated.other:
        yield Problem("header-mismatch", f"another name: {stated.other[:200]}", path)
    kind = header.type
    if kind in "12":
        yield Link(path, stated.target or header.target, hard=kind == "1")
    elif kind in "5D":
        yield Folder(path.rstrip("/"), header.mode)
    elif kind in _SPECIAL:
        yield Problem("special-file", _SPECIAL[kind], path)
    if kind in "123456":
        if size and kind != "5":
            yield Problem("header-mismatch", f"{size} bytes of data on no file", path)
        return
    if kind == "S":
        _pass_sparse_headers(tape, header)
    if kind == "S" or stated.sparse:
        yield Problem("sparse-member", "", path)
    if kind in "VD":
        _pass(tape, size)
        return
    if kind not in _REGULAR:
        yield Problem("unknown-type", f"type {kind!r}, read as a file", path)
    yield from _file(tape, path, size, header.mode, source)


def _file(tape: Tape, path: str, size: int, mode: int, source: Source) -> Iterator[Item]:
    """Yield a file's content."""
    limits = source.budget.limits
    if not source.wanted(path):
        _pass(tape, size)
        return
    if size > limits.member:
        yield Problem("limit-member", f"larger than {limits.member} bytes", path)
        yield Missed(path, "limit-member", size)
        _pass(tape, size)
        return
    data = take_content(tape, size, source.budget)
    if len(data) < size:
        yield Problem("truncated-member", f"{size} bytes stated, {len(data)} there", path)
        if data:
            yield Member(path, data, mode)
        yield Missed(path, "truncated", size)
        raise BrokenError("truncated-archive", "it ends inside a member")
    tape.skip(-size % BLOCK)
    yield Member(path, data, mode)


def _pass(tape: Tape, size: int) -> None:
    padded = size + -size % BLOCK
    if tape.skip(padded) < size:
        raise BrokenError("truncated-archive", "it ends inside a member")


def _pass_sparse_headers(tape: Tape, header: Header) -> None:
    """Pass over the further blocks of a GNU sparse file's map."""
    more = header.more
    while more:
        block = tape.take(BLOCK)
        if len(block) < BLOCK:
            raise BrokenError("truncated-archive", "in a sparse file's map")
        more = block[504] == 1


def _clean(path: str) -> str:
    """Return a path without the leading ``./`` that tar writes for a folder's content."""
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path or "."
