"""How seldom the collector of cycles runs during an audit, and that it is as before afterwards."""

from __future__ import annotations

import gc

import pytest

from dten_audit.collecting import collecting_seldom


def test_search_is_seldom_during_an_audit_and_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with collecting_seldom():
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before


def test_it_is_as_before_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="broken"), collecting_seldom():
        raise ValueError("broken")
    assert gc.get_threshold() == before


@pytest.mark.parametrize("chosen", [(0, 10, 10), (1_000_000, 5, 5)])
def test_who_searches_more_seldom_or_never_is_left_alone(chosen: tuple[int, int, int]) -> None:
    before = gc.get_threshold()
    gc.set_threshold(*chosen)
    try:
        with collecting_seldom():
            assert gc.get_threshold() == chosen
    finally:
        gc.set_threshold(*before)
