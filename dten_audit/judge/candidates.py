"""Chooses the facts that a rule may speak of: sorted once by each field that rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.registry import fact_types
from dten_audit.model.rule import Rule

_FEW: Final = 50
"""So many facts are asked one by one as fast as they are sorted."""
_PLAIN: Final = (str, bool)
_OTHER: Final = object()
"""Stands for all other values: unknown ones, tuples, numbers."""


class Candidates:
    """The facts of a package by the values of the fields that rules ask for."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._places: dict[tuple[type, str], dict[object, list[int]]] = {}

    def of(self, rule: Rule) -> list[Fact]:
        """Return, in their order, all facts that can fulfil a rule's condition, and maybe more."""
        kind = fact_types()[rule.fact]
        facts: list[Fact] = self._package.of(kind)
        if len(facts) <= _FEW:
            return facts
        fewest: Sequence[int] = range(len(facts))
        for field, words in _asked(rule.when):
            if len(fewest) <= _FEW:
                break
            places = self._sorted(kind, field, facts)
            chosen = [place for word in (*words, _OTHER) for place in places.get(word, ())]
            fewest = min(fewest, chosen, key=len)
        return [facts[place] for place in sorted(fewest)] if len(fewest) < len(facts) else facts

    def _sorted(self, kind: type, field: str, facts: list[Fact]) -> dict[object, list[int]]:
        """Return the numbers of the facts with each value of a field."""
        places = self._places.get((kind, field))
        if places is None:
            places = self._places[kind, field] = {}
            for number, fact in enumerate(facts):
                value = getattr(fact, field)
                places.setdefault(value if type(value) in _PLAIN else _OTHER, []).append(number)
        return places


def _asked(when: dict[str, object]) -> Iterator[tuple[str, frozenset[object]]]:
    """Yield the fields that must have one of some words, or be true or false, with these."""
    for key, value in when.items():
        words = value if isinstance(value, list) else [value]
        if "." not in key and words and all(type(word) in _PLAIN for word in words):
            yield key, frozenset(words)
