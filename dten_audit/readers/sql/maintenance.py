"""Recognises maintenance that locks tables: REINDEX, CLUSTER, VACUUM, REFRESH, OPTIMIZE."""

from __future__ import annotations

from typing import Final

from dten_audit.readers.sql.draft import Draft, draft, flag
from dten_audit.readers.sql.tokens import Cursor, Token, flat, parts

_OFF: Final = frozenset(("false", "off", "0"))


def reindex(cursor: Cursor) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``REINDEX``."""
    whole = cursor.tokens
    concurrently = _option(cursor, "concurrently")
    kind = cursor.any_of(("index", "table", "schema", "database", "system"))
    concurrently = cursor.take("concurrently") or concurrently
    name = cursor.name()
    table = name if kind == "table" else ""
    flags = (flag("concurrently", when=concurrently), flag(kind, when=kind))
    return [draft("reindex", whole, *flags, table=table, name=name)]


def cluster(cursor: Cursor) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``CLUSTER``."""
    _option(cursor, "verbose")
    cursor.take("verbose")
    table = cursor.name()
    if cursor.take("on"):
        table = cursor.name()
    return [draft("cluster", cursor.tokens, table=table)]


def vacuum(cursor: Cursor) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``VACUUM``."""
    full = _option(cursor, "full")
    while word := cursor.any_of(("full", "freeze", "verbose", "analyze", "analyse")):
        full = full or word == "full"
    tables = [Cursor(part).name() for part in parts(cursor.rest())] or [""]
    verb = "vacuum_full" if full else "vacuum"
    return [draft(verb, cursor.tokens, table=table) for table in tables]


def refresh(cursor: Cursor) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``REFRESH``."""
    if not cursor.take("materialized", "view"):
        return [draft("alter_object", cursor.tokens)]
    concurrently = flag("concurrently", when=cursor.take("concurrently"))
    table = cursor.name()
    empty = flag("no-data", when="no" in flat(cursor.tokens))
    return [draft("refresh_view", cursor.tokens, concurrently, empty, table=table)]


def optimise(cursor: Cursor) -> list[Draft]:
    """Return what MySQL's ``OPTIMIZE TABLE`` or ``REPAIR TABLE`` does; the cursor stands behind."""
    cursor.any_of(("no_write_to_binlog", "local"))
    if not cursor.any_of(("table", "tables")):
        return []
    tables = [Cursor(part).name() for part in parts(cursor.rest())]
    return [draft("optimize_table", cursor.tokens, table=table) for table in tables if table]


def _option(cursor: Cursor, name: str) -> bool:
    """Step over ``(…)`` and say whether it switches ``name`` on."""
    opened = cursor.index
    if not cursor.skip_parentheses():
        return False
    inner: list[Token] = cursor.tokens[opened + 1 : cursor.index - 1]
    for part in parts(inner):
        if part[0].text == name:
            return len(part) == 1 or part[1].text not in _OFF
    return False
