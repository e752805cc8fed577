"""The records of a ZIP: layouts, extra fields, names (APPNOTE.TXT sections 4.3 to 4.6)."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

LOCAL: Final = b"PK\x03\x04"
CENTRAL: Final = b"PK\x01\x02"
END: Final = b"PK\x05\x06"
END64: Final = b"PK\x06\x06"
LOCATOR64: Final = b"PK\x06\x07"
DESCRIPTOR: Final = b"PK\x07\x08"
SIGNATURES: Final = re.compile(rb"PK(?:\x01\x02|\x03\x04|\x05\x06|\x06\x06|\x06\x07)")

local_header: Final = struct.Struct("<4s5H3L2H")
central_header: Final = struct.Struct("<4s6H3L5H2L")
end_record: Final = struct.Struct("<4s4H2LH")
end64_record: Final = struct.Struct("<4sQHHLLQQQQ")
locator64: Final = struct.Struct("<4sLQL")

ENCRYPTED: Final = 0x0001
STREAMED: Final = 0x0008
PATCHED: Final = 0x0020
STRONG: Final = 0x0040
UTF8: Final = 0x0800
MASKED: Final = 0x2000
COMPARED_FLAGS: Final = 0x2869
"""The flags in which local and central header must agree; writers differ in the others."""

MAX32: Final = 0xFFFFFFFF
MAX16: Final = 0xFFFF
ZIP64_EXTRA: Final = 0x0001
UNICODE_PATH: Final = 0x7075

STORED: Final = 0
DEFLATED: Final = 8
METHODS: Final = {
    1: "shrink", 6: "implode", 9: "deflate64", 10: "PKWARE implode", 12: "bzip2", 14: "LZMA",
    16: "IBM z/OS", 18: "IBM TERSE", 19: "LZ77", 93: "Zstandard", 94: "MP3", 95: "xz", 96: "JPEG",
    97: "WavPack", 98: "PPMd", 99: "AES",
}  # fmt: skip


class Entry(NamedTuple):
    """A member as the central directory states it, sizes and offset resolved.

    ``fields`` are the record's bytes from the flags to the lengths of name and extra field: the
    local header repeats them. ``offset`` counts from the start of the file.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    attributes: int
    fields: bytes
    extra: bytes

    @property
    def mode(self) -> int:
        """The Unix mode with its type bits; 0 where the writer stated none."""
        return self.attributes >> 16

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & (ENCRYPTED | STRONG | MASKED)) or METHODS.get(self.method) == "AES"


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield id and content of each extra field; the id is -1 for what does not parse."""
    position, end = 0, len(extra)
    while position + 4 <= end:
        kind = extra[position] | extra[position + 1] << 8
        size = extra[position + 2] | extra[position + 3] << 8
        position += 4
        if position + size > end:
            yield -1, extra[position - 4 :]
            return
        yield kind, extra[position : position + size]
        position += size
    if position < end and extra[position:].strip(b"\0"):
        yield -1, extra[position:]


def long_values(content: bytes) -> list[int]:
    """Return the 64-bit numbers of a ZIP64 extra field."""
    return [value for (value,) in struct.iter_unpack("<Q", content[: len(content) // 8 * 8])]


def unicode_path(content: bytes, name: bytes) -> str | None:
    """Return the path in an Info-ZIP Unicode Path field; None if it does not belong to ``name``."""
    if len(content) < 5 or content[0] != 1:  # noqa: PLR2004 - version and checksum (4.6.9)
        return None
    if int.from_bytes(content[1:5], "little") != zlib.crc32(name):
        return None
    try:
        return content[5:].decode("utf-8")
    except UnicodeDecodeError:
        return None


def decode_name(name: bytes, flags: int = 0) -> tuple[str, bool]:
    """Return a name as text, and whether it is in the encoding that it claims (4.4.4, bit 11).

    Writers on Unix store UTF-8 without saying so; the rest is code page 437.
    """
    if name.isascii():
        return name.decode("ascii"), True
    try:
        return name.decode("utf-8"), True
    except UnicodeDecodeError:
        if flags & UTF8:
            return name.decode("latin-1"), False
        return name.decode("cp437"), True
