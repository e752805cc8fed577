"""7z archives: what honest writers write, and what nobody should."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.cat import content
from dten_audit.documents.errors import BrokenError, OverLimitError, PackageError
from dten_audit.documents.sevenzip.members import members
from dten_audit.documents.source import Source, everything
from dten_audit.documents.zip import deflate64
from dten_audit.examples.zip_writer import ZipMember, write_zip

from .opening import Opening, open_bytes, open_path
from .seven_writer import (
    AES,
    BCJ,
    BCJ2,
    BZIP2,
    COPY,
    DEFLATE,
    DELTA,
    LZMA,
    LZMA2,
    PPMD,
    File,
    Packing,
    files_part,
    framed,
    pack,
    property_of,
    streams,
    write_seven,
)

CODE = bytes.fromhex("e8000001004889d8e9f0ffffff90") * 900
FILES = [
    File("opt", None, 0o40755),
    File("opt/empty"),
    File("opt/install.sh", b"#!/bin/sh\nsystemctl stop dten\n", 0o100755),
    File("opt/agent.bin", CODE, 0o100644),
    File("opt/up.sql", b"alter table orders add note text;\n" * 99),
]
TREE = {file.path: file.data for file in FILES if file.data is not None}


def opened(data: bytes, folder: Path, limits: Limits | None = None) -> Opening:
    """Open an archive inside another, as a package's member."""
    return open_bytes(write_zip([ZipMember("a.7z", data)]), folder, limits=limits)


def tree(opening: Opening) -> dict[str, bytes]:
    return {path.removeprefix("a.7z!/"): data for path, data in opening.tree.items()}


@pytest.mark.parametrize("method", [COPY, LZMA, LZMA2, BZIP2, DEFLATE, DELTA, BCJ])
@pytest.mark.parametrize("solid", [True, False])
def test_each_method_is_unpacked(method: bytes, solid: bool, tmp_path: Path) -> None:
    opening = opened(write_seven(FILES, method, solid=solid, encoded=solid), tmp_path)
    assert tree(opening) == TREE
    assert not opening.issues
    assert not opening.gaps
    script = next(document for document in opening.documents if document.name == "install.sh")
    assert (script.mode, script.kind) == (0o755, "shell")


def test_a_filter_behind_lzma_gives_its_last_bytes(tmp_path: Path) -> None:
    """A filter holds bytes back until it is told the end."""
    filtered = pack(CODE, BCJ)
    plain = Packing([(BCJ, b""), (COPY, b"")], b"")
    assert filtered.coders[0] == plain.coders[0]
    for size in range(1, 12):
        files = [File("a.bin", CODE[:size])]
        assert tree(opened(write_seven(files, BCJ), tmp_path)) == {"a.bin": CODE[:size]}


def test_a_member_is_found_by_its_address(tmp_path: Path) -> None:
    (tmp_path / "p.7z").write_bytes(write_seven(FILES))
    assert content(tmp_path / "p.7z", "p.7z!/opt/up.sql", Budget()) == TREE["opt/up.sql"]


def test_an_archive_without_files(tmp_path: Path) -> None:
    opening = opened(framed(b"", b""), tmp_path)
    assert not opening.documents
    assert not opening.issues


def test_links_and_special_files_are_named(tmp_path: Path) -> None:
    files = [
        File("link", b"/etc/passwd", 0o120777),
        File("pipe", b"", 0o10644),
        File("disk", b"", 0o60644),
        File("run", b"x", 0o104755),
        File("old.conf", b"", anti=True),
        File("../../up", b"x"),
    ]
    opening = opened(write_seven(files), tmp_path)
    found = {(issue.issue, issue.at.path.partition("a.7z!/")[2]) for issue in opening.issues}
    assert found == {
        ("link-absolute", "link"),
        ("special-file", "pipe"),
        ("special-file", "disk"),
        ("mode-setuid", "run"),
        ("deletion-mark", "old.conf"),
        ("path-traversal", "../../up"),
    }
    assert not opening.gaps


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    opening = opened(write_seven([File("a\ud800b", b"x")]), tmp_path)
    assert [document.data for document in opening.documents] == [b"x"]
    assert opening.names >= {"path-encoding"}


@pytest.mark.parametrize(
    ("method", "reason", "word"),
    [
        (AES, "encrypted", ""),
        (BCJ2, "unsupported-method", "BCJ2"),
        (PPMD, "unsupported-method", "PPMd"),
        (b"\x0a", "unsupported-method", "ARM64"),
        (b"\x7f\x01", "unsupported-method", "method 7f01"),
    ],
)
def test_what_cannot_be_decoded_is_a_gap(
    method: bytes, reason: str, word: str, tmp_path: Path
) -> None:
    files = [File("a.sh", b"#!/bin/sh\n"), File("b.sh", b"#!/bin/sh\n")]
    opening = opened(write_seven(files, method), tmp_path)
    assert [(gap.reason, gap.kind) for gap in opening.gaps] == [(reason, "shell")] * 2
    assert all(word in gap.remedy for gap in opening.gaps)


def test_an_encrypted_header_is_a_gap(tmp_path: Path) -> None:
    packed = Packing([(AES, b"\x13\0")], bytes(64))
    opening = opened(framed(packed.packed, b"\x17" + streams([packed], [[bytes(60)]])), tmp_path)
    assert [(gap.reason, gap.kind) for gap in opening.gaps] == [("encrypted", "7z")]


def test_without_the_library_deflate64_asks_for_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deflate64, "available", lambda: False)
    opening = opened(write_seven([File("a", b"x" * 50)], b"\4\1\x09"), tmp_path)
    [gap] = opening.gaps
    assert (gap.reason, "dten-audit[sevenzip]" in gap.remedy) == ("unsupported-method", True)


# nothing hides


def test_bytes_behind_and_before_are_surfaced(tmp_path: Path) -> None:
    honest = write_seven(FILES)
    opening = opened(honest + b"#!/bin/sh\nreboot\n", tmp_path)
    assert opening.names == {"appended-data"}
    assert tree(opening)["@trailer"] == b"#!/bin/sh\nreboot\n"
    made = pack(b"x" * 90, LZMA2)
    header = (
        b"\1\x04" + streams([made], [[b"x" * 90]], 20) + files_part([File("a", b"x" * 90)]) + b"\0"
    )
    opening = opened(framed(b"#!/bin/sh\nreboot now" + made.packed, header), tmp_path)
    assert opening.names == {"hidden-data"}
    assert tree(opening) == {"a": b"x" * 90, "@hidden/32": b"#!/bin/sh\nreboot now"}


@pytest.mark.parametrize("method", [LZMA, LZMA2, BZIP2, DEFLATE, COPY, BCJ])
def test_bytes_behind_the_packed_data_are_surfaced(method: bytes, tmp_path: Path) -> None:
    made = pack(TREE["opt/up.sql"], method)
    tail = b"TAIL" + bytes(range(200)) * 9
    packed = Packing(made.coders, made.packed + tail)
    files = [File("up.sql", TREE["opt/up.sql"])]
    opening = opened(write_seven(files, packings=[packed]), tmp_path)
    assert opening.names == {"packed-tail"}
    surfaced = tree(opening)["@tail/up.sql"]
    assert (made.packed + tail).endswith(surfaced)
    assert abs(len(tail) - len(surfaced)) < 24


def test_bytes_in_the_header_are_told(tmp_path: Path) -> None:
    part = files_part([File("a", b"")])[:-1]
    for more in (property_of(0x19, b"\0\0#!/bin/sh"), property_of(0x77, b"#!/bin/sh"), b""):
        header = b"\1" + part + more + b"\0\0" + (b"" if more else b"#!/bin/sh")
        assert opened(framed(b"", header), tmp_path).names == {"hidden-data"}
    padded = b"\1" + part + property_of(0x19, bytes(5)) + b"\0\0"
    assert not opened(framed(b"", padded), tmp_path).names


# damage and lies


def test_a_damaged_folder_costs_its_own_files(tmp_path: Path) -> None:
    data = bytearray(write_seven(FILES, LZMA2, solid=False))
    data[32] = 0x7F
    opening = opened(bytes(data), tmp_path)
    assert [gap.at.path.partition("a.7z!/")[2] for gap in opening.gaps] == ["opt/install.sh"]
    assert opening.names == {"corrupt-member"}
    assert tree(opening)["opt/up.sql"] == TREE["opt/up.sql"]


def test_a_damaged_checksum_is_told(tmp_path: Path) -> None:
    data = write_seven([File("a", b"hello")], COPY)
    opening = opened(data.replace(b"hello", b"hallo"), tmp_path)
    assert opening.names == {"checksum-mismatch"}
    assert tree(opening) == {"a": b"hallo"}


HONEST = write_seven(FILES, LZMA2, encoded=True)
DAMAGED = {
    "start": (HONEST[:9] + b"\xff" + HONEST[10:], "corrupt"),
    "version": (HONEST[:6] + b"\x09" + HONEST[7:], "corrupt"),
    "cut": (HONEST[:-9], "truncated"),
    "short": (HONEST[:20], "truncated"),
    "header": (HONEST[:-1] + b"\xff", "corrupt"),
    "no header": (framed(b"", b"\x09"), "corrupt"),
    "endless number": (framed(b"", b"\1\x05" + b"\xff" * 8), "corrupt"),
    "no end": (framed(b"", b"\1\x05\1"), "corrupt"),
    "files without streams": (
        framed(b"", b"\1" + files_part([File("a", b"x")]) + b"\0"),
        "missing",
    ),
    "a circle": (
        framed(
            b"",
            b"\1\x04\x06\0\1\x09\0\0\x07\x0b\1\0\2\x01\0\x01\0\0\0" + b"\x0c\0\0\0\0" + b"\0",
        ),
        "corrupt",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_a_gap(name: str, tmp_path: Path) -> None:
    data, reason = DAMAGED[name]
    assert opened(data, tmp_path).reasons == {reason}


SETTINGS = [(LZMA, b""), (LZMA, b"\xff" * 5), (LZMA2, b"\xff"), (LZMA2, b""), (DELTA, b"")]


@pytest.mark.parametrize(("method", "bad"), SETTINGS)
def test_settings_that_nobody_defines_cost_their_folder(
    method: bytes, bad: bytes, tmp_path: Path
) -> None:
    data = write_seven([File("a.sh", b"x" * 99)], packings=[Packing([(method, bad)], b"x" * 30)])
    opening = opened(data + b"", tmp_path)
    assert opening.reasons & {"corrupt", "limit-memory"}


def test_a_damaged_package_says_why(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="start header"):
        open_bytes(DAMAGED["start"][0], tmp_path, "p.7z")


# limits


def test_a_bomb_stops_at_the_ratio(tmp_path: Path) -> None:
    data = write_seven([File("a", bytes(4 << 20)), File("b", b"x" * 99)], LZMA2)
    opening = opened(data, tmp_path, Limits(ratio_from=1 << 20))
    assert opening.reasons == {"limit-ratio"}
    assert opened(data, tmp_path, Limits(member=1 << 20)).reasons == {"limit-member"}
    assert "limit-total" in opened(data, tmp_path, Limits(total=1 << 20)).reasons


def test_a_decoder_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    made = pack(bytes(300_000), LZMA2)
    greedy = Packing([(LZMA2, b"\x28")], made.packed)
    data = write_seven([File("a", bytes(300_000))], packings=[greedy])
    assert not opened(data, tmp_path).gaps
    assert opened(data, tmp_path, Limits(dictionary=1 << 16)).reasons == {"limit-memory"}


def test_a_huge_header_is_refused(tmp_path: Path) -> None:
    packed = pack(bytes(3 << 20), LZMA)
    data = framed(packed.packed, b"\x17" + streams([packed], [[bytes(3 << 20)]]))
    opening = opened(data, tmp_path, Limits(directory=1 << 20))
    assert opening.reasons == {"limit-directory"}


def test_millions_of_empty_files_are_refused_at_once(tmp_path: Path) -> None:
    header = b"\1\x05" + b"\xe0" + (5_000_000).to_bytes(3, "little") + b"\0\0"
    started = time.process_time()
    opening = opened(framed(b"", header), tmp_path)
    assert opening.reasons == {"limit-entries"}
    assert time.process_time() - started < 1


def test_large_members_do_not_stay_in_memory(tmp_path: Path) -> None:
    data = write_seven([File("a", b"ab" * 40_000), File("b", b"x")], LZMA2)
    opening = opened(data, tmp_path, Limits(memory=10_000))
    assert opening.documents[0].size == 80_000
    assert opening.documents[0].mapped is not None


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_damage_is_survived(draw: st.DataObject) -> None:
    data = bytearray(write_seven(FILES, draw.draw(st.sampled_from([LZMA2, LZMA, BZIP2, BCJ]))))
    header = data[-200:]
    for _ in range(draw.draw(st.integers(1, 3))):
        header[draw.draw(st.integers(0, len(header) - 1))] = draw.draw(st.integers(0, 255))
    inner = bytes(header)
    body = bytes(data[32:-200])
    survived(framed(body, b"\1" + inner))
    survived(framed(body, inner))


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=120),
    st.sampled_from([b"\1\x04", b"\1\x05", b"\x17", b"\1\x04\x06\0\1\x09\5\0"]),
)
def test_any_header_is_survived(noise: bytes, start: bytes) -> None:
    survived(framed(b"packed", start + noise))


def survived(data: bytes) -> None:
    """List in memory: what is wrong is an error of the open stage, or an item."""
    with contextlib.suppress(BrokenError, OverLimitError):
        deque(members(Source("p.7z", data, Budget(), everything)), 0)


# real writers


@pytest.mark.parametrize(
    "options",
    ["-mx9", "-m0=lzma", "-m0=lzma2", "-m0=bzip2", "-m0=deflate", "-m0=copy", "-ms=off", "-mhc=off",
     "-m0=bcj -m1=lzma", "-m0=delta:4 -m1=lzma", "-mf=off", "-mx1"],
)  # fmt: skip
def test_what_7_zip_writes(options: str, tmp_path: Path) -> None:
    if not shutil.which("7z"):
        pytest.skip("7z is not installed")
    noise = random.Random(1).randbytes(70_000)
    tree_in = {
        "a.sh": b"#!/bin/sh\n",
        "d/ls": Path(sys.executable).read_bytes()[:90_000],
        "r": noise,
    }
    (tmp_path / "in/d").mkdir(parents=True)
    for path, data in tree_in.items():
        (tmp_path / "in" / path).write_bytes(data)
    command = ["7z", "a", "-bd", "-y", *options.split(), "../o.7z", "."]
    subprocess.run(command, cwd=tmp_path / "in", check=True, capture_output=True)
    opening = open_path(tmp_path / "o.7z")
    assert opening.tree == tree_in
    assert not opening.issues
    assert not opening.gaps


@pytest.mark.parametrize("name", ["LZMA", "LZMA2", "BZIP2", "DEFLATE", "ZSTD", "COPY"])
def test_what_py7zr_writes(name: str, tmp_path: Path) -> None:
    py7zr = pytest.importorskip("py7zr")
    stream = io.BytesIO()
    filters = [{"id": getattr(py7zr, f"FILTER_{name}")}]
    if name == "LZMA":
        filters.insert(0, {"id": py7zr.FILTER_X86})
    with py7zr.SevenZipFile(stream, "w", filters=filters) as archive:
        for path, data in TREE.items():
            if data:
                archive.writestr(data, path)
    opening = opened(stream.getvalue(), tmp_path)
    assert tree(opening) == {path: data for path, data in TREE.items() if data}
    assert not opening.issues
    assert not opening.gaps
