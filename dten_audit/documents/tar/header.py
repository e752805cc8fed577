"""Reads one header block of a tar archive, strictly: ustar, GNU, star and V7."""

from __future__ import annotations

import re
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple
from zlib import adler32

from dten_audit.documents.source import path_text

BLOCK: Final = 512
ZEROS: Final = bytes(BLOCK)
_FIELDS: Final = Struct("100s8s16x12s12x8sc100s8s80s155s12s")
_HALF: Final = 256
_BLANK: Final = b" " * 8
_SPACES: Final = 8 * 32
_LARGEST: Final = 1 << 62
_POSIX: Final = b"ustar\0"
_GNU: Final = b"ustar  \0"
_STAR: Final = b"tar\0"
_NOTHING: Final = bytes(12)
_NO_TARGET: Final = bytes(100)
_NO_GNU: Final = bytes(BLOCK - 381)
"""The end of a GNU header that says nothing of holes or volumes."""
_STAR_PREFIX: Final = 131


class Header(NamedTuple):
    """A member's header. ``size`` is that of its data.

    ``plain``: it is an ordinary file's, and every field is as it should be. ``stray`` is where in
    the block bytes stand that the format has no use for; -1 for none.
    """

    path: str
    type: str
    size: int
    mode: int
    target: str
    plain: bool = False
    stray: int = -1
    block: bytes = b""


def is_header(block: bytes) -> bool:
    """Tell whether a block's checksum is right, as unsigned bytes or as signed ones."""
    if len(block) != BLOCK:
        return False
    stated = number(block[148:156])
    plain = _sum(block)
    if plain == stated:
        return True
    if stated is None or block.isascii():
        return False
    rest = block[:148] + block[156:]
    high = len(rest) - len(rest.translate(None, _NOT_ASCII))
    return plain - 256 * high == stated


_NOT_ASCII: Final = bytes(range(128, 256))


def _sum(block: bytes) -> int:
    """Return the sum of the bytes, the checksum taken for spaces.

    The low half of an Adler-32 (RFC 1950) is one more than the sum, which in 256 bytes stays below
    its modulus.
    """
    halves = (adler32(block[:_HALF]) & 0xFFFF) + (adler32(block[_HALF:]) & 0xFFFF)
    return halves - (adler32(block[148:156]) & 0xFFFF) - 1 + _SPACES


def number(field: bytes) -> int | None:
    """Return the value of a numeric field: octal, or base 256 (GNU); None if it is neither."""
    digits = field.strip(b"\0 ")
    if not digits.isdigit():
        if field[0] & 0x80:
            return _base_256(field)
        digits = field.partition(b"\0")[0].strip(b" ")
        if digits and not digits.isdigit():
            return None
    try:
        return int(digits or b"0", 8)
    except ValueError:
        return None


_mode: Final = lru_cache(maxsize=256)(number)
"""Few modes occur, and every header has one."""


def _base_256(field: bytes) -> int | None:
    if field[0] & 0x40:
        return None
    value = int.from_bytes(bytes([field[0] & 0x3F]) + field[1:], "big")
    return value if value < _LARGEST else None


def text(field: bytes) -> str:
    """Return a name up to its NUL."""
    return path_text(field.partition(b"\0")[0])


def read_header(block: bytes) -> Header | None:
    """Return the header in a block; None if its checksum does not fit or a number makes no sense.

    What almost all headers have in common is tried first: archives consist of them.
    """
    name, mode_field, size_field, sum_field, kind, target, magic, owner, prefix, pad = (
        _FIELDS.unpack(block)
    )
    usual = block.isascii() and sum_field == b"%06o\0 " % (
        (adler32(block[:148] + _BLANK + block[156:]) & 0xFFFF) - 1
    )
    if not usual and not is_header(block):
        return None
    size, mode = number(size_field), _mode(mode_field)
    if size is None or mode is None:
        return None
    name = name.rstrip(b"\0")
    posix = magic.startswith(_POSIX)
    usual = pad == _NOTHING if posix else block.endswith(_NO_GNU) and magic.startswith(_GNU)
    stray = -1
    if not usual or b"\0" in name or target != _NO_TARGET or not _honest(owner, prefix):
        stray = _stray(block)
        name = name.partition(b"\0")[0]
    path = name.decode() if name.isascii() else path_text(name)
    if posix and prefix[0]:
        path = f"{_prefix(prefix, pad)}/{path}"
    aim = text(target) if target[0] else ""
    plain = stray < 0 and not aim and kind in b"0\0" and path[-1:] not in _UNUSUAL_ENDS
    return Header(path, chr(kind[0]), size, mode & 0o7777, aim, plain, stray, block)


_UNUSUAL_ENDS: Final = ("", "/")


def _prefix(prefix: bytes, pad: bytes) -> str:
    """Return the folder of a long name; star keeps two times at its end (star(5))."""
    return text(prefix[:_STAR_PREFIX] if pad.endswith(_STAR) else prefix)


@lru_cache(maxsize=1024)
def _honest(owner: bytes, prefix: bytes) -> bool:
    """Tell whether owner, group, devices and prefix hold nothing but names and numbers.

    There are few of them in an archive, each many times. What GNU tar and star keep in the prefix
    needs the second look.
    """
    names = (owner[:32], owner[32:64], prefix)
    if any(b"\0" in name.rstrip(b"\0") for name in names) or _CONTROLS.search(owner[:64]):
        return False
    return all(map(_is_number, (owner[64:72], owner[72:])))


def _is_number(field: bytes) -> bool:
    """Tell whether a numeric field holds a number, or nothing, and nothing else."""
    return not field.strip(b"01234567 \0") or bool(field[0] & 0x80)


_NUMBERS: Final = ((329, 337), (337, 345), (345, 357), (357, 369), (369, 381))
"""Device numbers; in GNU's header also two times and an offset."""
_CONTROLS: Final = re.compile(rb"[\x01-\x1f\x7f]")


def _stray(block: bytes) -> int:
    """Return where bytes stand that mean nothing: behind the end of a name, or in the padding."""
    posix, named = block[257:263] == _POSIX, block[257:262] == b"ustar"
    owners = ((265, 297), (297, 329)) if named else ()
    star = posix and block.endswith(_STAR)
    prefixes = ((345, 476 if star else 500),) if posix else ()
    for start, end in ((0, 100), (157, 257), *owners, *prefixes):
        stop = block.find(b"\0", start, end)
        found = stop if stop < 0 else _first(block, stop, end)
        if found >= 0:
            return found
    odd = _CONTROLS.search(block, 265, 329) if named else None
    if odd is not None:
        return odd.start()
    for start, end in _NUMBERS[: 2 if posix else 5] if named else ():
        if not _is_number(block[start:end]):
            return start
    if posix:
        return _first(block, 500, 508 if block.endswith(_STAR) else BLOCK)
    kind = block[156:157]
    if block[257:265] != _GNU and kind != b"M":
        if not block[329:345].strip(b"0\0"):  # GNU tar's device numbers, also in a V7 header
            block = block[:329] + bytes(16) + block[345:]
        return _first(block, 257, BLOCK)
    return _first(block, 495 if kind in (b"S", b"M") else 381, BLOCK)


def _first(block: bytes, start: int, end: int) -> int:
    """Return where the first byte that is not zero stands; -1 if there is none."""
    rest = block[start:end]
    stripped = rest.lstrip(b"\0")
    return start + len(rest) - len(stripped) if stripped else -1
