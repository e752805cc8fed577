"""No damage to an archive raises anything but PackageError, or takes long."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dten_audit.documents.budget import Limits
from dten_audit.documents.errors import PackageError
from dten_audit.examples.zip_writer import write_zip

from .hostile_tars import BROKEN, PAYLOAD, ar, info, rpm, tar
from .hostile_zips import CANARY, HOSTILE, plain
from .opening import open_bytes

TAR: Final = tar((info("a.sql"), CANARY), (info("é" * 60 + "/b"), b"b"), form=tarfile.PAX_FORMAT)


def from_library() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.sql", CANARY * 20)
        archive.writestr("inner.tar.gz", gzip.compress(TAR, mtime=0))
        archive.writestr("b/é.txt", b"second")
    return stream.getvalue()


SEEDS: Final = [
    from_library(),
    write_zip(plain(streamed=True), zip64=True),
    TAR,
    gzip.compress(TAR, mtime=0),
    bz2.compress(TAR),
    lzma.compress(TAR),
    lzma.compress(TAR, lzma.FORMAT_ALONE),
    zstd.compress(TAR),
    ar((b"debian-binary", b"2.0\n"), (b"data.tar", TAR)),
    PAYLOAD,
    rpm(gzip.compress(PAYLOAD, mtime=0), {1023: b"ldconfig"}),
    b"#!/bin/sh\nexit\n" + gzip.compress(TAR, mtime=0),
    *(case.data() for case in HOSTILE[4::7] + BROKEN[4::9]),
]
LIMITS: Final = Limits(
    total=1 << 24, member=1 << 22, memory=1 << 20, ratio_from=1 << 20, entries=5000
)
PLACES = st.integers(0, 1 << 20)
DAMAGE = st.one_of(
    st.tuples(st.just("cut"), PLACES, st.just(b"")),
    st.tuples(st.just("flip"), PLACES, st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=20)),
    st.tuples(st.just("remove"), PLACES, st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("repeat"), PLACES, st.binary(min_size=1, max_size=60)),
)


def damaged(data: bytes, damage: list[tuple[str, int, bytes]]) -> bytes:
    for how, place, what in damage:
        at = place % (len(data) + 1)
        if how == "cut":
            data = data[:at]
        elif how == "flip":
            data = data[:at] + what + data[at + len(what) :]
        elif how == "insert":
            data = data[:at] + what + data[at:]
        elif how == "remove":
            data = data[:at] + data[at + len(what) :]
        else:
            data = data[:at] + data[max(0, at - len(what)) :]
    return data


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400
)
@given(seed=st.sampled_from(SEEDS), damage=st.lists(DAMAGE, min_size=1, max_size=3))
def test_damage_is_told_not_raised(
    seed: bytes, damage: list[tuple[str, int, bytes]], tmp_path: Path
) -> None:
    start = time.process_time()
    with suppress(PackageError):
        open_bytes(damaged(seed, damage), tmp_path, limits=LIMITS)
    assert time.process_time() - start < 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(SEEDS), st.sampled_from(SEEDS), PLACES, PLACES)
def test_spliced_archives_are_told_not_raised(
    tmp_path: Path, first: bytes, second: bytes, end: int, start: int
) -> None:
    data = first[: end % (len(first) + 1)] + second[start % (len(second) + 1) :]
    with suppress(PackageError):
        open_bytes(data, tmp_path, limits=LIMITS)
