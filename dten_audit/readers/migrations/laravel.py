"""Reads PHP migrations: Laravel's schema builder, and the SQL that Doctrine and Phinx send.

Source: Laravel 11, "Database: Migrations" (columns, modifiers, indexes, foreign keys) and
``Migration::$withinTransaction``; Doctrine Migrations 3.8 (``addSql``, ``isTransactional``);
Phinx 0.16; read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.direction import Direction, Section
from dten_audit.readers.migrations.laravel_table import in_table
from dten_audit.readers.migrations.migration import Migration
from dten_audit.readers.migrations.values import field, word, words
from dten_audit.readers.migrations.walking import Step, Walk
from dten_audit.readers.programs.program import Program

_CLASS: Final = re.compile(r"\bextends\s+[\w\\]*(?:Migration|Migrator)\b")
_WITHOUT: Final = re.compile(r"\$withinTransaction\s*=\s*false\b")
_NOT_TRANSACTIONAL: Final = re.compile(
    r"function\s+isTransactional\s*\([^)]*\)[^{]{0,40}\{\s*return\s+false\b"
)
_TEXTS: Final = frozenset("statement unprepared update delete insert affectingStatement".split())
_TABLES: Final = frozenset(("create", "table", "createIfNotExists"))
_ROWS: Final = frozenset(("update", "delete", "truncate", "increment", "decrement"))
_WHERE: Final = re.compile(r"(?:or)?[wW]here\w*|limit|chunk\w*|find|has\w*|join")


def fits(document: Document) -> bool:
    """Say whether a PHP file is a migration."""
    return "Migration" in document.text and _CLASS.search(document.text) is not None


def read(document: Document) -> Iterator[Embedded | Unreadable]:
    """Yield the SQL of both directions."""
    program = Program(document)
    text = document.text
    phinx = "Phinx" in text or "Migrations\\BaseMigration" in text
    doctrine = "Doctrine\\Migrations" in text or "addSql" in text
    runner = "Phinx" if phinx else "Doctrine" if doctrine else "Laravel"
    migration = Migration(document, runner, (("restates", "yes"),) * (runner == "Laravel"))
    migration.transaction = not (_WITHOUT.search(text) or _NOT_TRANSACTIONAL.search(text))
    names: tuple[tuple[Section, str], ...] = (
        ("up", "change"), ("up", "up"), ("up", "postUp"), ("down", "down"),
    )  # fmt: skip
    for section, name in names:
        reading = _Reading(program, migration, section)
        for function in reading.walk.functions(name)[:1]:
            for step in reading.walk.function(function):
                reading.step(step)
        if reading.walk.exhausted:
            yield Unreadable(document.location(1), runner, "more operations than are read")
    yield from migration.documents()


class _Reading:
    """One direction."""

    def __init__(self, program: Program, migration: Migration, section: Section) -> None:
        self.program = program
        self.walk = Walk(program)
        self._migration = migration
        self._section: Section = section

    def _direction(self, step: Step) -> Direction:
        return self._migration.at(self._section, step.dialect)

    def step(self, step: Step) -> None:
        """Take in one call."""
        names = [re.split(r"->|::|\\", link.name)[-1] for link in step.calls]
        owner = re.split(r"->|::", step.path)[0].rpartition("\\")[2].lstrip("$")
        line = self.walk.line(step.at)
        direction = self._direction(step)
        if owner == "Schema":
            self._schema(step, names, line)
        elif owner == "DB" or names[0] in ("getConnection", "connection"):
            self._database(step, names, line)
        elif names[0] in ("addSql", "execute", "executeStatement", "query") and owner != "DB":
            self._text(step, 0, line)
        elif step.block is not None:
            for each in self.walk.inner(step):
                self.step(each)
        elif names[-1] in _ROWS and len(names) > 1 and "$" not in step.path[:1]:
            where = any(_WHERE.fullmatch(name) for name in names)
            verb = "delete" if names[-1] in ("delete", "truncate") else "update"
            direction.add(line, sql.touches_rows(sql.hole(owner), verb, where=where))

    def _text(self, step: Step, number: int, line: int) -> None:
        link = step.calls[number]
        given = link.arguments.get(0, ("sql", "query"))
        self._direction(step).raw(field(self.program, given), line)

    def _schema(self, step: Step, names: list[str], line: int) -> None:
        direction = self._direction(step)
        found = next((n for n, name in enumerate(names) if name in _TABLES | _PLAIN), None)
        if found is None:
            if step.block is not None:
                for each in self.walk.inner(step):
                    self.step(each)
            return
        name, arguments = names[found], step.calls[found].arguments
        table = sql.dotted(word(arguments.get(0)))
        if name in ("drop", "dropIfExists"):
            direction.add(line, sql.drop_table(table, if_exists=name == "dropIfExists"))
        elif name == "rename":
            direction.add(line, sql.rename_table(table, sql.dotted(word(arguments.get(1)))))
        elif name in ("dropColumns", "dropColumn"):
            for column in words(arguments.get(1)):
                direction.add(line, sql.drop_column(table, column))
        elif step.block is not None:
            self._table(step, table, name, line)

    def _table(self, step: Step, table: str, name: str, line: int) -> None:
        new = name != "table"
        direction = self._direction(step)
        alias = step.names[0] if step.names else "table"
        columns: list[str] = []
        later: list[tuple[int, str]] = []
        for each in self.walk.inner(step):
            own = re.split(r"->|::", each.path)[0].lstrip("$")
            at = self.walk.line(each.at)
            if own != alias:
                self.step(each)
                continue
            links = [(re.split(r"->|::", link.name)[-1], link.arguments) for link in each.calls]
            for text, is_column in in_table(table, links, new=new):
                if is_column and new:
                    columns.append(text)
                else:
                    later.append((at, sql.add_column(table, text) if is_column else text))
        if new:
            direction.add(line, sql.create_table(table, columns, if_missing=step.guarded))
        for at, text in later:
            direction.add(at, text)

    def _database(self, step: Step, names: list[str], line: int) -> None:
        """Take in ``DB::statement('…')`` and ``DB::table('…')->update(…)``."""
        direction = self._direction(step)
        texts = [n for n, name in enumerate(names) if name in _TEXTS]
        if "table" in names:
            number = names.index("table")
            if names[-1] in _ROWS:
                table = sql.dotted(word(step.calls[number].arguments.get(0)))
                where = any(_WHERE.fullmatch(name) for name in names[number:])
                verb = "delete" if names[-1] in ("delete", "truncate") else "update"
                direction.add(line, sql.touches_rows(table, verb, where=where))
        elif "transaction" in names and step.block is not None:
            direction.add(line, "BEGIN")
            for each in self.walk.inner(step):
                self.step(each)
            direction.add(line, "COMMIT")
        elif texts and step.calls[texts[0]].arguments.positional:
            self._text(step, texts[0], line)


_PLAIN: Final = frozenset(("drop", "dropIfExists", "rename", "dropColumns", "dropColumn"))
