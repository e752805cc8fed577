"""PostgreSQL: the lock of each action, on its own table and on others.

Proven for 11, 14, 15 and 18 by ``tests/oracles/test_lock_oracle.py``, which asks the servers
themselves. Sources for what no server was asked: manual 13.3 and the page of each statement, 11 to
18, read 2026-11-21.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.model.facts.sql import Action, TableLock
from dten_audit.readers.sql.effects import MODES, Effect
from dten_audit.readers.sql.servers import Server

_LONG: Final = "long"
_COPY: Final = "copy"
_AEL: Final = "ACCESS EXCLUSIVE"
_SRE: Final = "SHARE ROW EXCLUSIVE"
_SUE: Final = "SHARE UPDATE EXCLUSIVE"

TABLE: Final[dict[str, tuple[str, str]]] = {
    "add_column": (_AEL, ""),
    "drop_column": (_AEL, ""),
    "alter_type": (_AEL, ""),
    "set_not_null": (_AEL, _LONG),
    "drop_not_null": (_AEL, ""),
    "set_default": (_AEL, ""),
    "drop_default": (_AEL, ""),
    "set_expression": (_AEL, _COPY),
    "add_identity": (_AEL, ""),
    "alter_column_option": (_AEL, ""),
    "set_statistics": (_SUE, ""),
    "drop_constraint": (_AEL, ""),
    "alter_constraint": (_AEL, ""),
    "validate_constraint": (_SUE, _LONG),
    "rename_table": (_AEL, ""),
    "rename_column": (_AEL, ""),
    "rename_constraint": (_AEL, ""),
    "rename_view": (_AEL, ""),
    "rename_materialized_view": (_AEL, ""),
    "alter_materialized_view": (_AEL, ""),
    "set_schema": (_AEL, ""),
    "owner": (_AEL, ""),
    "set_logged": (_AEL, _COPY),
    "set_tablespace": (_AEL, _COPY),
    "set_access_method": (_AEL, _COPY),
    "move_index": ("ACCESS EXCLUSIVE index", _LONG),
    "alter_index": ("SHARE UPDATE EXCLUSIVE index", ""),
    "cluster_on": (_SUE, ""),
    "enable_trigger": (_SRE, ""),
    "disable_trigger": (_SRE, ""),
    "enable_rule": (_AEL, ""),
    "disable_rule": (_AEL, ""),
    "alter_row_security": (_AEL, ""),
    "alter_options": (_AEL, ""),
    "inherit": (_AEL, ""),
    "drop_table": (_AEL, ""),
    "drop_view": (_AEL, ""),
    "drop_materialized_view": (_AEL, ""),
    "drop_schema": (_AEL, ""),
    "drop_database": (_AEL, ""),
    "truncate": (_AEL, ""),
    "cluster": (_AEL, _COPY),
    "vacuum_full": (_AEL, _COPY),
    "create_trigger": (_SRE, ""),
    "drop_trigger": (_AEL, ""),
    "alter_trigger": (_AEL, ""),
    "create_rule": (_AEL, ""),
    "alter_rule": (_AEL, ""),
    "drop_rule": (_AEL, ""),
    "create_policy": (_AEL, ""),
    "alter_policy": (_AEL, ""),
    "drop_policy": (_AEL, ""),
    "validate_domain_constraint": ("SHARE", _LONG),
}
"""Lock, and whether the table is read (``long``) or copied under it, where nothing else decides."""


def postgres_effect(action: Action, server: Server) -> Effect | None:
    """Return what an action does on a server; None where it touches no table in use."""
    found = _effect(action, server)
    return found._replace(others=_others(action, server)) if found is not None else None


def _mode(mode: str, how: str = "") -> Effect:
    blocks = MODES[mode.removesuffix(" index")]
    return Effect(mode, blocks, scans=how in (_LONG, _COPY), rewrites=how == _COPY)


def _effect(action: Action, server: Server) -> Effect | None:
    known = TABLE.get(action.verb)
    if known is not None:
        return _mode(*known)
    form = _FORMS.get(action.verb)
    return form(action, server) if form is not None else None


def _index(action: Action, _server: Server) -> Effect:
    if "only" in action.flags:
        return _mode("SHARE")
    return _mode(_SUE if "concurrently" in action.flags else "SHARE", _LONG)


def _drop_index(action: Action, _server: Server) -> Effect:
    return _mode(_SUE if "concurrently" in action.flags else _AEL)


def _reindex(action: Action, _server: Server) -> Effect:
    """Whoever plans a query of the table needs a lock on each of its indexes."""
    if "concurrently" in action.flags:
        return _mode(_SUE, _LONG)
    return _mode("ACCESS EXCLUSIVE index", _LONG)


def _rename_index(_action: Action, server: Server) -> Effect:
    if server.before(12):
        return _mode("ACCESS EXCLUSIVE index")
    return _mode("SHARE UPDATE EXCLUSIVE index")


def _refresh(action: Action, _server: Server) -> Effect:
    if "concurrently" in action.flags:
        return _mode("EXCLUSIVE", _LONG)
    return _mode(_AEL, "" if "no-data" in action.flags else _COPY)


def _attach(_action: Action, server: Server) -> Effect:
    return _mode(_AEL if server.before(12) else _SUE)


def _detach(action: Action, _server: Server) -> Effect:
    return _mode(_SUE if action.flags & {"concurrently", "finalize"} else _AEL)


def _constraint(action: Action, _server: Server) -> Effect:
    unchecked = "not-valid" in action.flags or "using-index" in action.flags
    how = "" if unchecked else _LONG
    return _mode(_SRE if action.constraint == "foreign-key" else _AEL, how)


def _domain(action: Action, _server: Server) -> Effect | None:
    """Every table with a column of the domain is read."""
    return None if "not-valid" in action.flags else _mode("SHARE", _LONG)


def _storage(action: Action, _server: Server) -> Effect:
    """Most parameters only guide autovacuum; a few change what runs beside."""
    return _mode(_AEL if _STRONG_PARAMETER.search(action.text) else _SUE)


_STRONG_PARAMETER: Final = re.compile(r"(?i)\buser_catalog_table\b|\bsecurity_barrier\b")


def _lock(action: Action, _server: Server) -> Effect | None:
    mode = action.value.upper()
    return _mode(mode) if mode in MODES else None


_FORMS: Final = {
    "create_index": _index,
    "add_index": _index,
    "drop_index": _drop_index,
    "reindex": _reindex,
    "rename_index": _rename_index,
    "refresh_view": _refresh,
    "attach_partition": _attach,
    "detach_partition": _detach,
    "add_constraint": _constraint,
    "set_storage_parameters": _storage,
    "lock_table": _lock,
    "add_domain_constraint": _domain,
}


def _others(action: Action, server: Server) -> tuple[TableLock, ...]:
    """Return the locks on other tables that the statement names."""
    verb, own = action.verb, action.table
    if verb in ("add_constraint", "add_column"):
        return tuple(TableLock(parent, _SRE) for parent in action.references if parent != own)
    if verb == "detach_partition" and server.before(14):
        return tuple(TableLock(part, _SUE) for part in action.references)
    if verb in ("attach_partition", "detach_partition"):
        return tuple(TableLock(part, _AEL) for part in action.references)
    if verb == "inherit" and not action.text.lower().startswith("no "):
        return tuple(TableLock(parent, _SUE) for parent in action.references)
    return ()
