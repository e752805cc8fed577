"""Recognises table constraints, and whether the table must be checked against them at once."""

from __future__ import annotations

from typing import Final

from dten_audit.readers.sql.draft import Draft, draft, flag, referenced
from dten_audit.readers.sql.tokens import Cursor, Token, flat, follows

CONSTRAINTS: Final = frozenset(
    ("constraint", "primary", "unique", "foreign", "check", "exclude", "default")
)
"""Words that a table constraint starts with."""


def add_constraint(cursor: Cursor, table: str) -> Draft:
    """Recognise a table constraint; the cursor stands at CONSTRAINT or at its kind."""
    name = ""
    if cursor.take("constraint"):
        cursor.take("if", "not", "exists")
        if cursor.peek() not in CONSTRAINTS or cursor.peek(1) in CONSTRAINTS:
            name = cursor.name()
    rest = cursor.rest()
    words = flat(rest)
    kind = _constraint_kind(words)
    name = name or _index_name(cursor)
    index = follows(words, "using", "index") and not follows(words, "using", "index", "tablespace")
    unchecked = (
        follows(words, "not", "valid")
        or follows(words, "not", "enforced")
        or follows(words, "enable", "novalidate")
        or (words and words[-1] in ("novalidate", "disable"))
    )
    return draft(
        "add_constraint",
        cursor.tokens,
        flag("not-valid", when=unchecked),
        flag("using-index", when=index and kind in ("unique", "primary-key")),
        flag("online", when=is_online(rest)),
        table=table,
        name=name,
        constraint=kind,
        column=_constrained_column(rest) if kind in ("not-null", "check") else "",
        references=referenced(rest) if kind == "foreign-key" else (),
    )


def _index_name(cursor: Cursor) -> str:
    """Return the name of MySQL's ``UNIQUE [INDEX | KEY] name (…)``."""
    start = cursor.index
    name = ""
    if cursor.take("unique"):
        cursor.any_of(("index", "key"))
        token = cursor.token(1)
        if cursor.peek() not in ("(", "using", "nulls", "clustered", "nonclustered") and token:
            name = cursor.name() if token.text in ("(", "using") else ""
    cursor.index = start
    return name


def _constraint_kind(words: list[str]) -> str:
    first = words[0] if words else ""
    if first in ("foreign", "references"):
        return "foreign-key"
    if first in ("primary", "exclude", "unique", "check"):
        return "primary-key" if first == "primary" else first
    if first == "default":
        return "default"
    return "not-null" if words[:2] == ["not", "null"] else "other"


def _constrained_column(rest: list[Token]) -> str:
    """Return the column of ``NOT NULL c`` and of ``CHECK (c IS NOT NULL)``."""
    cursor = Cursor(rest)
    if cursor.take("not", "null"):
        return cursor.name()
    if not cursor.take("check"):
        return ""
    while cursor.take("("):
        pass
    column = cursor.name()
    proves = cursor.take("is", "not", "null")
    while cursor.take(")"):
        pass
    ends = cursor.done or cursor.peek() in ("not", "enforced", "no", "enable", "deferrable")
    return column if column and proves and ends else ""


def is_online(tokens: list[Token]) -> bool:
    """Say whether T-SQL's ``WITH (ONLINE = ON)``, Oracle's ``ONLINE``, stands here."""
    for number, token in enumerate(tokens):
        if token.said == "online":
            after = [t.text for t in tokens[number + 1 : number + 3]]
            if after[:2] != ["=", "off"]:
                return True
    return False
