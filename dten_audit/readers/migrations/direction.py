"""Collects the SQL that one direction of a migration sends, and hands it on as one document.

A reader makes a ``Direction`` for the way up and one for the way down, adds the operations in the
order in which the runner comes to them, and yields from ``documents()``::

    up = Direction(document, "Alembic", "up", transaction=True, dialect="postgres")
    up.add(12, f"ALTER TABLE {identifier('users')} ADD COLUMN {column('age', 'integer')}")
    up.raw(field)                      # SQL that stands in the migration, at its own lines
    up.unknown(20, "helper")           # something that only the run tells
    up.outside(30, ["CREATE INDEX CONCURRENTLY …"])   # commit, statements, begin
    yield from up.documents(way_back=bool(down))

``add`` takes one statement without its semicolon, all of it at one line of the host. What a name,
a type or an expression of it holds that only the run tells is written ``${word}`` (``rendering.py``
does so): the SQL reader states it as computed. Each document carries the hints ``runner``,
``section``, ``transaction`` (``no``), ``dialect`` and ``way-back`` (``yes``, ``no``: whether the
other direction does anything), beside those that the reader gives, and one ``was`` for each column
whose type before the migration tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.shell.values import Field, Source

Section = Literal["up", "down"]
MAX_STATEMENTS: Final = 5_000
MAX_TEXT: Final = 8 << 20
MAX_APART: Final = 20
"""So many texts whose quotes do not end become documents of their own; the rest is said."""
Hints = tuple[tuple[str, str], ...]


class _Piece(NamedTuple):
    """A statement, and the line of each of its lines. ``written``: not rendered here."""

    text: str
    lines: tuple[int, ...]
    written: bool = False


class Direction:
    """The statements of one direction of a migration."""

    def __init__(
        self,
        document: Document,
        runner: str,
        section: Section,
        *,
        transaction: bool = True,
        dialect: str = "",
        hints: Hints = (),
    ) -> None:
        self.document = document
        self.runner = runner
        self.section = section
        self.transaction = transaction
        self.dialect = dialect
        self.hints = hints
        self.variant = int(section == "down")
        self._pieces: list[_Piece] = []
        self._size = 0
        self._full = 0
        self._was: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, line: int, statement: str) -> None:
        """Add a statement that a line of the host stands for."""
        self._put(_Piece(statement, (line,) * (statement.count("\n") + 1)))

    def raw(self, sql: Field, line: int) -> None:
        """Add SQL that stands in the migration; ``line`` is that of its operation.

        What is unknown as a whole (a variable, what a function returns) is only said to be so.
        """
        text = sql.text
        if not text.strip():
            return
        if not sql.known and text.startswith("${") and text.find("}") == len(text) - 1:
            self.unknown(line, text[2:-1])
            return
        if not sql.marks:
            self.text(text, (line,) * (text.count("\n") + 1))
            return
        source = Source(text, self.document, sql.marks)
        starts = [0, *(at + 1 for at, mark in enumerate(text) if mark == "\n")]
        self.text(text, tuple(source.position(start)[0] for start in starts))

    def text(self, sql: str, lines: tuple[int, ...]) -> None:
        """Add SQL that stands in the migration, with the host's line of each of its lines."""
        if sql.strip():
            self._put(_Piece(sql, lines, written=True))

    def was(self, table: str, column: str, kind: str) -> None:
        """Note the type that a column has before this direction changes it."""
        if kind and "${" not in table + column + kind:
            self._was.append(f"{table} {column} {kind}".replace('"', ""))

    def unknown(self, line: int, what: str) -> None:
        """Add something whose SQL only the run tells; ``what`` names it in one word."""
        word = "".join(mark if mark.isalnum() else "_" for mark in what)[:60].strip("_")
        self._put(_Piece(f"PREPARE migration FROM ${{{word or 'sql'}}}", (line,)))

    def outside(self, line: int, statements: Iterable[str]) -> None:
        """Add statements that run outside of the runner's transaction."""
        self.leave(line)
        for statement in statements:
            self.add(line, statement)
        self.enter(line)

    def leave(self, line: int) -> None:
        """Leave the runner's transaction, if it opens one."""
        if self.transaction:
            self.add(line, "COMMIT")

    def enter(self, line: int) -> None:
        """Enter a transaction again that was left."""
        if self.transaction:
            self.add(line, "BEGIN TRANSACTION" if self._is_tsql() else "BEGIN")

    def _is_tsql(self) -> bool:
        from dten_audit.readers.sql.dialect import of_path

        return of_path(self.dialect or self.document.path) == "tsql"

    def _put(self, piece: _Piece) -> None:
        self._size += len(piece.text)
        if len(self._pieces) >= MAX_STATEMENTS or self._size > MAX_TEXT:
            self._full = self._full or piece.lines[0]
            return
        self._pieces.append(piece)

    def documents(self, *, way_back: bool = True) -> Iterator[Embedded | Unreadable]:
        """Yield the document, and those of texts whose quotes do not end: they hide nothing."""
        whole: list[_Piece] = []
        dialect = self._dialect()
        apart = 0
        for number, piece in enumerate(self._pieces):
            if not piece.written or _is_whole(piece.text, dialect):
                whole.append(piece)
                continue
            apart += 1
            if apart > MAX_APART:
                self._full = self._full or piece.lines[0]
                continue
            variant = self.variant + 16 * (1 + number)
            yield self._document([piece], dialect, way_back=way_back, variant=variant)
        if whole:
            yield self._document(whole, dialect, way_back=way_back, variant=self.variant)
        if self._full:
            place = self.document.location(self._full)
            yield Unreadable(place, self.runner, "more operations than are read")

    def _document(
        self, pieces: list[_Piece], dialect: Dialect, *, way_back: bool, variant: int
    ) -> Embedded:
        mysql = dialect == "mysql"
        texts: list[str] = []
        lines: list[int] = []
        for piece in pieces:
            text = piece.text.replace('"', "`") if mysql and not piece.written else piece.text
            texts += (text, "\n;\n" if piece.written else ";\n")
            lines += piece.lines
            lines += (piece.lines[-1],) * piece.written
        hints = [("runner", self.runner), ("section", self.section)]
        hints += [("way-back", "yes" if way_back else "no"), *self.hints]
        if self._was:
            hints.append(("was", "\n".join(self._was[:MAX_STATEMENTS])))
        hints += [("transaction", "no")] if not self.transaction else []
        hints += [("dialect", self.dialect)] if self.dialect else []
        return Embedded(
            "sql", "".join(texts), tuple(lines), column=0, hints=tuple(hints), variant=variant
        )

    def _dialect(self) -> Dialect:
        """Return the dialect that the SQL reader will take the document to be in."""
        from dten_audit.readers.sql.dialect import of_client, of_path, of_text

        if self.dialect:
            return of_path(self.dialect) or of_client(self.dialect) or "generic"
        written = "\n".join(piece.text for piece in self._pieces)
        return of_path(self.document.path) or of_text(written) or "generic"


def _is_whole(text: str, dialect: Dialect) -> bool:
    from dten_audit.readers.sql.splitter import split

    return all(piece.kind != "unterminated" for piece in split(text, dialect))
