"""Recognises changes of columns inside ALTER TABLE: ALTER COLUMN, MODIFY, CHANGE, RENAME."""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.constraints import is_online
from dten_audit.readers.sql.draft import Draft, column_flags, draft, flag, type_of
from dten_audit.readers.sql.tokens import Cursor, Token, flat, follows, parts


def alter_column(cursor: Cursor, table: str, dialect: Dialect) -> list[Draft]:
    """Recognise what stands behind ``ALTER [COLUMN]`` inside ALTER TABLE."""
    whole = cursor.tokens
    if cursor.take("constraint") or (cursor.peek() in ("index", "check") and cursor.peek(1) != ""):
        return [draft("alter_constraint", whole, table=table)]
    cursor.take("column")
    cursor.take("if", "exists")
    column = cursor.name()
    if cursor.take("set", "data", "type") or cursor.take("type"):
        return [_alter_type(cursor, table, column)]
    if cursor.peek() in ("set", "drop"):
        for words, verb in _COLUMN_CHANGES:
            if cursor.take(*words):
                return [draft(verb, whole, table=table, column=column)]
    if cursor.peek() in ("set", "reset", "restart", "drop", "add") and dialect != "tsql":
        return [_column_option(cursor, table, column)]
    if cursor.done:
        return [draft("unclassified", whole, table=table, column=column)]
    return [_alter_type(cursor, table, column)]


_COLUMN_CHANGES: Final = (
    (("set", "not", "null"), "set_not_null"),
    (("drop", "not", "null"), "drop_not_null"),
    (("set", "default"), "set_default"),
    (("drop", "default"), "drop_default"),
    (("set", "statistics"), "set_statistics"),
    (("set", "storage"), "alter_column_option"),
    (("set", "visible"), "alter_column_option"),
    (("set", "invisible"), "alter_column_option"),
)


def _column_option(cursor: Cursor, table: str, column: str) -> Draft:
    whole = cursor.tokens
    if cursor.take("set", "(") or cursor.take("reset", "("):
        return draft("set_statistics", whole, table=table, column=column)
    if cursor.take("set", "expression"):
        return draft("set_expression", whole, table=table, column=column)
    if cursor.take("add", "generated"):
        return draft("add_identity", whole, table=table, column=column)
    return draft("alter_column_option", whole, table=table, column=column)


def _alter_type(cursor: Cursor, table: str, column: str) -> Draft:
    definition = cursor.rest()
    words = flat(definition)
    flags = set(column_flags(definition)) - {"default", "generated"}
    return draft(
        "alter_type",
        cursor.tokens,
        *flags,
        flag("using", when="using" in words),
        flag("online", when=is_online(definition)),
        table=table,
        column=column,
        value=type_of(definition),
    )


def redefine(cursor: Cursor, table: str, word: str, dialect: Dialect) -> list[Draft]:
    """Recognise MODIFY and CHANGE of MySQL, MODIFY of Oracle (with or without parentheses)."""
    whole = cursor.tokens
    if cursor.peek() in ("partition", "lob", "default", "nested", "clustering"):
        return [draft("alter_options", whole, table=table)]
    if cursor.peek() in ("constraint", "primary", "unique"):
        return [_modify_constraint(cursor, table)]
    if cursor.take("("):
        inner = Cursor(cursor.rest()[:-1])
        found: list[Draft] = []
        for part in parts(inner.tokens):
            found += _redefined(Cursor(part), table, part, dialect)
        return found or [draft("unclassified", whole, table=table)]
    cursor.take("column")
    cursor.take("if", "exists")
    if word == "modify":
        return _redefined(cursor, table, whole, dialect)
    old = cursor.name()
    new = cursor.name()
    change = _alter_type(cursor, table, new)
    change = change._replace(flags=change.flags | {"redefinition"})
    if old == new:
        return [change]
    renamed = draft("rename_column", whole, table=table, column=old, value=new)
    return [renamed, change]


def _redefined(cursor: Cursor, table: str, whole: list[Token], dialect: Dialect) -> list[Draft]:
    column = cursor.name()
    definition = cursor.rest()
    words = flat(definition)
    if dialect != "mysql" and words[:1] in (["not"], ["null"], ["default"], ["constraint"]):
        verb = "set_not_null" if follows(words, "not", "null") else "set_default"
        verb = "drop_not_null" if words[0] == "null" else verb
        unchecked = flag("not-valid", when="novalidate" in words)
        return [draft(verb, whole, unchecked, table=table, column=column)]
    change = _alter_type(cursor, table, column)
    return [change._replace(flags=change.flags | {"redefinition"})]


def _modify_constraint(cursor: Cursor, table: str) -> Draft:
    words = flat(cursor.tokens)
    cursor.take("constraint")
    name = cursor.name()
    verb = "validate_constraint" if words[-1:] == ["validate"] else "alter_constraint"
    return draft(verb, cursor.tokens, table=table, name=name)


def rename(cursor: Cursor, table: str) -> list[Draft]:
    """Recognise what stands behind ``RENAME`` inside ALTER TABLE."""
    whole = cursor.tokens
    if cursor.peek() == "constraint" and cursor.peek(1) != "to" and cursor.take("constraint"):
        return [draft("rename_constraint", whole, table=table, name=cursor.name())]
    if cursor.peek() in ("index", "key") and cursor.peek(1) != "to":
        cursor.index += 1
        return [draft("rename_index", whole, table=table, name=cursor.name())]
    if cursor.peek() == "partition" and cursor.peek(1) != "to":
        return [draft("alter_options", whole, table=table)]
    if cursor.peek() in ("to", "as", "=") and cursor.peek(1) != "to":
        cursor.index += 1
        return [draft("rename_table", whole, table=table, value=cursor.name())]
    if cursor.peek() == "column" and cursor.peek(1) != "to":
        cursor.take("column")
        cursor.take("if", "exists")
    old = cursor.name()
    if cursor.take("to"):
        return [draft("rename_column", whole, table=table, column=old, value=cursor.name())]
    return [draft("rename_table", whole, table=table, value=old)]
