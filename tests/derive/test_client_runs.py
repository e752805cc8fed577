"""Database clients that scripts start, and programs that send SQL by themselves."""

from __future__ import annotations

import pytest

from dten_audit.derive.schema import client_runs
from dten_audit.derive.schema_changes import derive
from dten_audit.model.facts.sql import ClientRun, SchemaChange
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site
from tests.derive.schema import AT, of
from tests.derive.trees import package_of

SQL = "ALTER TABLE a ADD COLUMN b int;\nALTER TABLE a ADD COLUMN c int;\n"


def runs(script: str, sql: str = SQL) -> list[ClientRun]:
    package = package_of({"bin/upgrade.sh": f"#!/bin/sh\n{script}\n", "sql/a.sql": sql})
    estate = Estate(Site(), AT)
    package.add(derive(package, estate))
    return [f for f in client_runs.derive(package, estate) if isinstance(f, ClientRun)]


@pytest.mark.parametrize(
    ("command", "goes_on", "silent", "single"),
    [
        ("psql -f sql/a.sql", True, True, False),
        ("psql < sql/a.sql", True, True, False),
        ("cat sql/a.sql | psql", True, True, False),
        ("docker exec -i db psql -U app < sql/a.sql", True, True, False),
        ("su postgres -c 'psql -f sql/a.sql'", True, True, False),
        ("psql -X1 -f sql/a.sql", True, True, True),
        ("psql --single-transaction -f sql/a.sql", True, True, True),
        ("psql -v ON_ERROR_STOP=1 -f sql/a.sql", False, True, False),
        ("psql -vON_ERROR_STOP=on -f sql/a.sql", False, True, False),
        ("psql --set=ON_ERROR_STOP=TRUE -f sql/a.sql", False, True, False),
        ("psql --variable ON_ERROR_STOP -f sql/a.sql", False, True, False),
        ("psql -v ON_ERROR_STOP=0 -f sql/a.sql", True, True, False),
        ("P='psql -v ON_ERROR_STOP=1'\n$P -f sql/a.sql", False, True, False),
        ("mysql app < sql/a.sql", False, True, False),
        ("mysql -f app < sql/a.sql", True, True, False),
        ("mysql -pfoo app < sql/a.sql", False, True, False),
        ("mariadb --force app < sql/a.sql", True, True, False),
        ("sqlite3 a.db < sql/a.sql", True, False, False),
        ("sqlite3 -bail a.db < sql/a.sql", False, False, False),
        ("sqlcmd -S db -i sql/a.sql", True, True, False),
        ("sqlcmd -b -S db -i sql/a.sql", False, True, False),
        ("sqlplus -s u/p @sql/a.sql", True, True, False),
    ],
)
def test_what_a_client_does_where_a_statement_fails(
    command: str, goes_on: bool, silent: bool, single: bool
) -> None:
    [found] = runs(command)
    assert (found.goes_on, found.silent, found.single) == (goes_on, silent, single)
    assert (found.changes, found.script) == (2, "bin/upgrade.sh")


@pytest.mark.parametrize(
    ("command", "first"),
    [
        ("psql -f sql/a.sql", "\\set ON_ERROR_STOP on\n"),
        ("psql -f sql/a.sql", "\\set ON_ERROR_STOP\n"),
        ("sqlplus u/p @sql/a.sql", "WHENEVER SQLERROR EXIT FAILURE ROLLBACK\n"),
        ("sqlite3 a.db < sql/a.sql", ".bail on\n"),
        ("sqlcmd -i sql/a.sql", ":on error exit\n"),
    ],
)
def test_a_script_may_tell_its_client_to_stop(command: str, first: str) -> None:
    [found] = runs(command, first + SQL)
    assert not found.goes_on


@pytest.mark.parametrize(
    "command",
    ["psql -c 'ALTER TABLE a ADD COLUMN b int'", "echo psql -f sql/a.sql", "psql -f other.sql"],
)
def test_texts_of_options_and_what_does_not_run_are_no_input(command: str) -> None:
    assert runs(command) == []


PROGRAM = """import psycopg2
connection = psycopg2.connect("dbname=app")
cursor = connection.cursor()
cursor.execute("ALTER TABLE a ADD COLUMN b int")
connection.commit()
"""


@pytest.mark.parametrize(
    ("tree", "role", "called", "lock"),
    [
        ({}, "application", False, ""),
        ({"bin/run.sh": "#!/bin/sh\npython3 lib/a.py\n"}, "application", True, ""),
        ({"DEBIAN/postinst": "#!/bin/sh\npython3 lib/a.py\n"}, "up", True, ""),
        (
            {"DEBIAN/postinst": "#!/bin/sh\nflock /run/a python3 lib/a.py\n"},
            "up",
            True,
            "flock /run/a",
        ),
    ],
)
def test_what_a_program_sends_is_run_by_who_starts_the_program(
    tree: dict[str, str], role: str, called: bool, lock: str
) -> None:
    [found] = of(SchemaChange, {"lib/a.py": PROGRAM, **tree})
    assert (found.role, found.called, found.lock_holder) == (role, called, lock)
    assert found.at.line == 4
    assert found.in_transaction is True


@pytest.mark.parametrize(
    ("test", "role"),
    [
        ('[ "$1" = purge ]', "down"),
        ('[ "${1}" = "remove" ]', "down"),
        ("[ $1 -eq 0 ]", "down"),
        ('[ "$1" = configure ]', "up"),
        ('[ "$1" != remove ]', "up"),
    ],
)
def test_what_only_runs_at_removal_is_no_upgrade(test: str, role: str) -> None:
    script = f"#!/bin/sh\nif {test}; then\n  psql -c 'ALTER TABLE a ADD COLUMN b int'\nfi\n"
    [found] = of(SchemaChange, {"DEBIAN/prerm": script})
    assert found.role == role


def test_files_that_are_piped_into_a_client_are_run_by_it() -> None:
    tree = {"bin/up.sh": "#!/bin/sh\nenvsubst sql/a.psql | psql\ncat sql/b.ddl | psql\n"}
    tree |= {"sql/a.psql": "ALTER TABLE a ADD b int;", "sql/b.ddl": "ALTER TABLE c ADD b int;"}
    assert all(change.called for change in of(SchemaChange, tree))
