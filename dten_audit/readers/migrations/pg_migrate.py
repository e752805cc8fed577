"""node-pg-migrate's builder, as SQL."""

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
    table_of,
    text_of,
)
from dten_audit.readers.migrations.js_walk import Walk
from dten_audit.readers.programs.values import Items, Pairs, Value

_TYPES: Final = {
    "id": "serial", "string": "text", "int": "integer", "float": "real",
    "double": "double precision",
    "datetime": "timestamp", "bool": "boolean",
}  # fmt: skip


def _column(walk: Walk, name: str, value: Value) -> Column:
    if not isinstance(value, Pairs):
        written = text_of(walk, value)
        kind = sql.kind(_TYPES.get(written, written)) if written else sql.hole("type")
        return Column(name, kind, primary=written == "id")
    given = Members(walk, value)
    written = given.text("type")
    target = given.value("references")
    return Column(
        name,
        sql.kind(_TYPES.get(written, written)) if written else sql.hole("type"),
        null=not given.is_true("notNull"),
        default=default_of(walk, given.value("default")),
        identity=given.value("sequenceGenerated", "generated") is not None,
        primary=given.is_true("primaryKey") or written == "id",
        unique=given.is_true("unique"),
        references=_target(walk, target) if target is not None else "",
    )


def _target(walk: Walk, value: Value) -> str:
    """Return the table that ``references`` names: ``users``, ``"users"(id)``, an object."""
    if isinstance(value, Pairs):
        return table_of(walk, value)
    return sql.dotted(text_of(walk, value).partition("(")[0].strip().replace('"', ""))


def _create_table(each: Operation) -> None:
    columns = each.members(1)
    parts = [_column(each.walk, name, value).definition for name, value in columns]
    options = each.members(2)
    constraints = Members(each.walk, options.value("constraints"))
    if constraints.known:
        parts += _parts(each.walk, constraints)
    missing = options.is_true("ifNotExists")
    parts = parts or [sql.column(sql.hole("column"), sql.hole("type"))]
    each.add(sql.create_table(each.table(), parts, if_missing=missing))


def _add_columns(each: Operation) -> list[str]:
    missing = each.members(2).is_true("ifNotExists")
    return [
        sql.add_column(each.table(), _column(each.walk, name, value).definition, if_missing=missing)
        for name, value in each.members(1)
    ] or [sql.add_column(each.table(), sql.column(sql.hole("column"), sql.hole("type")))]


def _alter_column(each: Operation) -> list[str]:
    given, table, name = each.members(2), each.table(), each.text(1)
    found = []
    if given.value("type") is not None:
        using = " USING " + sql.expression(given.text("using")) if given.text("using") else ""
        written = given.text("type")
        kind = sql.kind(_TYPES.get(written, written))
        found.append(sql.change_type(table, name, kind) + using)
    if "default" in dict(given):
        default = default_of(each.walk, given.value("default"))
        found.append(sql.change_default(table, name, default))
    if given.value("notNull", "allowNull") is not None:
        null = given.is_false("notNull") or given.is_true("allowNull")
        found.append(sql.change_null(table, name, null=null))
    return found


def _parts(walk: Walk, given: Members) -> list[str]:
    """Return the constraints of an object."""
    found = []
    for value in _list(given.value("foreignKeys")):
        key = Members(walk, value)
        if key.known:
            columns = key.names("columns") or [sql.hole("column")]
            found.append(sql.foreign_key(columns, _target(walk, key.value("references") or value)))
    if given.value("unique") is not None:
        found.append(sql.unique(given.names("unique")))
    if given.value("primaryKey") is not None:
        found.append(sql.primary_key(given.names("primaryKey")))
    if given.value("check") is not None:
        found += [sql.check(text) for text in given.names("check")]
    if given.value("exclude") is not None:
        found.append("EXCLUDE " + sql.hole("expression"))
    return found


def _list(value: Value | None) -> tuple[Value, ...]:
    if value is None:
        return ()
    return value.items if isinstance(value, Items) else (value,)


def _add_constraint(each: Operation) -> None:
    given, name, table = each.members(2), each.text(1), each.table()
    if given.known:
        for part in _parts(each.walk, given):
            each.add(sql.add_constraint(table, name, part))
    else:
        named = f"CONSTRAINT {sql.identifier(name)} " if name else ""
        each.add(sql.alter(table, f"ADD {named}{each.text(2) or sql.hole('constraint')}"))


def _create_index(each: Operation) -> str:
    options = each.members(2)
    columns = names_of(each.walk, each.value(1)) or [sql.hole("column")]
    written = [sql.identifier(c) if c.replace("_", "").isalnum() else sql.expression(c)
               for c in columns]  # fmt: skip
    return sql.create_index(
        options.text("name"), each.table(), written, unique=options.is_true("unique"),
        concurrently=options.is_true("concurrently"), if_missing=options.is_true("ifNotExists"),
        more="WHERE " + sql.hole("condition") if options.text("where") else "",
    )  # fmt: skip


def _drop_index(each: Operation) -> str:
    options = each.members(2)
    columns = names_of(each.walk, each.value(1))
    plain = each.table().replace('"', "").rpartition(".")[2]
    name = options.text("name") or "_".join((plain, *columns, "index"))
    return sql.drop_index(
        name, concurrently=options.is_true("concurrently"),
        if_exists=options.is_true("ifExists"),
    )  # fmt: skip


def _drop_table(each: Operation) -> str:
    options = each.members(1)
    return sql.drop_table(
        each.table(), if_exists=options.is_true("ifExists"), cascade=options.is_true("cascade")
    )


def _drop_columns(each: Operation) -> list[str]:
    value = each.value(1)
    columns = [name for name, _ in each.members(1)] if isinstance(value, Pairs) else names_of(
        each.walk, value)  # fmt: skip
    exists = each.members(2).is_true("ifExists")
    return [sql.drop_column(each.table(), name, if_exists=exists) for name in columns]


def _object(each: Operation) -> str:
    """Return what objects without rows of their own need: DROP VIEW, CREATE EXTENSION and so on."""
    words = "".join(" " + c if c.isupper() else c for c in each.link.name).upper()
    if words.startswith("REFRESH"):
        plain = not each.members(1).is_true("concurrently")
        return f"{words} {'' if plain else 'CONCURRENTLY '}{each.table()}"
    if words.startswith("CREATE") and words.endswith("VIEW"):
        return f"{words} {each.table()} AS SELECT {sql.hole('columns')} AS c"
    return f"{words} {each.table()}"


def _type_value(each: Operation) -> str:
    return f"ALTER TYPE {each.table()} ADD VALUE {sql.text(each.text(1))}"


def _outside(each: Operation) -> None:
    each.direction.migration.transaction = False


METHODS: Final[dict[str, Does]] = {
    "sql": raw,
    "createTable": _create_table,
    "dropTable": statement(_drop_table),
    "renameTable": statement(lambda each: sql.rename_table(each.table(), each.table(1))),
    "addColumns": per_item(_add_columns),
    "addColumn": per_item(_add_columns),
    "dropColumns": per_item(_drop_columns),
    "dropColumn": per_item(_drop_columns),
    "renameColumn": statement(
        lambda each: sql.rename_column(each.table(), each.text(1), each.text(2))),
    "alterColumn": per_item(_alter_column),
    "addConstraint": _add_constraint,
    "createConstraint": _add_constraint,
    "dropConstraint": statement(lambda each: sql.drop_constraint(each.table(), each.text(1))),
    "createIndex": statement(_create_index),
    "addIndex": statement(_create_index),
    "dropIndex": statement(_drop_index),
    "addTypeValue": statement(_type_value),
    "noTransaction": _outside,
    **dict.fromkeys(
        ("createSchema", "dropSchema", "createView", "dropView", "createMaterializedView",
         "dropMaterializedView", "refreshMaterializedView", "dropSequence", "dropType",
         "dropExtension", "dropDomain"), statement(_object)),
    **dict.fromkeys(
        ("createType", "createExtension", "createFunction", "dropFunction", "createSequence",
         "createRole", "dropRole", "alterRole", "createDomain", "createPolicy", "grantOnTables",
         "createTrigger", "dropTrigger", "grantRoles", "grantOnSchemas"), nothing),
}  # fmt: skip
READS: Final = frozenset("func db toSchemaName select".split())
