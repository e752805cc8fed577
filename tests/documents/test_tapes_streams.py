"""Compressed streams: their headers, what lies between and behind them, and lzip."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import shutil
import struct
import subprocess
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from backports import zstd

from dten_audit.documents.budget import Budget
from dten_audit.documents.decoders import Flow, make_decoder
from dten_audit.documents.errors import BrokenError, OverLimitError

from . import tape_writers as w
from .opening import open_bytes, open_path
from .zip_cases import CANARY, Case

PLAIN: Final = gzip.compress(CANARY, mtime=0)
FIXED: Final = b"\x1f\x8b\x08\x02" + bytes(6)
FIELD: Final = struct.pack("<H", len(CANARY) + 4) + b"ZZ" + struct.pack("<H", len(CANARY)) + CANARY
SKIPPABLE: Final = b"\x53\x2a\x4d\x18" + struct.pack("<L", len(CANARY)) + CANARY
ALONE: Final = lzma.compress(CANARY, lzma.FORMAT_ALONE)


def damaged(at: int) -> bytes:
    data = w.lzip(CANARY)
    return data[:at] + b"\7" + data[at:][1:]


CASES: Final = [
    Case("gzip's own name", lambda: w.gzip_with(8, b"package\0", CANARY), "", found="package"),
    Case("another name", lambda: w.gzip_with(8, CANARY + b"\0"), "", found="@name"),
    Case(
        "name that climbs",
        lambda: w.gzip_with(8, b"../../etc/cron.d/x\0", CANARY),
        "path-traversal",
        found="package",
    ),
    Case(
        "absolute name",
        lambda: w.gzip_with(8, b"/etc/x\0", CANARY),
        "path-absolute",
        found="package",
    ),
    Case("comment", lambda: w.gzip_with(16, CANARY + b"\0"), "", found="@comment"),
    Case(
        "comments of several streams",
        lambda: (
            PLAIN + w.gzip_with(16, b"c\0", b"") + w.gzip_with(24, b"n\0" + CANARY + b"\0", b"")
        ),
        "",
        found="package @comment#2",
    ),
    Case("extra field", lambda: w.gzip_with(4, FIELD, CANARY), "extra-data", found="package"),
    Case(
        "block gzip",
        lambda: (
            w.gzip_with(4, b"\6\0BC\2\0\x1b\0", CANARY) + w.gzip_with(4, b"\6\0BC\2\0\x1b\0", b"")
        ),
        "",
        found="package",
    ),
    Case(
        "extra field broken",
        lambda: w.gzip_with(4, b"\6\0BC\7\0ab", CANARY),
        "extra-invalid",
        found="package",
    ),
    Case("reserved flags", lambda: w.gzip_with(32, b"", CANARY), "extra-invalid", found="package"),
    Case(
        "header's checksum",
        lambda: FIXED + struct.pack("<H", zlib.crc32(FIXED) & 0xFFFF) + PLAIN[10:],
        "",
        found="package",
    ),
    Case(
        "another format behind",
        lambda: gzip.compress(b"x") + lzma.compress(CANARY),
        "appended-data",
        found="@trailer!/@trailer",
    ),
    Case(
        "zeros between gzip streams, where programs differ",
        lambda: gzip.compress(b"x") + bytes(9) + PLAIN,
        "appended-data",
        found="@trailer!/@trailer",
    ),
    Case(
        "padding of xz",
        lambda: lzma.compress(b"x") + bytes(8) + lzma.compress(CANARY) + bytes(4),
        "",
        found="package",
    ),
    Case(
        "padding of xz, of a wrong size",
        lambda: lzma.compress(b"x") + bytes(7) + lzma.compress(CANARY),
        "appended-data",
        found="@trailer!/@trailer",
    ),
    Case("behind bzip2", lambda: bz2.compress(b"x") + CANARY, "appended-data", found="@trailer"),
    Case("behind lzma", lambda: ALONE + CANARY, "appended-data", found="package @trailer"),
    Case(
        "lzma of another size than stated",
        lambda: zstd.compress(b"x") + ALONE[:5] + struct.pack("<Q", 5) + ALONE[13:],
        "appended-data corrupt-stream",
        "corrupt",
        "",
    ),
    Case(
        "frame to be skipped between frames",
        lambda: zstd.compress(b"x") + SKIPPABLE + zstd.compress(b"y"),
        "",
        found="@skippable/1",
    ),
    Case("frames to be skipped only", lambda: SKIPPABLE * 2, "", found="@skippable/1 @skippable/2"),
    Case(
        "frame to be skipped, cut",
        lambda: zstd.compress(CANARY) + SKIPPABLE[:-1],
        "truncated-stream",
        "truncated",
        "package",
    ),
    Case(
        "pzstd",
        lambda: b"\x50\x2a\x4d\x18\4\0\0\0\x2a\0\0\0" + zstd.compress(CANARY),
        "",
        found="package",
    ),
    Case("lzip", lambda: w.lzip(CANARY), "", found="package"),
    Case("lzip, several", lambda: w.lzip(CANARY[:9]) + w.lzip(CANARY[9:]), "", found="package"),
    Case("lzip and more", lambda: w.lzip(b"x") + CANARY, "appended-data", found="@trailer"),
    *(
        Case(
            f"lzip, wrong {what}",
            partial(damaged, at),
            "corrupt-stream",
            "corrupt",
            "package",
        )
        for what, at in (("checksum", -20), ("size", -16), ("packed size", -8))
    ),
    Case("lzip, cut", lambda: w.lzip(CANARY)[:-1], "truncated-stream", "truncated", "package"),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_stands_beside_a_stream_is_shown_or_told(case: Case, tmp_path: Path) -> None:
    opening = open_bytes(case.data(), tmp_path, "package")
    assert opening.names == set(case.issues.split())
    assert opening.reasons == set(case.gaps.split())
    found = {path for path, data in opening.tree.items() if CANARY in data}
    assert found == set(case.found.split())


PACKERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "lzip": w.lzip,
    "zstd": zstd.compress,
}  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 1 << 20, (1 << 20) + 1])
@pytest.mark.parametrize("kind", PACKERS)
def test_streams_of_any_size_come_back(kind: str, size: int) -> None:
    pack = PACKERS[kind]
    content = random.Random(size).randbytes(size)
    flow = Flow(pack(content) + pack(b"end"), kind, Budget())
    found = b"".join(iter(flow.read, b""))
    assert found == content + b"end"
    assert (flow.trailing, len(flow.starts)) == (0, 2)
    assert flow.read() == b""


def test_lzip_wants_no_more_memory_than_allowed() -> None:
    decoder = make_decoder("lzip", 1 << 20)
    with pytest.raises(MemoryError):
        decoder.decompress(b"LZIP\x01\x1d" + bytes(99))
    flow = Flow(b"LZIP\x01\x1d" + bytes(99), "lzip", Budget())
    with pytest.raises(OverLimitError):
        flow.read()
    flow = Flow(b"LZIP\x00\x10" + bytes(99), "lzip", Budget())
    with pytest.raises(BrokenError):
        flow.read()


def test_very_many_streams_take_time_in_proportion() -> None:
    data = gzip.compress(b"", mtime=0) * 50_000
    start = time.process_time()
    flow = Flow(data, "gzip", Budget())
    assert not flow.read()
    assert time.process_time() - start < 3
    assert len(flow.starts) == 50_000


@pytest.mark.parametrize("program", ["lzip", "gzip", "bzip2", "xz", "zstd"])
def test_real_programs_pack(program: str, tmp_path: Path) -> None:
    if not shutil.which(program):
        pytest.skip(f"no {program} here")
    content = CANARY * 5000
    (tmp_path / "a.sql").write_bytes(content)
    subprocess.run([program, "-q", "a.sql"], cwd=tmp_path, check=True)
    (packed,) = (path for path in tmp_path.iterdir() if path.name != "a.sql")
    opening = open_path(packed)
    assert not opening.issues
    assert opening.tree == {"a.sql": content}
