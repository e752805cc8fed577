"""Which statements take a migration back, and what they tell of the columns before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from dten_audit.derive.schema.book import Book, SqlFile, bare
from dten_audit.derive.schema.files import stem_of
from dten_audit.model.facts.sql import Action, SqlStatement

_NULL: Final = {"set_not_null": False, "drop_not_null": True}
Column = tuple[str, str]
"""A table and a column, as names are compared within one file."""


class Pairs:
    """The files of a package, each with what takes it back."""

    def __init__(self, book: Book) -> None:
        self._down: dict[str, list[SqlFile]] = defaultdict(list)
        self._up: dict[str, list[SqlFile]] = defaultdict(list)
        for file in book.files.values():
            side = self._down if file.role == "down" else self._up
            side[stem_of(file.file.path)].append(file)
        self._types: dict[tuple[str, bool], dict[Column, str]] = {}
        self._nulls: dict[tuple[str, bool], dict[Column, bool]] = {}
        self._stated: dict[str, set[Column]] = {}

    def down_of(self, file: SqlFile) -> list[SqlStatement]:
        """Return the statements of its own down section, or of the one file that takes it back."""
        own = [statement for statement in file.statements if statement.section == "down"]
        return own if own or has_way_back(file) else _only(file, self._down)

    def _up_of(self, file: SqlFile) -> list[SqlStatement]:
        """Return the statements that a down file, or the down section of a file, takes back."""
        own = [statement for statement in file.statements if statement.section != "down"]
        return own if has_way_back(file) and not file.hint("runner") else _only(file, self._up)

    def has_down(self, file: SqlFile) -> bool:
        """Say whether a down file or section belongs to it."""
        return has_way_back(file) or stem_of(file.file.path) in self._down

    def type_before(self, file: SqlFile, action: Action) -> str:
        """Return the type of an action's column before its file, as that or the other way tells."""
        key = file.info.id, file.role == "down"
        if key not in self._types:
            self._types[key] = types_given(self._other_way(file)) | types_said(file)
        return self._types[key].get(_column(action), "")

    def null_before(self, file: SqlFile, action: Action) -> bool | None:
        """Say whether an action's column may hold NULL before its file, as the other way tells it.

        None where it does not tell.
        """
        key = file.info.id, file.role == "down"
        if key not in self._nulls:
            self._nulls[key] = {
                _column(other): _NULL[other.verb]
                for statement in self._other_way(file)
                for other in statement.actions
                if other.verb in _NULL
            }
        return self._nulls[key].get(_column(action))

    def states_type(self, file: SqlFile, action: Action) -> bool:
        """Say whether a file states the whole type of an action's column again."""
        if file.info.id not in self._stated:
            self._stated[file.info.id] = {
                _column(other)
                for statement in file.statements
                for other in statement.actions
                if other.verb == "alter_type" and "redefinition" in other.flags
            }
        return _column(action) in self._stated[file.info.id]

    def _other_way(self, file: SqlFile) -> list[SqlStatement]:
        return self._up_of(file) if file.role == "down" else self.down_of(file)


def _column(action: Action) -> Column:
    return bare(action.table), action.column.lower()


def _only(file: SqlFile, others: dict[str, list[SqlFile]]) -> list[SqlStatement]:
    """Return the statements of the one file that goes the other way."""
    paired = others.get(stem_of(file.file.path), [])
    same = [each for each in paired if each.file.path == file.file.path] or paired
    of_dialect = [each for each in same if each.script.dialect == file.script.dialect] or same
    return list(of_dialect[0].statements) if len(of_dialect) == 1 else []


def has_way_back(file: SqlFile) -> bool:
    """Say whether a file holds its own way back."""
    sections = {statement.section for statement in file.statements}
    return "down" in sections or "rollback" in file.script.marks


def types_said(file: SqlFile) -> dict[Column, str]:
    """Return the types before that a migration states itself, as Alembic's ``existing_type``.

    Of a column that is changed twice, the first is what it had before.
    """
    said = (line.split(" ", 2) for line in reversed(file.hint("was").splitlines()))
    return {(bare(table), column.lower()): kind for table, column, kind in said}


def types_given(statements: Iterable[SqlStatement]) -> dict[Column, str]:
    """Return the types that one way gives to columns: those they have before the other way.

    A column that gets several has none that is known.
    """
    found: dict[Column, str] = {}
    old: dict[Column, str] = {}
    for action in (action for statement in statements for action in statement.actions):
        key = (bare(action.table), action.column.lower())
        if action.verb == "rename_column":
            old[key[0], action.value.lower()] = key[1]
        elif action.verb == "alter_type":
            kind = action.value + (" not null" if "not-null" in action.flags else "")
            for name in {key[1], old.get(key, key[1])}:
                known = found.get((key[0], name), kind)
                found[key[0], name] = kind if known == kind else ""
    return found
