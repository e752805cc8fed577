"""Formats that are recognised by their bytes and named as not covered."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from dten_audit.documents.errors import PackageError
from dten_audit.documents.formats import format_of
from dten_audit.documents.kind_tables import KIND_FAMILIES
from dten_audit.documents.kinds import CONTAINERS, kind_of
from dten_audit.documents.nesting import nested_kind
from dten_audit.documents.promises import mismatch
from dten_audit.documents.remedies import remedy
from dten_audit.examples.zip_writer import ZipMember, write_zip

from .opening import open_bytes

FILLED = bytes(range(1, 200)) * 400


def at(offset: int, mark: bytes, size: int = 70_000, fill: bytes = FILLED) -> bytes:
    data = bytearray(fill[:size])
    data[offset : offset + len(mark)] = mark
    return bytes(data)


def arj() -> bytes:
    header = bytes((30, 11, 1, 2, 0, 2)) + bytes(24) + b"a.arj\0\0"
    return (
        b"\x60\xea"
        + struct.pack("<H", len(header))
        + header
        + struct.pack("<I", zlib.crc32(header))
    )


def ole(identity: str) -> bytes:
    data = bytearray(8192)
    data[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    data[30:32], data[48:52] = struct.pack("<H", 9), struct.pack("<I", 10)
    data[11 * 512 + 80 : 11 * 512 + 96] = bytes.fromhex(identity)
    return bytes(data)


def superblock(**fields: int) -> bytes:
    values = {"inodes": 64, "blocks": 256, "size": 2, "state": 1, "system": 0, **fields}
    block = bytearray(1024)
    struct.pack_into("<2I", block, 0, values["inodes"], values["blocks"])
    struct.pack_into("<I", block, 24, values["size"])
    block[56:58] = b"\x53\xef"
    struct.pack_into("<H", block, 58, values["state"])
    struct.pack_into("<I", block, 72, values["system"])
    return bytes(block)


MSI = "84100c0000000000c000000000000046"
MARKED: dict[str, list[bytes]] = {
    "7z": [b"7z\xbc\xaf\x27\x1c\0\4" + FILLED],
    "rar": [b"Rar!\x1a\x07\0" + FILLED, b"Rar!\x1a\x07\1\0" + FILLED],
    "cab": [b"MSCF\0\0\0\0" + FILLED],
    "installshield-cab": [b"ISc(" + FILLED],
    "msi": [ole(MSI), ole(MSI.replace("84", "86", 1))],
    "iso": [
        at(32769, b"CD001\1"),
        at(32769, b"BEA01\1"),
        at(34817, b"CD001\1", fill=bytes(70_000)),
    ],
    "dmg": [FILLED + b"koly\0\0\0\4" + bytes(504), b"encrcdsa" + FILLED, at(1024, b"H+\0\4")],
    "xar": [b"xar!\0\x1c\0\1" + FILLED],
    "squashfs": [
        at(28, b"\4\0\0\0", fill=b"hsqs" + FILLED),
        at(28, b"\0\4", fill=b"sqsh" + FILLED),
    ],
    "arj": [arj() + FILLED],
    "lzh": [b"\x24\x81-lh5-" + bytes(13) + b"\1" + FILLED],
    "ace": [b"\x31\x9e\x31\0\0\0\x90**ACE**" + FILLED],
    "wim": [b"MSWIM\0\0\0" + FILLED, b"WLPWM\0\0\0" + FILLED],
    "vhd": [b"conectix" + FILLED, FILLED + b"conectix" + bytes(504)],
    "vhdx": [b"vhdxfile" + FILLED],
    "vmdk": [b"KDMV\1\0\0\0" + FILLED],
    "vdi": [b"<<< Oracle VM VirtualBox Disk Image >>>\n" + FILLED],
    "qcow2": [b"QFI\xfb\0\0\0\3" + FILLED],
    "disk": [at(512, b"EFI PART"), at(82, b"FAT32   ", fill=at(510, b"\x55\xaa"))],
    "ext": [at(1024, superblock())],
    "erofs": [at(1024, b"\xe2\xe1\xf5\xe0")],
    "btrfs": [at(65600, b"_BHRfS_M")],
    "xfs": [b"XFSB\0\0\x10\0" + FILLED],
    "cramfs": [b"\x45\x3d\xcd\x28" + FILLED],
    "romfs": [b"-rom1fs-" + FILLED],
    "ubi": [b"UBI#\1\0\0\0" + FILLED],
    "uimage": [b"\x27\x05\x19\x56" + FILLED],
    "android-image": [b"ANDROID!" + FILLED],
    "flatpak": [b"flatpak\0\1\0\x89\xe5" + FILLED],
    "asar": [b"\4\0\0\0" + bytes(12) + b'{"files":{"a.js":{}}}' + FILLED],
    "stuffit": [b"SIT!\0\1" + FILLED],
    "nsis": [b"\0\0\0\0\xef\xbe\xad\xdeNullsoftInst" + FILLED],
    "lz4": [b"\x04\x22\x4d\x18" + FILLED, b"\x02\x21\x4c\x18" + FILLED],
    "lzip": [b"LZIP\1" + FILLED],
    "lrzip": [b"LRZI\0" + FILLED],
    "bzip3": [b"BZ3v1" + FILLED],
    "zpaq": [b"7kSt\xa0\x31\x83\xd3\x8c\xb2\x28\xb0\xd3zPQ" + FILLED],
}
CASES = [(kind, data) for kind, examples in MARKED.items() for data in examples]


@pytest.mark.parametrize(("kind", "data"), CASES)
def test_the_bytes_tell_whatever_the_name(kind: str, data: bytes, tmp_path: Path) -> None:
    assert nested_kind("firmware", data) == (kind, kind)
    assert nested_kind("firmware.dat", data) == (kind, kind)
    assert kind in CONTAINERS
    assert KIND_FAMILIES[kind] == "archive"
    assert not mismatch("payload.zip", kind)
    if format_of(kind) is None:
        opening = open_bytes(write_zip([ZipMember("firmware", data)]), tmp_path)
        [gap] = opening.gaps
        assert (gap.reason, gap.kind, gap.size) == ("unsupported-format", kind, len(data))
        assert gap.remedy == remedy("unsupported-format", kind)
        assert "`" in gap.remedy


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.txt", b"MSCF is the magic of a cabinet\n"),
        ("a.txt", b"Rar! is what they say\n"),
        ("a.txt", b"KDMV\n"),
        ("a.txt", b"sqsh is a shell for SQL\n" * 9),
        ("a", b"Salted peanuts\n"),
        ("a", b"-rom1fs is a name\n"),
        ("a", b"connect\n"),
        ("a.doc", ole("0609020000000000c000000000000046")),
        ("a.dat", at(1024, superblock(size=40))),
        ("a.dat", at(54, b"FAT16   ")),
        ("a.iso", b"this is a text\n" * 9000),
        ("a.arj", b"\x60\xea\x1e\0" + FILLED),
        ("a.txt", at(32769, b"CD001", fill=b"a text\n" * 10_000)),
    ],
)
def test_a_part_of_a_mark_is_none(path: str, data: bytes) -> None:
    assert nested_kind(path, data)[1] == ""


def test_a_name_alone_still_promises_an_image() -> None:
    assert nested_kind("dten.iso", FILLED) == ("iso", "iso")
    assert nested_kind("dten.iso", write_zip([ZipMember("a", b"a")]))[1] == "zip"
    assert nested_kind("dten.iso", b"\x7fELF" + FILLED)[0] == "elf"
    assert kind_of("dten.iso", FILLED) == "iso"


def test_a_package_that_no_reader_reads_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"a rar archive, for which .* `unrar x`"):
        open_bytes(MARKED["rar"][0], tmp_path, "package.rar")


def test_every_remedy_is_a_sentence() -> None:
    for kind in (*CONTAINERS, "overlay", "payload", "inno-setup", "pyinstaller", "unknown"):
        for reason in ("unsupported-format", "unsupported-method"):
            text = remedy(reason, kind)
            assert text.endswith("."), kind
            assert text[0].isupper(), kind
    assert not remedy("encrypted", "zip")


WRITERS = {
    "7z": ["7z", "a", "-bd", "-y", "out", "in"],
    "iso": ["genisoimage", "-quiet", "-o", "out", "in"],
    "squashfs": ["mksquashfs", "in", "out", "-quiet", "-no-progress"],
}


@pytest.mark.parametrize("kind", WRITERS)
def test_what_real_writers_write(kind: str, tmp_path: Path) -> None:
    if not shutil.which(WRITERS[kind][0]):
        pytest.skip(f"{WRITERS[kind][0]} is not installed")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.sh").write_bytes(b"#!/bin/sh\n")
    subprocess.run(WRITERS[kind], cwd=tmp_path, check=True, capture_output=True)
    written = next(path for path in tmp_path.iterdir() if path.name.startswith("out"))
    assert nested_kind("x", written.read_bytes()) == (kind, kind)
