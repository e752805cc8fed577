"""Reads the SQL in a program: what it sends over one connection, as one text in its order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.programs.conditions import guards
from dten_audit.readers.programs.languages import ORIGIN
from dten_audit.readers.programs.lexing import FILL
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.sql_dialects import dialect_at
from dten_audit.readers.programs.sql_tables import (
    asks_for_dialect,
    driver_of,
    matters,
    may_matter,
    opens_transactions,
    shapes_session,
)
from dten_audit.readers.programs.sql_taking import Sent, sent
from dten_audit.readers.shell.values import line_map

_MAX_WHOLE: Final = 1 << 20
_BACK: Final = re.compile(
    r"(?:down|downgrade|rollback|rollBack|revert|undo|backout)(?:\Z|[_A-Z0-9])|safe_?[dD]own\Z"
)
_STATEMENT: Final = {"begin": "BEGIN;", "commit": "COMMIT;"}
_OWN: Final = re.compile(r"(?i)\s*+(?:begin|start\s+transaction|commit|rollback|end)\b")
_OPTION: Final = re.compile(
    r"(?:-c(?:\s|%20|\+)*+|--)(?P<option>(?:lock|statement)_timeout)(?:=|%3[Dd])(?P<value>\w++)"
    r"|\b(?P<key>(?:lock|statement)_timeout)[ \t]*+:[ \t]*+(?P<number>\d++)"
)
_OF_NODE: Final = frozenset(("javascript", "typescript"))
Branch = tuple[tuple[int | None, bool], ...]
"""The tests around a call: their lines, and whether they hold."""


class _Step(NamedTuple):
    """Something sent, with the branch that it stands in; ``shapes``: it changes the session.

    ``dialect`` is that of the database for which alone it is sent; empty: for all.
    """

    sent: Sent
    branch: Branch
    shapes: bool
    dialect: str


def read(document: Document) -> Iterator[Embedded | Unreadable]:
    """Yield the SQL of a program, one text for each function and connection."""
    if not may_matter(document):
        return
    program = Program(document)
    sessions = list(_sessions(program))
    driver = driver_of(document.text) if sessions else ""
    variants: dict[tuple[int, int], int] = {}
    for steps in sessions:
        for part in _texts(program, steps, driver):
            if isinstance(part, Unreadable):
                yield part
                continue
            key = (part.lines[0], part.column)
            variants[key] = variants.get(key, -1) + 1
            yield part._replace(variant=variants[key])
    yield from program.unfollowed()


def _sessions(program: Program) -> Iterator[list[Sent]]:
    """Yield what belongs together: sent by one function over one connection."""
    groups: dict[tuple[int, str], list[Sent]] = {}
    for each in sent(program):
        groups.setdefault((each.function, each.connection), []).append(each)
    for steps in groups.values():
        if any(not each.does and matters(each.text.text) for each in steps):
            yield steps


def _texts(program: Program, steps: list[Sent], driver: str) -> Iterator[Embedded | Unreadable]:
    """Yield the texts of a session, for each kind of database that it tells apart."""
    placed = [_step(program, each) for each in steps]
    dialects = sorted({step.dialect for step in placed} - {""})
    for dialect in dialects or [""]:
        mine = [step for step in placed if step.dialect in ("", dialect)]
        yield from _branches(program, mine, driver, dialect)


def _step(program: Program, each: Sent) -> _Step:
    """Say in which branch something is sent; tests for the kind of database make none."""
    tests = guards(program, each.at)
    asks = asks_for_dialect()
    branch = tuple((test.line, test.holds) for test in tests if not asks.search(test.subject))
    shapes = not each.does and shapes_session(each.text.text)
    return _Step(each, branch, shapes, dialect_at(program, each.at, tests))


def _branches(
    program: Program, placed: list[_Step], driver: str, dialect: str
) -> Iterator[Embedded | Unreadable]:
    """Yield what always runs, and each branch that shapes the session, with what is before it."""
    apart = sorted({step.branch for step in placed if step.shapes and step.branch}, key=len)
    owners = [next((b for b in apart if step.branch[: len(b)] == b), ()) for step in placed]
    for branch in dict.fromkeys(owners):
        first = owners.index(branch)
        mine = [
            step
            for number, (step, owner) in enumerate(zip(placed, owners, strict=True))
            if owner == branch
            or (number < first and step.shapes and step.branch == branch[: len(step.branch)])
        ]
        yield from _joined(program, mine, driver, dialect)


def _joined(
    program: Program, steps: list[_Step], driver: str, dialect: str
) -> Iterator[Embedded | Unreadable]:
    """Yield statements as one text, each of its lines with its place in the program."""
    if all(step.sent.does for step in steps):
        return
    own = any(_OWN.match(step.sent.text.text) for step in steps)
    implicit = dialect in ("", "postgres") and opens_transactions(driver, program.document.text)
    text = _Text(implicit=implicit and not own)
    index = program.document.index
    for at, statement in _connected(program):
        text.line(statement, index.position(at)[0])
    for step in steps:
        text.add(step, index.position(step.sent.at)[0])
    text.end()
    driver = next((step.sent.driver for step in steps if step.sent.driver), driver)
    hints = _hints(program, steps[0].sent.function, driver, dialect)
    written = "\n".join(text.lines) + "\n"
    yield Embedded("sql", written, tuple(text.places), text.column, hints=hints)
    if text.full:
        place = program.document.location_at(steps[-1].sent.at)
        yield Unreadable(place, "sql", "a function sends more SQL than is followed")


class _Text:
    """A text of SQL that grows, with its lines in the program.

    ``implicit``: the driver begins a transaction before a statement where there is none.
    ``column`` is where the first statement starts; 0 where something else stands before it.
    """

    def __init__(self, *, implicit: bool) -> None:
        self.lines: list[str] = []
        self.places: list[int] = []
        self.column = 0
        self._implicit = implicit
        self._begun = False
        self._size = 0

    @property
    def full(self) -> bool:
        """Whether something had to be left out."""
        return self._size > _MAX_WHOLE

    def line(self, text: str, place: int) -> None:
        """Add a line that does not stand in the program word for word."""
        self.lines.append(text)
        self.places.append(place)

    def add(self, step: _Step, place: int) -> None:
        """Add what is sent by a call in a line of the program."""
        does = step.sent.does
        if does:
            if (does == "commit") == self._begun and not (does == "begin" and step.branch):
                self.line(_STATEMENT[does], place)
                self._begun = does == "begin"
            return
        self._size += len(step.sent.text.text)
        if self.full:
            return
        if self._implicit and not self._begun:
            self.line("BEGIN;", place)
            self._begun = True
        if not self.lines:
            self.column = line_map(step.sent.text)[1]
        _add(step.sent, self.lines, self.places)

    def end(self) -> None:
        """End the transaction that is open: who called the function may do so."""
        if self._begun:
            self.line("COMMIT;", self.places[-1])


def _connected(program: Program) -> list[tuple[int, str]]:
    """Return the settings that sessions of PostgreSQL begin with, by the options of a connection.

    (libpq: ``options=-c lock_timeout=5s``, also in a URL; node-postgres: ``lock_timeout: 5000``.)
    """
    if "timeout" not in program.lexer.text:
        return []
    found: dict[str, tuple[int, str]] = {}
    for match in _OPTION.finditer(program.lexer.text):
        at = match.start()
        literal = program.code[at : match.end()]
        if match["option"] and literal.strip(FILL):
            continue
        if match["key"] and (program.language.name not in _OF_NODE or FILL in literal):
            continue
        name, value = match["option"] or match["key"], match["value"] or match["number"]
        found.setdefault(name, (at, f"SET {name} = '{value}';"))
    return list(found.values())


def _add(each: Sent, lines: list[str], places: list[int]) -> None:
    """Add a statement and where its lines stand; what it lacks at its end is supplied."""
    text = each.text.text.rstrip()
    mapped, _ = line_map(each.text)
    written = text.split("\n")
    if not text.endswith(";"):
        if "--" in written[-1] or "#" in written[-1]:
            written.append(";")
        else:
            written[-1] += ";"
    for number, line in enumerate(written):
        lines.append(line)
        inside = number < len(mapped)
        grows = mapped[-1] + number - len(mapped) + 1 if len(mapped) == 1 else mapped[-1]
        places.append(mapped[number] if inside else min(grows, mapped[0] + text.count("\n")))


def _hints(
    program: Program, function: int, driver: str, dialect: str
) -> tuple[tuple[str, str], ...]:
    hints = [("client", driver)] if driver else []
    if dialect:
        hints.append(("dialect", "mssql" if dialect == "tsql" else dialect))
    name = program.functions.all[function].name if function >= 0 else ""
    if _BACK.match(name):
        hints.append(("section", "down"))
    return (*hints, ORIGIN)
