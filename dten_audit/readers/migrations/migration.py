"""A migration that is being read: its two directions, apart for each database it tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.migrations.direction import Direction, Hints, Section

_ORDER: Final = ("", "postgres", "mysql", "sqlite", "tsql", "oracle", "other")


class Migration:
    """The directions of one migration file.

    Statements for all databases and those for PostgreSQL alone stand in one document, in their
    order; those for another database alone stand in a document of that dialect, with the hint
    ``branch``: they tell nothing of the dialect of other files. ``way_back``: the
    runner knows it without being told.
    """

    def __init__(self, document: Document, runner: str, hints: Hints = ()) -> None:
        self.document = document
        self.runner = runner
        self.hints = hints
        self.transaction = True
        self.dialect = ""
        self.way_back = False
        self._directions: dict[tuple[Section, str], Direction] = {}
        self._knows_postgres = False

    def at(self, section: Section, dialect: str = "") -> Direction:
        """Return the direction that a statement belongs to."""
        if dialect == "postgres":
            self._knows_postgres = True
        key = self._key(dialect)
        found = self._directions.get((section, key))
        if found is None:
            found = Direction(
                self.document, self.runner, section, transaction=self.transaction, hints=self.hints
            )
            self._directions[section, key] = found
        return found

    def _key(self, dialect: str) -> str:
        if dialect in ("", "postgres") or (dialect.startswith("-") and dialect != "-postgres"):
            return ""
        return "other" if dialect == "-postgres" else dialect

    def documents(self) -> Iterator[Embedded | Unreadable]:
        """Yield the documents of both directions."""
        back = self.way_back or any(
            each for (section, _), each in self._directions.items() if section == "down"
        )
        for (section, key), direction in self._directions.items():
            dialect = self.dialect or ("postgres" if self._knows_postgres else "")
            if key:
                dialect = key if key != "other" else self._other()
                direction.hints = (*self.hints, ("branch", dialect))
            direction.dialect = dialect
            direction.transaction = self.transaction
            direction.variant = 2 * _ORDER.index(key) + (section == "down")
            yield from direction.documents(way_back=back)

    def _other(self) -> str:
        """Return a dialect for what is done on all databases but PostgreSQL."""
        text = self.document.text.lower()
        return "mysql" if "mysql" in text or "mariadb" in text else "sqlite"
