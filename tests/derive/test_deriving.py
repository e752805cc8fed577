"""Derivers run after what they need; a circle is an error; the registry is whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from dten_audit.derive.base import Deriver
from dten_audit.derive.deriving import derive, ordered
from dten_audit.derive.registry import DERIVERS
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.registry import fact_types
from dten_audit.model.location import Location
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site

HERE = "tests.derive.test_deriving"


def state(package: Package, estate: Estate) -> Iterable[Fact]:
    assert estate
    yield Unreadable(Location("p!/x"), "toy", str(len(package.of(Unreadable))))


def test_order_follows_from_needs() -> None:
    a = Deriver("a", ("y",), ("z",), f"{HERE}:state")
    b = Deriver("b", ("x",), ("y",), f"{HERE}:state")
    c = Deriver("c", ("z", "command"), ("w",), f"{HERE}:state")
    assert [deriver.name for deriver in ordered([c, a, b])] == ["b", "a", "c"]


def test_a_circle_is_an_error() -> None:
    a = Deriver("a", ("y",), ("z",), f"{HERE}:state")
    b = Deriver("b", ("z",), ("y",), f"{HERE}:state")
    with pytest.raises(ValueError, match="need each other: a, b"):
        ordered([a, b])


def test_derivers_are_asked_only_of_packages_that_state_what_they_are_about() -> None:
    estate = Estate(Site(), datetime(2026, 1, 1, tzinfo=UTC))
    about = Deriver("a", ("command", "unreadable"), ("a",), f"{HERE}:state", ("unreadable",))
    silent, stating = Package([], []), Package([], [Unreadable(Location("p!/x"), "toy", "why")])
    for package in (silent, stating):
        derive(package, estate, [about])
    assert not silent.of(Unreadable)
    assert [fact.reason for fact in stating.of(Unreadable)] == ["why", "1"]


def test_facts_are_added() -> None:
    package = Package([], [])
    estate = Estate(Site(), datetime(2026, 1, 1, tzinfo=UTC))
    twice = [Deriver(name, (), (name,), f"{HERE}:state", always=True) for name in ("a", "b")]
    derive(package, estate, twice)
    assert [fact.reason for fact in package.of(Unreadable)] == ["0", "1"]


@pytest.mark.parametrize("deriver", DERIVERS, ids=lambda deriver: deriver.name)
def test_the_registry_names_what_exists(deriver: Deriver) -> None:
    assert callable(deriver.load())
    assert set(deriver.needs) | set(deriver.gives) <= set(fact_types())
    assert deriver.gives


def test_the_derivers_can_be_ordered() -> None:
    assert len(ordered(DERIVERS)) == len(DERIVERS)
