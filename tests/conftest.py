"""In tests, a failing reader and an internal error are failures, not findings."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _show_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTEN_AUDIT_DEBUG", "1")
