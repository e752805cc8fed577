"""What the arguments of a migration's operations say, as text for SQL."""

from __future__ import annotations

from dten_audit.readers.migrations.rendering import hole, text
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import (
    FALSE,
    TRUE,
    Called,
    Items,
    Name,
    Number,
    Pairs,
    Value,
)
from dten_audit.readers.shell.values import Field

NOTHING = frozenset(("None", "nil", "null", "undefined"))


def word(value: Value | None) -> str:
    """Return a name that is given as text or symbol; a placeholder where only the run tells it."""
    if value is None:
        return ""
    if isinstance(value, (Field, Number)):
        return value.text
    if isinstance(value, Name):
        return "" if value.path in NOTHING else hole(value.path.rpartition(".")[2])
    if isinstance(value, Called):
        short = value.path.rpartition(".")[2]
        if short in ("f", "quoted_name") and value.arguments.positional:
            return word(value.arguments.positional[0])
        return hole(value.path.rpartition(".")[2])
    return hole("value")


def words(value: Value | None) -> list[str]:
    """Return the names that a list holds, or the one that stands for a list."""
    if value is None or is_nothing(value):
        return []
    if isinstance(value, Items):
        return [word(each) for each in value.items] + [hole("rest")] * value.open
    return [word(value)]


def is_nothing(value: Value | None) -> bool:
    """Say whether a value is written as none."""
    return isinstance(value, Name) and value.path in NOTHING


def truth(value: Value | None, *, default: bool = False) -> bool:
    """Return a truth value as written; the default where it is not given or only the run tells."""
    written = value.path if isinstance(value, Name) else getattr(value, "text", "")
    if written in TRUE:
        return True
    return False if written in FALSE else default


def is_given(value: Value | None) -> bool:
    """Say whether a value is there and not none."""
    return value is not None and not is_nothing(value)


def pairs(value: Value | None) -> dict[str, Value]:
    """Return the options of a dictionary."""
    return dict(value.pairs) if isinstance(value, Pairs) else {}


def literal(value: Value | None) -> str:
    """Return a value as an SQL literal; a placeholder where only the run tells it."""
    if value is None or is_nothing(value):
        return ""
    if isinstance(value, Number):
        return value.text.replace("_", "")
    if isinstance(value, Field):
        return text(value.text) if value.known else hole("default")
    if isinstance(value, Name) and value.path in TRUE | FALSE:
        return "true" if value.path in TRUE else "false"
    if isinstance(value, (Items, Pairs)):
        return text("{}" if isinstance(value, Pairs) else "[]")
    return hole(value.path.rpartition(".")[2]) if isinstance(value, (Name, Called)) else hole("v")


def field(program: Program, value: Value | None) -> Field:
    """Return SQL that is given as text, with its places; a placeholder for what is computed."""
    if isinstance(value, Called) and value.arguments.positional:
        short = value.path.rpartition(".")[2]
        if short in ("text", "DDL", "SQL", "raw", "dedent", "Raw", "squish", "heredoc"):
            return field(program, value.arguments.positional[0])
    if value is None:
        return Field("")
    return program.field(value)
