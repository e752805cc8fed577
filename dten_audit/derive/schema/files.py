"""What a file of SQL is for, which migration runner owns it, and where it stands in its order."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from typing import Final, NamedTuple, cast

from dten_audit.documents.document import DocumentInfo
from dten_audit.model.facts.sql import Role
from dten_audit.readers.knowledge import from_tables, knowledge

_NUMBER: Final = re.compile(r"(\d+)")
_ORDERED: Final = re.compile(r"^[VvMm]?\d{1,20}")


class Runner(NamedTuple):
    """A migration runner: its lock and its transactions (rules/knowledge/migration_runners.yaml).

    ``transaction``: ``file``, ``several`` (a file of several statements), ``changeset``, ``none``.
    ``holds_open``: it holds its lock in a transaction that is open while the file runs.
    ``across``: it takes the files of all folders of one name as one series, by their numbers.
    ``autocommits``: its connection may be in autocommit; a file outside of the package says so.
    """

    name: str
    lock: bool
    transaction: str
    holds_open: bool = False
    across: bool = False
    autocommits: bool = False


NOBODY: Final = Runner("", lock=False, transaction="none")


class _Row(NamedTuple):
    runner: Runner
    path: re.Pattern[str] | None
    mark: str
    beside: str


class _RoleRow(NamedTuple):
    role: Role
    name: re.Pattern[str] | None
    folder: re.Pattern[str] | None


def _table() -> dict[str, list[dict[str, object]]]:
    return cast("dict[str, list[dict[str, object]]]", knowledge("migration_runners"))


def _runner(row: dict[str, object]) -> Runner:
    transaction, open_too = str(row["transaction"]), bool(row.get("holds_open"))
    across = bool(row.get("across"))
    return Runner(str(row["name"]), bool(row["lock"]), transaction, open_too, across)


@from_tables
def _runners() -> tuple[_Row, ...]:
    return tuple(
        _Row(
            _runner(row),
            re.compile(str(row["path"])) if "path" in row else None,
            str(row.get("mark", "")),
            str(row.get("beside", "")),
        )
        for row in _table()["runners"]
    )


@from_tables
def _roles() -> tuple[_RoleRow, ...]:
    return tuple(
        _RoleRow(
            cast("Role", row["role"]),
            re.compile(str(row["name"])) if "name" in row else None,
            re.compile(str(row["folder"])) if "folder" in row else None,
        )
        for row in _table()["roles"]
    )


@from_tables
def _programs() -> frozenset[str]:
    return frozenset(cast("list[str]", cast("object", _table()["programs"])))


def runner_of(path: str, marks: Collection[str], paths: Collection[str]) -> Runner:
    """Return the runner that owns a file, told by its marks, its path and the files beside it.

    A mark is the row's own or the runner's name in lower case. ``paths`` are those of all
    documents; ``NOBODY`` where no runner is known.
    """
    for row in _runners() if marks else ():
        if row.mark in marks or row.runner.name.lower() in marks:
            return row.runner
    for row in _runners():
        if row.path is not None and row.path.search(path) and _beside(row.beside, path, paths):
            return row.runner
    return NOBODY


def _beside(name: str, path: str, paths: Collection[str]) -> bool:
    if not name:
        return True
    folder = posixpath.dirname(path)
    return any(posixpath.join(at, name) in paths for at in (folder, posixpath.dirname(folder)))


def role_of(info: DocumentInfo, host: DocumentInfo | None) -> Role:
    """Return what a file of SQL is for; ``host`` is the program that it is embedded in."""
    file = host or info
    *folders, name = file.path.split("/")
    for row in _roles():
        if row.name is not None and row.name.search(name):
            return row.role
        if row.folder is not None and any(row.folder.search(folder) for folder in folders):
            return row.role
    return "application" if is_program(file.kind) else "up"


def is_program(kind: str) -> bool:
    """Say whether a file is a program: its SQL is its own, unless its path says upgrade."""
    return kind in _programs()


def order_of(path: str) -> tuple[object, ...]:
    """Return a key that sorts versions as people do: 9 before 10, ``V2__b`` before ``V10__a``."""
    parts = _NUMBER.split(posixpath.basename(path).lower())
    numbers = tuple((1, int(p[:40]), "") if p.isdigit() else (0, 0, p) for p in parts if p)
    return (posixpath.dirname(path), numbers)


def set_of(path: str, runner: Runner) -> str:
    """Return the ordered set that a file belongs to: its folder; empty where there is no order.

    Runners with one folder a migration (``…/2024_add/up.sql``) order the folders.
    """
    folder, name = posixpath.split(path)
    if name in ("up.sql", "down.sql", "migration.sql"):
        folder, name = posixpath.split(folder)
    ordered = (
        bool(runner.name) or _ORDERED.match(name) is not None or any(c.isdigit() for c in name)
    )
    return (folder or ".") if ordered else ""


_DOWN: Final = re.compile(
    r"(?i)[._-]?(?:down|rollback|revert|undo|backout|downgrade|up)(?=\.|_|-|$)"
)


def stem_of(path: str) -> str:
    """Return what an up file and its down file have in common in their names."""
    folder, name = posixpath.split(path)
    if name in ("up.sql", "down.sql"):
        return posixpath.basename(folder).lower()
    stem = _DOWN.sub("", posixpath.splitext(name)[0]).lower()
    if re.match(r"[vu][0-9][0-9._]*__", stem):
        return stem[1:].partition("__")[0]
    return stem.strip("._-")
