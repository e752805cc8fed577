"""Without isal the same is read and said."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from dten_audit.documents import decoders
from dten_audit.documents.zip import content

from .hostile_tars import BROKEN
from .hostile_zips import HOSTILE
from .opening import open_bytes
from .zip_cases import Case

CASES = [*HOSTILE, *BROKEN]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_zlib_reads_the_same(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = case.data()
    fast = open_bytes(data, tmp_path, "package")
    monkeypatch.setattr(decoders, "_igzip", lambda: None)
    monkeypatch.setattr(content, "checksum", lambda: zlib.crc32)
    plain = open_bytes(data, tmp_path, "package")
    assert plain.issues == fast.issues
    assert plain.gaps == fast.gaps
    assert plain.tree == fast.tree
