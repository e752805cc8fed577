"""Of a large program only the head is kept, unless something may stand behind it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.cat import content, contents
from dten_audit.examples.zip_writer import ZipMember, write_zip

from .hostile_tars import info, tar
from .opening import open_bytes
from .zip_cases import CANARY

MIB = 1 << 20
SMALL = Limits(memory=MIB, ratio=10**6)
TABLE = 3 * MIB


def program(table: int = TABLE, sections: int = 1, bits: int = 2) -> bytes:
    """Return an ELF file (System V ABI, chapter 4) whose one section table is its last part."""
    head = bytearray(64)
    head[:7] = bytes([0x7F, 0x45, 0x4C, 0x46, bits, 1, 1])
    step = 64 if bits == 2 else 40
    struct.pack_into("<Q" if bits == 2 else "<I", head, 40 if bits == 2 else 32, table)
    struct.pack_into("<2H", head, 58 if bits == 2 else 46, step, sections)
    return bytes(head).ljust(table, b"\x90") + bytes(step * sections)


@pytest.mark.parametrize("bits", [1, 2])
def test_of_a_large_program_the_head_is_kept(bits: int, tmp_path: Path) -> None:
    elf = program(bits=bits)
    data = write_zip([ZipMember("lib/core.so", elf), ZipMember("a.sql", CANARY)])
    opening = open_bytes(data, tmp_path, limits=SMALL)
    (library, _) = opening.documents
    assert (library.kind, library.size, library.mapped) == ("elf", len(elf), None)
    assert len(library.data) == MIB
    assert not opening.issues
    assert not opening.gaps
    package = tmp_path / "package.zip"
    assert content(package, "x!/lib/core.so", Budget(SMALL)) == elf
    everything = [f"package.zip!/{name}" for name in ("lib/core.so", "a.sql", *"bcdefghij")]
    assert dict(contents(package, everything, Budget(SMALL)))["package.zip!/lib/core.so"] == elf


BEHIND = [
    program() + tar((info("a.sql"), CANARY)),
    program() + write_zip([ZipMember("a.sql", CANARY)]),
    program(TABLE - 64) + b"\0" * 64 + write_zip([ZipMember("a.sql", CANARY)]),
]


@pytest.mark.parametrize("number", range(len(BEHIND)))
def test_what_stands_behind_a_large_program_is_found(number: int, tmp_path: Path) -> None:
    opening = open_bytes(
        write_zip([ZipMember("setup.bin", BEHIND[number])]), tmp_path, limits=SMALL
    )
    assert CANARY in opening.tree.values()


def test_a_zip_inside_the_stated_size_is_found(tmp_path: Path) -> None:
    inner = write_zip([ZipMember("a.sql", CANARY)])
    elf = bytearray(program(TABLE))
    elf[-len(inner) :] = inner
    opening = open_bytes(write_zip([ZipMember("setup.bin", bytes(elf))]), tmp_path, limits=SMALL)
    assert CANARY in opening.tree.values()


def test_a_large_program_that_is_not_sound_is_read_as_ever(tmp_path: Path) -> None:
    elf = program()
    data = write_zip([ZipMember("lib/core.so", elf, crc=1)])
    opening = open_bytes(data, tmp_path, limits=SMALL)
    assert opening.names == {"checksum-mismatch"}
    (library,) = opening.documents
    assert library.mapped is not None
