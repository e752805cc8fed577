"""Makes a finished ZIP state something untrue: counts, places, sizes. For examples and tests."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

_CENTRAL: Final = b"PK\1\2"
_END: Final = b"PK\5\6"
_END_SIZE: Final = 22
_ELSEWHERE: Final = 5
"""How far from its place a member is looked for that is stated to be somewhere else."""


def unicode_path(name: bytes, path: bytes) -> bytes:
    """Return an extra field that gives the member ``name`` another path (APPNOTE.TXT 4.6.9)."""
    return struct.pack("<HHBL", 0x7075, 5 + len(path), 1, zlib.crc32(name)) + path


class Lies(NamedTuple):
    """What the archive states wrongly; nothing by default.

    ``second_directory``: the comment is a directory of its own, of these members only.
    ``directory_junk``: a text among the directory's records. ``directory_offset``: so many bytes
    away from where it is. ``disk``: the number of the disk, of a set. ``short_count``: the number
    of members in the short form of the end record. ``missing``: members whose place is stated
    wrongly. ``descriptors``: members whose size behind them is stated wrongly.
    """

    second_directory: tuple[str, ...] = ()
    directory_junk: bytes = b""
    directory_offset: int = 0
    disk: int = 0
    short_count: int | None = None
    missing: tuple[str, ...] = ()
    descriptors: tuple[str, ...] = ()


def tell(archive: bytes, lies: Lies) -> bytes:
    """Return the archive with its statements changed. It must end with its end record."""
    data = bytearray(archive)
    for path in lies.missing:
        at = _record(data, path)
        struct.pack_into("<L", data, at + 42, _number(data, at + 42) + _ELSEWHERE)
    for path in lies.descriptors:
        at = _record(data, path)
        stated = b"PK\7\x08" + data[at + 16 : at + 28]
        data[data.find(stated) + 12] ^= 1
    if lies.directory_junk:
        end = len(data) - _END_SIZE
        struct.pack_into("<L", data, end + 12, _number(data, end + 12) + len(lies.directory_junk))
        data[end:end] = lies.directory_junk
    end = len(data) - _END_SIZE
    if lies.short_count is not None:
        struct.pack_into("<H", data, end + 8, lies.short_count)
    if lies.directory_offset:
        struct.pack_into("<L", data, end + 16, _number(data, end + 16) + lies.directory_offset)
    if lies.disk:
        struct.pack_into("<H", data, end + 4, lies.disk)
    if lies.second_directory:
        _append_directory(data, lies.second_directory)
    return bytes(data)


def _append_directory(data: bytearray, paths: tuple[str, ...]) -> None:
    """Write a second directory and its end record into the comment of the archive."""
    start, end = len(data), len(data) - _END_SIZE
    chosen = [(at, size) for at, size, path in _records(data) if path in paths]
    table = b"".join(bytes(data[at : at + size]) for at, size in chosen)
    table += struct.pack("<4s4H2LH", _END, 0, 0, len(chosen), len(chosen), len(table), start, 0)
    struct.pack_into("<H", data, end + 20, len(table))
    data += table


def _record(data: bytearray, path: str) -> int:
    return next(at for at, _, name in _records(data) if name == path)


def _records(data: bytearray) -> Iterator[tuple[int, int, str]]:
    """Yield place, size and path of each record of the directory."""
    end = data.rfind(_END)
    at = end - _number(data, end + 12)
    while data[at : at + 4] == _CENTRAL:
        name, extra, comment = struct.unpack_from("<3H", data, at + 28)
        size = 46 + name + extra + comment
        yield at, size, data[at + 46 : at + 46 + name].decode()
        at += size


def _number(data: bytearray, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
