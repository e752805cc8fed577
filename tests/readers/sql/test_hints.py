"""What a migration in another language says of its SQL: section, runner, transaction, dialect."""

from __future__ import annotations

import pytest

from dten_audit.derive.schema.files import runner_of
from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.sql import SqlScript, SqlStatement
from dten_audit.readers.sql.reader import read

HOST = "one\ntwo\nthree\nfour\nfive\nsix\n"
TEXT = "ALTER TABLE a\n ADD b int;\nDROP TABLE c;\nDROP TABLE d;\nDROP TABLE e; DROP TABLE f;"


def embedded(text: str, lines: tuple[int, ...], *hints: tuple[str, str], column: int = 1) -> list:  # type: ignore[type-arg]
    path = "db/versions/12_add.py"
    host = Document(f"p.zip!/{path}", path, "python", HOST.encode())
    return list(read(host.embed(Embedded("sql", text, lines, column, hints=hints))))


def test_lines_may_stand_in_any_order_and_several_texts_on_one_line() -> None:
    found = [f for f in embedded(TEXT, (5, 2, 2, 6, 1)) if isinstance(f, SqlStatement)]
    places = [(f.at.line, f.at.end_line, f.at.snippet) for f in found]
    assert places == [
        (5, 5, "five"), (2, 2, "two"), (6, 6, "six"), (1, 1, "one"), (1, 1, "one"),
    ]  # fmt: skip
    assert [a.at.line for a in found[0].actions] == [2]


def test_a_text_that_does_not_stand_there_word_for_word_has_no_columns() -> None:
    (statement,) = (
        f for f in embedded("DROP TABLE a", (3,), column=0) if isinstance(f, SqlStatement)
    )
    assert (statement.at.line, statement.at.column) == (3, None)


def test_hints_say_section_runner_transaction_and_dialect() -> None:
    hints = (
        ("section", "down"), ("runner", "Alembic"), ("transaction", "no"), ("dialect", "MariaDB"),
    )  # fmt: skip
    found = embedded("DROP TABLE a;\nDROP TABLE b;", (1, 2), *hints)
    (script,) = (f for f in found if isinstance(f, SqlScript))
    assert script.dialect == "mysql"
    assert runner_of("x/any.py", script.marks, ()).name == "Alembic"
    statements = [f for f in found if isinstance(f, SqlStatement)]
    assert [(s.section, s.transaction) for s in statements] == [("down", False)] * 2


def test_sections_of_the_text_itself_come_before_a_hint() -> None:
    text = "-- migrate:up\nDROP TABLE a;\n-- migrate:down\nDROP TABLE b;"
    found = embedded(text, (1, 2, 3, 4), ("section", "up"), ("transaction", "no"))
    statements = [f for f in found if isinstance(f, SqlStatement)]
    assert [(s.section, s.transaction) for s in statements] == [("up", False), ("down", False)]


@pytest.mark.parametrize("dialect", ["", "nonsense"])
def test_an_unknown_dialect_is_no_dialect(dialect: str) -> None:
    found = embedded("DROP TABLE a", (1,), ("dialect", dialect))
    assert [f.dialect for f in found if isinstance(f, SqlScript)] == ["generic"]
