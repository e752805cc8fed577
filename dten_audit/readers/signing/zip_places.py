"""Where the parts of a ZIP archive lie whose raw bytes are signed: entries, directory, its end.

Only archives that are laid out as signers write them: no ZIP64, nothing behind the end.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_END: Final = b"PK\5\6"
_END_SIZE: Final = 22
_MOST_COMMENT: Final = 0xFFFF


class End(NamedTuple):
    """The record at the end: where it starts, the directory, and how many entries that has."""

    at: int
    entries: int
    size: int
    directory: int


def end_of(data: bytes) -> End | None:
    """Return the record at the end of an archive; None where it does not end the file."""
    floor = max(0, len(data) - _END_SIZE - _MOST_COMMENT)
    at = data.rfind(_END, floor)
    if at < 0 or len(data) < at + _END_SIZE:
        return None
    here, whole, size, start, comment = struct.unpack_from("<HHIIH", data, at + 8)
    fits = here == whole and at + _END_SIZE + comment == len(data) and start + size == at
    return End(at, here, size, start) if fits else None
