"""SQL that programs hand to a database: which texts, at which lines, in which session."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.programs.sql import read
from dten_audit.readers.programs.sql_tables import KINDS, fits, is_statement
from tests.readers.programs.sql_cases import BRANCHES, DRIVERS, LANGUAGES, NO_SQL, SESSIONS, SQL


def documents(kind: str, text: str) -> list[Embedded]:
    found = read(Document("p!/bin/x", "bin/x", kind, text.encode()))
    return [part for part in found if isinstance(part, Embedded)]


def lines(part: Embedded) -> list[tuple[int, str]]:
    """Return the lines of a text that are not blank, each with its line in the program."""
    written = part.text.split("\n")
    return [
        (part.lines[number], line.strip())
        for number, line in enumerate(written)
        if line.strip() and number < len(part.lines)
    ]


@pytest.mark.parametrize(("kind", "text", "expected"), LANGUAGES, ids=[c[0] for c in LANGUAGES])
def test_each_language(kind: str, text: str, expected: list[tuple[int, str]]) -> None:
    found = [line for part in documents(kind, text) for line in lines(part)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(("kind", "text", "hints"), DRIVERS)
def test_the_driver_tells_the_dialect(kind: str, text: str, hints: dict[str, str]) -> None:
    [part] = documents(kind, text)
    assert {key: value for key, value in part.hints if key != "from"} == hints


@pytest.mark.parametrize(("text", "expected"), SESSIONS)
def test_statements_of_one_connection_are_one_text(text: str, expected: list[str]) -> None:
    found = [" ".join(line for _, line in lines(part)) for part in documents("python", text)]
    assert found == expected


@pytest.mark.parametrize(("kind", "text", "expected"), BRANCHES)
def test_tests_for_the_kind_of_database_decide_the_dialect(
    kind: str, text: str, expected: list[tuple[str, str]]
) -> None:
    found = [
        (dict(part.hints).get("dialect", ""), line)
        for part in documents(kind, text)
        for _, line in lines(part)
    ]
    assert found == expected


@pytest.mark.parametrize("text", SQL)
def test_what_begins_like_a_statement_is_one(text: str) -> None:
    assert is_statement(text)


@pytest.mark.parametrize("text", NO_SQL)
def test_prose_is_no_statement(text: str) -> None:
    assert not is_statement(text)


def test_words_for_people_are_never_sql() -> None:
    text = '''
"""ALTER TABLE in a docstring."""
import logging

def upgrade(cursor, parser):
    """DROP TABLE orders, then CREATE TABLE orders."""
    # cursor.execute("DROP TABLE a")
    logging.info("ALTER TABLE orders ADD COLUMN a int")
    parser.add_argument("--drop", help="DROP TABLE before CREATE TABLE")
    print("DROP TABLE orders")
    raise RuntimeError("DROP TABLE orders failed")
'''
    assert documents("python", text) == []


def test_a_program_that_only_works_with_rows_has_no_schema_to_tell() -> None:
    text = 'cur.execute("SELECT 1")\ncur.execute("UPDATE t SET a = 1 WHERE id = %s", (1,))\n'
    assert documents("python", text) == []


def test_a_migration_is_left_to_the_reader_of_its_runner() -> None:
    text = (
        "from alembic import op\nrevision = '1'\ndown_revision = None\n"
        "def upgrade():\n    op.execute('ALTER TABLE a ADD COLUMN b int')\n"
    )
    path = "migrations/versions/1_a.py"
    assert not fits(Document(f"p!/{path}", path, "python", text.encode()))
    own = b"cursor.execute('ALTER TABLE a ADD COLUMN b int')"
    assert fits(Document("p!/own.py", "own.py", "python", own))


def test_a_way_back_is_said_to_be_one() -> None:
    text = 'def downgrade(cur):\n    cur.execute("ALTER TABLE a DROP COLUMN b")\n'
    [part] = documents("python", text)
    assert ("section", "down") in part.hints


def test_the_same_text_in_two_functions_is_two_documents() -> None:
    text = (
        'SQL = "DROP TABLE a"\ndef one(c):\n    c.execute(SQL)\ndef two(c):\n    c.execute(SQL)\n'
    )
    host = Document("p!/x.py", "x.py", "python", text.encode())
    parts = [part for part in read(host) if isinstance(part, Embedded)]
    assert len({host.embedded_id(part) for part in parts}) == len(parts) == 2


def test_what_is_left_out_is_said() -> None:
    text = f"S = 'DROP TABLE a -- {'x' * 100_000}'\ndef f(c):\n" + "    c.execute(S)\n" * 12
    *_, last = read(Document("p!/x.py", "x.py", "python", text.encode()))
    assert isinstance(last, Unreadable)


@pytest.mark.parametrize(
    "text",
    [
        "cur.execute(" * 4_000,
        'cur.execute("DROP TABLE a")\n' * 4_000,
        'x = "DROP TABLE a"\n' + "for x in x: x.execute(x)\n" * 2_000,
        "foreach (" * 20_000 + '$db->query("DROP TABLE a");',
        'cur.execute("' + "(" * 200_000 + 'DROP TABLE a")',
        'cur.execute("' + "/*" * 100_000 + 'DROP TABLE a")',
        "def f(x):\n    y.execute(x)\n" * 1_500,
        "if a:\n return\n" * 10_000 + ' cur.execute("DROP TABLE a")',
        'sql += "DROP TABLE a"\n' * 5_000 + "cur.execute(sql)",
    ],
    ids=range(9),
)
def test_hostile_programs_take_linear_time(text: str) -> None:
    begun = time.process_time()
    for kind in ("python", "php", "javascript"):
        documents(kind, text)
    assert time.process_time() - begun < 8


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    parts=st.lists(
        st.sampled_from(
            ['"', "'", "`", "(", ")", "{", "}", "\n", "    ", "cur.execute", "$db->query", "for ",
             " in ", "if postgres", ":", "SQL", " = ", "DROP TABLE a", "SET lock_timeout = 1", ";",
             "def f(x)", "function f($x)", ".commit()", "foreach ($a as $x)", "%s", "${x}", "+"]
        ),
        max_size=60,
    ),
)  # fmt: skip
def test_any_text_is_read(kind: str, parts: list[str]) -> None:
    for part in documents(kind, "".join(parts)):
        assert part.text
        assert all(line >= 1 for line in part.lines)


def test_more_expressions_than_are_followed_are_told() -> None:
    nested = "execute(" * 30_000 + ")" * 30_000
    text = f'import psycopg2\ncur.execute("DROP TABLE a")\n{nested}\n'
    found = list(read(Document("p!/a.py", "a.py", "python", text.encode())))
    assert [part.reason for part in found if isinstance(part, Unreadable)] == [
        "more expressions than are followed; what the last ones hand on is unread"
    ]
