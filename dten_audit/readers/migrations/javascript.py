"""Reads migrations in JavaScript and TypeScript: knex, Kysely, Sequelize, TypeORM, and their kin.

Which builder it is, the file itself tells: by what it calls. Compiled files are read as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.migrations import pg_migrate, sequelize, typeorm
from dten_audit.readers.migrations.builders import Builder, Does, raw
from dten_audit.readers.migrations.direction import Hints, Section
from dten_audit.readers.migrations.js_code import Function
from dten_audit.readers.migrations.js_walk import Walk, Way
from dten_audit.readers.migrations.knex import Knex
from dten_audit.readers.migrations.kysely import Kysely
from dten_audit.readers.migrations.migration import Migration

MAX_SIZE: Final = 2 << 20
"""A larger program is no migration."""


_RESTATES: Final = (("restates", "yes"),)


class _Kind(NamedTuple):
    """A kind of migration: its runner, and what tells it.

    ``sign`` must stand in the file, ``outside`` says there that the runner opens no transaction.
    ``hints`` are those of its documents. ``inferred``: the runner finds the way back by itself,
    unless it is told that there is none.
    """

    runner: str
    sign: str
    methods: dict[str, Does]
    reads: frozenset[str]
    transaction: bool = True
    outside: str = ""
    dialect: str = ""
    inferred: bool = False
    hints: Hints = ()


_KINDS: Final = (
    _Kind(
        "TypeORM", r"\b(?:queryRunner|QueryRunner|runQuery|schemaBuilder)\b", typeorm.METHODS,
        typeorm.READS, outside=r"\btransaction\s*+(?::\s*+boolean\s*+)?=\s*+false\b",
    ),
    _Kind("Sequelize", r"\b(?:queryInterface|QueryInterface)\b", sequelize.METHODS,
          sequelize.READS, transaction=False, hints=_RESTATES),
    _Kind("MikroORM", r"\bthis\.(?:addSql|execute)\s*+\(|\bmikro-orm/migrations\b", {"addSql": raw},
          frozenset(("execute", "getKnex", "isTransactional")),
          outside=r"\bisTransactional\b[^{}]{0,80}+\{\s*+return\s++(?:false|!1)",
          hints=_RESTATES),
    _Kind("node-pg-migrate", r"\bpgm\b|\bMigrationBuilder\b", pg_migrate.METHODS,
          pg_migrate.READS, dialect="postgres", inferred=True),
    _Kind("db-migrate", r"\b(?:db|this)\.(?:runSql|addColumn|createTable|removeColumn|addIndex"
          r"|dropTable|changeColumn|renameColumn|addForeignKey|removeForeignKey)\b",
          sequelize.DB_MIGRATE, sequelize.DB_READS),
    _Kind("Kysely", r"\bkysely\b|\.schema\s*+\.\s*+\w++\((?:[^()]|\([^()]*+\)){0,4000}+\)\s*+\.\s*+"
          r"(?:addColumn|execute|on|if(?:Not)?Exists|(?:drop|alter|rename)Column|renameTo|column"
          r"|(?:add|drop)\w*+Constraint)\b", {}, frozenset()),
    _Kind("knex", r"\b[Kk]nex\b|\.schema\s*+\.", {}, frozenset(),
          outside=r"\bconfig\b[^;]{0,80}?\btransaction\s*+:\s*+false", hints=_RESTATES),
)  # fmt: skip
_WAYS: Final = re.compile(rb"\b(?:up|down)\b")
_SIGNS: Final = re.compile(
    rb"queryRunner|QueryRunner|runQuery|queryInterface|QueryInterface|addSql|\bpgm\b|[Kk]nex"
    rb"|\bdb\.(?:add|create|remove|drop|rename|change)[A-Z]|MigrationBuilder|runSql|\.schema\b|schemaBuilder|mikro-orm/migrations|[\"']kysely[\"']"
)
_DATED: Final = re.compile(r"\d[\d.]{1,20}[-_T]")
_MADE: Final = re.compile(rb"\bmodule\.exports\s*+=|\bexport\s++default\b")
_MADE_BY: Final = re.compile(
    r"(?:\bmodule\.exports\s*+=|\bexport\s++default\b)\s*+(?:exports\s*+=\s*+)?"
    r"(?:[A-Za-z_$][\w$]*+\.)?(?P<name>(?!define|class\b|function\b)[a-z_$][\w$]*+)\("
)
"""A migration that is what a helper returns: ``module.exports = addTable('x', {…})``."""
_PATH: Final = re.compile(
    r"(?i)migrat|(?:^|/)(?:changes|versions|upgrades?)/|/\d{13,14}[-_][^/]+\Z"
)
_KYSELY: Final = re.compile(r"""(?:\bfrom\s*+|\brequire\()["']kysely["']""")
_NO_WAY_BACK: Final = r"\bdown\s*+[=:]\s*+false\b"
_SECTIONS: Final[tuple[Section, ...]] = ("up", "down")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def fits(document: Document) -> bool:
    """Say whether a program may be a migration: by its path, what it defines and what it names."""
    return (
        document.size <= MAX_SIZE
        and _PATH.search(document.path) is not None
        and not document.name.endswith(".d.ts")
        and (
            (_WAYS.search(document.data) is not None and _SIGNS.search(document.data) is not None)
            or (_DATED.match(document.name) is not None and _MADE.search(document.data) is not None)
        )
    )


def read(document: Document) -> Iterator[Fact | Embedded]:
    """Yield the SQL of a migration's two directions."""
    if not fits(document):
        return
    walk = Walk(document)
    kind = _kind_of(walk)
    made = _MADE_BY.search(walk.program.code) if "up" not in walk.functions else None
    if made is not None:
        _take_ways(walk, made)
    if "up" not in walk.functions or kind is None:
        yield from _plain(document)
        if made is not None:
            yield from _said(walk, made)
        return
    migration = Migration(document, kind.runner, kind.hints)
    migration.dialect = kind.dialect
    migration.transaction = kind.transaction and not (
        kind.outside and _compiled(kind.outside).search(walk.program.code)
    )
    migration.way_back = kind.inferred and not _compiled(_NO_WAY_BACK).search(walk.program.code)
    for section in _SECTIONS:
        if section in walk.functions:
            _direction(walk, kind, Way(migration, section, walk), walk.functions[section])
    yield from migration.documents()
    if walk.spent:
        yield Unreadable(document.location(1), kind.runner, "a migration that is too long to read")


def _take_ways(walk: Walk, made: re.Match[str]) -> None:
    """Take the functions that a helper makes a migration of: the way up, then the way down."""
    opened = made.end()
    parts = walk.code.parts(opened, walk.code.close(opened - 1))
    found = [each for start, _ in parts if (each := walk.code.function(start)) is not None]
    walk.functions.update(zip(_SECTIONS, found, strict=False))


def _said(walk: Walk, made: re.Match[str]) -> Iterator[Embedded | Unreadable]:
    """Say of a migration that a helper makes of its arguments that only the run tells its SQL."""
    migration = Migration(walk.document, made["name"])
    migration.way_back = True
    migration.at("up").unknown(walk.line(made.start("name")), made["name"])
    yield from migration.documents()


def _plain(document: Document) -> Iterator[Embedded | Unreadable]:
    """Read a program that is no migration after all."""
    from dten_audit.readers.programs.sql import read as read_sql

    yield from read_sql(document)


def _kind_of(walk: Walk) -> _Kind | None:
    code = walk.program.code
    whole = walk.document.text
    text = whole if "mikro-orm" in whole or _KYSELY.search(whole) else code
    return next((kind for kind in _KINDS if _compiled(kind.sign).search(text)), None)


def _direction(walk: Walk, kind: _Kind, way: Way, function: Function) -> None:
    handles: set[str] = set()
    for parameter in function.parameters:
        handles.update([parameter] if isinstance(parameter, str) else parameter.values())
    builder: Knex | Kysely | Builder
    if kind.runner == "knex":
        builder = Knex(way, handles)
    elif kind.runner == "Kysely":
        builder = Kysely(way)
    else:
        builder = Builder(way, kind.methods, kind.reads, handles)
    walk.function(function, builder)
