"""What the readers of jobs in programs share: values as text, chained calls, entries of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from dten_audit.model.facts.schedules import Notation, ScheduledEntry
from dten_audit.readers.programs.program import Call, Program
from dten_audit.readers.programs.values import (
    Arguments,
    Called,
    Items,
    Name,
    Number,
    Pairs,
    Unknown,
    Value,
)
from dten_audit.readers.shell.values import Field

_MAX_CHAIN: Final = 30
_MAX_TABLE: Final = 60_000
_MAX_CALL: Final = 20_000
_MAX_CALLS: Final = 1_000
_TAIL: Final = 300


class Text(NamedTuple):
    """A value as text; ``known`` is False where only the run tells it."""

    text: str = ""
    known: bool = True


def text_of(program: Program, value: Value | None, at: int = 0) -> Text:
    """Return a value as text: of a literal its content, of a constant name what it is set to."""
    if value is None:
        return Text()
    if isinstance(value, Name):
        found = program.names.constant(value.path, value.offset or at)
        if found is None or isinstance(found, (Name, Unknown)):
            return Text(value.path, known=False)
        return text_of(program, found)
    if isinstance(value, Number):
        return Text(value.text)
    if isinstance(value, Field):
        return Text(value.text, value.known)
    if isinstance(value, Items):
        parts = [text_of(program, item) for item in value.items]
        known = not value.open and all(part.known for part in parts)
        return Text(",".join(part.text for part in parts), known)
    if isinstance(value, Called):
        return Text(f"{value.path}()", known=False)
    if isinstance(value, Pairs):
        return Text("{…}", known=False)
    return Text(value.text[:80], known=False)


def keywords(program: Program, arguments: Arguments, names: tuple[str, ...]) -> Text:
    """Return those named arguments that are among ``names`` as ``name=value, …``."""
    found, known = [], True
    for name, value in arguments.keywords:
        if name in names:
            text = text_of(program, value)
            found.append(f"{name}={text.text}")
            known = known and text.known
    return Text(", ".join(found), known and not arguments.spread)


def name_of(value: Value | None) -> str:
    """Return the name of a function that is handed over; empty for what has none."""
    if isinstance(value, Name):
        return value.path.lstrip("$@&")
    if isinstance(value, Field) and value.known:
        return value.text
    if isinstance(value, Called):
        return re.sub(r"\.(?:s|si|delay|signature|__name__)$", "", value.path)
    if isinstance(value, Unknown) and not _ANONYMOUS.match(value.text):
        return value.text.split("(")[0][:80] if value.text[:1].isalpha() else ""
    return ""


_ANONYMOUS: Final = re.compile(r"(?:function|func|async|fn|lambda)\b")


def entry(
    program: Program, at: int, scheduler: str, notation: Notation, when: Text, name: str = ""
) -> ScheduledEntry:
    """Return a job whose place is the offset ``at``."""
    return ScheduledEntry(
        program.document.location_at(at),
        program.document.id,
        scheduler,
        notation,
        when.text,
        name,
        certainty="exact" if when.known else "computed",
    )


@cache
def _brackets() -> re.Pattern[str]:
    return re.compile(r"[(\[{]|[)\]}]")


@cache
def _zone_name() -> re.Pattern[str]:
    return re.compile(r"[A-Z][A-Za-z_]+(?:/[A-Z][\w+-]+){1,2}|UTC|Etc/\w+")


class Tail(NamedTuple):
    """What the last arguments of a call say, behind a function that is written out in between."""

    code: str
    zone: str


def tail(program: Program, call: Call) -> Tail:
    """Return the code of a call's last arguments, and the time zone that one of them names."""
    depth, end, opened = 0, call.at, False
    for match in _brackets().finditer(program.code, call.at, call.at + _MAX_CALL):
        depth += 1 if match[0] in "([{" else -1
        end, opened = match.start(), True
        if depth <= 0:
            break
    if not opened or depth > 0:
        return Tail("", "")
    start = max(call.at, end - _TAIL)
    zone = ""
    for literal in program.lexer.literals:
        if start <= literal.start < end:
            text = program.document.text[literal.body : literal.stop]
            zone = text if _zone_name().fullmatch(text) else zone
    return Tail(program.code[start:end], zone)


@cache
def _link(operator: str) -> re.Pattern[str]:
    return re.compile(rf"\s*+(?:{operator})\s*+(?P<name>[A-Za-z_]\w*+)[ \t]*+(?P<call>\()?")


class Link(NamedTuple):
    """A call in a chain: ``->dailyAt('13:00')``."""

    name: str
    arguments: Arguments


def chain(program: Program, end: int, operator: str) -> Iterator[Link]:
    """Yield the calls that are chained to one that ends at ``end``."""
    for _ in range(_MAX_CHAIN):
        match = _link(operator).match(program.code, end)
        if match is None:
            return
        arguments = Arguments(end=match.end())
        if match["call"]:
            arguments = program.expressions.arguments(match.end())
        yield Link(match["name"], arguments)
        end = arguments.end


@cache
def _table_token() -> re.Pattern[str]:
    return re.compile(r"(?P<key>\x02\x01*+)\s*+(?::|=>)\s*+|(?P<open>[{\[(])|(?P<close>[}\])])")


class Row(NamedTuple):
    """An entry of a table: its name, where it stands, and its values with their offsets."""

    name: str
    at: int
    values: dict[str, tuple[int, Value]]


def table(program: Program, opening: int) -> Iterator[Row]:
    """Yield the entries of a dictionary of dictionaries whose brace stands at ``opening``."""
    row: Row | None = None
    depth, limit = 0, min(len(program.code), opening + _MAX_TABLE)
    for match in _table_token().finditer(program.code, opening, limit):
        if match["open"]:
            depth += 1
        elif match["close"]:
            depth -= 1
            if depth <= 0:
                break
        else:
            literal = program.lexer.literal_at(match.start())
            key = "" if literal is None else program.texts.field(literal).text
            if depth == 1:
                if row is not None:
                    yield row
                row = Row(key, match.start(), {})
            elif depth == 2 and row is not None:  # noqa: PLR2004 (the values of an entry)
                value, _ = program.expressions.expression(match.end(), limit)
                row.values[key] = (match.end(), value)
    if row is not None:
        yield row


def has(program: Program, *words: str) -> bool:
    """Say whether a program's text holds one of some words."""
    return any(word in program.document.text for word in words)


def calls(program: Program, pattern: str) -> Iterator[Call]:
    """Yield the calls whose last name matches; more than so many come from no person."""
    yield from islice(program.calls(_compiled(pattern)), _MAX_CALLS)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def first_text(program: Program, call: Call, number: int, *names: str) -> Text | None:
    """Return an argument as text; None where it is missing."""
    value = call.arguments.get(number, names)
    return None if value is None else text_of(program, value, call.at)
