"""MySQL and MariaDB (InnoDB): which changes run beside the traffic, and which copy under a lock.

Proven for MariaDB 10.11 and 11.8 and MySQL 9.7 by ``tests/oracles/test_online_oracle.py``, which
asks the servers for the cheapest ALGORITHM and LOCK that they take. Sources for older versions:
MySQL 8.4 manual 17.12.1 "Online DDL Operations", release notes of 8.0.12 and 8.0.29; MariaDB
Knowledge Base "InnoDB Online DDL Overview" (10.3, 10.4, 11.2). Read 2026-11-21.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.model.facts.sql import Action
from dten_audit.readers.sql.effects import CHANGES, EVERYTHING, Effect
from dten_audit.readers.sql.servers import Server

_METADATA: Final = "metadata lock"
_BRIEF: Final = frozenset(
    "drop_table drop_schema drop_database truncate rename_table rename_column rename_index"
    " drop_index set_default drop_default drop_column add_column drop_constraint drop_view"
    " create_trigger drop_trigger drop_partition alter_options set_tablespace alter_constraint"
    " alter_partitions".split()
)
_MOVES_ROWS: Final = frozenset(("coalesce", "reorganize", "remove", "partition", "optimize"))
_READS_ONLY: Final = frozenset(("analyze", "check"))
_REBUILD: Final = frozenset(("rebuild_table", "optimize_table", "set_not_null"))
_EACH_ROW_ITS_OWN: Final = frozenset(("uuid", "uuid_short", "rand", "random_bytes"))
_ENGINE: Final = re.compile(r"(?i)\bengine\s*=?\s*(\w+)")
_FREE: Final = Effect(_METADATA, (), scans=False)
_BUILDS: Final = Effect(_METADATA, (), scans=True)
_REBUILDS: Final = Effect(_METADATA, (), scans=True, rewrites=True)


def copies_online(server: Server) -> bool:
    """Say whether a copy lets others write (MariaDB, from 11.2)."""
    return server.product == "mariadb" and not server.before(11, 2)


def mysql_effect(action: Action, server: Server) -> Effect | None:
    """Return what an action does on a server; None where it touches no table in use."""
    flags = action.flags
    if "algorithm-copy" in flags or flags & {"lock-shared", "lock-exclusive"}:
        return _copy(None)
    if action.verb == "lock_table":
        return Effect("table lock", EVERYTHING if action.value == "write" else CHANGES)
    if action.verb in ("create_index", "add_index"):
        return _index(action, server)
    if action.verb == "add_column":
        return _added(action, server)
    if action.verb == "drop_column":
        instant = (10, 4) if server.product == "mariadb" else (8, 0, 29)
        return _REBUILDS if server.before(*instant) else _FREE
    if action.verb == "add_constraint":
        return _constraint(action, server)
    if action.verb == "alter_partitions" and action.name in _READS_ONLY:
        return None
    if _copies(action):
        return _copy(server)
    if action.verb in _REBUILD:
        return _REBUILDS
    return _FREE if action.verb in _BRIEF else None


def _copy(server: Server | None) -> Effect:
    if server is not None and copies_online(server):
        return _REBUILDS
    return Effect("SHARED", CHANGES, scans=True, rewrites=True)


def _copies(action: Action) -> bool:
    engine = _ENGINE.search(action.text) if action.verb == "rebuild_table" else None
    return (
        action.verb in ("alter_type", "convert_charset")
        or (action.verb == "alter_partitions" and action.name in _MOVES_ROWS)
        or (action.verb == "drop_constraint" and action.constraint == "primary-key")
        or (action.verb == "alter_options" and "system versioning" in action.text.lower())
        or (engine is not None and engine[1].lower() != "innodb")
    )


def _index(action: Action, server: Server) -> Effect:
    """The first FULLTEXT index adds a hidden column to all rows."""
    words = "fulltext" in action.flags
    computed = "((" in action.text.replace(" ", "") and server.product == "mysql"
    if not (words or computed or "spatial" in action.flags):
        return _BUILDS
    if copies_online(server):
        return _REBUILDS if words else _BUILDS
    return Effect("SHARED", CHANGES, scans=True, rewrites=words)


def _added(action: Action, server: Server) -> Effect:
    flags, maria = action.flags, server.product == "mariadb"
    if "identity" in flags:
        return _copy(None)
    if "stored" in flags or (not maria and "check" in flags):
        return _copy(server)
    if set(action.functions) & _EACH_ROW_ITS_OWN:
        return _copy(server)
    if flags & {"unique", "primary-key"}:
        return _REBUILDS
    instant = (10, 3) if maria else (8, 0, 12)
    if "positioned" in flags:
        instant = (10, 4) if maria else (8, 0, 29)
    return _REBUILDS if server.before(*instant) and "virtual" not in flags else _FREE


def _constraint(action: Action, server: Server) -> Effect:
    if action.constraint == "primary-key":
        return _REBUILDS
    return _BUILDS if action.constraint in ("unique", "other") else _copy(server)
