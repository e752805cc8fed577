"""Recognises what one statement does, from its tokens: dispatch by its first words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql import dml, drop, maintenance, session
from dten_audit.readers.sql.alter import alter_table
from dten_audit.readers.sql.alter_objects import alter_object
from dten_audit.readers.sql.create import create, select_into
from dten_audit.readers.sql.draft import Draft, draft
from dten_audit.readers.sql.dynamic import dynamic
from dten_audit.readers.sql.tokens import Cursor, Token

_TRANSACTION: Final = frozenset(
    ("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "save", "release")
)
_Handler = Callable[[Cursor], list[Draft]]
_PLAIN: Final[dict[str, _Handler]] = {
    "truncate": drop.truncate,
    "rename": drop.rename,
    "update": dml.update,
    "delete": dml.delete,
    "insert": dml.insert,
    "lock": session.lock_tables,
    "reindex": maintenance.reindex,
    "cluster": maintenance.cluster,
    "vacuum": maintenance.vacuum,
    "refresh": maintenance.refresh,
    "optimize": maintenance.optimise,
    "repair": maintenance.optimise,
}
_BY_DIALECT: Final[dict[str, Callable[[Cursor, Dialect], list[Draft]]]] = {
    "create": create,
    "drop": drop.drop,
    "set": session.set_statement,
}
_WAITS: Final = frozenset(("lock_wait_timeout", "innodb_lock_wait_timeout"))
_DYNAMIC: Final = frozenset(("execute", "exec", "prepare", "call"))


def recognise(tokens: list[Token], dialect: Dialect, *, inside: bool = False) -> list[Draft]:
    """Return what a statement does; nothing where it changes no schema, session or whole table.

    ``inside`` says that it stands in the body of a routine or a block, where BEGIN opens a block
    and ``SELECT … INTO`` fills a variable.
    """
    if not tokens or tokens[0].kind != "word":
        return []
    word = tokens[0].text
    if word == "alter":
        return _alter(Cursor(tokens, 1), dialect)
    if word in _TRANSACTION or (word == "prepare" and len(tokens) > 1):
        if inside and word in ("begin", "end") and dialect != "tsql":
            return []
        found = session.transaction(Cursor(tokens), dialect)
        if found is not None:
            return found
    cursor = Cursor(tokens, 1)
    if word == "set" and cursor.take("statement") and dialect in ("mysql", "generic"):
        return _for_one_statement(tokens, dialect, inside=inside)
    if word in ("enable", "disable") and cursor.take("trigger"):
        return _switch_trigger(cursor, word)
    if word in _PLAIN:
        return _PLAIN[word](cursor)
    if word in _BY_DIALECT:
        return _BY_DIALECT[word](cursor, dialect)
    if word in _DYNAMIC:
        return dynamic(tokens, dialect, inside=inside)
    return _others(word, tokens, dialect, inside=inside)


def _for_one_statement(tokens: list[Token], dialect: Dialect, *, inside: bool) -> list[Draft]:
    """MariaDB: ``SET STATEMENT lock_wait_timeout = 5 FOR ALTER TABLE …``."""
    begin = next((n for n, token in enumerate(tokens) if token.text == "for"), len(tokens))
    inner = tokens[begin + 1 :]
    if not inner or Cursor(inner).take("set"):
        return [draft("unclassified", tokens)]
    waits = {"bounded-wait"} if any(t.text in _WAITS for t in tokens[:begin]) else set()
    found = recognise(inner, dialect, inside=inside)
    return [each._replace(flags=each.flags | waits) for each in found]


def _switch_trigger(cursor: Cursor, word: str) -> list[Draft]:
    """T-SQL: ``DISABLE TRIGGER name ON table``."""
    name = cursor.name()
    while cursor.take(","):
        cursor.name()
    table = cursor.name() if cursor.take("on") else ""
    everything = "all" if name == "all" else ""
    if table in ("database", "all"):
        table = ""
    return [draft(f"{word}_trigger", cursor.tokens, everything, table=table, name=name)]


def _alter(cursor: Cursor, dialect: Dialect) -> list[Draft]:
    if cursor.take("table"):
        return alter_table(cursor, dialect)
    start = cursor.index
    while cursor.any_of(("online", "offline", "ignore", "foreign")):
        pass
    if cursor.take("table"):
        return alter_table(cursor, dialect)
    cursor.index = start
    return alter_object(cursor, dialect)


def _others(word: str, tokens: list[Token], dialect: Dialect, *, inside: bool) -> list[Draft]:
    cursor = Cursor(tokens, 1)
    if word in ("select", "perform", "values"):
        return _select(tokens, dialect, inside=inside)
    if word == "with":
        found = dml.with_queries(tokens) + session.functions(tokens)
        return found + _into(tokens, dialect, inside=inside)
    if word == "reset":
        return [draft("reset", tokens, name=cursor.name())]
    if word == "discard":
        everything = cursor.peek() == "all"
        return [draft("reset", tokens, "discard", name="all")] if everything else []
    if word == "unlock":
        return [draft("unlock_tables", tokens)]
    if word == "pragma":
        name = cursor.name()
        cursor.any_of(("=", "("))
        token = cursor.token()
        return [draft("set", tokens, name=name, value=token.text if token else "")]
    return session.functions(tokens)


def _select(tokens: list[Token], dialect: Dialect, *, inside: bool) -> list[Draft]:
    found = session.functions(tokens)
    cursor = Cursor(tokens, 1)
    routine = cursor.name()
    if routine and cursor.peek() == "(" and not found:
        found.append(draft("call", tokens, name=routine))
    return found + _into(tokens, dialect, inside=inside)


def _into(tokens: list[Token], dialect: Dialect, *, inside: bool) -> list[Draft]:
    """Return the table that a query creates; inside a body INTO fills a variable."""
    if (inside and dialect != "tsql") or dialect in ("mysql", "oracle"):
        return []
    table, temporary = select_into(tokens)
    if not table:
        return []
    return [draft("create_table", tokens, "as-select", temporary, table=table)]
