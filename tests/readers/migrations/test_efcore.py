"""Migrations of Entity Framework Core as the SQL that they send."""

from __future__ import annotations

import pytest

from tests.readers.migrations.texts import hints, sent

# ruff: noqa: E501 (a table of cases reads best by its lines)

PATH = "src/Shop/Migrations/20260101120000_AddState.cs"


def migration(up: str, down: str = "") -> str:
    return (
        "public partial class AddState : Migration\n{\n"
        "    protected override void Up(MigrationBuilder migrationBuilder)\n    {\n"
        f"{up}\n    }}\n"
        "    protected override void Down(MigrationBuilder migrationBuilder)\n    {\n"
        f"{down}\n    }}\n}}\n"
    )


NPG = 'migrationBuilder.AlterDatabase().Annotation("Npgsql:x", "y");'


@pytest.mark.parametrize(
    ("call", "tsql", "postgres"),
    [
        (('AddColumn<string>(name: "State", table: "Orders", type: "varchar(20)", nullable: false, '
         'defaultValue: "")'),
         "ALTER TABLE \"Orders\" ADD \"State\" varchar(20) DEFAULT '' NOT NULL",
         "ALTER TABLE \"Orders\" ADD COLUMN \"State\" varchar(20) DEFAULT '' NOT NULL"),
        (('AlterColumn<long>(name: "N", table: "Orders", type: "bigint", nullable: false, '
         'oldType: "int")'),
         'ALTER TABLE "Orders" ALTER COLUMN "N" bigint NOT NULL',
         'ALTER TABLE "Orders" ALTER "N" TYPE bigint'),
        ('DropColumn(name: "Old", table: "Orders", schema: "shop")',
         'ALTER TABLE shop."Orders" DROP COLUMN "Old"',
         'ALTER TABLE shop."Orders" DROP COLUMN "Old"'),
        ('RenameColumn(name: "A", table: "Orders", newName: "B")',
         "EXEC sp_rename 'Orders.A', 'B', 'COLUMN'",
         'ALTER TABLE "Orders" RENAME COLUMN "A" TO "B"'),
        ('CreateIndex(name: "IX", table: "Orders", columns: new[] { "A", "B" }, unique: true)',
         'CREATE UNIQUE INDEX "IX" ON "Orders" ("A", "B")',
         'CREATE UNIQUE INDEX "IX" ON "Orders" ("A", "B")'),
        ('DropIndex(name: "IX", table: "Orders")', 'DROP INDEX "IX" ON "Orders"',
         'DROP INDEX "IX"'),
        (('AddForeignKey(name: "FK", table: "Orders", column: "C", principalTable: "Customers", '
         'principalColumn: "Id")'),
         'ALTER TABLE "Orders" ADD CONSTRAINT "FK" FOREIGN KEY ("C") REFERENCES "Customers" ("Id")',
         'ALTER TABLE "Orders" ADD CONSTRAINT "FK" FOREIGN KEY ("C") REFERENCES "Customers" ("Id")'),
        ('Sql("UPDATE Orders SET A = 1")', "UPDATE Orders SET A = 1", "UPDATE Orders SET A = 1"),
        ('DropTable(name: "Old")', 'DROP TABLE "Old"', 'DROP TABLE "Old"'),
        ("MadeUp()", "PREPARE migration FROM ${MadeUp}", "PREPARE migration FROM ${MadeUp}"),
    ],
)  # fmt: skip
def test_operations(call: str, tsql: str, postgres: str) -> None:
    for first, expected in (("// nvarchar", tsql), (NPG, postgres)):
        text = migration(f"        {first}\n        migrationBuilder.{call};")
        assert sent(text, PATH, "csharp") == [(6, expected)]


def test_a_table_with_its_columns_and_keys() -> None:
    up = """        migrationBuilder.CreateTable(
            name: "Audit",
            columns: table => new
            {
                Id = table.Column<int>(type: "int", nullable: false)
                    .Annotation("SqlServer:Identity", "1, 1"),
                OrderId = table.Column<int>(type: "int", nullable: true)
            },
            constraints: table =>
            {
                table.PrimaryKey("PK_Audit", x => x.Id);
                table.ForeignKey(name: "FK", column: x => x.OrderId, principalTable: "Orders");
            });"""
    ((line, statement),) = sent(migration(up), PATH, "csharp")
    assert (line, statement.startswith('CREATE TABLE "Audit" (')) == (5, True)
    assert '"OrderId" int,' in statement
    assert 'REFERENCES "Orders"' in statement


def test_sql_outside_of_the_transaction() -> None:
    sql = '@"CREATE INDEX CONCURRENTLY i\n ON a (x)", suppressTransaction: true'
    text = migration(f"        {NPG}\n        migrationBuilder.Sql({sql});")
    assert sent(text, PATH, "csharp") == [
        (6, "COMMIT"), (6, "CREATE INDEX CONCURRENTLY i"), (7, "ON a (x)"), (6, "BEGIN"),
    ]  # fmt: skip
    assert hints(text, PATH, "csharp")["way-back"] == "no"
