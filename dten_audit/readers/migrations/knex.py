"""knex: what its schema builder, its raw SQL and its changes of rows send.

Source: knexjs.org, guide of the schema builder (knex 3.1, read 2026-11-21); how that compares with
what knex itself sends: ``tests/oracles/test_migration_builders.py``.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.js_code import Chain, Link
from dten_audit.readers.migrations.js_values import names_of, table_of, text_of
from dten_audit.readers.migrations.js_walk import Walk, Way
from dten_audit.readers.migrations.knex_table import Table
from dten_audit.readers.programs.values import Items, Value

_CREATES: Final = frozenset(("createTable", "createTableIfNotExists"))
_READS: Final = frozenset(
    "hasTable hasColumn toString toSQL select first count columnInfo pluck debug insert ref fn"
    " batchInsert on log destroy queryBuilder max min sum isTransaction toQuery whereExists"
    " column from leftJoin innerJoin join distinct min avg with client config transacting"
    " commit rollback".split()
)
_LATER: Final = frozenset("then finally transaction catch asCallback all".split())
_ROWS: Final = {"update": "update", "increment": "update", "decrement": "update",
                "del": "delete", "delete": "delete"}  # fmt: skip
_SCHEMA: Final = frozenset(
    "createTable createTableIfNotExists createTableLike alterTable table dropTable"
    " dropTableIfExists renameTable raw createView createViewOrReplace createMaterializedView"
    " dropView dropViewIfExists dropMaterializedView dropMaterializedViewIfExists"
    " refreshMaterializedView createSchema createSchemaIfNotExists dropSchema dropSchemaIfExists"
    " withSchema".split()
)
_VIEW: Final = re.compile(r"View(?:IfExists|OrReplace)?\Z")


class Knex:
    """One direction of a knex migration. ``handles`` are the names under which it has knex."""

    def __init__(self, direction: Way, handles: set[str]) -> None:
        self.direction = direction
        self.handles = handles
        self._asked: set[str] = set()

    def chain(self, walk: Walk, chain: Chain) -> bool:
        """Take in a chain of calls."""
        links = chain.links
        names = [link.name for link in links]
        if "schema" in names or chain.root == "schema":
            return self._schema(walk, [link for link in links if link.name != "schema"])
        if walk.hands_on(chain, self.handles):
            self.direction.unknown(walk.line(chain.at), names[-1] or chain.root)
            return True
        if not links or (chain.root not in self.handles and "raw" not in names):
            return False
        if links[0].name == "" or any(name in _ROWS or name == "truncate" for name in names):
            return self._rows(walk, chain)
        for link in links:
            if link.name == "raw" and link.called:
                self._raw(walk, link)
                return True
            if link.name in ("transaction", *_LATER) and link.called:
                self._later(walk, link)
                return True
        return False

    def _later(self, walk: Walk, link: Link) -> None:
        """Walk through what runs behind an operation, or in a transaction of its own."""
        function = walk.callback(link)
        if function is None:
            return
        if link.name == "transaction":
            self.handles.update(p for p in function.parameters[:1] if isinstance(p, str))
        if link.name != "catch":
            walk.function(function, self)

    def _raw(self, walk: Walk, link: Link) -> None:
        arguments = walk.arguments(link).positional
        if arguments:
            self.direction.raw(walk.field(arguments[0]), walk.line(link.at))

    # the schema builder

    def _schema(self, walk: Walk, links: list[Link]) -> bool:
        schema = ""
        for link in links:
            if not link.called:
                continue
            if link.name in _LATER:
                self._later(walk, link)
                continue
            values = walk.arguments(link).positional
            if link.name == "withSchema":
                schema = text_of(walk, values[0]) if values else sql.hole("schema")
            elif link.name == "raw":
                self._raw(walk, link)
            elif link.name in ("hasTable", "hasColumn"):
                self._asked.add(text_of(walk, values[0]) if values else "")
            elif link.name in _SCHEMA:
                self._operation(walk, link, values, schema)
            elif link.name not in _READS:
                self.direction.unknown(walk.line(link.at), link.name)
        return True

    def _operation(self, walk: Walk, link: Link, values: tuple[Value, ...], schema: str) -> None:
        line, name = walk.line(link.at), link.name
        first = values[0] if values else None
        table = table_of(walk, first)
        table = f"{sql.identifier(schema)}.{table}" if schema else table
        add = self.direction.add
        if name in _CREATES:
            missing = name != "createTable" or text_of(walk, first) in self._asked
            own = Table(self.direction, table, line, new=True)
            self._body(walk, link, own)
            own.create(if_missing=missing)
        elif name in ("alterTable", "table"):
            self._body(walk, link, Table(self.direction, table, line))
        elif name == "createTableLike":
            other = table_of(walk, values[1] if len(values) > 1 else None)
            add(line, f"CREATE TABLE {table} (LIKE {other})")
            self._body(walk, link, Table(self.direction, table, line))
        elif name in ("dropTable", "dropTableIfExists"):
            add(line, sql.drop_table(table, if_exists=name != "dropTable"))
        elif name == "renameTable":
            add(line, sql.rename_table(table, table_of(walk, values[1] if values[1:] else None)))
        else:
            self._object(line, name, table)

    def _body(self, walk: Walk, link: Link, table: Table) -> None:
        function = walk.callback(link)
        if function is None:
            self.direction.unknown(walk.line(link.at), link.name)
            return
        first = function.parameters[0] if function.parameters else "this"
        table.name_here = first if isinstance(first, str) else "this"
        walk.function(function, table)

    def _object(self, line: int, name: str, named: str) -> None:
        exists = "IF EXISTS " if name.endswith("IfExists") else ""
        if name.startswith("refresh"):
            self.direction.add(line, f"REFRESH MATERIALIZED VIEW {named}")
        elif _VIEW.search(name):
            kind = "MATERIALIZED VIEW" if "Materialized" in name else "VIEW"
            if name.startswith("drop"):
                self.direction.add(line, f"DROP {kind} {exists}{named}")
            else:
                replace = "OR REPLACE " if name.endswith("OrReplace") else ""
                query = f"SELECT {sql.hole('columns')} AS c"
                self.direction.add(line, f"CREATE {replace}{kind} {named} AS {query}")
        elif name.startswith("dropSchema"):
            self.direction.add(line, f"DROP SCHEMA {exists}{named}")
        else:
            missing = "IF NOT EXISTS " if name.endswith("IfNotExists") else ""
            self.direction.add(line, f"CREATE SCHEMA {missing}{named}")

    # rows

    def _rows(self, walk: Walk, chain: Chain) -> bool:
        """Take in ``knex('t').where(…).update(…)`` and its kin."""
        table, where, later = "", False, []
        for link in chain.links:
            if not link.called:
                continue
            lower = link.name.lower()
            if link.name in ("", "from", "into", "table") and not table:
                values = walk.arguments(link).positional
                table = self._table(walk, values[0] if values else None)
            elif "where" in lower or lower.endswith("join") or lower in ("limit", "having"):
                where = True
            elif link.name in _LATER:
                later.append(link)
        for link in chain.links:
            if link.called and (link.name in _ROWS or link.name == "truncate"):
                line = walk.line(link.at)
                name = table or sql.hole("table")
                if link.name == "truncate":
                    self.direction.add(line, f"TRUNCATE TABLE {name}")
                else:
                    self.direction.add(line, sql.touches_rows(name, _ROWS[link.name], where=where))
        for link in later:
            self._later(walk, link)
        return True

    def _table(self, walk: Walk, value: Value | None) -> str:
        if isinstance(value, Items):
            return sql.hole("table")
        return sql.dotted(" ".join(names_of(walk, value)).partition(" as ")[0])
