"""What we say that knex's builder sends, against what knex itself sends to PostgreSQL.

knex is installed by npm into a folder of its own and asked for its SQL (``toSQL``); nothing is run.
Both texts are read by the SQL reader, so that actions are compared, not words.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.sql import Action, SqlStatement
from dten_audit.readers.migrations.javascript import read
from dten_audit.readers.sql.reader import read as read_sql
from tests.oracles.servers import missing

pytestmark = pytest.mark.oracle

KNEX = "knex@3.1.0"
COLUMNS = (
    "integer('c')", "bigInteger('c')", "tinyint('c')", "smallint('c')", "mediumint('c')",
    "text('c')", "string('c')", "string('c', 40)", "float('c')", "double('c')", "decimal('c')",
    "decimal('c', 12, 4)", "boolean('c')", "date('c')", "datetime('c')", "timestamp('c')",
    "time('c')", "binary('c')", "json('c')", "jsonb('c')", "uuid('c')",
    "specificType('c', 'inet')", "increments('c')", "bigIncrements('c')",
    "string('c').notNullable()", "string('c').nullable()", "string('c').defaultTo('x')",
    "integer('c').notNullable().defaultTo(0)", "timestamp('c').defaultTo(knex.fn.now())",
    "uuid('c').defaultTo(knex.raw('gen_random_uuid()'))", "string('c').unique()",
    "string('c').index()", "integer('c').references('id').inTable('u')",
    "integer('c').references('u.id').onDelete('CASCADE')", "integer('c').unsigned().notNullable()",
    "timestamps()", "timestamps(true, true)",
)  # fmt: skip
CHANGES = (
    "string('c', 80).alter()", "string('c').notNullable().alter()",
    "integer('c').notNullable().defaultTo(1).alter()",
    "text('c').alter({ alterNullable: false })",
    "text('c').notNullable().alter({ alterType: false })", "dropColumn('c')",
    "dropColumns('c', 'd')", "dropTimestamps()", "renameColumn('c', 'd')", "setNullable('c')",
    "dropNullable('c')", "index(['c', 'd'])", "index(['c'], 'named')", "unique(['c', 'd'])",
    "unique(['c'], { indexName: 'named' })", "primary(['c'])", "dropIndex(['c'])",
    "dropIndex(['c'], 'named')", "dropUnique(['c'])", "dropUnique(['c'], 'named')",
    "dropForeign('c')", "dropForeign('c', 'named')", "dropPrimary()",
    "foreign('c').references('id').inTable('u')", "foreign(['c', 'd']).references('u.id')",
)  # fmt: skip
WHOLE = (
    "knex.schema.dropTable('a')", "knex.schema.dropTableIfExists('a')",
    "knex.schema.renameTable('a', 'b')", "knex.schema.withSchema('s').dropTable('a')",
    "knex.schema.createTable('a', (t) => { t.increments(); t.string('c').notNullable(); })",
    "knex.schema.createTable('a', function (t) { t.uuid('c').primary(); t.index(['c']); })",
    "knex.schema.createTableIfNotExists('a', (t) => { t.text('c'); })",
    "knex.schema.createTable('s.a', (t) => { t.integer('c').references('id').inTable('s.u'); })",
    "knex.schema.raw('DROP TABLE a')", "knex.schema.dropTable('a').dropTable('b')",
    "knex.schema.createSchema('s')", "knex.schema.dropSchemaIfExists('s')",
    "knex.schema.dropViewIfExists('v')", "knex.schema.refreshMaterializedView('v')",
    "knex('a').update({ c: 1 })", "knex('a').where('c', 1).update({ c: 2 })", "knex('a').del()",
    "knex('a').where({ c: 1 }).delete()", "knex('a').whereIn('c', [1]).del()",
    "knex('a').truncate()", "knex('a').increment('c', 1)", "knex('a').insert({ c: 1 })",
    "knex.from('a').whereNull('c').update('c', 1)", "knex.select('c').from('a')",
)  # fmt: skip
SCRIPT = """
const knex = require('knex')({ client: 'pg' });
const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const sql = (query) => [].concat(query.toSQL()).map((each) => each.sql);
console.log(JSON.stringify(cases.map((body) => sql(new Function('knex', 'return ' + body)(knex)))));
"""


def cases() -> list[str]:
    """Return the expressions that are tried."""
    table = "knex.schema.{}('a', (t) => {{ t.{}; }})"
    new = [table.format("createTable", column) for column in COLUMNS]
    added = [table.format("alterTable", column) for column in (*COLUMNS, *CHANGES)]
    return [*new, *added, *WHOLE]


def seen(document: Document) -> list[Action]:
    """Return the actions of a document of SQL."""
    facts = read_sql(document)
    return [a for fact in facts if isinstance(fact, SqlStatement) for a in fact.actions]


def ours(body: str) -> list[Action]:
    """Return what we say that an expression does."""
    text = f"exports.up = (knex) => {body};\n"
    document = Document("p!/migrations/1.js", "migrations/1.js", "javascript", text.encode())
    parts = [part for part in read(document) if isinstance(part, Embedded)]
    return [
        action for part in parts
        for action in seen(document.embed(part._replace(hints=(("dialect", "postgres"),))))
    ]  # fmt: skip


def theirs(statements: list[str]) -> list[Action]:
    """Return what statements of knex do."""
    text = ";\n".join(statements) + ";\n"
    return seen(Document("p!/a.psql", "a.psql", "sql", text.replace("?", "1").encode()))


def actions(found: list[Action]) -> set[tuple[object, ...]]:
    """Return what actions do, in one form: constraints of a new table belong to it."""
    new = {action.table for action in found if action.verb == "create_table"}
    result: set[tuple[object, ...]] = set()
    for action in found:
        if action.verb == "create_table":
            names = tuple(name for name, _ in action.columns)
            result.add((action.verb, action.table, names, "if-not-exists" in action.flags))
        elif action.verb == "add_constraint":
            if action.table not in new:
                result.add((action.verb, action.table, action.constraint, action.references))
        else:
            where = "where" in action.flags
            nulls = "not-null" in action.flags
            result.add((action.verb, action.table, action.column, action.name, where, nulls))
    return result - passing(result)


def passing(found: set[tuple[object, ...]]) -> set[tuple[object, ...]]:
    """Return what the same statement sets again: knex drops default and NOT NULL first."""
    return {
        action for action in found
        if str(action[0]).startswith("drop_")
        and (str(action[0]).replace("drop_", "set_"), *action[1:]) in found
    }  # fmt: skip


def test_knex(tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        missing("npm and node are needed")
    install = [npm, "install", "--silent", "--no-audit", "--prefix", str(tmp_path), KNEX]
    if subprocess.run(install, check=False, timeout=300).returncode:
        missing(f"{KNEX} cannot be installed")
    asked = cases()
    answer = subprocess.run(
        [node, "-e", SCRIPT], input=json.dumps(asked), capture_output=True, text=True,
        cwd=tmp_path, check=True, timeout=60,
    )  # fmt: skip
    differences = []
    for body, statements in zip(asked, json.loads(answer.stdout.splitlines()[-1]), strict=True):
        mine, own = actions(ours(body)), actions(theirs(statements))
        if mine != own:
            differences.append(f"{body}\n  ours   {sorted(map(str, mine))}\n  knex's "
                               f"{sorted(map(str, own))}\n  {statements}")  # fmt: skip
    print(f"knex: {len(asked)} expressions, {len(differences)} differences")  # noqa: T201
    assert asked
    assert not differences, "\n".join(differences)
