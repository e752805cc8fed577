"""What the rest of its file, and the session so far, say of a change."""

from __future__ import annotations

from typing import Any, Final, Literal

from dten_audit.derive.schema.book import Rank, SqlFile, bare, column_key, is_primary
from dten_audit.derive.schema.checks import is_restored, switched_off
from dten_audit.derive.schema.state import State
from dten_audit.model.facts.sql import Action, Dialect, SqlStatement

Fields = dict[str, Any]
"""Some fields of a ``SchemaChange`` by their names: all of them are set at once."""
NEVER: Final[Rank] = (-1, -1)
_ASSERTABLE: Final[dict[Dialect, frozenset[str]]] = {
    "mysql": frozenset(
        "add_column drop_column alter_type rename_column set_default drop_default set_not_null"
        " create_index add_index drop_index add_constraint drop_constraint rebuild_table"
        " convert_charset rename_index".split()
    ),
    "tsql": frozenset(("create_index", "alter_type", "rebuild_table", "reindex")),
    "oracle": frozenset(("create_index", "drop_index", "reindex", "set_tablespace")),
}
"""Changes of which a statement may demand that they leave others at work (ALGORITHM, ONLINE)."""
_KEYS: Final = ("unique", "primary-key")
_ENUM_IN_TRANSACTION: Final = 12
_INSTANT_TAKES_NO_LOCK: Final = frozenset(("lock-none", "lock-shared", "lock-exclusive"))


def surroundings(action: Action, statement: SqlStatement, state: State, file: SqlFile) -> Fields:
    """Return what stands before and after a change."""
    order, dialect = statement.order, state.dialect
    rank = (order, action.part)
    off = switched_off(action, dialect)
    rebuilt = _is_rebuilt(action, rank, state, file)
    cleared = action.verb == "create_index" and state.tables.is_cleared(action.name, dialect)
    again = file.created.get(_object(action), NEVER)
    swapped = action.verb == "drop_constraint" and again == rank
    later = action.verb == "add_constraint" and _is_checked(action, rank, file)
    return Fields(
        recreated=rebuilt or swapped or again > rank,
        rebuilt=rebuilt,
        rekeyed=_is_rekeyed(action, rank, file),
        cleared=cleared,
        restored=bool(off) and is_restored(off, action, order, file.restored),
        checked_later=later,
        replica_identity=state.tables.has_identity(action.table, dialect),
        online=_online(action, dialect),
        confidence="medium" if dialect == "generic" else "high",
    )


def _is_rebuilt(action: Action, rank: Rank, state: State, file: SqlFile) -> bool:
    """Say whether a copy takes, or has taken, the place of a dropped table or column."""
    if action.verb == "drop_column":
        return file.renamed_to.get(column_key(action.table, action.column), NEVER) > rank
    if action.verb != "drop_table":
        return False
    if state.tables.is_replaced(action.table, state.dialect):
        return True
    return file.renamed_to.get(bare(action.table), NEVER) > rank


def _is_rekeyed(action: Action, rank: Rank, file: SqlFile) -> bool:
    """Say whether the table gets a primary key again, perhaps on other columns."""
    dropped = action.verb == "drop_constraint" and is_primary(action)
    return dropped and file.created.get(f"{bare(action.table)} primary-key", NEVER) >= rank


def _object(action: Action) -> str:
    """Return under which name a file would create again what an action takes away."""
    if action.verb in ("drop_constraint", "add_constraint") and not action.name:
        return f"{bare(action.table)} {action.constraint}"
    if action.verb == "rename_column":
        return column_key(action.table, action.column)
    if action.verb == "drop_column":  # a computed column has no data of its own
        return f"{column_key(action.table, action.column)} computed"
    whole = ("drop_table", "truncate", "rename_table")
    return bare(action.table if action.verb in whole else action.name)


def _is_checked(action: Action, rank: Rank, file: SqlFile) -> bool:
    names = (bare(action.name), f"{bare(action.table)} all")
    return any(file.checked.get(name, NEVER) > rank for name in names)


def _online(action: Action, dialect: Dialect) -> Literal["", "asserted", "unasserted"]:
    key = dialect == "tsql" and action.verb == "add_constraint" and action.constraint in _KEYS
    if action.verb not in _ASSERTABLE.get(dialect, ()) and not key:
        return ""
    if dialect == "mysql":
        given = any(flag.startswith(("algorithm-", "lock-")) for flag in action.flags)
    else:
        given = "online" in action.flags
    return "asserted" if given else "unasserted"


def failure(action: Action, state: State, version: int) -> str:
    """Return the error that a statement always ends in; empty where it may succeed."""
    flags = action.flags
    if state.dialect == "mysql" and "algorithm-instant" in flags and flags & _INSTANT_TAKES_NO_LOCK:
        return "error 1221, ALGORITHM=INSTANT takes no LOCK clause"
    if state.dialect != "postgres" or not state.in_transaction:
        return ""
    if action.verb == "use_enum_value" and action.value in state.new_values:
        return f"unsafe use of the new value '{action.value}'"
    if action.verb == "add_enum_value" and 0 < version < _ENUM_IN_TRANSACTION:
        return "ALTER TYPE … ADD VALUE cannot run inside a transaction block"
    return ""
