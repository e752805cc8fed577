"""Writes docs/locks.md: what we say of each statement of the lock oracles.

Run `python -m tests.oracles.lock_docs`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

from dten_audit.model.facts.sql import SchemaChange
from dten_audit.model.unknown import Unknown
from dten_audit.readers.sql.effects import MODES
from dten_audit.readers.sql.servers import OLDEST
from dten_audit.site.site import Site
from tests.derive.schema import changes
from tests.oracles.lock_table import HERE, Row, load

PAGE: Final = Path(__file__).parents[2] / "docs/locks.md"
_MYSQL: Final = (("mysql", "8.0"), ("mysql", "9.7"), ("mariadb", "10.11"), ("mariadb", "11.8"))
_NAMES: Final = {
    "postgres": "PostgreSQL", "mysql": "MySQL and MariaDB", "tsql": "SQL Server",
    "oracle": "Oracle", "sqlite": "SQLite",
}  # fmt: skip


def render() -> str:
    """Return the page."""
    head = (HERE / "locks_head.md").read_text(encoding="utf-8")
    return head + "\n".join([*_assumed(), *_modes(), *_postgres(), *_mysql()]) + "\n"


def _assumed() -> list[str]:
    lines = ["| dialect | taken where the site tells no version |", "|---|---|"]
    for dialect, name in _NAMES.items():
        found = OLDEST[dialect]  # type: ignore[index]
        said = ", ".join(f"{s.product} {'.'.join(map(str, s.version))}" for s in found)
        lines.append(f"| {name} | {said} |")
    return [*lines, ""]


def _modes() -> list[str]:
    lines = ["## PostgreSQL", "", "| mode | others meanwhile cannot |", "|---|---|"]
    words = {"reads": "read", "writes": "write", "ddl": "change the schema"}
    for mode, blocks in MODES.items():
        lines.append(f"| {mode} | {', '.join(words[b] for b in blocks) or 'nothing of this'} |")
    return [*lines, ""]


def _of(row: Row, product: str, version: str, path: str, setup: str) -> list[SchemaChange]:
    site = Site(databases=((product, version),))
    lines = setup.count("\n") + 1
    text = f"{setup}\n{row.before};{row.sql};" if row.before else f"{setup}\n{row.sql};"
    return [c for c in changes(text, path, site) if (c.at.line or 0) > lines]


def _work(found: list[SchemaChange]) -> str:
    for field, word in (("rewrites", "copies"), ("scans", "reads")):
        values = [getattr(change, field) for change in found]
        if True in values:
            return f"{word} all rows"
        if any(isinstance(value, Unknown) for value in values):
            return f"may {word.removesuffix('s')} all rows".replace("copie ", "copy ")
    return ""


def _postgres() -> list[str]:
    _, rows = load("pg_locks.yaml")
    known = _explained("lock_differences.yaml")
    lines = ["| statement | locks | rows | from | |", "|---|---|---|---|---|"]
    for row in rows:
        found = _of(row, "postgresql", "18", "sql/postgresql/upgrade.sql", ";")
        locks = dict.fromkeys(f"{c.lock} on {c.table or c.name}" for c in found if c.lock)
        for change in found:
            locks |= dict.fromkeys(f"{lock} on {table}" for table, lock in change.other_locks)
        said = "; ".join(lock.replace(" index on ", " on an index of ") for lock in locks)
        mark = f"[{known[row.key] + 1}]" if row.key in known else ""
        since = str(int(row.since)) if row.since else ""
        cells = (f"`{row.key}`", said or "none", _work(found), since, mark)
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *_reasons("lock_differences.yaml"), ""]


def _mysql() -> list[str]:
    setup, rows = load("mysql_locks.yaml")
    known = _explained("online_differences.yaml")
    names = [f"{product} {version}" for product, version in _MYSQL]
    lines = ["## MySQL and MariaDB (InnoDB)", "", f"| statement | {' | '.join(names)} | |",
             "|---|" + "---|" * (len(names) + 1)]  # fmt: skip
    for row in rows:
        cells = []
        for product, version in _MYSQL:
            if row.only not in ("", product):
                cells.append("")
                continue
            cells.append(_online(_of(row, product, version, "sql/mysql/upgrade.sql", setup)))
        mark = f"[{known[row.key] + 1}]" if row.key in known else ""
        lines.append(f"| `{row.key}` | {' | '.join(cells)} | {mark} |")
    return [*lines, "", *_reasons("online_differences.yaml")]


def _online(found: list[SchemaChange]) -> str:
    if not any(change.lock for change in found):
        return "none"
    blocked = {what for change in found for what in change.blocks}
    work = _work(found)
    waits = "writers wait" if "writes" in blocked else "usable" if work else "brief"
    who = "nobody can use it" if "reads" in blocked else waits
    return ", ".join(filter(None, (who, work)))


def _explained(name: str) -> dict[str, int]:
    groups = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return {key: number for number, group in enumerate(groups) for key in group["rows"]}


def _reasons(name: str) -> list[str]:
    groups = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return [f"[{number}] {group['why']}  " for number, group in enumerate(groups, 1)]


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
