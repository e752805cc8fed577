"""What we say of a session's settings and locks, compared with what PostgreSQL itself shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from tests.derive.test_sessions import MARK, Case, cases
from tests.oracles.servers import missing, postgres, postgres_homes

pytestmark = pytest.mark.oracle
PROBE = r"""
SELECT 'MARK', (SELECT setting FROM pg_settings WHERE name = 'lock_timeout'),
  coalesce((SELECT min(relation::regclass::text) FROM pg_locks WHERE pid = pg_backend_pid()
    AND mode = 'AccessExclusiveLock' AND relation::regclass::text IN ('held', 'other')), ''),
  EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'
    AND mode = 'ExclusiveLock');
SAVEPOINT probe;
\echo OUTSIDE :ERROR
"""
SETUP = """
DROP TABLE IF EXISTS held, other; CREATE TABLE held (id int, note text);
CREATE TABLE other (id int);
ALTER DATABASE postgres RESET ALL; ALTER ROLE postgres RESET ALL;
"""
FEWEST = 80


def test_postgresql_shows_what_we_say() -> None:
    psql, homes = shutil.which("psql"), postgres_homes()
    if psql is None or not homes:
        missing("PostgreSQL and psql are needed")
    rows = [case for case in cases() if case.dialect == "postgres"]
    assert len(rows) >= FEWEST
    with postgres(homes[-1]) as server:
        wrong = [(case.name, case.expected, shown) for case in rows
                 if not _agree(case, shown := _shown(psql, server, case))]  # fmt: skip
    sys.stdout.write(f"{len(rows)} sessions ran on {homes[-1].name}, {len(wrong)} differ\n")
    assert wrong == []


def _agree(case: Case, shown: tuple[int, str, bool, bool]) -> bool:
    """A lock on a table also keeps others out; only the advisory ones are asked for here."""
    advisory = case.lock and "advisory" in case.sql
    return shown == (case.timeout, case.holds, case.tx, advisory)


def _shown(psql: str, server: str, case: Case) -> tuple[int, str, bool, bool]:
    def run(text: str) -> str:
        command = [psql, "-X", "-q", "-A", "-t", "-F", "|", server]
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout

    run(SETUP)
    said = run(case.sql.replace(MARK, PROBE))
    row = re.search(r"^MARK\|(\d+)\|(\w*)\|([tf])$", said, re.MULTILINE)
    outside = re.search(r"^OUTSIDE (true|false)$", said, re.MULTILINE)
    assert row, case.name
    assert outside, case.name
    return int(row[1]), row[2], outside[1] == "false", row[3] == "t"
