"""The coverage ledger: every document and container of any archive ends in exactly one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.auditing import cover, read_package
from dten_audit.documents.errors import PackageError
from dten_audit.options import Options

from .hostile_tars import BROKEN
from .hostile_zips import HOSTILE
from .opening import open_bytes

CASES = [*HOSTILE, *BROKEN]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_everything_is_counted_once(number: int, tmp_path: Path) -> None:
    data = CASES[number].data()
    try:
        opening = open_bytes(data, tmp_path)
    except PackageError:
        return
    there = {d.address for d in opening.documents} | {c.address for c in opening.containers}
    missed = {gap.at.path for gap in opening.gaps}
    options = Options()
    reading, ledger = read_package(tmp_path / "package.zip", options, options.estate())
    coverage = cover(reading.tallies, ledger)
    assert coverage.members == len(there | missed)
    assert len(coverage.not_covered) == len(missed)
    assert coverage.parsed + coverage.scanned + coverage.opaque == len(there - missed)
    assert coverage.bytes == sum(document.size for document in opening.documents)
