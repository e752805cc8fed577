"""Writes ZIP archives byte by byte, also such as no honest program writes. For examples and tests.

Same input, same bytes: no times, no owner of the machine that builds.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

_TIME: Final = (0, 0x21)
"""1980-01-01, the earliest date that ZIP can state."""
_UNIX: Final = 3 << 8 | 20
_VERSION: Final = 20


class ZipMember(NamedTuple):
    """A member. ``local_…`` is what its own header says where that differs from the directory.

    ``stored``: not packed. ``streamed``: its sizes follow it. ``packed`` replaces its packed bytes,
    ``descriptor`` what follows them. ``offset`` is where the directory says that it is.
    ``attributes`` are the external ones (the Unix mode in the upper half). ``shared``: no bytes of
    its own, but those of the member before.
    """

    path: str
    data: bytes = b""
    attributes: int = 0o100644 << 16
    flags: int = 0
    method: int | None = None
    stored: bool = False
    streamed: bool = False
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    extra: bytes = b""
    local_extra: bytes = b""
    local_path: str | None = None
    local_method: int | None = None
    local_size: int | None = None
    local_packed: int | None = None
    local_flags: int | None = None
    local_crc: int | None = None
    descriptor: bytes | None = None
    offset: int | None = None
    comment: bytes = b""
    gap: bytes = b""
    shared: bool = False
    raw_path: bytes | None = None


class _Fields(NamedTuple):
    """What both headers of a member state."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int


def deflate(data: bytes) -> bytes:
    """Return raw deflate data (RFC 1951)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def write_zip(  # noqa: PLR0913 - keywords, each of them rare
    members: list[ZipMember],
    *,
    prefix: bytes = b"",
    shift: bool = False,
    suffix: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    before_directory: bytes = b"",
    behind_directory: bytes = b"",
    zip64: bool = False,
    extensible: bytes = b"",
) -> bytes:
    """Return an archive. ``shift``: offsets count from behind ``prefix``, as after ``cat``.

    ``behind_directory`` counts as a part of the directory; ``extensible`` are data at the end of
    the 64-bit end record.
    """
    body = bytearray(prefix)
    directory = bytearray()
    origin = len(prefix) if shift else 0
    offset = len(body)
    for member in members:
        fields, packed = _fields(member)
        if not member.shared:
            body += member.gap
            offset = len(body)
            body += _local(member, fields) + packed + _descriptor(member, fields)
        stated = offset - origin if member.offset is None else member.offset
        directory += _central(member, fields, stated)
    directory += behind_directory
    body += before_directory
    start, number = len(body) - origin, len(members) if count is None else count
    body += directory
    if zip64:
        body += _end64(len(body) - origin, number, len(directory), start, extensible)
    return bytes(
        body + _end(number, len(directory), start, len(comment), zip64=zip64) + comment + suffix
    )


def _descriptor(member: ZipMember, fields: _Fields) -> bytes:
    if member.descriptor is not None:
        return member.descriptor
    return struct.pack("<4sLLL", b"PK\7\x08", *fields[3:]) if member.streamed else b""


def _end(number: int, size: int, start: int, comment: int, *, zip64: bool) -> bytes:
    if zip64:
        number, size, start = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, size, start, comment)


def _fields(member: ZipMember) -> tuple[_Fields, bytes]:
    plain = member.stored or not member.data
    packed = member.packed
    if packed is None:
        packed = member.data if plain else deflate(member.data)
    method = member.method if member.method is not None else (0 if plain else 8)
    name = member.path.encode() if member.raw_path is None else member.raw_path
    utf8 = 0x800 if member.raw_path is None and not member.path.isascii() else 0
    return _Fields(
        name,
        member.flags | utf8 | (8 if member.streamed else 0),
        method,
        zlib.crc32(member.data) if member.crc is None else member.crc,
        len(packed),
        len(member.data) if member.size is None else member.size,
    ), packed


def _local(member: ZipMember, fields: _Fields) -> bytes:
    name = fields.name if member.local_path is None else member.local_path.encode()
    method = fields.method if member.local_method is None else member.local_method
    honest = (0, 0, 0) if member.streamed else (fields.crc, fields.packed, fields.size)
    others = (member.local_crc, member.local_packed, member.local_size)
    sizes = [mine if other is None else other for mine, other in zip(honest, others, strict=True)]
    flags = fields.flags if member.local_flags is None else member.local_flags
    lengths = (len(name), len(member.local_extra))
    head = struct.pack("<4s5H3L2H", b"PK\3\4", _VERSION, flags, method, *_TIME, *sizes, *lengths)
    return head + name + member.local_extra


def _central(member: ZipMember, fields: _Fields, offset: int) -> bytes:
    lengths = (len(fields.name), len(member.extra), len(member.comment))
    head = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", _UNIX, _VERSION, fields.flags, fields.method, *_TIME,
        fields.crc, fields.packed, fields.size, *lengths, 0, 0, member.attributes, offset,
    )  # fmt: skip
    return head + fields.name + member.extra + member.comment


def _end64(place: int, number: int, size: int, start: int, extensible: bytes) -> bytes:
    length = 44 + len(extensible)
    record = struct.pack(
        "<4sQHHLLQQQQ", b"PK\6\6", length, 45, 45, 0, 0, number, number, size, start
    )
    return record + extensible + struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
