"""Columns that a vendor's own builder describes by a chain: ``column('n').varchar(16).notNull``.

What the links do is told by their names, as far as these are those of SQL.
"""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.js_code import Link
from dten_audit.readers.migrations.js_values import Column, Members, default_of, sizes_of, text_of
from dten_audit.readers.migrations.js_walk import Walk

_COLUMN: Final = re.compile(r"(?<![\w$])column(?=\s*+\()")
_TYPES: Final = {
    "bool": "boolean", "boolean": "boolean", "int": "integer", "integer": "integer",
    "bigint": "bigint", "smallint": "smallint", "double": "double precision", "real": "real",
    "varchar": "varchar", "text": "text", "json": "json", "jsonb": "jsonb", "uuid": "uuid",
    "timestamp": "timestamp", "timestampTimezone": "timestamptz", "timestampNoTimezone":
    "timestamp", "date": "date", "binary": "binary", "decimal": "decimal", "float": "real",
}  # fmt: skip
_REQUIRED: Final = frozenset(("notNull", "notNullable"))
_PRIMARY: Final = frozenset(("primary", "primaryKey", "primaryWithName"))
_DEFAULT: Final = frozenset(("default", "defaultTo", "defaultValue"))


def columns_in(walk: Walk, link: Link) -> list[Column]:
    """Return the columns that stand among the arguments of a call."""
    found: list[Column] = []
    position = link.open if link.called else link.close
    while match := _COLUMN.search(walk.code.text, position, link.close):
        chain = walk.code.chain("column", match.start())
        position = max(chain.end, match.end())
        found.append(_column(walk, chain.links))
    return found


def _column(walk: Walk, links: tuple[Link, ...]) -> Column:
    names = walk.arguments(links[0]).positional if links else ()
    column = Column(text_of(walk, names[0]) if names else sql.hole("column"), sql.hole("type"))
    for link in links[1:]:
        if link.name in _TYPES:
            sizes = sizes_of(walk.arguments(link)) if link.called and link.name == "varchar" else []
            column = column._replace(type=sql.kind(_TYPES[link.name], *sizes))
        elif link.name in _REQUIRED:
            column = column._replace(null=False)
        elif link.name in _PRIMARY:
            column = column._replace(primary=True)
        elif link.name in _DEFAULT and link.called:
            given = walk.arguments(link).positional
            text = default_of(walk, given[0] if given else None)
            column = column._replace(default=text or sql.hole("value"))
    return column


def foreign_key(walk: Walk, link: Link) -> str:
    """Return the foreign key of ``withForeignKey('c', { tableName: 't', columnName: 'id' })``."""
    given = walk.arguments(link).positional
    target = Members(walk, given[1] if len(given) > 1 else None)
    table = sql.dotted(target.text("tableName", "table")) or sql.hole("table")
    column = target.text("columnName", "column")
    own = text_of(walk, given[0]) if given else sql.hole("column")
    return sql.foreign_key([own], table, [column] if column else [])
