"""Writes 7z archives, honest ones and others: headers by hand, content by the standard library."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

COPY, LZMA, LZMA2, BZIP2, DEFLATE, DELTA = b"\0", b"\3\1\1", b"\x21", b"\4\2\2", b"\4\1\x08", b"\3"
BCJ, AES, BCJ2, PPMD = b"\3\3\1\3", b"\6\xf1\7\1", b"\3\3\1\x1b", b"\3\4\1"
UNIX = 0x8000


class File(NamedTuple):
    """A file; without ``data`` it is a folder, ``anti`` makes it a mark that deletes one."""

    path: str
    data: bytes | None = b""
    mode: int | None = 0o100644
    anti: bool = False


class Packing(NamedTuple):
    """What a folder's coders are, and what they made of its content."""

    coders: Sequence[tuple[bytes, bytes]]
    packed: bytes


def number(value: int) -> bytes:
    """Return a number as 7z writes it."""
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF00 >> extra) & 0xFF | value >> (8 * extra)
            return bytes([first]) + (value & (1 << 8 * extra) - 1).to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")


def pack(data: bytes, method: bytes) -> Packing:
    """Pack a folder's content by one method."""
    if method == LZMA:
        shape = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}
        return Packing(
            [(method, b"\x5d\0\0\1\0")], lzma.compress(data, lzma.FORMAT_RAW, filters=[shape])
        )
    if method == LZMA2:
        shape = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}
        return Packing([(method, b"\x08")], lzma.compress(data, lzma.FORMAT_RAW, filters=[shape]))
    if method == BZIP2:
        return Packing([(method, b"")], bz2.compress(data))
    if method == DEFLATE:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return Packing([(method, b"")], packer.compress(data) + packer.flush())
    if method == DELTA:
        shapes = [{"id": lzma.FILTER_DELTA, "dist": 2}, {"id": lzma.FILTER_LZMA2}]
        packed = lzma.compress(data, lzma.FORMAT_RAW, filters=shapes)
        return Packing([(DELTA, b"\1"), (LZMA2, b"\x18")], packed)
    if method == BCJ:
        shapes = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2}]
        packed = lzma.compress(data, lzma.FORMAT_RAW, filters=shapes)
        return Packing([(BCJ, b""), (LZMA2, b"\x18")], packed)
    return Packing([(method, b"")], data)


def streams(
    packings: Sequence[Packing], groups: Sequence[Sequence[bytes]], start: int = 0
) -> bytes:
    """Return the description of packed streams: where they lie, their coders, the files in them."""
    out = b"\x06" + number(start) + number(len(packings))
    out += b"\x09" + b"".join(number(len(packing.packed)) for packing in packings) + b"\0"
    out += b"\x07\x0b" + number(len(packings)) + b"\0"
    for packing in packings:
        out += number(len(packing.coders))
        for method, settings in packing.coders:
            out += bytes([len(method) | (0x20 if settings else 0)]) + method
            out += number(len(settings)) + settings if settings else b""
        out += b"".join(
            number(place) + number(place + 1) for place in range(len(packing.coders) - 1)
        )
    sizes = [sum(map(len, group)) for group in groups]
    out += b"\x0c" + b"".join(
        number(size) for packing, size in zip(packings, sizes, strict=True) for _ in packing.coders
    )
    out += b"\0\x08\x0d" + b"".join(number(len(group)) for group in groups) + b"\x09"
    out += b"".join(number(len(data)) for group in groups for data in group[:-1])
    sums = [zlib.crc32(data) for group in groups for data in group]
    return out + b"\x0a\1" + struct.pack(f"<{len(sums)}I", *sums) + b"\0\0"


def property_of(mark: int, data: bytes) -> bytes:
    return bytes([mark]) + number(len(data)) + data


def bits(values: Sequence[bool]) -> bytes:
    text = "".join("1" if value else "0" for value in values)
    return bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))


def files_part(files: Sequence[File]) -> bytes:
    """Return the description of the files."""
    out = b"\x05" + number(len(files))
    empty = [file for file in files if not file.data]
    if empty:
        out += property_of(0x0E, bits([not file.data for file in files]))
        out += property_of(0x0F, bits([file.data is not None for file in empty]))
    if any(file.anti for file in files):
        out += property_of(0x10, bits([file.anti for file in empty]))
    names = "".join(f"{file.path}\0" for file in files).encode("utf-16-le", "surrogatepass")
    out += property_of(0x11, b"\0" + names)
    attributes = [0x20 if file.mode is None else UNIX | file.mode << 16 for file in files]
    out += property_of(0x15, b"\1\0" + struct.pack(f"<{len(files)}I", *attributes))
    return out + b"\0"


def framed(body: bytes, header: bytes) -> bytes:
    """Return an archive of packed bytes and a header."""
    start = struct.pack("<2QI", len(body), len(header), zlib.crc32(header))
    checksum = struct.pack("<I", zlib.crc32(start))
    return b"7z\xbc\xaf\x27\x1c\0\4" + checksum + start + body + header


def write_seven(
    files: Sequence[File],
    method: bytes = LZMA2,
    *,
    solid: bool = True,
    encoded: bool = False,
    packings: Sequence[Packing] | None = None,
) -> bytes:
    """Return an archive. ``packings`` says what was packed instead of the files' content."""
    stored = [file.data for file in files if file.data]
    groups = ([stored] if stored else []) if solid else [[data] for data in stored]
    made = packings or [pack(b"".join(group), method) for group in groups]
    body = b"".join(packing.packed for packing in made)
    header = (
        b"\1" + (b"\x04" + streams(made, groups) if groups else b"") + files_part(files) + b"\0"
    )
    if encoded:
        packed = pack(header, LZMA)
        header = b"\x17" + streams([packed], [[header]], len(body))
        body += packed.packed
    return framed(body, header)
