"""Alembic: each operation as the SQL that it sends, in its order and at its line."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.readers.migrations.alembic import read
from tests.readers.migrations.reading_programs import Sent, sent

PATH = "app/alembic/versions/3f2a_add_age.py"
HEAD = '''\
"""add age"""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3f2a"
down_revision = "1b2c"

'''


def migrated(up: str, down: str = "pass", head: str = "") -> dict[str, Sent]:
    body = f"def upgrade():\n{textwrap.indent(textwrap.dedent(up).strip(), '    ')}\n\n\n"
    back = f"def downgrade():\n{textwrap.indent(textwrap.dedent(down).strip(), '    ')}\n"
    return sent(HEAD + head + body + back, PATH, "python")


@pytest.mark.parametrize(
    ("operation", "statements"),
    [
        (
            'op.add_column("users", sa.Column("age", sa.Integer(), nullable=False))',
            ["ALTER TABLE users ADD COLUMN age integer NOT NULL"],
        ),
        (
            ('op.add_column("users", sa.Column("at", sa.DateTime(timezone=True),'
            ' server_default=sa.func.now()), schema="app")'),
            ["ALTER TABLE app.users ADD COLUMN at timestamp with time zone DEFAULT now()"],
        ),
        (
            'op.add_column("users", sa.Column("team", sa.Integer, sa.ForeignKey("app.teams.id")))',
            ["ALTER TABLE users ADD COLUMN team integer REFERENCES app.teams"],
        ),
        (
            'op.add_column("users", sa.Column("full", sa.Text, sa.Computed("a || b")))',
            ["ALTER TABLE users ADD COLUMN full text GENERATED ALWAYS AS (a || b) STORED"],
        ),
        ('op.add_column("users", sa.Column("x", OwnType()))',
         ["ALTER TABLE users ADD COLUMN x ${OwnType}"]),
        ('op.drop_column("users", "age")', ["ALTER TABLE users DROP COLUMN age"]),
        (
            ('op.alter_column("users", "age", existing_type=sa.Integer(), type_=sa.BigInteger(),'
            ' nullable=False, server_default=None, new_column_name="years")'),
            [
                "ALTER TABLE users ALTER age TYPE bigint",
                "ALTER TABLE users ALTER age SET NOT NULL",
                "ALTER TABLE users ALTER age DROP DEFAULT",
                "ALTER TABLE users RENAME COLUMN age TO years",
            ],
        ),
        (
            ('op.create_index(op.f("ix_users_age"), "users", ["age", sa.text("lower(name)")],'
            " unique=True, postgresql_concurrently=True, if_not_exists=True)"),
            [
                ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_users_age ON users"
                " (age, lower(name))")
            ],
        ),
        ('op.drop_index("ix_users_age", table_name="users")', ["DROP INDEX ix_users_age ON users"]),
        (
            ('op.create_table("Audit", sa.Column("id", sa.BigInteger(), primary_key=True),'
            ' sa.Column("who", sa.Integer()), sa.ForeignKeyConstraint(["who"], ["users.id"]))'),
            [
                ('CREATE TABLE "Audit" (id bigint PRIMARY KEY, who integer,'
                " FOREIGN KEY (who) REFERENCES users (id))")
            ],
        ),
        ('op.drop_table("audit")', ["DROP TABLE audit"]),
        ('op.rename_table("a", "b")', ["ALTER TABLE a RENAME TO b"]),
        (
            'op.create_foreign_key("fk", "a", "b", ["x"], ["id"], postgresql_not_valid=True)',
            ["ALTER TABLE a ADD CONSTRAINT fk FOREIGN KEY (x) REFERENCES b (id) NOT VALID"],
        ),
        ('op.create_unique_constraint("u", "a", ["x", "y"])',
         ["ALTER TABLE a ADD CONSTRAINT u UNIQUE (x, y)"]),
        ('op.create_check_constraint("c", "a", "x > 0")',
         ["ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0)"]),
        ('op.create_primary_key("p", "a", ["x"])',
         ["ALTER TABLE a ADD CONSTRAINT p PRIMARY KEY (x)"]),
        ('op.drop_constraint("c", "a", type_="check")', ["ALTER TABLE a DROP CONSTRAINT c"]),
        ('op.execute("UPDATE users SET age = 0")', ["UPDATE users SET age = 0"]),
        ('op.get_bind().execute(sa.text("DELETE FROM users"))', ["DELETE FROM users"]),
        (
            'users = sa.table("users", sa.column("age"))\nop.execute(users.update().values(age=1))',
            ["UPDATE users SET ${column} = ${value}"],
        ),
        (
            'op.execute(sa.delete(sa.table("users")).where(True))',
            ["DELETE FROM ${sa_table} WHERE ${condition}"],
        ),
        ("op.execute(statement())", ["PREPARE migration FROM ${statement}"]),
        ('op.create_entity("x")', ["PREPARE migration FROM ${create_entity}"]),
        ('print("ALTER TABLE users DROP COLUMN age")', []),
        ('# op.drop_table("users")\npass', []),
    ],
)  # fmt: skip
def test_operations(operation: str, statements: list[str]) -> None:
    found = migrated(operation)
    assert (found["up"].statements if "up" in found else []) == statements


def test_lines_are_those_of_the_operations() -> None:
    found = migrated(
        '''
        op.add_column("a", sa.Column("x", sa.Integer()))
        op.execute("""
            UPDATE a
               SET x = 1
        """)
        op.drop_column(
            "a",
            "y",
        )
        '''
    )["up"]
    first = HEAD.count("\n") + 2
    assert found.statements == [
        "ALTER TABLE a ADD COLUMN x integer", "UPDATE a", "SET x = 1",
        "ALTER TABLE a DROP COLUMN y",
    ]  # fmt: skip
    assert found.lines == [first, first + 2, first + 3, first + 5]


def test_batches_name_the_table_once() -> None:
    found = migrated(
        """
        with op.batch_alter_table("users", schema=None) as batch_op:
            batch_op.add_column(sa.Column("age", sa.Integer()))
            batch_op.create_index(batch_op.f("ix_age"), ["age"], unique=False)
            batch_op.create_foreign_key("fk", "teams", ["team"], ["id"])
            batch_op.drop_constraint("old", type_="unique")
        """
    )["up"]
    assert found.statements == [
        "ALTER TABLE users ADD COLUMN age integer",
        "CREATE INDEX ix_age ON users (age)",
        "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (team) REFERENCES teams (id)",
        "ALTER TABLE users DROP CONSTRAINT old",
    ]


def test_what_leaves_the_transaction_commits_first() -> None:
    found = migrated(
        """
        with op.get_context().autocommit_block():
            op.create_index("ix", "users", ["age"], postgresql_concurrently=True)
        """
    )["up"]
    assert found.statements == [
        "COMMIT", "CREATE INDEX CONCURRENTLY ix ON users (age)", "BEGIN",
    ]  # fmt: skip


def test_loops_and_functions_of_the_file_are_run() -> None:
    found = migrated(
        """
        for table in TABLES:
            add(table, "tenant")
        for table, column in [("a", "x"), ("b", "y")]:
            op.create_index(f"ix_{table}_{column}", table, [column])
        for table in unknown():
            op.drop_column(table, "z")
        """,
        head="""TABLES = ["orders", "invoices"]


def add(table, name):
    op.add_column(table, sa.Column(name, sa.Integer()))


""",
    )["up"]
    assert found.statements == [
        "ALTER TABLE orders ADD COLUMN tenant integer",
        "ALTER TABLE invoices ADD COLUMN tenant integer",
        "CREATE INDEX ix_a_x ON a (x)",
        "CREATE INDEX ix_b_y ON b (y)",
        "ALTER TABLE ${table} DROP COLUMN z",
    ]


def test_branches_for_one_database_are_told_apart() -> None:
    found = migrated(
        """
        bind = op.get_bind()
        op.add_column("a", sa.Column("x", sa.Integer()))
        if bind.dialect.name == "postgresql":
            op.execute("CREATE INDEX CONCURRENTLY ix ON a (x)")
        elif bind.dialect.name == "mysql":
            op.execute("CREATE INDEX ix ON a (x) ALGORITHM=INPLACE")
        else:
            op.create_index("ix", "a", ["x"])
        """
    )
    assert found["up"].hints["dialect"] == "postgres"
    assert len(found["up"].statements) == 2
    assert found["up mysql"].hints["dialect"] == "mysql"


def test_an_early_return_for_another_database() -> None:
    found = migrated(
        """
        if op.get_bind().dialect.name != "postgresql":
            return
        op.execute("VACUUM a")
        """
    )
    assert found["up"].hints["dialect"] == "postgres"


@pytest.mark.parametrize(
    ("down", "way_back"),
    [("pass", "no"), ('raise NotImplementedError("no")', "no"), ('op.drop_table("a")', "yes")],
)
def test_the_way_back(down: str, way_back: str) -> None:
    up = migrated('op.create_table("a", sa.Column("id", sa.Integer()))', down)["up"]
    assert up.hints["way-back"] == way_back
    assert (up.hints["revision"], up.hints["after"]) == ("3f2a", "1b2c")


def test_a_text_whose_quote_does_not_end_hides_nothing() -> None:
    document = Document("p.zip!/a.py", PATH, "python", (
        HEAD + "def upgrade():\n    op.execute(\"SELECT 'x\")\n    op.drop_table('b')\n"
    ).encode())  # fmt: skip
    texts = [part.text for part in read(document) if isinstance(part, Embedded)]
    assert len(texts) == 2
    assert "DROP TABLE b;\n" in texts


@pytest.mark.parametrize(
    "body",
    [
        "op.execute(" + "(" * 50_000,
        "for a in [" + "1," * 50_000 + "]:\n        op.drop_column('t', f'{a}')",
        "\n    ".join(f"{'if x:' if n % 2 else 'while y:'}" for n in range(2_000)),
        "".join(f"\n{' ' * (n + 4)}if a{n}:" for n in range(400)),
        "upgrade()\n    upgrade()",
        "op." * 30_000 + "execute('x')",
    ],
)
def test_hostile_input_is_bounded(body: str) -> None:
    text = HEAD + "def upgrade():\n    " + body + "\n"
    document = Document("p.zip!/a.py", PATH, "python", text.encode())
    assert len(list(read(document))) < 50


@given(st.text(alphabet="opexcut.()[]{}:'\"\n \t#=,def upgradfin", max_size=300))
def test_any_text_is_read(text: str) -> None:
    document = Document("p.zip!/a.py", PATH, "python", (HEAD + "def upgrade():\n" + text).encode())
    for part in read(document):
        if isinstance(part, Embedded):
            assert len(part.lines) >= part.text.count("\n")
