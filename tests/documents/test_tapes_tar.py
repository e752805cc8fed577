"""Each kind of tar header is read or told, and files with holes come back whole."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Final

import pytest

from dten_audit.documents.budget import Limits
from dten_audit.documents.tar.header import is_header, number

from . import tape_writers as w
from .opening import open_bytes, open_path
from .zip_cases import CANARY, Case

SIZE: Final = len(CANARY)
CANARY_FILE: Final = w.file(b"a.sql", CANARY)
B: Final = w.file(b"b.txt", b"second")
RAW: Final = b"\1\0\0\2" + (1 << 13 | 1 << 21).to_bytes(4, "little") + bytes(12)
"""cap_net_raw and cap_sys_admin (capabilities(7))."""


def tar(*parts: bytes) -> bytes:
    return b"".join(parts) + w.END


def signed(block: bytes) -> bytes:
    """A header whose checksum was taken of signed bytes."""
    total = sum(byte - 256 * (byte > 127) for byte in block[:148] + b" " * 8 + block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


CASES: Final = [
    Case("contiguous", lambda: tar(w.file(b"a.sql", CANARY, b"7")), ""),
    Case(
        "Solaris", lambda: tar(w.pax(("path", b"b.sql"), kind=b"X"), CANARY_FILE), "", "", "b.sql"
    ),
    Case(
        "prefix",
        lambda: tar(w.file(b"a.sql", CANARY, at345=b"opt/dten")),
        "",
        found="opt/dten/a.sql",
    ),
    Case(
        "star",
        lambda: tar(
            w.file(b"a.sql", CANARY, at345=b"opt", at476=b"00000000001 " * 2, at508=b"tar\0")
        ),
        "",
        found="opt/a.sql",
    ),
    Case(
        "signed checksum",
        lambda: tar(signed(w.header(b"\xfc.sql", size=SIZE)) + w.blocks(CANARY)),
        "",
        found="ü.sql",
    ),
    Case("folder of V7", lambda: tar(w.header(b"d/", b"\0"), CANARY_FILE), ""),
    Case(
        "global comment", lambda: tar(w.pax(("comment", CANARY), kind=b"g"), B), "", "", "@comment"
    ),
    Case("comment", lambda: tar(w.pax(("comment", CANARY)), B), "", "", "@comment"),
    Case(
        "global path",
        lambda: tar(w.pax(("path", b"etc/passwd"), kind=b"g"), CANARY_FILE),
        "header-mismatch",
    ),
    Case(
        "global size", lambda: tar(w.pax(("size", b"5"), kind=b"g"), CANARY_FILE), "header-mismatch"
    ),
    Case(
        "known keys", lambda: tar(w.pax(("SCHILY.dev", b"1"), ("mtime", b"-1.5")), CANARY_FILE), ""
    ),
    Case("unknown key", lambda: tar(w.pax(("ACME.note", b"x")), CANARY_FILE), "extra-data"),
    Case("time that is none", lambda: tar(w.pax(("mtime", b"now")), CANARY_FILE), "extra-invalid"),
    Case("owner that is none", lambda: tar(w.pax(("uid", b"root")), CANARY_FILE), "extra-invalid"),
    Case(
        "record without a length",
        lambda: tar(w.file(b"p", b"x" * 40, b"x"), CANARY_FILE),
        "extra-invalid",
    ),
    Case(
        "name in bytes",
        lambda: tar(w.pax(("hdrcharset", b"BINARY"), ("path", b"\xfc.sql")), CANARY_FILE),
        "",
        found="ü.sql",
    ),
    Case(
        "name not in UTF-8",
        lambda: tar(w.pax(("path", b"\xfc.sql")), CANARY_FILE),
        "path-encoding",
        found="ü.sql",
    ),
    Case(
        "two targets",
        lambda: tar(
            CANARY_FILE,
            w.file(b"K", b"a.sql\0", b"K"),
            w.pax(("linkpath", b"b")),
            w.header(b"l", b"2"),
        ),
        "header-mismatch",
    ),
    Case(
        "extended header at the end",
        lambda: tar(CANARY_FILE, w.pax(("path", b"b"))),
        "extra-invalid",
    ),
    Case(
        "extended header before a broken one",
        lambda: tar(CANARY_FILE, w.pax(("path", b"b")), b"?" * 512, B),
        "corrupt-header extra-invalid",
        "corrupt",
    ),
    Case(
        "behind a long name's end",
        lambda: tar(w.file(b"L", b"a.sql\0hidden", b"L"), CANARY_FILE),
        "hidden-data",
    ),
    Case(
        "capabilities",
        lambda: tar(w.pax(("SCHILY.xattr.security.capability", RAW)), CANARY_FILE),
        "mode-capability",
    ),
    Case(
        "capabilities as bsdtar writes them",
        lambda: tar(w.pax(("LIBARCHIVE.xattr.security.capability", b64encode(RAW))), CANARY_FILE),
        "mode-capability",
    ),
    Case(
        "behind the end of the name",
        lambda: tar(w.file(b"a.sql\0hidden", CANARY)),
        "hidden-data",
    ),
    Case(
        "behind the end of the target",
        lambda: tar(CANARY_FILE, w.header(b"l", b"2", at157=b"a.sql\0hidden")),
        "hidden-data",
    ),
    Case("in a header's padding", lambda: tar(w.file(b"a.sql", CANARY, at500=b"x")), "hidden-data"),
    Case(
        "in a GNU header's padding",
        lambda: tar(w.file(b"a.sql", CANARY, at257=b"ustar  \0", at400=b"x")),
        "hidden-data",
    ),
    Case(
        "behind V7's fields",
        lambda: tar(w.file(b"a.sql", CANARY, at257=bytes(8), at300=b"x")),
        "hidden-data",
    ),
    Case(
        "behind the content",
        lambda: tar(w.header(b"a.sql", size=SIZE) + CANARY + b"x" * (512 - SIZE)),
        "hidden-data",
    ),
    Case("target on a file", lambda: tar(w.file(b"a.sql", CANARY, at157=b"x")), "extra-data"),
    Case(
        "target on a folder",
        lambda: tar(CANARY_FILE, w.header(b"d", b"5", at157=b"x")),
        "extra-data",
    ),
    Case(
        "hard link to nothing",
        lambda: tar(CANARY_FILE, w.header(b"l", b"1", at157=b"x")),
        "link-missing",
    ),
    Case(
        "hard link to what follows",
        lambda: tar(w.header(b"l", b"1", at157=b"a.sql"), CANARY_FILE),
        "link-missing",
    ),
    Case(
        "hard link to a hard link",
        lambda: tar(
            CANARY_FILE, w.header(b"l", b"1", at157=b"./a.sql"), w.header(b"m", b"1", at157=b"l")
        ),
        "",
    ),
    Case(
        "hard link with content",
        lambda: tar(B, w.file(b"a.sql", CANARY, b"1", at157=b"b.txt")),
        "header-mismatch",
    ),
    Case(
        "folder with content",
        lambda: tar(w.file(b"a.sql", CANARY, b"5")),
        "folder-with-data path-conflict",
    ),
    Case("label", lambda: tar(w.header(CANARY.strip(), b"V"), B), "", "", ""),
    Case("label with content", lambda: tar(w.file(b"a.sql", CANARY, b"V")), "backup-record"),
    Case(
        "list of a folder",
        lambda: tar(w.file(b"d/", CANARY, b"D")),
        "backup-record",
        "",
        "@dumpdir",
    ),
    Case(
        "list of a folder, pax",
        lambda: tar(w.pax(("GNU.dumpdir", CANARY)), B),
        "backup-record",
        "",
        "@dumpdir",
    ),
    Case("old list of names", lambda: tar(w.file(b"a.sql", CANARY, b"N")), "backup-record"),
    Case(
        "part of a file",
        lambda: tar(w.file(b"a.sql", CANARY, b"M", at257=bytes(8), at369=b"00000001000\0")),
        "several-disks",
        "missing",
    ),
    Case(
        "part of a file, pax",
        lambda: tar(w.pax(("GNU.volume.offset", b"512"), kind=b"g"), CANARY_FILE),
        "several-disks",
        "missing",
    ),
    Case(
        "map out of order",
        lambda: tar(w.gnu((99, 9), (0, SIZE - 9), size=200, data=CANARY)),
        "sparse-member",
        found="a.img",
    ),
    Case(
        "map beyond the end",
        lambda: tar(w.gnu((99, SIZE), size=100, data=CANARY)),
        "sparse-member",
        found="a.img",
    ),
    Case(
        "map that leaves out content",
        lambda: tar(w.gnu((0, 9), size=200, data=CANARY)),
        "sparse-member",
        found="a.img",
    ),
    Case(
        "map that is none",
        lambda: tar(w.pax(("GNU.sparse.map", b"0,x"), ("GNU.sparse.size", b"9")), CANARY_FILE),
        "sparse-member",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_header_is_read_or_told(case: Case, tmp_path: Path) -> None:
    opening = open_bytes(case.data(), tmp_path, "package")
    assert opening.names == set(case.issues.split())
    assert opening.reasons == set(case.gaps.split())
    found = {path for path, data in opening.tree.items() if CANARY in data}
    assert found == set(case.found.split())


def test_places_and_details(tmp_path: Path) -> None:
    data = tar(
        w.header(b"a.sql", size=SIZE) + CANARY.ljust(500, b"\0") + b"x" * 12,
        w.pax(("SCHILY.xattr.security.capability", RAW)),
        w.header(b"sbin/dten"),
    )
    hidden, capable = open_bytes(data, tmp_path, "package").issues
    assert (hidden.at.path, hidden.at.byte_offset) == ("package!/a.sql", 512 + 500)
    assert (capable.at.path, capable.detail) == (
        "package!/sbin/dten", "cap_net_raw, cap_sys_admin",
    )  # fmt: skip


ENTRY: Final = b"%011o\0%011o\0"
EXPECTED: Final = bytes(99) + b"one" + bytes(98) + b"two" + bytes(97)
SPARSE: Final = {
    "old": w.gnu((99, 3), (200, 3), (300, 0), size=300, data=b"onetwo"),
    "old, map goes on": (
        w.gnu((99, 1), (100, 1), (101, 0), (101, 1), size=300, data=b"onetwo", more=b"\1")[:512]
        + w.blocks(ENTRY % (200, 3))
        + w.blocks(b"onetwo")
    ),
    "0.0": w.pax(
        ("GNU.sparse.size", b"300"), ("GNU.sparse.numblocks", b"2"), ("GNU.sparse.offset", b"99"),
        ("GNU.sparse.numbytes", b"3"), ("GNU.sparse.offset", b"200"), ("GNU.sparse.numbytes", b"3"),
    ) + w.file(b"a.img", b"onetwo"),
    "0.1": w.pax(
        ("GNU.sparse.size", b"300"), ("GNU.sparse.map", b"99,3,200,3"),
        ("GNU.sparse.name", b"a.img"), ("path", b"GNUSparseFile.7/a.img"),
    ) + w.file(b"GNUSparseFile.7/a.img", b"onetwo"),
    "1.0": w.pax(
        ("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.name", b"a.img"),
        ("GNU.sparse.realsize", b"300"),
    ) + w.file(b"GNUSparseFile.7/a.img", w.blocks(b"2\n99\n3\n200\n3\n") + b"onetwo"),
}  # fmt: skip


@pytest.mark.parametrize("form", SPARSE)
def test_files_with_holes_come_back_whole(form: str, tmp_path: Path) -> None:
    opening = open_bytes(tar(SPARSE[form], B), tmp_path, "package")
    assert not opening.issues
    assert opening.tree == {"a.img": EXPECTED, "b.txt": b"second"}


@pytest.mark.parametrize(("size", "issue"), [(1 << 22, "limit-ratio"), (1 << 30, "limit-member")])
def test_holes_count_as_what_comes_out(size: int, issue: str, tmp_path: Path) -> None:
    data = tar(w.gnu((0, 3), size=size, data=b"one"), CANARY_FILE)
    limits = Limits(ratio_from=1 << 20, member=1 << 24)
    opening = open_bytes(data, tmp_path, "package", limits)
    assert opening.names == opening.reasons == {issue}
    assert opening.tree == {"a.sql": CANARY}


@pytest.mark.parametrize(
    "data",
    [
        w.pax(*[("a", b"")] * 1100),
        w.pax(*[("a", b"")] * 9) * 200,
        w.file(b"L", b"b", b"L") * 100 + w.file(b"L", b"c", b"L"),
    ],
    ids=["records", "pax headers", "names"],
)
def test_headers_without_end_are_a_limit(data: bytes, tmp_path: Path) -> None:
    opening = open_bytes(B + data + tar(CANARY_FILE), tmp_path, "package")
    assert opening.reasons == {"limit-header"}
    assert opening.names <= {"limit-header", "extra-data", "extra-duplicate"}


WRITERS: Final = {
    "GNU": "tar -S --format=gnu -cf ../out.tar .",
    "pax 0.0": "tar -S --format=posix --sparse-version=0.0 -cf ../out.tar .",
    "pax 0.1": "tar -S --format=posix --sparse-version=0.1 -cf ../out.tar .",
    "pax 1.0": "tar -S --format=posix --sparse-version=1.0 -cf ../out.tar .",
    "bsdtar": "bsdtar --read-sparse --format=pax -cf ../out.tar .",
}


@pytest.mark.parametrize("command", WRITERS.values(), ids=WRITERS)
def test_real_programs_store_holes(command: str, tmp_path: Path) -> None:
    program = command.partition(" ")[0]
    if not shutil.which(program):
        pytest.skip(f"no {program} here")
    root = tmp_path / "tree"
    root.mkdir()
    for name in ("disk.img", "long" * 24 + ".img"):
        with (root / name).open("wb") as stream:
            for number_ in range(40):
                stream.seek(number_ * 65536 + 4096 * (number_ % 3))
                stream.write(b"written part %d\n" % number_)
            stream.truncate(3_000_000)
    done = subprocess.run(command, shell=True, cwd=root, check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"{program} here cannot: {done.stderr[:80]!r}")
    opening = open_path(tmp_path / "out.tar")
    assert not opening.issues
    assert opening.tree == {path.name: path.read_bytes() for path in root.iterdir()}


def test_numbers_and_checksums_are_read_strictly() -> None:
    assert number(b"0000644\0") == 0o644
    assert number(b" 644 \0\0\0") == 0o644
    assert number(b"\x80\0\0\0\0\0\1\0") == 256
    assert [number(text) for text in (b"0000648\0", b"+644\0\0\0\0", b"6_4\0\0\0\0\0")] == [
        None
    ] * 3
    assert number(b"\xff" * 8) is None
    assert not is_header(w.header(b"a")[:511])
    assert not is_header(w.header(b"a").replace(b"a", b"b", 1))
