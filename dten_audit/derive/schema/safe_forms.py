"""The SQL to use instead of a statement that blocks, for the names of the case at hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dten_audit.model.facts.sql import Action, Dialect

_CREATE_INDEX: Final = re.compile(r"(?i)^(create\s+(?:unique\s+)?index)\b(?!\s+concurrently)\s*")
_DROP_INDEX: Final = re.compile(r"(?i)^(drop\s+index)\b(?!\s+concurrently)\s*")
_NAME: Final = "<name>"


def safe_form(action: Action, dialect: Dialect) -> str:
    """Return what does the same without blocking; empty where there is no such form."""
    forms = _FORMS.get(dialect, {})
    form = forms.get(action.verb)
    return form(action) if form is not None and action.certainty != "computed" else ""


def _index(action: Action) -> str:
    if not _CREATE_INDEX.match(action.text):
        return ""
    return _CREATE_INDEX.sub(r"\1 CONCURRENTLY ", action.text) + ";"


def _drop_index(action: Action) -> str:
    return _DROP_INDEX.sub(r"\1 CONCURRENTLY ", action.text) + ";"


def _constraint(action: Action) -> str:
    table, name = action.table, action.name or _NAME
    body = " ".join(action.text.split())
    if action.constraint in ("foreign-key", "check", "not-null"):
        named = body if action.name else re.sub(r"(?i)^add\b", f"ADD CONSTRAINT {name}", body)
        return (
            f"ALTER TABLE {table} {named} NOT VALID; -- then, in a transaction of its own:"
            f" ALTER TABLE {table} VALIDATE CONSTRAINT {name};"
        )
    columns = re.search(r"\(([^()]*)\)", body)
    if action.constraint in ("unique", "primary-key") and columns:
        kind = "UNIQUE" if action.constraint == "unique" else "PRIMARY KEY"
        return (
            f"CREATE UNIQUE INDEX CONCURRENTLY {name}_idx ON {table} ({columns[1]}); -- then:"
            f" ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}_idx;"
        )
    return ""


def _not_null(action: Action) -> str:
    table, column = action.table, action.column
    check = f"{column}_not_null"
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;"
        f" ALTER TABLE {table} VALIDATE CONSTRAINT {check}; ALTER TABLE {table} ALTER COLUMN"
        f" {column} SET NOT NULL; ALTER TABLE {table} DROP CONSTRAINT {check};"
    )


def _add_column(action: Action) -> str:
    table, column = action.table, action.column
    kind = _PLAIN_TYPES.get(action.value, action.value)
    if "stored" in action.flags:
        return ""
    return (
        f"ALTER TABLE {table} ADD COLUMN {column} {kind}; then set the default for new rows, fill"
        " the old ones in batches, and add NOT NULL last"
    )


_PLAIN_TYPES: Final = {
    "serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint",
    "smallserial": "smallint",
}  # fmt: skip


def _new_column(action: Action) -> str:
    return (
        f"add a column {action.column}_new of type {action.value}, fill it in batches beside the"
        " running service, then swap the names"
    )


def _concurrently(word: str) -> Callable[[Action], str]:
    pattern = re.compile(rf"(?i)^({word})\s+(?:\([^()]*\)\s*)?")
    return lambda action: pattern.sub(r"\1 CONCURRENTLY ", action.text) + ";"


def _online(action: Action) -> str:
    return action.text + " WITH (ONLINE = ON);" if "(" in action.text else ""


def _oracle_online(action: Action) -> str:
    return action.text + " ONLINE;"


def _batches(action: Action) -> str:
    return f"{action.verb.upper()} {action.table} in batches of some thousand rows by primary key"


_FORMS: Final[dict[Dialect, dict[str, Callable[[Action], str]]]] = {
    "postgres": {
        "create_index": _index,
        "drop_index": _drop_index,
        "add_constraint": _constraint,
        "set_not_null": _not_null,
        "add_column": _add_column,
        "alter_type": _new_column,
        "refresh_view": _concurrently("refresh materialized view"),
        "reindex": _concurrently("reindex (?:table|index|schema|database)"),
        "update": _batches,
        "delete": _batches,
    },
    "mysql": {"alter_type": _new_column, "update": _batches, "delete": _batches},
    "tsql": {"create_index": _online, "update": _batches, "delete": _batches},
    "oracle": {
        "create_index": _oracle_online,
        "drop_index": _oracle_online,
        "update": _batches,
        "delete": _batches,
    },
    "sqlite": {},
    "generic": {"update": _batches, "delete": _batches},
}
