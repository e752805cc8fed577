"""Compares our SQL reader with libpg_query on one file: where statements end, what they do.

libpg_query knows no psql: its commands and the data of COPY are blanked first, its variables
and the placeholders of extension scripts become names of the same length. Our reader gets the file
as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from importlib import import_module
from typing import Any, Final, NamedTuple

from benchmarks.sql_truth import Told, comparable, parsed
from dten_audit.documents.document import Document
from dten_audit.model.facts.sql import Action, SqlStatement
from dten_audit.readers.sql.reader import read
from dten_audit.readers.sql.splitter import split

_COPY: Final = re.compile(
    r"(?ims)(?P<head>^[ \t]*copy\s[^;']*?\bfrom\s+stdin\b[^;]*;[^\n]*\n)"
    r"(?P<data>.*?^\\\.[ \t]*$)"
)
_COMMAND: Final = re.compile(r"(?m)^[ \t]*\\[a-z!?;.][^\n]*$")
_SENDS: Final = re.compile(r"\\(?:gset|gexec|gx|gdesc|crosstabview|g)\b[^\n]*")
_PLACEHOLDER: Final = re.compile(r"@ext(?:schema(?::\w+)?|owner)@")
_VARIABLE: Final = re.compile(
    r"(?<![:\w\]]):(?:'(?P<text>\w+)'|\"(?P<quoted>\w+)\"|(?P<name>[A-Za-z_]\w*))"
)
_COMMENTS: Final = (275, 276)
"""Token numbers of line and block comments in libpg_query 17 (SQL_COMMENT, C_COMMENT)."""
_LONGEST: Final = 63


class Difference(NamedTuple):
    """A difference: ``boundary``, ``lost`` (only libpg_query says it) or ``extra`` (only we)."""

    kind: str
    file: str
    line: int
    told: Told
    statement: str


class Tally(NamedTuple):
    """What was counted over all files."""

    files: int = 0
    statements: int = 0
    ends: int = 0
    distinct: int = 0
    refused: int = 0
    theirs: int = 0
    ours: int = 0
    common: int = 0
    unscanned: int = 0


class _Statement(NamedTuple):
    """A statement by the numbers of its first token and of the one behind its last."""

    first: int
    behind: int


def masked(text: str) -> str:
    """Return ``text`` with what only psql and CREATE EXTENSION understand made harmless."""
    text = _COPY.sub(lambda m: m["head"] + _blank(m["data"]), text)
    text = _COMMAND.sub(lambda m: _blank(m.group()), text)
    text = _SENDS.sub(lambda m: ";" + _blank(m.group()[1:]), text)
    return _PLACEHOLDER.sub(lambda m: re.sub(r"\W", "_", m.group()), text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _said(text: str) -> dict[int, tuple[Action, ...]]:
    """Return what the reader says of a file, by the rank of the statement."""
    document = Document("p.zip!/sql/postgresql/a.sql", "sql/postgresql/a.sql", "sql", b"")
    document._text = text  # noqa: SLF001 (the text is decoded already)
    return {fact.order: fact.actions for fact in read(document) if isinstance(fact, SqlStatement)}


def _plain(name: str) -> str:
    """Return a name of ours as libpg_query says it: cut to 63 bytes, its placeholders replaced."""
    name = _PLACEHOLDER.sub(lambda m: re.sub(r"\W", "_", m.group()), name)
    if name.startswith((':"', ":'")):
        name = name[1:].replace(name[1], "")
    elif name.startswith(":"):
        name = name.replace(":", "_", 1).lower()
    return ".".join(part[:_LONGEST] for part in name.split("."))


def _with_variables(text: str) -> str:
    def named(found: re.Match[str]) -> str:
        if found["text"]:
            return " " + found.group()[1:]
        return found.group().replace(":", "_" if found["name"] else " ", 1)

    return _VARIABLE.sub(named, text)


class Comparison:
    """Compares files, one after the other; a statement's actions only where its text is new."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.differences: list[Difference] = []
        self._seen: set[str] = set()
        self._postgast: Any = import_module("postgast")

    def add(self, name: str, text: str) -> None:
        """Compare a file."""
        plain = masked(text)
        starts, ends = self._tokens(plain)
        if starts is None:
            self._count(unscanned=1)
            return
        theirs = self._theirs(plain, starts, ends)
        pieces = list(split(text, "postgres"))
        spans = {
            (bisect_left(starts, p.start), bisect_left(ends, p.end + 1)): number
            for number, p in enumerate(pieces)
            if p.kind == "sql"
        }
        said = _said(text)
        self._count(files=1)
        for statement in theirs:
            rank = spans.get((statement.first, statement.behind))
            begin, end = starts[statement.first], ends[statement.behind - 1]
            self._count(statements=1, ends=rank is not None)
            if rank is None:
                self._differ("boundary", name, text, begin, ("", "", ""), text[begin:end])
            elif text[begin:end] not in self._seen:
                self._seen.add(text[begin:end])
                self._actions(name, text, plain, (begin, end), said.get(rank, ()))

    def _tokens(self, plain: str) -> tuple[list[int] | None, list[int]]:
        """Return the offsets of libpg_query's tokens, comments and ends of statements left in."""
        try:
            tokens = self._postgast.scan(plain).tokens
        except self._postgast.PgQueryError:
            return None, []
        places = _Places(plain)
        kept = [t for t in tokens if t.token not in _COMMENTS]
        return [places.at(t.start) for t in kept], [places.at(t.end) for t in kept]

    def _theirs(self, plain: str, starts: list[int], ends: list[int]) -> list[_Statement]:
        """Return the statements: by libpg_query's parser where it takes the whole file."""
        places = _Places(plain)
        try:
            raw = self._postgast.parse(plain).stmts
        except self._postgast.PgQueryError:
            return self._by_scanner(plain, starts)
        found = []
        for each in raw:
            begin = places.at(each.stmt_location)
            length = each.stmt_len
            end = places.at(each.stmt_location + length) if length else ends[-1]
            first = bisect_left(starts, begin)
            behind = bisect_left(starts, end)
            while not length and plain[starts[behind - 1]] == ";":
                behind -= 1
            found.append(_Statement(first, behind))
        return found

    def _by_scanner(self, plain: str, starts: list[int]) -> list[_Statement]:
        found = []
        position = 0
        for text in self._postgast.split(plain, method="scanner"):
            begin = plain.index(text, position)
            position = begin + len(text)
            first, behind = bisect_left(starts, begin), bisect_left(starts, position)
            if behind > first:
                found.append(_Statement(first, behind))
        return found

    def _actions(
        self, name: str, text: str, plain: str, span: tuple[int, int], actions: tuple[Action, ...]
    ) -> None:
        begin, end = span
        wanted = self._parsed(plain[begin:end])
        self._count(distinct=1, refused=wanted is None)
        if wanted is None:
            return
        theirs = Counter(wanted)
        ours = Counter((v, _plain(t), _plain(extra)) for v, t, extra in comparable(actions))
        common = (theirs & ours).total()
        self._count(theirs=theirs.total(), ours=ours.total(), common=common)
        for kind, rest in (("lost", theirs - ours), ("extra", ours - theirs)):
            for told in rest.elements():
                self._differ(kind, name, text, begin, told, text[begin:end])

    def _parsed(self, statement: str) -> list[Told] | None:
        for text in dict.fromkeys((statement, _with_variables(statement))):
            try:
                return parsed(text)
            except self._postgast.PgQueryError:
                continue
        return None

    def _differ(
        self, kind: str, name: str, text: str, at: int, told: Told, statement: str
    ) -> None:  # fmt: skip
        line = text.count("\n", 0, at) + 1
        short = " ".join(statement.split())[:300]
        self.differences.append(Difference(kind, name, line, told, short))

    def _count(self, **more: int) -> None:
        self.tally = self.tally._replace(
            **{field: getattr(self.tally, field) + count for field, count in more.items()}
        )


class _Places:
    """Offsets of characters for offsets of bytes."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        if not text.isascii():
            position = 0
            for character in text:
                self._starts.append(position)
                position += len(character.encode("utf-8", "replace"))
            self._starts.append(position)

    def at(self, offset: int) -> int:
        """Return the character's offset."""
        return bisect_left(self._starts, offset) if self._starts else offset
