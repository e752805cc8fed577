"""What cases of hostile ZIPs are made of."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from dten_audit.examples.zip_writer import ZipMember, write_zip

LINK: Final = 0o120777 << 16
CANARY: Final = b"CREATE TABLE canary (id int);\n"


class Case(NamedTuple):
    """An archive, the issues and gaps it must give (no others), and where the canary is found.

    All as words.
    """

    name: str
    data: Callable[[], bytes]
    issues: str
    gaps: str = ""
    found: str = "a.sql"


def plain(**changes: Any) -> list[ZipMember]:
    first = ZipMember("a.sql", CANARY)._replace(**changes)
    return [first, ZipMember("b.txt", b"second")]


def make(**changes: Any) -> Callable[[], bytes]:
    return lambda: write_zip(plain(**changes))


def zipped(*members: ZipMember, **options: Any) -> Callable[[], bytes]:
    return lambda: write_zip(list(members), **options)


def cut(count: int, **changes: Any) -> Callable[[], bytes]:
    return lambda: write_zip(plain(**changes))[:-count]


def patched(
    offset_of: bytes, shift: int, value: bytes, *, last: bool = False
) -> Callable[[], bytes]:
    def build() -> bytes:
        data = bytearray(write_zip(plain()))
        at = (data.rfind if last else data.find)(offset_of) + shift
        data[at : at + len(value)] = value
        return bytes(data)

    return build


def unicode_path(name: bytes, path: bytes, version: int = 1) -> bytes:
    body = bytes([version]) + struct.pack("<L", zlib.crc32(name)) + path
    return struct.pack("<HH", 0x7075, len(body)) + body


def split(data: bytes) -> tuple[bytes, bytes]:
    """Return members and directory of an archive."""
    end = data.rfind(b"PK\5\6")
    size, start = struct.unpack_from("<LL", data, end + 12)
    return data[:start], data[start : start + size]
