"""In tests, a failing reader and an internal error are failures, not findings.

No test asserts a time: how long an example takes says how busy the machine is. ``.ci/run`` tries
the same examples each time, so that a change is judged by what it changes; elsewhere they are new.
"""

from __future__ import annotations

import os

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "steady", deadline=None, derandomize="DTEN_SAME_EXAMPLES" in os.environ
)
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _show_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTEN_AUDIT_DEBUG", "1")
