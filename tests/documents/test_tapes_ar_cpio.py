"""Archives of ar and cpio, and what Debian packages and initial RAM disks make of them."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from dten_audit.documents.budget import Budget
from dten_audit.documents.cpio.members import byte_sum, members
from dten_audit.documents.errors import BrokenError
from dten_audit.documents.source import Source, everything

from . import tape_writers as w
from .opening import open_bytes, open_path
from .zip_cases import CANARY, Case

FILE: Final = 0o100644
CPIO: Final = w.newc(("a.sql", FILE, CANARY))
OTHER: Final = w.newc(("b.txt", FILE, b"second"))
VERSION: Final = (b"debian-binary", b"2.0\n")
CONTROL: Final = (b"control.tar", w.file(b"control", b"x") + w.END)
DATA: Final = (b"data.tar", w.file(b"a.sql", CANARY) + w.END)
IN_DATA: Final = "data.tar!/a.sql"

CASES: Final = [
    Case("symbol table", lambda: w.ar((b"/", CANARY), (b"b.o/", b"x")), "", found="@symbols"),
    Case(
        "symbol table, BSD",
        lambda: w.ar((b"#1/12", b"__.SYMDEF\0\0\0" + CANARY)),
        "",
        "",
        "@symbols",
    ),
    Case(
        "names of nobody",
        lambda: w.ar((b"//", b"a_long_name.sql/\n" + CANARY), (b"/0", b"x")),
        "extra-data",
        found="@names",
    ),
    Case(
        "two tables of names",
        lambda: w.ar((b"//", b"a.sql/\n"), (b"/0", CANARY), (b"//", b"b")),
        "package-layout",
    ),
    Case(
        "thin",
        lambda: (
            w.ar((b"//", b"lib/a.sql/\n"), magic=b"!<thin>\n")
            + w.ar((b"/0", b""), (b"b.o/", b""))[8:]
        ),
        "member-missing",
        "missing",
        "",
    ),
    Case("deb", lambda: w.ar(VERSION, CONTROL, DATA), "", found=IN_DATA),
    Case(
        "deb, signed",
        lambda: w.ar(VERSION, CONTROL, DATA, (b"_gpgorigin", b"x")),
        "",
        found=f"{IN_DATA} @signed",
    ),
    Case(
        "deb with two parts of a kind",
        lambda: w.ar(VERSION, CONTROL, (b"control.tar.gz", gzip.compress(CONTROL[1])), DATA),
        "package-layout",
        found=IN_DATA,
    ),
    Case(
        "deb with another part",
        lambda: w.ar(VERSION, CONTROL, DATA, (b"a.sql", CANARY)),
        "package-layout",
        found=f"a.sql {IN_DATA}",
    ),
    Case("deb in disorder", lambda: w.ar(VERSION, DATA, CONTROL), "package-layout", found=IN_DATA),
    Case("deb without control", lambda: w.ar(VERSION, DATA), "package-layout", found=IN_DATA),
    Case(
        "deb of another version",
        lambda: w.ar((b"debian-binary", b"3.0\n"), CONTROL, DATA),
        "package-layout",
        found=IN_DATA,
    ),
    Case("cpio with checksums", lambda: w.newc(("a.sql", FILE, CANARY), magic=b"070702"), ""),
    Case(
        "cpio with a wrong checksum",
        lambda: w.newc(("a.sql", FILE, CANARY), magic=b"070702").replace(b"CREATE", b"CREATF"),
        "checksum-mismatch",
        found="",
    ),
    Case("cpio, binary", lambda: w.binary_cpio("<", b"a.sql", CANARY), ""),
    Case("cpio, binary of other machines", lambda: w.binary_cpio(">", b"a.sql", CANARY), ""),
    Case("two archives", lambda: OTHER + bytes(300) + CPIO, "several-archives"),
    Case(
        "a packed one behind",
        lambda: OTHER + gzip.compress(CPIO),
        "several-archives",
        found="@trailer!/a.sql",
    ),
    Case("garbage behind", lambda: OTHER + bytes(99) + CANARY, "appended-data", found="@trailer"),
    Case("zeros behind", lambda: CPIO + bytes(9000), ""),
    Case(
        "folder with content",
        lambda: w.newc(("a.sql", 0o040755, CANARY)),
        "folder-with-data path-conflict",
    ),
    Case(
        "type of no meaning",
        lambda: w.newc(("a.sql", 0o150644, CANARY)),
        "unknown-type folder-with-data",
    ),
    Case(
        "name behind a NUL",
        lambda: w.newc(("a.sql\0/../b", FILE, CANARY)),
        "path-control path-dots",
        found="a.sql\0/../b",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_part_is_read_or_told(case: Case, tmp_path: Path) -> None:
    opening = open_bytes(case.data(), tmp_path, "package")
    assert opening.names == set(case.issues.split())
    assert opening.reasons == set(case.gaps.split())
    found = {path for path, data in opening.tree.items() if CANARY in data}
    assert found == set(case.found.split(" ") if case.found else ())


def test_hard_links_share_the_content_of_the_last_one(tmp_path: Path) -> None:
    data = w.newc(
        ("bin/x", 0o104755, b""), ("bin/y", 0o100755, b""), ("bin/z", 0o100755, CANARY), inode=7
    )
    opening = open_bytes(data, tmp_path, "package")
    assert opening.tree == {"bin/z": CANARY}
    assert [(issue.issue, issue.at.path) for issue in opening.issues] == [
        ("mode-setuid", "package!/bin/x")
    ]
    empty = open_bytes(w.newc(("x", FILE, b""), ("y", FILE, b""), inode=7), tmp_path, "package")
    assert empty.tree == {"x": b""}


def test_numbers_of_files_mean_nothing_without_their_package() -> None:
    source = Source("x", w.stripped((0, b"x")), Budget(), everything)
    with pytest.raises(BrokenError):
        list(members(source))


def test_sums_of_bytes() -> None:
    for data in (b"", b"\xff" * 256, b"\xff" * 257, bytes(range(256)) * 9):
        assert byte_sum(data) == sum(data)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "d").mkdir(parents=True)
    (root / "a.sql").write_bytes(CANARY)
    os.link(root / "a.sql", root / "d/b.sql")
    (root / "d/l").symlink_to("../a.sql")
    (root / "empty").write_bytes(b"")
    return root


@pytest.mark.parametrize("form", ["newc", "crc", "odc", "bin", "hpbin", "ustar"])
def test_real_cpio(form: str, tree: Path) -> None:
    if not shutil.which("cpio"):
        pytest.skip("no cpio here")
    command = f"find . | cpio --quiet -o -H {form} > ../out"
    subprocess.run(command, shell=True, cwd=tree, check=True)
    opening = open_path(tree.parent / "out")
    assert not opening.issues
    expected = {path: CANARY for path in opening.tree if path.endswith(".sql")} | {"empty": b""}
    assert opening.tree == expected
    assert len(expected) in (2, 3)


def test_real_libraries(tree: Path) -> None:
    if not shutil.which("ar"):
        pytest.skip("no ar here")
    long = "a_name_that_is_long.sql"
    (tree / long).write_bytes(CANARY)
    subprocess.run(["ar", "rc", "../out.a", "a.sql", long], cwd=tree, check=True)
    opening = open_path(tree.parent / "out.a")
    assert not opening.issues
    assert opening.tree == {"a.sql": CANARY, long: CANARY}
    subprocess.run(["ar", "rcT", "../thin.a", "a.sql", long], cwd=tree, check=True)
    opening = open_path(tree.parent / "thin.a")
    assert opening.names == {"member-missing"}
    assert len(opening.gaps) == 2
