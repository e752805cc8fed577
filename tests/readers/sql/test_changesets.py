"""Changesets of Liquibase's formatted SQL: a transaction each, and the way back of each."""

from __future__ import annotations

import pytest

from dten_audit.readers.sql.marks import marks_of

HEAD = "--liquibase formatted sql\n"
FIRST = "--changeset ops:1\nALTER TABLE a ADD b int;\n"
SECOND = "--changeset ops:2 runInTransaction:false\nCREATE INDEX CONCURRENTLY i ON a (b);\n"
BACK = "--rollback DROP INDEX i;\n"


def test_each_changeset_has_its_rank_and_its_transaction() -> None:
    text = HEAD + FIRST + SECOND
    marks = marks_of(text)
    at = [marks.section_at(text.index(word)) for word in ("ALTER", "CREATE")]
    assert [(section.changeset, section.transaction) for section in at] == [(1, True), (2, False)]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (HEAD + FIRST + BACK + SECOND + BACK, True),
        (HEAD + FIRST + BACK + SECOND, False),
        (HEAD + FIRST + SECOND + BACK, False),
        (HEAD + FIRST + "/* liquibase rollback\nALTER TABLE a DROP b;\n*/\n", True),
        (HEAD + FIRST, False),
        ("-- rollback: see rollback.sql\nDROP TABLE a;\n", False),
    ],
)
def test_the_way_back_is_known_where_no_changeset_lacks_one(text: str, *, known: bool) -> None:
    assert ("rollback" in marks_of(text).words) is known
