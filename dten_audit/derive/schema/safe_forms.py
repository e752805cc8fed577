"""The SQL to use instead of a statement that blocks, for the names of the case at hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dten_audit.derive.schema import safe_postgres
from dten_audit.model.facts.sql import Action, Dialect


def safe_form(action: Action, dialect: Dialect) -> str:
    """Return what does the same without blocking, on one line; empty where there is no such form.

    Steps that must not share a transaction say so in comments. ``<…>`` stands for what only the
    vendor knows.
    """
    forms = _FORMS.get(dialect, {})
    form = forms.get(action.verb)
    return form(action) if form is not None and action.certainty != "computed" else ""


def _clause(action: Action) -> str:
    return " ".join(action.text.split())


def _ghost(action: Action) -> str:
    """MySQL: a copy beside the table, kept in step from the binary log."""
    if not action.table:
        return ""
    clause = _clause(action).replace('"', "'")
    return f'gh-ost --database=<database> --table={action.table} --alter="{clause}" --execute'


def _mysql_index(action: Action) -> str:
    if action.flags & {"fulltext", "spatial"}:
        return _ghost_index(action)
    asked = re.sub(r"(?i)\s*,?\s*\b(?:algorithm|lock)\s*=?\s*\w+", "", _clause(action))
    if action.verb == "add_index":
        return f"ALTER TABLE {action.table} {asked}, ALGORITHM=INPLACE, LOCK=NONE;"
    return f"{asked} ALGORITHM=INPLACE LOCK=NONE;"


def _ghost_index(action: Action) -> str:
    clause = re.sub(r"(?i)^create\s+(.*?)\s+on\s+\S+?\s*\(", r"ADD \1 (", _clause(action))
    return _ghost(action._replace(text=clause))


def _mysql_constraint(action: Action) -> str:
    if action.constraint != "foreign-key":
        return _ghost(action) if action.constraint == "check" else ""
    return (
        "/* look for rows without their parent first: nothing checks them */"
        f" SET SESSION foreign_key_checks = 0; ALTER TABLE {action.table} {_clause(action)},"
        " ALGORITHM=INPLACE, LOCK=NONE; SET SESSION foreign_key_checks = 1;"
    )


def _tsql_index(action: Action) -> str:
    text = _clause(action)
    if re.search(r"(?i)\bwith\s*\(", text):
        return re.sub(r"(?i)\bwith\s*\(", "WITH (ONLINE = ON, ", text, count=1) + ";"
    return f"{text} WITH (ONLINE = ON);" if "(" in text else ""


def _tsql_constraint(action: Action) -> str:
    if action.constraint not in ("foreign-key", "check") or not action.name:
        return ""
    clause = re.sub(r"(?i)^with\s+check\s+", "", _clause(action))
    return (
        f"ALTER TABLE {action.table} WITH NOCHECK {clause}; /* then, when little is written: */"
        f" ALTER TABLE {action.table} WITH CHECK CHECK CONSTRAINT {action.name};"
    )


def _tsql_type(action: Action) -> str:
    null = " NOT NULL" if "not-null" in action.flags else ""
    return (
        f"ALTER TABLE {action.table} ALTER COLUMN {action.column} {action.value}{null}"
        " WITH (ONLINE = ON);"
    )


def _tsql_batches(action: Action) -> str:
    if action.verb == "update":
        return _ranges(action)
    return f"WHILE 1 = 1 BEGIN DELETE TOP (5000) FROM {action.table}; IF @@ROWCOUNT = 0 BREAK; END;"


def _oracle_online(action: Action) -> str:
    return f"{_clause(action)} ONLINE;"


def _oracle_constraint(action: Action) -> str:
    if action.constraint not in ("foreign-key", "check") or not action.name:
        return ""
    return (
        f"ALTER TABLE {action.table} {_clause(action)} ENABLE NOVALIDATE; ALTER TABLE"
        f" {action.table} MODIFY CONSTRAINT {action.name} VALIDATE;"
    )


def _mysql_batches(action: Action) -> str:
    if action.verb == "update":
        return _ranges(action)
    return f"/* repeat until it deletes no row: */ DELETE FROM {action.table} LIMIT 5000;"


def _ranges(action: Action) -> str:
    return (
        f"{_clause(action)} WHERE <key> BETWEEN <first> AND <last>;"
        " /* for each range of some thousand keys, a transaction each */"
    )


_FORMS: Final[dict[Dialect, dict[str, Callable[[Action], str]]]] = {
    "postgres": {
        "create_index": safe_postgres.create_index,
        "drop_index": safe_postgres.drop_index,
        "add_constraint": safe_postgres.add_constraint,
        "set_not_null": safe_postgres.set_not_null,
        "add_column": safe_postgres.add_column,
        "alter_type": safe_postgres.alter_type,
        "refresh_view": safe_postgres.refresh_view,
        "reindex": safe_postgres.reindex,
        "detach_partition": safe_postgres.detach_partition,
        "update": _ranges,
        "delete": safe_postgres.delete,
    },
    "mysql": {
        "create_index": _mysql_index,
        "add_index": _mysql_index,
        "alter_type": _ghost,
        "convert_charset": _ghost,
        "add_column": _ghost,
        "add_constraint": _mysql_constraint,
        "update": _mysql_batches,
        "delete": _mysql_batches,
    },
    "tsql": {
        "create_index": _tsql_index,
        "add_constraint": _tsql_constraint,
        "alter_type": _tsql_type,
        "update": _tsql_batches,
        "delete": _tsql_batches,
    },
    "oracle": {
        "create_index": _oracle_online,
        "drop_index": _oracle_online,
        "add_constraint": _oracle_constraint,
        "update": _ranges,
        "delete": _ranges,
    },
    "sqlite": {"update": _ranges, "delete": _ranges},
    "generic": {"update": _ranges, "delete": _ranges},
}
