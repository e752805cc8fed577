"""What the reader states of a document: scripts, sections, client commands, gaps; any bytes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.sql import SqlScript, SqlStatement
from dten_audit.readers.sql.dialect import of_client, of_path, of_text
from dten_audit.readers.sql.reader import MAX_STATED, TOO_MANY, read
from tests.readers.sql.reading import PATHS, facts, told

TEXTS = [
    ("ALTER TABLE a ADD b int;", None),
    ("CREATE INDEX CONCURRENTLY i ON a (b);", "postgres"),
    ("-- ENGINE=InnoDB\nALTER TABLE a ADD b bytea;", "postgres"),
    ("ALTER TABLE `a` ADD `b` int;", "mysql"),
    ("ALTER TABLE a ADD b int;\nGO\n", "tsql"),
    ("ALTER TABLE a ADD b varchar2(10);\n/\n", "oracle"),
    ("PRAGMA foreign_keys = OFF;", "sqlite"),
    ("CREATE TABLE `a` (b jsonb); SELECT x::int;", "postgres"),
    ("CREATE TABLE `a` (b jsonb);", None),
]


@pytest.mark.parametrize(("text", "dialect"), TEXTS)
def test_the_words_of_a_text_tell_its_dialect(text: str, dialect: str | None) -> None:
    assert of_text(text) == dialect


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("db/postgresql/V1__a.sql", "postgres"),
        ("upgrade/mysql_engine_7.1_to_7.2.sql", "mysql"),
        ("mysql/postgres.sql", "postgres"),
        ("sql/oracle.create.sql", "oracle"),
        ("db/mssql/a.sql", "tsql"),
        ("a.sql", None),
    ],
)
def test_a_path_tells_its_dialect(path: str, dialect: str | None) -> None:
    assert of_path(path) == dialect


@pytest.mark.parametrize(
    ("client", "dialect"),
    [("psql", "postgres"), ("jdbc:mysql://h/d", "mysql"), ("postgresql+psycopg2://h", "postgres"),
     ("sqlplus", "oracle"), ("", None), ("bash", None)],
)  # fmt: skip
def test_a_client_tells_the_dialect(client: str, dialect: str | None) -> None:
    assert of_client(client) == dialect


def test_the_client_knows_best() -> None:
    document = Document("p!/mysql/a.sql", "mysql/a.sql", "sql", b"ALTER TABLE a ADD b int")
    document.hints = {"client": "psql"}
    assert next(f for f in read(document) if isinstance(f, SqlScript)).dialect == "postgres"


def test_sections_and_their_transactions() -> None:
    text = """-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE a ADD b int;
-- +goose Down
ALTER TABLE a DROP b;
"""
    stated = [fact for fact in facts(text) if isinstance(fact, SqlStatement)]
    assert [(s.section, s.transaction) for s in stated] == [("up", False), ("down", False)]
    script = next(fact for fact in facts(text) if isinstance(fact, SqlScript))
    assert script.marks == ("no-transaction", "goose")
    assert script.statements == 2


@pytest.mark.parametrize(
    ("text", "section", "transaction"),
    [
        ("-- migrate:up transaction:false\nDROP TABLE a;", "up", False),
        ("-- migrate:down\nDROP TABLE a;", "down", True),
        ("-- +migrate Up notransaction\nDROP TABLE a;", "up", False),
        ("--liquibase formatted sql\n--changeset me:1 runInTransaction:false\nDROP TABLE a;", "",
         False),
        ("SELECT 1;\n---- create above / drop below ----\nDROP TABLE a;", "down", True),
        ("-- atlas:txmode none\nDROP TABLE a;", "", False),
        ("-- migrated up\nDROP TABLE a;", "", True),
    ],
)  # fmt: skip
def test_marks(text: str, section: str, transaction: bool) -> None:
    statement = next(fact for fact in facts(text) if isinstance(fact, SqlStatement))
    assert (statement.section, statement.transaction) == (section, transaction)


def test_client_commands() -> None:
    assert told(
        "\\i a.sql\n\\ir 'b c.sql'\n\\connect other\n\\set ON_ERROR_STOP on\n\\echo x\n"
    ) == [
        "include <a.sql>",
        "include <b> +relative",
        "connect",
        "client_set <ON_ERROR_STOP> =on",
    ]
    assert told("source a.sql\n\\. b.sql\n", "mysql") == ["include <a.sql>"]
    assert told("@a.sql\n@@b.sql\nstart c.sql\n", "oracle") == [
        "include <a.sql>",
        "include <b.sql> +relative",
        "include <c.sql>",
    ]
    assert told(':r a.sql\n:r "b.sql"\n', "tsql") == ["include <a.sql>", "include <b.sql>"]


def test_what_matters_not_is_no_fact() -> None:
    text = "INSERT INTO a VALUES (1, 'DROP TABLE b');\nGRANT ALL ON a TO b;\nANALYZE;\n"
    assert [type(fact) for fact in facts(text)] == [SqlScript]
    assert facts("-- nothing\n") == []


def test_an_open_quote_is_said() -> None:
    text = "ALTER TABLE a ADD b text DEFAULT 'x;\nDROP TABLE c;\n"
    stated = facts(text)
    gap = next(fact for fact in stated if isinstance(fact, Unreadable))
    assert (gap.at.line, gap.language) == (1, "sql")
    assert told(text) == ["drop_table c"]


def test_embedded_sql_points_into_its_host() -> None:
    host = Document("p!/up.sh", "up.sh", "shell", b"a\npsql <<E\nSELECT 1;\nDROP TABLE x;\nE\n")
    part = Embedded("sql", "SELECT 1;\nDROP TABLE x;\n", (3, 4), hints=(("client", "psql"),))
    statement = next(f for f in read(host.embed(part)) if isinstance(f, SqlStatement))
    assert statement.at.line == statement.actions[0].at.line == 4
    assert statement.dialect == "postgres"


def test_a_utf16_file_is_read() -> None:
    data = "\ufeffALTER TABLE a DROP b;\r\nGO\r\n".encode("utf-16-le")
    document = Document("p!/mssql/a.sql", "mssql/a.sql", "sql", data)
    statements = [fact for fact in read(document) if isinstance(fact, SqlStatement)]
    assert [a.verb for s in statements for a in s.actions] == ["drop_column"]


SQL_WORDS = st.sampled_from(
    "ALTER TABLE a ADD b int ( ) , ; ' \" $$ DO BEGIN END EXECUTE format DROP COLUMN CREATE INDEX"
    " ON"
    " FUNCTION AS UPDATE SET = WHERE DELETE FROM SELECT INTO WITH CONSTRAINT CHECK FOREIGN KEY"
    " REFERENCES TYPE USING GO / \\i @@x := || IF THEN PREPARE EXEC sp_rename LOCK RENAME TO"
    " MODIFY CHANGE /* */ -- \n VACUUM FULL REINDEX TRUNCATE RULE TRIGGER".split(" ")
)
PATH = st.sampled_from(list(PATHS.values()))


@given(st.lists(SQL_WORDS, max_size=60).map(" ".join), PATH)
@settings(max_examples=300)
def test_any_words_are_read(text: str, path: str) -> None:
    document = Document(f"p!/{path}", path, "sql", text.encode())
    lines = text.count("\n") + 1
    for fact in read(document):
        assert fact.at.line is None or 1 <= fact.at.line <= lines


@given(st.binary(max_size=200), PATH)
def test_any_bytes_are_read(data: bytes, path: str) -> None:
    list(read(Document(f"p!/{path}", path, "sql", data)))


NASTY = [
    "ALTER TABLE a ADD (" + "(" * 50_000,
    "ALTER TABLE a " + ", ADD b int" * 5_000,
    "WITH a AS " + "(UPDATE " * 10_000,
    "CREATE TABLE a (" + "b int REFERENCES c, " * 5_000,
    "DO $$ BEGIN " + "EXECUTE 'DROP TABLE a'; " * 3_000 + "END $$",
    "DO $$ BEGIN " + "x := 'a' || y; " * 5_000 + "END $$",
    "DO $$ DECLARE q text := 'DROP TABLE " + "a, " * 10_000 + "b'; BEGIN " + "EXECUTE q; " * 5_000,
    "SET @a = " + "'x' + " * 10_000,
    "UPDATE a SET " + "b = CASE WHEN " * 10_000,
    "ALTER TABLE " + "a." * 30_000,
    "ALTER TABLE a ALTER b TYPE " + "x " * 30_000,
    "CREATE FUNCTION f() AS '" + "''" * 30_000,
    "SELECT set_config(" * 5_000,
    "BEGIN\n" * 20_000,
    "UPDATE a SET b = 1 FROM " + "from " * 20_000,
    "EXEC sp_rename " + "'a', " * 20_000,
    "-- +goose Up\n" * 20_000,
]


@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("text", NASTY, ids=lambda text: text[:24])
def test_hostile_text_takes_linear_time(text: str, path: str) -> None:
    started = time.process_time()
    list(read(Document(f"p!/{path}", path, "sql", text.encode())))
    assert time.process_time() - started < 2


PARTS = [
    "(", "'", '"', "`", "[", "$a$", "$$", "BEGIN ", "END ", "/*", "*/", ";", "--\n", "\\", "\\\n",
    "\n/\n", "\nGO\n", "DELIMITER a\n", "DO $$ ", "CASE WHEN ", "CREATE FUNCTION f() ", "q'[", "@a",
    "EXECUTE 'a", "${", "{{", "%(", "COPY t FROM stdin;\n", "x := x || 'a'; ", "/*!50000 ", "a.",
    "SET @a = @a + 'b' ", "DISABLE TRIGGER a ", "CREATE RULE a AS ON INSERT TO b DO (", "WAIT 1 ",
    "SET STATEMENT a=1 FOR ", "EXECUTE IMMEDIATE ", "SET STATEMENT FOR SET ",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS.values())
def test_one_word_without_end_takes_linear_time(path: str) -> None:
    """1 MB of each: ``make sql-speed``."""
    for part in PARTS:
        text = part * (12_000 // len(part))
        started = time.process_time()
        list(read(Document(f"p!/{path}", path, "sql", text.encode())))
        assert time.process_time() - started < 0.5, part


@given(st.lists(st.sampled_from([*PARTS, "ALTER TABLE a ", "DROP TABLE b ", "ADD c int, "])), PATH)
@settings(max_examples=300)
def test_any_mixture_of_openers_is_read(words: list[str], path: str) -> None:
    text = "".join(words)
    list(read(Document(f"p!/{path}", path, "sql", text.encode())))


@pytest.mark.parametrize("embedded", [True, False])
def test_of_a_text_in_a_script_so_many_statements_are_read_and_the_rest_is_said(
    *, embedded: bool
) -> None:
    text = "DROP TABLE a;\n" * (MAX_STATED + 1000)
    document = Document("p.zip!/up.sh", "up.sh", "shell", b"")
    if embedded:
        document = document.embed(Embedded("sql", text, (1,)))
    else:
        document = Document("p.zip!/up.sql", "up.sql", "sql", text.encode())
    found = list(read(document))
    said = [fact for fact in found if isinstance(fact, Unreadable)]
    assert [fact.reason for fact in said] == [TOO_MANY] * embedded
    stated = sum(isinstance(fact, SqlStatement) for fact in found)
    assert (stated < MAX_STATED + 100) == embedded
