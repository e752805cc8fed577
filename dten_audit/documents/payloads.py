"""Finds archives in a run of bytes: by their first bytes, verified by decoding what follows."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from dten_audit.documents.budget import Budget
from dten_audit.documents.decoders import CHUNK, make_decoder
from dten_audit.documents.kinds import SAMPLE, is_tar_block, kind_of
from dten_audit.documents.programs import extent_of
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Data, Missed

_BLOCK: Final = 512
_FEED: Final = 1 << 18
_MOST_PARTS: Final = 16
_TRIAL: Final = 1 << 16
_TRIED: Final = 256
_WINDOW: Final = 1 << 16
_FARTHEST: Final = 16 << 20
_STREAMS: Final = frozenset(("gzip", "bzip2", "xz", "zstd"))
_MAGICS: Final[tuple[tuple[bytes, int, str], ...]] = (
    (b"\x1f\x8b\x08", 0, "gzip"),
    (b"1AY&SY", 4, "bzip2"),
    (b"\xfd7zXZ\0", 0, "xz"),
    (b"\x28\xb5\x2f\xfd", 0, "zstd"),
    (b"PK\x03\x04", 0, "zip"),
    (b"ustar", 257, "tar"),
    (b"7z\xbc\xaf\x27\x1c", 0, "7z"),
    (b"Rar!\x1a\x07", 0, "rar"),
    (b"MSCF\0\0\0\0", 0, "cab"),
    (b"hsqs", 0, "squashfs"),
    (b"\xef\xbe\xad\xdeNullsoftInst", 4, "nsis"),
    (b"\x7fELF", 0, "elf"),
    (b"07070", 0, "cpio"),
    (b"!<arch>\n", 0, "ar"),
    (b"\xed\xab\xee\xdb", 0, "rpm"),
    (b"\x04\x22\x4d\x18", 0, "lz4"),
    (b"\x02\x21\x4c\x18", 0, "lz4"),
    (b"LZIP\x01", 0, "lzip"),
    (b"\x89LZO\0\r\n\x1a\n", 0, "lzop"),
    (b"BZ3v1", 0, "bzip3"),
    (b"Salted__", 0, "salted"),
)
"""Bytes, how far behind the start they stand, and the kind."""
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"Inno Setup Setup Data (", "inno-setup"),
    (b"ISSetupStream", "installshield"),
    (b"InstallShield\0", "installshield"),
    (b"MEI\x0c\x0b\x0a\x0b\x0e", "pyinstaller"),
    (b"d3n0l4nd", "deno-compile"),
    (b"\n---- Bun! ----\n", "bun-compile"),
    (b"AU3!EA06", "autoit"),
)


def first_archive(data: Data, start: int, end: int) -> tuple[int, str]:
    """Return where the first archive in ``data[start:end]`` begins, and its kind.

    Only what decodes, or whose header holds together, is one. Returns ``end`` and an empty kind
    where there is none among the first 256 places that look like one, in the first 16 MiB.
    """
    for number, (at, kind) in enumerate(_candidates(data, start, min(end, start + _FARTHEST))):
        if number == _TRIED:
            break
        if verified(data, at, kind):
            return at, kind
    return end, ""


def _candidates(data: Data, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Yield places that look like an archive, in order: in windows, as most begin early."""
    size = _WINDOW
    while start < end:
        stop = min(end, start + size)
        found = [
            (at, kind)
            for magic, before, kind in _MAGICS
            for at in _places(data, magic, before, start, stop)
        ]
        yield from sorted(found)
        start, size = stop, size * 2


def _places(data: Data, magic: bytes, before: int, start: int, stop: int) -> Iterator[int]:
    """Yield starts of archives, from ``start`` to before ``stop``, whose magic stands behind."""
    last = min(stop + before + len(magic) - 1, len(data))
    for _ in range(_TRIED):
        found = data.find(magic, start + before, last)
        if found < 0:
            return
        yield found - before
        start = found - before + 1


def parts(data: Data, start: int, end: int, budget: Budget) -> list[tuple[int, int]]:
    """Divide what begins with an archive where further archives follow it.

    A stream's end is known only once it is decoded: it is measured where another of its kind
    follows. What else follows a stream, its reader surfaces. Raises ``OverLimitError``.
    """
    found: list[tuple[int, int]] = []
    while start < end and len(found) < _MOST_PARTS:
        stop = _next_part(data, start, end, budget)
        found.append((start, stop))
        start = stop
    if start < end:
        found[-1] = (found[-1][0], end)
    return found


def _next_part(data: Data, start: int, end: int, budget: Budget) -> int:
    """Return where the archive behind the one at ``start`` begins; ``end`` where none does."""
    kind = kind_of("", data[start : start + 512])
    if kind in _STREAMS:
        magic, before = next((m, b) for m, b, known in _MAGICS if known == kind)
        places = _places(data, magic, before, start + 1, end)
        if not any(verified(data, at, kind) for at in places):
            return end
        stop = _stream_end(data, start, end, kind, budget)
    elif kind in _MEASURES:
        stop = _MEASURES[kind](data, start, end)
    else:
        return end
    return first_archive(data, stop, end)[0] if start < stop < end else end


def _stream_end(data: Data, start: int, end: int, kind: str, budget: Budget) -> int:
    """Return the end of a compressed archive, with the streams that go on with its content."""
    position = start
    while True:
        decoder = make_decoder(kind, budget.limits.dictionary)
        tail, size = b"", 0
        while not decoder.eof:
            feed = data[position : min(position + _FEED, end)] if decoder.needs_input else b""
            position += len(feed)
            try:
                chunk = decoder.decompress(feed, CHUNK)
            except Exception:  # noqa: BLE001 - its reader says what is wrong
                return end
            if not chunk and not feed:
                return end
            tail, size = (tail + chunk)[-_BLOCK:], size + len(chunk)
            budget.charge(len(chunk))
            budget.check_ratio(size, end - start)
        position -= len(decoder.unused_data)
        if not verified(data, position, kind):
            return position
        follows = _decoded(kind, data[position : position + _TRIAL])
        if not tail.strip(b"\0") and is_tar_block(follows):
            return position


def _tar_end(data: Data, start: int, end: int) -> int:
    """Return where a tar archive ends: behind its zero blocks."""
    at = start
    while is_tar_block(data[at : at + _BLOCK]):
        size = data[at + 124 : at + 136].strip(b"\0 ")
        if not size.isdigit():
            return end
        at += _BLOCK + (int(size, 8) + _BLOCK - 1) // _BLOCK * _BLOCK
    while at < end and not data[at : at + _BLOCK].strip(b"\0"):
        at += _BLOCK
    return at


def _program_end(data: Data, start: int, end: int) -> int:
    """Return where an ELF file ends."""
    extent = extent_of(memoryview(data)[start:end], "elf")
    return start + extent.end if extent else end


def _squashfs_end(data: Data, start: int, end: int) -> int:
    return min(end, start + int.from_bytes(data[start + 40 : start + 48], "little"))


def _seven_end(data: Data, start: int, end: int) -> int:
    offset, size = struct.unpack("<2Q", data[start + 12 : start + 28])
    return min(end, start + 32 + int(offset) + int(size))


_MEASURES: Final[dict[str, Callable[[Data, int, int], int]]] = {
    "tar": _tar_end, "elf": _program_end, "squashfs": _squashfs_end, "7z": _seven_end,
}  # fmt: skip


def unread(data: Data, start: int, end: int, path: str, otherwise: str) -> Iterator[Missed]:
    """Yield that nothing reads a part that is neither text nor a known container.

    ``otherwise`` is what it is called where no installer left its mark in it.
    """
    if kind_of(path, data[start : min(end, start + SAMPLE)]) == "binary":
        marks = (name for mark, name in _MARKS if data.find(mark, start, end) >= 0)
        yield Missed(path, "unsupported-format", end - start, next(marks, otherwise))


def cut(data: Data, start: int, end: int, budget: Budget) -> Data:
    """Return a part as a document of its own: in memory or in a temporary file.

    Raises ``OverLimitError``.
    """
    with Sink(budget) as sink:
        for at in range(start, end, CHUNK):
            sink.write(data[at : min(at + CHUNK, end)])
        return sink.data()


def verified(data: Data, at: int, kind: str) -> bool:
    """Tell whether an archive of this kind really starts there, by what follows its first bytes."""
    check = _CHECKS.get(kind)
    if check is not None and not check(data[at : at + 512]):
        return False
    return kind not in _STREAMS or bool(_decoded(kind, data[at : at + _TRIAL]))


def _decoded(kind: str, head: bytes) -> bytes:
    """Return the first bytes that come out of a stream; nothing where it is none."""
    try:
        return make_decoder(kind, 1 << 27).decompress(head, 512)
    except Exception:  # noqa: BLE001 - each library has its own error; all mean no
        return b""


def _gzip(head: bytes) -> bool:
    """No reserved flag, and the level and system that writers state (RFC 1952)."""
    known = head[8:9] in (b"\0", b"\2", b"\4") and (head[9:10] <= b"\r" or head[9:10] == b"\xff")
    return len(head) > 17 and head[3] <= 0x1F and known  # noqa: PLR2004


def _zip(head: bytes) -> bool:
    """A local header of a plausible version and method, with a name (APPNOTE 4.3.7)."""
    if len(head) < 30:  # noqa: PLR2004
        return False
    version, _, method = struct.unpack_from("<3H", head, 4)
    length = int.from_bytes(head[26:28], "little")
    return version <= 100 and method <= 99 and 0 < length <= 4096  # noqa: PLR2004


def _seven(head: bytes) -> bool:
    """A start header that has the checksum stated before it (7zFormat.txt)."""
    return zlib.crc32(head[12:32]) == int.from_bytes(head[8:12], "little")


def _rar(head: bytes) -> bool:
    return head[6:7] == b"\0" or head[6:8] == b"\1\0"


def _cab(head: bytes) -> bool:
    """A header of version 1.3 whose files start behind it (MS-CAB 2.1)."""
    return head[24:26] == b"\3\1" and int.from_bytes(head[16:20], "little") >= 36  # noqa: PLR2004


def _squashfs(head: bytes) -> bool:
    """A superblock of version 4.0 whose two statements of the block size agree."""
    if len(head) < 96:  # noqa: PLR2004
        return False
    (size,) = struct.unpack_from("<I", head, 12)
    (log,) = struct.unpack_from("<H", head, 22)
    return head[28:32] == b"\4\0\0\0" and log < 32 and size == 1 << log  # noqa: PLR2004


def _elf(head: bytes) -> bool:
    return len(head) > 6 and head[4] in (1, 2) and head[5] in (1, 2) and head[6] == 1  # noqa: PLR2004


def _cpio(head: bytes) -> bool:
    return head[5:6] in b"127" and head[6:110].isalnum()


def _ar(head: bytes) -> bool:
    return head[66:68] == b"`\n"


def _lz4(head: bytes) -> bool:
    return head[0] == 2 or head[4] >> 6 == 1  # noqa: PLR2004 - a legacy frame, or version 01


_CHECKS: Final[dict[str, Callable[[bytes], bool]]] = {
    "zip": _zip, "tar": is_tar_block, "7z": _seven, "rar": _rar, "cab": _cab,
    "squashfs": _squashfs, "elf": _elf, "cpio": _cpio, "ar": _ar, "lz4": _lz4, "gzip": _gzip,
}  # fmt: skip
