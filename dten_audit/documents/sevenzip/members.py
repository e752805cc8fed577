"""Lists and unpacks the members of a 7z archive, folder by folder, as they lie there."""

from __future__ import annotations

import stat
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.decoders import checksum
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.payloads import cut
from dten_audit.documents.sevenzip.coders import Unpacking, Unsupported
from dten_audit.documents.sevenzip.header import (
    START,
    Entry,
    Folder,
    Header,
    is_encoded,
    parse_encoded,
    parse_header,
    read_start,
)
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import (
    Folder as FolderItem,
)
from dten_audit.documents.source import (
    Item,
    Link,
    Member,
    Missed,
    Problem,
    Source,
    path_text,
)

_UNIX: Final = 0x8000
_DIRECTORY: Final = 0x10
_REPARSE_POINT: Final = 0x400
_EXTRA: Final = "Install dten-audit[sevenzip], which decodes {method}, and audit the package again."
_UNPACK: Final = (
    "Nothing here decodes {method}: unpack the archive with `7z x` on a host that does not matter,"
    " and audit the folder."
)
_DELETES: Final = "the file is deleted where the archive is unpacked"
_SPECIAL: Final = {
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
}


def members(source: Source) -> Iterator[Item]:
    """Yield what a 7z archive holds."""
    data, limits = source.data, source.budget.limits
    at, size, stated = read_start(data, limits)
    claimed = [(START, START), (at, at + size)]
    header = data[at : at + size]
    if zlib.crc32(header) != stated:
        raise BrokenError("corrupt-archive", "the header is damaged")
    try:
        while is_encoded(header):
            header, span = _unpacked_header(source, header)
            claimed.append(span)
    except Unsupported as error:
        yield _refusal("", error, len(data))
        return
    if size:
        parsed = parse_header(header, limits)
        claimed.append((parsed.streams.start, parsed.streams.end))
        yield from _Reading(source, parsed).items()
    yield from _unclaimed(source, claimed)


def _unpacked_header(source: Source, header: bytes) -> tuple[bytes, tuple[int, int]]:
    """Unpack a header. Raises ``BrokenError``, ``OverLimitError`` or ``Unsupported``."""
    streams = parse_encoded(header)
    most = source.budget.limits.directory
    if len(streams.folders) != 1 or not 0 < streams.folders[0].size <= most:
        if streams.folders and streams.folders[0].size > most:
            raise OverLimitError("limit-directory", f"larger than {most} bytes")
        raise BrokenError("corrupt-archive", "a packed header of several parts or none")
    folder = streams.folders[0]
    _check_place(source, folder)
    try:
        unpacked = b"".join(Unpacking(memoryview(source.data), folder, source.budget))
    except BrokenError as error:
        raise BrokenError("corrupt-archive", "the packed header does not unpack") from error
    if folder.checksum is not None and zlib.crc32(unpacked) != folder.checksum:
        raise BrokenError("corrupt-archive", "the packed header is damaged")
    return unpacked, (streams.start, streams.end)


def _check_place(source: Source, folder: Folder) -> None:
    if folder.start + sum(folder.packed) > len(source.data):
        raise BrokenError("truncated-archive", "packed data lie beyond the end")


def _unclaimed(source: Source, claimed: list[tuple[int, int]]) -> Iterator[Item]:
    """Yield the bytes that no record accounts for."""
    data, position = source.data, START
    for start, end in [*sorted(claimed), (len(data), len(data))]:
        if start > position:
            trailing = start == len(data)
            what = f"{start - position} bytes"
            yield Problem("appended-data" if trailing else "hidden-data", what, offset=position)
            path = "@trailer" if trailing else f"@hidden/{position}"
            if source.wanted(path):
                yield Member(path, cut(data, position, start, source.budget))
        position = max(position, end)


def _refusal(path: str, error: Unsupported, size: int) -> Missed:
    if error.reason == "encrypted":
        return Missed(path, error.reason, size)
    text = _EXTRA if error.extra else _UNPACK
    return Missed(path, error.reason, size, remedy=text.format(method=error.method))


class _Reading:
    """The members of one archive on their way out."""

    def __init__(self, source: Source, header: Header) -> None:
        self._source = source
        self._header = header
        self._view = memoryview(source.data)
        name = source.name
        self._alone = name[:-3] if name.lower().endswith(".7z") else "content"

    def items(self) -> Iterator[Item]:
        """Yield the members in the archive's order."""
        if self._header.unknown:
            yield Problem("hidden-data", f"{self._header.unknown} bytes in the header")
        if self._header.garbled:
            yield Problem("path-encoding", "names that are no UTF-16")
        streams = self._header.streams
        stored = [entry for entry in self._header.entries if entry.stored]
        count = sum(map(len, streams.files))
        if len(stored) != count:
            yield Problem("count-mismatch", f"{len(stored)} files listed, {count} there")
        yield from self._empty()
        following = iter(stored)
        nameless = Entry("", stored=True, folder=False, anti=False, attributes=None)
        for folder, files in zip(streams.folders, streams.files, strict=True):
            parts = [(next(following, nameless), size, crc) for size, crc in files]
            yield from self._folder(folder, parts)
        for entry in following:
            yield Missed(entry.path, "missing")

    def _empty(self) -> Iterator[Item]:
        """Yield folders, empty files, and marks that delete a file."""
        for entry in self._header.entries:
            mode = _mode(entry)
            if entry.stored:
                continue
            if entry.anti:
                yield Problem("deletion-mark", _DELETES, entry.path)
            elif entry.folder:
                yield FolderItem(entry.path, mode)
            elif kind := _special(entry):
                yield Problem("special-file", kind, entry.path)
            elif self._source.wanted(entry.path):
                yield Member(entry.path, b"", mode)

    def _folder(self, folder: Folder, parts: list[tuple[Entry, int, int | None]]) -> Iterator[Item]:
        """Yield the files that are packed together; what stops one stops those behind it."""
        try:
            _check_place(self._source, folder)
            unpacking = Unpacking(self._view, folder, self._source.budget)
        except Unsupported as error:
            for entry, size, _ in parts:
                yield _refusal(self._path(entry), error, size)
            return
        except (BrokenError, OverLimitError) as error:
            yield from self._lost(parts, error)
            return
        splitter = _Splitter(unpacking)
        for number, (entry, size, crc) in enumerate(parts):
            with Sink(self._source.budget, charged=True) as sink:
                try:
                    fits = splitter.file(sink, size) == crc or crc is None
                except (BrokenError, OverLimitError) as error:
                    yield from self._partial(entry, sink)
                    yield from self._lost(parts[number:], error)
                    return
                yield from self._file(entry, sink, fits=fits)
        if unpacking.tails:
            yield from self._tail(folder, parts)

    def _path(self, entry: Entry) -> str:
        return entry.path or self._alone

    def _file(self, entry: Entry, sink: Sink, *, fits: bool) -> Iterator[Item]:
        path = self._path(entry)
        special = _special(entry)
        if special:
            yield Problem("special-file", special, path)
        if not self._source.wanted(path):
            return
        if not fits:
            yield Problem("checksum-mismatch", "", path)
        if _is_link(entry) and sink.size:
            most = self._source.budget.limits.link + 1
            yield Link(path, path_text(bytes(sink.data()[:most])))
        else:
            yield Member(path, sink.data(), _mode(entry))

    def _partial(self, entry: Entry, sink: Sink) -> Iterator[Item]:
        path = self._path(entry)
        if sink.size and self._source.wanted(path):
            yield Member(path, sink.data(), _mode(entry))

    def _lost(
        self,
        parts: list[tuple[Entry, int, int | None]],
        error: BrokenError | OverLimitError,
    ) -> Iterator[Item]:
        """Yield that files are missing; pass on a limit that ends the audit."""
        if isinstance(error, OverLimitError):
            if error.final:
                raise error
            yield Problem(error.issue, error.detail, self._path(parts[0][0]))
            reason = error.issue
        else:
            reason = "truncated" if error.issue.startswith("truncated") else "corrupt"
            yield Problem(f"{reason}-member", error.detail, self._path(parts[0][0]))
        for entry, size, _ in parts:
            yield Missed(self._path(entry), reason, size)

    def _tail(self, folder: Folder, parts: list[tuple[Entry, int, int | None]]) -> Iterator[Item]:
        """Yield packed bytes that nothing was made of; a second pass finds where they begin."""
        again = Unpacking(self._view, folder, self._source.budget, finely=True)
        deque(again, 0)
        path = self._path(parts[-1][0]) if parts else ""
        for start, end in again.tails:
            what = f"{end - start} bytes behind the end of its packed data"
            yield Problem("packed-tail", what, path, start)
            name = f"@tail/{path}"
            if self._source.wanted(name):
                yield Member(name, cut(self._source.data, start, end, self._source.budget))


class _Splitter:
    """Divides a folder's content into its files."""

    def __init__(self, unpacking: Unpacking) -> None:
        self._chunks = iter(unpacking)
        self._rest = b""

    def file(self, sink: Sink, size: int) -> int:
        """Write the next file and return its checksum.

        Raises ``BrokenError`` or ``OverLimitError``.
        """
        found, crc32 = 0, checksum()
        while sink.size < size:
            if not self._rest:
                self._rest = next(self._chunks, b"")
                if not self._rest:
                    raise BrokenError("truncated-stream", "the packed data end before the files do")
            taken = self._rest[: size - sink.size]
            self._rest = self._rest[len(taken) :]
            found = crc32(taken, found)
            sink.write(taken)
        return found


def _unix(entry: Entry) -> int | None:
    """Return the Unix type and mode, where the writer stated them."""
    if entry.attributes is None or not entry.attributes & _UNIX:
        return None
    return entry.attributes >> 16


def _mode(entry: Entry) -> int | None:
    unix = _unix(entry)
    return None if unix is None else stat.S_IMODE(unix)


def _is_link(entry: Entry) -> bool:
    unix = _unix(entry)
    if unix is not None:
        return stat.S_ISLNK(unix)
    return bool((entry.attributes or 0) & _REPARSE_POINT)


def _special(entry: Entry) -> str:
    unix = _unix(entry)
    return "" if unix is None else _SPECIAL.get(stat.S_IFMT(unix), "")
