"""Which runner owns a file, told by its place; what the files beside it tell that runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.auditing import examine
from dten_audit.derive.schema.files import runner_of
from dten_audit.model.facts.sql import SchemaChange
from dten_audit.options import Options

BESIDE = (
    "app/sqitch.plan", "db/atlas.sum", "drizzle/meta/_journal.json", "svc/Cargo.toml",
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "runner"),
    [
        ("db/migration/V2_1__add.sql", "Flyway"),
        ("db/migration/U2_1__add.sql", "Flyway"),
        ("db/migration/R__views.sql", "Flyway"),
        ("db/migration/afterMigrate.sql", "Flyway"),
        ("db/migration/beforeEachMigrate__vacuum.sql", "Flyway"),
        ("db/V2_add.sql", ""),
        ("db/changelog/9.4.xml", "Liquibase"),
        ("migrations/20260101120000_add/migration.sql", "Prisma"),
        ("migrations/2026-01-01-120000_add/up.sql", "Diesel"),
        ("migrations/default/1700000000000_add/up.sql", "Hasura"),
        ("app/deploy/orders.sql", "Sqitch"),
        ("lib/deploy/orders.sql", ""),
        ("db/20260101120000_add.sql", "Atlas"),
        ("drizzle/0001_add.sql", "Drizzle"),
        ("other/0001_add.sql", ""),
        ("svc/migrations/20260101120000_add.sql", "sqlx"),
        ("migrations/000042_add.up.sql", "golang-migrate"),
        ("alembic/versions/ab12_add.py", "Alembic"),
        ("shop/migrations/0042_add.py", "Django"),
        ("db/migrate/20260101120000_add.rb", "Rails"),
        ("priv/repo/migrations/20260101120000_add.exs", "Ecto"),
        ("migrations/20260101120000_add.js", "knex"),
        ("src/migrations/1700000000000-Add.ts", "TypeORM"),
        ("src/migrations/Migration20260101120000.ts", "MikroORM"),
        ("migrations/20260101120000-add.js", "Sequelize"),
        ("migrations/1700000000000_add.js", "node-pg-migrate"),
        ("Data/Migrations/20260101120000_Add.cs", "EF Core"),
        ("database/migrations/2026_01_01_120000_add.php", "Laravel"),
        ("src/Migrations/Version20260101120000.php", "Doctrine"),
        ("db/migrations/20260101120000_add.php", "Phinx"),
        ("usr/share/dbconfig-common/data/shop/upgrade/pgsql/9.4", "dbconfig-common"),
        ("sql/upgrade.sql", ""),
    ],
)
def test_places(path: str, runner: str) -> None:
    assert runner_of(path, (), {path, *BESIDE}).name == runner


@pytest.mark.parametrize(
    ("mark", "runner"),
    [(name.lower(), name) for name in ("goose", "dbmate", "sql-migrate", "tern", "Liquibase",
                                       "db-migrate", "Sequelize", "EF Core", "MikroORM")],
)  # fmt: skip
def test_marks(mark: str, runner: str) -> None:
    assert runner_of("x/any.sql", (mark,), ()).name == runner


INDEX = "CREATE INDEX CONCURRENTLY i ON orders (a);\n"
ADD = "ALTER TABLE orders ADD b int;\nALTER TABLE orders ADD c int;\n"


@pytest.mark.parametrize(
    ("files", "in_transaction", "waits"),
    [
        ({"db/V2__a.sql": ADD}, True, False),
        ({"db/V2__a.sql": ADD, "db/V2__a.sql.conf": "executeInTransaction=false"}, False, False),
        ({"db/V2__a.sql": ADD, "db/V3__a.sql.conf": "executeInTransaction=false"}, True, False),
        ({"db/V2__a.sql": ADD, "flyway.toml": "[flyway]\nexecuteInTransaction = false"}, False,
         False),
        ({"db/V2__a.sql": INDEX}, False, True),
        ({"db/V2__a.sql": INDEX, "flyway.conf": "flyway.postgresql.transactional.lock=false"},
         False, False),
        ({"db/V2__a.sql": INDEX, "app.properties": "spring.flyway.enabled=true"}, False, True),
        ({"migrations/2026-01-01-120000_a/up.sql": ADD}, True, False),
        ({"migrations/2026-01-01-120000_a/up.sql": INDEX,
          "migrations/2026-01-01-120000_a/metadata.toml": "run_in_transaction = false"}, False,
         False),
    ],
)  # fmt: skip
def test_settings(
    tmp_path: Path, files: dict[str, str], *, in_transaction: bool, waits: bool
) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    changes = list(examine(tmp_path, Options()).of(SchemaChange))
    assert changes
    assert {(c.in_transaction, c.runner_waits) for c in changes} == {(in_transaction, waits)}
