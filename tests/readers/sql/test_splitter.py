"""Where statements end: per dialect, and for text that is no SQL at all."""

from __future__ import annotations

# ruff: noqa: E501, ISC004 (a row of the table is one SQL text)
import time
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.splitter import split

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

CASES: list[tuple[Dialect, str, list[str]]] = [
    ("postgres", "SELECT 1; -- a;\n/* b; /* c; */ d; */ SELECT 2;;\n", ["SELECT 1", "SELECT 2"]),
    ("postgres", "SELECT 'a;''b;', \"c;\"\"d\", E'it\\'s;' ;SELECT 1", [
        "SELECT 'a;''b;', \"c;\"\"d\", E'it\\'s;'", "SELECT 1"]),
    ("postgres", "SELECT 'it\\'; SELECT 2;", ["SELECT 'it\\'", "SELECT 2"]),
    ("postgres", "DO $x$ a; $$ b; $$ $x$; SELECT $1;", ["DO $x$ a; $$ b; $$ $x$", "SELECT $1"]),
    ("postgres", "SELECT a$b$c; SELECT 2", ["SELECT a$b$c", "SELECT 2"]),
    ("postgres", "\\set ON_ERROR_STOP on\nSELECT 1;\n\\i b.sql\n", [
        "meta \\set ON_ERROR_STOP on", "SELECT 1", "meta \\i b.sql"]),
    ("postgres", "SELECT format('x') \\gexec\nSELECT 2;", [
        "SELECT format('x')", "meta \\gexec", "SELECT 2"]),
    ("postgres", "SELECT 1 \\; SELECT 2;", ["SELECT 1 \\; SELECT 2"]),
    ("postgres", "COPY t (a) FROM stdin;\n1\t'odd;\n\\.\nSELECT 1;", [
        "COPY t (a) FROM stdin", "SELECT 1"]),
    ("postgres", "COPY t FROM STDIN;\nno end ; here\n", ["COPY t FROM STDIN"]),
    ("postgres", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN"
     " 2 END; END; SELECT 3", [
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END;"
        " END", "SELECT 3"]),
    ("postgres", "CREATE FUNCTION f() RETURNS int AS 'begin; end' LANGUAGE sql; SELECT 3", [
        "CREATE FUNCTION f() RETURNS int AS 'begin; end' LANGUAGE sql", "SELECT 3"]),
    ("postgres", "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); SELECT 3", [
        "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)", "SELECT 3"]),
    ("mysql", "SELECT 'a\\';b'; # c;\nSELECT \"d;\"; -- e;\nSELECT `f;`;--g;\n", [
        "SELECT 'a\\';b'", 'SELECT "d;"', "SELECT `f;`", "--g"]),
    ("mysql", "DELIMITER //\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END"
     "//\ndelimiter ;\nSELECT 1;", [
        "meta DELIMITER //",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END",
        "meta delimiter ;", "SELECT 1"]),
    ("mysql", "DELIMITER $$\nSELECT 1; SELECT 2$$\nSELECT '$$'$$\n", [
        "meta DELIMITER $$", "SELECT 1; SELECT 2", "SELECT '$$'"]),
    ("mysql", "CREATE PROCEDURE p() BEGIN IF a THEN SET b = 1; END IF; CASE c WHEN 1 THEN SET d = 2;"
     " END CASE; END; SELECT 1", [
        "CREATE PROCEDURE p() BEGIN IF a THEN SET b = 1; END IF; CASE c WHEN 1 THEN SET d = 2; END"
        " CASE; END", "SELECT 1"]),
    ("mysql", "/*!40101 SET NAMES utf8 */;\n/* x; */ SELECT 1\\G\nSOURCE b.sql\n", [
        "/*!40101 SET NAMES utf8 */", "SELECT 1", "meta SOURCE b.sql"]),
    ("tsql", "GO\nSELECT 1\nGO\nSELECT [a;b]; SELECT 2\ngo 5\n:r c.sql\nSELECT 3", [
        "SELECT 1", "SELECT [a;b]", "SELECT 2", "meta :r c.sql", "SELECT 3"]),
    ("tsql", "CREATE PROCEDURE p AS\nINSERT INTO t VALUES (1);\nSELECT 1;\nGO\nSELECT 2", [
        "CREATE PROCEDURE p AS\nINSERT INTO t VALUES (1);\nSELECT 1;", "SELECT 2"]),
    ("tsql", "INSERT t VALUES ('GO\nGO;')\nINSERT t VALUES (2)\nGOOSE", [
        "INSERT t VALUES ('GO\nGO;')", "INSERT t VALUES (2)\nGOOSE"]),
    ("oracle", "PROMPT it's\nBEGIN\n a; b;\nEND;\n/\nSELECT q'[it's;]' FROM dual;\n@@c.sql\n/\n", [
        "meta PROMPT it's", "BEGIN\n a; b;\nEND;", "SELECT q'[it's;]' FROM dual", "meta @@c.sql"]),
    ("oracle", "CREATE OR REPLACE PACKAGE BODY p IS PROCEDURE a IS BEGIN b; END; END; SELECT 1", [
        "CREATE OR REPLACE PACKAGE BODY p IS PROCEDURE a IS BEGIN b; END; END", "SELECT 1"]),
    ("sqlite", "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = 1; END; SELECT 1;\n"
     ".read x.sql\n", [
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = 1; END", "SELECT 1",
        "meta .read x.sql"]),
    ("generic", "ALTER TABLE ${s}.t ADD c int; SELECT `a;b`;", [
        "ALTER TABLE ${s}.t ADD c int", "SELECT `a;b`"]),
]  # fmt: skip


def pieces(text: str, dialect: Dialect) -> list[str]:
    return [
        ("" if piece.kind == "sql" else piece.kind + " ") + text[piece.start : piece.end]
        for piece in split(text, dialect)
    ]


@pytest.mark.parametrize(("dialect", "text", "wanted"), CASES)
def test_statements_end_as_the_client_ends_them(
    dialect: Dialect, text: str, wanted: list[str]
) -> None:
    assert pieces(text, dialect) == wanted


def test_an_open_quote_costs_its_statement_only() -> None:
    text = "SELECT 1;\nSELECT 'oops;\nALTER TABLE a DROP b;\n"
    assert pieces(text, "postgres") == [
        "SELECT 1",
        "unterminated SELECT 'oops;",
        "ALTER TABLE a DROP b",
    ]


def test_an_open_comment_takes_the_rest() -> None:
    assert pieces("SELECT 1; SELECT 2 /* ALTER TABLE a DROP b;", "mysql") == [
        "SELECT 1",
        "unterminated /* ALTER TABLE a DROP b;",
    ]


PLAIN = st.text(alphabet="abcxyz019_ ,()=.\n", min_size=1, max_size=20)
PARTS = st.one_of(PLAIN, st.sampled_from(["'a;''b'", '"c;d"', "/* e; */", "-- f;\n"]))


@given(
    st.lists(st.lists(PARTS, min_size=1, max_size=4).map("".join), max_size=6),
    st.sampled_from(["postgres", "sqlite", "generic"]),
)
def test_joined_statements_come_apart_again(parts: list[str], dialect: Dialect) -> None:
    statements = [f"SELECT {part} x" for part in parts]
    text = " ;\n".join(statements)
    assert [text[p.start : p.end] for p in split(text, dialect)] == statements


NASTY = st.text(alphabet="'\"`$;\\/*-#\n[]qQ{}eE()gGoO@:!a1 \u00e9\u2028", max_size=120)


@given(NASTY, st.sampled_from(DIALECTS))
@settings(max_examples=400)
def test_any_text_gives_ordered_pieces(text: str, dialect: Dialect) -> None:
    end = 0
    for piece in split(text, dialect):
        assert end <= piece.start < piece.end <= len(text)
        end = piece.end


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "part",
    ["(", "'", "$", "$a$", "/*", "[", "q'[", "E'\\", "--", "\\", ";", "/\n", "go\n", "delimiter x\n",
     "create function begin;", "create rule (", "`", '"', "\\g", "''"],
)  # fmt: skip
def test_it_stays_linear(dialect: Dialect, part: str) -> None:
    text = part * (60_000 // len(part))
    started = time.process_time()
    sum(1 for _ in split(text, dialect))
    assert time.process_time() - started < 1


def test_delimiters_without_end_are_bounded() -> None:
    text = "".join(f"delimiter x{n}\n" for n in range(3000)) + "ALTER TABLE a DROP b"
    assert sum(1 for _ in split(text, "mysql")) == 3001
