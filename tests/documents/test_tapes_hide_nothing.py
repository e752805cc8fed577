"""Whatever is put into an archive of any of these formats, is shown or told."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final
from unittest import mock

import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dten_audit.documents import open as opener
from dten_audit.documents.budget import Budget
from dten_audit.documents.document import Document
from dten_audit.documents.errors import PackageError
from dten_audit.documents.frame import Frame
from dten_audit.model.facts.container import ContainerIssue, CoverageGap

from . import tape_writers as w

CANARY: Final = b"{0canary:f1nd.me/wherever=I+am!}"
SQL: Final = b"ALTER TABLE orders ADD COLUMN note text;\n"
LONG: Final = "opt/dten/" + "long/" * 30 + "up.sql"


def library_tar(form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for path, data in (("a.sql", SQL), (LONG, SQL * 20)):
            made = tarfile.TarInfo(path)
            made.size = len(data)
            archive.addfile(made, io.BytesIO(data))
        for path, kind, target in (
            ("bin", tarfile.DIRTYPE, ""),
            ("bin/l", tarfile.SYMTYPE, "../a.sql"),
            ("bin/h", tarfile.LNKTYPE, "a.sql"),
        ):
            made = tarfile.TarInfo(path)
            made.type, made.linkname = kind, target
            archive.addfile(made)
    return stream.getvalue()


PARTS: Final = SQL + bytes(1000) + SQL
SPARSE: Final = w.pax(
    ("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.name", b"disk.img"),
    ("GNU.sparse.realsize", b"70000"),
) + w.file(b"GNUSparseFile.1/disk.img", w.blocks(b"2\n0\n41\n5000\n41\n") + SQL + SQL)  # fmt: skip
CPIO: Final = w.newc(("d", 0o040755, b""), ("d/a.sql", 0o100644, SQL), ("l", 0o120777, b"d/a.sql"))
TAR: Final = library_tar(tarfile.PAX_FORMAT)
FLAT: Final = {
    "ustar": w.file(b"a.sql", SQL) + w.file(b"b.sql", SQL * 13) + w.END,
    "gnu": library_tar(tarfile.GNU_FORMAT),
    "pax": w.pax(("comment", b"built by us"), kind=b"g") + TAR,
    "sparse": SPARSE + w.gnu((0, 41), (4096, 41), size=9000, data=SQL + SQL) + w.END,
    "newc": CPIO,
    "crc": w.newc(("a.sql", 0o100644, SQL), ("b.sql", 0o100644, SQL * 4), magic=b"070702"),
    "binary": w.binary_cpio("<", b"a.sql", SQL),
    "ar": w.ar((b"//", b"a_long_name.sql/\n"), (b"/0", SQL), (b"b.sql/", SQL * 2)),
    "BSD": w.ar((b"#1/8", b"a.sql\0\0\0" + SQL), (b"#1/5", b"b.sql" + SQL)),
    "deb": w.ar(
        (b"debian-binary", b"2.0\n"), (b"control.tar", w.file(b"control", SQL) + w.END),
        (b"data.tar", TAR),
    ),
    "rpm": w.rpm(CPIO, {1000: b"dten", 1023: b"ldconfig\n", 1085: b"/bin/sh"}),
}  # fmt: skip
SKIPPED: Final = b"\x51\x2a\x4d\x18\x05\0\0\0index"
PACKED: Final = {
    "gzip": w.gzip_with(24, b"a.tar\0by us\0", TAR) + gzip.compress(b"", mtime=0),
    "bzip2": bz2.compress(TAR),
    "xz": lzma.compress(TAR[:2048]) + bytes(8) + lzma.compress(TAR[2048:]),
    "lzma": lzma.compress(TAR, lzma.FORMAT_ALONE),
    "lzip": w.lzip(TAR),
    "zstd": zstd.compress(SQL) + SKIPPED + zstd.compress(SQL * 9),
    "rpm.gz": w.rpm(gzip.compress(CPIO, mtime=0), {1000: b"dten"}, CPIO),
}


class _Seen(Frame):
    """A container that keeps what it held besides documents."""

    texts: list[str]

    def judge_names(self) -> Iterator[ContainerIssue]:
        yield from super().judge_names()
        type(self).texts += self.folders
        for link in self.links:
            type(self).texts += (link.path, link.target)


def opened(data: bytes, folder: Path) -> tuple[bytes, bool]:
    """Return all that a package shows, and whether anything is told of it."""
    package = folder / "package"
    package.write_bytes(data)
    _Seen.texts = []
    shown, told = [], False
    with suppress(PackageError), mock.patch.object(opener, "Frame", _Seen):
        for item in opener.open_package(package, Budget()):
            if isinstance(item, Document):
                shown += [item.path.encode(), item.data]
            told = told or isinstance(item, ContainerIssue | CoverageGap)
        return b"\n".join([*shown, *(text.encode() for text in _Seen.texts)]), told
    return b"", True


@pytest.mark.parametrize("name", [*FLAT, *PACKED])
def test_nothing_is_told_of_an_honest_archive(name: str, tmp_path: Path) -> None:
    shown, told = opened({**FLAT, **PACKED}[name], tmp_path)
    assert not told
    assert SQL in shown


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400
)
@given(name=st.sampled_from(sorted(FLAT)), place=st.integers(0, 1 << 20))
def test_bytes_put_in_are_shown_or_told(name: str, place: int, tmp_path: Path) -> None:
    data = FLAT[name]
    at = place % (len(data) + 1)
    shown, told = opened(data[:at] + CANARY + data[at:], tmp_path)
    assert told or CANARY in shown


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300
)
@given(name=st.sampled_from(sorted(PACKED)), place=st.integers(0, 1 << 20))
def test_bytes_put_into_packed_ones_change_what_is_shown(
    name: str, place: int, tmp_path: Path
) -> None:
    data = PACKED[name]
    at = place % (len(data) + 1)
    shown, told = opened(data[:at] + CANARY + data[at:], tmp_path)
    assert told or shown != opened(data, tmp_path)[0]
