"""Knows the extra fields of a ZIP's headers: which hold plain metadata, and of what length.

Sources: APPNOTE.TXT 6.3.10, sections 4.5, 4.6 and 7.2; Info-ZIP's proginfo/extrafld.txt
(2008-07-17); for single writers the sources named at the table.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

UNICODE_PATH: Final = 0x7075
COMMENT: Final = 0x6375
_MOST_FIELDS: Final = 32
"""In one header; writers write five at most."""
_LONGEST_ID: Final = 8
"""The longest user or group number: no system has longer ones than 64 bits."""


def _of(*lengths: int) -> Callable[[bytes], bool]:
    return lambda content: len(content) in lengths


def _zeros_after(start: int) -> Callable[[bytes], bool]:
    return lambda content: len(content) >= start and not content[start:].strip(b"\0")


def _times(content: bytes) -> bool:
    """Fit flags and up to three times; the central form holds the first alone (extrafld.txt)."""
    if not content or content[0] > 7:  # noqa: PLR2004 - three bits, one for each time
        return False
    return len(content) in (1, 5, 1 + 4 * content[0].bit_count())


def _ntfs_times(content: bytes) -> bool:
    """Fit four reserved bytes and one attribute of three 64-bit times (4.5.5)."""
    return len(content) == 32 and content[:8] == b"\0\0\0\0\1\0\x18\0"  # noqa: PLR2004


def _owner(content: bytes) -> bool:
    """Fit a version, and user and group, each behind its length."""
    if not content:
        return True
    if len(content) < 3 or content[0] != 1:  # noqa: PLR2004 - the version and two lengths
        return False
    user = content[1]
    group = content[2 + user] if len(content) > 2 + user else _LONGEST_ID + 1
    return max(user, group) <= _LONGEST_ID and len(content) == 3 + user + group


def _experimental(content: bytes) -> bool:
    """Fit a bit map of up to three fixed fields of the central header."""
    if not content or content[0] > 7:  # noqa: PLR2004
        return False
    sizes = (2, 2, 4)
    return len(content) == 1 + sum(size for bit, size in enumerate(sizes) if content[0] >> bit & 1)


_PLAIN: Final[dict[int, Callable[[bytes], bool]]] = {
    0x0000: _zeros_after(0),  # zipalign before 2016 pads with zeros, which read as this
    0x0001: _of(0, 4, 8, 12, 16, 20, 24, 28),  # ZIP64 (4.5.3)
    0x000A: _ntfs_times,
    0x000D: _of(12),  # PKWARE Unix (4.5.7): more is a link's target
    0x1986: _zeros_after(0),  # USD's alignment (usdzip)
    0x4341: _of(20),  # Acorn, SparkFS
    0x4453: _of(4),  # security descriptor of NT: the central form is its length alone
    0x4B46: _of(19),  # FWKCS: "MD5" and the digest (4.6.7)
    0x5455: _times,
    0x5855: _of(8, 12),  # Info-ZIP Unix, first form
    0x6C78: _experimental,  # libarchive, archive_write_set_format_zip.c
    0x756E: _of(14),  # ASi Unix: more is a link's target
    0x7855: _of(0, 4),  # Info-ZIP Unix, second form
    0x7875: _owner,
    0x9901: _of(7),  # AES (WinZip, AE-1 and AE-2)
    0xA11E: _zeros_after(2),  # alignment (Apache Commons Compress)
    0xA220: _zeros_after(4),  # growth hint (ECMA-376 part 2, annex C)
    0xCAFE: _of(0),  # marks an executable jar (java.util.jar.JarOutputStream)
    0xD935: _zeros_after(2),  # alignment (Android's zipalign)
}
"""Id → whether content of this id is plain metadata: times, owners, zeros that align."""


def holds_more(kind: int, content: bytes) -> bool:
    """Tell whether an extra field holds other bytes than plain metadata of its kind.

    Texts are none: they are read.
    """
    if kind in (UNICODE_PATH, COMMENT):
        return False
    fits = _PLAIN.get(kind)
    return fits is None or not fits(content)


def text_for(content: bytes, owner: bytes) -> str | None:
    """Return the text of a Unicode field; None if it is void or made for other bytes (4.6.8, 9)."""
    if len(content) < 5 or content[0] != 1:  # noqa: PLR2004 - version and checksum
        return None
    if int.from_bytes(content[1:5], "little") != zlib.crc32(owner):
        return None
    try:
        return content[5:].decode("utf-8")
    except UnicodeDecodeError:
        return None


def fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield id and content of each extra field; the id is -1 for what does not parse.

    So is what follows very many fields, which no writer needs, other than zeros that align.
    """
    position, end, left = 0, len(extra), _MOST_FIELDS
    while position + 4 <= end:
        kind = extra[position] | extra[position + 1] << 8
        size = extra[position + 2] | extra[position + 3] << 8
        position += 4
        if position + size > end or not left:
            if left or extra[position - 4 :].strip(b"\0"):
                yield -1, extra[position - 4 :]
            return
        left -= 1
        yield kind, extra[position : position + size]
        position += size
    if position < end and extra[position:].strip(b"\0"):
        yield -1, extra[position:]


def long_values(content: bytes) -> list[int]:
    """Return the 64-bit numbers of a ZIP64 extra field."""
    return [value for (value,) in struct.iter_unpack("<Q", content[: len(content) // 8 * 8])]
