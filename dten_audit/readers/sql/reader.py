"""Reads SQL: the statements that change a schema, a session, a transaction or whole tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice, pairwise
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.sql import Action, Dialect, SqlScript, SqlStatement
from dten_audit.model.location import Location
from dten_audit.readers.sql.dialect import dialect_of
from dten_audit.readers.sql.draft import Draft
from dten_audit.readers.sql.enum_values import EnumValues
from dten_audit.readers.sql.marks import Marks, marks_of
from dten_audit.readers.sql.scanning import Scanner
from dten_audit.readers.sql.splitter import Piece, split

TEXT: Final = 2000
"""How much of a statement's source a fact keeps."""
ACTION_TEXT: Final = 300
RUN: Final = 64
"""So many statements are split off, then all recognised: the processor keeps to one task."""
MAX_STATED: Final = 10_000
"""More statements of interest stand in no real text inside a script: LedgerSMB's longest SQL file,
which has a document to itself and no bound, has 1,300."""
TOO_MANY: Final = "more SQL statements in one text of a script than are read"
_WORDS: Final = (
    "alter|create|drop|truncate|rename|update|delete|reindex|cluster|vacuum|refresh|lock|unlock|set"
    "|reset|discard|begin|start|commit|end|rollback|abort|savepoint|save|release|do|exec|execute"
    "|prepare|call|pragma|optimize|repair|declare|if|enable|disable"
)
_CALLS: Final = (
    r"set_config|pg_(?:try_)?advisory|get_lock|release_|sp_getapplock|sp_releaseapplock|dbms_lock"
)


@cache
def _first_word() -> re.Pattern[str]:
    """Match a statement worth reading: by its first word, or by a call in a short query."""
    query = r"(?P<query>select|with|perform|values)\b"
    return re.compile(rf"(?:/\*![\d\s]*+)?(?:(?P<verb>{_WORDS})\b|{query})", re.IGNORECASE)


@cache
def _in_query() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_CALLS}|into|update|delete)\b|\b(?:{_CALLS})", re.IGNORECASE)


@cache
def _in_batch() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_WORDS}|into|{_CALLS})\b", re.IGNORECASE)


@cache
def _insert_select() -> re.Pattern[str]:
    """Match an INSERT of a query's rows; the rows of a dump stand behind VALUES."""
    return re.compile(
        r"insert\s++(?:ignore\s++)?(?:into\s++)?[^\s(]++\s*+(?:\([^()]*+\)\s*+)?"
        r"(?:overriding\s++\w++\s++value\s++)?\(?\s*+(?:select|with)\b",
        re.IGNORECASE,
    )


@cache
def _behind_insert() -> re.Pattern[str]:
    """Match what follows an INSERT of T-SQL without a terminator between them."""
    return re.compile(rf"\n[ \t]*+(?:{_WORDS})\b", re.IGNORECASE)


_END: Final = Piece("sql", 0, 0)


def read(document: Document) -> Iterator[SqlScript | SqlStatement | Unreadable]:
    """Yield the statements of a document that are of interest, and the document itself."""
    text = document.text
    dialect = dialect_of(document)
    marks = marks_of(text).with_hints(document.hints)
    scanner = Scanner(text, dialect)
    values = EnumValues()
    count, order, told = 0, 0, 0
    most = MAX_STATED if document.host else len(text)
    pieces = pairwise(chain(split(text, dialect), (_END,)))
    for run in iter(lambda: list(islice(pieces, RUN)), []):
        if told >= most:
            yield Unreadable(document.location_at(run[0][0].start), "sql", TOO_MANY)
            break
        drafts = [_drafts(piece, follower, scanner, text, dialect) for piece, follower in run]
        for number, ((piece, _), found) in enumerate(zip(run, drafts, strict=True), order):
            count += piece.kind == "sql"
            if piece.kind == "unterminated":
                place = document.location_at(piece.start)
                yield Unreadable(place, "sql", "a quote or comment that never ends")
            elif found := values.with_uses(found, text, piece.start, piece.end):
                told += 1
                yield _fact(document, dialect, number, piece, found, marks)
        order += len(run)
    if count or told:
        yield SqlScript(document.location(1), document.id, dialect, marks.words, count)


def _drafts(
    piece: Piece, follower: Piece, scanner: Scanner, text: str, dialect: Dialect
) -> list[Draft]:
    kind, start, end = piece
    if kind == "sql":
        if follower.kind == "meta" and text.startswith("\\gexec", follower.start):
            return scanner.generated(start, end)
        return scanner.scan(start, end) if _matters(start, end, text, dialect) else []
    if kind == "meta":
        command = _client_command(text[start:end], dialect)
        return [command._replace(start=start, end=end)] if command else []
    return []


def _matters(start: int, end: int, text: str, dialect: Dialect) -> bool:
    insert = text[start] in "iI" and text[start + 1 : start + 2] in "nN"
    if dialect == "tsql":
        words = _behind_insert() if insert else _in_batch()
        return words.search(text, start, end) is not None
    if insert:
        return _insert_select().match(text, start, end) is not None
    found = _first_word().match(text, start, end)
    if found is None:
        return False
    if found.lastgroup == "verb":
        return True
    return _in_query().search(text, start, end) is not None or _calls_only(text, start, end)


def _calls_only(text: str, start: int, end: int) -> bool:
    """``SELECT upgrade_step_3();`` may run a routine of the script."""
    return end - start < ACTION_TEXT and "(" in text[start:end]


_INCLUDES: Final[dict[Dialect, re.Pattern[str]]] = {
    "postgres": re.compile(r"\\(?P<how>ir|i|include_relative|include)\s++'?(?P<file>[^\s']++)"),
    "mysql": re.compile(r"(?P<how>source|\\\.)\s++'?(?P<file>[^\s';]++)", re.IGNORECASE),
    "sqlite": re.compile(r"\.(?P<how>read)\s++[\"']?(?P<file>[^\s\"']++)"),
    "tsql": re.compile(r":(?P<how>r)\s++\"?(?P<file>[^\s\"]++)", re.IGNORECASE),
    "oracle": re.compile(r"(?P<how>@@?|start\s++)\s*+\"?(?P<file>[^\s\";]++)", re.IGNORECASE),
}


def _client_command(command: str, dialect: Dialect) -> Draft | None:
    """Return what a command for the client does to the session, if anything."""
    pattern = _INCLUDES.get(dialect)
    found = pattern.match(command) if pattern else None
    if found is not None:
        relative = found["how"] in ("ir", "include_relative", "@@")
        flags = frozenset(("relative",)) if relative else frozenset[str]()
        return Draft("include", 0, 0, name=found["file"], flags=flags)
    words = command.split()
    if words[0].lower() in ("\\c", "\\connect", "connect", "conn", ":connect"):
        return Draft("connect", 0, 0)
    if dialect == "postgres" and words[0] == "\\set" and len(words) > 1:
        return Draft("client_set", 0, 0, name=words[1], value=(*words, "on")[2])
    on_error = _on_error().match(command)
    if on_error is not None:
        return Draft("client_set", 0, 0, name=on_error["name"].lower(), value=on_error["value"])
    return None


@cache
def _on_error() -> re.Pattern[str]:
    """Match what tells SQL*Plus, sqlcmd or sqlite3 what to do where a statement fails."""
    return re.compile(
        r"(?P<name>whenever\s++sqlerror|:on\s++error|\.bail)\s++(?P<value>\w++)", re.IGNORECASE
    )


def _fact(
    document: Document,
    dialect: Dialect,
    order: int,
    piece: Piece,
    drafts: list[Draft],
    marks: Marks,
) -> SqlStatement:
    section = marks.section_at(piece.start)
    text = document.text
    _, start, end = piece
    at = document.location_at(start, end)
    actions: list[Action] = []
    certain: Certainty = "exact"
    for each in drafts:
        whole = each.start == start and each.end == end
        place = at if whole else document.location_at(each.start, each.end)
        action = _action(text, each, place)
        actions.append(action)
        if action.certainty == "computed":
            certain = "computed"
    return SqlStatement(
        at,
        document.id,
        order,
        dialect,
        tuple(actions),
        text[start : min(end, start + TEXT)],
        section.name,
        section.transaction,
        certain,
        section.changeset,
    )


def _action(text: str, each: Draft, at: Location) -> Action:
    verb, start, end, *fields, computed = each
    source = " ".join(text[start : min(end, start + 2 * ACTION_TEXT)].split())[:ACTION_TEXT]
    certain = "computed" if computed or verb == "dynamic" else "exact"
    # The fields between have the same order in both; made as the tuple that it is, for speed.
    return tuple.__new__(Action, (verb, at, *fields, source, certain))
