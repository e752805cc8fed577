"""Which lock an action takes, whom it blocks, and whether it scans or copies the table under it.

Sources: PostgreSQL 18 manual 13.3 and the pages of ALTER TABLE, CREATE INDEX, REINDEX, CLUSTER,
VACUUM, REFRESH MATERIALIZED VIEW, CREATE TABLE, CREATE TRIGGER (defaults hold for 11 to 18); MySQL
8.4 manual 17.12 "InnoDB and Online DDL" and 10.11.4 "Metadata Locking"; SQL Server 2022
"Transaction locking and row versioning guide" and "Perform index operations online"; Oracle 23ai
Database Concepts ch. 11 "DDL Locks"; SQLite "File Locking And Concurrency". Read 2026-11-21.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Action, Blocked, Dialect


class Effect(NamedTuple):
    """The lock on the action's table; ``scans`` and ``rewrites`` happen while it is held."""

    lock: str
    blocks: tuple[Blocked, ...]
    scans: bool = False
    rewrites: bool = False


_EVERYTHING: Final[tuple[Blocked, ...]] = ("reads", "writes", "ddl")
_CHANGES: Final[tuple[Blocked, ...]] = ("writes", "ddl")
_SCHEMA: Final[tuple[Blocked, ...]] = ("ddl",)

MODES: Final[dict[str, tuple[Blocked, ...]]] = {
    "ACCESS EXCLUSIVE": _EVERYTHING,
    "EXCLUSIVE": _CHANGES,
    "SHARE ROW EXCLUSIVE": _CHANGES,
    "SHARE": _CHANGES,
    "SHARE UPDATE EXCLUSIVE": _SCHEMA,
    "ROW EXCLUSIVE": (),
    "ROW SHARE": (),
    "ACCESS SHARE": (),
}
"""PostgreSQL's lock modes and what others cannot do meanwhile (table 13.2 of the manual)."""

_LONG: Final = "long"
_COPY: Final = "copy"
_POSTGRES: Final[dict[str, tuple[str, str]]] = {
    "add_column": ("ACCESS EXCLUSIVE", ""),
    "drop_column": ("ACCESS EXCLUSIVE", ""),
    "alter_type": ("ACCESS EXCLUSIVE", ""),
    "set_not_null": ("ACCESS EXCLUSIVE", _LONG),
    "drop_not_null": ("ACCESS EXCLUSIVE", ""),
    "set_default": ("ACCESS EXCLUSIVE", ""),
    "drop_default": ("ACCESS EXCLUSIVE", ""),
    "set_expression": ("ACCESS EXCLUSIVE", _COPY),
    "add_identity": ("ACCESS EXCLUSIVE", ""),
    "alter_column_option": ("ACCESS EXCLUSIVE", ""),
    "set_statistics": ("SHARE UPDATE EXCLUSIVE", ""),
    "drop_constraint": ("ACCESS EXCLUSIVE", ""),
    "alter_constraint": ("ACCESS EXCLUSIVE", ""),
    "validate_constraint": ("SHARE UPDATE EXCLUSIVE", _LONG),
    "rename_table": ("ACCESS EXCLUSIVE", ""),
    "rename_column": ("ACCESS EXCLUSIVE", ""),
    "rename_constraint": ("ACCESS EXCLUSIVE", ""),
    "set_schema": ("ACCESS EXCLUSIVE", ""),
    "owner": ("ACCESS EXCLUSIVE", ""),
    "set_logged": ("ACCESS EXCLUSIVE", _COPY),
    "set_tablespace": ("ACCESS EXCLUSIVE", _COPY),
    "set_access_method": ("ACCESS EXCLUSIVE", _COPY),
    "move_index": ("ACCESS EXCLUSIVE", _COPY),
    "set_storage_parameters": ("SHARE UPDATE EXCLUSIVE", ""),
    "cluster_on": ("SHARE UPDATE EXCLUSIVE", ""),
    "enable_trigger": ("SHARE ROW EXCLUSIVE", ""),
    "disable_trigger": ("SHARE ROW EXCLUSIVE", ""),
    "enable_rule": ("ACCESS EXCLUSIVE", ""),
    "disable_rule": ("ACCESS EXCLUSIVE", ""),
    "alter_row_security": ("ACCESS EXCLUSIVE", ""),
    "alter_options": ("ACCESS EXCLUSIVE", ""),
    "inherit": ("ACCESS EXCLUSIVE", ""),
    "attach_partition": ("SHARE UPDATE EXCLUSIVE", _LONG),
    "drop_table": ("ACCESS EXCLUSIVE", ""),
    "drop_view": ("ACCESS EXCLUSIVE", ""),
    "drop_materialized_view": ("ACCESS EXCLUSIVE", ""),
    "drop_schema": ("ACCESS EXCLUSIVE", ""),
    "drop_database": ("ACCESS EXCLUSIVE", ""),
    "truncate": ("ACCESS EXCLUSIVE", ""),
    "cluster": ("ACCESS EXCLUSIVE", _COPY),
    "vacuum_full": ("ACCESS EXCLUSIVE", _COPY),
    "create_trigger": ("SHARE ROW EXCLUSIVE", ""),
    "drop_trigger": ("ACCESS EXCLUSIVE", ""),
    "alter_trigger": ("ACCESS EXCLUSIVE", ""),
    "create_rule": ("ACCESS EXCLUSIVE", ""),
    "drop_rule": ("ACCESS EXCLUSIVE", ""),
    "create_policy": ("ACCESS EXCLUSIVE", ""),
    "alter_policy": ("ACCESS EXCLUSIVE", ""),
    "drop_policy": ("ACCESS EXCLUSIVE", ""),
    "rename_index": ("SHARE UPDATE EXCLUSIVE", ""),
}


def effect_of(action: Action, dialect: Dialect) -> Effect | None:
    """Return what an action does to its table; None where it touches none that could be in use."""
    if action.verb in ("update", "delete"):
        unbounded = is_unbounded(action)
        return Effect("every row", ("writes",), scans=True) if unbounded else None
    if dialect == "postgres":
        return _postgres(action)
    if dialect == "mysql":
        return _mysql(action)
    if dialect == "tsql":
        return _tsql(action)
    if dialect == "oracle":
        return _oracle(action)
    known = action.verb in _POSTGRES or action.verb in _CONDITIONAL
    if not known:
        return None
    if dialect == "sqlite":
        return Effect("the whole database", _CHANGES, rewrites=action.verb == "drop_column")
    return Effect("", ())


def is_unbounded(action: Action) -> bool:
    """Say whether an UPDATE or DELETE touches every row."""
    return not action.flags & {"where", "limit", "join"}


_CONDITIONAL: Final = frozenset(
    "create_index add_index drop_index reindex add_constraint detach_partition refresh_view"
    " lock_table rebuild_table convert_charset optimize_table disable_constraint drop_partition"
    " alter_partitions switch_partition".split()
)


def _mode(mode: str, how: str = "") -> Effect:
    return Effect(mode, MODES[mode], scans=how in (_LONG, _COPY), rewrites=how == _COPY)


def _postgres(action: Action) -> Effect | None:
    known = _POSTGRES.get(action.verb)
    if known is not None:
        return _mode(*known)
    concurrently = "concurrently" in action.flags
    if action.verb in ("create_index", "add_index"):
        if "only" in action.flags:
            return _mode("SHARE")
        return _mode("SHARE UPDATE EXCLUSIVE" if concurrently else "SHARE", _LONG)
    if action.verb == "drop_index":
        return _mode("SHARE UPDATE EXCLUSIVE" if concurrently else "ACCESS EXCLUSIVE")
    if action.verb == "reindex":
        return _mode("SHARE UPDATE EXCLUSIVE" if concurrently else "SHARE", _LONG)
    if action.verb == "refresh_view":
        return _mode("EXCLUSIVE" if concurrently else "ACCESS EXCLUSIVE", _COPY)
    if action.verb == "detach_partition":
        finishing = "finalize" in action.flags
        return _mode("SHARE UPDATE EXCLUSIVE" if concurrently or finishing else "ACCESS EXCLUSIVE")
    if action.verb == "add_constraint":
        return _postgres_constraint(action)
    if action.verb == "lock_table":
        mode = action.value.upper()
        return _mode(mode) if mode in MODES else None
    return None


def _postgres_constraint(action: Action) -> Effect:
    unchecked = "not-valid" in action.flags or "using-index" in action.flags
    how = "" if unchecked else _LONG
    return _mode(
        "SHARE ROW EXCLUSIVE" if action.constraint == "foreign-key" else "ACCESS EXCLUSIVE", how
    )


_METADATA: Final = "metadata lock"
_MYSQL_BRIEF: Final = frozenset(
    "drop_table drop_schema drop_database truncate rename_table rename_column rename_index"
    " drop_index set_default drop_default drop_column add_column drop_constraint drop_view"
    " create_trigger drop_trigger drop_partition alter_options set_tablespace"
    " alter_partitions".split()
)
_MYSQL_REBUILD: Final = frozenset(("rebuild_table", "optimize_table", "set_not_null"))


def _mysql(action: Action) -> Effect | None:
    """InnoDB: most changes run in place and let others write; the rest copy under a shared lock."""
    flags = action.flags
    copy = Effect("shared lock while it copies", _CHANGES, scans=True, rewrites=True)
    if "algorithm-copy" in flags or flags & {"lock-shared", "lock-exclusive"}:
        return copy
    if action.verb in ("create_index", "add_index"):
        if flags & {"fulltext", "spatial"}:
            return Effect("shared lock while it builds", _CHANGES, scans=True)
        return Effect(_METADATA, (), scans=True)
    if action.verb == "add_column" and ("identity" in flags or "stored" in flags):
        return copy
    if action.verb == "convert_charset":
        return copy
    if action.verb == "add_constraint":
        indexed = action.constraint in ("unique", "primary-key", "other")
        return Effect(_METADATA, (), scans=True) if indexed else copy
    if action.verb == "drop_constraint" and action.constraint == "primary-key":
        return copy
    if action.verb == "alter_type":
        return Effect("shared lock while it copies", _CHANGES)
    if action.verb == "lock_table":
        return Effect("table lock", _EVERYTHING if action.value == "write" else _CHANGES)
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
            return Effect("Sch-M", _EVERYTHING, scans=True)
        return Effect("S", _CHANGES, scans=True)
    if action.verb in ("reindex", "rebuild_table"):
        if online:
            return Effect("Sch-S", (), scans=True)
        return Effect("Sch-M", _EVERYTHING, scans=True, rewrites=True)
    if action.verb == "add_constraint":
        checks = "not-valid" not in action.flags and action.constraint != "default" and not online
        return Effect("Sch-M", _EVERYTHING, scans=checks)
    if action.verb == "validate_constraint":
        return Effect("Sch-M", _EVERYTHING, scans=True)
    if action.verb in _TSQL_NONE:
        return None
    known = action.verb in _POSTGRES or action.verb in _CONDITIONAL
    return Effect("Sch-M", _EVERYTHING) if known else None


def _oracle(action: Action) -> Effect | None:
    """A DDL lock is exclusive and short; an index build without ONLINE blocks writes throughout."""
    online = "online" in action.flags
    if action.verb in ("create_index", "add_index", "reindex"):
        return Effect("DDL lock", () if online else _CHANGES, scans=True)
    if action.verb in ("add_constraint", "set_not_null", "validate_constraint"):
        unchecked = "not-valid" in action.flags or action.verb == "validate_constraint"
        return Effect("exclusive DDL lock", _SCHEMA if unchecked else _CHANGES, scans=not unchecked)
    if action.verb == "set_tablespace":
        return Effect("exclusive DDL lock", () if online else _CHANGES, scans=True, rewrites=True)
    if action.verb == "lock_table":
        return Effect("table lock", _CHANGES)
    known = action.verb in _POSTGRES or action.verb in _CONDITIONAL
    return Effect("exclusive DDL lock", _SCHEMA) if known else None
