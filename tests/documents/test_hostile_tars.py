from __future__ import annotations

from pathlib import Path

import pytest

from .hostile_tars import BROKEN
from .opening import open_bytes
from .zip_cases import CANARY, Case


@pytest.mark.parametrize("case", BROKEN, ids=[case.name for case in BROKEN])
def test_each_flaw_is_told_and_what_can_be_reached_is_read(case: Case, tmp_path: Path) -> None:
    opening = open_bytes(case.data(), tmp_path, "package")
    assert opening.names == set(case.issues.split())
    assert opening.reasons == set(case.gaps.split())
    found = {path for path, data in opening.tree.items() if CANARY in data}
    assert found == set(case.found.split())
