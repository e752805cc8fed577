"""Which dialect a text is judged by where it does not tell itself."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.sql import SchemaChange
from dten_audit.readers.sql.dialect import of_text
from tests.derive.schema import of

PLAIN = "ALTER TABLE orders ADD COLUMN note text;"
ALEMBIC = """from alembic import op
import sqlalchemy as sa
{imports}
revision = "{revision}"
down_revision = None

def upgrade():
    op.add_column("orders", sa.Column("c{revision}", sa.Text(){variant}))

def downgrade():
    op.drop_column("orders", "c{revision}")
"""


@pytest.mark.parametrize(("others", "wanted"), [
    ({"postgres": 1}, "postgres"),
    ({"postgres": 4, "mysql": 1}, "postgres"),
    ({"postgres": 3, "mysql": 1}, "generic"),
    ({"mysql": 1}, "mysql"),
    ({}, "generic"),
])  # fmt: skip
def test_the_texts_beside_it_tell(others: dict[str, int], wanted: str) -> None:
    signs = {
        "postgres": "ALTER TABLE t{n} ADD c jsonb;",
        "mysql": "ALTER TABLE t{n} ENGINE=InnoDB;",
    }
    tree = {
        f"sql/upgrade/{name}{n}-step.sql": signs[name].format(n=n)
        for name, many in others.items()
        for n in range(many)
    }
    found = of(SchemaChange, {**tree, "sql/upgrade/9-plain.sql": PLAIN})
    assert {each.dialect for each in found if each.table == "orders"} == {wanted}


@pytest.mark.parametrize(("imports", "variant", "wanted"), [
    ("from sqlalchemy.dialects import mysql", "", "mysql"),
    ("", '.with_variant(MEDIUMTEXT, "mysql")', "mysql"),
    ("from sqlalchemy.dialects import mysql, postgresql", "", "generic"),
    ("from sqlalchemy.dialects import sqlite", "", "generic"),
    ("# MySQL would take longer", "", "generic"),
])  # fmt: skip
def test_an_alembic_series_names_its_databases(imports: str, variant: str, wanted: str) -> None:
    tree = {
        "app/alembic/versions/1.py": ALEMBIC.format(imports=imports, revision="1", variant=variant),
        "app/alembic/versions/2.py": ALEMBIC.format(imports="", revision="2", variant=""),
    }
    found = of(SchemaChange, tree)
    assert {each.dialect for each in found if each.column == "c2"} == {wanted}


@pytest.mark.parametrize(("text", "wanted"), [
    ("CREATE TYPE state AS ENUM ('open', 'shut');", "postgres"),
    ("CREATE TABLE t (s enum ('open', 'shut'));", "mysql"),
    ("CREATE TABLE t (at timestamp without time zone);", "postgres"),
    ("CREATE TABLE t (at timestamp with time zone not null default now());", "postgres"),
    ("CREATE TABLE t (at timestamp with time zone, n number(9), v varchar2(9));", "oracle"),
])  # fmt: skip
def test_words_of_one_dialect(text: str, wanted: str) -> None:
    assert of_text(text) == wanted
