"""The same statement on servers of several products and versions."""

from __future__ import annotations

import pytest

from dten_audit.readers.sql.servers import OLDEST, Server, servers_of
from dten_audit.site.site import Site
from tests.derive.schema import changes

MYSQL = "sql/mysql/upgrade.sql"
POSTGRES = "sql/postgresql/upgrade.sql"
ATTACH = "ALTER TABLE part ATTACH PARTITION p DEFAULT"
FREED = "ALTER TABLE t DROP CONSTRAINT k;"
ROWS: list[tuple[str, str, str, tuple[str, ...], object]] = [
    ("postgresql", "11.22", ATTACH, ("reads", "writes", "ddl"), False),
    ("postgresql", "14", ATTACH, ("ddl",), False),
    ("postgresql", "10", "ALTER TABLE t ADD c int DEFAULT 5", ("reads", "writes", "ddl"), True),
    ("postgresql", "18", "ALTER TABLE t ADD c int DEFAULT 5", ("reads", "writes", "ddl"), False),
    ("mysql", "8.0.11", "ALTER TABLE t ADD c int", (), True),
    ("mysql", "8.0.12", "ALTER TABLE t ADD c int", (), False),
    ("mysql", "8.0.28", "ALTER TABLE t ADD c int AFTER a", (), True),
    ("mysql", "8.0", "ALTER TABLE t ADD c int AFTER a", (), False),
    ("mysql", "8.0.28", "ALTER TABLE t DROP COLUMN c", (), True),
    ("mysql", "8.4", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", ("writes", "ddl"), True),
    ("mariadb", "10.6", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", ("writes", "ddl"), True),
    ("mariadb", "11.4", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", (), True),
    ("mariadb", "10.2", "ALTER TABLE t ADD c int", (), True),
]  # fmt: skip


@pytest.mark.parametrize(("product", "version", "sql", "blocks", "copies"), ROWS)
def test_versions_decide(
    product: str, version: str, sql: str, blocks: tuple[str, ...], copies: object
) -> None:
    path = POSTGRES if product == "postgresql" else MYSQL
    found = changes(sql + ";", path, Site(databases=((product, version),)))[0]
    assert (found.blocks, found.rewrites) == (blocks, copies)


def test_without_a_site_the_worst_of_the_oldest_counts() -> None:
    assert servers_of("mysql", ()) == OLDEST["mysql"]
    assert servers_of("mysql", (("MariaDB", "11.4.2"),)) == (Server("mariadb", (11, 4, 2)),)
    assert servers_of("postgres", (("mysql", "8.0"), ("postgresql", "next"))) == OLDEST["postgres"]


OTHERS: list[tuple[str, tuple[tuple[str, str], ...]]] = [
    ("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p;", (("p", "SHARE ROW EXCLUSIVE"),)),
    ("ALTER TABLE t ADD b int REFERENCES p (id);", (("p", "SHARE ROW EXCLUSIVE"),)),
    ("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES t (id);", ()),
    ("ALTER TABLE part DETACH PARTITION old;", (("old", "ACCESS EXCLUSIVE"),)),
    ("ALTER TABLE a INHERIT b;", (("b", "SHARE UPDATE EXCLUSIVE"),)),
    ("ALTER TABLE a NO INHERIT b;", ()),
    (
        f"ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p; {FREED}",
        (("p", "ACCESS EXCLUSIVE"),),
    ),
    ("CREATE TABLE t (a int REFERENCES p); DROP TABLE t;", (("p", "ACCESS EXCLUSIVE"),)),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "locks"), OTHERS)
def test_locks_on_other_tables(sql: str, locks: tuple[tuple[str, str], ...]) -> None:
    assert tuple(map(tuple, changes(sql)[-1].other_locks)) == locks
