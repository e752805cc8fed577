"""Chooses the facts that a rule may speak of: by one field, once for all rules that ask for it."""

from __future__ import annotations

from typing import Final

from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.registry import fact_types
from dten_audit.model.rule import Rule

_FEW: Final = 50
"""So many facts are asked one by one as fast as they are sorted."""
_OTHER: Final = object()
"""Stands for values that are no plain text: unknown ones, tuples, numbers."""


class Candidates:
    """The facts of a package by the values of the fields that rules ask for first."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._places: dict[tuple[type, str], dict[object, list[int]]] = {}

    def of(self, rule: Rule) -> list[Fact]:
        """Return, in their order, all facts that can fulfil a rule's condition, and maybe more."""
        kind = fact_types()[rule.fact]
        facts: list[Fact] = self._package.of(kind)
        field, wanted = _first_asked(rule.when)
        if len(facts) <= _FEW or not field:
            return facts
        places = self._sorted(kind, field, facts)
        chosen = [place for value in (*wanted, _OTHER) for place in places.get(value, ())]
        return [facts[place] for place in sorted(chosen)]

    def _sorted(self, kind: type, field: str, facts: list[Fact]) -> dict[object, list[int]]:
        """Return the numbers of the facts with each value of a field."""
        places = self._places.get((kind, field))
        if places is None:
            places = self._places[kind, field] = {}
            for number, fact in enumerate(facts):
                value = getattr(fact, field)
                places.setdefault(value if type(value) is str else _OTHER, []).append(number)
        return places


def _first_asked(when: dict[str, object]) -> tuple[str, frozenset[str]]:
    """Return the first field that must have one of some words, with these; empty without one."""
    for key, value in when.items():
        words = value if isinstance(value, list) else [value]
        if "." not in key and words and all(type(word) is str for word in words):
            return key, frozenset(words)
    return "", frozenset()
