"""The table builder of knex: columns with what is chained to them, indexes, constraints."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.js_code import Chain, Link
from dten_audit.readers.migrations.js_values import (
    Column,
    Members,
    default_of,
    names_of,
    table_of,
    text_of,
)
from dten_audit.readers.migrations.js_walk import Walk, Way
from dten_audit.readers.programs.values import Number, Value, is_true

_TYPES: Final = {
    "integer": "integer", "int": "integer", "tinyint": "smallint", "smallint": "smallint",
    "mediumint": "integer", "bigint": "bigint", "bigInteger": "bigint", "text": "text",
    "string": "varchar", "float": "real", "double": "double precision", "decimal": "decimal",
    "boolean": "boolean", "bool": "boolean", "date": "date", "datetime": "timestamp",
    "dateTime": "timestamp", "time": "time", "timestamp": "timestamp", "binary": "binary",
    "enum": "varchar", "enu": "varchar", "json": "json", "jsonb": "json", "uuid": "uuid",
    "geometry": "geometry", "geography": "geography", "point": "point", "increments": "integer",
    "bigIncrements": "bigint", "smallincrements": "smallint", "tinyincrements": "smallint",
    "mediumincrements": "integer", "double precision": "double precision", "specificType": "",
}  # fmt: skip
_COUNTING: Final = frozenset(
    "increments bigIncrements smallincrements tinyincrements mediumincrements".split()
)
_BESIDE_TYPE: Final = frozenset(("nullable", "notNullable", "notNull", "defaultTo"))
_PASSED_OVER: Final = frozenset(
    "comment engine charset collate queryContext inherits setColumnConfig columnInfo".split()
)
_NO_NAME: Final = re.compile(r"[.\-]")


class Table:
    """The table that a callback of ``createTable`` or ``alterTable`` describes."""

    def __init__(self, direction: Way, table: str, line: int, *, new: bool = False) -> None:
        self.direction = direction
        self.table = table
        self.line = line
        self.new = new
        self.name_here = "table"
        self._parts: list[str] = []
        self._later: list[tuple[int, str]] = []

    def create(self, *, if_missing: bool) -> None:
        """Add CREATE TABLE, and what knex sends after it."""
        parts = self._parts or [sql.column(sql.hole("column"), sql.hole("type"))]
        self.direction.add(self.line, sql.create_table(self.table, parts, if_missing=if_missing))
        for line, statement in self._later:
            self.direction.add(line, statement)

    def chain(self, walk: Walk, chain: Chain) -> bool:
        """Take in a line of the callback."""
        if chain.root != self.name_here or not chain.links or not chain.links[0].called:
            return False
        link, more = chain.links[0], chain.links[1:]
        line = walk.line(link.at)
        values = walk.arguments(link).positional
        if link.name in _TYPES:
            self._column(walk, link, more, line)
        elif link.name == "timestamps":
            self._timestamps(walk, link, line)
        elif link.name == "foreign":
            self._foreign(walk, names_of(walk, values[0] if values else None), more, line)
        elif not self._constraint(walk, link, values, line) and not self._change(
            walk, link, values, line
        ):
            self.direction.unknown(line, link.name)
        return True

    def _put(self, line: int, part: str) -> None:
        """Put a part into the new table, or add it to the one that is there."""
        if self.new:
            self._parts.append(part)
        elif part.startswith(("CONSTRAINT", "FOREIGN", "UNIQUE", "PRIMARY", "CHECK")):
            self.direction.add(line, sql.alter(self.table, f"ADD {part}"))
        else:
            self.direction.add(line, sql.add_column(self.table, part))

    def _after(self, line: int, statement: str) -> None:
        if self.new:
            self._later.append((line, statement))
        else:
            self.direction.add(line, statement)

    def _named(self, columns: list[str], what: str) -> str:
        """Return the name that knex gives an index or a constraint."""
        plain = self.table.replace('"', "")
        if "${" in plain or any("${" in column for column in columns):
            return sql.hole("name")
        return _NO_NAME.sub("_", "_".join((plain, *columns, what))).lower()

    # columns

    def _column(self, walk: Walk, link: Link, more: tuple[Link, ...], line: int) -> None:
        arguments = walk.arguments(link)
        values = arguments.positional
        unnamed = "id" if link.name in _COUNTING else sql.hole("column")
        name = text_of(walk, values[0] if values else None) or unnamed
        calls = {each.name: each for each in more if each.called}
        column = Column(
            name,
            self._type(walk, link.name, values),
            null=not calls.keys() & {"notNullable", "notNull"} or self._says(walk, calls, False),
            identity=link.name in _COUNTING,
            primary=link.name in _COUNTING and self.new,
        )
        if "defaultTo" in calls:
            default = walk.arguments(calls["defaultTo"]).positional
            column = column._replace(default=default_of(walk, default[0] if default else None))
        if "alter" in calls:
            self._altered(walk, column, calls, line)
            return
        self._put(line, column.definition)
        self._chained(walk, column, calls, more, line)

    @staticmethod
    def _says(walk: Walk, calls: dict[str, Link], value: bool) -> bool:
        """Say whether ``notNullable(false)`` stands there."""
        link = calls.get("notNullable") or calls.get("notNull")
        given = walk.arguments(link).positional if link is not None else ()
        return bool(given) and is_true(given[0]) is value

    @staticmethod
    def _type(walk: Walk, name: str, values: tuple[Value, ...]) -> str:
        sizes = [value.text for value in values[1:] if isinstance(value, Number)]
        if name == "specificType":
            return sql.kind(text_of(walk, values[1] if len(values) > 1 else None) or "type")
        if name == "string":
            given = text_of(walk, values[1]) if len(values) > 1 else "255"
            return sql.kind("varchar", given)
        if name == "decimal":
            return sql.kind("decimal", *(sizes or ["8", "2"]))
        return _TYPES[name]

    def _chained(
        self, walk: Walk, column: Column, calls: dict[str, Link], more: tuple[Link, ...], line: int
    ) -> None:
        name = [column.name]
        if "primary" in calls and not column.primary:
            self._put(line, f"CONSTRAINT {sql.identifier(self._named([], 'pkey'))} "
                      + sql.primary_key(name))  # fmt: skip
        if "unique" in calls:
            named = sql.identifier(self._named(name, "unique"))
            self._put(line, f"CONSTRAINT {named} {sql.unique(name)}")
        if "index" in calls:
            given = walk.arguments(calls["index"]).positional
            index = text_of(walk, given[0]) if given else self._named(name, "index")
            columns = [sql.identifier(column.name)]
            self._after(line, sql.create_index(index, self.table, columns))
        if "references" in calls:
            self._foreign(walk, name, more, line)

    def _altered(self, walk: Walk, column: Column, calls: dict[str, Link], line: int) -> None:
        """Add what ``.alter()`` does: the type, whether null may stand, the default."""
        given = walk.arguments(calls["alter"]).positional
        options = Members(walk, given[0] if given else None)
        if not options.is_false("alterType"):
            change = sql.restate_type if calls.keys() & _BESIDE_TYPE else sql.change_type
            self.direction.add(line, change(self.table, column.name, column.type))
        if not options.is_false("alterNullable"):
            self.direction.add(line, sql.change_null(self.table, column.name, null=column.null))
        changed = sql.change_default(self.table, column.name, column.default)
        self.direction.add(line, changed)
        self._chained(walk, column._replace(primary=True), calls, (), line)

    def _timestamps(self, walk: Walk, link: Link, line: int) -> None:
        arguments = walk.arguments(link)
        values = arguments.positional
        options = Members(walk, values[0] if values else None)
        now = options.is_true("defaultToNow") or (len(values) > 1 and is_true(values[1]) is True)
        camel = options.is_true("useCamelCase")
        for name in ("createdAt", "updatedAt") if camel else ("created_at", "updated_at"):
            column = Column(name, "timestamp", null=not now, default="now()" if now else "")
            self._put(line, column.definition)

    # constraints and indexes

    def _foreign(self, walk: Walk, columns: list[str], more: tuple[Link, ...], line: int) -> None:
        to, table = "", ""
        for link in more:
            values = walk.arguments(link).positional if link.called else ()
            if link.name == "references" and values:
                to = names_of(walk, values[0])[0] if names_of(walk, values[0]) else ""
            elif link.name in ("inTable", "on") and values:
                table = table_of(walk, values[0])
        if not table and "." in to and "${" not in to:
            table, _, to = to.rpartition(".")
            table = sql.dotted(table)
        named = sql.identifier(self._named(columns, "foreign"))
        key = sql.foreign_key(columns, table or sql.hole("table"), [to] if to else [])
        self._put(line, f"CONSTRAINT {named} {key}")

    def _constraint(self, walk: Walk, link: Link, values: tuple[Value, ...], line: int) -> bool:
        """Take in ``index``, ``unique``, ``primary``, ``check``."""
        columns = names_of(walk, values[0] if values else None)
        second = values[1] if len(values) > 1 else None
        options = Members(walk, second)
        name = options.text("indexName", "constraintName") if options.known else text_of(
            walk, second)  # fmt: skip
        if link.name == "index" or (link.name == "unique" and options.is_false("useConstraint")):
            self._after(line, sql.create_index(
                name or self._named(columns, "index"), self.table,
                [sql.identifier(column) for column in columns], unique=link.name == "unique",
            ))  # fmt: skip
        elif link.name == "unique":
            named = sql.identifier(name or self._named(columns, "unique"))
            self._put(line, f"CONSTRAINT {named} {sql.unique(columns)}")
        elif link.name == "primary":
            named = sql.identifier(name or self._named([], "pkey"))
            self._put(line, f"CONSTRAINT {named} {sql.primary_key(columns)}")
        elif link.name.startswith("check"):
            self._put(line, sql.check(columns[0] if columns else ""))
        else:
            return False
        return True

    # changes of what is there

    def _change(self, walk: Walk, link: Link, values: tuple[Value, ...], line: int) -> bool:
        name, add, table = link.name, self.direction.add, self.table
        texts = [each for value in values for each in names_of(walk, value)]
        first = texts[0] if texts else sql.hole("column")
        if name in ("dropColumn", "dropColumns"):
            for column in texts or [first]:
                add(line, sql.drop_column(table, column))
        elif name == "dropTimestamps":
            camel = is_true(values[0]) if values else False
            for column in ("createdAt", "updatedAt") if camel else ("created_at", "updated_at"):
                add(line, sql.drop_column(table, column))
        elif name == "renameColumn":
            add(line, sql.rename_column(table, first, texts[1] if texts[1:] else sql.hole("name")))
        elif name in ("setNullable", "dropNullable"):
            add(line, sql.change_null(table, first, null=name == "setNullable"))
        elif name in ("dropIndex", "dropUnique", "dropForeign", "dropPrimary", "dropChecks"):
            self._drop(walk, name, values, line)
        else:
            return name in _PASSED_OVER
        return True

    def _drop(self, walk: Walk, name: str, values: tuple[Value, ...], line: int) -> None:
        columns = names_of(walk, values[0] if values else None)
        given = text_of(walk, values[1]) if len(values) > 1 else ""
        if name == "dropIndex":
            index = given or self._named(columns, "index")
            self.direction.add(line, sql.drop_index(index))
            return
        if name == "dropPrimary":
            given = columns[0] if columns else self._named([], "pkey")
        elif name == "dropChecks":
            given = columns[0] if columns else ""
        what = {"dropUnique": "unique", "dropForeign": "foreign"}.get(name, "check")
        named = given or self._named(columns, what)
        self.direction.add(line, sql.drop_constraint(self.table, named))
