"""Sequelize's QueryInterface, and db-migrate's, as SQL."""

from __future__ import annotations

from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.builders import (
    Does,
    Operation,
    nothing,
    per_item,
    raw,
    statement,
)
from dten_audit.readers.migrations.js_values import (
    Column,
    Members,
    default_of,
    names_of,
    sizes_of,
    table_of,
    text_of,
)
from dten_audit.readers.migrations.js_walk import Walk
from dten_audit.readers.programs.values import Called, Name, Pairs, Value

_TYPES: Final = {
    "STRING": "varchar", "TEXT": "text", "CITEXT": "citext", "CHAR": "char", "INTEGER": "integer",
    "TINYINT": "smallint", "SMALLINT": "smallint", "MEDIUMINT": "integer", "BIGINT": "bigint",
    "FLOAT": "float", "REAL": "real", "DOUBLE": "double precision", "DECIMAL": "decimal",
    "NUMERIC": "decimal", "BOOLEAN": "boolean", "DATE": "timestamp", "DATEONLY": "date",
    "NOW": "timestamp", "TIME": "time", "UUID": "uuid", "UUIDV1": "uuid", "UUIDV4": "uuid",
    "JSON": "json", "JSONB": "json", "BLOB": "blob", "ENUM": "varchar", "HSTORE": "text",
    "INET": "varchar", "GEOMETRY": "geometry", "GEOGRAPHY": "geography", "ARRAY": "text[]",
}  # fmt: skip
_NAMES: Final = {
    "string": "varchar", "int": "integer", "datetime": "timestamp", "blob": "binary",
}  # fmt: skip


def type_of(walk: Walk, value: Value | None) -> str:
    """Return the SQL type of ``Sequelize.STRING(10)``, ``'VARCHAR(10)'`` and their kin."""
    if isinstance(value, (Called, Name)):
        last = next((p for p in reversed(value.path.split(".")) if p in _TYPES), "")
        sizes = sizes_of(value.arguments) if isinstance(value, Called) else []
        if last == "STRING":
            return sql.kind("varchar", *(sizes or ["255"]))
        return sql.kind(_TYPES[last], *sizes) if last else sql.hole(value.path or "type")
    written = text_of(walk, value)
    return sql.kind(_NAMES.get(written, written)) if written else sql.hole("type")


def column_of(walk: Walk, name: str, value: Value | None) -> Column:
    """Return a column of its attributes."""
    if not isinstance(value, Pairs):
        return Column(name or sql.hole("column"), type_of(walk, value))
    given = Members(walk, value)
    kind = type_of(walk, given.value("type", "dataType"))
    length = given.text("length")
    if length.isdigit() and "(" in kind:
        kind = kind.partition("(")[0]
    references = given.value("references")
    target = Members(walk, references)
    table = table_of(walk, target.value("model", "table", "tableName")) if target.known else (
        sql.dotted(text_of(walk, references)) if references is not None else "")  # fmt: skip
    return Column(
        given.text("field") or name or sql.hole("column"),
        sql.kind(kind, length) if length.isdigit() else kind,
        null=not (given.is_false("allowNull") or given.is_true("notNull")),
        default=default_of(walk, given.value("defaultValue")),
        identity=given.is_true("autoIncrement"),
        primary=given.is_true("primaryKey"),
        unique=given.value("unique") is not None and not given.is_false("unique"),
        references=table,
    )


def _create_table(each: Operation) -> None:
    columns = each.members(1)
    inner = columns.value("columns")
    if isinstance(inner, Pairs) and "type" not in dict(inner.pairs):
        columns = Members(each.walk, inner)
    parts = [column_of(each.walk, name, value).definition for name, value in columns]
    missing = parts or [sql.column(sql.hole("column"), sql.hole("type"))]
    each.add(sql.create_table(each.table(), missing))


def _add_column(each: Operation) -> None:
    column = column_of(each.walk, each.text(1), each.value(2))
    missing = each.members(3).is_true("ifNotExists")
    each.add(sql.add_column(each.table(), column.definition, if_missing=missing))


def _change_column(each: Operation) -> None:
    """``changeColumn`` sets the type, whether null may stand, and the default."""
    column, table = column_of(each.walk, each.text(1), each.value(2)), each.table()
    given = each.members(2)
    if not given.known or given.value("type", "dataType") is not None:
        beside = given.value("allowNull", "notNull", "defaultValue") is not None
        change = sql.restate_type if beside else sql.change_type
        each.add(change(table, column.name, column.type))
    if given.value("allowNull", "notNull") is not None:
        each.add(sql.change_null(table, column.name, null=column.null))
    if given.value("defaultValue") is not None:
        each.add(sql.change_default(table, column.name, column.default))
    if column.unique:
        each.add(sql.add_constraint(table, "", sql.unique([column.name])))
    if column.references:
        key = sql.foreign_key([column.name], column.references)
        each.add(sql.add_constraint(table, "", key))


def _add_index(each: Operation) -> None:
    options = each.members(2)
    if not options.known:
        options = each.members(1)
    columns = names_of(each.walk, each.value(1)) if not each.members(1).known else []
    columns = columns or options.names("fields") or [sql.hole("column")]
    name = options.text("name", "indexName") or _name_of(each.table(), columns)
    unique = options.is_true("unique") or options.text("type").upper() == "UNIQUE"
    each.add(sql.create_index(
        name, each.table(), [sql.identifier(column) for column in columns], unique=unique,
        concurrently=options.is_true("concurrently"),
    ))  # fmt: skip


def _name_of(table: str, columns: list[str]) -> str:
    return "_".join((table.replace('"', "").replace(".", "_"), *columns)).lower()


def _remove_index(each: Operation) -> None:
    columns = names_of(each.walk, each.value(1))
    options = each.members(2)
    is_list = len(columns) != 1 or not isinstance(each.value(1), type(each.walk.field(None)))
    name = _name_of(each.table(), columns) if is_list else columns[0]
    each.add(sql.drop_index(name, concurrently=options.is_true("concurrently")))


def _add_constraint(each: Operation) -> None:
    options = each.members(1)
    fields = options.names("fields")
    if not options.known:
        fields, options = names_of(each.walk, each.value(1)), each.members(2)
    kind = options.text("type").lower()
    if kind in ("foreign key", "foreign-key"):
        target = Members(each.walk, options.value("references"))
        to = target.names("field", "fields")
        what = sql.foreign_key(fields, table_of(each.walk, target.value("table")), to)
    elif kind == "unique":
        what = sql.unique(fields)
    elif kind == "primary key":
        what = sql.primary_key(fields)
    elif kind == "check":
        what = sql.check(sql.hole("condition"))
    elif kind == "default":
        default = default_of(each.walk, options.value("defaultValue"))
        for field in fields:
            each.add(sql.change_default(each.table(), field, default))
        return
    else:
        each.direction.unknown(each.line, "addConstraint")
        return
    each.add(sql.add_constraint(each.table(), options.text("name"), what))


def _rows(each: Operation, verb: str, number: int) -> str:
    where = each.members(number)
    given = bool(dict(where)) if where.known else bool(each.text(number))
    return sql.touches_rows(each.table(), verb, where=given)


def _drop_all(each: Operation) -> None:
    each.direction.unknown(each.line, each.link.name)


METHODS: Final[dict[str, Does]] = {
    "query": raw,
    "createTable": _create_table,
    "dropTable": statement(lambda each: sql.drop_table(
        each.table(), cascade=each.members(1).is_true("cascade"))),
    "dropAllTables": _drop_all,
    "renameTable": statement(lambda each: sql.rename_table(each.table(), each.table(1))),
    "addColumn": _add_column,
    "removeColumn": statement(lambda each: sql.drop_column(each.table(), each.text(1))),
    "changeColumn": _change_column,
    "renameColumn": statement(
        lambda each: sql.rename_column(each.table(), each.text(1), each.text(2))),
    "addIndex": _add_index,
    "removeIndex": _remove_index,
    "addConstraint": _add_constraint,
    "removeConstraint": statement(lambda each: sql.drop_constraint(each.table(), each.text(1))),
    "bulkUpdate": statement(lambda each: _rows(each, "update", 2)),
    "bulkDelete": statement(lambda each: _rows(each, "delete", 1)),
    "bulkInsert": nothing,
    "createSchema": statement(lambda each: f"CREATE SCHEMA {each.table()}"),
    "dropSchema": statement(lambda each: f"DROP SCHEMA {each.table()}"),
    "dropEnum": nothing,
}  # fmt: skip
READS: Final = frozenset(
    "describeTable showAllTables showIndex select rawSelect tableExists sequelize upsert insert"
    " quoteIdentifier quoteIdentifiers quoteTable literal fn col showAllSchemas hasOwnProperty"
    " increment list".split()
)


# db-migrate: the table, then names in other places


def _foreign_key(each: Operation) -> None:
    mapping = each.members(3)
    pairs = [(name, text_of(each.walk, value)) for name, value in mapping]
    key = sql.foreign_key([a for a, _ in pairs] or [sql.hole("column")], each.table(1),
                          [b for _, b in pairs])  # fmt: skip
    each.add(sql.add_constraint(each.table(), each.text(2), key))


def _named_index(each: Operation) -> None:
    columns = names_of(each.walk, each.value(2)) or [sql.hole("column")]
    unique = text_of(each.walk, each.value(3)) == "${true}"
    written = [sql.identifier(column) for column in columns]
    each.add(sql.create_index(each.text(1), each.table(), written, unique=unique))


DB_MIGRATE: Final[dict[str, Does]] = {
    "runSql": raw,
    "createTable": _create_table,
    "dropTable": METHODS["dropTable"],
    "renameTable": METHODS["renameTable"],
    "addColumn": _add_column,
    "removeColumn": METHODS["removeColumn"],
    "renameColumn": METHODS["renameColumn"],
    "changeColumn": _change_column,
    "addIndex": _named_index,
    "removeIndex": per_item(
        lambda each: [sql.drop_index(each.text(1) or each.text(0))]),
    "addForeignKey": _foreign_key,
    "removeForeignKey": METHODS["removeConstraint"],
    "insert": nothing,
}  # fmt: skip
DB_READS: Final = frozenset("all log info exports addAssociation setup".split())
