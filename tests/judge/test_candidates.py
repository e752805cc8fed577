"""The facts that a rule is asked about: all that can fulfil its condition, in their order."""

from __future__ import annotations

import pytest

from dten_audit.judge.candidates import Candidates
from dten_audit.judge.loading import load_rules
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Word
from dten_audit.model.facts.units import UnitUse
from dten_audit.model.location import Location
from dten_audit.model.rule import Rule

_VERBS = ("start", "stop", "mask")


def _package(count: int) -> Package:
    uses = [
        UnitUse(at=Location("p!/x.sh", n + 1), document="x", order=n, verb=_VERBS[n % 3],
                unit=f"u{n}.service", written=f"u{n}", manager="systemctl",
                stops=_VERBS[n % 3] == "stop")
        for n in range(count)
    ]  # fmt: skip
    return Package([], uses)


def _rule(when: dict[str, object]) -> Rule:
    (rule,) = (rule for rule in load_rules() if rule.id == "UNIT001")
    return rule._replace(when=when)


@pytest.mark.parametrize(
    ("when", "verbs"),
    [
        ({"verb": "stop"}, {"stop"}),
        ({"verb": ["mask", "start"]}, {"mask", "start"}),
        ({"order": 3, "verb": "stop"}, {"stop"}),
        ({"manager": "systemctl", "verb": "stop"}, {"stop"}),
        ({"manager": "systemctl"}, set(_VERBS)),
        ({"stops": True}, {"stop"}),
        ({"stops": [False]}, {"start", "mask"}),
        ({"stops": 1}, set(_VERBS)),
        ({"any": [{"verb": "stop"}]}, set(_VERBS)),
        ({"verb": {"in": ["stop"]}}, set(_VERBS)),
        ({"verb": ["stop", None]}, set(_VERBS)),
    ],
)
def test_by_the_field_that_leaves_the_fewest(when: dict[str, object], verbs: set[str]) -> None:
    chosen = Candidates(_package(90)).of(_rule(when))
    orders = [fact.order for fact in chosen if isinstance(fact, UnitUse)]
    assert orders == [n for n in range(90) if _VERBS[n % 3] in verbs]


def test_few_facts_are_all_asked() -> None:
    assert len(Candidates(_package(9)).of(_rule({"verb": "stop"}))) == 9


def test_what_is_no_plain_value_is_always_asked() -> None:
    odd = UnitUse(at=Location("p!/x.sh", 1), document="x", order=99, verb=Word("stop"),  # type: ignore[arg-type]
                  unit="a.service", written="a", manager="systemctl")  # fmt: skip
    package = _package(60)
    package.add([odd])
    assert Candidates(package).of(_rule({"verb": "mask"}))[-1] is odd
