"""Names a change in the words of SQL, short enough for the first line of a finding."""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.sql import Action

_COLUMN: Final = {
    "add_column": "ADD COLUMN {column}",
    "drop_column": "DROP COLUMN {column}",
    "alter_type": "ALTER COLUMN {column} TYPE {value}",
    "set_not_null": "ALTER COLUMN {column} SET NOT NULL",
    "drop_not_null": "ALTER COLUMN {column} DROP NOT NULL",
    "set_default": "ALTER COLUMN {column} SET DEFAULT",
    "drop_default": "ALTER COLUMN {column} DROP DEFAULT",
    "rename_column": "RENAME COLUMN {column} TO {value}",
    "rename_table": "RENAME TO {value}",
    "validate_constraint": "VALIDATE CONSTRAINT {name}",
    "drop_constraint": "DROP CONSTRAINT {name}",
    "add_index": "ADD INDEX {name}",
    "set_logged": "SET {value}",
    "attach_partition": "ATTACH PARTITION {name}",
    "detach_partition": "DETACH PARTITION {name}",
    "rebuild_table": "{name} {value}",
    "alter_partitions": "{name} PARTITION",
    "disable_constraint": "NOCHECK CONSTRAINT {name}",
}
_WHOLE: Final = {
    "create_index": "CREATE INDEX {name} ON {table}",
    "drop_index": "DROP INDEX {name}",
    "drop_table": "DROP TABLE {table}",
    "drop_view": "DROP VIEW {name}",
    "drop_materialized_view": "DROP MATERIALIZED VIEW {name}",
    "drop_schema": "DROP SCHEMA {name}",
    "drop_database": "DROP DATABASE {name}",
    "truncate": "TRUNCATE {table}",
    "update": "UPDATE {table}",
    "delete": "DELETE FROM {table}",
    "reindex": "REINDEX {name}",
    "cluster": "CLUSTER {table}",
    "vacuum_full": "VACUUM FULL {table}",
    "refresh_view": "REFRESH MATERIALIZED VIEW {table}",
    "optimize_table": "OPTIMIZE TABLE {table}",
    "lock_table": "LOCK TABLE {table}",
    "create_trigger": "CREATE TRIGGER {name} ON {table}",
    "drop_trigger": "DROP TRIGGER {name} ON {table}",
    "create_policy": "CREATE POLICY {name} ON {table}",
    "drop_policy": "DROP POLICY {name} ON {table}",
    "create_rule": "CREATE RULE {name} ON {table}",
    "reference_table": "a new table that refers to {table}",
    "set": "SET {name} = {value}",
    "add_domain_constraint": "ALTER DOMAIN {name} ADD CONSTRAINT",
    "insert_select": "INSERT INTO {table} … SELECT",
    "add_enum_value": "ALTER TYPE {name} ADD VALUE '{value}'",
    "use_enum_value": "the use of '{value}', new in {name},",
    "rename_index": "RENAME INDEX {name}",
    "rename_schema": "ALTER SCHEMA {name} RENAME TO {value}",
    "rename_enum_value": "ALTER TYPE {name} RENAME VALUE",
    "rename_view": "ALTER VIEW {name} RENAME TO {value}",
}
_KINDS: Final = {
    "foreign-key": "FOREIGN KEY", "primary-key": "PRIMARY KEY", "not-null": "NOT NULL",
    "other": "CONSTRAINT",
}  # fmt: skip
_LONGEST: Final = 160


def words_of(action: Action) -> str:
    """Return ``ALTER TABLE t ADD COLUMN c`` and the like."""
    fields = {
        "table": action.table, "column": action.column, "name": action.name, "value": action.value,
    }  # fmt: skip
    whole = _WHOLE.get(action.verb)
    if whole is not None:
        text = whole.format(**fields).replace("  ", " ").removesuffix(" ON ")
    elif action.verb == "add_constraint":
        kind = _KINDS.get(action.constraint, action.constraint.upper())
        text = f"ALTER TABLE {action.table} ADD {kind} {action.name}"
    else:
        part = _COLUMN.get(action.verb, action.verb.replace("_", " ").upper()).format(**fields)
        text = f"ALTER TABLE {action.table} {part}"
    return text.strip()[:_LONGEST]


def statement_of(action: Action) -> str:
    """Return the source of an action as a statement of its own."""
    whole = action.text.lower().startswith(("alter table", "exec", "create ", "rename table"))
    if whole or action.verb in _WHOLE or not action.table:
        return action.text
    return f"ALTER TABLE {action.table} {action.text}"
