"""The truth of the side by side with squawk, where a server can show it, shown by PostgreSQL."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from benchmarks.squawk_side_by_side import Case, cases
from tests.oracles.servers import missing, postgres, postgres_homes

pytestmark = pytest.mark.oracle
SETUP = """
DROP SCHEMA IF EXISTS app CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public;
CREATE SCHEMA app; CREATE SEQUENCE users_n;
CREATE TABLE users (id int PRIMARY KEY, mail text); INSERT INTO users VALUES (1, '');
CREATE TABLE app.users (id int); INSERT INTO app.users VALUES (1);
CREATE INDEX users_mail ON users (mail);
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE MATERIALIZED VIEW volumes AS SELECT 1 AS n; CREATE UNIQUE INDEX ON volumes (n);
"""
NODE = "SELECT 'NODE', relfilenode FROM pg_class WHERE oid = 'public.users'::regclass;"
REFUSED = re.compile(r"cannot (?:run inside a transaction block|be executed from a function)")
ALREADY = re.compile(r"already exists|does not exist")
FEWEST = 40


def test_the_server_shows_the_truth() -> None:
    psql, homes = shutil.which("psql"), postgres_homes()
    if psql is None or not homes:
        missing("PostgreSQL and psql are needed")
    rows = [case for case in cases() if case.kind in _SHOWN]
    assert len(rows) >= FEWEST
    with postgres(homes[-1]) as server:
        wrong = [case for case in rows if _SHOWN[case.kind](psql, server, case) != case.hazard]
    sys.stdout.write(f"{len(rows)} cases ran on {homes[-1].name}, {len(wrong)} differ\n")
    assert wrong == []


def _run(psql: str, server: str, text: str) -> tuple[str, str]:
    done = subprocess.run(
        [psql, "-X", "-q", "-A", "-t", "-F", "|", server], input=text, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout, done.stderr


def _copies(psql: str, server: str, case: Case) -> bool:
    """Another file on disk holds the table afterwards."""
    columns = "ALTER TABLE users ADD a text, ADD b text;" if "a || b" in case.text else ""
    said, _ = _run(psql, server, f"{SETUP}{columns}{NODE}{case.text}\n{NODE}")
    nodes: list[str] = re.findall(r"^NODE\|(\d+)$", said, re.MULTILINE)
    assert len(nodes) == 2, case.text
    return nodes[0] != nodes[1]


def _is_refused(psql: str, server: str, case: Case) -> bool:
    return REFUSED.search(_run(psql, server, SETUP + case.text)[1]) is not None


def _fails(psql: str, server: str, case: Case) -> bool:
    errors = _run(psql, server, SETUP + case.text)[1]
    assert not ALREADY.search(errors.replace("NOTICE:  drop", "")), errors
    return "contains null values" in errors


_SHOWN = {
    "column-copies-table": _copies,
    "concurrently-in-transaction": _is_refused,
    "required-column-fails": _fails,
}
"""Classes that a server answers by itself, and how."""
