"""TypeORM's query runner, as SQL."""

from __future__ import annotations

from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.builders import Does, Operation, per_item, raw, statement
from dten_audit.readers.migrations.fluent import columns_in, foreign_key
from dten_audit.readers.migrations.js_values import (
    Column,
    Members,
    default_of,
    names_of,
    object_of,
    table_of,
    text_of,
)
from dten_audit.readers.migrations.js_walk import Walk
from dten_audit.readers.programs.values import Items, Name, Value, is_true
from dten_audit.readers.shell.values import Field

_TYPES: Final = {"int": "integer", "int4": "integer", "int8": "bigint", "string": "varchar",
                 "number": "integer", "Number": "integer", "String": "varchar"}  # fmt: skip

_SOME_COLUMN: Final = (sql.column(sql.hole("column"), sql.hole("type")),)


def column_of(walk: Walk, value: Value | None) -> Column | None:
    """Return a column of ``new TableColumn({…})``; None where it is not written there."""
    given = Members(walk, object_of(value))
    if not given.known:
        return None
    written = given.text("type")
    kind = sql.kind(_TYPES.get(written, written)) if written else sql.hole("type")
    length = given.text("length")
    array = "[]" if given.is_true("isArray") and "${" not in kind else ""
    return Column(
        given.text("name") or sql.hole("column"),
        (sql.kind(kind, length) if length else kind) + array,
        null=given.is_true("isNullable"),
        default=default_of(walk, given.value("default"), expression=True),
        identity=given.is_true("isGenerated")
        and given.text("generationStrategy") in ("increment", "identity", ""),
        primary=given.is_true("isPrimary"),
        unique=given.is_true("isUnique"),
    )


def _each(value: Value | None) -> list[Value | None]:
    """Return the items of a list, or the value."""
    return list(value.items) if isinstance(value, Items) else [value]


def _index(each: Operation, table: str, value: Value | None) -> str:
    given = Members(each.walk, object_of(value))
    columns = given.names("columnNames") or [sql.hole("column")]
    return sql.create_index(
        given.text("name"), table, [sql.identifier(column) for column in columns],
        unique=given.is_true("isUnique"), concurrently=given.is_true("isConcurrent"),
        more="WHERE " + sql.hole("condition") if given.text("where") else "",
    )  # fmt: skip


def _indexes(each: Operation) -> list[str]:
    """Return an index for each description; a builder of the vendor's own takes columns' names."""
    given = each.value(1)
    if not isinstance(given, Items) or not all(isinstance(i, Field) for i in given.items):
        return [_index(each, each.table(), value) for value in _each(given)]
    columns = [sql.identifier(name) for name in names_of(each.walk, given)]
    unique = is_true(each.value(2)) is True
    return [sql.create_index(each.text(3), each.table(), columns, unique=unique)]


def _foreign(each: Operation, value: Value | None) -> str:
    given = Members(each.walk, object_of(value))
    if not given.known:
        return sql.foreign_key([sql.hole("column")], sql.hole("table"))
    table = sql.identifier(
        given.text("referencedSchema"), given.text("referencedTableName") or sql.hole("table")
    )
    return sql.foreign_key(given.names("columnNames"), table, given.names("referencedColumnNames"))


def _create_table(each: Operation) -> None:
    given = Members(each.walk, object_of(each.value(0)))
    if not given.known:
        _create_named(each)
        return
    table = sql.identifier(given.text("schema")) + "." if given.text("schema") else ""
    table += sql.dotted(given.text("name") or sql.hole("table"))
    columns = [column_of(each.walk, value) for value in _each(given.value("columns"))]
    parts = [column.definition for column in columns if column is not None]
    parts += [_foreign(each, value) for value in _each(given.value("foreignKeys")) if value]
    for value in _each(given.value("uniques")):
        if value is not None:
            parts.append(sql.unique(Members(each.walk, object_of(value)).names("columnNames")))
    missing = is_true(each.value(1)) is True
    each.add(sql.create_table(table, parts or _SOME_COLUMN, if_missing=missing))
    for value in _each(given.value("indices")):
        if value is not None:
            each.add(_index(each, table, value))


def _create_named(each: Operation) -> None:
    """Take in a table that a builder of the vendor's own describes: its name tells that it is new.

    TypeORM itself takes a name for nothing but a table that is there.
    """
    if not isinstance(each.value(0), (Field, Name)):
        each.direction.unknown(each.line, "createTable")
        return
    columns = [column for link in each.more for column in columns_in(each.walk, link)]
    parts = [column.definition for column in columns]
    parts += [foreign_key(each.walk, link) for link in each.more if link.name == "withForeignKey"]
    each.add(sql.create_table(each.table(), parts or _SOME_COLUMN))


def _add_columns(each: Operation) -> list[str]:
    found = [sql.add_column(each.table(), c.definition) for c in columns_in(each.walk, each.link)]
    if found:
        return found
    for value in _each(each.value(1)):
        column = column_of(each.walk, value)
        text = column.definition if column else sql.column(sql.hole("column"), sql.hole("type"))
        found.append(sql.add_column(each.table(), text))
    return found


def _name(each: Operation, number: int) -> str:
    """Return the name of a column or constraint that is given as text or as an object."""
    given = Members(each.walk, object_of(each.value(number)))
    return (given.text("name") if given.known else each.text(number)) or sql.hole("name")


def _change_column(each: Operation) -> list[str]:
    """TypeORM drops a column whose type or length changes, and adds it anew (PostgreSQL driver)."""
    column, table, old = column_of(each.walk, each.value(2)), each.table(), _name(each, 1)
    if column is None:
        return [sql.change_type(table, old, sql.hole("type"))]
    before = column_of(each.walk, each.value(1))
    found = []
    if before is None or (before.type, before.identity) != (column.type, column.identity):
        found.append(sql.change_type(table, old, column.type))
    if before is None or before.null != column.null:
        found.append(sql.change_null(table, old, null=column.null))
    if before is not None and before.default != column.default:
        found.append(sql.change_default(table, old, column.default))
    if column.name != old and "${" not in old:
        found.append(sql.rename_column(table, old, column.name))
    return found


def _add_reference(each: Operation) -> str:
    """Return what ``addForeignKey('t', 'c', ['other', 'id'])`` of a vendor's builder adds."""
    to = names_of(each.walk, each.value(2))
    table = sql.dotted(to[0]) if to else sql.hole("table")
    return sql.add_constraint(
        each.table(), each.text(3), sql.foreign_key([each.text(1)], table, to[1:])
    )


def _null(each: Operation) -> str:
    return sql.change_null(each.table(), each.text(1), null=each.link.name != "addNotNull")


def _change_columns(each: Operation) -> None:
    each.direction.unknown(each.line, "changeColumns")


def _constraints(each: Operation, what: str) -> list[str]:
    found = []
    for value in _each(each.value(1)):
        given = Members(each.walk, object_of(value))
        if what == "foreign":
            text = _foreign(each, value)
        elif what == "unique":
            text = sql.unique(given.names("columnNames") or [sql.hole("column")])
        elif what == "check":
            text = sql.check(given.text("expression"))
        else:
            text = "EXCLUDE " + (given.text("expression") or sql.hole("expression"))
        found.append(sql.add_constraint(each.table(), given.text("name"), text))
    return found


def _drops(each: Operation, *, columns: bool) -> list[str]:
    names = names_of(each.walk, each.value(1)) if isinstance(each.value(1), Items) else [
        _name(each, 1)]  # fmt: skip
    drop = sql.drop_column if columns else sql.drop_constraint
    return [drop(each.table(), name or sql.hole("name")) for name in names]


def _drop_reference(each: Operation) -> list[str]:
    """``dropForeignKey``: by its name, or as a vendor's builder has it, by column and target."""
    if not isinstance(each.value(2), Items):
        return _drops(each, columns=False)
    return [sql.drop_constraint(each.table(), each.text(3) or sql.hole("name"))]


def _rename_column(each: Operation) -> str:
    return sql.rename_column(each.table(), _name(each, 1), _name(each, 2))


def _drop_table(each: Operation) -> str:
    given = object_of(each.value(0))
    return sql.drop_table(table_of(each.walk, given), if_exists=is_true(each.value(1)) is True)


def _drop_indices(each: Operation) -> list[str]:
    given = [Members(each.walk, object_of(value)) for value in _each(each.value(1))]
    return [sql.drop_index(one.text("name") or sql.hole("index")) for one in given]


def _view(each: Operation) -> str:
    given = Members(each.walk, object_of(each.value(0)))
    name = given.text("name") or text_of(each.walk, each.value(0)) or sql.hole("view")
    if each.link.name == "dropView":
        return f"DROP VIEW {sql.dotted(name)}"
    return f"CREATE VIEW {sql.dotted(name)} AS SELECT {sql.hole('columns')} AS c"


METHODS: Final[dict[str, Does]] = {
    "query": raw,
    "runQuery": raw,
    "createTable": _create_table,
    "dropTable": statement(_drop_table),
    "renameTable": statement(lambda each: sql.rename_table(each.table(), each.table(1))),
    "clearTable": statement(lambda each: f"TRUNCATE TABLE {each.table()}"),
    "addColumn": per_item(_add_columns),
    "addColumns": per_item(_add_columns),
    "dropColumn": per_item(lambda each: _drops(each, columns=True)),
    "dropColumns": per_item(lambda each: _drops(each, columns=True)),
    "renameColumn": statement(_rename_column),
    "changeColumn": per_item(_change_column),
    "changeColumns": _change_columns,
    "createIndex": per_item(_indexes),
    "createIndices": per_item(_indexes),
    "dropIndex": statement(lambda each: sql.drop_index(_name(each, 1))),
    "dropIndices": per_item(_drop_indices),
    "createForeignKey": per_item(lambda each: _constraints(each, "foreign")),
    "createForeignKeys": per_item(lambda each: _constraints(each, "foreign")),
    "createUniqueConstraint": per_item(lambda each: _constraints(each, "unique")),
    "createUniqueConstraints": per_item(lambda each: _constraints(each, "unique")),
    "createCheckConstraint": per_item(lambda each: _constraints(each, "check")),
    "createCheckConstraints": per_item(lambda each: _constraints(each, "check")),
    "createExclusionConstraint": per_item(lambda each: _constraints(each, "exclude")),
    **dict.fromkeys(
        ("dropForeignKeys", "dropUniqueConstraint", "dropUniqueConstraints",
         "dropCheckConstraint", "dropCheckConstraints", "dropExclusionConstraint"),
        per_item(lambda each: _drops(each, columns=False))),
    "createPrimaryKey": statement(lambda each: sql.add_constraint(
        each.table(), "", sql.primary_key(names_of(each.walk, each.value(1))))),
    "dropPrimaryKey": statement(lambda each: sql.alter(each.table(), "DROP CONSTRAINT pkey")),
    "dropForeignKey": per_item(_drop_reference),
    # Of a vendor's own builder over the query runner.
    "addForeignKey": statement(_add_reference),
    "addNotNull": statement(_null),
    "dropNotNull": statement(_null),
    "addEnumCheck": statement(lambda each: sql.add_constraint(
        each.table(), "", sql.check(sql.hole("values")))),
    "dropEnumCheck": statement(lambda each: sql.drop_constraint(each.table(), sql.hole("check"))),
    "createSchema": statement(lambda each: f"CREATE SCHEMA {each.table()}"),
    "dropSchema": statement(lambda each: f"DROP SCHEMA {each.table()}"),
    "createView": statement(_view),
    "dropView": statement(_view),
    "startTransaction": statement(lambda _: "BEGIN"),
    "commitTransaction": statement(lambda _: "COMMIT"),
    "rollbackTransaction": statement(lambda _: "ROLLBACK"),
}  # fmt: skip
READS: Final = frozenset(
    "manager connection connect release save find findOne insert stream loadedTables"
    " createQueryBuilder select create count upsert log warn info debug error tableName"
    " columnName indexName parseJson runInBatches copyTable escape execute"
    " enableSqlInMemory executeMemoryUpQuery".split()
)
