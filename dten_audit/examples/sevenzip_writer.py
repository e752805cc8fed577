"""Writes 7z archives without packing anything, so that no library is needed. For examples."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_START: Final = 32
_TWO_BYTES: Final = 0x80
_MOST: Final = 0x4000
_COPY: Final = b"\x01\x01\x00"
"""A folder of one coder with the method 0: the content as it is (7zFormat.txt)."""


class SevenZipMember(NamedTuple):
    """A file. ``deletes``: it has no content, and the file of its name is deleted on unpacking."""

    path: str
    data: bytes = b""
    deletes: bool = False


def write_7z(members: Sequence[SevenZipMember]) -> bytes:
    """Return an archive of files that each lie in a folder of their own."""
    stored = [member for member in members if member.data]
    body = b"".join(member.data for member in stored)
    header = b"\x01" + (_streams(stored) if stored else b"") + _files(members) + b"\0"
    start = struct.pack("<2QL", len(body), len(header), zlib.crc32(header))
    magic = b"7z\xbc\xaf\x27\x1c\0\x04" + struct.pack("<L", zlib.crc32(start))
    return magic + start + body + header


def _streams(stored: list[SevenZipMember]) -> bytes:
    count = _number(len(stored))
    sizes = b"".join(_number(len(member.data)) for member in stored)
    sums = b"".join(struct.pack("<L", zlib.crc32(member.data)) for member in stored)
    packed = b"\x06\0" + count + b"\x09" + sizes + b"\0"
    folders = b"\x07\x0b" + count + b"\0" + _COPY * len(stored)
    return b"\x04" + packed + folders + b"\x0c" + sizes + b"\x0a\x01" + sums + b"\0\0"


def _files(members: Sequence[SevenZipMember]) -> bytes:
    names = b"\0" + b"".join(f"{member.path}\0".encode("utf-16-le") for member in members)
    empty = [member for member in members if not member.data]
    out = b"\x05" + _number(len(members))
    if empty:
        out += _property(0x0E, _bits(not member.data for member in members))
        out += _property(0x0F, _bits(True for _ in empty))
        out += _property(0x10, _bits(member.deletes for member in empty))
    return out + _property(0x11, names) + b"\0"


def _property(mark: int, content: bytes) -> bytes:
    return bytes([mark]) + _number(len(content)) + content


def _bits(flags: Iterable[bool]) -> bytes:
    text = "".join("1" if flag else "0" for flag in flags)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))


def _number(value: int) -> bytes:
    """Return a number below 16,384 in 7z's form."""
    if value < _TWO_BYTES:
        return bytes([value])
    if value >= _MOST:
        message = f"{value} is more than examples need"
        raise ValueError(message)
    return bytes([0x80 | value >> 8, value & 0xFF])
