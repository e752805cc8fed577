"""Kysely: what its schema builder, its ``sql`` templates and its changes of rows send.

Source: kysely.dev, "Migrations" and the API of ``schema`` (Kysely 0.27, read 2026-11-22).
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.js_code import Chain, Link
from dten_audit.readers.migrations.js_values import Column, default_of, names_of, table_of, text_of
from dten_audit.readers.migrations.js_walk import Walk, Way
from dten_audit.readers.programs.values import Value
from dten_audit.readers.shell.values import Field

_TEMPLATE: Final = re.compile(r"\s*+\x02\x01*+")
_ROWS: Final = {"updateTable": "update", "deleteFrom": "delete"}
_IDENTITY: Final = frozenset(("serial", "bigserial"))
_PASSED_OVER: Final = frozenset(
    "execute ifNotExists ifExists cascade temporary onCommit modifyEnd modifyFront $call"
    " unique using where nullsNotDistinct on column columns expression compile as orReplace".split()
)


class Kysely:
    """One direction of a Kysely migration."""

    def __init__(self, direction: Way) -> None:
        self.direction = direction

    def chain(self, walk: Walk, chain: Chain) -> bool:
        """Take in a chain of calls, or an ``sql`` template."""
        template = _TEMPLATE.match(walk.code.text, chain.at + len(chain.root))
        if chain.root == "sql" and template is not None:
            value, _ = walk.expressions.expression(chain.at + len("sql"), template.end())
            self.direction.raw(walk.field(value), walk.line(chain.at))
            return False
        called = [link for link in chain.links if link.called]
        names = [link.name for link in chain.links]
        if "schema" in names or chain.root == "schema":
            return self._schema(walk, called)
        rows = next((link for link in called if link.name in _ROWS), None)
        if rows is not None:
            where = any(link.name.startswith("where") for link in called)
            verb, line = _ROWS[rows.name], walk.line(rows.at)
            self.direction.add(line, sql.touches_rows(_table(walk, rows), verb, where=where))
        return rows is not None

    def _schema(self, walk: Walk, links: list[Link]) -> bool:
        schema = ""
        for number, link in enumerate(links):
            more = links[number + 1 :]
            if link.name == "withSchema":
                schema = sql.identifier(_text(walk, link)) + "."
            elif link.name == "createTable":
                self._create(walk, link, schema, more)
            elif link.name == "alterTable":
                for each in more:
                    self._alter(walk, schema + _table(walk, link), each)
            elif link.name in ("dropTable", "dropIndex", "dropView", "dropSchema"):
                self._drop(walk, link, schema, more)
            elif link.name == "createIndex":
                self._index(walk, link, schema, more)
            elif link.name == "createView":
                named = f"CREATE {_view(more)} {schema}{_table(walk, link)}"
                query = f"AS SELECT {sql.hole('columns')} AS c"
                self.direction.add(walk.line(link.at), f"{named} {query}")
            elif link.name in ("createSchema", "createType", "dropType", "refreshMaterializedView"):
                pass
            else:
                self.direction.unknown(walk.line(link.at), link.name)
            if link.name != "withSchema":
                return True
        return True

    def _create(self, walk: Walk, link: Link, schema: str, more: list[Link]) -> None:
        parts = [part for each in more if (part := _part(walk, each))]
        named = {each.name for each in more}
        missing = "ifNotExists" in named
        parts = parts or [sql.column(sql.hole("column"), sql.hole("type"))]
        text = sql.create_table(schema + _table(walk, link), parts, if_missing=missing)
        if "temporary" in named:
            text = text.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1)
        self.direction.add(walk.line(link.at), text)

    def _alter(self, walk: Walk, table: str, link: Link) -> None:
        line, first = walk.line(link.at), _text(walk, link)
        add = self.direction.add
        if link.name in ("addColumn", "modifyColumn"):
            column = _column(walk, link)
            if link.name == "addColumn":
                add(line, sql.add_column(table, column.definition))
            else:
                add(line, sql.change_type(table, column.name, column.type))
        elif link.name == "alterColumn":
            self._altered(walk, table, link)
        elif link.name == "dropColumn":
            add(line, sql.drop_column(table, first))
        elif link.name == "renameColumn":
            add(line, sql.rename_column(table, first, _text(walk, link, 1)))
        elif link.name == "renameTo":
            add(line, sql.rename_table(table, _table(walk, link)))
        elif link.name == "dropConstraint":
            add(line, sql.drop_constraint(table, first))
        elif link.name == "addIndex":
            add(line, sql.create_index(first, table, [sql.hole("column")]))
        elif link.name == "dropIndex":
            add(line, sql.drop_index(first, table))
        elif part := _part(walk, link):
            add(line, sql.alter(table, f"ADD {part}"))
        elif link.name not in _PASSED_OVER:
            self.direction.unknown(line, link.name)

    def _altered(self, walk: Walk, table: str, link: Link) -> None:
        name, line = _text(walk, link), walk.line(link.at)
        for each in _described(walk, link):
            given = walk.arguments(each).positional
            first = given[0] if given else None
            if each.name == "setDataType":
                self.direction.add(line, sql.change_type(table, name, _type(walk, first)))
            elif each.name in ("setNotNull", "dropNotNull"):
                null = each.name == "dropNotNull"
                self.direction.add(line, sql.change_null(table, name, null=null))
            elif each.name in ("setDefault", "dropDefault"):
                default = default_of(walk, first) if each.name == "setDefault" else ""
                self.direction.add(line, sql.change_default(table, name, default))

    def _drop(self, walk: Walk, link: Link, schema: str, more: list[Link]) -> None:
        named = {each.name for each in more}
        exists, cascade = "ifExists" in named, "cascade" in named
        line, name = walk.line(link.at), schema + _table(walk, link)
        if link.name == "dropTable":
            self.direction.add(line, sql.drop_table(name, if_exists=exists, cascade=cascade))
        elif link.name == "dropIndex":
            on = next((_table(walk, each) for each in more if each.name == "on"), "")
            self.direction.add(line, sql.drop_index(_text(walk, link), on, if_exists=exists))
        else:
            kind = _view(more) if link.name == "dropView" else "SCHEMA"
            self.direction.add(line, f"DROP {kind} {'IF EXISTS ' * exists}{name}")

    def _index(self, walk: Walk, link: Link, schema: str, more: list[Link]) -> None:
        table, columns, named = sql.hole("table"), list[str](), {each.name for each in more}
        for each in more:
            values = walk.arguments(each).positional
            if each.name == "on":
                table = schema + _table(walk, each)
            elif each.name in ("column", "columns"):
                names = [name for value in values[:1] for name in names_of(walk, value)]
                columns += [sql.identifier(name.partition(" ")[0]) for name in names]
            elif each.name == "expression":
                columns.append("(" + sql.hole("expression") + ")")
        text = sql.create_index(
            _text(walk, link), table, columns or [sql.hole("column")], unique="unique" in named,
            if_missing="ifNotExists" in named,
            more="WHERE " + sql.hole("condition") if "where" in named else "",
        )  # fmt: skip
        self.direction.add(walk.line(link.at), text)


def _view(more: list[Link]) -> str:
    return "MATERIALIZED VIEW" if any(link.name == "materialized" for link in more) else "VIEW"


def _text(walk: Walk, link: Link, number: int = 0) -> str:
    values = walk.arguments(link).positional
    return text_of(walk, values[number] if number < len(values) else None) or sql.hole("name")


def _table(walk: Walk, link: Link) -> str:
    values = walk.arguments(link).positional
    return table_of(walk, values[0] if values else None).partition(" as ")[0]


def _type(walk: Walk, value: Value | None) -> str:
    """Return a type that is given as text or as an ``sql`` template."""
    if isinstance(value, Field):
        return sql.kind(value.text) if value.known else sql.hole("type")
    written = text_of(walk, value)
    return sql.kind(written) if written and "${" not in written else sql.hole("type")


def _described(walk: Walk, link: Link) -> list[Link]:
    """Return the calls of the function that describes a column: ``(col) => col.notNull()``."""
    function = walk.callback(link)
    if function is None or not function.parameters or not isinstance(function.parameters[0], str):
        return []
    name = function.parameters[0]
    at = re.compile(rf"(?<![\w$.]){re.escape(name)}(?![\w$])").search(
        walk.code.text, function.start, function.end
    )
    return [] if at is None else [
        link for link in walk.code.chain(name, at.start()).links if link.called]  # fmt: skip


def _column(walk: Walk, link: Link) -> Column:
    values = walk.arguments(link).positional
    column = Column(_text(walk, link), _type(walk, values[1] if len(values) > 1 else None))
    for each in _described(walk, link):
        given = walk.arguments(each).positional
        first = given[0] if given else None
        if each.name == "notNull":
            column = column._replace(null=False)
        elif each.name == "defaultTo":
            column = column._replace(default=default_of(walk, first) or sql.hole("value"))
        elif each.name in ("primaryKey", "unique"):
            primary = each.name == "primaryKey"
            column = column._replace(primary=primary or column.primary, unique=not primary)
        elif each.name in ("autoIncrement", "generatedAlwaysAsIdentity", "identity"):
            column = column._replace(identity=True)
        elif each.name == "references":
            column = column._replace(references=_reference(text_of(walk, first)))
    if column.type in _IDENTITY:
        kind = "bigint" if column.type == "bigserial" else "integer"
        column = column._replace(type=kind, identity=True)
    return column


def _reference(target: str) -> str:
    table, _, column = target.rpartition(".")
    return f"{sql.dotted(table)} ({sql.identifier(column)})" if table else sql.hole("table")


def _part(walk: Walk, link: Link) -> str:
    """Return a column or constraint of a new table; empty for what is neither."""
    if link.name == "addColumn":
        return _column(walk, link).definition
    values = walk.arguments(link).positional
    columns = names_of(walk, values[1]) if len(values) > 1 else []
    named = f"CONSTRAINT {sql.identifier(_text(walk, link))} "
    if link.name == "addPrimaryKeyConstraint":
        return named + sql.primary_key(columns)
    if link.name == "addUniqueConstraint":
        return named + sql.unique(columns)
    if link.name == "addCheckConstraint":
        return named + sql.check(text_of(walk, values[1] if len(values) > 1 else None))
    if link.name == "addForeignKeyConstraint":
        table = table_of(walk, values[2] if len(values) > 2 else None)  # noqa: PLR2004
        to = names_of(walk, values[3]) if len(values) > 3 else []  # noqa: PLR2004
        return named + sql.foreign_key(columns, table, to)
    return ""
