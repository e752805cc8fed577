"""Mutates rules: a condition that can be dropped unnoticed lacks a near miss among the examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from dten_audit.judge.judging import verdicts
from dten_audit.model.rule import Rule
from dten_audit.proof.examples import Prepared, prepare

Places = frozenset[tuple[str, int | None, bool]]


class Survivor(NamedTuple):
    """A condition of a rule that no example depends on."""

    rule: str
    condition: str


def survivors(rule: Rule) -> Iterator[Survivor]:
    """Yield the conditions of ``rule`` without which all its examples come out the same."""
    prepared = [prepare(example) for _, examples in rule.examples for example in examples]
    usual = [_places(rule, example) for example in prepared]
    for name, when in mutants(rule.when):
        mutant = rule._replace(when=when)
        if all(_places(mutant, example) == usual[n] for n, example in enumerate(prepared)):
            yield Survivor(rule.id, name)


def mutants(when: dict[str, object], prefix: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Yield each condition's name and ``when`` without it."""
    for key, value in when.items():
        rest = {k: v for k, v in when.items() if k != key}
        if key in ("any", "all") and isinstance(value, list):
            for number, part in enumerate(value):
                others = [*value[:number], *value[number + 1 :]]
                yield f"{prefix}{key}[{number + 1}]", {**rest, key: others}
                if len(part) > 1:
                    for name, smaller in mutants(part, f"{prefix}{key}[{number + 1}]."):
                        parts = [*value[:number], smaller, *value[number + 1 :]]
                        yield name, {**rest, key: parts}
        elif key == "not" and isinstance(value, dict) and len(value) > 1:
            for name, smaller in mutants(cast("dict[str, object]", value), f"{prefix}not."):
                yield name, {**rest, key: smaller}
        else:
            yield f"{prefix}{key}", rest


def _places(rule: Rule, prepared: Prepared) -> Places:
    found = verdicts(prepared.package, [rule], prepared.estate)
    return frozenset((v.fact.at.path, v.fact.at.line, bool(v.needs)) for v in found)


def all_survivors(rules: Sequence[Rule]) -> Iterator[Survivor]:
    """Yield the surviving mutants of all rules."""
    for rule in rules:
        yield from survivors(rule)
