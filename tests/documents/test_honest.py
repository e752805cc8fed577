"""Archives of real writers raise nothing, and give back exactly what went in."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from . import python_writers
from .opening import open_path
from .python_writers import PythonWriter
from .random_trees import Expected, expected, find, random_tree


def program(content: bytes) -> bytes:
    """Return an ELF file for x86-64 that is loaded whole (elf(5))."""
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHLQQQL6H", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = len(head) + 56 + len(content)
    return head + struct.pack("<LL6Q", 1, 5, 0, 0, 0, size, size, 4096) + content


TREE = {
    "install.sh": b"#!/bin/sh\nset -e\n",
    "db/001_up.sql": b"ALTER TABLE t ADD c int;\n" * 200,
    "etc/cron.d/dten": b"0 3 * * * root /opt/dten/bin/import\n",
    "docs/f\u00fcr Benutzer.txt": b"Gr\xc3\xbc\xc3\x9fe",
    "empty": b"",
    "lib/Outer$Inner.class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(300),
    "bin/tool": program(bytes(range(256)) * 40),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for path, data in TREE.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o755 if data.startswith((b"#!", b"\x7fELF")) else 0o644)
    return root


WRITERS = {
    "zip": "zip -q -r ../out.zip .",
    "zip to a pipe": "zip -q -r - . > ../out.zip",
    "zip, stored": "zip -q -0 -r ../out.zip .",
    "zip, 64-bit": "zip -q -fz -r ../out.zip .",
    "zip with a comment": "echo hello | zip -q -z -r ../out.zip . > /dev/null",
    "zip, bzip2": "zip -q -Z bzip2 -r ../out.zip .",
    "GNU tar": "tar cf ../out.tar .",
    "GNU tar, pax": "tar --format=pax -cf ../out.tar .",
    "GNU tar, ustar": "tar --format=ustar -cf ../out.tar .",
    "GNU tar, old": "tar --format=v7 -cf ../out.tar .",
    "GNU tar, gzip": "tar czf ../out.tar.gz .",
    "GNU tar, xz": "tar cJf ../out.tar.xz .",
    "GNU tar, zstd": "tar --zstd -cf ../out.tar.zst .",
    "GNU tar, appended": "tar cf ../out.tar docs && tar rf ../out.tar db etc install.sh empty ???",
    "bsdtar": "bsdtar cf ../out.tar .",
    "bsdtar, zip": "bsdtar --format zip -cf ../out.zip *",
    "bsdtar, zip to a pipe": "bsdtar --format zip -cf - * > ../out.zip",
    "cpio": "find . -depth | cpio --quiet -o -H newc > ../out.cpio",
    "jar": "jar -c -f ../out.jar -M .",
    "7z, zip": "7zz a -tzip ../out.zip . > /dev/null",
    "ar": "ar rc ../out.a install.sh empty",
}
FINE = {"padding", "stored-streamed"}
"""What is context, not a finding: bsdtar and CPython write so into a pipe."""


@pytest.mark.parametrize("command", WRITERS.values(), ids=WRITERS)
def test_real_programs_raise_nothing(command: str, tree: Path) -> None:
    program = command.partition("|")[2].split() if "|" in command else command.split()
    if not all(shutil.which(name) for name in {command.split(maxsplit=1)[0], program[0]}):
        pytest.skip(f"no {program[0]} here")
    subprocess.run(command, shell=True, cwd=tree, check=True)
    (package,) = tree.parent.glob("out.*")
    opening = open_path(package)
    assert opening.names <= FINE
    assert not opening.gaps
    expected = {p: d for p, d in TREE.items() if "ar rc" not in command or "/" not in p}
    expected = {p: d for p, d in expected.items() if "ar rc" not in command or p != "bin/tool"}
    found = {path: data for path, data in opening.tree.items() if path != "@comment"}
    assert found == expected


def test_a_debian_package_raises_nothing(tree: Path) -> None:
    if not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb here")
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        "Package: dten\nVersion: 9.4\nArchitecture: all\nMaintainer: V <v@example.org>\n"
        "Description: x\n"
    )
    subprocess.run(["dpkg-deb", "-b", str(tree), str(tree.parent / "out.deb")], check=True)
    opening = open_path(tree.parent / "out.deb")
    assert not opening.issues
    assert not opening.gaps
    paths = {document.path for document in opening.documents}
    assert paths == {*TREE, "control", "md5sums", "debian-binary"} - (
        {"md5sums"} - {document.path for document in opening.documents}
    )
    kinds = {document.path: document.kind for document in opening.documents}
    assert kinds["etc/cron.d/dten"] == "cron"


@pytest.mark.parametrize("writer", python_writers.WRITERS, ids=lambda writer: str(writer.name))
def test_any_tree_comes_back(writer: PythonWriter, tmp_path: Path) -> None:
    dice = random.Random(writer.name)
    for depth in (1, 2, 4):
        wanted = _packed(writer, dice, depth)
        package = tmp_path / f"package{wanted[0]}"
        package.write_bytes(wanted[1])
        assert not find(package).differences(wanted[2], python_writers.CONTEXT)


def _packed(writer: PythonWriter, dice: random.Random, depth: int) -> tuple[str, bytes, Expected]:
    def nested() -> tuple[str, bytes, Expected]:
        return _packed(dice.choice(python_writers.WRITERS), dice, depth - 1)

    tree = random_tree(dice, writer.shape, nested if depth > 1 else None)
    return writer.ending, writer.write(tree), expected(tree, writer.shape)
