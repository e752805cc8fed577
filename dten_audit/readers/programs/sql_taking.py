"""Finds the SQL that a program hands to a database: which texts, where, on which connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from dten_audit.readers.programs.literals import hole
from dten_audit.readers.programs.program import Call, Program
from dten_audit.readers.programs.sql_looking import alternatives, looped
from dten_audit.readers.programs.sql_tables import (
    Calls,
    Row,
    calls,
    is_statement,
    named_like,
    tags,
    wrapping,
)
from dten_audit.readers.programs.values import Called, Items, Name, Pairs, Value
from dten_audit.readers.shell.values import Field

MAX_TEXTS: Final = 5_000
MAX_TEXT: Final = 1 << 20
_ROUNDS: Final = 2
_ARGUMENTS: Final = 4
_MAX_WRAPPERS: Final = 50
_KEYS: Final = (
    "sql query statement stmt operation command text q sqlStatement queryString commandText"
    " query_string queries statements ddl cmdText".split()
)


class Sent(NamedTuple):
    """A statement that a program sends: its text, or what a call ``does`` (begin, commit).

    ``at`` is the offset of the call, ``connection`` what it is called on, ``function`` the number
    of the function that it stands in (-1: none).
    """

    at: int
    function: int
    connection: str
    text: Field
    does: str = ""
    driver: str = ""


def sent(program: Program) -> list[Sent]:
    """Return what a program sends to a database, in the order of the calls."""
    found = [*_called(program), *_assigned(program), *_tagged(program)]
    found.sort(key=lambda each: each.at)
    return found[:MAX_TEXTS]


def _called(program: Program) -> Iterator[Sent]:
    table = calls(program.language.name)
    own: dict[str, Row] = {}
    alike = named_like(program.code)
    names: frozenset[str] = table.last | alike
    seen: set[int] = set()
    for _ in range(_ROUNDS):
        wrappers: dict[str, Row] = {}

        def wanted(name: str, path: str, known: dict[str, Row] = own) -> bool:
            last = _last(path)
            return last in known if known else last in alike or _row(table, name, path) is not None

        for call in program.calls_of(names, wanted):
            row = own.get(_last(call.path)) or _row(table, call.name, call.path) or Row()
            if call.at in seen:
                continue
            if (wrapper := _wrapper(program, call)) and len(wrappers) < _MAX_WRAPPERS:
                wrappers.setdefault(wrapper, row)
            for each in _of_call(program, call, row):
                seen.add(call.at)
                yield each
        own = wrappers
        names = frozenset(own)
        if not own:
            return


def _last(path: str) -> str:
    return re.split(r"\.|->|::", path)[-1]


def _row(table: Calls, name: str, path: str) -> Row | None:
    found = table.names.get(name)
    if found is None and ("." in path or "->" in path or "::" in path):
        found = table.methods.get(_last(path))
    return found


def _of_call(program: Program, call: Call, row: Row) -> Iterator[Sent]:
    function = program.functions.at(call.at)
    connection = _connection(program, call, row)
    if row.does:
        yield Sent(call.at, function, connection, Field(""), row.does, row.driver)
        return
    for value in _candidates(call):
        fields = list(texts(program, value, call.at))
        for field in fields:
            yield Sent(call.at, function, connection, field, driver=row.driver)
        if fields:
            return


def _candidates(call: Call) -> Iterator[Value]:
    yield from call.arguments.positional[:_ARGUMENTS]
    for key, value in call.arguments.keywords:
        if key in _KEYS:
            yield value


def texts(program: Program, value: Value, at: int, depth: int = 0) -> Iterator[Field]:
    """Yield the statements of SQL that a value can be: one, those of a list, those of a loop."""
    if isinstance(value, Field):
        if value.marks and len(value.text) <= MAX_TEXT and is_statement(value.text):
            yield value
        return
    if depth > _ROUNDS:
        return
    inner: tuple[Value, ...] = ()
    if isinstance(value, Items):
        inner = value.items
    elif isinstance(value, Called):
        wraps = value.path in wrapping() or _last(value.path) in wrapping()
        inner = value.arguments.positional[:1] if wraps else ()
    elif isinstance(value, Pairs):
        inner = tuple(item for key, item in value.pairs if key in _KEYS)
    elif isinstance(value, Name):
        inner = tuple(looped(program, value, at) or alternatives(program, value, at))
    for each in inner[:MAX_TEXTS]:
        yield from texts(program, each, at, depth + 1)


def _wrapper(program: Program, call: Call) -> str:
    """Return the name of a function that runs what it is given: ``def run(sql): …``."""
    number = program.functions.at(call.at)
    if number < 0:
        return ""
    function = program.functions.all[number]
    for value in call.arguments.positional[:_ARGUMENTS]:
        values = [value]
        if isinstance(value, Name):
            values += program.names.settings(value.path.lstrip("$@%"), call.at)
        if any(_hands_on(each, function.parameters) for each in values[:_MAX_WRAPPERS]):
            return function.name
    return ""


def _hands_on(value: Value, parameters: tuple[str, ...], depth: int = 0) -> bool:
    """Say whether a value is a parameter, or what a function makes of one."""
    if isinstance(value, Called) and depth < _ROUNDS:
        return any(_hands_on(each, parameters, depth + 1) for each in value.arguments.positional)
    if isinstance(value, Field):
        return any(value.text.startswith(hole(name)) for name in parameters)
    return isinstance(value, Name) and value.path.lstrip("$@%") in parameters


def _connection(program: Program, call: Call, row: Row) -> str:
    """Return what a function is called on: of a cursor, the connection that it belongs to."""
    owner = call.path[: -len(_last(call.path))].rstrip(".->:").lstrip("$@")
    if not owner or owner.startswith((".", "(")):
        return ""
    owner = re.sub(r"^(?:self|this)(?:\.|->)", "", owner)
    known = _owners(program)
    for _ in range(_ROUNDS):
        owner = known.get(owner, owner)
    return "" if row.does and owner in ("transaction", "DB") else owner


_OWNER: Final = re.compile(
    r"(?m)(?:\$|\bself\.|\bthis\.|\b)(?P<name>\w++)(?:,[ \t]*+\w++)?[ \t]*+:?=[ \t]*+"
    r"(?:await[ \t]++|yield[ \t]++)?+(?:\$|self\.|this\.)?+(?P<owner>\w++)(?:\.|->)"
    r"(?:cursor|connection|createStatement|CreateCommand|begin|Begin|BeginTx|connect)\b"
    r"|\bwith[ \t]++(?:self\.)?+(?P<from>\w++)\.(?:cursor|begin|connect|transaction)\([^)\n]*+\)"
    r"[ \t]++as[ \t]++(?P<as>\w++)"
)
_OWNS: Final = re.compile(
    r"(?:\.|->)(?:cursor|connection|createStatement|CreateCommand|begin|Begin|connect|transaction)"
)
_NEAR: Final = 400
"""How far from there, in long lines, the name and the owner are looked for."""
_MAX_OWNERS: Final = 2_000


def _owners(program: Program) -> dict[str, str]:
    """Return, by the name of a cursor, that of its connection."""
    if program.owners is None:
        program.owners = known = {}
        for match in islice(_owning(program.code), _MAX_OWNERS):
            known[match["name"] or match["as"]] = match["owner"] or match["from"]
    return program.owners


def _owning(code: str) -> Iterator[re.Match[str]]:
    """Yield where cursors are made: looked for in the lines only that speak of one."""
    end = 0
    while found := _OWNS.search(code, end):
        start = max(code.rfind("\n", end, found.start()) + 1, end, found.start() - _NEAR)
        line_end = code.find("\n", found.end(), found.end() + _NEAR)
        end = min(len(code), found.end() + _NEAR) if line_end < 0 else line_end
        yield from _OWNER.finditer(code, start, end)


def _assigned(program: Program) -> Iterator[Sent]:
    """Yield texts that are assigned to what is run later: ``command.CommandText = "…"``."""
    sets = calls(program.language.name).sets
    if not sets:
        return
    pattern = re.compile(rf"(?:\b(?P<owner>\w++)\.)?\b(?:{'|'.join(sets)})[ \t]*+=(?!=)")
    for match in pattern.finditer(program.code):
        value, _ = program.expressions.expression(match.end(), len(program.code))
        for field in texts(program, value, match.start()):
            owner = _owners(program).get(match["owner"] or "", match["owner"] or "")
            function = program.functions.at(match.start())
            yield Sent(match.start(), function, owner, field)


_TAG: Final = re.compile(r"(?:\b|\$)(?:[\w$]++\.)*+[\w$]++(?:<[^<>\n]{0,80}+>)?[ \t]*+\Z")
_LOOK: Final = 120


def _tagged(program: Program) -> Iterator[Sent]:
    """Yield template literals behind a tag: ``sql`…```."""
    if program.language.name not in ("javascript", "typescript"):
        return
    for literal in program.lexer.literals:
        if literal.quote.opener != "`":
            continue
        match = _TAG.search(program.code, max(0, literal.start - _LOOK), literal.start)
        if match is None:
            continue
        path = match.group().partition("<")[0].strip()
        if path not in tags() and _last(path) not in tags():
            continue
        for field in texts(program, program.texts.field(literal), literal.start):
            yield Sent(literal.start, program.functions.at(literal.start), "", field)
