"""What each change of a Liquibase changelog sends, and what takes it back.

Source: Liquibase 4.29 manual, "Change Types" (each type's attributes and whether it is rolled back
by itself), read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.liquibase_tree import Part

_PARAMETER: Final = re.compile(r"\$\{([\w.\-]+)\}")
_TYPES: Final = {
    "java.sql.types.varchar": "varchar", "java.sql.types.integer": "integer",
    "java.sql.types.bigint": "bigint", "java.sql.types.timestamp": "timestamp",
    "java.sql.types.boolean": "boolean", "java.sql.types.clob": "text",
    "java.sql.types.blob": "binary", "java.sql.types.nvarchar": "varchar",
    "clob": "text", "nclob": "text", "nvarchar": "varchar", "datetime": "timestamp",
    "currency": "decimal", "number": "decimal", "varchar2": "varchar", "tinyint": "smallint",
    "longvarchar": "text", "longtext": "text", "mediumtext": "text",
}  # fmt: skip
"""Types by one name in all dialects: Liquibase turns them into those of the database."""
Does = Callable[[Part], list[str]]


def table_of(part: Part, prefix: str = "") -> str:
    """Return the table that a change names; ``prefix`` is ``base`` or ``referenced`` of a key."""
    if prefix:
        schema = part.get(f"{prefix}TableSchemaName")
        return sql.identifier(_plain(schema), _plain(part.get(f"{prefix}TableName")))
    table = part.get("tableName") or sql.hole("table")
    return sql.identifier(_plain(part.get("schemaName")), *_plain(table).split("."))


def _plain(name: str) -> str:
    """Return a name in lower case (databases fold it), with its parameters as placeholders."""
    name = _PARAMETER.sub(lambda found: sql.hole(found[1]), name.strip())
    return name if "${" in name else name.lower()


def names(text: str) -> list[str]:
    """Return a list of columns that is written with commas."""
    return [_plain(name.split()[0]) for name in text.split(",") if name.strip()]


def type_of(text: str) -> str:
    """Return a type."""
    text = _PARAMETER.sub(lambda found: sql.hole(found[1]), text.strip())
    name, bracket, sizes = text.partition("(")
    known = _TYPES.get(name.strip().lower(), name.strip())
    return sql.kind(known + bracket + sizes) if text else sql.hole("type")


def default_of(column: Part) -> str:
    """Return a column's default as an expression; empty where it has none."""
    for key in ("Numeric", "Boolean", "Computed", "SequenceNext", "Date", ""):
        for stem in ("defaultValue", "defaultNull"):
            given = column.get(stem + key)
            if not given:
                continue
            if key in ("Numeric", "Boolean"):
                return sql.expression(given)
            if key == "SequenceNext":
                return f"nextval({sql.text(given)})"
            if key == "Computed" or (key == "Date" and "(" in given) or given.endswith("()"):
                return sql.expression(_PARAMETER.sub(lambda m: sql.hole(m[1]), given))
            return sql.text(given)
    return ""


def column_of(column: Part, *, new: bool = False) -> str:
    """Return a column's definition with its constraints."""
    given = column.child("constraints") or Part("constraints", column.line)
    more = []
    if given.is_true("primaryKey"):
        more.append("PRIMARY KEY")
    if given.is_true("unique"):
        more.append("UNIQUE")
    target = _plain(given.get("referencedTableName") or given.get("references").partition("(")[0])
    return sql.column(
        _plain(column.get("name")) or sql.hole("column"),
        type_of(column.get("type")),
        null=given.is_true("nullable", default=True) or (new and "PRIMARY KEY" in more),
        default=default_of(column),
        identity=column.is_true("autoIncrement"),
        references=sql.dotted(target) if target else "",
        more=" ".join(more),
    )


def columns_of(part: Part) -> list[Part]:
    """Return the columns of a change."""
    return part.all("column")


def _create_table(part: Part) -> list[str]:
    keys = [
        _plain(c.get("name")) for c in columns_of(part)
        if (given := c.child("constraints")) and given.is_true("primaryKey")
    ]  # fmt: skip
    parts = [column_of(column, new=True) for column in columns_of(part)]
    if len(keys) > 1:
        parts = [text.replace(" PRIMARY KEY", "") for text in parts] + [sql.primary_key(keys)]
    parts = parts or [sql.column(sql.hole("column"), sql.hole("type"))]
    return [sql.create_table(table_of(part), parts, if_missing=part.is_true("ifNotExists"))]


def _add_column(part: Part) -> list[str]:
    found = []
    for column in columns_of(part):
        found.append(sql.add_column(table_of(part), column_of(column)))
        if any(column.get("value" + key) for key in ("", "Numeric", "Boolean", "Computed", "Date")):
            found.append(sql.touches_rows(table_of(part)))
    return found


def _drop_column(part: Part) -> list[str]:
    columns = names(part.get("columnName")) or [_plain(c.get("name")) for c in columns_of(part)]
    return [sql.drop_column(table_of(part), column) for column in columns]


def _not_null(part: Part) -> list[str]:
    column = _plain(part.get("columnName"))
    found = []
    if part.get("defaultNullValue"):
        found.append(sql.touches_rows(table_of(part), where=True))
    valid = part.is_true("validate", default=True)
    found.append(sql.change_null(table_of(part), column, null=False) + " NOT VALID" * (not valid))
    return found


def _index(part: Part) -> list[str]:
    columns = [
        sql.expression(c.get("name")) if c.is_true("computed") else sql.identifier(
            _plain(c.get("name"))) for c in columns_of(part)
    ]  # fmt: skip
    return [sql.create_index(
        _plain(part.get("indexName")), table_of(part), columns or [sql.hole("column")],
        unique=part.is_true("unique"),
    )]  # fmt: skip


def _drop_index(part: Part) -> list[str]:
    return [sql.drop_index(_plain(part.get("indexName")) or sql.hole("index"))]


def _foreign_key(part: Part) -> list[str]:
    key = sql.foreign_key(
        names(part.get("baseColumnNames")), table_of(part, "referenced"),
        names(part.get("referencedColumnNames")),
    )  # fmt: skip
    valid = part.is_true("validate", default=True)
    return [sql.add_constraint(table_of(part, "base"), _plain(part.get("constraintName")), key,
                               valid=valid)]  # fmt: skip


def _keyed(render: Callable[[list[str]], str]) -> Does:
    def does(part: Part) -> list[str]:
        what = render(names(part.get("columnNames", "columnName")))
        return [sql.add_constraint(table_of(part), _plain(part.get("constraintName")), what)]

    return does


def _drop_constraint(part: Part) -> list[str]:
    table = table_of(part, "base") if part.get("baseTableName") else table_of(part)
    return [sql.drop_constraint(table, _plain(part.get("constraintName")) or sql.hole("name"))]


def _rows(part: Part) -> list[str]:
    where = part.get("where") or next((p.text for p in part.all("where")), "")
    return [sql.touches_rows(table_of(part), part.name, where=bool(where.strip()))]


def _lookup(part: Part) -> list[str]:
    new = sql.dotted(_plain(part.get("newTableName")))
    old = sql.dotted(_plain(part.get("existingTableName")))
    column = sql.identifier(_plain(part.get("existingColumnName")))
    query = f"SELECT DISTINCT {column} FROM {old}"  # noqa: S608 (text that is read, never sent)
    return [
        f"CREATE TABLE {new} AS {query}",
        sql.add_constraint(old, _plain(part.get("constraintName")), sql.foreign_key(
            [_plain(part.get("existingColumnName"))], new)),
    ]  # fmt: skip


def _view(part: Part) -> list[str]:
    name = sql.dotted(_plain(part.get("viewName")))
    if part.name == "dropView":
        return [f"DROP VIEW {name}"]
    replace = "OR REPLACE " if part.is_true("replaceIfExists") else ""
    return [f"CREATE {replace}VIEW {name} AS SELECT {sql.hole('columns')} AS c"]


def _merge(part: Part) -> list[str]:
    new = _plain(part.get("finalColumnName"))
    return [
        sql.add_column(table_of(part), sql.column(new, type_of(part.get("finalColumnType")))),
        sql.touches_rows(table_of(part)),
        *(sql.drop_column(table_of(part), _plain(part.get(f"column{n}Name"))) for n in (1, 2)),
    ]


def _one(render: Callable[[Part], str]) -> Does:
    return lambda part: [render(part)]


def nothing(_part: Part) -> list[str]:
    """Change no table in use."""
    return []


CHANGES: Final[dict[str, Does]] = {
    "createTable": _create_table,
    "dropTable": _one(lambda p: sql.drop_table(
        table_of(p), cascade=p.is_true("cascadeConstraints"))),
    "renameTable": _one(lambda p: sql.rename_table(
        sql.identifier(_plain(p.get("schemaName")), _plain(p.get("oldTableName"))),
        sql.identifier(_plain(p.get("newTableName"))))),
    "addColumn": _add_column,
    "dropColumn": _drop_column,
    "renameColumn": _one(lambda p: sql.rename_column(
        table_of(p), _plain(p.get("oldColumnName")), _plain(p.get("newColumnName")))),
    "modifyDataType": _one(lambda p: sql.change_type(
        table_of(p), _plain(p.get("columnName")), type_of(p.get("newDataType")))),
    "addNotNullConstraint": _not_null,
    "dropNotNullConstraint": _one(lambda p: sql.change_null(
        table_of(p), _plain(p.get("columnName")), null=True)),
    "addDefaultValue": _one(lambda p: sql.change_default(
        table_of(p), _plain(p.get("columnName")), default_of(p) or sql.hole("value"))),
    "dropDefaultValue": _one(lambda p: sql.change_default(
        table_of(p), _plain(p.get("columnName")), "")),
    "addAutoIncrement": _one(lambda p: sql.change_type(
        table_of(p), _plain(p.get("columnName")), type_of(p.get("columnDataType")))),
    "createIndex": _index,
    "dropIndex": _drop_index,
    "addForeignKeyConstraint": _foreign_key,
    "dropForeignKeyConstraint": _drop_constraint,
    "addUniqueConstraint": _keyed(sql.unique),
    "dropUniqueConstraint": _drop_constraint,
    "addPrimaryKey": _keyed(sql.primary_key),
    "dropPrimaryKey": _drop_constraint,
    "dropAllForeignKeyConstraints": _drop_constraint,
    "addCheckConstraint": _one(lambda p: sql.add_constraint(
        table_of(p), _plain(p.get("constraintName")),
        sql.check(p.get("constraintBody") or p.text))),
    "dropCheckConstraint": _drop_constraint,
    "addLookupTable": _lookup,
    "mergeColumns": _merge,
    "createView": _view,
    "dropView": _view,
    "update": _rows,
    "delete": _rows,
    **dict.fromkeys(
        "insert loadData loadUpdateData createSequence dropSequence alterSequence renameSequence"
        " renameView setTableRemarks setColumnRemarks tagDatabase empty output stop"
        " createProcedure dropProcedure createFunction dropFunction createTrigger dropTrigger"
        " createPackage createPackageBody createSynonym dropSynonym markUnused"
        " enableCheckConstraint disableCheckConstraint enableTrigger disableTrigger"
        " recompile".split(), nothing),
}  # fmt: skip
"""Change types and their SQL. ``sql`` and ``sqlFile`` are read by ``liquibase.py`` itself."""


def _back(name: str) -> Does:
    return CHANGES[name]


def _drop_added(part: Part) -> list[str]:
    return [sql.drop_column(table_of(part), _plain(c.get("name"))) for c in columns_of(part)]


INVERSE: Final[dict[str, Does]] = {
    "createTable": _back("dropTable"),
    "addColumn": _drop_added,
    "renameTable": _one(lambda p: sql.rename_table(
        sql.identifier(_plain(p.get("newTableName"))),
        sql.identifier(_plain(p.get("oldTableName"))))),
    "renameColumn": _one(lambda p: sql.rename_column(
        table_of(p), _plain(p.get("newColumnName")), _plain(p.get("oldColumnName")))),
    "addNotNullConstraint": _back("dropNotNullConstraint"),
    "dropNotNullConstraint": _one(lambda p: sql.change_null(
        table_of(p), _plain(p.get("columnName")), null=False)),
    "addDefaultValue": _back("dropDefaultValue"),
    "createIndex": _drop_index,
    "addForeignKeyConstraint": _drop_constraint,
    "addUniqueConstraint": _drop_constraint,
    "addPrimaryKey": _drop_constraint,
    "addLookupTable": _one(lambda p: sql.drop_table(
        sql.dotted(_plain(p.get("newTableName"))))),
    "createView": _one(lambda p: f"DROP VIEW {sql.dotted(_plain(p.get('viewName')))}"),
    **dict.fromkeys(
        "createSequence renameSequence renameView setTableRemarks setColumnRemarks tagDatabase"
        " empty output stop addAutoIncrement addCheckConstraint enableCheckConstraint"
        " disableCheckConstraint enableTrigger disableTrigger createSynonym".split(), nothing),
}  # fmt: skip
"""Change types that Liquibase rolls back by itself, and the SQL of that."""
