"""Recognises SQL that is put together at run time, as far as its literals tell what it does."""

from __future__ import annotations

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql import session
from dten_audit.readers.sql.draft import Draft, draft
from dten_audit.readers.sql.tokens import Cursor, Token, content_of, parts


def dynamic(tokens: list[Token], dialect: Dialect, *, inside: bool) -> list[Draft]:
    """Return what EXECUTE, EXEC, PREPARE or CALL does: a call, a rename, or SQL to be read.

    SQL to be read comes back as a ``dynamic`` action that spans its expression; whoever called
    reads the literals there as statements of their own.
    """
    cursor = Cursor(tokens, 1)
    word = tokens[0].text
    if word == "prepare":
        name = cursor.name()
        if cursor.take("from"):
            return [_expression(cursor.rest(), tokens)]
        return [draft("prepare", tokens, name=name)]
    immediate = cursor.take("immediate")
    if word == "execute" and not immediate and _runs_prepared(dialect, inside=inside):
        return []
    if word == "call" or (dialect == "tsql" and _names_routine(cursor)):
        return _call(cursor)
    if dialect in ("tsql", "oracle") and word == "exec":
        return _call(cursor) if cursor.peek() != "(" else [_expression(cursor.rest(), tokens)]
    return [_expression(cursor.rest(), tokens)]


def _runs_prepared(dialect: Dialect, *, inside: bool) -> bool:
    """Say whether EXECUTE names a prepared statement, whose text PREPARE has given."""
    return dialect == "mysql" or (not inside and dialect in ("postgres", "generic"))


def _names_routine(cursor: Cursor) -> bool:
    token = cursor.token()
    return token is not None and token.kind in ("word", "name", "hole")


def _expression(expression: list[Token], whole: list[Token]) -> Draft:
    return draft("dynamic", expression or whole)


def _call(cursor: Cursor) -> list[Draft]:
    whole = cursor.tokens
    if cursor.peek().startswith("@") and cursor.peek(1) == "=":
        cursor.index += 2
    name = cursor.name()
    short = name.rpartition(".")[2]
    if short in ("sp_executesql", "sp_msforeachtable"):
        return [_expression(_argument(cursor.rest(), 0), whole)]
    if short == "sp_rename":
        return _sp_rename(cursor)
    if short in session.ADVISORY:
        return [draft("advisory_lock", whole, name=short, value=session.ADVISORY[short])]
    if short in session.RELEASES:
        return [draft("advisory_unlock", whole, name=short)]
    return session.functions(whole) or [draft("call", whole, name=name)]


def _argument(tokens: list[Token], number: int) -> list[Token]:
    """Return an argument of a T-SQL call, without ``@name =`` in front of it."""
    arguments = parts(tokens)
    if number >= len(arguments):
        return []
    cursor = Cursor(arguments[number])
    if cursor.peek().startswith("@") and cursor.peek(1) == "=":
        cursor.index += 2
    return cursor.rest()


def _sp_rename(cursor: Cursor) -> list[Draft]:
    whole = cursor.tokens
    values = []
    for number in range(3):
        argument = _argument(cursor.rest(), number)
        literal = bool(argument) and argument[0].kind == "string"
        values.append(content_of(argument[0]).text if literal else "")
    old, new, kind = (value.replace("[", "").replace("]", "").lower() for value in values)
    if not old:
        return [draft("dynamic", whole)]
    table, _, last = old.rpartition(".")
    if kind == "column":
        return [draft("rename_column", whole, table=table, column=last, value=new)]
    if kind == "index":
        return [draft("rename_index", whole, table=table, name=last, value=new)]
    verb = "rename_table" if kind in ("", "object") else "rename_object"
    return [draft(verb, whole, table=old, value=new)]
