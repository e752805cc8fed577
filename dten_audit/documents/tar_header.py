"""Reads one header block of a tar archive, and the records of a pax header, strictly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.source import path_text

BLOCK: Final = 512
_CHECKSUM: Final = slice(148, 156)
_SPACES: Final = 8 * 32
_LARGEST: Final = 1 << 62


class Header(NamedTuple):
    """A member's header. ``size`` is that of its data; ``more`` tells of more sparse headers."""

    path: str
    type: str
    size: int
    mode: int
    target: str
    more: bool


def checksum_fits(block: bytes) -> bool:
    """Tell whether the block's checksum is right, as unsigned bytes or as signed ones."""
    stated = number(block[_CHECKSUM])
    if stated is None:
        return False
    plain = sum(block) - sum(block[_CHECKSUM]) + _SPACES
    if plain == stated:
        return True
    high = sum(1 for byte in block if byte > 127) - sum(  # noqa: PLR2004 - negative as signed
        1
        for byte in block[_CHECKSUM]
        if byte > 127  # noqa: PLR2004
    )
    return plain - 256 * high == stated


def number(field: bytes) -> int | None:
    """Return the value of a numeric field: octal, or base 256 (GNU); None if it is neither."""
    digits = field.rstrip(b"\0 ").lstrip(b" ")
    if not digits.isdigit():
        if field[0] & 0x80:
            return _base_256(field)
        digits = field.partition(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        return None
    return int(digits, 8)


def _base_256(field: bytes) -> int | None:
    if field[0] & 0x40:
        return None
    value = int.from_bytes(bytes([field[0] & 0x3F]) + field[1:], "big")
    return value if value < _LARGEST else None


def text(field: bytes) -> str:
    """Return a name up to its NUL."""
    return path_text(field.partition(b"\0")[0])


def read_header(block: bytes) -> Header | None:
    """Return the header in a block whose checksum fits; None if its numbers make no sense."""
    size = number(block[124:136])
    mode = number(block[100:108])
    if size is None or mode is None:
        return None
    path = text(block[:100])
    if block[257:263] == b"ustar\0" and block[345]:
        path = f"{text(block[345:500])}/{path}"
    kind = chr(block[156])
    if kind == "\0" and path.endswith("/"):
        kind = "5"
    return Header(path, kind, size, mode & 0o7777, text(block[157:257]), block[482] == 1)


def pax_records(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield key and value of each record; the key is empty for what does not parse."""
    position, end = 0, len(content)
    while position < end:
        space = content.find(b" ", position, position + 20)
        digits = content[position:space] if space > 0 else b""
        length = int(digits) if digits.isdigit() else 0
        record = content[space + 1 : position + length]
        fits = length > space - position + 1 and position + length <= end
        if not fits or not record.endswith(b"\n") or b"=" not in record:
            if content[position:].strip(b"\0"):
                yield "", ""
            return
        key, _, value = record[:-1].partition(b"=")
        yield key.decode("utf-8", "replace"), path_text(value)
        position += length
