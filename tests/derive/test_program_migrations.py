"""Migrations that are programs, together: their order, what they make, what they state anew."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.sql import Migration, SchemaChange
from tests.derive.schema import of

ALEMBIC = """\
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {after}


def upgrade():
    {up}


def downgrade():
    {down}
"""
DJANGO = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        {operation},
    ]
"""
CREATE = 'op.create_table("runs", sa.Column("id", sa.BigInteger(), primary_key=True))'
INDEX = 'op.create_index("runs_at", "runs", ["at"])'
DROP = 'op.drop_table("runs")'


def alembic(revision: str, after: str, up: str, down: str = "pass") -> str:
    return ALEMBIC.format(revision=revision, after=after, up=up, down=down)


def ups(tree: dict[str, str]) -> list[SchemaChange]:
    return [change for change in of(SchemaChange, tree) if change.role == "up"]


def test_revisions_come_in_their_own_order() -> None:
    tree = {
        "app/alembic/versions/zz_runs.py": alembic("zz", "None", CREATE),
        "app/alembic/versions/aa_index.py": alembic("aa", '"zz"', INDEX),
    }
    assert [c.table_from for c in ups(tree) if c.action == "create_index"] == ["set"]
    turned = {
        "app/alembic/versions/zz_runs.py": alembic("zz", '"aa"', CREATE),
        "app/alembic/versions/aa_index.py": alembic("aa", "None", INDEX),
    }
    assert [c.table_from for c in ups(turned) if c.action == "create_index"] == ["site"]


def test_revisions_in_a_ring_end() -> None:
    tree = {
        "app/alembic/versions/a.py": alembic("a", '"b"', CREATE),
        "app/alembic/versions/b.py": alembic("b", '"a"', INDEX),
    }
    assert of(SchemaChange, tree)


def test_the_way_down_takes_nothing_from_the_next_way_up() -> None:
    tree = {
        "app/alembic/versions/a.py": alembic("a", "None", CREATE, DROP),
        "app/alembic/versions/b.py": alembic("b", '"a"', INDEX),
    }
    found = of(SchemaChange, tree)
    assert [c.table_from for c in found if c.action == "create_index"] == ["set"]
    assert [c.role for c in found if c.action == "drop_table"] == ["down"]


@pytest.mark.parametrize(
    ("down", "reversible"), [("pass", False), ("raise NotImplementedError", False), (DROP, True)]
)
def test_the_way_back(down: str, *, reversible: bool) -> None:
    tree = {"app/alembic/versions/a.py": alembic("a", "None", CREATE, down)}
    assert [m.reversible for m in of(Migration, tree)] == [reversible]


def field(kind: str) -> str:
    return f'migrations.AlterField("run", "state", models.{kind})'


ADDED = 'migrations.AddField("run", "state", models.CharField(max_length=9, null=True))'


@pytest.mark.parametrize(
    ("before", "after", "certainty"),
    [
        (ADDED, field('CharField(max_length=9, help_text="new")'), []),
        (ADDED, field("CharField(max_length=4)"), ["exact"]),
        (None, field("CharField(max_length=4)"), ["computed"]),
        (ADDED, field("OwnField()"), ["computed"]),
    ],
)
def test_a_field_that_is_stated_anew_changes_where_it_was_otherwise(
    before: str | None, after: str, certainty: list[str]
) -> None:
    tree = {"jobs/migrations/0008_state.py": DJANGO.format(operation=after)}
    if before:
        tree["jobs/migrations/0007_state.py"] = DJANGO.format(operation=before)
    found = [c for c in ups(tree) if c.action == "alter_type"]
    assert [change.certainty for change in found] == certainty


def test_a_long_series_is_open() -> None:
    tree = {
        f"app/alembic/versions/{n}.py": alembic(str(n), f'"{n - 1}"' if n else "None", INDEX)
        for n in range(9)
    }
    assert {change.certainty for change in ups(tree)} == {"computed"}


def test_branches_know_what_the_others_made() -> None:
    body = f"""{CREATE}
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX runs_id ON runs USING brin (id)")"""
    found = ups({"app/alembic/versions/a.py": alembic("a", "None", body)})
    assert [(c.dialect, c.table_from) for c in found if c.action == "create_index"] == [
        ("postgres", "file")
    ]


def test_sql_whose_tables_only_a_caller_knows_is_no_migration() -> None:
    text = (
        "const ensure = async (queryRunner, table, column) => {\n"
        "  await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column} text`);\n"
        "};\nexports.ensure = ensure;\n"
    )
    found = of(SchemaChange, {"dist/migrations/mysql/functions.js": text})
    assert [change.role for change in found] == ["application"]
