"""Kleene's tables, and that unknown keeps saying what it needs."""

from __future__ import annotations

import pytest

from dten_audit.judge.logic import Tri, all_of, any_of, negation

U = frozenset({"site.units"})
V = frozenset({"option.window"})


@pytest.mark.parametrize(
    ("values", "conjunction", "disjunction"),
    [
        ([True, True], True, True),
        ([True, False], False, True),
        ([False, False], False, False),
        ([True, U], U, True),
        ([False, U], False, U),
        ([U, V], U | V, U | V),
        ([U, False, V], False, U | V),
        ([], True, False),
    ],
)
def test_tables(values: list[Tri], conjunction: Tri, disjunction: Tri) -> None:
    assert all_of(values) == conjunction
    assert any_of(values) == disjunction


@pytest.mark.parametrize(("value", "opposite"), [(True, False), (False, True), (U, U)])
def test_negation(value: Tri, opposite: Tri) -> None:
    assert negation(value) == opposite
