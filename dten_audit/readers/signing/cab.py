"""Where a cabinet keeps its signature, and which of its bytes that is over.

After Microsoft's Cabinet File Format (MS-CAB, section 2.1) and its note on signed cabinets: the
reserved area of the header says where behind the cabinet the message lies.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from mmap import mmap
from typing import Final, NamedTuple

from dten_audit.readers.signing.pe import KNOWN, Hidden, PeError, number

_MARK: Final = b"MSCF\0\0\0\0"
_FLAGS: Final = 30
_HAS_PREVIOUS: Final = 1
_HAS_RESERVE: Final = 4
_RESERVE: Final = 36
_AREA: Final = 20
"""How long the reserved area is where it speaks of a signature."""
_AREA_START: Final = b"\0\0\x10\0"
_PLACE: Final = 44
_HASHED_AGAIN: Final = 56
_SET: Final = 34
"""Behind the number of the set: from here to the area's last bytes, no digest is over it."""


class Layout(NamedTuple):
    """Offsets in a cabinet: its own size as stated, and the message behind it.

    ``plain``: it is laid out as signers lay it out, so that its digest can be computed.
    """

    cabinet: int
    message: int
    size: int
    plain: bool


def layout(data: bytes | mmap) -> Layout | None:
    """Return where the message is; None where the cabinet says of none.

    Raises ``PeError`` where the header points out of the file.
    """
    flags = number(data, _FLAGS, 2)
    if data[: len(_MARK)] != _MARK or flags is None or not flags & _HAS_RESERVE:
        return None
    sizes = data[_RESERVE : _RESERVE + 4]
    area = data[_RESERVE + 4 : _RESERVE + 8]
    if len(sizes) < 4 or struct.unpack("<H", sizes[:2])[0] != _AREA or area != _AREA_START:  # noqa: PLR2004
        return None
    cabinet = number(data, 8, 4) or 0
    message, size = number(data, _PLACE, 4) or 0, number(data, _PLACE + 4, 4) or 0
    if not message and not size:
        return None
    if message < _HASHED_AGAIN + 4 or not size or message + size > len(data):
        raise PeError("the signature is not inside the file")
    plain = not any(sizes[2:]) and not flags & _HAS_PREVIOUS and message >= cabinet
    return Layout(cabinet, message, size, plain)


def around(data: bytes | mmap, own: Layout) -> Iterator[Hidden]:
    """Yield what is wrong with the message's place: it is the end of a signed cabinet."""
    if own.message < own.cabinet:
        yield Hidden("inside-cabinet", own.message, own.size)
    end = own.message + own.size
    if end < len(data):
        yield Hidden("behind-cabinet", end, len(data) - end)


def digest(data: bytes | mmap, own: Layout, algorithm: str) -> str:
    """Return the digest of a cabinet without its message and what says where that is.

    In hexadecimal; empty for an algorithm that no signer uses, and for another layout than theirs.
    """
    if algorithm not in KNOWN or not own.plain:
        return ""
    found = hashlib.new(algorithm, usedforsecurity=False)
    with memoryview(data) as view:
        for first, last in ((0, 4), (8, _SET), (_HASHED_AGAIN, own.message)):
            with view[first:last] as part:
                found.update(part)
    return found.hexdigest()
