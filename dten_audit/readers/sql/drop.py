"""Recognises DROP, TRUNCATE and RENAME of whole objects."""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.create import asserted
from dten_audit.readers.sql.draft import Draft, draft, flag, with_flags
from dten_audit.readers.sql.tokens import Cursor, flat, take_wait

_ON_TABLE: Final = frozenset(("trigger", "rule", "policy"))
_OTHERS: Final = frozenset(
    "type domain extension sequence role user group aggregate operator cast conversion collation"
    " text statistics publication subscription server language access transform tablespace synonym"
    " login function procedure proc routine package event owned foreign assembly certificate"
    " credential queue service contract message asymmetric symmetric master partition fulltext"
    " search availability endpoint column remote xml directory context library profile cluster"
    " dimension outline java diskgroup edition audit restore flashback macro logfile resource"
    " procedural default security external app application prepare spatial broker workload"
    " signature sensitivity".split()
)


def drop(cursor: Cursor, dialect: Dialect) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``DROP``."""
    whole = cursor.tokens
    words = flat(whole)
    cascade = flag("cascade", when="cascade" in words)
    if cursor.take("index"):
        return _index(cursor, dialect)
    temporary = flag("temporary", when=cursor.take("temporary"))
    cursor.take("public")
    if cursor.take("database", "link"):
        return [draft("drop_object", whole, name=cursor.name(), value="database link")]
    for word in ("table", "view", "schema", "database"):
        if cursor.take(word) or (word == "table" and cursor.take("foreign", "table")):
            return _names(cursor, f"drop_{word}", cascade, temporary)
    if cursor.take("materialized", "view"):
        cursor.take("log", "on")
        return _names(cursor, "drop_materialized_view", cascade)
    word = cursor.any_of(_ON_TABLE)
    if word:
        exists = flag("if-exists", when=cursor.take("if", "exists"))
        name = cursor.name()
        table = cursor.name() if cursor.take("on") else ""
        return [draft(f"drop_{word}", whole, exists, table=table, name=name)]
    word = cursor.any_of(_OTHERS)
    if word:
        cursor.any_of(("data", "public", "body"))
        cursor.take("wrapper")
        exists = flag("if-exists", when=cursor.take("if", "exists"))
        routine = word in ("function", "procedure", "proc", "event", "package")
        verb = "drop_routine" if routine else "drop_object"
        return [draft(verb, whole, exists, cascade, name=cursor.name(), value=word)]
    return [draft("unclassified", whole)]


def _names(cursor: Cursor, verb: str, *flags: str) -> list[Draft]:
    """``DROP TABLE a, b``: one action a name."""
    whole = cursor.tokens
    exists = flag("if-exists", when=cursor.take("if", "exists"))
    found: list[Draft] = []
    while True:
        cursor.take("only")
        name = cursor.name()
        cursor.take("*")
        if name:
            of_table = verb in ("drop_table", "truncate")
            table, other = (name, "") if of_table else ("", name)
            found.append(draft(verb, whole, exists, *flags, table=table, name=other))
        if not name or not cursor.take(","):
            break
    waits = {"bounded-wait"} if take_wait(cursor) else set()
    return with_flags(found, waits) or [draft("unclassified", whole)]


def _index(cursor: Cursor, dialect: Dialect) -> list[Draft]:
    whole = cursor.tokens
    concurrently = flag("concurrently", when=cursor.take("concurrently"))
    exists = flag("if-exists", when=cursor.take("if", "exists"))
    words = flat(whole)
    online = flag("online", when="online" in words)
    names = [cursor.name()]
    while cursor.take(","):
        names.append(cursor.name())
    table = cursor.name() if cursor.take("on") else ""
    flags = (concurrently, exists, online, *asserted(words))
    if not table and dialect == "tsql" and "." in names[0]:
        table, _, names[0] = names[0].rpartition(".")
    return [
        draft("drop_index", whole, *flags, table=table, name=name) for name in names if name
    ] or [draft("unclassified", whole)]


def truncate(cursor: Cursor) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``TRUNCATE``."""
    cascade = flag("cascade", when="cascade" in flat(cursor.tokens))
    cursor.any_of(("table", "cluster"))
    return _names(cursor, "truncate", cascade)


def rename(cursor: Cursor) -> list[Draft]:
    """Return what a statement does whose cursor stands behind ``RENAME`` (MySQL, Oracle)."""
    whole = cursor.tokens
    if cursor.peek() in ("user", "column", "index"):
        return [draft("rename_object", whole)]
    cursor.any_of(("table", "tables"))
    cursor.take("if", "exists")
    found: list[Draft] = []
    while True:
        old = cursor.name()
        waits = flag("bounded-wait", when=take_wait(cursor))
        if not old or not cursor.take("to"):
            return found or [draft("unclassified", whole)]
        found.append(draft("rename_table", whole, waits, table=old, value=cursor.name()))
        if not cursor.take(","):
            return found
