"""The locks of a session that keep a second migrator out, and when each of them ends.

Sources: PostgreSQL manual 9.28.10 "Advisory Lock Functions" and 13.3 "Explicit Locking"; MySQL 8.4
manual 14.14 "Locking Functions" and 15.3.6 "LOCK TABLES"; SQL Server "sp_getapplock"; Oracle
PL/SQL Packages and Types Reference, DBMS_LOCK; SQLite "Transactions". Read 2026-11-21.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Action, Dialect

MAX_LOCKS: Final = 200
_PLAIN: Final = re.compile(r"n?'[^']*+'|[-+]?\d++(?:,[-+]?\d++)?", re.IGNORECASE)
_RESOURCE: Final = re.compile(r"n?'([^']*+)'", re.IGNORECASE)
_OF_TABLES: Final = "tables"
_ALONE: Final = frozenset(
    ("share update exclusive", "share row exclusive", "exclusive", "access exclusive", "write")
)
"""Modes of LOCK TABLE that no second session gets at the same time."""


class Mutex(NamedTuple):
    """A lock: what took it, what it is on, and whether the end of the transaction frees it."""

    name: str
    key: str
    transaction: bool


class Mutexes:
    """All such locks of one session, in the order in which they were taken."""

    def __init__(self) -> None:
        self._held: list[Mutex] = []

    @property
    def holder(self) -> str:
        """The name of the first lock that is held; empty where none is."""
        return self._held[0].name if self._held else ""

    def take(self, name: str, key: str = "", *, transaction: bool) -> None:
        """Take a lock; the same one may be taken several times."""
        if len(self._held) < MAX_LOCKS:
            self._held.append(Mutex(name, key, transaction))

    def asked(self, action: Action, dialect: Dialect, *, in_transaction: bool) -> None:
        """Take what a locking function asks for; nothing where that lock ends with its statement.

        Shared locks let a second migrator in. Oracle commits around each DDL statement, which
        frees a lock with ``release_on_commit``.
        """
        text = action.text.lower()
        shared = action.name.endswith("_shared") or re.search(r"'(?:intent)?shared'", text)
        if shared:
            return
        ends = ends_with_transaction(action)
        if ends and dialect not in ("oracle", "mysql") and not in_transaction:
            return
        self.take(action.name, key_of(action), transaction=ends)

    def lock_tables(self, action: Action, what: str, dialect: Dialect, *, open_: bool) -> None:
        """Take in LOCK TABLE: in PostgreSQL and Oracle to the end of the transaction."""
        if action.value.lower() not in _ALONE:
            return
        if dialect == "mysql":
            self.take(what, _OF_TABLES, transaction=False)
        elif open_ or dialect == "oracle":
            self.take(what, transaction=True)

    def unlock_tables(self) -> None:
        """Take in UNLOCK TABLES, which START TRANSACTION and a new LOCK TABLES imply."""
        self._held = [each for each in self._held if each.key != _OF_TABLES]

    def release(self, action: Action) -> None:
        """Give one lock back, or all of the session's."""
        if action.name.endswith(("_all", "all_locks")):
            self._held = [each for each in self._held if each.transaction or each.key == _OF_TABLES]
            return
        key = key_of(action)
        own = [
            number
            for number, each in enumerate(self._held)
            if not each.transaction and each.key != _OF_TABLES
        ]
        same = [number for number in own if self._held[number].key == key]
        if not same and _PLAIN.fullmatch(key):
            same = [number for number in own if not _PLAIN.fullmatch(self._held[number].key)]
        elif not same:
            same = own
        if same:
            del self._held[same[-1]]

    def end_transaction(self) -> None:
        """Give back what the end of the transaction frees."""
        self._held = [each for each in self._held if not each.transaction]

    def end_session(self) -> None:
        """Give back everything."""
        self._held = []

    def mark(self) -> int:
        """Return a point to which ``back_to`` goes."""
        return len(self._held)

    def back_to(self, mark: int) -> None:
        """Give back what the transaction has taken since ``mark`` (ROLLBACK TO SAVEPOINT)."""
        later = [each for each in self._held[mark:] if not each.transaction]
        self._held = self._held[:mark] + later


def ends_with_transaction(action: Action) -> bool:
    """Say whether the transaction owns the lock that a function takes."""
    text = action.text.lower()
    if action.name == "sp_getapplock":
        return "'session'" not in text
    if action.name == "dbms_lock.request":
        return re.search(r"release_on_commit\s*+=>\s*+true|,\s*+true\s*+\)", text) is not None
    return action.value == "transaction"


def key_of(action: Action) -> str:
    """Return what a lock is on, as the call writes it."""
    _, opened, inside = action.text.partition("(")
    if not opened or action.name.startswith("sp_"):
        found = _RESOURCE.search(action.text)
        return found[0].lower().lstrip("n") if found else ""
    depth = 1
    for number, character in enumerate(inside):
        depth += (character == "(") - (character == ")")
        first = character == "," and depth == 1 and not action.name.startswith("pg_")
        if depth == 0 or first:
            return "".join(inside[:number].lower().split())
    return "".join(inside.lower().split())
