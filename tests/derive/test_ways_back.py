"""What a down part is said to leave undone of its up part."""

from __future__ import annotations

import pytest

from dten_audit.model.facts.sql import Migration
from tests.derive.schema import of

FIRST = "CREATE TABLE t (id int PRIMARY KEY, a varchar(9), b numeric(8,2), c text, u uuid);"
GAPS: list[tuple[str, str, tuple[str, ...]]] = [
    ("ALTER TABLE t ADD x int;", "ALTER TABLE t DROP x;", ()),
    ("ALTER TABLE t ADD x int;", "ALTER TABLE t DROP COLUMN IF EXISTS X;", ()),
    ("ALTER TABLE t ADD x int, ADD y int;", "ALTER TABLE t DROP x;", ("column t.y stays",)),
    ("CREATE TABLE n (x int);", "DROP TABLE IF EXISTS n;", ()),
    ("CREATE TABLE n (x int);", "DELETE FROM t WHERE id = 1;", ("table n stays",)),
    ("CREATE TABLE n (x int); ALTER TABLE n ADD y int;", "DROP TABLE n;", ()),
    ("CREATE INDEX i ON t (a);", "DROP INDEX i;", ()),
    ("CREATE INDEX i ON t (a);", "ALTER TABLE t DROP COLUMN q;", ()),
    ("CREATE INDEX i ON t (a);", "DROP INDEX j;", ("index i stays",)),
    ("DROP INDEX i;", "CREATE INDEX i ON t (a);", ()),
    ("DROP INDEX i;", "DROP TABLE old;", ("index i does not come back",)),
    ("ALTER TABLE t DROP COLUMN a;", "ALTER TABLE t ADD a character varying(9);", ()),
    ("ALTER TABLE t DROP COLUMN a;", "ALTER TABLE t ADD a int;",
     ("t.a comes back as int, it was varchar(9)",)),
    ("ALTER TABLE t DROP COLUMN a;", "ALTER TABLE t DROP COLUMN q;",
     ("column t.a does not come back",)),
    ("ALTER TABLE t ALTER COLUMN c TYPE jsonb USING c::jsonb;", "ALTER TABLE t DROP COLUMN q;",
     ("column t.c keeps its new type",)),
    ("ALTER TABLE t ALTER COLUMN a TYPE text;", "ALTER TABLE t DROP COLUMN q;", ()),
    ("ALTER TABLE t ALTER COLUMN q TYPE text;", "ALTER TABLE t DROP COLUMN z;", ()),
    ("ALTER TABLE t RENAME COLUMN a TO z;", "ALTER TABLE t RENAME COLUMN z TO a;", ()),
    ("ALTER TABLE t RENAME COLUMN a TO z;", "ALTER TABLE t DROP COLUMN q;",
     ("column t.z keeps its new name",)),
    ("ALTER TABLE t RENAME TO u; ALTER TABLE u ADD x int;",
     "ALTER TABLE u DROP x; ALTER TABLE u RENAME TO t;", ()),
    ("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id, a);",
     "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id);", ()),
    ("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD x int, ADD PRIMARY KEY (id, x);",
     "ALTER TABLE t DROP x;", ("constraint t_pkey does not come back",)),
    ("ALTER TABLE t DROP CONSTRAINT t_a_key;", "ALTER TABLE t ADD PRIMARY KEY (id);",
     ("constraint t_a_key does not come back",)),
    ("ALTER TABLE t DROP COLUMN u;", "ALTER TABLE t ADD u char(32);", ()),
    (("CREATE TABLE n (id int, x int); INSERT INTO n SELECT id, 1 FROM t; DROP TABLE t;"
     " ALTER TABLE n RENAME TO t;"), "DROP TABLE IF EXISTS n; ALTER TABLE t DROP x;", ()),
    ("DROP TABLE t; CREATE TABLE n (id int); ALTER TABLE n RENAME TO o;", "DELETE FROM o;",
     ("table n stays", "table t does not come back")),
    ("ALTER TABLE t ADD x int;", "SELECT undo_all();", ()),
    ("ALTER TABLE t ADD x int;", "DO $$ BEGIN EXECUTE c.sql; END $$;", ()),
    ("ALTER TABLE t ADD x int;", "ALTER TABLE ${t} DROP x;", ()),
    ("CREATE TEMP TABLE s (x int);", "DROP TABLE old;", ()),
]  # fmt: skip


@pytest.mark.parametrize(("up", "down", "wanted"), GAPS)
def test_what_stays_undone(up: str, down: str, wanted: tuple[str, ...]) -> None:
    tree = {
        "db/postgres/V1__first.sql": FIRST,
        "db/postgres/V2__next.sql": up,
        "db/postgres/U2__next.sql": down,
    }
    (said,) = [each.not_undone for each in of(Migration, tree) if "V2" in each.script] or [()]
    assert said == wanted
