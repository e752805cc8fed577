"""Archives of real writers raise nothing, and give back exactly what went in."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .opening import open_bytes, open_path

TREE = {
    "install.sh": b"#!/bin/sh\nset -e\n",
    "db/001_up.sql": b"ALTER TABLE t ADD c int;\n" * 200,
    "etc/cron.d/dten": b"0 3 * * * root /opt/dten/bin/import\n",
    "docs/f\u00fcr Benutzer.txt": b"Gr\xc3\xbc\xc3\x9fe",
    "empty": b"",
    "lib/Outer$Inner.class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(300),
    "bin/tool": b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40,
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
    assert opening.tree == expected


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


PATHS = st.lists(
    st.text(
        st.characters(categories=("Ll", "Nd"), include_characters="_-+é"), min_size=1, max_size=8
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: "x" + "/x".join(parts) + ".txt")
CONTENT = st.binary(max_size=300).map(lambda data: b"-- " + data)
TREES = st.dictionaries(PATHS, CONTENT, min_size=1, max_size=6)


def zip_of(tree: dict[str, bytes], method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for path, data in tree.items():
            archive.writestr(path, data)
    return stream.getvalue()


def tar_of(tree: dict[str, bytes], form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for path, data in tree.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


PACK: list[Callable[[dict[str, bytes]], bytes]] = [
    lambda tree: zip_of(tree, zipfile.ZIP_DEFLATED),
    lambda tree: zip_of(tree, zipfile.ZIP_STORED),
    lambda tree: zip_of(tree, zipfile.ZIP_LZMA),
    lambda tree: tar_of(tree, tarfile.PAX_FORMAT),
    lambda tree: tar_of(tree, tarfile.GNU_FORMAT),
    lambda tree: tar_of(tree, tarfile.USTAR_FORMAT),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tree=TREES, pack=st.sampled_from(PACK))
def test_any_tree_comes_back(
    tree: dict[str, bytes], pack: Callable[[dict[str, bytes]], bytes], tmp_path: Path
) -> None:
    inner = pack(tree)
    opening = open_bytes(zip_of({"in.x": inner, "a.txt": b"a"}, zipfile.ZIP_STORED), tmp_path)
    assert opening.names <= {"path-collision"}
    found = {p.removeprefix("in.x!/"): d for p, d in opening.tree.items() if p != "a.txt"}
    assert found == tree
