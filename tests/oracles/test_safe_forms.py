"""The SQL that we say to use instead is run on real servers: accepted, and it stops nobody.

No step may hold a lock against readers or writers of a table while it reads or copies that table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest

from dten_audit.readers.sql.servers import OLDEST
from tests.oracles.lock_table import ORDER, load, safe_forms
from tests.oracles.pg_witness import Connection, Witness
from tests.oracles.test_lock_oracle import witness as witness  # noqa: PLC0414 (a fixture)

# ruff: noqa: T201 (how many forms ran is printed)

pytestmark = pytest.mark.oracle
FEWEST = 40
_STEP = re.compile(r"(?:'[^']*'|/\*.*?\*/|[^';/]|/(?!\*))+;?")
_BLOCKING = ORDER[ORDER.index("SHARE") :]
_MOST_BATCHES = 5
KNOWN = {
    "ALTER TABLE t ALTER COLUMN a TYPE positive\n": (99, "that this is a domain, no form knows"),
    "ALTER TABLE part ADD PRIMARY KEY (id)\n": (99, "nor that the table is partitioned"),
    "CREATE INDEX i ON part (k)\n": (99, "the same"),
    "ALTER TABLE part ADD FOREIGN KEY (k) REFERENCES p (id)\n": (17, "the same"),
}
"""Forms that do not hold, by the statement that they stand for: up to which version, and why."""


def steps(form: str) -> Iterator[tuple[str, bool]]:
    """Yield the statements of a form, a transaction as one; and whether each is to be repeated."""
    together = ""
    for step in _STEP.findall(form):
        sql = re.sub(r"/\*.*?\*/", "", step).strip()
        if sql == "BEGIN;":
            together = " "
        elif sql == "COMMIT;":
            yield together.strip(), False
            together = ""
        elif together:
            together += sql
        elif sql:
            yield sql, "repeat" in step


def test_safe_forms_stop_nobody(witness: Witness) -> None:
    if (witness.version,) < OLDEST["postgres"][0].version:
        pytest.skip("the forms are for releases that are still mended")
    setup, rows = load("pg_locks.yaml")
    forms = {
        form: row
        for row in rows
        if row.since <= witness.version <= row.until
        for form in safe_forms(row, setup, witness.version)
        if "<" not in form
    }
    wrong: list[str] = []
    ran = 0
    for form, row in forms.items():
        name = witness.copy()
        with witness.connect(name) as session:
            if row.before:
                session.execute(row.before)
            wrong += [f"{row.sql}\n    {text}" for text in _tried(witness, session, form)]
        witness.drop(name)
        ran += 1
    print(f"PostgreSQL {witness.version}: {ran} safe forms ran, {len(wrong)} steps stop somebody")
    known = [start for start, (until, _) in KNOWN.items() if witness.version <= until]
    unexpected = [text for text in wrong if not text.startswith(tuple(known))]
    assert not unexpected, "\n".join(unexpected)
    assert len(wrong) == len(known)
    assert ran >= FEWEST


def _tried(witness: Witness, session: Connection, form: str) -> list[str]:
    wrong = []
    for sql, repeated in steps(form):
        try:
            if "CONCURRENTLY" in sql:
                session.execute(sql)
                continue
            for _ in range(_MOST_BATCHES if repeated else 1):
                effects = witness.committed(session, sql)
        except psycopg.Error as error:
            return [f"{sql}\n    is refused: {error}"]
        wrong += [
            f"{sql}\n    {table}: {seen}"
            for table, seen in effects.items()
            if seen.lock in _BLOCKING and (seen.scans or seen.copies)
        ]
    return wrong
