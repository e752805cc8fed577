"""Tells archives and images by their marks: at the start, further inside, or at the end.

Sources: the formats' own specifications (ECMA-119, VHD and VHDX, QCOW2, WIM, ARJ TECHNOTE, MS-CFB,
squashfs 4.0) and the headers of NSIS, Inno Setup and AppImage.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from dten_audit.documents.source import Data

_PREFIXES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"RE\x7e\x5e", "rar"),
    (b"MSCF\0\0\0\0", "cab"),
    (b"ISc(", "installshield-cab"),
    (b"MSWIM\0\0\0", "wim"),
    (b"WLPWM\0\0\0", "wim"),
    (b"vhdxfile", "vhdx"),
    (b"conectix", "vhd"),
    (b"KDMV\1\0\0\0", "vmdk"),
    (b"KDMV\2\0\0\0", "vmdk"),
    (b"KDMV\3\0\0\0", "vmdk"),
    (b"COWD\1\0\0\0", "vmdk"),
    (b"xar!\0", "xar"),
    (b"QFI\xfb", "qcow2"),
    (b"<<< Oracle VM VirtualBox Disk Image >>>", "vdi"),
    (b"<<< Sun VirtualBox Disk Image >>>", "vdi"),
    (b"flatpak\0\1\0\x89\xe5", "flatpak"),
    (b"xdg-app\0\1\0\x89\xe5", "flatpak"),
    (b"encrcdsa", "dmg"),
    (b"LUKS\xba\xbe", "luks"),
    (b"Salted__", "salted"),
    (b"LRZI\0", "lrzip"),
    (b"LZIP\0", "lzip"),
    (b"LZIP\1", "lzip"),
    (b"BZ3v1", "bzip3"),
    (b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3zPQ", "zpaq"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"hsqs", "squashfs"),
    (b"sqsh", "squashfs"),
    (b"\x45\x3d\xcd\x28", "cramfs"),
    (b"\x28\xcd\x3d\x45", "cramfs"),
    (b"-rom1fs-", "romfs"),
    (b"UBI#\1", "ubi"),
    (b"UBI#\0", "ubi"),
    (b"\x27\x05\x19\x56", "uimage"),
    (b"ANDROID!", "android-image"),
    (b"\x3a\xff\x26\xed\1\0", "android-image"),
    (b"SIT!\0", "stuffit"),
    (b"StuffIt (c)", "stuffit"),
)
_BY_FOUR: Final[dict[bytes, list[tuple[bytes, str]]]] = {}
for _prefix, _kind in _PREFIXES:
    _BY_FOUR.setdefault(_prefix[:4], []).append((_prefix, _kind))

FIRST_BYTES: Final = frozenset(prefix[:2] for prefix, _ in _PREFIXES) | {b"\4\0", b"\x60\xea"}
"""The first two bytes of everything that ``foreign_kind`` knows, but for marks further inside."""

_ISO_DESCRIPTORS: Final = (32769, 34817, 36865)
_DISK_MARKS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (512, b"EFI PART", "disk"),
    (54, b"FAT1", "disk"),
    (82, b"FAT32   ", "disk"),
    (3, b"NTFS    ", "disk"),
    (1024, b"H+\0\4", "dmg"),
    (1024, b"HX\0\5", "dmg"),
    (1024, b"\xe2\xe1\xf5\xe0", "erofs"),
    (65600, b"_BHRfS_M", "btrfs"),
    (0, b"XFSB\0\0", "xfs"),
)
_INSTALLER_IDS: Final = ("84100c00", "86100c00", "82100c00")
_INSTALLER_TAIL: Final = bytes.fromhex("0000 0000 c000 0000 0000 0046")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NSIS: Final = b"\xef\xbe\xad\xdeNullsoftInst"
_SQUASHFS_VERSIONS: Final = (b"\4\0", b"\3\0", b"\0\4", b"\0\3")
_SMALLEST_ARJ: Final = 30
_LARGEST_ARJ: Final = 2600


def foreign_kind(head: bytes) -> str:
    """Return the kind that the first bytes tell; empty where they tell none."""
    for prefix, kind in _BY_FOUR.get(head[:4], ()):
        if head.startswith(prefix):
            return "" if kind == "squashfs" and head[28:30] not in _SQUASHFS_VERSIONS else kind
    if head[:2] == b"\x60\xea":
        return "arj" if _is_arj(head) else ""
    if head[:4] == b"\x04\0\0\0" and head[16:25] == b'{"files":':
        return "asar"
    return ""


def marked_kind(head: bytes) -> str:
    """Return the kind that a mark near the start tells, whatever the first byte is."""
    if head[2:5] == b"-lh" and head[6:7] == b"-" and head[5:6] in b"01234567d":
        return "lzh" if head[20:21] in b"\0\1\2\3" and head[0] else ""
    if head[7:14] == b"**ACE**":
        return "ace"
    return "nsis" if head[4:20] == _NSIS else ""


def landmark_kind(data: Data) -> str:
    """Return the kind that bytes far inside or at the end tell: images of disks, of their parts."""
    for at in _ISO_DESCRIPTORS:
        if data[at : at + 5] in (b"CD001", b"BEA01"):
            return "iso"
    if data[-512:-504] == b"koly\0\0\0\4" or data[-8:] == b"cdsaencr":
        return "dmg"
    if b"conectix" in (data[-512:-504], data[-511:-503]):
        return "vhd"
    if data[:8] == _OLE:
        return _ole_kind(data)
    boot = data[510:512] == b"\x55\xaa"
    for at, mark, kind in _DISK_MARKS:
        if data[at : at + len(mark)] == mark and (boot or at not in (3, 54, 82)):
            return kind
    return "ext" if _is_ext(data[1024:1124]) else ""


def _is_arj(head: bytes) -> bool:
    """Tell whether an ARJ header starts here: it carries its own checksum."""
    size = int.from_bytes(head[2:4], "little")
    if not _SMALLEST_ARJ <= size <= _LARGEST_ARJ:
        return False
    stated = int.from_bytes(head[4 + size : 8 + size], "little")
    return zlib.crc32(head[4 : 4 + size]) == stated


def _is_ext(block: bytes) -> bool:
    """Tell whether a block is the superblock of ext2, ext3 or ext4."""
    if block[56:58] != b"\x53\xef":
        return False
    number: Callable[[int], int] = lambda at: int.from_bytes(block[at : at + 4], "little")  # noqa: E731
    plausible = number(0) > 0 and number(4) > 0 and number(24) <= 6 and number(72) <= 4  # noqa: PLR2004
    return plausible and block[58] in (1, 2, 4)


def _ole_kind(data: Data) -> str:
    """Return ``msi`` for a compound file whose root has the class of Windows Installer."""
    shift = int.from_bytes(data[30:32], "little")
    sector = int.from_bytes(data[48:52], "little")
    if shift not in (9, 12):
        return ""
    root = (sector + 1) << shift
    identity = data[root + 80 : root + 96]
    known = any(identity == bytes.fromhex(start) + _INSTALLER_TAIL for start in _INSTALLER_IDS)
    return "msi" if known else ""
