"""In tests, a failing reader and an internal error are failures, not findings.

No test asserts a time: how long an example takes says how busy the machine is.
"""

from __future__ import annotations

import hypothesis
import pytest

hypothesis.settings.register_profile("steady", deadline=None)
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _show_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTEN_AUDIT_DEBUG", "1")
