"""Columns and types of SQLAlchemy as SQL text.

Source: SQLAlchemy 2.0, "The Type Hierarchy" and "Column, Table, MetaData API"; read 2026-11-21.
"""

from __future__ import annotations

from typing import Final

from dten_audit.readers.migrations.rendering import (
    check,
    column,
    dotted,
    expression,
    foreign_key,
    hole,
    identifier,
    kind,
    primary_key,
    unique,
)
from dten_audit.readers.migrations.values import is_given, is_nothing, literal, truth, word, words
from dten_audit.readers.programs.values import Called, Items, Name, Number, Value
from dten_audit.readers.shell.values import Field

_TYPES: Final = {
    "Integer": "integer", "INTEGER": "integer", "INT": "integer", "BigInteger": "bigint",
    "BIGINT": "bigint", "SmallInteger": "smallint", "SMALLINT": "smallint", "String": "varchar",
    "VARCHAR": "varchar", "Unicode": "varchar", "NVARCHAR": "varchar", "CHAR": "char",
    "NCHAR": "char", "AutoString": "varchar", "Text": "text", "TEXT": "text",
    "UnicodeText": "text", "LONGTEXT": "longtext", "MEDIUMTEXT": "mediumtext",
    "Boolean": "boolean", "BOOLEAN": "boolean", "DateTime": "timestamp", "DATETIME": "datetime",
    "TIMESTAMP": "timestamp", "Date": "date", "DATE": "date", "Time": "time", "TIME": "time",
    "Interval": "interval", "INTERVAL": "interval", "Float": "float", "FLOAT": "float",
    "Double": "double precision", "DOUBLE": "double precision", "REAL": "real",
    "DOUBLE_PRECISION": "double precision", "Numeric": "numeric", "NUMERIC": "numeric",
    "DECIMAL": "numeric", "LargeBinary": "blob", "BLOB": "blob", "LONGBLOB": "longblob",
    "BINARY": "binary", "VARBINARY": "varbinary", "BYTEA": "bytea", "JSON": "json",
    "JSONB": "jsonb", "UUID": "uuid", "Uuid": "uuid", "PickleType": "blob", "TINYINT": "tinyint",
    "INET": "inet", "CIDR": "cidr", "TSVECTOR": "tsvector", "HSTORE": "hstore", "OID": "oid",
    "CITEXT": "citext", "MACADDR": "macaddr", "BIT": "bit", "MONEY": "money", "XML": "xml",
}  # fmt: skip
_MODULES: Final = frozenset(
    "sa sqlalchemy dialects postgresql mysql mssql sqlite oracle types sqltypes pg psql sqlmodel"
    " db".split()
)
"""Names that modules of SQLAlchemy go by; a type of another module is the application's own."""
_SIZED: Final = frozenset(("varchar", "char", "numeric", "varbinary", "binary", "float", "bit"))
_FRACTIONAL: Final = frozenset(("datetime", "timestamp", "time"))
"""Types that MySQL gives digits after the second with ``fsp``."""
_LENGTHS: Final = ("length", "precision")
_FUNCTIONS: Final = {"now": "now()", "current_timestamp": "CURRENT_TIMESTAMP", "true": "true",
                     "false": "false", "null": "NULL"}  # fmt: skip


def type_of(value: Value | None) -> str:
    """Return a type's SQL; a placeholder for a type of the application's own."""
    if value is None or is_nothing(value):
        return ""
    path = getattr(value, "path", "")
    module, _, short = path.rpartition(".")
    if module and module.partition(".")[0] not in _MODULES:
        return hole(short)
    if isinstance(value, Name):
        return _TYPES.get(short, hole(short))
    if not isinstance(value, Called):
        return hole("type")
    arguments = value.arguments
    if short == "with_variant":
        return hole("type")
    if short in ("Enum", "ENUM"):
        name = word(arguments.option("name"))
        return identifier(name) if name else hole("enum")
    if short == "ARRAY":
        inner = type_of(arguments.get(0, ("item_type",)))
        return f"{inner}[]" if not inner.startswith("$") else inner
    known = _TYPES.get(short)
    if known is None:
        return hole(short)
    if known in ("timestamp", "time") and truth(arguments.get(0, ("timezone",))):
        return f"{known} with time zone"
    digits = arguments.option("fsp")
    if known in _FRACTIONAL and isinstance(digits, Number):
        return kind(known, digits.text)
    if known in _SIZED:
        sizes = [arguments.get(0, _LENGTHS), arguments.get(1, ("scale",))]
        return kind(known, *(each.text for each in sizes if isinstance(each, (Number, Field))))
    return known


def default_of(value: Value | None) -> str:
    """Return a server default as an SQL expression."""
    if isinstance(value, Called):
        short = value.path.rpartition(".")[2]
        if short in ("text", "literal_column", "FetchedValue", "DefaultClause"):
            inner = value.arguments.get(0, ("text",))
            if isinstance(inner, Called):
                return default_of(inner)
            known = isinstance(inner, Field) and inner.known
            return expression(inner.text) if known and isinstance(inner, Field) else hole("default")
        if short in _FUNCTIONS:
            return _FUNCTIONS[short]
        if ".func." in f".{value.path}" and short.isidentifier():
            return f"{short}()"
        return hole(short)
    if isinstance(value, Number):
        return f"'{value.text}'"
    return literal(value)


def column_of(value: Value | None) -> str | None:
    """Return the definition of an ``sa.Column``; None where the value is none."""
    if not isinstance(value, Called) or not value.path.endswith("Column"):
        return None
    arguments = value.arguments
    positional = list(arguments.positional)
    name = word(positional.pop(0)) if positional else word(arguments.option("name"))
    kind_of = arguments.option("type_")
    if kind_of is None and positional and not _is_part(positional[0]):
        kind_of = positional.pop(0)
    parts = [each for each in positional if isinstance(each, Called)]
    references = next((_target(each) for each in parts if _is(each, "ForeignKey")), "")
    more = ["UNIQUE"] * truth(arguments.option("unique"))
    more += ["PRIMARY KEY"] * truth(arguments.option("primary_key"))
    for each in parts:
        if _is(each, "Computed"):
            stored = " STORED" * truth(each.arguments.get(1, ("persisted",)), default=True)
            condition = word(each.arguments.get(0, ("sqltext",)))
            more.append(f"GENERATED ALWAYS AS ({expression(condition)}){stored}")
        elif _is(each, "CheckConstraint"):
            more.append(check(word(each.arguments.get(0, ("sqltext",)))))
    default = arguments.option("server_default")
    null = truth(arguments.option("nullable"), default=True)
    identity = _is(default, "Identity") or any(_is(each, "Identity") for each in parts)
    identity = identity or (_is_key(arguments.option("autoincrement")) and not references)
    return column(
        name,
        type_of(kind_of) or ("" if references else hole("type")),
        null=null,
        default="" if identity else default_of(default),
        identity=identity,
        references=references,
        more=" ".join(more),
    )


def _is_key(value: Value | None) -> bool:
    return truth(value) and value is not None


def _is(value: Value | None, *names: str) -> bool:
    return isinstance(value, Called) and value.path.rpartition(".")[2] in names


def _is_part(value: Value) -> bool:
    return _is(value, "ForeignKey", "Identity", "Computed", "CheckConstraint", "Sequence")


def _target(value: Called) -> str:
    """Return the table of ``ForeignKey("app.users.id")``."""
    written = word(value.arguments.get(0, ("column",)))
    return dotted(written.rpartition(".")[0] or written)


def part_of(value: Value) -> str:
    """Return what an argument of ``create_table`` adds: a column or a constraint; else nothing."""
    found = column_of(value)
    if found is not None:
        return found
    if not isinstance(value, Called):
        return ""
    short, arguments = value.path.rpartition(".")[2], value.arguments
    if short == "PrimaryKeyConstraint":
        return primary_key(word(each) for each in arguments.positional)
    if short == "UniqueConstraint":
        return unique(word(each) for each in arguments.positional)
    if short == "CheckConstraint":
        return check(word(arguments.get(0, ("sqltext",))))
    if short == "ForeignKeyConstraint":
        targets = words(arguments.get(1, ("refcolumns",)))
        table = dotted(targets[0].rpartition(".")[0]) if targets else hole("table")
        columns = words(arguments.get(0, ("columns",)))
        return foreign_key(columns, table, [each.rpartition(".")[2] for each in targets])
    return ""


def index_part(value: Value) -> str:
    """Return a column or an expression of an index."""
    if isinstance(value, Field) and value.known:
        return identifier(value.text)
    if isinstance(value, Called):
        short = value.path.rpartition(".")[2]
        inner = value.arguments.get(0)
        if short == "text" and isinstance(inner, Field) and inner.known:
            return expression(inner.text)
        return hole(short or "expression")
    return hole(word(value).strip("${}") or "column")


def index_parts(value: Value | None) -> list[str]:
    """Return the columns and expressions of an index."""
    if isinstance(value, Items):
        found = [index_part(each) for each in value.items]
        return found if not value.open and found else [*found, hole("columns")]
    return [index_part(value)] if is_given(value) and value is not None else [hole("columns")]
