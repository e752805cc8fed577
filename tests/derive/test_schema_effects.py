"""What one statement does to its table: scans, copies, blocks, and the SQL to use instead."""

from __future__ import annotations

import re

import pytest

from dten_audit.model.unknown import Unknown
from dten_audit.site.site import Site
from tests.derive.schema import changes

SCANS: list[tuple[str, object, object]] = [
    ("ADD c int", False, False),
    ("ADD c int DEFAULT 5", False, False),
    ("ADD c int DEFAULT -1", False, False),
    ("ADD c timestamptz DEFAULT now()", False, False),
    ("ADD c date DEFAULT CURRENT_DATE", False, False),
    ("ADD c text DEFAULT lower(concat('A', 'b'))", False, False),
    ("ADD c uuid DEFAULT gen_random_uuid()", True, True),
    ("ADD c float DEFAULT random()", True, True),
    ("ADD c int DEFAULT nextval('s')", True, True),
    ("ADD c text DEFAULT app.code()", Unknown("package.functions"), Unknown("package.functions")),
    ("ADD c bigserial", True, True),
    ("ADD c int GENERATED ALWAYS AS IDENTITY", True, True),
    ("ADD c int GENERATED ALWAYS AS (a * 2) STORED", True, True),
    ("ADD c int GENERATED ALWAYS AS (a * 2) VIRTUAL", False, False),
    ("ALTER c TYPE text", False, False),
    ("ALTER c TYPE varchar", False, False),
    ("ALTER c TYPE bigint", True, True),
    ("ALTER c TYPE varchar(20)", Unknown("site.tables"), Unknown("site.tables")),
    ("ALTER c TYPE text USING c::text", False, False),
    ("ALTER c TYPE jsonb USING to_jsonb(c)", True, True),
    ("ALTER c SET NOT NULL", True, False),
    ("ALTER c DROP NOT NULL", False, False),
    ("ADD CHECK (c > 0)", True, False),
    ("ADD CONSTRAINT k CHECK (c > 0) NOT VALID", False, False),
    ("ADD UNIQUE (c)", True, False),
    ("ADD UNIQUE USING INDEX i", False, False),
    ("VALIDATE CONSTRAINT k", True, False),
    ("SET UNLOGGED", True, True),
    ("RENAME TO b", False, False),
]


@pytest.mark.parametrize(("action", "scans", "rewrites"), SCANS)
def test_what_is_scanned_and_copied(action: str, scans: object, rewrites: object) -> None:
    (fact,) = changes(f"ALTER TABLE a {action};")
    assert (fact.scans, fact.rewrites) == (scans, rewrites)


KNOWN_TYPES: list[tuple[str, str, bool]] = [
    ("varchar(20)", "varchar(40)", False),
    ("varchar(40)", "varchar(20)", True),
    ("character varying(20)", "varchar(20)", False),
    ("numeric(8,2)", "numeric(10,2)", False),
    ("numeric(8,2)", "numeric(10,3)", True),
    ("cidr", "inet", False),
    ("int", "bigint", True),
    ("int4", "integer", False),
    ("int", "text", True),
    ("varchar(5)", "text", False),
]


@pytest.mark.parametrize(("before", "after", "copies"), KNOWN_TYPES)
def test_types_that_the_package_has_defined_itself(before: str, after: str, copies: bool) -> None:
    text = f"ALTER TABLE a ADD c {before}; ALTER TABLE a ALTER c TYPE {after};"
    assert changes(text)[-1].rewrites is copies


def test_a_validated_check_spares_the_scan() -> None:
    check = "ALTER TABLE a ADD CONSTRAINT k CHECK (c IS NOT NULL) NOT VALID;"
    last = "ALTER TABLE a ALTER c SET NOT NULL;"
    validate = "ALTER TABLE a VALIDATE CONSTRAINT k;"
    assert changes(check + last)[-1].validates is True
    assert changes(check + validate + last)[-1].validates is False
    assert changes(validate + last)[-1].validates is False
    old = Site(databases=(("postgresql", "11.2"),))
    assert changes(check + validate + last, site=old)[-1].validates is True


MYSQL: list[tuple[str, tuple[str, ...]]] = [
    ("ALTER TABLE a ADD b int, ALGORITHM=INSTANT", ()),
    ("ALTER TABLE a ADD b int NOT NULL AUTO_INCREMENT", ("writes", "ddl")),
    ("ALTER TABLE a ADD INDEX i (b)", ()),
    ("ALTER TABLE a ADD FULLTEXT INDEX i (b)", ("writes", "ddl")),
    ("CREATE INDEX i ON a (b) LOCK=SHARED", ("writes", "ddl")),
    ("ALTER TABLE a MODIFY b bigint", ("writes", "ddl")),
    ("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c (d)", ("writes", "ddl")),
    ("ALTER TABLE a DROP PRIMARY KEY", ("writes", "ddl")),
    ("ALTER TABLE a ENGINE=InnoDB", ()),
    ("LOCK TABLES a WRITE", ("reads", "writes", "ddl")),
]


@pytest.mark.parametrize(("text", "blocks"), MYSQL)
def test_whom_mysql_blocks(text: str, blocks: tuple[str, ...]) -> None:
    assert changes(text, "sql/mysql/a.sql")[0].blocks == blocks


def test_foreign_keys_unchecked_are_added_in_place() -> None:
    text = "SET foreign_key_checks = 0; ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c (d);"
    assert changes(text, "sql/mysql/a.sql")[0].rewrites is False


SAFE: list[tuple[str, str]] = [
    ("CREATE INDEX i ON a (b);", r"^CREATE INDEX CONCURRENTLY i ON a \(b\);$"),
    ("DROP INDEX IF EXISTS i;", r"^DROP INDEX CONCURRENTLY IF EXISTS i;$"),
    (
        "ALTER TABLE a ADD CHECK (b > 0);",
        r"ADD CONSTRAINT a_check CHECK \(b > 0\) NOT VALID;.* VALIDATE",
    ),
    ("ALTER TABLE a ADD CONSTRAINT k UNIQUE (b);", r"CREATE UNIQUE INDEX CONCURRENTLY k_idx"),
    ("ALTER TABLE a ALTER b SET NOT NULL;", r"CHECK \(b IS NOT NULL\) NOT VALID"),
    ("REFRESH MATERIALIZED VIEW v;", r"^REFRESH MATERIALIZED VIEW CONCURRENTLY v;$"),
    ("REINDEX TABLE a;", r"^REINDEX TABLE CONCURRENTLY a;$"),
    ("ALTER TABLE a ADD b int;", r"^$"),
    ("CREATE INDEX CONCURRENTLY i ON a (b);", r"^$"),
    ("ALTER TABLE a ADD CONSTRAINT k CHECK (b > 0) NOT VALID;", r"^$"),
]


@pytest.mark.parametrize(("text", "wanted"), SAFE)
def test_the_sql_to_use_instead(text: str, wanted: str) -> None:
    assert re.search(wanted, changes(text)[0].safe_form)
