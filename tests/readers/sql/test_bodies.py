"""Statements inside blocks, routines, batches, and texts that are executed."""

from __future__ import annotations

# ruff: noqa: E501, ISC004 (a row of the table is one SQL text)
import pytest

from dten_audit.model.facts.sql import Dialect
from tests.readers.sql.reading import actions, told

CASES: list[tuple[Dialect, str, list[str]]] = [
    ("postgres", "DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN ALTER TABLE a DROP b; ELSE DROP TABLE c;"
     " END IF; END $$", ["block_begins", "drop_column a:b", "drop_table c", "block_ends"]),
    ("postgres", "DO 'BEGIN EXECUTE ''ALTER TABLE a ADD b text DEFAULT ''''x''''''; END'",
     ["block_begins", "add_column a:b =text +default", "block_ends"]),
    ("postgres", "DO $$ BEGIN EXECUTE format('ALTER TABLE %I.t DROP COLUMN c', s); END $$",
     ["block_begins", "drop_column %I.t:c ?", "block_ends"]),
    ("postgres", "DO $$ BEGIN EXECUTE 'DROP TABLE ' || quote_ident(t) || ' CASCADE'; END $$",
     ["block_begins", "drop_table ${} +cascade ?", "block_ends"]),
    ("postgres", "DO $$ DECLARE q text := 'DROP TABLE a'; BEGIN EXECUTE q; EXECUTE r; END $$",
     ["block_begins", "drop_table a", "dynamic ?", "block_ends"]),
    ("postgres", "DO $$ BEGIN EXECUTE 'SELECT count(*) FROM ' || t INTO n; END $$",
     ["block_begins", "block_ends"]),
    ("postgres", "DO $$ BEGIN FOR r IN SELECT 1 LOOP UPDATE a SET b = 1; END LOOP; COMMIT; END $$",
     ["block_begins", "update a", "commit", "block_ends"]),
    ("postgres", "DO $$ BEGIN IF NOT pg_try_advisory_lock(1) THEN RETURN; END IF; DROP TABLE a;"
     " END $$", ["block_begins", "advisory_lock <pg_try_advisory_lock> =session", "drop_table a",
                 "block_ends"]),
    ("postgres", "DO LANGUAGE plpython3u $$ plpy.execute('DROP TABLE a') $$", ["dynamic ?"]),
    ("postgres", "DO $$ BEGIN SELECT b INTO c FROM a; RAISE NOTICE 'DROP TABLE a'; END $$",
     ["block_begins", "block_ends"]),
    ("postgres", "CREATE FUNCTION s.f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE a;"
     " END $$", ["create_function <s.f>", "drop_table a in s.f"]),
    ("postgres", "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM a; END",
     ["create_function <f>", "delete a in f"]),
    ("postgres", "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'DROP TABLE a', 'x'",
     ["create_function <f>"]),
    ("postgres", "SELECT format('DROP TABLE %I', t) FROM x \\gexec\n", ["drop_table %I ?"]),
    ("postgres", "SELECT f(1)", ["call <f>"]),
    ("mysql", "CREATE PROCEDURE p() BEGIN IF 1 THEN ALTER TABLE a ADD b int; END IF; END; CALL p();",
     ["create_procedure <p>", "add_column a:b =int in p", "call <p>"]),
    ("mysql", "SET @q = IF(@n, 'SELECT 1', 'DROP TABLE a'); PREPARE s FROM @q; EXECUTE s;",
     ["drop_table a"]),
    ("mysql", "PREPARE s FROM @unknown", ["dynamic ?"]),
    ("tsql", "IF OBJECT_ID('a') IS NOT NULL\nBEGIN\n  ALTER TABLE a ADD b int\n  DROP TABLE c\nEND",
     ["add_column a:b =int", "drop_table c"]),
    ("tsql", "DECLARE @q nvarchar(max) = N'DROP TABLE a'\nEXEC sp_executesql @q\nEXEC (@r)",
     ["drop_table a", "dynamic ?"]),
    ("tsql", "DECLARE @q varchar(9)\nSET @q = 'DROP '\nSET @q += 'TABLE a'\nEXEC (@q + '; DROP VIEW v')",
     ["dynamic ?"]),
    ("tsql", "EXEC('ALTER TABLE a DROP COLUMN b; UPDATE c SET d = 1')",
     ["drop_column a:b", "update c"]),
    ("tsql", "CREATE PROCEDURE p AS\nUPDATE a SET b = 1\nGO\nEXEC dbo.p @x = 1",
     ["create_procedure <p>", "update a in p", "call <dbo.p>"]),
    ("tsql", "UPDATE a\nSET b = 1\nWHERE c = 2\nDELETE FROM d", ["update a +where", "delete d"]),
    ("tsql", "CREATE TRIGGER t ON a AFTER UPDATE AS\nUPDATE b SET c = 1",
     ["create_trigger a <t>", "update b in t"]),
    ("oracle", "BEGIN\n EXECUTE IMMEDIATE 'ALTER TABLE a DROP COLUMN b';\nEND;\n/\n",
     ["drop_column a:b"]),
    ("oracle", "DECLARE n int; BEGIN n := dbms_lock.request(1); DELETE FROM a; END;\n/\n",
     ["advisory_lock <dbms_lock.request> =session", "delete a"]),
    ("oracle", "CREATE OR REPLACE PROCEDURE p IS BEGIN DELETE FROM a; END;\n/\n",
     ["create_procedure <p>", "delete a in p"]),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "wanted"), CASES)
def test_what_is_inside(dialect: Dialect, text: str, wanted: list[str]) -> None:
    assert told(text, dialect) == wanted


def test_places_are_those_of_the_file() -> None:
    text = """SELECT 1;
DO $body$
BEGIN
    ALTER TABLE a ADD b int;
    EXECUTE 'DROP TABLE
        c';
    EXECUTE format(
        'TRUNCATE %I', t);
END
$body$;
"""
    assert [(action.verb, action.at.line, action.at.column) for action in actions(text)] == [
        ("block_begins", 2, 1),
        ("add_column", 4, 19),
        ("drop_table", 5, 14),
        ("truncate", 8, 10),
        ("block_ends", 2, 1),
    ]


def test_nesting_ends_somewhere() -> None:
    text = "DROP TABLE a"
    for _ in range(8):
        text = "DO $x" + str(len(text)) + "$ BEGIN " + text + "; END $x" + str(len(text)) + "$"
    assert {action.verb for action in actions(text)} <= {"block_begins", "block_ends", "dynamic"}
