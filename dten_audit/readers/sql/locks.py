"""Which lock an action takes, whom it blocks, and whether it scans or copies the table under it.

Sources: PostgreSQL 18 manual 13.3 and the pages of ALTER TABLE, CREATE INDEX, REINDEX, CLUSTER,
VACUUM, REFRESH MATERIALIZED VIEW, CREATE TABLE, CREATE TRIGGER (defaults hold for 11 to 18); MySQL
8.4 manual 17.12 "InnoDB and Online DDL" and 10.11.4 "Metadata Locking"; SQL Server 2022
"Transaction locking and row versioning guide" and "Perform index operations online"; Oracle 23ai
Database Concepts ch. 11 "DDL Locks"; SQLite "File Locking And Concurrency". Read 2026-11-21.
"""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Action, Dialect
from dten_audit.readers.sql.effects import CHANGES, EVERYTHING, SCHEMA, Effect
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
        return _mysql(action)
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


_METADATA: Final = "metadata lock"
_MYSQL_BRIEF: Final = frozenset(
    "drop_table drop_schema drop_database truncate rename_table rename_column rename_index"
    " drop_index set_default drop_default drop_column add_column drop_constraint drop_view"
    " create_trigger drop_trigger drop_partition alter_options set_tablespace"
    " alter_partitions".split()
)
_MYSQL_MOVES_ROWS: Final = frozenset(("coalesce", "reorganize", "remove", "partition", "optimize"))
_MYSQL_REBUILD: Final = frozenset(("rebuild_table", "optimize_table", "set_not_null"))


def _mysql(action: Action) -> Effect | None:
    """InnoDB: most changes run in place and let others write; the rest copy under a shared lock."""
    flags = action.flags
    copy = Effect("shared lock while it copies", CHANGES, scans=True, rewrites=True)
    if "algorithm-copy" in flags or flags & {"lock-shared", "lock-exclusive"}:
        return copy
    if action.verb in ("create_index", "add_index"):
        if flags & {"fulltext", "spatial"}:
            return Effect("shared lock while it builds", CHANGES, scans=True)
        return Effect(_METADATA, (), scans=True)
    if action.verb == "add_column" and ("identity" in flags or "stored" in flags):
        return copy
    if action.verb == "convert_charset":
        return copy
    if action.verb == "alter_partitions" and action.name in _MYSQL_MOVES_ROWS:
        return copy
    if action.verb == "add_constraint":
        indexed = action.constraint in ("unique", "primary-key", "other")
        return Effect(_METADATA, (), scans=True) if indexed else copy
    if action.verb == "drop_constraint" and action.constraint == "primary-key":
        return copy
    if action.verb == "alter_type":
        return Effect("shared lock while it copies", CHANGES)
    if action.verb == "lock_table":
        return Effect("table lock", EVERYTHING if action.value == "write" else CHANGES)
    if action.verb in _MYSQL_REBUILD:
        return Effect(_METADATA, (), scans=True, rewrites=True)
    return Effect(_METADATA, ()) if action.verb in _MYSQL_BRIEF else None


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
