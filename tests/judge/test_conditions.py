"""Each operator, on plain, absent, unknown and repeated values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from dten_audit.judge.conditions import compile_condition, glob_regex, quantity
from dten_audit.judge.logic import Tri
from dten_audit.model.patterns import check_pattern
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.site import RetiredHost, Site, UnitRecord


class Size(NamedTuple):
    bytes: int | Unknown


class Sample(NamedTuple):
    name: str = "dten-import"
    number: int = 3
    guarded: bool = False
    table: Size | Unknown | None = Size(2 << 30)
    hosts: tuple[str, ...] = ("sftp.legacy.example", "db.corp.example")
    sizes: tuple[Size, ...] = (Size(1), Size(Unknown("site.tables")))
    present: bool | Unknown = Unknown("site.units")


NEEDS_UNITS = frozenset({"site.units"})
NEEDS_TABLES = frozenset({"site.tables"})
SITE = Site(
    units=(UnitRecord("dten-core.service"),),
    retired_hosts=(RetiredHost("*.legacy.example"),),
    complete=frozenset({"units"}),
)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"name": "dten-import"}, True),
        ({"name": ["x", "dten-import"]}, True),
        ({"name": "x", "number": 3}, False),
        ({"number": 1, "guarded": True}, False),
        ({"guarded": False}, True),
        ({"guarded": 0}, False),
        ({"guarded": [0, 1]}, False),
        ({"number": True}, False),
        ({"number": {"gt": 2, "le": 3}}, True),
        ({"number": {"lt": 3}}, False),
        ({"table.bytes": {"gt": "1GiB"}}, True),
        ({"table.bytes": {"ge": "3GiB"}}, False),
        ({"table": None}, False),
        ({"name": {"matches": "^dten-"}}, True),
        ({"name": {"matches": "(?i)IMPORT$"}}, True),
        ({"name": {"glob": ["x/**", "dten-*"]}}, True),
        ({"hosts": "db.corp.example"}, True),
        ({"hosts": {"matches": "legacy"}}, True),
        ({"hosts": {"empty": True}}, False),
        ({"hosts": {"empty": False}}, True),
        ({"hosts": {"in": "site.hosts.retired"}}, True),
        ({"name": {"in": "site.units"}}, False),
        ({"name": {"in": ["dten-import"]}}, True),
        ({"sizes.bytes": {"gt": 0}}, True),
        ({"sizes.bytes": {"gt": 5}}, NEEDS_TABLES),
        ({"present": False}, NEEDS_UNITS),
        ({"present": False, "guarded": True}, False),
        ({"not": {"present": False}}, NEEDS_UNITS),
        ({"not": {"guarded": True}}, True),
        ({"any": [{"guarded": True}, {"present": True}]}, NEEDS_UNITS),
        ({"any": [{"guarded": False}, {"present": True}]}, True),
        ({"all": [{"guarded": False}, {"number": 3}]}, True),
    ],
)
def test_conditions(when: dict[str, object], expected: Tri) -> None:
    estate = Estate(SITE, datetime(2026, 11, 21, tzinfo=UTC))
    assert compile_condition(when, estate)(Sample()) == expected


def test_reaching_into_unknown_and_nothing() -> None:
    estate = Estate(Site(), datetime(2026, 11, 21, tzinfo=UTC))
    condition = compile_condition({"table.bytes": {"gt": 1}}, estate)
    assert condition(Sample(table=Unknown("site.tables"))) == NEEDS_TABLES
    assert condition(Sample(table=None)) is False


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("5", 5), ("1GiB", 1 << 30), ("60s", 60), ("1.5h", 5400), ("250ms", 0.25)],
)
def test_quantities(value: object, number: float) -> None:
    assert quantity(value) == number


@pytest.mark.parametrize("value", ["", "five", "5 parsecs", None, True])
def test_no_quantities(value: object) -> None:
    with pytest.raises(ValueError, match="not a number"):
        quantity(value)


@pytest.mark.parametrize("pattern", [r"a(?=b)", r"(?<!a)b", r"(a)\1", r"(?P=x)", "("])
def test_patterns_outside_the_subset(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|regular expression"):
        check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("**/etc/cron.d/*", "etc/cron.d/x", True),
        ("**/etc/cron.d/*", "a/b/etc/cron.d/x", True),
        ("**/etc/cron.d/*", "etc/cron.d/x/y", False),
        ("*.sql", "a.sql", True),
        ("*.sql", "a/b.sql", False),
        ("docs/**", "docs/a/b.txt", True),
        ("v?.txt", "v1.txt", True),
    ],
)
def test_globs(pattern: str, path: str, *, matches: bool) -> None:
    assert bool(glob_regex(pattern).fullmatch(path)) is matches
