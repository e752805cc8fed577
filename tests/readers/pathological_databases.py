"""What hurts the readers of migrations and of SQL in programs; see ``pathological.py``."""

from __future__ import annotations

from typing import Final

from tests.readers.languages import Language

# ruff: noqa: E501 (a row a language)

_SQL: Final = (
    'cur.execute("ALTER TABLE a§ ADD b int")\n', 'SQL = """CREATE TABLE a (\n', 'a += " DROP TABLE b§"\n',
    'for s in ["DROP TABLE a", "DROP TABLE b§"]:\n  cur.execute(s)\n', "conn.commit()\n", 'f"UPDATE {a} SET b"',
    "execute(a§)\n", 'def f§(cur):\n  cur.execute("DROP TABLE a")\n', "$db->query('DROP TABLE a§');\n", "'",
    'db.Exec("DROP TABLE a")\n', "SELECT ", "(", "${a}", "`DELETE FROM a`", "if a:\n  ", "+ 'b' ", "# a\n", "q§ = q\n",
)  # fmt: skip
_PAIRS: Final = (("execute(", ")"), ("f(", ")"), ("[", "]"), ('"', '"'), ("{", "}"))
_HEADS: Final = {
    "python": ("py", "import psycopg2\n"), "php": ("php", "<?php $db = new PDO('a');\n"),
    "javascript": ("js", "const pg = require('pg');\n"), "ruby": ("rb", "require 'pg'\n"),
    "go": ("go", 'import "database/sql"\n'), "java": ("java", "import java.sql.Statement;\n"),
}  # fmt: skip
DATABASES: Final[dict[str, tuple[Language, ...]]] = {
    "program-sql": tuple(
        Language(kind, f"app/store.{suffix}", _SQL, _PAIRS, f'{head}cur.execute("DROP TABLE a")\n')
        for kind, (suffix, head) in _HEADS.items()
    ),
    "debian-news": (
        Language(
            "prose",
            "usr/share/doc/a/NEWS.Debian",
            ("a (1.§) unstable; urgency=low\n", "\n", "  x\n", " -- A B\n", "a (", "* "),
            (),
            "a (1) b; c\n",
        ),
    ),
    "migrations": (
        Language(
            "javascript",
            "migrations/1.js",
            (
                "await knex.raw('a');\n",
                "knex.schema.dropTable('a§');\n",
                "if (pg) ",
                "a.b",
                "f(x):",
                "knex('a').where(",
                "const a§ = b;\n",
                "for (const a of b) ",
            ),
            (("knex.schema.createTable('a', (t) => {", "});"), ("if (isMysql) {", "}"), ("(", ")")),
            "exports.up = (knex) => {\n",
        ),
        Language(
            "xml",
            "db/changelog/1.xml",
            (
                "<changeSet id='§' author='a'><sql>a</sql></changeSet>",
                "<changeSet><createTable tableName='a'><column name='b' type='${c}'/></createTable></changeSet>",
            ),
            (("<changeSet>", "</changeSet>"),),
            "<databaseChangeLog>",
            "</databaseChangeLog>",
        ),
        Language(
            "yaml",
            "db/changelog/1.yaml",
            (
                "  - changeSet: {id: §, changes: [{dropTable: {tableName: a}}]}\n",
                "  - changeSet:\n      id: a\n      rollback: b\n",
            ),
            (("[", "]"),),
            "databaseChangeLog:\n",
        ),
        Language(
            "csharp",
            "Migrations/1.cs",
            (
                'migrationBuilder.Sql("a");\n',
                'migrationBuilder.AddColumn<int>(name: "a§", table: "b", type: ',
                'migrationBuilder.CreateTable(name: "a", columns: table => new {',
            ),
            (("(", ")"), ("{", "}")),
            "class A : Migration { protected override void Up(MigrationBuilder migrationBuilder) {\n",
        ),
        Language(
            "python",
            "alembic/versions/1_a.py",
            (
                "    op.execute('a')\n",
                "    op.add_column('a', sa.Column('b§', sa.Integer()))\n",
                "    if a:\n",
                "    for a in b:\n",
            ),
            (("(", ")"),),
            "from alembic import op\nrevision = 'a'\ndef upgrade():\n",
        ),
    ),
}
