"""Reads Alembic migrations: ``upgrade()`` and ``downgrade()`` as the SQL that they send.

Source: Alembic 1.13 manual, "Operation Reference", "Running Batch Migrations for SQLite and Other
Databases", "Auto Generating Migrations"; read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.migrations.alembic_operations import (
    OPERATIONS,
    Operation,
    column_before,
    is_open,
)
from dten_audit.readers.migrations.dialects import spoken
from dten_audit.readers.migrations.direction import Hints, Section
from dten_audit.readers.migrations.migration import Migration
from dten_audit.readers.migrations.python_sql import rows_changed, sql_of
from dten_audit.readers.migrations.rendering import hole, identifier
from dten_audit.readers.migrations.values import word, words
from dten_audit.readers.migrations.walking import Link, Step, Walk
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import Called, Items, Name

_SENDS: Final = frozenset(("execute", "exec_driver_sql", "scalar", "executescript", "executemany"))
_OWN_WAY: Final = frozenset(
    "get_bind get_context f inline_literal run_async implementation_for register_operation"
    " invoke batch_alter_table".split()
)
_HELPER: Final = re.compile(
    r"(?:add|drop|create|alter|rename|remove|modify|convert|replace|batch|move|backfill|safe)_\w*?"
    r"(?:columns?|tables?|index(?:es)?|indices|constraints?|fks?|keys?|enums?|types?|triggers?|views?"
    r"|operation|default|nullable)\b|run_sql|execute_sql"
)
_SECTIONS: Final[tuple[tuple[Section, str], ...]] = (("up", "upgrade"), ("down", "downgrade"))


def fits(document: Document) -> bool:
    """Say whether a Python file is a migration of Alembic."""
    text = document.text
    return "def upgrade" in text and "revision" in text and ("alembic" in text or " op." in text)


def read(document: Document) -> Iterator[Embedded | Unreadable]:
    """Yield the SQL of both directions."""
    program = Program(document)
    hints = (*_chain(program), ("speaks of", spoken(document.text)))
    migration = Migration(document, "Alembic", hints)
    for section, name in _SECTIONS:
        reading = _Reading(program, migration, section)
        reading.run(name)
        if reading.walk.exhausted:
            place = document.location(1)
            yield Unreadable(place, "Alembic", "more operations than are read")
    yield from migration.documents()


def _chain(program: Program) -> Hints:
    """Return the revision and those before it: Alembic's order is theirs."""
    found = []
    end = len(program.code)
    for key, name in (("revision", "revision"), ("after", "down_revision")):
        value = program.names.constant(name, end)
        text = " ".join(words(value)) if isinstance(value, Items) else word(value)
        found.append((key, text[:400]))
    return tuple(found)


class _Reading:
    """One direction."""

    def __init__(self, program: Program, migration: Migration, section: Section) -> None:
        self.program = program
        self.walk = Walk(program)
        self._migration = migration
        self._section = section
        self._tables: dict[str, str] = {}

    def run(self, name: str) -> None:
        """Read the function of a direction; with several databases, those of each."""
        found = self.walk.functions(name)
        inside = [self.program.code[each.start : each.end] for each in found]
        if any("globals()" in code or "eval(" in code for code in inside):
            every = self.program.functions.all
            found = [each for each in every if each.name.startswith(name + "_")]
        for function in found:
            for step in self.walk.function(function):
                self._step(step)

    def _step(self, step: Step) -> None:
        names = [link.name.rpartition(".")[2] for link in step.calls]
        owner = step.path.rpartition(".")[0]
        direction = self._migration.at(self._section, step.dialect)
        line = self.walk.line(step.at)
        if "autocommit_block" in names:
            direction.leave(line)
            self._inner(step)
            direction.enter(line)
        elif names[0] == "batch_alter_table":
            self._batch(step)
        elif step.block is not None:
            self._inner(step)
        elif any(name in _SENDS for name in names):
            self._send(step, line)
        elif owner in self._tables:
            self._operation(step, self._tables[owner], line)
        elif owner in ("op", "alembic.op", "operations", "op_override"):
            if names[0] not in _OWN_WAY:
                self._operation(step, "", line)
        else:
            self._other(step, names, line)

    def _inner(self, step: Step) -> None:
        for each in self.walk.inner(step):
            self._step(each)

    def _batch(self, step: Step) -> None:
        arguments = step.arguments
        schema = word(arguments.option("schema"))
        table = identifier(schema, word(arguments.get(0, ("table_name",))))
        alias = step.names[0] if step.names else "batch_op"
        before = self._tables.get(alias)
        self._tables[alias] = table
        self._inner(step)
        if before is None:
            del self._tables[alias]
        else:
            self._tables[alias] = before

    def _operation(self, step: Step, batch: str, line: int) -> None:
        name = step.path.rpartition(".")[2]
        direction = self._migration.at(self._section, step.dialect)
        build = OPERATIONS.get(name)
        if build is None:
            direction.unknown(line, name)
            return
        operation = Operation(step.arguments, batch, guarded=step.guarded)
        if is_open(operation):
            direction.unknown(line, name)
            return
        told = list(build(operation))
        if name == "alter_column":
            direction.was(*column_before(operation))
        for statement in told:
            direction.add(line, statement)
        if not told and step.arguments.spread:
            direction.unknown(line, name)

    def _send(self, step: Step, line: int) -> None:
        """Take in SQL that is sent as text or built by SQLAlchemy."""
        link = next(each for each in step.calls if each.name.rpartition(".")[2] in _SENDS)
        direction = self._migration.at(self._section, step.dialect)
        given = link.arguments.get(0, ("sqltext", "statement", "object_", "stmt"))
        for sql in sql_of(self.program, given, link.at, link.arguments.end):
            if isinstance(sql, str):
                direction.add(line, sql)
            else:
                direction.raw(sql, line)

    def _other(self, step: Step, names: list[str], line: int) -> None:
        """Take in what is done past Alembic: by the ORM, by tables, by helpers of other modules."""
        direction = self._migration.at(self._section, step.dialect)
        if "query" in names and names[-1] in ("update", "delete"):
            where = any(name in ("filter", "filter_by", "where") for name in names)
            query = next(link for link in step.calls if link.name.rpartition(".")[2] == "query")
            value = query.arguments.get(0)
            name = value.path if isinstance(value, (Name, Called)) else ""
            direction.add(line, rows_changed(hole(name.partition(".")[0]), names[-1], where=where))
        elif step.path.endswith(".__table__.drop"):
            direction.add(line, f"DROP TABLE {hole(step.path.partition('.')[0])}")
        elif step.path.endswith("metadata.drop_all"):
            direction.unknown(line, "drop_all")
        elif _HELPER.match(names[0]) and self._is_foreign(step.calls[0]):
            direction.unknown(line, names[0])

    def _is_foreign(self, link: Link) -> bool:
        first = link.name.partition(".")[0]
        return first in self.program.imports.names or bool(self.program.imports.stars)
