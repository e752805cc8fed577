from __future__ import annotations

from pathlib import Path

import pytest

from .hostile_zips import CANARY, HOSTILE, Case
from .opening import open_bytes


@pytest.mark.parametrize("case", HOSTILE, ids=[case.name for case in HOSTILE])
def test_each_lie_is_told_and_every_reading_read(case: Case, tmp_path: Path) -> None:
    opening = open_bytes(case.data(), tmp_path)
    assert opening.names == set(case.issues.split())
    assert opening.reasons == set(case.gaps.split())
    assert {path for path, data in opening.tree.items() if CANARY in data} == set(
        case.found.split()
    )
