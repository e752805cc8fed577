"""Columns, indexes and foreign keys of Rails' migrations as SQL text.

Source: Ruby on Rails 7.2 guides, "Active Record Migrations"; API of
ActiveRecord::ConnectionAdapters::SchemaStatements and TableDefinition; read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.values import (
    is_given,
    is_nothing,
    literal,
    pairs,
    truth,
    word,
    words,
)
from dten_audit.readers.programs.values import Arguments, Called, Name, Number, Pairs, Value
from dten_audit.readers.shell.values import Field

TYPES: Final = {
    "string": "varchar", "text": "text", "integer": "integer", "bigint": "bigint",
    "smallint": "smallint", "float": "float", "decimal": "decimal", "numeric": "numeric",
    "datetime": "timestamp", "timestamp": "timestamp", "timestamptz": "timestamp with time zone",
    "time": "time", "date": "date", "binary": "blob", "blob": "blob", "boolean": "boolean",
    "json": "json", "jsonb": "jsonb", "uuid": "uuid", "inet": "inet", "cidr": "cidr",
    "hstore": "hstore", "citext": "citext", "tsvector": "tsvector", "virtual": "",
    "primary_key": "bigint", "serial": "integer", "bigserial": "bigint", "tinyint": "tinyint",
    "mediumtext": "mediumtext", "longtext": "longtext", "tinytext": "tinytext", "xml": "xml",
    "interval": "interval", "money": "money", "bit": "bit", "macaddr": "macaddr",
    "int4range": "int4range", "daterange": "daterange", "tsrange": "tsrange",
    "tstzrange": "tstzrange", "int8range": "int8range", "numrange": "numrange", "enum": "",
    "point": "point", "ltree": "ltree", "oid": "oid", "double": "double precision",
}  # fmt: skip
KEYS: Final = frozenset(("primary_key", "serial", "bigserial"))
_SPECIAL: Final = re.compile(r"\W")


def options(arguments: Arguments) -> dict[str, Value]:
    """Return the options of a call, those of a literal hash included."""
    found: dict[str, Value] = {}
    for value in arguments.positional:
        if isinstance(value, Pairs):
            found.update(pairs(value))
    found.update(dict(arguments.keywords))
    return found


def plain(arguments: Arguments) -> list[Value]:
    """Return the arguments that are no options."""
    return [value for value in arguments.positional if not isinstance(value, Pairs)]


def type_of(name: str, given: dict[str, Value]) -> str:
    """Return a type's SQL, with its limit; a placeholder for one that is not known."""
    known = TYPES.get(name)
    if name == "enum":
        return sql.identifier(word(given.get("enum_type"))) or sql.hole("enum")
    if name == "virtual":
        return type_of(word(given.get("type")), given)
    if known is None:
        return sql.kind(name) if "${" not in name and "(" in name else sql.hole(name)
    size = given.get("limit", given.get("precision") if known in ("decimal", "numeric") else None)
    if known == "integer" and isinstance(size, Number):
        known = {"8": "bigint", "2": "smallint", "1": "smallint"}.get(size.text, known)
    if known in ("varchar", "decimal", "numeric") and isinstance(size, Number):
        scale = given.get("scale")
        known = sql.kind(known, size.text, scale.text if isinstance(scale, Number) else "")
    return known + ("[]" if truth(given.get("array")) else "")


def column_of(name: str, kind: str, given: dict[str, Value]) -> str:
    """Return a column's definition."""
    more = ["PRIMARY KEY"] * truth(given.get("primary_key"))
    if kind == "virtual":
        stored = "STORED" if truth(given.get("stored")) else "VIRTUAL"
        more.append(f"GENERATED ALWAYS AS ({sql.expression(word(given.get('as')))}) {stored}")
    null = given.get("null")
    return sql.column(
        name,
        type_of(kind, given),
        null=truth(null, default=True) if null is not None else True,
        default=default_of(given.get("default")),
        identity=kind in KEYS or truth(given.get("auto_increment")),
        more=" ".join(more),
    )


def default_of(value: Value | None) -> str:
    """Return a default; a function (``-> { "now()" }``) as it is written."""
    if value is None or is_nothing(value):
        return ""
    if isinstance(value, (Field, Number)):
        return literal(value)
    if isinstance(value, Name) and value.path in ("true", "false"):
        return value.path
    text = getattr(value, "text", "")
    inner = re.search(r"[\"']([^\"']{1,80})[\"']", text)
    if text.startswith("->") and inner:
        return sql.expression(inner[1])
    return sql.hole("default")


def index(table: str, columns: Value | None, given: dict[str, Value]) -> str:
    """Return CREATE INDEX; ``table`` is rendered."""
    parts = [
        sql.identifier(name) if not _SPECIAL.search(name) else sql.expression(name)
        for name in words(columns)
    ]
    where = f"WHERE {sql.hole('condition')}" if is_given(given.get("where")) else ""
    concurrently = word(given.get("algorithm")) == "concurrently"
    if isinstance(given.get("algorithm"), (Name, Called)):
        concurrently = True
    return sql.create_index(
        word(given.get("name")) or _name_of_index(table, words(columns)),
        table,
        parts or [sql.hole("columns")],
        unique=truth(given.get("unique")),
        concurrently=concurrently,
        if_missing=truth(given.get("if_not_exists")),
        more=where,
    )


def _name_of_index(table: str, columns: list[str]) -> str:
    """Return the name that Rails makes for an index; empty where its columns are not told."""
    bare = table.replace('"', "").rpartition(".")[2]
    made = f"index_{bare}_on_{'_and_'.join(columns)}"
    return made if columns and re.fullmatch(r"\w+", made) else ""


def drop_index(table: str, arguments: Arguments) -> str:
    """Return DROP INDEX; an index that is told by its columns has a name of Rails' making."""
    given = options(arguments)
    columns = given.get("column") or next(iter(plain(arguments)[1:2]), None)
    name = word(given.get("name")) or _name_of_index(table, words(columns)) or sql.hole("index")
    if "${" in name:
        name = sql.hole("index")
    concurrently = word(given.get("algorithm")) == "concurrently"
    exists = truth(given.get("if_exists"))
    return sql.drop_index(name, table, concurrently=concurrently, if_exists=exists)


def references(
    table: str, name: str, given: dict[str, Value], *, new: bool
) -> Iterator[tuple[str, bool]]:
    """Yield what ``add_reference`` does: columns (True), and statements of their own (False)."""
    kind = word(given.get("type")) or "bigint"
    plain_options = {key: each for key, each in given.items() if key in ("null", "default")}
    column = word(given.get("foreign_key_column")) or f"{name}_id"
    key = given.get("foreign_key")
    target = pairs(key).get("to_table") if isinstance(key, Pairs) else None
    to = sql.dotted(word(target)) if is_given(target) else sql.identifier(plural(name))
    valid = truth(pairs(key).get("validate"), default=True) if isinstance(key, Pairs) else True
    linked = isinstance(key, Pairs) or truth(key)
    inline = to if linked and valid and new else ""
    yield column_of(column, kind, plain_options) + (f" REFERENCES {inline}" * bool(inline)), True
    if truth(given.get("polymorphic")) or isinstance(given.get("polymorphic"), Pairs):
        yield column_of(f"{name}_type", "string", plain_options), True
    wanted = given.get("index")
    if wanted is None or isinstance(wanted, Pairs) or truth(wanted):
        yield index(table, Field(column), pairs(wanted)), False
    if linked and not inline:
        yield (
            sql.add_constraint(table, "", sql.foreign_key([column], to), valid=valid),
            False,
        )


def plural(name: str) -> str:
    """Return the table that a reference points to by its name: Rails' plain plurals."""
    if name.endswith("y") and name[-2:-1] not in tuple("aeiou"):
        return name[:-1] + "ies"
    if name.endswith(("s", "x", "ch", "sh", "z")):
        return name + "es"
    return name + "s"
