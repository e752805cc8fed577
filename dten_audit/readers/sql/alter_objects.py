"""Recognises ALTER of everything but tables: indexes, types, schemas, roles, sessions."""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.constraints import add_constraint, is_online
from dten_audit.readers.sql.create import OBJECTS, ROUTINES
from dten_audit.readers.sql.draft import Draft, draft, flag
from dten_audit.readers.sql.session import set_statement
from dten_audit.readers.sql.tokens import Cursor, content_of, flat, follows

_MORE: Final = frozenset(
    "index system session instance function procedure routine aggregate large default authorization"
    " proc package trigger event materialized public resumable".split()
)


_TEXT_SEARCH: Final = ("configuration", "dictionary", "parser", "template")


def alter_object(cursor: Cursor, dialect: Dialect) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``ALTER``, no table following."""
    whole = cursor.tokens
    if cursor.take("session", "set"):
        return _session(cursor)
    if cursor.take("index"):
        return [_index(cursor)]
    if cursor.take("type"):
        return [_type(cursor)]
    if cursor.take("domain"):
        return [_domain(cursor)]
    changes = {"set", "reset"} & set(flat(whole))
    if cursor.peek() in ("role", "user", "database", "system") and changes:
        return _defaults(cursor, dialect)
    if cursor.take("materialized", "view"):
        return [_renamed(cursor, "materialized_view")]
    word = cursor.any_of(("policy", "trigger", "rule"))
    if word:
        name = cursor.name()
        table = cursor.name() if cursor.take("on") else ""
        return [draft(f"alter_{word}", whole, table=table, name=name)]
    cursor.any_of(("editionable", "noneditionable"))
    cursor.take("event") if cursor.peek(1) == "trigger" else None
    if cursor.take("text", "search"):
        cursor.any_of(_TEXT_SEARCH)
        return [_renamed(cursor, "text search")]
    cursor.take("foreign", "data")
    word = cursor.any_of(OBJECTS | _MORE | ROUTINES)
    return [_renamed(cursor, word) if word else draft("unclassified", whole)]


def _renamed(cursor: Cursor, kind: str) -> Draft:
    cursor.take("if", "exists")
    name = cursor.name()
    words = flat(cursor.rest())
    whole = cursor.tokens
    if kind in ("schema", "view", "materialized_view", "database") and follows(words, "rename"):
        if words[1:2] == ["to"]:
            return draft(f"rename_{kind}", whole, name=name, value=whole[-1].text)
        return draft("rename_object", whole, name=name)
    if kind == "materialized_view":
        return draft("alter_materialized_view", whole, table=name)
    return draft("alter_object", whole, name=name, value=kind)


def _session(cursor: Cursor) -> list[Draft]:
    """Oracle: ``ALTER SESSION SET ddl_lock_timeout = 10``."""
    found: list[Draft] = []
    while name := cursor.name():
        cursor.take("=")
        token = cursor.token()
        cursor.index += 1
        found.append(draft("set", cursor.tokens, name=name, value=token.text if token else ""))
    return found


def _index(cursor: Cursor) -> Draft:
    whole = cursor.tokens
    if cursor.take("all", "in", "tablespace"):
        return draft("alter_index", whole)
    cursor.take("if", "exists")
    name = cursor.name()
    if cursor.take("rename", "to"):
        return draft("rename_index", whole, name=name, value=cursor.name())
    table = cursor.name() if cursor.take("on") else ""
    words = flat(cursor.rest())
    if words[:1] == ["rebuild"]:
        online = flag("online", when=is_online(cursor.rest()))
        return draft("reindex", whole, "index", online, table=table, name=name)
    if words[:2] == ["set", "tablespace"]:
        return draft("move_index", whole, name=name)
    if words[:1] == ["disable"]:
        return draft("drop_index", whole, "disable", table=table, name=name)
    return draft("alter_index", whole, table=table, name=name)


def _type(cursor: Cursor) -> Draft:
    whole = cursor.tokens
    name = cursor.name()
    if cursor.take("add", "value"):
        cursor.take("if", "not", "exists")
        added = cursor.string()
        value = content_of(added).text if added else ""
        return draft("add_enum_value", whole, name=name, value=value)
    if cursor.take("rename", "value"):
        return draft("rename_enum_value", whole, name=name)
    if cursor.take("rename", "to"):
        return draft("rename_type", whole, name=name, value=cursor.name())
    return draft("alter_object", whole, name=name, value="type")


def _domain(cursor: Cursor) -> Draft:
    whole = cursor.tokens
    name = cursor.name()
    if cursor.peek() == "add" and cursor.take("add"):
        constraint = add_constraint(Cursor(cursor.rest()), "")
        return draft("add_domain_constraint", whole, *constraint.flags, name=name)
    if cursor.take("set", "not", "null"):
        return draft("add_domain_constraint", whole, name=name)
    if cursor.take("validate"):
        return draft("validate_domain_constraint", whole, name=name)
    return draft("alter_object", whole, name=name, value="domain")


def _defaults(cursor: Cursor, dialect: Dialect) -> list[Draft]:
    """``ALTER ROLE r SET lock_timeout = …``: a default for sessions that begin later."""
    whole = cursor.tokens
    kind = cursor.any_of(("role", "user", "database", "system"))
    owner = "" if kind == "system" else cursor.name()
    if cursor.take("in", "database"):
        cursor.name()
    if cursor.take("reset"):
        name = cursor.name()
        return [
            draft(
                "set_default_for", whole, table=owner, constraint=kind, name=name, value="default"
            )
        ]
    if not cursor.take("set"):
        return [draft("alter_object", whole, name=owner, value=kind)]
    return [
        setting._replace(verb="set_default_for", table=owner, constraint=kind)
        for setting in set_statement(cursor, dialect)
    ] or [draft("alter_object", whole, name=owner, value=kind)]
