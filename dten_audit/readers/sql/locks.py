"""Which lock an action takes, whom it blocks, and whether it scans or copies the table under it.

Sources: PostgreSQL and MySQL in `locks_postgres` and `locks_mysql`; SQL Server 2022
"Transaction locking and row versioning guide" and "Perform index operations online"; Oracle 23ai
Database Concepts ch. 11 "DDL Locks"; SQLite "File Locking And Concurrency". Read 2026-11-21.
"""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Action, Dialect
from dten_audit.readers.sql.effects import CHANGES, EVERYTHING, SCHEMA, Effect
from dten_audit.readers.sql.locks_mysql import mysql_effect
from dten_audit.readers.sql.locks_postgres import TABLE, postgres_effect
from dten_audit.readers.sql.servers import OLDEST, Server

__all__ = ["Effect", "effect_of", "is_unbounded"]


def effect_of(action: Action, dialect: Dialect, *servers: Server) -> Effect | None:
    """Return what an action does to its table; None where it touches none that could be in use.

    ``servers`` are those to reckon with: of several, the one that suffers most. Without them it is
    the oldest that is still supported.
    """
    found = [_effect(action, dialect, server) for server in servers or OLDEST[dialect]]
    return max(filter(None, found), key=_harm, default=None)


def _harm(effect: Effect) -> tuple[int, bool, bool]:
    return len(effect.blocks), effect.rewrites, effect.scans


def _effect(action: Action, dialect: Dialect, server: Server) -> Effect | None:
    if action.verb in ("update", "delete"):
        unbounded = is_unbounded(action)
        return Effect("every row", ("writes",), scans=True) if unbounded else None
    if dialect == "postgres":
        return postgres_effect(action, server)
    if dialect == "mysql":
        return mysql_effect(action, server)
    if dialect == "tsql":
        return _tsql(action)
    if dialect == "oracle":
        return _oracle(action)
    known = action.verb in TABLE or action.verb in _CONDITIONAL
    if not known:
        return None
    if dialect == "sqlite":
        return Effect("the whole database", CHANGES, rewrites=action.verb == "drop_column")
    return Effect("", ())


def is_unbounded(action: Action) -> bool:
    """Say whether an UPDATE or DELETE touches every row."""
    return not action.flags & {"where", "limit", "join"}


_CONDITIONAL: Final = frozenset(
    "create_index add_index drop_index reindex add_constraint detach_partition refresh_view"
    " lock_table rebuild_table convert_charset optimize_table disable_constraint drop_partition"
    " alter_partitions switch_partition".split()
)


_TSQL_NONE: Final = frozenset(("lock_table", "owner", "set_statistics", "refresh_view", "reindex"))


def _tsql(action: Action) -> Effect | None:
    """ALTER TABLE and its kin take Sch-M; an index build without ONLINE = ON a shared lock."""
    online = "online" in action.flags
    if action.verb in ("create_index", "add_index"):
        if online:
            return Effect("Sch-S", (), scans=True)
        clustered = "clustered" in action.flags
        if clustered:
            return Effect("Sch-M", EVERYTHING, scans=True)
        return Effect("S", CHANGES, scans=True)
    if action.verb in ("reindex", "rebuild_table"):
        if online:
            return Effect("Sch-S", (), scans=True)
        return Effect("Sch-M", EVERYTHING, scans=True, rewrites=True)
    if action.verb == "add_constraint":
        checks = "not-valid" not in action.flags and action.constraint != "default" and not online
        return Effect("Sch-M", EVERYTHING, scans=checks)
    if action.verb == "validate_constraint":
        return Effect("Sch-M", EVERYTHING, scans=True)
    if action.verb in _TSQL_NONE:
        return None
    known = action.verb in TABLE or action.verb in _CONDITIONAL
    return Effect("Sch-M", EVERYTHING) if known else None


def _oracle(action: Action) -> Effect | None:
    """A DDL lock is exclusive and short; an index build without ONLINE blocks writes throughout."""
    online = "online" in action.flags
    if action.verb in ("create_index", "add_index", "reindex"):
        return Effect("DDL lock", () if online else CHANGES, scans=True)
    if action.verb in ("add_constraint", "set_not_null", "validate_constraint"):
        unchecked = "not-valid" in action.flags or action.verb == "validate_constraint"
        return Effect("exclusive DDL lock", SCHEMA if unchecked else CHANGES, scans=not unchecked)
    if action.verb == "set_tablespace":
        return Effect("exclusive DDL lock", () if online else CHANGES, scans=True, rewrites=True)
    if action.verb == "lock_table":
        return Effect("table lock", CHANGES)
    known = action.verb in TABLE or action.verb in _CONDITIONAL
    return Effect("exclusive DDL lock", SCHEMA) if known else None
