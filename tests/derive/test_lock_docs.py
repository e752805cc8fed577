"""docs/locks.md is what the reader says today."""

from __future__ import annotations

from tests.oracles.lock_docs import PAGE, render


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()
