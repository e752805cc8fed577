"""Recognises the actions of ALTER TABLE in all dialects.

Sources: the ALTER TABLE pages of PostgreSQL 18, MySQL 8.4, MariaDB 11.4, SQLite 3.46, SQL Server
2022 and Oracle 23ai.
"""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.alter_columns import alter_column, redefine, rename
from dten_audit.readers.sql.alter_others import TABLE_OPTIONS, other_clause
from dten_audit.readers.sql.constraints import CONSTRAINTS, add_constraint
from dten_audit.readers.sql.draft import (
    Draft,
    column_flags,
    default_of,
    draft,
    flag,
    functions_in,
    referenced,
    type_of,
    with_flags,
)
from dten_audit.readers.sql.tokens import Cursor, Token, flat, parts, take_wait

_INDEXES: Final = frozenset(("index", "key", "fulltext", "spatial"))


def alter_table(cursor: Cursor, dialect: Dialect) -> list[Draft]:
    """Return the actions of the statement whose cursor stands behind ``ALTER … TABLE``."""
    whole = cursor.tokens
    cursor.take("if", "exists")
    cursor.take("only")
    if cursor.take("all", "in", "tablespace"):
        return [draft("set_tablespace", whole)]
    table = cursor.name()
    cursor.take("*")
    asserted = {"bounded-wait"} if take_wait(cursor) else set()
    clauses = parts(cursor.rest())
    if not table or not clauses:
        return [draft("unclassified", whole, table=table)]
    found: list[Draft] = []
    previous = ""
    for clause in clauses:
        actions = _clause(clause, table, previous, dialect)
        if actions and (verb := actions[0].verb) in _CONTINUED:
            previous = verb
        elif actions and verb in _ASSERTIONS:
            asserted.add(f"{verb[7:]}-{actions[0].value}")
        found += actions
    return with_flags(found, asserted)


_ASSERTIONS: Final = ("assert_algorithm", "assert_lock")


_CONTINUED: Final = frozenset(
    ("add_column", "drop_column", "add_constraint", "drop_constraint", "drop_partition")
)


def _clause(clause: list[Token], table: str, previous: str, dialect: Dialect) -> list[Draft]:
    cursor = Cursor(clause)
    first = clause[0]
    said = first.said
    column = (
        previous == "add_column"
        and len(clause) > 1
        and clause[1].text in _PLAIN_TYPES
        and first.text in TABLE_OPTIONS
    )
    if column or (said not in _KNOWN and first.kind in _NAMING):
        return _continued(cursor, table, previous, dialect)
    if previous in ("add_column", "add_constraint") and first.text in CONSTRAINTS:
        return _add(cursor, table, dialect)
    cursor.any_of(("online", "offline"))
    checks = _check_option(cursor)
    word = cursor.any_of(_HANDLED)
    if word == "add":
        return with_flags(_add(cursor, table, dialect), checks)
    if word == "drop":
        return _drop(cursor, table)
    if word == "alter":
        return alter_column(cursor, table, dialect)
    if word in ("modify", "change"):
        return redefine(cursor, table, word, dialect)
    if word == "rename":
        return rename(cursor, table)
    return [other_clause(Cursor(clause), table, checks)]


_NAMING: Final = ("word", "name", "hole")
_HANDLED: Final = frozenset(("add", "drop", "alter", "modify", "change", "rename"))
_OTHERS: Final = frozenset(
    "validate attach detach remove partition move convert cluster rebuild switch truncate exchange"
    " coalesce reorganize repair optimize analyze check nocheck owner not algorithm lock"
    " using".split()
)
_KNOWN: Final = TABLE_OPTIONS | _OTHERS | CONSTRAINTS | _HANDLED | {"online", "offline"}


def _continued(cursor: Cursor, table: str, previous: str, dialect: Dialect) -> list[Draft]:
    """``ADD a int, b int`` (T-SQL) and ``DROP COLUMN a, b``: the verb of the first goes on."""
    if previous == "drop_constraint" and not cursor.take("column"):
        return [draft("drop_constraint", cursor.tokens, table=table, name=cursor.name())]
    if previous == "drop_partition":
        return [draft("drop_partition", cursor.tokens, table=table, name=cursor.name())]
    if previous in ("drop_column", "drop_constraint"):
        cursor.take("column")
        return [draft("drop_column", cursor.tokens, table=table, column=cursor.name())]
    if previous in ("add_column", "add_constraint"):
        return _add_column(cursor, table, dialect)
    return [draft("unclassified", cursor.tokens, table=table)]


def _check_option(cursor: Cursor) -> frozenset[str]:
    """T-SQL's ``WITH CHECK`` and ``WITH NOCHECK`` before ADD."""
    if cursor.peek() == "with" and cursor.peek(1) in ("check", "nocheck"):
        option = cursor.peek(1)
        cursor.index += 2
        return frozenset(("with-" + option,)) | (
            {"not-valid"} if option == "nocheck" else frozenset()
        )
    return _NOTHING


_NOTHING: Final = frozenset[str]()


def _add(cursor: Cursor, table: str, dialect: Dialect) -> list[Draft]:
    word = cursor.peek()
    if word in _NO_PLAIN_COLUMN:
        named_so = word == "default" and cursor.peek(1) not in ("", "(", "for")
        if (word in CONSTRAINTS or (word == "not" and cursor.peek(1) == "null")) and not named_so:
            return [add_constraint(cursor, table)]
        if word in _INDEXES and not _is_column(cursor):
            return [_add_index(cursor, table)]
        if word in _NO_COLUMNS and cursor.peek(1) not in _PLAIN_TYPES:
            return [draft("alter_options", cursor.tokens, table=table)]
    cursor.take("column")
    cursor.take("columns")
    missing = cursor.take("if", "not", "exists")
    if cursor.take("("):
        return _add_several(cursor, table, dialect)
    return _add_column(cursor, table, dialect, "if-not-exists" if missing else "")


_NO_COLUMNS: Final = frozenset(("partition", "subpartition", "period", "supplemental", "system"))
_NO_PLAIN_COLUMN: Final = CONSTRAINTS | _INDEXES | _NO_COLUMNS | {"not"}


def _is_column(cursor: Cursor) -> bool:
    """``ADD key varchar(10)`` adds a column of that name; an index has columns in parentheses."""
    return cursor.peek() in ("key", "index") and cursor.peek(1) in _PLAIN_TYPES


_PLAIN_TYPES: Final = frozenset(
    "int integer bigint smallint tinyint text varchar char character nvarchar numeric decimal date"
    " datetime timestamp timestamptz boolean bool uuid json jsonb bytea blob real double float"
    " serial bigserial".split()
)


def _add_several(cursor: Cursor, table: str, dialect: Dialect) -> list[Draft]:
    inner = cursor.rest()
    depth = 1
    for number, token in enumerate(inner):
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
            if depth == 0:
                inner = inner[:number]
                break
    found: list[Draft] = []
    for part in parts(inner):
        if part[0].text in CONSTRAINTS and part[0].kind == "word":
            found.append(add_constraint(Cursor(part), table))
        else:
            found += _add_column(Cursor(part), table, dialect)
    return found or [draft("unclassified", cursor.tokens, table=table)]


def _add_column(cursor: Cursor, table: str, dialect: Dialect, *flags: str) -> list[Draft]:
    column = cursor.name()
    definition = cursor.rest()
    if not column:
        return [draft("unclassified", cursor.tokens, table=table)]
    said = [token.said for token in definition]
    shape = set(column_flags(definition))
    if dialect == "oracle" and "virtual" not in shape and "generated" in shape:
        shape.add("virtual")
    return [
        draft(
            "add_column",
            cursor.tokens,
            *shape,
            *flags,
            table=table,
            column=column,
            value=type_of(definition),
            references=referenced(definition) if "references" in said else (),
            functions=functions_in(default_of(definition)) if "default" in said else (),
        )
    ]


def _add_index(cursor: Cursor, table: str) -> Draft:
    kind = cursor.any_of(("fulltext", "spatial"))
    cursor.any_of(("index", "key"))
    cursor.take("if", "not", "exists")
    name = "" if cursor.peek() in ("(", "using") else cursor.name()
    return draft("add_index", cursor.tokens, kind, table=table, name=name)


def _drop(cursor: Cursor, table: str) -> list[Draft]:
    whole = cursor.tokens
    if cursor.take("primary", "key"):
        return [draft("drop_constraint", whole, table=table, constraint="primary-key")]
    if cursor.peek() == "foreign" and cursor.take("foreign", "key"):
        cursor.take("if", "exists")
        name = cursor.name()
        return [draft("drop_constraint", whole, table=table, name=name, constraint="foreign-key")]
    word = cursor.peek()
    if word in ("constraint", "check", "unique"):
        cursor.index += 1
        exists = cursor.take("if", "exists")
        name = cursor.name()
        flags = (flag("if-exists", when=exists), flag("cascade", when="cascade" in flat(whole)))
        return [draft("drop_constraint", whole, *flags, table=table, name=name)]
    behind = cursor.peek(1)
    named = cursor.token(1) is not None and behind not in ("cascade", "restrict")
    if word in ("index", "key") and named:
        cursor.index += 1
        return [draft("drop_index", whole, table=table, name=cursor.name())]
    if word in ("partition", "subpartition") and named:
        cursor.index += 1
        return [draft("drop_partition", whole, table=table, name=cursor.name())]
    if (word, behind) in (("period", "for"), ("supplemental", "log"), ("system", "versioning")):
        return [draft("alter_options", whole, table=table)]
    return _drop_column(cursor, table)


def _drop_column(cursor: Cursor, table: str) -> list[Draft]:
    whole = cursor.tokens
    cursor.take("column") or cursor.take("unused", "columns")
    exists = cursor.take("if", "exists")
    flags = (flag("if-exists", when=exists), flag("cascade", when="cascade" in flat(whole)))
    if cursor.take("("):
        names = [Cursor(part).name() for part in parts(cursor.rest())]
        names = [name for name in names if name]
    else:
        names = [cursor.name()]
    return [draft("drop_column", whole, *flags, table=table, column=name) for name in names]
