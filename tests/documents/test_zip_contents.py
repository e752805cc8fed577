"""ZIP members that need an optional library, share their bytes, or are too many."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from dten_audit.documents.budget import Limits
from dten_audit.documents.zip import deflate64
from dten_audit.examples.zip_writer import ZipMember, write_zip

from .opening import open_bytes

TEXT = b"CREATE TABLE canary (id int);\n" * 50_000


def packed64(data: bytes) -> bytes:
    """Return data packed with Deflate64; skips where the optional library is missing."""
    deflater = pytest.importorskip("inflate64").Deflater()
    return bytes(deflater.deflate(data) + deflater.flush())


def test_deflate64_is_read_where_its_library_is(tmp_path: Path) -> None:
    data = write_zip([ZipMember("a.sql", TEXT, packed=packed64(TEXT), method=9)])
    opening = open_bytes(data, tmp_path)
    assert not opening.issues
    assert opening.tree == {"a.sql": TEXT}


@pytest.mark.parametrize("tail", [b"x", b"x" * 63, b"x" * 64, b"x" * 65, b"x" * 300_000])
def test_a_tail_behind_deflate64_is_told(tail: bytes, tmp_path: Path) -> None:
    data = write_zip([ZipMember("a.sql", TEXT, packed=packed64(TEXT) + tail, method=9)])
    opening = open_bytes(data, tmp_path)
    assert opening.names == {"packed-tail"}
    assert opening.tree["a.sql"] == TEXT


@pytest.mark.parametrize(
    ("damage", "issue"),
    [(lambda data: data[:-1], "truncated-member"), (lambda data: b"\xff" + data, "corrupt-member")],
)
def test_damaged_deflate64_is_told(
    damage: Callable[[bytes], bytes], issue: str, tmp_path: Path
) -> None:
    data = write_zip([ZipMember("a.sql", TEXT, packed=damage(packed64(TEXT)), method=9)])
    assert open_bytes(data, tmp_path).names == {issue}


def test_a_bomb_in_deflate64_is_stopped(tmp_path: Path) -> None:
    limits = Limits(memory=1 << 20, ratio_from=1 << 20)
    data = write_zip([ZipMember("a", bytes(1 << 23), packed=packed64(bytes(1 << 23)), method=9)])
    assert open_bytes(data, tmp_path, limits=limits).reasons == {"limit-ratio"}


def test_deflate64_is_a_gap_without_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deflate64, "_library", lambda: None)
    opening = open_bytes(write_zip([ZipMember("a.sql", TEXT, method=9)]), tmp_path)
    assert [(issue.issue, issue.detail) for issue in opening.issues] == [
        ("unsupported-method", "deflate64")
    ]
    assert opening.reasons == {"unsupported-method"}


def test_members_of_the_same_bytes_are_read_a_few_times(tmp_path: Path) -> None:
    first = ZipMember("0", TEXT[: 1 << 16], stored=True)
    rest = [first._replace(path=str(number), shared=True) for number in range(1, 500)]
    opening = open_bytes(write_zip([first, *rest]), tmp_path, limits=Limits(ratio_from=1 << 20))
    assert {"overlap", "limit-ratio"} <= opening.names
    assert opening.reasons == {"limit-ratio"}
    assert len(opening.documents) < 50


def test_too_many_members_are_only_too_many(tmp_path: Path) -> None:
    data = write_zip([ZipMember(str(number), b"x") for number in range(30)])
    opening = open_bytes(data, tmp_path, limits=Limits(entries=20))
    assert opening.names == opening.reasons == {"limit-entries"}
    assert len(opening.documents) == 20


def test_a_directory_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    data = write_zip([ZipMember(str(number), b"x") for number in range(30)])
    opening = open_bytes(data, tmp_path, limits=Limits(directory=1000))
    assert opening.names == opening.reasons == {"limit-directory"}


def test_lzma_without_an_end_mark_ends_by_its_size(tmp_path: Path) -> None:
    packed = lzma.compress(TEXT, lzma.FORMAT_ALONE)
    head = b"\x09\x14\x05\x00" + packed[:5]
    cut = packed[13:-6]
    data = write_zip([ZipMember("a.sql", TEXT, packed=head + cut, method=14, flags=0)])
    opening = open_bytes(data, tmp_path)
    assert not opening.issues
