"""Whether a change reads, copies or checks all rows, by what is known of the table before."""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.derive.schema.rewrites import (
    TABLE_TYPES,
    Around,
    added_column,
    changed_type,
    redefined,
)
from dten_audit.derive.schema.state import State
from dten_audit.model.facts.sql import Action
from dten_audit.model.unknown import Unknown
from dten_audit.readers.sql.locks import Effect
from dten_audit.readers.sql.servers import Server

_CHECKED: Final = frozenset(("foreign-key", "check", "not-null", "exclude"))
_NOT_NULL_WITHOUT_SCAN: Final = 12
_FOREIGN_KEYS_OFF: Final = "foreign_key_checks"
_KEYS: Final = frozenset(("unique", "primary-key"))
_NOT_NULL: Final = "not null"


class Scan(NamedTuple):
    """All rows are read under the lock; written anew; tried, so that any may end the statement.

    ``free``: others may write all the while.
    """

    reads: bool | Unknown
    copies: bool | Unknown
    checks: bool | Unknown = False
    free: bool = False


def scan_of(action: Action, effect: Effect, state: State, version: int, *servers: Server) -> Scan:
    """Return what an action does to the rows. ``version`` is the server's, 0 where not known."""
    dialect = state.dialect
    if action.verb == "add_column" and dialect != "mysql":
        return _added(action, state, version)
    if action.verb == "alter_type":
        before = state.tables.type_of(action.table, action.column, dialect)
        if dialect == "mysql":
            change = redefined(action, before, servers)
            return Scan(change.copies, change.copies, _required(action, before, state), change.free)
        around = around_of(state, version)
        if dialect == "generic":
            copies = _in_any(action, before, around)
        else:
            copies = changed_type(action, before, dialect, around)
        return Scan(copies, copies, _required(action, before, state))
    if action.verb == "set_not_null":
        proven = state.tables.is_proven(action.table, action.column, dialect)
        old = 0 < version < _NOT_NULL_WITHOUT_SCAN
        reads = (not proven or old) and "not-valid" not in action.flags
        return Scan(reads, effect.rewrites, reads)
    if action.verb == "add_constraint":
        unchecked = action.flags & {"not-valid", "using-index"}
        checks = not unchecked and action.constraint in _CHECKED
        if dialect == "mysql" and action.constraint == "foreign-key":
            copies = state.settings.get(_FOREIGN_KEYS_OFF) != 0
            return Scan(copies, copies, checks)
        return Scan(effect.scans, effect.rewrites, checks)
    if action.verb == "add_domain_constraint":
        return Scan(effect.scans, effect.rewrites, effect.scans)
    if action.verb == "attach_partition":
        return Scan(_attached(action, state), effect.rewrites)
    return Scan(effect.scans, effect.rewrites)


def _in_any(action: Action, before: str, around: Around) -> bool | Unknown:
    """Say of a server that is not known: as PostgreSQL does it, which must be MySQL's way to copy.

    Where a package speaks of MySQL at all, the dialect is known.
    """
    copies, mysql = (changed_type(action, before, each, around) for each in ("postgres", "mysql"))
    return copies if copies in (False, mysql) else TABLE_TYPES


def around_of(state: State, version: int) -> Around:
    """Return what of the session and of the package decides about types."""
    return Around(version, state.settings.text("timezone"), state.tables.domains)


def _added(action: Action, state: State, version: int) -> Scan:
    """A new column is null in all rows: a CHECK is still tried on each, a foreign key is not.

    PostgreSQL 18 manual, ALTER TABLE, "ADD COLUMN" and "Notes".
    """
    copies = added_column(action, state.dialect, version, around_of(state, version))
    if state.dialect != "postgres":
        return Scan(copies, copies)
    filled = "default" in action.flags
    checks = "check" in action.flags or ("references" in action.flags and filled)
    reads = True if checks or action.flags & _KEYS else copies
    return Scan(reads, copies, checks)


def _required(action: Action, before: str, state: State) -> bool | Unknown:
    """``MODIFY c int NOT NULL`` and ``ALTER COLUMN c int NOT NULL`` also say that none is null."""
    if "not-null" not in action.flags or state.dialect not in ("mysql", "tsql"):
        return False
    return not before.endswith(_NOT_NULL) if before else TABLE_TYPES


def _attached(action: Action, state: State) -> bool:
    """Say whether ATTACH reads the new partition: not where it is new, or a CHECK bounds it."""
    child = action.name
    known = state.tables.origin(child, "", state.dialect) in ("file", "set")
    return not known and not state.tables.is_bounded(child, state.dialect)
