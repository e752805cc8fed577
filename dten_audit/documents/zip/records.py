"""The records of a ZIP: layouts, extra fields, names (APPNOTE.TXT sections 4.3 to 4.6)."""

from __future__ import annotations

import re
import struct
from typing import Final, NamedTuple

LOCAL: Final = b"PK\x03\x04"
CENTRAL: Final = b"PK\x01\x02"
END: Final = b"PK\x05\x06"
END64: Final = b"PK\x06\x06"
LOCATOR64: Final = b"PK\x06\x07"
SIGNATURE: Final = b"PK\x05\x05"
DESCRIPTOR: Final = b"PK\x07\x08"
SIGNATURES: Final = re.compile(rb"PK(?:\x01\x02|\x03\x04|\x05\x06|\x06\x06|\x06\x07)")

_OVERLONG: Final = re.compile(
    rb"[\xC0\xC1][\x80-\xBF]|\xE0[\x80-\x9F][\x80-\xBF]|\xED[\xA0-\xBF][\x80-\xBF]"
    rb"|\xF0[\x80-\x8F][\x80-\xBF]{2}"
)
"""Forms longer than they need be, and halves of surrogate pairs."""

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

STORED: Final = 0
DEFLATED: Final = 8
DEFLATE64: Final = 9
LZMA: Final = 14
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
    comment: bytes = b""

    @property
    def path(self) -> str:
        """The name as text."""
        return decode_name(self.name, self.flags)[0]

    @property
    def mode(self) -> int:
        """The Unix mode with its type bits; 0 where the writer stated none."""
        return self.attributes >> 16

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & (ENCRYPTED | STRONG | MASKED)) or METHODS.get(self.method) == "AES"


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


def lenient_name(name: bytes) -> str | None:
    """Return what careless decoders make of a name that is not UTF-8: its overlong forms resolved.

    None where there are none, or where the rest is no UTF-8 either, as in a code page. UTF-8 writes
    each character in one way only (RFC 3629, section 3); decoders that do not check it read
    ``C0 AF`` as a slash.
    """
    if name.isascii() or not _OVERLONG.search(name):
        return None
    plain = _OVERLONG.sub(_shortened, name)
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _shortened(match: re.Match[bytes]) -> bytes:
    first, *rest = match.group()
    value = first & 0x3F >> len(rest)
    for byte in rest:
        value = value << 6 | byte & 0x3F
    half = 0xD800 <= value <= 0xDFFF  # noqa: PLR2004
    return ("\ufffd" if half else chr(value)).encode()
