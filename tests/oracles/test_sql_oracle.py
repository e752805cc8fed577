"""Compares the SQL reader with PostgreSQL's own parser: where statements end, what they do."""

from __future__ import annotations

import itertools
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sql_truth import parsed, recognised
from dten_audit.readers.sql.splitter import split

# ruff: noqa: T201 (how many cases were compared is printed)

TABLE = Path(__file__).with_name("pg_statements.sql")


def statements() -> list[str]:
    text = TABLE.read_text(encoding="utf-8")
    return [text[p.start : p.end] for p in split(text, "postgres") if p.kind == "sql"]


def test_the_table_is_large_enough() -> None:
    assert len(set(statements())) > 250


@pytest.mark.oracle
def test_statements_end_where_postgres_says() -> None:
    postgast: Any = import_module("postgast")
    text = TABLE.read_text(encoding="utf-8")
    wanted = []
    data = text.encode()
    for raw in postgast.parse(text).stmts:
        body = data[raw.stmt_location : raw.stmt_location + (raw.stmt_len or len(data))]
        wanted.append(body.decode().strip())
    found = statements()
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert theirs.endswith(ours), ours
    print(f"compared the ends of {len(found)} statements")


@pytest.mark.oracle
@pytest.mark.parametrize("text", statements())
def test_actions_are_those_of_postgres(text: str) -> None:
    ours, theirs = recognised(text), parsed(text)
    if text.upper().startswith("ALTER TABLE ALL IN"):
        theirs = [("set_tablespace", "", "")]
    assert sorted(ours) == sorted(theirs)


ACTIONS = (
    "ADD COLUMN {c} int", "ADD {c} text NOT NULL DEFAULT 'a, b'", "DROP COLUMN {c}",
    "DROP {c} CASCADE",
    "ALTER {c} TYPE bigint", "ALTER COLUMN {c} SET NOT NULL", "ALTER {c} DROP DEFAULT",
    "ALTER {c} SET DEFAULT coalesce(1, 2)", "ADD CONSTRAINT k CHECK ({c} IN (1, 2)) NOT VALID",
    "ADD CONSTRAINT k UNIQUE ({c}, b)", "ADD FOREIGN KEY ({c}) REFERENCES s.p (id)",
    "VALIDATE CONSTRAINT k", "DROP CONSTRAINT IF EXISTS k", "SET (fillfactor = 70)", "OWNER TO app",
    "ENABLE TRIGGER ALL", "SET LOGGED", "CLUSTER ON i",
)  # fmt: skip
TABLES = ("t", "s.t", '"S"."T x"', "ONLY t", "IF EXISTS s.t", "IF EXISTS ONLY t", "s.t *")
COLUMNS = ("c", '"C, d"', "type", "value", "über", "partition", "period", "key", "comment", "lock")


@pytest.mark.oracle
def test_combined_actions_are_those_of_postgres() -> None:
    count = 0
    pairs = list(itertools.permutations(ACTIONS, 2))
    for number, (first, second) in enumerate(pairs):
        table = TABLES[number % len(TABLES)]
        column = COLUMNS[number % len(COLUMNS)]
        text = f"ALTER TABLE {table} {first}, /* , */ {second};".replace("{c}", column)
        assert recognised(text) == parsed(text), text
        count += 2
    print(f"compared {count} combined actions")
