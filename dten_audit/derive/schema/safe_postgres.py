"""PostgreSQL: the statements that do the same without stopping anybody, for the case at hand.

`tests/oracles/test_safe_forms.py` runs them on real servers: each is accepted, and no step holds a
lock against readers or writers while it reads or copies the table.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.model.facts.sql import Action

_TIMEOUT: Final = "SET lock_timeout = '5s';"
_OWN: Final = "/* then, in a transaction of its own: */"
_BATCH: Final = "/* repeat, a transaction each, until it changes no row: */"
_ROWS: Final = 5000
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_$]*")
_COMPUTED: Final = re.compile(r"[<${%:?]")
_SERIAL: Final = {
    "serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint",
    "smallserial": "smallint", "serial2": "smallint",
}  # fmt: skip
_NEXT: Final = (
    r"(?=\s+(?:not|null|primary|unique|references|check|constraint|generated|collate)\b|$)"
)
_DEFAULT: Final = re.compile(rf"(?i)\bdefault\s+(.+?){_NEXT}")


def quoted(name: str) -> str:
    """Return a name as it must stand in a statement; what only the run tells, as it is."""
    parts = name.split(".")
    return ".".join(
        part if _PLAIN.fullmatch(part) or _COMPUTED.match(part) else f'"{part}"' for part in parts
    )


def _made_name(*parts: str) -> str:
    """Return a name for something new, as PostgreSQL makes them: at most 63 bytes."""
    words = "_".join(re.sub(r"\W+", "_", part.rpartition(".")[2]) for part in parts if part)
    return quoted(words[:63])


def _line(*steps: str) -> str:
    return " ".join(step for step in steps if step)


def create_index(action: Action) -> str:
    """Build it beside the traffic; an earlier try that failed leaves an invalid index behind."""
    found = re.match(r"(?i)(create\s+(?:unique\s+)?index)\s+(if\s+not\s+exists\s+)?", action.text)
    if found is None:
        return ""
    rest = action.text[found.end() :]
    gone = f"DROP INDEX CONCURRENTLY IF EXISTS {quoted(action.name)};" if found[2] else ""
    return _line(gone, f"{found[1].upper()} CONCURRENTLY {rest};")


def drop_index(action: Action) -> str:
    """Drop indexes one by one: CONCURRENTLY takes one, and no CASCADE."""
    exists = "IF EXISTS " if "if-exists" in action.flags else ""
    return f"DROP INDEX CONCURRENTLY {exists}{quoted(action.name)};" if action.name else ""


def reindex(action: Action) -> str:
    """Build the index anew beside the old one (12 and later)."""
    kind = next((k for k in ("index", "table", "schema") if k in action.flags), "")
    name = action.name or action.table
    return f"REINDEX {kind.upper()} CONCURRENTLY {quoted(name)};" if kind and name else ""


def refresh_view(action: Action) -> str:
    """Needs a unique index on the view, and rows in it."""
    if "no-data" in action.flags:
        return ""
    return f"REFRESH MATERIALIZED VIEW CONCURRENTLY {quoted(action.table)};"


def detach_partition(action: Action) -> str:
    """From 14 on."""
    table, part = quoted(action.table), quoted(action.name)
    return f"ALTER TABLE {table} DETACH PARTITION {part} CONCURRENTLY;"


def _proven(table: str, column: str) -> str:
    """Make a column NOT NULL without reading it under the lock (12 and later)."""
    check = _made_name(table, column, "is_set")
    return _line(
        _TIMEOUT,
        f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;",
        f"{_OWN} ALTER TABLE {table} VALIDATE CONSTRAINT {check};",
        f"{_OWN} ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;",
        f"ALTER TABLE {table} DROP CONSTRAINT {check};",
    )


def set_not_null(action: Action) -> str:
    """A validated CHECK spares SET NOT NULL its scan."""
    return _proven(quoted(action.table), quoted(action.column))


def add_constraint(action: Action) -> str:
    """Add it unchecked and check it later, or build its index first."""
    table = quoted(action.table)
    body = " ".join(action.text.split())
    if action.constraint in ("foreign-key", "check", "not-null"):
        columns = re.search(r"(?i)foreign\s+key\s*\(([^()]*)\)", body)
        kind = "fkey" if action.constraint == "foreign-key" else "check"
        column = columns[1].replace('"', "") if columns else action.column
        name = quoted(action.name) if action.name else _made_name(action.table, column, kind)
        if not action.name:
            body = re.sub(r"(?i)^add\b(?:\s+constraint\b)?", f"ADD CONSTRAINT {name}", body)
        return _line(
            _TIMEOUT, f"ALTER TABLE {table} {body} NOT VALID;",
            _OWN, f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
        )  # fmt: skip
    return _indexed(action, table, body)


_KEY: Final = re.compile(
    r"(?i)\b(unique|primary\s+key)\s*((?:nulls\s+(?:not\s+)?distinct\s*)?)\(([^()]*)\)"
    r"(\s+include\s*\([^()]*\))?((?:\s+(?:not\s+deferrable|deferrable|initially\s+\w+))*)\s*$"
)


def _indexed(action: Action, table: str, body: str, *, proven: bool = False) -> str:
    found = _KEY.search(body)
    if found is None:
        return ""
    primary = found[1].lower() != "unique"
    columns = [column.strip() for column in found[3].split(",")]
    suffix = "pkey" if primary else "key"
    plain = () if primary else tuple(column.strip('"') for column in columns)
    name = quoted(action.name) if action.name else _made_name(action.table, *plain, suffix)
    nulls = f" {found[2].strip()}" if found[2] else ""
    index = _made_name(name.strip('"'), "idx")
    kind = "PRIMARY KEY" if primary else "UNIQUE"
    return _line(
        *(_proven(table, column) for column in columns if primary and not proven),
        f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {table} ({found[3]}){found[4] or ''}{nulls};",
        _TIMEOUT,
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {index}{found[5]};",
    )


def _filled(table: str, column: str, value: str) -> str:
    return (
        f"{_BATCH} UPDATE {table} SET {column} = {value} WHERE ctid = ANY (ARRAY("
        f"SELECT ctid FROM {table} WHERE {column} IS NULL LIMIT {_ROWS}));"
    )


_APART: Final = frozenset(("check", "references", "unique", "primary-key"))


def add_column(action: Action) -> str:
    """Add it empty, fill it in batches, and make it required last."""
    table, column = quoted(action.table), quoted(action.column)
    flags = action.flags
    if "stored" in flags or not column:
        return ""
    if flags & {"serial", "identity"}:
        return _numbered(action, table, column)
    required = "not-null" in flags and "default" not in flags
    if not (required or action.functions or flags & _APART):
        return ""
    default = _DEFAULT.search(action.text)
    value = default[1] if default else ""
    kind = action.value
    volatile = bool(default and action.functions)
    inline = f" DEFAULT {value}" if value and not volatile else ""
    steps = [_TIMEOUT, f"ALTER TABLE {table} ADD COLUMN {column} {kind}{inline};"]
    if volatile:
        steps.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value};")
        steps.append(_filled(table, column, "DEFAULT"))
    elif "not-null" in flags and not value:
        steps.append(_filled(table, column, "<value>"))
    if "not-null" in flags and not inline:
        steps.append(_proven(table, column))
    return _line(*steps, *_apart(action, table, column))


def _apart(action: Action, table: str, column: str) -> list[str]:
    """What stands in the column's definition, as constraints of their own."""
    found = []
    check = re.search(r"(?i)\bcheck\s*(\(.*\))", action.text)
    if "check" in action.flags and check:
        body = f"ADD CHECK {_balanced(check[1])}"
        found.append(add_constraint(action._replace(constraint="check", text=body, name="")))
    target = re.search(r"(?i)\breferences\s+([\w.\"]+(?:\s*\([^()]*\))?)", action.text)
    if "references" in action.flags and target:
        body = f"ADD FOREIGN KEY ({column}) REFERENCES {target[1]}"
        found.append(add_constraint(action._replace(constraint="foreign-key", text=body, name="")))
    for word, name in (("unique", "UNIQUE"), ("primary-key", "PRIMARY KEY")):
        if word in action.flags:
            set_already = "identity" in action.flags or "serial" in action.flags
            bare = action._replace(name="", constraint=word)
            found.append(_indexed(bare, table, f"ADD {name} ({column})", proven=set_already))
    return found


def _balanced(text: str) -> str:
    """Return the parenthesis that a text starts with."""
    depth = 0
    for number, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        if depth == 0:
            return text[: number + 1]
    return text


def _numbered(action: Action, table: str, column: str) -> str:
    """A sequence of its own numbers the old rows of serial and identity in batches."""
    kind = _SERIAL.get(action.value, action.value)
    ending = "numbers" if "identity" in action.flags else "seq"
    sequence = _made_name(action.table, action.column, ending)
    following = f"nextval('{sequence}')"
    steps = [
        _TIMEOUT,
        f"CREATE SEQUENCE {sequence};",
        f"ALTER TABLE {table} ADD COLUMN {column} {kind};",
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {following};",
        _filled(table, column, "DEFAULT"),
        _proven(table, column),
    ]
    if "identity" in action.flags:
        always = "ALWAYS" if re.search(r"(?i)\balways\b", action.text) else "BY DEFAULT"
        steps += [
            f"BEGIN; ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;",
            f"ALTER TABLE {table} ALTER COLUMN {column} ADD GENERATED {always} AS IDENTITY;",
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {following});",
            f"DROP SEQUENCE {sequence}; COMMIT;",
        ]
    else:
        steps.append(f"ALTER SEQUENCE {sequence} OWNED BY {table}.{column};")
    return _line(*steps, *_apart(action, table, column))


def alter_type(action: Action) -> str:
    """A second column of the new type, kept in step by a trigger, then a change of names."""
    table, column = quoted(action.table), quoted(action.column)
    new, old = _made_name(action.column, "new"), _made_name(action.column, "old")
    sync = _made_name(action.table, action.column, "sync")
    if not action.value or not action.column:
        return ""
    if "using" in action.flags:
        return _line(
            _TIMEOUT, f"ALTER TABLE {table} ADD COLUMN {new} {action.value};",
            "/* fill it in batches by the expression of USING, keep it in step by a trigger, then"
            " change the two names in a short transaction */",
        )  # fmt: skip
    cast = f"{column}::{action.value}"
    return _line(
        _TIMEOUT, f"ALTER TABLE {table} ADD COLUMN {new} {action.value};",
        f"CREATE FUNCTION {sync}() RETURNS trigger LANGUAGE plpgsql AS"
        f" 'BEGIN NEW.{new} := NEW.{cast}; RETURN NEW; END';",
        f"CREATE TRIGGER {sync} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"
        f" EXECUTE FUNCTION {sync}();",
        f"{_BATCH} UPDATE {table} SET {new} = {cast} WHERE ctid = ANY (ARRAY(SELECT ctid FROM"
        f" {table} WHERE {new} IS NULL AND {column} IS NOT NULL LIMIT {_ROWS}));",
        "/* build its indexes CONCURRENTLY, its constraints NOT VALID, validate them; then: */",
        f"BEGIN; DROP TRIGGER {sync} ON {table}; ALTER TABLE {table} RENAME COLUMN {column} TO"
        f" {old}; ALTER TABLE {table} RENAME COLUMN {new} TO {column}; COMMIT;",
        f"DROP FUNCTION {sync}(); /* once nothing reads it any more: */ ALTER TABLE {table}"
        f" DROP COLUMN {old};",
    )  # fmt: skip


def delete(action: Action) -> str:
    """Some thousand rows at a time."""
    table = quoted(action.table)
    return (
        f"{_BATCH} DELETE FROM {table} WHERE ctid = ANY (ARRAY("
        f"SELECT ctid FROM {table} LIMIT {_ROWS}));"
    )
