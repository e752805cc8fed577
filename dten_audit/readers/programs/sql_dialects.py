"""For which kind of database a part of a program runs: the tests around it, and before it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from dten_audit.model.facts.commands import Guard
from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.programs.program import Program

_NAMED: Final[tuple[tuple[Dialect, str], ...]] = (
    ("postgres", r"postgres|psycopg|pgsql|npgsql|cockroach|(?<![A-Za-z])pg(?![A-Za-z])"),
    ("mysql", r"mysql|maria"),
    ("sqlite", r"sqlite"),
    ("tsql", r"mssql|sqlserver|sql_server|sqlsrv"),
    ("oracle", r"oracle|oci8"),
)
_ANY: Final = re.compile(
    "|".join(f"(?P<{name}>{pattern})" for name, pattern in _NAMED), re.IGNORECASE
)
_NEGATED: Final = re.compile(r"\s*+\(*+(?:not\b|!(?!=)|unless\b)|!==?|<>|\bis\s+not\b|\bne\b")
_LEAVES: Final = re.compile(
    r"(?m)^(?P<depth>[ \t]*+)if\b(?P<test>[^\n]{1,200}?)[:{]?[ \t]*+\n"
    r"[ \t]++(?:return|raise|throw|continue|die|exit|next)\b"
)
_CASE: Final = re.compile(
    r"(?m)^(?P<depth>[ \t]*+)(?P<word>case|when|default)\b(?P<rest>[^\n]{0,120})"
)
_LOOK: Final = 6_000
_MOST: Final = 400_000


def dialects_in(text: str) -> set[str]:
    """Return the dialects that a text names."""
    return {match.lastgroup or "" for match in _ANY.finditer(text)}


def dialect_at(program: Program, at: int, tests: Iterable[Guard]) -> str:
    """Return the dialect that code at an offset is for; empty where no test tells.

    Where a test rules one out, it is the only other one that the program names, if there is one.
    What is not for PostgreSQL in a program that names no other is for SQLite, which needs no server
    and so no name.
    """
    excluded: set[str] = set()
    asked = [(guard.subject, guard.holds) for guard in tests]
    asked += [(test, False) for test in _left_before(program, at)]
    for test, holds in asked:
        named = dialects_in(test)
        if len(named) != 1:
            continue
        if holds != (_NEGATED.search(test) is not None):
            return named.pop()
        excluded |= named
    told = _case(program, at) or _by_name(program, at)
    if told:
        return told
    if not excluded:
        return ""
    others = dialects_in(program.lexer.text[:_MOST]) - excluded
    if not others and excluded == {"postgres"}:
        return "sqlite"
    return others.pop() if len(others) == 1 else ""


def _by_name(program: Program, at: int) -> str:
    """Return the dialect that the name of the function tells (``upgrade_12_pgsql``)."""
    number = program.functions.at(at)
    named = dialects_in(program.functions.all[number].name) if number >= 0 else set()
    return named.pop() if len(named) == 1 else ""


def _start(program: Program, at: int) -> int:
    number = program.functions.at(at)
    first = program.functions.all[number].start if number >= 0 else 0
    return max(first, at - _LOOK)


def _depth(program: Program, at: int) -> int:
    line = program.code[program.code.rfind("\n", 0, at) + 1 : at]
    return len(line) - len(line.lstrip(" \t"))


def _left_before(program: Program, at: int) -> list[str]:
    """Return the tests behind which the function has been left before an offset."""
    depth = _depth(program, at)
    matches = _LEAVES.finditer(program.code, _start(program, at), at)
    return [
        program.lexer.text[match.start("test") : match.end("test")]
        for match in matches
        if len(match["depth"]) <= depth
    ]


def _case(program: Program, at: int) -> str:
    """Return the dialect that the last ``case`` before an offset names."""
    depth, last = _depth(program, at), None
    for match in _CASE.finditer(program.code, _start(program, at), at):
        if len(match["depth"]) < depth:
            last = match
    if last is None or last["word"] == "default":
        return ""
    named = dialects_in(program.lexer.text[last.start("rest") : last.end("rest")])
    return named.pop() if len(named) == 1 else ""
