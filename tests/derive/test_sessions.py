"""What is in effect at a mark in a session, by the rows of ``session_cases.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, cast

import pytest
import yaml

from dten_audit.model.facts.sql import SchemaChange
from tests.derive.schema import of

FOLDERS = {"postgres": "postgresql", "tsql": "mssql"}
MARK = "<?>"
STATEMENTS = {
    "oracle": "ALTER TABLE marked ADD (z number(1));",
    "tsql": "ALTER TABLE dbo.marked ADD z int NULL",
}
USUAL = "ALTER TABLE marked ADD COLUMN z int;"


class Case(NamedTuple):
    """A session, and what is in effect where its mark stands."""

    dialect: str
    name: str
    sql: str
    timeout: int = 0
    holds: str = ""
    tx: bool = False
    lock: bool = False

    @property
    def expected(self) -> tuple[int, str, bool, bool]:
        return self.timeout, self.holds, self.tx, self.lock


def cases() -> list[Case]:
    """Return the committed rows."""
    path = Path(__file__).with_name("session_cases.yaml")
    rows = cast("dict[str, list[dict[str, object]]]", yaml.safe_load(path.read_text("utf-8")))
    return [Case(dialect, **row) for dialect, some in rows.items() for row in some]  # type: ignore[arg-type]


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.dialect}: {case.name}")
def test_what_is_in_effect(case: Case) -> None:
    folder = FOLDERS.get(case.dialect, case.dialect)
    path = f"sql/{folder}/upgrade.sql"
    text = case.sql.replace(MARK, STATEMENTS.get(case.dialect, USUAL))
    caller = {"up.sh": f"#!/bin/sh\n{CLIENTS[case.dialect]}{path}\n"}
    found = [f for f in of(SchemaChange, {path: text} | caller) if f.table.endswith("marked")]
    assert len(found) == 1
    fact = found[0]
    said = (fact.lock_timeout_ms, fact.holding, fact.in_transaction, fact.migration_lock)
    assert said == case.expected


CLIENTS = {
    "postgres": "psql -f ", "mysql": "mysql < ", "tsql": "sqlcmd -i ", "oracle": "sqlplus -s app @",
    "sqlite": "sqlite3 app.db < ",
}  # fmt: skip
