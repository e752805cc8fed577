"""Checks that a script switches off: triggers, foreign keys; and whether the file restores them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dten_audit.derive.schema.settings import effective
from dten_audit.model.facts.sql import Action, Dialect, SqlStatement

_SETTINGS: Final = {"session_replication_role": 1, "foreign_key_checks": 0}
"""Settings that switch checks off, each with the value that does."""
_TABLES: Final = frozenset(("disable_trigger", "disable_constraint"))
_BACK: Final = {"enable_trigger": "disable_trigger", "enable_constraint": "disable_constraint",
    "validate_constraint": "disable_constraint"}  # fmt: skip


def switched_off(action: Action, dialect: Dialect) -> str:
    """Return what an action switches off, as a key; empty where it switches nothing off."""
    name = action.name.lower()
    if action.verb == "set" and name in _SETTINGS:
        value = effective(action.value.lower().strip("'\" "), dialect, name)
        return name if value == _SETTINGS[name] else ""
    if action.verb in _TABLES and ("all" in action.flags or name == "all"):
        return f"{action.verb} {action.table.lower()}"
    return ""


def _switched_on(action: Action) -> str:
    name = action.name.lower()
    if action.verb == "set" and name in _SETTINGS:
        return name
    if action.verb == "reset":
        return "*" if name == "all" else name
    if action.verb in _BACK and ("all" in action.flags or name == "all"):
        return f"{_BACK[action.verb]} {action.table.lower()}"
    return ""


def restored_in(statements: Iterable[SqlStatement]) -> dict[str, tuple[int, int]]:
    """Return the rank of the last statement of a file that switches each thing on again."""
    found: dict[str, tuple[int, int]] = {}
    for statement in statements:
        for action in statement.actions:
            key = _switched_on(action)
            if key and not switched_off(action, statement.dialect):
                found[key] = (statement.order, action.part)
    return found


def is_restored(key: str, action: Action, order: int, restored: dict[str, tuple[int, int]]) -> bool:
    """Say whether the same file, or the end of the transaction, switches it on again."""
    local = action.verb == "set" and "local" in action.flags
    names = (key, "*") if action.verb == "set" else (key,)
    rank = (order, action.part)
    return local or any(restored[name] > rank for name in names if name in restored)
