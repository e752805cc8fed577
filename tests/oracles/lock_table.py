"""The tables of statements for the lock oracles, and what we say of each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from dten_audit.model.facts.sql import SchemaChange
from dten_audit.model.unknown import Unknown
from dten_audit.site.site import Site
from tests.derive.schema import changes
from tests.oracles.mysql_witness import Online

HERE: Final = Path(__file__).parent
ORDER: Final = (
    "", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE", "ACCESS EXCLUSIVE",
)  # fmt: skip
"""PostgreSQL's modes, weakest first, as far as they matter here."""
WEAK: Final = frozenset(ORDER[:3])
_VIEWS: Final = frozenset(
    "drop_view drop_materialized_view rename_view rename_materialized_view drop_schema".split()
)


_MYSQL_TABLES: Final = ("t", "p", "nopk", "auto", "part", "geo", "latin", "gen")


class Row(NamedTuple):
    """A statement: its group, the versions that know it, and what must run before it."""

    group: str
    sql: str
    since: float = 0
    until: float = 99
    before: str = ""
    tablespace: bool = False
    only: str = ""

    @property
    def key(self) -> str:
        return f"{self.before}; {self.sql}" if self.before else self.sql

    @property
    def table(self) -> str:
        """The first table that the statement names, of those of MySQL's setup."""
        words = re.split(r"[\s,;()]+", self.sql)
        return next((word for word in words if word in _MYSQL_TABLES), "t")


class Seen(NamedTuple):
    """What happens to one table: the strongest lock, and whether it is read or copied under it."""

    lock: str = ""
    scans: object = False
    copies: object = False

    def __str__(self) -> str:
        done = [
            word if value is True else f"{word}?"
            for word, value in ((" scan", self.scans), (" copy", self.copies))
            if isinstance(value, Unknown) or value is True
        ]
        return (self.lock or "no lock") + "".join(done)


Effects = dict[str, Seen]


def load(name: str) -> tuple[str, list[Row]]:
    """Return the setup of a table and its rows."""
    table = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    setup = table.pop("setup")
    rows = [
        Row(group, row) if isinstance(row, str) else Row(group, **row)
        for group, found in table.items()
        for row in found
    ]
    assert len({row.key for row in rows}) == len(rows)
    return setup, rows


def stronger(one: str, other: str) -> str:
    """Return the stronger of two modes."""
    return one if ORDER.index(one) >= ORDER.index(other) else other


def _last(text: str, before: str, path: str, site: Site) -> list[SchemaChange]:
    lines = before.count("\n") + 1
    return [c for c in changes(f"{before}\n{text};", path, site) if (c.at.line or 0) > lines]


def _merged(found: list[SchemaChange]) -> Effects:
    effects: Effects = {}
    for change in found:
        schema = change.action == "reindex" and "schema" in change.flags
        name = change.table or (change.name if schema or change.action in _VIEWS else "")
        lock = change.lock.removesuffix(" index")
        lock = "ROW EXCLUSIVE" if lock == "every row" else lock
        attached = change.action == "attach_partition"
        old = effects.get(name, Seen())
        effects[name] = Seen(
            stronger(old.lock, lock), old.scans if attached else _either(old.scans, change.scans),
            _either(old.copies, change.rewrites),
        )  # fmt: skip
        for table, mode in change.other_locks:
            other = effects.get(table, Seen(scans=None, copies=None))
            scans = change.scans if attached else other.scans
            effects[table] = other._replace(lock=stronger(other.lock, mode), scans=scans)
    return effects


def _either(one: object, other: object) -> object:
    if True in (one, other):
        return True
    return next((value for value in (one, other) if isinstance(value, Unknown)), False)


def ours(row: Row, setup: str, version: int) -> tuple[Effects, Effects]:
    """Return what we say of a statement: of itself alone, and behind what made its tables."""
    site = Site(databases=(("postgresql", str(version)),))
    path = "sql/postgresql/upgrade.sql"
    settings = row.before if row.before.startswith("SET ") else ""
    alone = _last(row.sql, settings + ";", path, site)
    known = _last(row.sql, setup + row.before + ";", path, site)
    return _merged(alone), _merged(known)


def safe_forms(row: Row, setup: str, version: int) -> list[str]:
    """Return what we say to use instead of a statement, each form once."""
    site = Site(databases=(("postgresql", str(version)),))
    path = "sql/postgresql/upgrade.sql"
    found = [c for c in _last(row.sql, setup + row.before + ";", path, site) if c.safe_form]
    found += [c for c in _last(row.sql, ";", path, site) if c.safe_form]
    single = len({c.statement for c in found}) == 1 or len({c.action for c in found}) == 1
    return sorted({change.safe_form for change in found}) if single else []


def difference(theirs: Effects, alone: Effects, known: Effects, setup: str) -> str:
    """Say in what the server and we differ; empty where we agree.

    What is unknown to us without the table's definition is no difference; with it, it is.
    """
    told: list[str] = []
    for table in sorted({*theirs, *alone, *known} - {""}):
        if table not in setup:
            continue
        seen = theirs.get(table, Seen())
        said = known.get(table, alone.get(table, Seen()))
        lock = stronger(said.lock, alone.get(table, Seen()).lock)
        weak = seen.lock in WEAK and lock in WEAK
        same = weak or (lock == seen.lock and _agree(said, seen, sure=True))
        bare = alone.get(table, said)
        open_ = weak or _agree(bare, seen, sure=False)
        if not same or not open_:
            said = said._replace(lock=lock)
            more = "" if open_ else f"; without its definition: {bare}"
            told.append(f"{table}: {seen}, we say: {said}{more}")
    return " | ".join(told)


def _agree(said: Seen, seen: Seen, *, sure: bool) -> bool:
    """Compare scan and copy; None is not said of this table, Unknown is none where we are sure."""
    return all(
        one is None or one == other or (not sure and isinstance(one, Unknown))
        for one, other in ((said.scans, seen.scans), (said.copies, seen.copies))
    )


def _online(found: list[SchemaChange]) -> tuple[bool, object, object, object]:
    """Return whether we state a lock, whether writers and readers are blocked, and rewrites."""
    blocked: set[object] = {what for change in found for what in change.blocks}
    copies: object = False
    for change in found:
        copies = _either(copies, change.rewrites)
    open_ = [c.blocks for c in found if isinstance(c.blocks, Unknown)]
    writes: object = "writes" in blocked or (open_[0] if open_ else False)
    held = any(change.lock not in ("", "every row") for change in found)
    return held, writes, "reads" in blocked, copies


def online_difference(
    row: Row, online: Online, setup: str, product: str, version: tuple[int, int]
) -> str:
    """Say in what a MariaDB or MySQL server and we differ; empty where we agree."""
    site = Site(databases=((product, f"{version[0]}.{version[1]}.0"),))
    text = f"{row.before};{row.sql}" if row.before else row.sql
    known = _online(_last(text, setup, "sql/mysql/upgrade.sql", site))
    alone = _online(_last(text, ";", "sql/mysql/upgrade.sql", site))
    clause = online.lock not in ("", "refused")
    truth = (
        online.waits,
        online.lock != "NONE" if clause else None,
        online.lock == "EXCLUSIVE" if clause else None,
        online.copies,
    )
    names = ("waits", "blocks writers", "blocks readers", "copies")
    told = []
    for name, real, sure, bare in zip(names, truth, known, alone, strict=True):
        open_ = isinstance(bare, Unknown) or (name != "waits" and isinstance(alone[3], Unknown))
        if real is None or (sure == real and (bare == real or open_)):
            continue
        say = "unknown" if isinstance(sure, Unknown) else "yes" if sure else "no"
        more = (
            ""
            if bare == sure
            else " (without its definition: "
            + ("?" if isinstance(bare, Unknown) else "yes" if bare else "no")
            + ")"
        )
        told.append(f"{name}: {'yes' if real else 'no'}, we say {say}{more}")
    used = " ".join(filter(None, (online.algorithm, online.lock)))
    return f"{used}; {'; '.join(told)}".lstrip("; ") if told else ""
