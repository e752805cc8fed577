"""Reads tar: ustar and pax (POSIX.1-2017, pax), GNU's additions, star, Solaris, V7."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.source import (
    Data,
    Folder,
    Item,
    Link,
    Member,
    Missed,
    Problem,
    Source,
)
from dten_audit.documents.tape import FlatTape, Tape, take_content
from dten_audit.documents.tar.header import (
    BLOCK,
    ZEROS,
    Header,
    is_header,
    number,
    read_header,
    text,
)
from dten_audit.documents.tar.pax import Stated
from dten_audit.documents.tar.sparse import checked, expand, old_map, pax_map
from dten_audit.documents.tar.trailer import behind_end

_EXTENDED: Final = frozenset("xgLKX")
_REGULAR: Final = frozenset("0\0007")
_SPECIAL: Final = {"3": "character device", "4": "block device", "6": "named pipe"}
_BACKUP: Final = {
    "D": "GNU's list of a folder: tar -G deletes what is not in it",
    "N": "GNU's old list of names",
    "V": "the label of a volume",
}
_WITHOUT_DATA: Final = frozenset("123456")
_HIDDEN: Final = "@hidden/"
_MOST_RECORDS: Final = 8
"""So many pax records a member, on average, are more than any writer writes."""
_MOST_HEADERS: Final = 100
"""So many extended headers before one member; writers write four at most."""


def members(source: Source) -> Iterator[Item]:
    """Yield what a tar archive holds."""
    yield from walk(FlatTape(source.data), source)


def walk(tape: Tape, source: Source) -> Iterator[Item]:
    """Yield the members on a tape, also those behind the end mark, where most programs stop.

    Raises ``BrokenError`` where the archive ends too early, ``OverLimitError`` at a final limit.
    """
    archive = _Archive(tape, source)
    yield from archive.members(tape.take(BLOCK))
    archive.prefix = _HIDDEN
    yield from behind_end(tape, source, archive.members)


class _Archive:
    """The reading of one archive: the tape, and what was met on it."""

    def __init__(self, tape: Tape, source: Source) -> None:
        self.prefix = ""
        self._tape = tape
        self._source = source
        self._budget = source.budget
        self._files: set[str] = set()
        self._records = 0

    def members(self, block: bytes) -> Iterator[Item]:
        """Yield members up to a block of zeros; ``block`` is the first header."""
        tape, limits = self._tape, self._budget.limits
        most = min(limits.memory, limits.member)
        stated: Stated | None = None
        lost = False
        while len(block) == BLOCK and block != ZEROS:
            header = read_header(block)
            if header is None:
                if not lost:
                    yield from self._lose(stated)
                stated = None
            elif header.plain and stated is None and header.size <= most:
                block = yield from self._plain(header)
                lost = False
                continue
            elif header.type in _EXTENDED:
                if header.type != "g":
                    stated = stated or Stated()
                yield from self._extended(header, stated or Stated())
            else:
                yield from self._member(header, stated)
                stated = None
            lost = header is None
            block = tape.take(BLOCK)
        yield from self._forget(stated)
        if not block:
            yield Problem("no-end-mark", "")
        elif len(block) < BLOCK:
            raise BrokenError("truncated-archive", f"{len(block)} bytes instead of a header")

    def _plain(self, header: Header) -> Generator[Item, None, bytes]:
        """Yield an ordinary file; return the block behind it. The short way for most members."""
        path, size = header.path, header.size
        path = self.prefix + (_clean(path) if path[0] == "." else path)
        self._files.add(path)
        if not self._source.wanted(path):
            self._pass(size)
            return self._tape.take(BLOCK)
        data = self._tape.take(size)
        if len(data) < size:
            yield from self._cut(path, data, size, header.mode)
        extra = -size % BLOCK
        behind = self._tape.take(extra + BLOCK)
        if behind[:extra].strip(b"\0"):
            yield from _padding(behind[:extra], self._tape.position - len(behind), path)
        yield Member(path, data, header.mode)
        return behind[extra:]

    def _lose(self, stated: Stated | None) -> Iterator[Item]:
        where = self._tape.position - BLOCK
        yield Problem("corrupt-header", "looking for the next one", offset=where)
        yield Missed("", "corrupt", 0)
        yield from self._forget(stated)

    def _forget(self, stated: Stated | None) -> Iterator[Item]:
        """Say what extended headers say of no member."""
        if stated is not None:
            yield Problem("extra-invalid", "an extended header without a member behind it")
            yield from self._remarks(stated, "")

    def _extended(self, header: Header, stated: Stated) -> Iterator[Item]:
        """Read a header that speaks of the next one, or of all; yield what is wrong with it."""
        tape, size = self._tape, header.size
        stated.headers.append(header.path)
        if len(stated.headers) > _MOST_HEADERS:
            yield from self._remarks(stated, "")
            raise OverLimitError("limit-header", f"{_MOST_HEADERS} headers for one member")
        yield from self._stray(header, "")
        padded = size + -size % BLOCK
        if size > self._budget.limits.extended_header:
            what = f"an extended header of {size} bytes"
            yield Problem("limit-header", what, offset=tape.position)
            yield Missed("", "limit-header", size)
            if tape.skip(padded) < padded:
                raise BrokenError("truncated-archive", what)
            return
        start = tape.position
        content = tape.take(padded)
        if len(content) < size:
            raise BrokenError("truncated-archive", "in an extended header")
        end = size
        if header.type in "LK":
            end = min(size, len(content.partition(b"\0")[0]))
            (stated.name if header.type == "L" else stated.aim)(text(content[:end]))
        else:
            yield from self._records_of(header, stated, content[:size])
        yield from _padding(content[end:], start + end, "")

    def _records_of(self, header: Header, stated: Stated, content: bytes) -> Iterator[Item]:
        """Take the records of a pax header. Raises ``OverLimitError`` at senselessly many."""
        self._records += content.count(b"\n")
        most = _MOST_RECORDS * self._budget.limits.entries
        if self._records > most:
            yield from self._remarks(stated, "")
            raise OverLimitError("limit-header", f"more than {most} pax records")
        try:
            (stated.global_records if header.type == "g" else stated.records)(content)
        except OverLimitError:
            yield from self._remarks(stated, "")
            raise
        if header.type != "g":
            return
        if stated.volume:
            yield from self._part("", stated.volume.get("offset", "?"))
        yield from self._remarks(stated, "")

    def _member(self, header: Header, stated: Stated | None) -> Iterator[Item]:
        """Yield the member that a header starts, and pass over its data."""
        kind, size, path, target = header.type, header.size, header.path, header.target
        if stated is not None:
            stated.headers.append(path)
            path, target = stated.path or path, stated.target or target
            size = size if stated.size < 0 else stated.size
        folder = path.endswith("/")
        path = self.prefix + _clean(path)
        if stated is not None:
            if stated.size >= 0 and header.size not in (0, stated.size):
                yield Problem("header-mismatch", f"sizes {header.size} and {stated.size}", path)
            yield from self._remarks(stated, path)
        yield from self._stray(header, path)
        if kind == "S" or (stated is not None and stated.sparse):
            yield from self._sparse(header, stated or Stated(), path, size)
        elif kind in _REGULAR and not folder:
            if target:
                yield Problem("extra-data", f"a link's target on a file: {target[:200]}", path)
            if stated is not None and stated.volume:
                yield from self._part(path, stated.volume.get("offset", "?"))
            yield from self._file(path, size, header.mode)
        elif kind in _WITHOUT_DATA or kind in _REGULAR:
            yield from self._without_data(header, path, target, size)
        else:
            yield from self._odd(header, path, target, size)

    def _stray(self, header: Header, path: str) -> Iterator[Item]:
        if header.stray >= 0:
            offset = self._tape.position - BLOCK + header.stray
            yield Problem("hidden-data", "in a header", path, offset)

    def _remarks(self, stated: Stated, path: str) -> Iterator[Item]:
        for issue, detail in stated.notes:
            yield Problem(issue, detail, path)
        for name, content in stated.texts:
            if name == "@dumpdir":
                yield Problem("backup-record", _BACKUP["D"], path)
            yield from self._text(name, content)
        for own in stated.strange(path):
            yield from self._text("@name", own)

    def _text(self, name: str, content: bytes) -> Iterator[Item]:
        if self._source.wanted(self.prefix + name):
            yield Member(self.prefix + name, content)

    def _part(self, path: str, offset: str) -> Iterator[Item]:
        yield Problem("several-disks", f"a part of a file, from byte {offset} on", path)
        yield Missed(path, "missing", 0)

    def _without_data(self, header: Header, path: str, target: str, size: int) -> Iterator[Item]:
        """Yield a link, folder or device; and data that it has all the same."""
        kind = header.type
        if kind in "12":
            yield Link(path, target, hard=kind == "1")
            if kind == "1" and _clean(target) not in self._files and not _outside(target):
                yield Problem("link-missing", f"hard link to {target[:200]}", path)
            self._files.add(path)
        elif kind in _SPECIAL:
            yield Problem("special-file", _SPECIAL[kind], path)
        else:
            yield Folder(path.rstrip("/"), header.mode)
        if kind not in "12" and target:
            yield Problem("extra-data", f"a link's target on none: {target[:200]}", path)
        if not size:
            return
        issue = "header-mismatch" if kind in "12346" else "folder-with-data"
        yield Problem(issue, f"{size} bytes of data on no file", path)
        block = self._tape.take(BLOCK)
        self._tape.back(block)
        if block and block != ZEROS and not is_header(block):
            yield from self._file(path.rstrip("/"), size, header.mode)

    def _odd(self, header: Header, path: str, target: str, size: int) -> Iterator[Item]:
        """Yield a member of a type that only backup programs write, or of an unknown one."""
        kind = header.type
        if target:
            yield Problem("extra-data", f"a link's target on none: {target[:200]}", path)
        if kind == "M":
            yield from self._part(path, str(number(header.block[369:381])))
        elif kind == "V":
            yield from self._text("@label", path.encode())
            if not size:
                return
            yield Problem("backup-record", f"{_BACKUP[kind]}, with {size} bytes", path)
        elif kind in _BACKUP:
            yield Problem("backup-record", _BACKUP[kind], path)
        else:
            yield Problem("unknown-type", f"type {kind!r}, read as a file", path)
        if kind == "D":
            yield Folder(path.rstrip("/"), header.mode)
            path = f"{self.prefix}@dumpdir"
        yield from self._file(path, size, header.mode)

    def _file(self, path: str, size: int, mode: int) -> Iterator[Item]:
        """Yield a file's content."""
        tape, limits = self._tape, self._budget.limits
        self._files.add(path)
        if not self._source.wanted(path):
            self._pass(size)
            return
        if size > limits.member:
            yield Problem("limit-member", f"larger than {limits.member} bytes", path)
            yield Missed(path, "limit-member", size)
            self._pass(size)
            return
        data = take_content(tape, size, self._budget)
        if len(data) < size:
            yield from self._cut(path, data, size, mode)
        extra = -size % BLOCK
        if extra:
            padding = tape.take(extra)
            if padding.strip(b"\0"):
                yield from _padding(padding, tape.position - len(padding), path)
        yield Member(path, data, mode)

    def _cut(self, path: str, data: Data, size: int, mode: int) -> Iterator[Item]:
        yield Problem("truncated-member", f"{size} bytes stated, {len(data)} there", path)
        if data:
            yield Member(path, data, mode)
        yield Missed(path, "truncated", size)
        raise BrokenError("truncated-archive", "it ends inside a member")

    def _pass(self, size: int) -> None:
        if self._tape.skip(size + -size % BLOCK) < size:
            raise BrokenError("truncated-archive", "it ends inside a member")

    def _sparse(self, header: Header, stated: Stated, path: str, size: int) -> Iterator[Item]:
        """Yield a file with its holes as zeros; as it lies there where its map does not hold."""
        tape = self._tape
        start = tape.position
        if stated.sparse:
            holes = pax_map(tape, stated.sparse, self._budget)
            size -= tape.position - start
        else:
            holes = old_map(tape, header.block, self._budget)
        holes = checked(holes, max(size, 0))
        if holes.flaw or size < 0:
            yield Problem("sparse-member", holes.flaw, path)
            yield from self._file(path, max(size, 0), header.mode)
            return
        self._files.add(path)
        if not self._source.wanted(path):
            self._pass(size)
            return
        try:
            data, missing = expand(tape, holes, self._budget)
        except OverLimitError as error:
            if error.final:
                raise
            yield Problem(error.issue, error.detail, path)
            yield Missed(path, error.issue, holes.size)
            self._pass(size)
            return
        if missing:
            yield from self._cut(path, data, len(data) + missing, header.mode)
        end = tape.position
        yield from _padding(tape.take(-size % BLOCK), end, path)
        yield Member(path, data, header.mode)


def _padding(padding: bytes, offset: int, path: str) -> Iterator[Item]:
    """Say that bytes stand where a format wants zeros."""
    found = padding.lstrip(b"\0")
    if found:
        where = offset + len(padding) - len(found)
        yield Problem("hidden-data", "in the padding", path, where)


def _outside(target: str) -> bool:
    """Tell whether a hard link's target is judged already, as one that leaves the archive."""
    return target.startswith("/") or ".." in target.split("/")


def _clean(path: str) -> str:
    """Return a path without the leading ``./`` that tar writes for a folder's content."""
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path or "."
