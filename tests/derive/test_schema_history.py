"""Which migrations of a product's past still run is open; those of its own release run."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dten_audit import audit
from dten_audit.derive.schema_changes import derive
from dten_audit.model.facts.sql import SchemaChange
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site
from tests.derive.schema import AT
from tests.derive.trees import package_of

ALTER = "ALTER TABLE orders ADD COLUMN note text;\n"
FOLDER = "usr/share/dbconfig-common/data/dten/upgrade/pgsql"
RELEASES = [
    ("9.6.7", ("3.0.0", "9.0.0"), ["computed", "computed"]),
    ("5:9.6.7-7", ("9.0.0", "9.6.7"), ["computed", "exact"]),
    ("9.4.0", ("9.4.0",), ["exact"]),
    ("9.10.0", ("9.9.1",), ["computed"]),
    ("", ("3.0.0", "9.0.0"), ["exact", "exact"]),
    ("9.6.7", ("orders.sql",), ["exact"]),
    ("9.6.7", ("v9.1.0.sql", "v9.7.0.sql"), ["computed", "exact"]),
    ("9.6.7", tuple(f"{number:04}_a.sql" for number in range(8)), ["computed"] * 8),
]
"""The version of the package, its files of SQL, and how certain it is that they run."""


@pytest.mark.parametrize(("release", "names", "certainty"), RELEASES)
def test_a_file_of_an_older_release_may_have_run_long_ago(
    release: str, names: tuple[str, ...], certainty: list[str]
) -> None:
    package = package_of({f"{FOLDER}/{name}": ALTER for name in names})
    package.identity = {"version": release} if release else {}
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert [fact.certainty for fact in sorted(found, key=lambda fact: fact.script)] == certainty


@pytest.mark.parametrize(("others", "past"), [(0, False), (50, False), (100, True)])
def test_a_whole_product_carries_its_past(others: int, past: bool) -> None:
    files = {f"db/pg/upgrade_{n}.sql": ALTER for n in range(100, 160)}
    package = package_of(files | {f"src/part{n}.txt": "a part\n" for n in range(others)})
    package.identity = {"version": "9.6.7"}
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert {fact.past for fact in found} == {past}


PROGRAM = """
export default async (connection) => {
  await execute(connection, "ALTER TABLE orders ADD COLUMN note text");
};
"""
PROGRAMS = [
    ("2.2.1", ("migration/Version-1.0.8.js",), ["computed"]),
    ("", ("migration/Version-1.0.8.js",), ["exact"]),
    ("", tuple(f"alterations/1.{n}.0-1700000000-add-note.js" for n in range(8)), ["computed"] * 8),
    ("", tuple(f"alterations/1.{n}.0-1700000000-add-note.js" for n in range(3)), ["exact"] * 3),
]


@pytest.mark.parametrize(("release", "names", "certainty"), PROGRAMS)
def test_programs_that_migrate_are_a_series_too(
    release: str, names: tuple[str, ...], certainty: list[str]
) -> None:
    package = package_of(dict.fromkeys(names, PROGRAM))
    package.identity = {"version": release} if release else {}
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert [fact.certainty for fact in found] == certainty


@pytest.mark.parametrize(
    ("name", "count", "certainty"),
    [("patch-{}-note.sql", 8, "computed"), ("patch-{}-note.sql", 3, "exact"),
     ("{}-notes.sql", 8, "exact")],
)  # fmt: skip
def test_many_changes_without_an_order_are_a_past(name: str, count: int, certainty: str) -> None:
    names = [f"maintenance/archives/{name.format(word)}" for word in "abcdefgh"[:count]]
    package = package_of(dict.fromkeys(names, ALTER))
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert {fact.certainty for fact in found} == {certainty}


DJANGO = """
from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [migrations.AddField("order", "note", models.TextField(null=True))]
"""
ALEMBIC = """
from alembic import op
revision = "{revision}"
down_revision = {before}


def upgrade():
    op.drop_column("orders", "note")
"""


def chain(first: int, last: int) -> dict[str, str]:
    return {
        f"store/versions/r{n}.py": ALEMBIC.format(
            revision=f"r{n}", before=f'"r{n - 1}"' if n > 1 else "None"
        )
        for n in range(first, last + 1)
    }


def app(name: str, *numbers: int) -> dict[str, str]:
    return {f"shop/{name}/migrations/{n:04}_a.py": DJANGO for n in numbers}


WHOLE = [
    (chain(1, 8), {(True, "computed", "store/versions")}),
    (chain(9, 16), {(False, "exact", "store/versions")}),
    (chain(1, 7), {(False, "exact", "store/versions")}),
    (app("orders", 1, 2, 3, 4, 5) | app("stock", 1, 2, 3),
     {(True, "computed", "shop/*/migrations")}),
    (app("orders", *range(5, 13)), {(False, "exact", "shop/orders/migrations")}),
    ({f"db/pg/upgrade_{n}.sql": ALTER for n in range(100, 108)},
     {(False, "computed", "db/pg")}),
    ({f"db/pg/upgrade_{n}.sql": ALTER for n in range(100, 160)},
     {(False, "computed", "db/pg")}),
    ({f"db/pg/20{15 + n // 12}{n % 12 + 1:02}01_a.sql": ALTER for n in range(60)},
     {(True, "computed", "db/pg")}),
    ({f"db/pg/2022{n % 12 + 1:02}{n % 28 + 1:02}0101_a.sql": ALTER for n in range(84)},
     {(False, "computed", "db/pg")}),
    ({f"db/pg/{1500000000 + n * 2000000}-a.sql": ALTER for n in range(60)},
     {(True, "computed", "db/pg")}),
    (chain(2, 9) | {"store/versions/r1_empty.py": "from alembic import op\n"},
     {(True, "computed", "store/versions")}),
    ({f"db/pg/upgrade_{n}.sql": ALTER for n in range(1, 9)}
     | {f"db/my/upgrade_{n}.sql": ALTER for n in range(100, 108)},
     {(True, "computed", "db/pg"), (True, "computed", "db/my")}),
]  # fmt: skip
"""Files, and of their changes: whether they are of a whole past, certainty, and the series."""


@pytest.mark.parametrize(("files", "expected"), WHOLE)
def test_a_series_without_its_beginning_is_what_a_release_adds(
    files: dict[str, str], expected: set[tuple[bool, str, str]]
) -> None:
    facts = derive(package_of(files), Estate(Site(), AT))
    found = [fact for fact in facts if isinstance(fact, SchemaChange)]
    assert {(fact.past, fact.certainty, fact.unit) for fact in found} == expected


LOOP = """
from alembic import op
import sqlalchemy as sa
revision = "r9"
down_revision = "r8"
TABLES = ("orders", "partners", "runs")


def upgrade():
    for table in TABLES:
        op.alter_column(table, "made", existing_type=sa.Integer(), type_=sa.BigInteger())
"""


def test_a_loop_over_tables_is_told_as_one() -> None:
    package = package_of({"store/versions/r9_made.py": LOOP})
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert {fact.target for fact in found} == {"orders of 3"}
    assert {fact.likewise for fact in found} == {
        "; so for 2 more tables: partners, runs",
        "; so for 2 more tables: orders, runs",
        "; so for 2 more tables: orders, partners",
    }


PROGRAM_TIMEOUT = """
def connect(cursor, limit):
    cursor.execute("SET statement_timeout = %s", (limit,))


def repair(cursor):
    cursor.execute("ALTER TABLE orders ALTER COLUMN note TYPE text")
"""


@pytest.mark.parametrize(
    ("limit", "state"), [("%s", "set"), ("?", "set"), ("'5s'", "unset")]
)  # fmt: skip
def test_a_programs_own_timeout_holds_for_its_other_sql(limit: str, state: str) -> None:
    package = package_of({"store/db.py": PROGRAM_TIMEOUT.replace("%s", limit)})
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert {fact.statement_timeout for fact in found if fact.table} == {state}


def test_a_past_is_told_by_what_does_most_harm(tmp_path: Path) -> None:
    files = chain(1, 8)
    first = 'op.add_column("orders", sa.Column("fax", sa.Text()))'
    drop = 'op.drop_column("orders", "note")'
    for name in list(files)[:-1]:
        files[name] = (
            files[name].replace(drop, first).replace("op\n", "op\nimport sqlalchemy as sa\n", 1)
        )
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    report = audit([path]).packages[0]
    (told,) = (found for found in report.findings if found.rule == "DDL065")
    assert (told.severity, told.at.member, len(told.related)) == (
        "medium",
        "store/versions/r8.py",
        7,
    )
    assert told.message.startswith("ALTER TABLE orders DROP COLUMN note in store/versions")
