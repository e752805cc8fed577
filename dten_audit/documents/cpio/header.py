"""Reads one header of a cpio archive: newc, newc with checksum, odc, the old binary, RPM's."""

from __future__ import annotations

import re
import struct
from typing import Final, NamedTuple

from dten_audit.documents.errors import BrokenError
from dten_audit.documents.tape import Tape

_NEWC: Final = (b"070701", b"070702")
_ODC: Final = b"070707"
_STRIPPED: Final = b"07070X"
_BINARY: Final = {b"\xc7\x71": "<", b"\x71\xc7": ">"}
"""The old binary form's magic number, 070707, in the order of bytes of the machine it is from."""
_MAGIC: Final = 6
_NEWC_REST: Final = 104
_ODC_REST: Final = 70
_BINARY_SIZE: Final = 26
_INDEX: Final = 8


class Header(NamedTuple):
    """A member's header.

    ``file`` is its inode and device, the same for all hard links. ``align``: to what name and
    content are filled up. ``checksum``: the sum of the content's bytes; -1 where none is stated.
    ``number``: which file of the RPM's header it is, that tells everything else; -1 elsewhere.
    """

    mode: int
    size: int
    name_size: int
    align: int
    links: int = 1
    file: tuple[int, ...] = ()
    checksum: int = -1
    number: int = -1


def read_header(tape: Tape) -> Header:
    """Take a header from the tape. Raises ``BrokenError`` where none is."""
    magic = tape.take(_MAGIC)
    if magic in _NEWC:
        rest = tape.take(_NEWC_REST)
        if not re.fullmatch(rb"[0-9A-Fa-f]{104}", rest):
            raise BrokenError("corrupt-archive", f"header before {tape.position}")
        v = [int(rest[at : at + 8], 16) for at in range(0, _NEWC_REST, 8)]
        stated = v[12] if magic == _NEWC[1] else -1
        return Header(v[1], v[6], v[11], 4, v[4], (v[0], v[7], v[8]), stated)
    if magic == _ODC:
        rest = tape.take(_ODC_REST)
        if not re.fullmatch(rb"[0-7]{70}", rest):
            raise BrokenError("corrupt-archive", f"header before {tape.position}")
        return Header(int(rest[12:18], 8), int(rest[59:70], 8), int(rest[53:59], 8), 1)
    if magic[:2] in _BINARY:
        rest = tape.take(_BINARY_SIZE - _MAGIC)
        if len(rest) == _BINARY_SIZE - _MAGIC:
            w = struct.unpack(_BINARY[magic[:2]] + "13H", magic + rest)
            return Header(w[3], w[11] << 16 | w[12], w[10], 2)
    if magic == _STRIPPED:
        digits = tape.take(_INDEX)
        if re.fullmatch(rb"[0-9A-Fa-f]{8}", digits):
            return Header(0, 0, 0, 4, number=int(digits, 16))
    issue = "corrupt-archive" if len(magic) == _MAGIC else "truncated-archive"
    raise BrokenError(issue, f"no header at {tape.position - len(magic)}")


def starts_cpio(head: bytes) -> bool:
    """Tell whether a header may start here."""
    return head[:_MAGIC] in (*_NEWC, _ODC, _STRIPPED) or head[:2] in _BINARY
