"""Sessions, callers, runners and sets: what a statement means where it runs."""

from __future__ import annotations

# ruff: noqa: E501, ISC004 (a row of a table is one SQL text)
import time

import pytest

from dten_audit.model.facts.sql import Migration, SchemaChange, TransactionIssue, UncheckedSql
from dten_audit.model.unknown import Unknown
from dten_audit.site.site import Site, TableRecord
from tests.derive.schema import SQL, changes, of

LAST = "ALTER TABLE users ADD COLUMN z int;"


TIMEOUTS: list[tuple[str, object]] = [
    ("", "unset"),
    ("SET lock_timeout = '5s';", "set"),
    ("SET lock_timeout = 0;", "unset"),
    ("SET lock_timeout = '1d';", "too-long"),
    ("SET lock_timeout = 61000;", "too-long"),
    ("SET lock_timeout = '60s';", "set"),
    ("SET SESSION lock_timeout TO 2000;", "set"),
    ("SET lock_timeout = '5s'; SET lock_timeout TO DEFAULT;", "unset"),
    ("SET lock_timeout = '5s'; RESET lock_timeout;", "unset"),
    ("SET lock_timeout = '5s'; RESET ALL;", "unset"),
    ("SET lock_timeout = '5s'; DISCARD ALL;", "unset"),
    ("SET LOCAL lock_timeout = '5s';", "unset"),
    ("BEGIN; SET LOCAL lock_timeout = '5s';", "set"),
    ("BEGIN; SET LOCAL lock_timeout = '5s'; COMMIT;", "unset"),
    ("BEGIN; SET lock_timeout = '5s'; COMMIT;", "set"),
    ("BEGIN; SET lock_timeout = '5s'; ROLLBACK;", "unset"),
    ("SET lock_timeout = '5s'; BEGIN; RESET lock_timeout; ROLLBACK;", "set"),
    ("BEGIN; SAVEPOINT a; SET lock_timeout = '5s'; ROLLBACK TO a;", "unset"),
    ("BEGIN; SAVEPOINT a; SET lock_timeout = '5s'; RELEASE a;", "set"),
    ("BEGIN; SET LOCAL lock_timeout = '5s'; SET lock_timeout = 0;", "unset"),
    ("SELECT set_config('lock_timeout', '1s', false);", "set"),
    ("SELECT set_config('lock_timeout', '1s', true);", "unset"),
    ("BEGIN; SELECT set_config('lock_timeout', '1s', true);", "set"),
    ("SET lock_timeout = :'limit';", Unknown("package.value")),
    ("SET statement_timeout = '5s';", "unset"),
    ("DO $$ BEGIN SET LOCAL lock_timeout = '5s'; END $$;", "unset"),
    ("DO $$ BEGIN SET lock_timeout = '5s'; END $$;", "set"),
    ("SET lock_timeout = '5s';\n\\connect other\n", "unset"),
    ("ALTER ROLE app SET lock_timeout = '5s';", "unset"),
    ("INSERT INTO notes VALUES ('SET lock_timeout = 5');", "unset"),
    ("-- SET lock_timeout = '5s';\n", "unset"),
    ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SET lock_timeout = 5';", "unset"),
    ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SET lock_timeout = 5'; SELECT f();", "set"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "state"), TIMEOUTS)
def test_the_timeout_in_effect(before: str, state: object) -> None:
    assert changes(f"{before} {LAST}")[-1].lock_timeout == state


CALLERS: list[tuple[str, dict[str, object]]] = [
    ("psql -f a.sql", {"lock_timeout": "unset", "migration_lock": False, "called": True}),
    ("PGOPTIONS='-c lock_timeout=5s' psql -f a.sql", {"lock_timeout": "set"}),
    ("export PGOPTIONS=--lock-timeout=5s\npsql -f a.sql", {"lock_timeout": "set"}),
    ('PGOPTIONS="$OPTS" psql -f a.sql', {"lock_timeout": Unknown("package.value")}),
    ("psql 'postgresql://h/d?options=-c%20lock_timeout%3D3s' -f a.sql", {"lock_timeout": "set"}),
    ("psql -c \"SET lock_timeout = '5s'\" -f a.sql", {"lock_timeout": "set"}),
    ("psql -c \"SET lock_timeout = '5s'\"\npsql -f a.sql", {"lock_timeout": "unset"}),
    ("psql -1 -f a.sql", {"in_transaction": True}),
    ("flock /run/x.lock psql -f a.sql", {"migration_lock": True}),
    ("exec 9>/run/x.lock\nflock -n 9 || exit 1\npsql -f a.sql", {"migration_lock": True}),
    ("mkdir /run/upgrade.lock || exit 1\npsql -f a.sql", {"migration_lock": True}),
    ("mkdir -p /var/lib/app\npsql -f a.sql", {"migration_lock": False}),
    ("psql -f a.sql\nflock -n 9", {"migration_lock": False}),
    ("psql -c 'SELECT pg_advisory_lock(1)' -f a.sql", {"migration_lock": True}),
    ("psql -c 'SELECT pg_advisory_lock(1)'\npsql -f a.sql", {"migration_lock": False}),
]


@pytest.mark.parametrize(("script", "wanted"), CALLERS)
def test_what_the_caller_adds(script: str, wanted: dict[str, object]) -> None:
    tree = {"up.sh": f"#!/bin/sh\n{script}\n", "a.sql": LAST}
    found = of(SchemaChange, tree)
    assert [{name: getattr(fact, name) for name in wanted} for fact in found] == [wanted]


def test_the_outermost_lock_counts() -> None:
    tree = {
        "up.sh": "#!/bin/sh\nflock /run/x.lock ./db/migrate.sh\n",
        "db/migrate.sh": "#!/bin/sh\npsql -f ../a.sql\n",
        "a.sql": LAST,
    }
    assert [fact.migration_lock for fact in of(SchemaChange, tree)] == [True]


def test_safe_and_unsafe_callers_are_named_worst_first() -> None:
    tree = {
        "safe.sh": "#!/bin/sh\nPGOPTIONS='-c lock_timeout=5s' flock /run/x.lock psql -f a.sql\n",
        "one.sh": "#!/bin/sh\npsql -f a.sql\n",
        "two.sh": "#!/bin/sh\n\npsql -f a.sql\n",
        "a.sql": LAST,
    }
    worst, best = of(SchemaChange, tree)
    assert (worst.lock_timeout, worst.migration_lock) == ("unset", False)
    assert sorted(at.path for at in worst.callers) == ["p.zip!/one.sh", "p.zip!/two.sh"]
    assert [at.path for at in worst.safe_callers] == ["p.zip!/safe.sh"]
    assert (best.lock_timeout, best.migration_lock, best.safe_callers) == ("set", True, ())


def test_sql_in_a_heredoc_is_placed_in_the_script() -> None:
    tree = {"up.sh": "#!/bin/sh\nmysql app <<'E'\nALTER TABLE t DROP COLUMN c;\nE\n"}
    (fact,) = of(SchemaChange, tree)
    assert (fact.at.path, fact.at.line, fact.dialect) == ("p.zip!/up.sh", 3, "mysql")
    assert (fact.script, fact.migration_lock) == ("up.sh", False)


def test_several_statements_of_one_option_are_one_transaction() -> None:
    text = "CREATE INDEX CONCURRENTLY i ON t (c)"
    for script, wanted in ((f'psql -c "SELECT 1; {text}"', True), (f'psql -c "{text}"', False)):
        (fact,) = of(SchemaChange, {"up.sh": f"#!/bin/sh\n{script}\n"})
        assert fact.in_transaction is wanted


LOCKS: list[tuple[str, bool]] = [
    ("SELECT pg_advisory_lock(1);", True),
    ("SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock(1);", False),
    ("BEGIN; SELECT pg_advisory_xact_lock(1);", True),
    ("BEGIN; SELECT pg_advisory_xact_lock(1); COMMIT;", False),
    ("BEGIN; SELECT pg_advisory_lock(1); COMMIT;", True),
    ("SELECT pg_try_advisory_lock(1);", True),
    ("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE;", True),
    ("-- SELECT pg_advisory_lock(1);\n", False),
]


@pytest.mark.parametrize(("before", "held"), LOCKS)
def test_locks_that_the_script_takes(before: str, held: bool) -> None:
    tree = {"up.sh": "#!/bin/sh\npsql -f a.sql\n", "a.sql": f"{before} {LAST}"}
    assert of(SchemaChange, tree)[-1].migration_lock is held


@pytest.mark.parametrize(
    ("path", "runner"),
    [
        ("db/migration/V9_4__a.sql", "Flyway"),
        ("db/migrations/0007_a.up.sql", "golang-migrate"),
        ("prisma/migrations/20260101000000_a/migration.sql", "Prisma"),
        ("migrations/2026-01-01-000000_a/up.sql", "Diesel"),
    ],
)
def test_a_runner_owns_its_files(path: str, runner: str) -> None:
    (fact,) = changes(LAST, path)
    assert (fact.runner, fact.migration_lock, fact.lock_holder) == (runner, True, runner)


def test_nobody_knows_who_runs_an_orphan() -> None:
    assert changes(LAST)[0].migration_lock == Unknown("package.callers")


TABLES: list[tuple[str, list[str]]] = [
    ("CREATE TABLE a (b int); ALTER TABLE a ADD c int;", ["file"]),
    ("CREATE TABLE IF NOT EXISTS a (b int); ALTER TABLE a ADD c int;", ["either"]),
    ("CREATE TABLE a (b int); ALTER TABLE other.a ADD c int;", ["site"]),
    ("CREATE TABLE public.a (b int); ALTER TABLE a ADD c int;", ["file"]),
    ("SET search_path = s; CREATE TABLE a (b int); ALTER TABLE s.a ADD c int;", ["file"]),
    ("CREATE TABLE a AS SELECT 1; ALTER TABLE a ADD c int;", ["file"]),
    ("SELECT 1 AS b INTO a FROM c; ALTER TABLE a ADD c int;", ["file"]),
    ("CREATE TEMP TABLE a (b int); DROP TABLE a; DROP TABLE a;", ["file", "site"]),
    ("CREATE TABLE a (b int); ALTER TABLE a RENAME TO c; ALTER TABLE c ADD d int; DROP TABLE a;",
     ["file", "file", "site"]),
    ("BEGIN; CREATE TABLE a (b int); ROLLBACK; ALTER TABLE a ADD c int;", ["site"]),
    ("BEGIN; SAVEPOINT s; CREATE TABLE a (b int); ROLLBACK TO s; ALTER TABLE a ADD c int;",
     ["site"]),
    ('CREATE TABLE "A" (b int); ALTER TABLE "A" ADD c int; ALTER TABLE a ADD c int;',
     ["file", "site"]),
    ("CREATE TABLE a (b int); CREATE INDEX i ON a (b); DROP INDEX i; DROP INDEX j;",
     ["file", "file", "site"]),
    ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'CREATE TABLE a (b int)';"
     " ALTER TABLE a ADD c int;", ["site"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), TABLES)
def test_where_a_table_comes_from(text: str, wanted: list[str]) -> None:
    found = changes("SELECT pg_backend_pid(); " + text)
    assert [fact.table_from for fact in found] == wanted


def test_names_fold_as_the_dialect_folds_them() -> None:
    text = "CREATE TABLE `Articles` (id int); ALTER TABLE articles ADD b int;"
    assert [fact.table_from for fact in changes(text, "sql/mysql/a.sql")] == ["file"]


def test_sets_of_migrations_are_ordered_by_version() -> None:
    tree = {
        "db/migration/V10__c.sql": "ALTER TABLE a ADD d int;",
        "db/migration/V2__a.sql": "CREATE TABLE a (b int);",
        "db/migration/V1__x.sql": "ALTER TABLE a ADD c int;",
        "other/V3__x.sql": "ALTER TABLE a ADD e int;",
    }
    found = {fact.script: fact.table_from for fact in of(SchemaChange, tree)}
    assert found == {
        "db/migration/V1__x.sql": "site",
        "db/migration/V10__c.sql": "set",
        "other/V3__x.sql": "site",
    }


def test_scripts_run_one_after_the_other_share_their_tables() -> None:
    tree = {
        "up.sh": "#!/bin/sh\npsql -f one.sql\npsql -f two.sql\n",
        "one.sql": "CREATE TABLE a (b int);",
        "two.sql": "ALTER TABLE a ADD c int;",
    }
    assert [fact.table_from for fact in of(SchemaChange, tree)] == ["set"]


def test_defaults_of_a_role_hold_for_later_sessions() -> None:
    tree = {
        "up.sh": "#!/bin/sh\npsql -c \"ALTER ROLE app SET lock_timeout = '5s'\"\n"
        "psql -U app -f a.sql\npsql -U other -f b.sql\npsql -f c.sql\n",
        "a.sql": LAST,
        "b.sql": LAST,
        "c.sql": LAST,
    }
    states = {fact.script: fact.lock_timeout for fact in of(SchemaChange, tree)}
    assert states == {"a.sql": "set", "b.sql": "unset", "c.sql": Unknown("package.callers")}


INCLUDES = {
    "sql/all.sql": "SET lock_timeout = '5s';\nSELECT pg_advisory_lock(1);\n\\ir parts/one.sql\n",
    "sql/parts/one.sql": "\\ir two.sql\n",
    "sql/parts/two.sql": LAST,
}


def test_includes_run_in_the_session_of_the_including_file() -> None:
    (fact,) = of(SchemaChange, INCLUDES)
    assert (fact.lock_timeout, fact.migration_lock) == ("set", True)
    assert [(at.path, at.line) for at in fact.via] == [
        ("p.zip!/sql/all.sql", 3),
        ("p.zip!/sql/parts/one.sql", 1),
    ]


def test_an_included_file_is_also_judged_for_its_own_callers() -> None:
    tree = {**INCLUDES, "up.sh": "#!/bin/sh\npsql -f sql/parts/two.sql\n"}
    assert [fact.lock_timeout for fact in of(SchemaChange, tree)] == ["unset", "set"]


def test_includes_in_a_circle_end() -> None:
    tree = {"a.sql": f"\\i b.sql\n{LAST}", "b.sql": "\\i a.sql\n\\i b.sql\n"}
    assert len(of(SchemaChange, tree)) == 1


def test_includes_that_multiply_end() -> None:
    tree = {f"sql/{n}.sql": f"\\ir {n + 1}.sql\n" * 40 for n in range(8)}
    tree["sql/8.sql"] = LAST
    started = time.process_time()
    assert [fact.reason for fact in of(UncheckedSql, tree)] == ["truncated"]
    assert time.process_time() - started < 3


def test_a_new_table_still_locks_the_one_it_refers_to() -> None:
    (fact,) = changes("CREATE TABLE a (b int REFERENCES users (id)); SELECT now();")
    assert (fact.action, fact.table, fact.lock) == (
        "reference_table",
        "users",
        "SHARE ROW EXCLUSIVE",
    )
    assert not fact.alters


def test_work_under_a_lock_is_seen() -> None:
    text = "BEGIN; SET lock_timeout = 1; ALTER TABLE a ADD b int, ADD c int; UPDATE d SET e = 1 WHERE f;"
    found = changes(text)
    assert [(fact.action, fact.holding) for fact in found] == [
        ("add_column", ""),
        ("add_column", ""),
        ("update", "a"),
    ]


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("sql/upgrade/9.4.sql", "up"),
        ("sql/rollback/9.4.sql", "down"),
        ("sql/9.4.down.sql", "down"),
        ("db/migration/U4__a.sql", "down"),
        ("tests/sql/9.4.sql", "test"),
        ("sql/seeds/9.4.sql", "seed"),
        ("examples/a.sql", "sample"),
        ("sql/install/a.sql", "install"),
        ("sql/a.sql", "up"),
        ("docs/update.sql", "sample"),
        ("db/migration/V5__add_rollback_log.sql", "up"),
        ("db/migration/V6__test_results.sql", "up"),
        ("sql/9.4/create_indexes.sql", "up"),
        ("share/data/upgrade/9.4.sql", "up"),
        ("sql/app.schema.sql", "install"),
        ("sql/seed_users.sql", "seed"),
        ("sql/9.4_test.sql", "test"),
    ],
)
def test_what_a_file_is_for(path: str, role: str) -> None:
    assert changes(LAST, path)[0].role == role


def test_what_is_dropped_and_built_anew() -> None:
    text = "DROP TABLE IF EXISTS a; CREATE TABLE a (b int); DROP TABLE c;"
    assert [fact.recreated for fact in changes(text)] == [True, False]
    idiom = (
        "CREATE TABLE a_new (b int); INSERT INTO a_new SELECT b FROM a; DROP TABLE a;"
        " ALTER TABLE a_new RENAME TO a;"
    )
    found = changes(idiom, "sql/sqlite/a.sql")
    assert [(f.action, f.recreated) for f in found if f.table_from == "site"] == [
        ("drop_table", True)
    ]
    other = "ALTER TABLE a RENAME TO old; CREATE TABLE a (b int); DROP TABLE old;"
    assert [f.recreated for f in changes(other, "sql/sqlite/a.sql")] == [True, True]


def test_tables_of_the_site() -> None:
    site = Site(complete=frozenset({"tables"}), tables=(TableRecord("app.users", 5, 2**31),))
    text = "ALTER TABLE users ADD b int; ALTER TABLE gone ADD b int; ALTER TABLE ${x} ADD b int;"
    sizes = [fact.table_size for fact in changes(text, site=site)]
    assert [getattr(size, "bytes", None) for size in sizes] == [2**31, 0, None]
    assert [getattr(size, "present", None) for size in sizes] == [True, False, None]


def test_routines_count_where_they_are_called() -> None:
    body = "CREATE PROCEDURE p() BEGIN ALTER TABLE a ADD b int; END;"
    assert changes(body, "sql/mysql/a.sql") == []
    assert [f.action for f in changes(body + " CALL p();", "sql/mysql/a.sql")] == ["add_column"]
    loop = "CREATE PROCEDURE p() BEGIN CALL p(); DROP TABLE a; END; CALL p();"
    assert {f.action for f in changes(loop, "sql/mysql/a.sql")} == {"drop_table"}


ISSUES: list[tuple[str, str, list[tuple[str, int]]]] = [
    (SQL, "BEGIN; ALTER TABLE a ADD b int;", [("left-open", 1)]),
    (SQL, "BEGIN; ALTER TABLE a ADD b int; COMMIT;", []),
    (SQL, "BEGIN; BEGIN; SELECT 1; COMMIT;", [("nested", 0)]),
    (SQL, "DO $$ BEGIN PERFORM 1; END $$;", []),
    (SQL, "BEGIN; SELECT 1; COMMIT AND CHAIN; DROP TABLE a;", [("left-open", 1)]),
    ("sql/mysql/a.sql", "START TRANSACTION; DROP TABLE a; COMMIT;", [("implicit-commit", 0)]),
]


@pytest.mark.parametrize(("path", "text", "wanted"), ISSUES)
def test_transactions_that_end_wrong(path: str, text: str, wanted: list[tuple[str, int]]) -> None:
    found = of(TransactionIssue, {path: text})
    assert [(issue.issue, issue.changes) for issue in found] == wanted


def test_what_was_not_settled_is_said() -> None:
    text = "DO $$ BEGIN EXECUTE q; END $$; ALTER POTATO a;"
    found = of(UncheckedSql, {SQL: text})
    assert [(fact.reason, fact.statement) for fact in found] == [
        ("dynamic", "q"),
        ("unclassified", "ALTER POTATO a"),
    ]


def test_the_way_back() -> None:
    tree = {
        "db/0001_a.up.sql": LAST,
        "db/0001_a.down.sql": "ALTER TABLE users DROP COLUMN z;",
        "db/0002_b.up.sql": "ALTER TABLE users DROP COLUMN y;",
        "sql/report.sql": "SELECT 1;",
    }
    found = {fact.script: (fact.reversible, fact.lossy) for fact in of(Migration, tree)}
    assert found == {"db/0001_a.up.sql": (True, 0), "db/0002_b.up.sql": (False, 1)}


def test_a_package_of_schemas_only_is_quiet() -> None:
    schema = "".join(
        f"DROP TABLE IF EXISTS t{n} CASCADE; CREATE TABLE t{n} (id serial PRIMARY KEY, a int);"
        f" CREATE INDEX i{n} ON t{n} (a); ALTER TABLE ONLY t{n} ADD CONSTRAINT k{n} CHECK (a > 0);"
        for n in range(50)
    )
    loud = [f for f in changes(schema) if f.table_from == "site" and not f.recreated]
    assert loud == []
