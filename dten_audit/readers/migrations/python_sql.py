"""SQL that a Python migration sends: as text, or built by SQLAlchemy's functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.readers.migrations.rendering import hole, identifier, touches_rows
from dten_audit.readers.migrations.values import field, word
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import Called, Items, Name, Value
from dten_audit.readers.shell.values import Field

_CHANGES: Final = re.compile(
    r"(?<![\w.])(?:(?P<owner>[A-Za-z_]\w{0,60}+(?:\.\w{1,60})?)\s{0,80}\.\s{0,80})?"
    r"(?P<verb>update|delete|insert|select)\s*+\("
    r"(?:\s*+(?P<argument>[A-Za-z_][\w.]{0,80}+))?"
)
_WHERE: Final = re.compile(r"\.\s*+(?:where|filter|filter_by)\s*+\(")
_TEXT: Final = re.compile(r"\btext\s*+\(\s*+(?=\x02)")
_NAMED: Final = re.compile(r"\w++\s*+\(\s*+([A-Za-z_]\w*+)\s*+[,)]")
_MAX: Final = 4_000


def sql_of(program: Program, value: Value | None, at: int, end: int) -> Iterator[Field | str]:
    """Yield what is sent: texts with their places, or statements made of what is built.

    ``at`` and ``end`` are where the call stands. A text that is computed is one placeholder.
    """
    if isinstance(value, Items):
        for each in value.items:
            yield from sql_of(program, each, at, end)
        return
    text = _text_with_parameters(program, value, at, end) or field(program, value)
    built = isinstance(value, (Called, Name)) and not text.known
    changed = _built(program, at, end) if built else None
    if changed is None:
        yield text
    elif changed:
        yield changed


def _text_with_parameters(program: Program, value: Value | None, at: int, end: int) -> Field | None:
    """Return the SQL of ``text("…").bindparams(…)``."""
    if not isinstance(value, Called) or value.path not in (".bindparams", ".params", ".columns"):
        return None
    match = _TEXT.search(program.code, at, end)
    if match is None:
        return None
    inner, _ = program.expressions.expression(match.end(), end)
    return field(program, inner)


def _built(program: Program, at: int, end: int) -> str | None:
    """Return the statement that SQLAlchemy's functions build; None where they are not seen."""
    source = program.code[at : min(end, at + _MAX)]
    match = _builder(source)
    if match is None and (named := _NAMED.match(source)):
        source = _assigned(program, named[1], at)
        match = _builder(source)
    if match is None:
        return None
    verb, owner = match["verb"], match["owner"] or ""
    name = owner.removesuffix(".c") if owner not in _MODULES else match["argument"] or ""
    if verb == "select":
        return ""
    table = table_of(program, name, at)
    if verb == "insert":
        return " ".join(("INSERT INTO", table, "VALUES", f"({hole('value')})"))
    return rows_changed(table, verb, where=_WHERE.search(source) is not None)


def _builder(source: str) -> re.Match[str] | None:
    return next((found for found in _CHANGES.finditer(source) if _is_builder(found)), None)


def _is_builder(match: re.Match[str]) -> bool:
    return bool(match["owner"] or match["argument"]) or match["verb"] == "select"


_MODULES: Final = frozenset(("", "sa", "sqlalchemy", "sql", "sa.sql", "sqlalchemy.sql"))


def _assigned(program: Program, name: str, at: int) -> str:
    """Return the code that a name was last set to before an offset."""
    start = program.code.rfind(f"{name} =", 0, at)
    return program.code[start : min(at, start + _MAX)] if start >= 0 else ""


def table_of(program: Program, name: str, at: int) -> str:
    """Return the table that a name stands for, rendered; a placeholder where it is not told."""
    value = program.names.constant(name, at) if name else None
    if isinstance(value, Called) and value.path.rpartition(".")[2] in ("table", "Table"):
        schema = word(value.arguments.option("schema"))
        return identifier(schema, word(value.arguments.get(0, ("name",))))
    return hole(name or "table")


def rows_changed(table: str, verb: str, *, where: bool) -> str:
    """Return UPDATE or DELETE; what it sets and which rows it takes only the run tells."""
    return touches_rows(table, verb, where=where)
