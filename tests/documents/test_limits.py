"""Every limit is told and leaves a gap; what was read before it is kept."""

from __future__ import annotations

import gzip
import random
import resource
import struct
import tempfile
import time
import zlib
from pathlib import Path

import pytest

from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.cat import content
from dten_audit.examples.zip_writer import ZipMember, write_zip

from .hostile_tars import info, tar
from .opening import open_bytes
from .zip_cases import CANARY

MIB = 1 << 20
SMALL = Limits(member=4 * MIB, memory=MIB, ratio_from=MIB, total=16 * MIB)
GOOD = ZipMember("a.sql", CANARY)


def zeros(path: str, size: int) -> ZipMember:
    return ZipMember(path, bytes(size))


def nested(depth: int) -> bytes:
    data = write_zip([GOOD])
    for _ in range(depth):
        data = write_zip([ZipMember("x.zip", data, stored=True)])
    return data


LIMITED = [
    (write_zip([GOOD, zeros("z", 5 * MIB)]), SMALL._replace(ratio=10**6), "limit-member"),
    (write_zip([GOOD, zeros("z", 3 * MIB)]), SMALL, "limit-ratio"),
    (write_zip([GOOD, *(zeros(f"{n}", MIB - 1) for n in range(30))]), SMALL, "limit-ratio"),
    (
        write_zip([GOOD, *(zeros(f"{n}", MIB - 1) for n in range(30))]),
        SMALL._replace(ratio=10**6),
        "limit-total",
    ),
    (
        write_zip([GOOD, *(zeros(f"{n}", 0) for n in range(30))]),
        Limits(entries=20),
        "limit-entries",
    ),
    (nested(3), Limits(depth=2), "limit-depth"),
    (write_zip([GOOD, *(zeros(f"{n}", 9) for n in range(99))]), Limits(seconds=-1.0), "limit-time"),
    (write_zip([GOOD]), Limits(directory=10), "limit-directory"),
    (
        gzip.compress(tar((info("a.sql"), CANARY), (info("z"), bytes(3 * MIB)))),
        SMALL,
        "limit-ratio",
    ),
    (gzip.compress(CANARY + bytes(3 * MIB)), SMALL, "limit-ratio"),
]


@pytest.mark.parametrize(
    ("data", "limits", "issue"), LIMITED, ids=[f"{n} {case[2]}" for n, case in enumerate(LIMITED)]
)
def test_each_limit_is_told_and_leaves_a_gap(
    data: bytes, limits: Limits, issue: str, tmp_path: Path
) -> None:
    opening = open_bytes(data, tmp_path, limits=limits)
    assert issue in opening.names
    assert opening.reasons == {issue}


def test_what_was_read_before_a_limit_is_still_reported(tmp_path: Path) -> None:
    data = write_zip([GOOD, zeros("z", 3 * MIB), ZipMember("after.sql", CANARY)])
    assert set(open_bytes(data, tmp_path, limits=SMALL).tree) == {"a.sql", "after.sql"}


def test_a_large_member_is_mapped_and_its_text_bounded(tmp_path: Path) -> None:
    text = b"".join(b"INSERT INTO t VALUES (%d);\n" % n for n in range(100_000))
    limits = SMALL._replace(ratio=10**6)
    opening = open_bytes(write_zip([ZipMember("big.sql", text)]), tmp_path, limits=limits)
    (document,) = opening.documents
    assert document.mapped is not None
    assert document.mapped[:] == text
    assert document.size == document.info().size == len(text)
    assert document.data == text[:MIB]
    path = tmp_path / "package.zip"
    assert content(path, "x!/big.sql", Budget(limits)) == text


def test_a_large_binary_leaves_no_gap(tmp_path: Path) -> None:
    data = tar((info("lib.so"), b"\x7fELF" + bytes(2 * MIB)))
    opening = open_bytes(data, tmp_path, limits=SMALL)
    assert [document.size for document in opening.documents] == [2 * MIB + 4]
    assert not opening.gaps


def test_memory_is_bounded_by_the_budget(tmp_path: Path) -> None:
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = packer.compress(random.Random(1).randbytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(1, zlib.DEFLATED, -15).flush()
    member = ZipMember("big.txt", packed=packed * 24 + end, size=24 * MIB, method=8, stored=True)
    data = write_zip([member])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    opening = open_bytes(data, tmp_path, limits=Limits(memory=MIB))
    assert opening.documents[0].size == 24 * MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 12 * 1024


def test_many_empty_members_are_quick(tmp_path: Path) -> None:
    data = write_zip([ZipMember(f"d/{number}") for number in range(100_000)], zip64=True)
    opening = open_bytes(data, tmp_path)
    assert len(opening.documents) == 100_000
    assert not opening.issues


def test_very_many_issues_of_one_kind_are_counted(tmp_path: Path) -> None:
    data = write_zip([ZipMember(f"{n}.sql", CANARY, crc=1) for n in range(300)])
    opening = open_bytes(data, tmp_path)
    assert len(opening.issues) == 201
    assert opening.issues[-1].issue == "limit-issues"
    assert opening.issues[-1].detail == "100 more of checksum-mismatch"


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    data = write_zip([GOOD, ZipMember("z", bytes(range(256)) * 8192)])
    opening = open_bytes(data, tmp_path, limits=SMALL._replace(ratio=10**6))
    assert opening.names == {"limit-disk"}
    assert opening.reasons == {"limit-disk"}
    assert set(opening.tree) == {"a.sql"}


def crowded(count: int) -> bytes:
    """Very many headers that lie in each other's extra fields."""
    fields = b"\x99\x99\x00\x00" * 16000
    body = b"".join(
        struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 1, 60000) for _ in range(count)
    )
    entries = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, at * 30
        )
        + b"a"
        for at in range(count)
    )
    start = len(body) + len(fields)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(entries), start, 0)
    return body + fields + entries + end


def test_headers_in_headers_cost_no_more_than_the_file(tmp_path: Path) -> None:
    start = time.process_time()
    opening = open_bytes(crowded(20_000), tmp_path)
    assert time.process_time() - start < 2
    assert "overlap" in opening.names


def test_long_names_are_counted_together(tmp_path: Path) -> None:
    data = gzip.compress(tar(*(info("d/" * 2000 + str(n)) for n in range(50))), 9)
    opening = open_bytes(data, tmp_path, limits=Limits(names=100_000))
    assert "limit-names" in opening.names
    assert len(opening.documents) == 24
