"""Parses the headers of a 7z archive: packed streams, folders of coders, files."""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

from dten_audit.documents.budget import Limits
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.sevenzip.cursor import Cursor
from dten_audit.documents.source import Data

START: Final = 32
_END, _HEADER, _PROPERTIES, _ADDITIONAL, _STREAMS, _FILES = range(6)
_PACK, _UNPACK, _SUB, _SIZE, _CRC, _FOLDER, _CODER_SIZES, _NUMBERS = range(6, 14)
_EMPTY_STREAM, _EMPTY_FILE, _ANTI, _NAMES = 14, 15, 16, 17
_ATTRIBUTES, _ENCODED, _DUMMY = 21, 23, 25
_TIMES: Final = frozenset((18, 19, 20, 24))
_MOST_CODERS: Final = 32


class Coder(NamedTuple):
    """A step of packing: its method's number, how many streams go in, its settings."""

    method: bytes
    inputs: int
    outputs: int
    settings: bytes


class Folder(NamedTuple):
    """Files packed together. ``start`` and ``packed`` say where their packed streams lie.

    ``sizes`` are those of each coder's output, ``checksum`` that of the last.
    """

    coders: tuple[Coder, ...]
    binds: tuple[tuple[int, int], ...]
    inputs: tuple[int, ...]
    sizes: tuple[int, ...]
    checksum: int | None
    start: int
    packed: tuple[int, ...]

    @property
    def main(self) -> int:
        """The number of the output that is bound to nothing: the content."""
        bound = {out for _, out in self.binds}
        return next((out for out in range(len(self.sizes)) if out not in bound), 0)

    @property
    def size(self) -> int:
        """The size of the content."""
        return self.sizes[self.main] if self.sizes else 0


class Streams(NamedTuple):
    """What is packed: folders, and for each the sizes and checksums of the files in it."""

    folders: tuple[Folder, ...]
    files: tuple[tuple[tuple[int, int | None], ...], ...]
    start: int = 0
    end: int = 0


class Entry(NamedTuple):
    """A file. ``stored`` says that it has content; a folder has none, ``anti`` deletes a file."""

    path: str
    stored: bool
    folder: bool
    anti: bool
    attributes: int | None


class Header(NamedTuple):
    """A parsed header; ``unknown`` bytes of it belong to properties that nobody defines.

    ``garbled`` says that some names are no UTF-16.
    """

    streams: Streams
    entries: tuple[Entry, ...]
    unknown: int
    garbled: bool


def read_start(data: Data, limits: Limits) -> tuple[int, int, int]:
    """Return where the header lies, its size and its checksum.

    Raises ``BrokenError`` or ``OverLimitError``.
    """
    if len(data) < START:
        raise BrokenError("truncated-archive", "shorter than its start header")
    if data[6]:
        raise BrokenError("corrupt-archive", f"version {data[6]}, which nobody defines")
    (stated,) = struct.unpack("<I", data[8:12])
    if zlib.crc32(data[12:START]) != stated:
        raise BrokenError("corrupt-archive", "the start header is damaged")
    offset, size, checksum = struct.unpack("<2QI", data[12:START])
    if START + offset + size > len(data):
        raise BrokenError("truncated-archive", "the header lies beyond the end")
    if size > limits.directory:
        raise OverLimitError("limit-directory", f"larger than {limits.directory} bytes")
    return START + offset, size, checksum


def is_encoded(header: bytes) -> bool:
    """Tell whether a header is packed itself."""
    return header[:1] == bytes([_ENCODED])


def parse_encoded(header: bytes) -> Streams:
    """Return how a packed header is packed. Raises ``BrokenError``."""
    return _streams(Cursor(header, 1))


def parse_header(header: bytes, limits: Limits) -> Header:
    """Parse an unpacked header. Raises ``BrokenError`` or ``OverLimitError``."""
    cursor = Cursor(header)
    cursor.expect(_HEADER)
    streams, unknown, garbled = Streams((), ()), 0, False
    entries: tuple[Entry, ...] = ()
    mark = cursor.byte()
    if mark == _PROPERTIES:
        while cursor.byte():
            unknown += len(cursor.take(cursor.number()))
        mark = cursor.byte()
    if mark == _ADDITIONAL:
        raise BrokenError("unsupported-method", "a header whose parts are packed apart")
    if mark == _STREAMS:
        streams = _streams(cursor)
        mark = cursor.byte()
    if mark == _FILES:
        entries, more, garbled = _entries(cursor, limits)
        unknown += more
        mark = cursor.byte()
    if mark != _END:
        raise BrokenError("corrupt-archive", f"mark {mark:#x} where the header must end")
    return Header(streams, entries, unknown + cursor.left, garbled)


def _streams(cursor: Cursor) -> Streams:
    start = 0
    packed: list[int] = []
    folders: list[Folder] = []
    files: tuple[tuple[tuple[int, int | None], ...], ...] | None = None
    while (mark := cursor.byte()) != _END:
        if mark == _PACK:
            start, packed = _packed(cursor)
        elif mark == _UNPACK:
            folders = _folders(cursor, START + start, packed)
        elif mark == _SUB:
            files = _files_of(cursor, folders)
        else:
            raise BrokenError("corrupt-archive", f"mark {mark:#x} among the streams")
    if files is None:
        files = tuple(((folder.size, folder.checksum),) for folder in folders)
    end = START + start + sum(packed)
    return Streams(tuple(folders), files, START + start, end)


def _packed(cursor: Cursor) -> tuple[int, list[int]]:
    """Return where the packed streams begin, and their sizes."""
    start, count, sizes = cursor.number(), cursor.count(), []
    while (mark := cursor.byte()) != _END:
        if mark == _SIZE:
            sizes = [cursor.number() for _ in range(count)]
        elif mark == _CRC:
            cursor.checksums(count)
        else:
            raise BrokenError("corrupt-archive", f"mark {mark:#x} among the packed streams")
    return start, sizes


def _folders(cursor: Cursor, start: int, packed: list[int]) -> list[Folder]:
    cursor.expect(_FOLDER)
    count = cursor.count(2)
    if cursor.byte():
        raise BrokenError("unsupported-method", "folders that are described elsewhere")
    shapes = [_shape(cursor) for _ in range(count)]
    cursor.expect(_CODER_SIZES)
    sizes = [tuple(cursor.number() for coder in coders for _ in range(coder.outputs))
             for coders, _, _ in shapes]  # fmt: skip
    checksums: list[int | None] = [None] * count
    while (mark := cursor.byte()) != _END:
        if mark != _CRC:
            raise BrokenError("corrupt-archive", f"mark {mark:#x} among the folders")
        checksums = cursor.checksums(count)
    folders, at, position = [], 0, start
    for (coders, binds, inputs), own_sizes, checksum in zip(shapes, sizes, checksums, strict=True):
        own = tuple(packed[at : at + len(inputs)])
        if len(own) < len(inputs):
            raise BrokenError("corrupt-archive", "more folders than packed streams")
        folders.append(Folder(coders, binds, inputs, own_sizes, checksum, position, own))
        at, position = at + len(inputs), position + sum(own)
    return folders


_Shape = tuple[tuple[Coder, ...], tuple[tuple[int, int], ...], tuple[int, ...]]


def _shape(cursor: Cursor) -> _Shape:
    """Return a folder's coders, how they are bound to each other, and the packed inputs."""
    number = cursor.number()
    if not 0 < number <= _MOST_CODERS:
        raise BrokenError("corrupt-archive", f"a folder of {number} coders")
    coders = []
    for _ in range(number):
        flags = cursor.byte()
        method = cursor.take(flags & 15)
        inputs, outputs = (cursor.number(), cursor.number()) if flags & 16 else (1, 1)
        settings = cursor.take(cursor.number()) if flags & 32 else b""
        if flags & 0xC0 or not 0 < inputs <= _MOST_CODERS or outputs != 1:
            raise BrokenError("corrupt-archive", "a coder of a shape that nobody defines")
        coders.append(Coder(method, inputs, outputs, settings))
    binds = tuple((cursor.number(), cursor.number()) for _ in range(number - 1))
    total = sum(coder.inputs for coder in coders)
    free = [each for each in range(total) if each not in {bound for bound, _ in binds}]
    count = total - len(binds)
    inputs_ = tuple(cursor.number() for _ in range(count)) if count > 1 else tuple(free)
    if len(free) != count or sorted(inputs_) != free or any(out >= number for _, out in binds):
        raise BrokenError("corrupt-archive", "coders that are bound to nothing or twice")
    return tuple(coders), binds, inputs_


def _files_of(
    cursor: Cursor, folders: list[Folder]
) -> tuple[tuple[tuple[int, int | None], ...], ...]:
    """Return the sizes and checksums of the files in each folder."""
    mark, numbers = cursor.byte(), [1] * len(folders)
    if mark == _NUMBERS:
        numbers = [cursor.number() for _ in folders]
        mark = cursor.byte()
    if sum(numbers) - len(numbers) > cursor.left:
        raise BrokenError("corrupt-archive", "more files than its header can hold")
    sizes: list[list[int]] = []
    for folder, number in zip(folders, numbers, strict=True):
        own = [cursor.number() for _ in range(number - 1)] if mark == _SIZE else []
        if number and (sum(own) > folder.size or len(own) != number - 1):
            raise BrokenError("corrupt-archive", "files that are larger than their folder")
        sizes.append([*own, folder.size - sum(own)] if number else [])
    if mark == _SIZE:
        mark = cursor.byte()
    alone = [len(own) == 1 and folder.checksum is not None
             for folder, own in zip(folders, sizes, strict=True)]  # fmt: skip
    left: list[int | None] = [None] * sum(
        len(own) for own, known in zip(sizes, alone, strict=True) if not known
    )
    while mark != _END:
        if mark != _CRC:
            raise BrokenError("corrupt-archive", f"mark {mark:#x} among the files' streams")
        left = cursor.checksums(len(left))
        mark = cursor.byte()
    following = iter(left)
    return tuple(
        ((own[0], folder.checksum),) if known else tuple((size, next(following)) for size in own)
        for folder, own, known in zip(folders, sizes, alone, strict=True)
    )


def _entries(cursor: Cursor, limits: Limits) -> tuple[tuple[Entry, ...], int, bool]:
    """Return the files, how many bytes nobody defines, and whether some names are garbled."""
    count = cursor.number()
    if count > limits.entries:
        raise OverLimitError("limit-entries", f"{count} members in one archive")
    paths: list[str] = [""] * count
    empty: list[bool] = [False] * count
    empty_file: list[bool] = []
    anti: list[bool] = []
    attributes: list[int | None] = [None] * count
    unknown, garbled = 0, False
    while (mark := cursor.byte()) != _END:
        size = cursor.number()
        part = Cursor(cursor.take(size))
        if mark == _EMPTY_STREAM:
            empty = part.bits(count)
        elif mark == _EMPTY_FILE:
            empty_file = part.bits(sum(empty))
        elif mark == _ANTI:
            anti = part.bits(sum(empty))
        elif mark == _NAMES:
            paths, garbled = _names(part, count)
        elif mark == _ATTRIBUTES:
            attributes = _attributes(part, count)
        elif mark in _TIMES:
            part.take(size)
        elif mark == _DUMMY:
            unknown += len(part.take(size).strip(b"\0"))
        unknown += part.left
    files, antis = iter(empty_file), iter(anti)
    entries = []
    for path, nothing, flags in zip(paths, empty, attributes, strict=True):
        is_file = next(files, False) if nothing else True
        deletes = next(antis, False) if nothing else False
        entries.append(Entry(path, not nothing, not is_file, deletes, flags))
    return tuple(entries), unknown, garbled


def _names(part: Cursor, count: int) -> tuple[list[str], bool]:
    """Return the paths: UTF-16, each with a NUL behind it; and whether some are no text.

    What is no text is shown as numbers.
    """
    if part.byte():
        raise BrokenError("unsupported-method", "names that stand elsewhere")
    raw = part.take(part.left)
    text = raw.decode("utf-16-le", "backslashreplace")
    names = text.split("\0")
    if len(names) != count + 1 or names[-1]:
        raise BrokenError("corrupt-archive", "not as many names as files")
    return names[:-1], text.encode("utf-16-le") != raw


def _attributes(part: Cursor, count: int) -> list[int | None]:
    there = part.defined(count)
    if part.byte():
        raise BrokenError("unsupported-method", "attributes that stand elsewhere")
    values = iter(struct.unpack(f"<{sum(there)}I", part.take(4 * sum(there))))
    return [next(values) if stated else None for stated in there]
