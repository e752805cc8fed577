"""Conditions of rules: from plain data to closures over a fact, in three-valued logic."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from dten_audit.judge.fields import values
from dten_audit.judge.logic import Condition, Tri, any_of, conjunction, disjunction, negation
from dten_audit.model.patterns import compiled
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate

OPERATORS: Final = ("gt", "ge", "lt", "le", "matches", "glob", "in", "empty")
_UNITS: Final = {
    "": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400,
}  # fmt: skip
_SEVERAL: Final = (tuple, Unknown)
_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)")

Test = Callable[[object], Tri]


def quantity(value: object) -> float:
    """Return a number, or a size in bytes or a time in seconds given with its unit (``1GiB``).

    Raises ``ValueError`` for anything else.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in _UNITS:
        message = f"not a number, size or time: {value}"
        raise ValueError(message)
    return float(match[1]) * _UNITS[match[2]]


@cache
def glob_regex(pattern: str) -> re.Pattern[str]:
    """Return a path glob as a regular expression; only ``**`` crosses a ``/``."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(known.get(part) or re.escape(part) for part in parts), re.DOTALL)


def compile_condition(when: dict[str, object], estate: Estate) -> Condition:
    """Return ``when`` (all of its entries) as a function of a fact. ``when`` has been validated."""
    parts = [_entry(key, value, estate) for key, value in when.items()]
    return parts[0] if len(parts) == 1 else conjunction(parts)


def _entry(key: str, value: object, estate: Estate) -> Condition:
    if key in ("any", "all") and isinstance(value, list):
        parts = [compile_condition(part, estate) for part in value]
        return disjunction(parts) if key == "any" else conjunction(parts)
    if key == "not" and isinstance(value, dict):
        inner = compile_condition(value, estate)
        return lambda fact: negation(inner(fact))
    path = tuple(key.split("."))
    test, whole = _test(value, estate)
    if len(path) == 1:
        return _of_field(key, test, whole=whole)
    return lambda fact: any_of(_apply(test, found, whole=whole) for found in values(fact, path))


def _of_field(name: str, test: Test, *, whole: bool) -> Condition:
    """Return a condition on a field of the fact itself, as most are: most often on one value."""

    def holds(fact: object) -> Tri:
        value = getattr(fact, name)
        if isinstance(value, _SEVERAL):
            return any_of(_apply(test, found, whole=whole) for found in values(value, ()))
        return test(value)

    return holds


def _apply(test: Test, value: object, *, whole: bool) -> Tri:
    if isinstance(value, Unknown):
        return frozenset((value.needs,))
    if not whole and isinstance(value, tuple) and not hasattr(value, "_fields"):
        return any_of(_apply(test, element, whole=False) for element in value)
    return test(value)


def _test(value: object, estate: Estate) -> tuple[Test, bool]:
    """Return the test of one value, and whether it judges a tuple as a whole."""
    if isinstance(value, dict):
        tests = [_operator(name, operand, estate) for name, operand in value.items()]
        return (tests[0] if len(tests) == 1 else conjunction(tests)), "empty" in value
    if isinstance(value, list):
        return _one_of(value), False
    return _equal(value), value is None


def _equal(wanted: object) -> Test:
    """Return the test for one value. Python says ``1 == True``; a rule does not."""
    kind, boolean = type(wanted), isinstance(wanted, bool)

    def equal(found: object) -> bool:
        if type(found) is kind:
            return found == wanted
        return found == wanted and isinstance(found, bool) == boolean

    return equal


def _one_of(wanted: list[object]) -> Test:
    """Return the test for one of several values, each of its own type."""
    words = frozenset(value for value in wanted if type(value) is str)

    def listed(found: object) -> bool:
        if type(found) is str:
            return found in words
        return any(type(found) is type(value) and found == value for value in wanted)

    return listed


def _operator(name: str, operand: object, estate: Estate) -> Test:
    if name in ("gt", "ge", "lt", "le"):
        return _comparison(name, quantity(operand))
    if name == "matches":
        regex = compiled(str(operand))
        return lambda found: isinstance(found, str) and regex.search(found) is not None
    if name == "glob":
        globs = [glob_regex(str(g)) for g in (operand if isinstance(operand, list) else [operand])]
        return lambda found: isinstance(found, str) and any(g.fullmatch(found) for g in globs)
    if name == "empty":
        return lambda found: (not found) == operand
    if isinstance(operand, list):
        return lambda found: found in operand
    return _membership(str(operand), estate)


def _comparison(name: str, bound: float) -> Test:
    def compare(found: object) -> Tri:
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            return False
        if name == "gt":
            return found > bound
        if name == "ge":
            return found >= bound
        return found < bound if name == "lt" else found <= bound

    return compare


SITE_SECTIONS: Final = ("site.units", "site.tables", "site.users", "site.hosts.retired")


def _membership(section: str, estate: Estate) -> Test:
    """Return the three-valued test whether the site lists a name in ``section``."""
    site = estate.site

    def listed(found: object) -> Tri:
        name = str(found)
        if section == "site.units":
            record: object = site.unit(name)
        elif section == "site.tables":
            record = site.table(name)
        elif section == "site.users":
            record = site.user(name)
        else:
            record = site.retired_host(name)
        return frozenset((record.needs,)) if isinstance(record, Unknown) else record is not None

    return listed
