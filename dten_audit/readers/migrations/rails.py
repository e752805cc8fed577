"""Reads Rails' migrations: ``change``, ``up`` and ``down`` as the SQL that they send.

``change`` is taken back by Rails itself, as far as it knows how. ``strong_migrations`` and
``safety_assured`` change nothing of what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.direction import Direction, Section
from dten_audit.readers.migrations.migration import Migration
from dten_audit.readers.migrations.rails_columns import options
from dten_audit.readers.migrations.rails_operations import OPERATIONS, Operation, in_table
from dten_audit.readers.migrations.values import field, truth, word
from dten_audit.readers.migrations.walking import Step, Walk
from dten_audit.readers.programs.functions import Function
from dten_audit.readers.programs.program import Program

_CLASS: Final = re.compile(r"(?m)^[ \t]*+class\s+[\w:]+\s*<\s*[\w:]*Migration\b")
_NO_TRANSACTION: Final = re.compile(r"(?m)^[ \t]*+disable_ddl_transaction!")
_ONE_WAY: Final = frozenset(
    "remove_columns execute change_column change_column_default change_table_comment drop_table"
    " remove_column remove_index remove_foreign_key remove_check_constraint change_column_null"
    " remove_reference".split()
)
"""What ``change`` cannot take back without being told how (ActiveRecord::CommandRecorder)."""
_SQL: Final = frozenset(("execute", "exec_query", "exec_update", "update", "delete", "select_all"))
_MODEL: Final = re.compile(r"[A-Z]\w*(?:::[A-Z]\w*)*\Z")
_ROWS: Final = {"update_all": "update", "delete_all": "delete", "destroy_all": "delete"}
_WHERE: Final = frozenset(("where", "not", "in_batches", "find_each", "limit", "in_groups_of"))
_HELPER: Final = re.compile(
    r"(?:add|remove|rename|change|create|drop|validate|undo|cleanup|backfill|update|finalize|queue"
    r"|swap|prepare)_[a-z_]*(?:column|index|table|key|constraint|reference|trigger|default|partition"
    r"|type|null|batched|background|view|extension|enum|bigint)[a-z_]*\Z"
)


def fits(document: Document) -> bool:
    """Say whether a Ruby file is a migration of Rails."""
    return "Migration" in document.text and _CLASS.search(document.text) is not None


def read(document: Document) -> Iterator[Embedded | Unreadable]:
    """Yield the SQL of both directions."""
    program = Program(document)
    migration = Migration(document, "Rails", (("restates", "yes"),))
    migration.transaction = _NO_TRANSACTION.search(program.code) is None
    names: tuple[tuple[Section, str], ...] = (("up", "change"), ("up", "up"), ("down", "down"))
    for section, name in names:
        reading = _Reading(program, migration, section, changes=name == "change")
        for function in reading.walk.functions(name)[:1]:
            if name == "change":
                migration.hints = (("reverses", "yes"),)
            reading.run(function)
            if name == "change":
                migration.way_back = reading.reversible
        if reading.walk.exhausted:
            yield Unreadable(document.location(1), "Rails", "more operations than are read")
    yield from migration.documents()


class _Reading:
    """One method of a migration. ``changes``: it is ``change``, which Rails takes back."""

    def __init__(
        self, program: Program, migration: Migration, section: Section, *, changes: bool
    ) -> None:
        self.program = program
        self.walk = Walk(program)
        self.reversible = True
        self._migration = migration
        self._section: Section = section
        self._changes = changes

    def run(self, function: Function) -> None:
        """Take in what a method does."""
        for step in self.walk.function(function):
            self._step(step)

    def _direction(self, step: Step) -> Direction:
        return self._migration.at(self._section, step.dialect)

    def _step(self, step: Step) -> None:
        first, last = step.path.rpartition(".")[2], step.last.name.rpartition(".")[2]
        line = self.walk.line(step.at)
        direction = self._direction(step)
        if first in ("create_table", "create_join_table", "change_table"):
            self._table(step, first, line)
        elif first in ("up", "down") and step.block is not None and "." in step.path:
            self._one_way(step, first)
        elif step.block is not None and first not in OPERATIONS:
            self._inner(step)
        elif first in _SQL and step.arguments.positional:
            direction.raw(field(self.program, step.arguments.positional[0]), line)
            self.reversible = self.reversible and not self._changes
        elif first in OPERATIONS:
            self._operation(step, first, line)
        elif last in _ROWS:
            every = [name for link in step.calls for name in link.name.split(".")]
            where = any(name in _WHERE for name in every)
            table = sql.hole(step.path.partition(".")[0])
            direction.add(line, sql.touches_rows(table, _ROWS[last], where=where))
        elif "." not in step.path and _HELPER.match(first):
            direction.unknown(line, first)

    def _inner(self, step: Step) -> None:
        for each in self.walk.inner(step):
            self._step(each)

    def _one_way(self, step: Step, name: str) -> None:
        """Take in ``dir.up do … end`` of ``reversible``."""
        before, changes = self._section, self._changes
        self._section = "down" if name == "down" else "up"
        self._changes = False
        self._inner(step)
        self._section, self._changes = before, changes

    def _operation(self, step: Step, name: str, line: int) -> None:
        direction = self._direction(step)
        for statement in OPERATIONS[name](Operation(step.arguments)):
            direction.add(line, statement)
        if self._changes and name in _ONE_WAY and not _tells_way_back(name, step):
            self.reversible = False

    def _table(self, step: Step, name: str, line: int) -> None:
        """Take in a table with its block: columns of a new one, changes of one that is there."""
        given = options(step.arguments)
        operation = Operation(step.arguments)
        direction = self._direction(step)
        table = operation.table
        alias = step.names[0] if step.names else "t"
        columns: list[tuple[int, str]] = []
        later: list[tuple[int, str]] = []
        for each in self.walk.inner(step):
            own, _, kind = each.path.rpartition(".")
            at = self.walk.line(each.at)
            if own != alias:
                self._step(each)
                continue
            for text, is_column in in_table(
                table, kind, each.arguments, new=name != "change_table"
            ):
                (columns if is_column else later).append((at, text))
        if name == "change_table":
            for at, text in sorted([(a, sql.add_column(table, t)) for a, t in columns] + later):
                direction.add(at, text)
            return
        if truth(given.get("force")) or word(given.get("force")) == "cascade":
            direction.add(line, sql.drop_table(table, if_exists=True))
        for statement in operation.created(
            name, [text for _, text in columns], guarded=step.guarded
        ):
            direction.add(line, statement)
        for at, text in later:
            direction.add(at, text)


def _tells_way_back(name: str, step: Step) -> bool:
    """Say whether a call tells Rails how to take it back."""
    given, number = options(step.arguments), len(step.arguments.positional)
    if name == "change_column_default":
        return "from" in given or any("from" in str(each) for each in step.arguments.positional)
    if name == "change_column_null":
        return True
    if name in ("remove_column", "remove_reference"):
        return number > 2 or name == "remove_reference"  # noqa: PLR2004 (the column's type)
    if name == "remove_index":
        return "column" in given or number > 1
    if name == "remove_foreign_key":
        return number > 1 or "to_table" in given
    if name == "remove_check_constraint":
        return number > 1
    return name == "drop_table" and step.block is not None
