"""Reads changelogs of Liquibase in XML, YAML and JSON: each changeset in a transaction of its own.

Sources, Liquibase 4.29 manual, read 2026-11-21: "changeSet" (runInTransaction, dbms), "Rolling back
changesets" (which change types are rolled back by themselves), "sql", "sqlFile", "Preconditions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.config.yaml_nodes import YamlError
from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.direction import Section
from dten_audit.readers.migrations.liquibase_changes import CHANGES, INVERSE
from dten_audit.readers.migrations.liquibase_tree import Part, tree_of
from dten_audit.readers.migrations.migration import Migration
from dten_audit.readers.xml_nodes import XmlError

RUNNER: Final = "Liquibase"
_DIALECTS: Final = {
    "postgresql": "postgres", "cockroachdb": "postgres", "edb": "postgres",
    "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite", "mssql": "tsql", "oracle": "oracle",
}  # fmt: skip
_IN_MEMORY: Final = frozenset(("h2", "hsqldb", "derby"))
"""Databases inside the program, for its tests: what is for them alone is left out."""
_PARAMETER: Final = re.compile(r"\$\{[\w.\-]+\}")
MAX_VALUE: Final = 200
_NO_CHANGES: Final = frozenset(
    "preConditions rollback comment validCheckSum modifySql property labels context".split()
)
_INCLUDE: Final = {"mysql": "source ", "tsql": ":r ", "oracle": "@", "sqlite": ".read "}
_LINE_MARK: Final = re.compile(r"(?m)^[ \t]*+(?:GO|/|;;|//|\^\^|@@)[ \t]*+$")


def fits(document: Document) -> bool:
    """Say whether a document is a changelog."""
    return b"databaseChangeLog" in document.data


def read(document: Document) -> Iterator[Fact | Embedded]:
    """Yield the SQL of a changelog, and of the way back."""
    try:
        top = tree_of(document)
    except (XmlError, YamlError) as error:
        yield Unreadable(document.location(error.line), RUNNER, str(error))
        return
    if top is not None:
        reading = _Changelog(document)
        reading.read(top)
        yield from reading.documents()


class _Changelog:
    """One changelog."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.migration = Migration(document, RUNNER)
        self._missing = 0

    def read(self, top: Part) -> None:
        """Take in the changesets in their order, and the other way round for the way back."""
        _with_properties(top)
        sets = [part for part in top.parts if part.name in ("changeSet", "include", "includeAll")]
        for part in sets:
            if part.name == "changeSet" and (dialect := self._dialect(part)) is not None:
                self._up(part, dialect)
        for part in reversed(sets):
            if part.name == "changeSet" and (dialect := self._dialect(part)) is not None:
                self._down(part, dialect)

    def documents(self) -> Iterator[Embedded | Unreadable]:
        """Yield what was read; the way back counts only where no changeset lacks one."""
        for part in self.migration.documents():
            if isinstance(part, Embedded):
                hints = [pair for pair in part.hints if pair[0] != "way-back"]
                back = "no" if self._missing else "yes"
                yield part._replace(hints=(*hints, ("way-back", back)))
            else:
                yield part

    @staticmethod
    def _dialect(changeset: Part) -> str | None:
        """Return the dialect that a changeset is for; None for those of tests alone."""
        given = [name.strip().lower() for name in changeset.get("dbms").split(",") if name.strip()]
        wanted = [name for name in given if not name.startswith("!")]
        if wanted and all(name in _IN_MEMORY or name == "none" for name in wanted):
            return None
        found = {_DIALECTS.get(name, "") for name in wanted if name not in _IN_MEMORY}
        return found.pop() if len(found) == 1 else ""

    # the way up

    def _up(self, changeset: Part, dialect: str) -> None:
        asked = _asked_for(changeset)
        self._begin("up", changeset, dialect)
        for change in changeset.parts:
            if change.name in _NO_CHANGES:
                continue
            if change.name == "createTable" and change.get("tableName").lower() in asked:
                change.attributes["ifNotExists"] = "true"
            self._change("up", change, dialect)

    def _begin(self, section: Section, changeset: Part, dialect: str) -> None:
        """Begin a changeset, as formatted SQL does."""
        own = changeset.is_true("runInTransaction", default=True)
        mark = "--changeset author:id" + ("" if own else _NO_TRANSACTION)
        line = changeset.line
        self.migration.at(section, dialect).text(mark, (line,))

    def _change(self, section: Section, change: Part, dialect: str) -> None:
        direction = self.migration.at(section, dialect)
        if change.name == "sql":
            self._sql(section, change, dialect)
        elif change.name == "sqlFile":
            path = change.get("path") or sql.hole("path")
            if change.is_true("relativeToChangelogFile"):
                folder = self.document.path.rpartition("/")[0]
                path = f"{folder}/{path}" if folder else path
            direction.text(_INCLUDE.get(dialect, "\\i ") + path.replace(" ", "_"), (change.line,))
        elif change.name in CHANGES:
            for statement in CHANGES[change.name](change):
                direction.add(change.line, statement)
        else:
            direction.unknown(change.line, change.get("class") or change.name)

    def _sql(self, section: Section, change: Part, dialect: str) -> None:
        """Take SQL as it stands, at its own lines."""
        own = self._sql_dialect(change, dialect)
        if own is None:
            return
        inner = change.child("sql")
        holder = inner if inner is not None else change
        if change.get("sql"):
            text, line = change.get("sql"), change.lines.get("sql", change.line)
        else:
            text, line = holder.text, holder.lines.get("#text", holder.line)
        blank = text[: len(text) - len(text.lstrip())]
        text = text[blank.rfind("\n") + 1 :]
        text = _PARAMETER.sub(lambda found: sql.hole(found.group()[2:-1]), text)
        mark = change.get("endDelimiter")
        if mark and mark.strip() not in (";", ""):
            text = _LINE_MARK.sub(";", text.replace(mark, ";") if mark.isprintable() else text)
        count = text.count("\n") + 1
        first = line if self.document.kind == "xml" else line + blank.count("\n")
        lines = tuple(range(first, first + count))
        self.migration.at(section, own).text(text, lines)

    @staticmethod
    def _sql_dialect(change: Part, dialect: str) -> str | None:
        own = _Changelog._dialect(change)
        return dialect if own == "" else own

    # the way back

    def _down(self, changeset: Part, dialect: str) -> None:
        """Take in the rollback of a changeset, or the inverse of what Liquibase takes back."""
        given = changeset.all("rollback")
        self._begin("down", changeset, dialect)
        direction = self.migration.at("down", dialect)
        if "rollback" in changeset.attributes:
            line = changeset.lines.get("rollback", changeset.line)
            text = changeset.get("rollback")
            direction.text(text, tuple(range(line, line + text.count("\n") + 1)))
        elif given:
            for rollback in given:
                self._rollback(rollback, dialect)
        else:
            for change in reversed(changeset.parts):
                if change.name in _NO_CHANGES:
                    continue
                inverse = INVERSE.get(change.name)
                if inverse is None:
                    self._missing += 1
                    continue
                for statement in inverse(change):
                    direction.add(change.line, statement)

    def _rollback(self, rollback: Part, dialect: str) -> None:
        direction = self.migration.at("down", dialect)
        if rollback.text.strip():
            first = rollback.lines.get("#text", rollback.line)
            text = rollback.text.strip("\n")
            direction.text(text, tuple(range(first, first + text.count("\n") + 1)))
        if rollback.get("sql"):
            self._sql("down", rollback, dialect)
        for change in rollback.parts:
            if change.name not in _NO_CHANGES:
                self._change("down", change, dialect)


_NO_TRANSACTION: Final = " runInTransaction:false"


def _with_properties(top: Part) -> None:
    """Put the values of parameters in their places, where the changelog gives each but one."""
    values: dict[str, set[str]] = {}
    for part in top.all("property"):
        values.setdefault(part.get("name"), set()).add(part.get("value") or part.text)
    known = {name: each.pop() for name, each in values.items() if len(each) == 1}
    if not known:
        return

    def value(found: re.Match[str]) -> str:
        given = known.get(found.group()[2:-1], "")
        return given if 0 < len(given) < MAX_VALUE else found.group()

    for part in top.walk():
        part.text = _PARAMETER.sub(value, part.text)
        part.attributes = {
            key: _PARAMETER.sub(value, text) for key, text in part.attributes.items()
        }


def _asked_for(changeset: Part) -> set[str]:
    """Return the tables that a changeset asks for before it makes them."""
    return {
        part.get("tableName").lower()
        for before in changeset.all("preConditions")
        for part in before.walk()
        if part.name == "tableExists"
    }
