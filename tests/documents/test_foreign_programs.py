"""Programs with something appended, and programs with nothing."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.budget import Budget
from dten_audit.documents.cat import content
from dten_audit.documents.kinds import kind_of
from dten_audit.documents.nesting import nested_kind
from dten_audit.documents.programs import appended, extent_of

from .opening import open_bytes
from .programs import elf, fat, macho, pe, signed
from .test_foreign_scripts import INSTALL, PAYLOADS, tar, zipped

PROGRAMS = {
    "elf": elf(),
    "elf 32": elf(wide=False),
    "elf big-endian": elf(order=">"),
    "elf 32 big-endian": elf(wide=False, order=">"),
    "pe": pe(),
    "pe 32": pe(wide=False),
    "pe with symbols": pe(symbols=b"s" * 36),
    "pe with debug data": pe(debug=b"RSDS" + bytes(range(90))),
    "pe signed": signed(pe()),
    "macho": macho(),
    "macho 32": macho(wide=False),
    "macho big-endian": macho(order=">"),
    "macho fat": fat(macho(), macho(wide=False)),
}
NOISE = random.Random(1).randbytes(5000)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_ends_where_its_structure_says(name: str) -> None:
    data = PROGRAMS[name]
    kind = name.split(maxsplit=1)[0]
    assert kind_of("x", data) == kind
    extent = extent_of(data, kind)
    assert extent is not None
    assert max(extent.end, extent.signature[1]) == len(data)
    assert not appended(data, extent)
    assert nested_kind("x", data) == (kind, "")
    assert nested_kind("x", data + bytes(5000)) == (kind, "")
    assert nested_kind("x", data + NOISE) == (kind, "overlay")


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("padding", [0, 300])
def test_what_is_appended_is_opened(name: str, padding: int, tmp_path: Path) -> None:
    data = PROGRAMS[name]
    opening = open_bytes(data + bytes(padding) + PAYLOADS["gzip"], tmp_path, "setup.bin")
    assert opening.containers[0].kind == "overlay"
    tree = opening.tree
    assert tree["@payload!/install.sh"] == INSTALL
    if name != "pe signed":
        assert tree["@program"] == data + bytes(padding)
    assert not opening.issues
    assert not opening.gaps
    whole = content(tmp_path / "setup.bin", "setup.bin!/@payload!/install.sh", Budget())
    assert whole == INSTALL


@pytest.mark.parametrize("kind", ["bzip2", "xz", "zstd", "tar", "tar-pax"])
def test_archives_of_other_kinds(kind: str, tmp_path: Path) -> None:
    opening = open_bytes(elf() + PAYLOADS[kind], tmp_path, "setup.bin")
    assert opening.tree["@payload!/install.sh"] == INSTALL


def test_a_zip_is_read_as_one(tmp_path: Path) -> None:
    opening = open_bytes(pe() + zipped(), tmp_path, "setup.exe")
    assert opening.containers[0].kind == "zip"
    assert opening.names == {"prepended-data"}


def test_a_signature_behind_the_archive_belongs_to_the_program(tmp_path: Path) -> None:
    opening = open_bytes(signed(pe(), zipped()), tmp_path, "setup.exe")
    assert opening.tree["@payload!/install.sh"] == INSTALL
    assert "@certificates" in opening.tree
    assert not opening.gaps


def test_every_byte_is_in_some_document(tmp_path: Path) -> None:
    data = signed(pe(), NOISE)
    opening = open_bytes(data, tmp_path, "setup.exe")
    assert b"".join(opening.tree.values()) == data


SQUASHFS = b"hsqs" + struct.pack("<4I6H", 9, 0, 1 << 17, 1, 1, 17, 0, 1, 4, 0) + bytes(64)
CAB = b"MSCF\0\0\0\0" + struct.pack("<5I", 5000, 0, 44, 0, 0x103) + NOISE
SEVEN = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(bytes(20))) + bytes(20)
OVERLAYS = {
    "appimage": (elf(), SQUASHFS + NOISE, "squashfs"),
    "cab": (pe(), CAB, "cab"),
    "nsis": (pe(), b"\0\0\0\0\xef\xbe\xad\xdeNullsoftInst" + NOISE, "nsis"),
    "inno": (pe(), b"zlb\x1a" + NOISE + b"Inno Setup Setup Data (6.2.0)" + NOISE, "inno-setup"),
    "pyinstaller": (elf(), NOISE + b"MEI\x0c\x0b\x0a\x0b\x0e" + NOISE[:80], "pyinstaller"),
    "rar": (pe(), b"Rar!\x1a\x07\1\0" + NOISE, "rar"),
    "unknown": (elf(), NOISE, "overlay"),
}


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_nobody_reads_is_a_gap(name: str, tmp_path: Path) -> None:
    program, overlay, kind = OVERLAYS[name]
    opening = open_bytes(program + overlay, tmp_path, "setup.bin")
    assert opening.tree["@program"] == program
    [gap] = opening.gaps
    assert (gap.reason, gap.kind, gap.size) == ("unsupported-format", kind, len(overlay))
    assert gap.at.path == "setup.bin!/@payload"
    assert gap.remedy


def test_an_archive_behind_its_settings_is_found(tmp_path: Path) -> None:
    """7-Zip's self-extractors put a text before the archive."""
    settings_text = b';!@Install@!UTF-8!\nRunProgram="setup.exe"\n;!@InstallEnd@!'
    opening = open_bytes(pe() + settings_text + SEVEN, tmp_path, "setup.exe")
    assert opening.tree["@payload"] == settings_text
    assert [container.address for container in opening.containers[1:]] == [
        "setup.exe!/@payload2"
    ] or [gap.at.path for gap in opening.gaps] == ["setup.exe!/@payload2"]


def test_text_behind_a_program_is_read(tmp_path: Path) -> None:
    text = b"#!/bin/sh\n" + b"rm -rf /opt/dten/old\n" * 60
    opening = open_bytes(elf() + text, tmp_path, "run.bin")
    assert opening.documents[1].kind == "shell"
    assert not opening.gaps


def test_a_little_noise_is_no_gap(tmp_path: Path) -> None:
    opening = open_bytes(elf() + NOISE[:200], tmp_path, "run.bin")
    assert not opening.gaps
    assert opening.tree["@payload"] == NOISE[:200]
    assert nested_kind("run.bin", elf() + NOISE[:40]) == ("elf", "")


def test_a_signed_kernel_module_has_nothing_appended() -> None:
    signature = b"\x30\x82" + bytes(range(200))
    info = struct.pack(">8BI", 0, 0, 2, 0, 0, 0, 0, 0, len(signature))
    module = elf() + signature + info + b"~Module signature appended~\n"
    assert nested_kind("dten.ko", module) == ("elf", "")
    lie = elf() + NOISE + info + b"~Module signature appended~\n"
    assert nested_kind("dten.ko", lie) == ("elf", "overlay")


def test_parts_that_the_file_cannot_hold_are_lies() -> None:
    data = bytearray(elf())
    table = struct.unpack_from("<Q", data, 40)[0]
    struct.pack_into("<2Q", data, table + 64 + 24, 0, 1 << 40)
    assert nested_kind("x", bytes(data) + PAYLOADS["gzip"]) == ("elf", "overlay")


@pytest.mark.parametrize("mark", [b"NE", b"LE"])
def test_old_windows_programs_do_not_tell_their_end(mark: bytes) -> None:
    data = b"MZ" + bytes(58) + struct.pack("<I", 64) + mark + bytes(900) + NOISE
    assert nested_kind("setup.exe", data) == ("pe", "")


def test_a_dos_program_tells_its_end() -> None:
    data = b"MZ" + struct.pack("<2H", 0x100, 2) + bytes(0x300 - 6)
    assert nested_kind("lha.exe", data) == ("pe", "")
    assert nested_kind("lha.exe", data + PAYLOADS["tar"]) == ("pe", "overlay")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PROGRAMS)), st.data())
def test_any_damage_can_be_measured(name: str, draw: st.DataObject) -> None:
    data = bytearray(PROGRAMS[name] + gzip.compress(b"x" * 99))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(4, min(400, len(data) - 1)))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(5, len(data)))
    for kind in ("elf", "pe", "macho"):
        extent = extent_of(bytes(data[:cut]), kind)
        if extent is not None:
            assert extent.end >= 0
            assert all(
                0 <= start < end <= cut for start, end in appended(bytes(data[:cut]), extent)
            )


def test_a_table_of_a_million_sections_costs_nothing(tmp_path: Path) -> None:
    data = bytearray(elf() + bytes(1 << 20))
    struct.pack_into("<3H", data, 58, 64, 0xFFFF, 3)
    assert extent_of(bytes(data), "elf") is not None
    assert open_bytes(bytes(data) + tar(), tmp_path, "x.bin").containers[0].kind == "overlay"
