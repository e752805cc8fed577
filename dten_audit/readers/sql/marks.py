"""What comments of an SQL file tell a migration runner: sections, transactions, formats.

Sources: manuals of goose 3, sql-migrate 1, dbmate 2, Liquibase 4 ("formatted SQL changelogs"),
Atlas, tern 2, sqlx 0.8 and squawk 2; read 2026-11-21.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Final, NamedTuple

MAX_MARKS: Final = 10_000
_LOOK: Final = 300


class Section(NamedTuple):
    """Where a part of a file begins: ``up`` or ``down``, and whether in a transaction.

    ``changeset`` is its rank among the changesets of the file, from 1; 0 where it is none.
    """

    start: int
    name: str
    transaction: bool
    changeset: int = 0


_WHOLE: Final = Section(0, "", transaction=True)


class Marks(NamedTuple):
    """The marks of a file (words for its facts), and its sections in their order."""

    words: tuple[str, ...]
    sections: tuple[Section, ...]

    def section_at(self, offset: int) -> Section:
        """Return the section that an offset stands in."""
        if not self.sections:
            return _WHOLE
        index = bisect_right(self.sections, offset, key=attrgetter("start"))
        return self.sections[index - 1] if index else _WHOLE

    def with_hints(self, hints: Mapping[str, str]) -> Marks:
        """Return the marks with what a migration in another language says of the SQL in it.

        Hints are ``runner`` (its name becomes a mark), ``section`` (``up`` or ``down``, where the
        text has no sections of its own) and ``transaction`` (``no``: the runner opens none).
        """
        runner = hints.get("runner", "").lower()
        words = self.words if not runner or runner in self.words else (*self.words, runner)
        sections = self.sections
        if not sections and ("section" in hints or "transaction" in hints):
            sections = (Section(0, hints.get("section", ""), transaction=True),)
        if "section" in hints:
            sections = tuple(s._replace(name=s.name or hints["section"]) for s in sections)
        if hints.get("transaction") == "no":
            sections = tuple(section._replace(transaction=False) for section in sections)
        return Marks(words, sections)


@cache
def _comment() -> re.Pattern[str]:
    return re.compile(
        r"^[ \t]*+(?:--+|/\*(?=\s*+liquibase))[ \t]*+(?P<text>"
        r"(?:\+goose|\+migrate|migrate:|liquibase|changeset|rollback"
        r"|atlas:|create above|no-transaction|squawk-disable-assume)[^\n]*+)",
        re.IGNORECASE | re.MULTILINE,
    )


def marks_of(text: str) -> Marks:
    """Return what the comments of ``text`` tell."""
    words: dict[str, None] = {}
    sections: list[Section] = []
    if "--" not in text:
        return Marks((), ())
    everywhere = True
    without: set[int] = set()
    for number, found in enumerate(_comment().finditer(text)):
        if number >= MAX_MARKS:
            break
        comment = found["text"][:_LOOK].lower()
        word, section, transaction = _meaning(comment)
        if word:
            words[word] = None
        if word == "no-transaction":
            everywhere = False
        if section is not None:
            name = section or (sections[-1].name if sections else "")
            rank = len(sections) + 1 if comment.startswith("changeset") else 0
            sections.append(Section(found.start(), name, transaction, rank))
            without.update((rank,) * (rank > 0))
        elif word == "rollback" and sections:
            without.discard(sections[-1].changeset)
    if without:
        words.pop("rollback", None)
    if not everywhere:
        sections = [section._replace(transaction=False) for section in sections]
        sections = sections or [Section(0, "", transaction=False)]
    return Marks(tuple(words), tuple(sections))


def _meaning(comment: str) -> tuple[str, str | None, bool]:
    """Return a mark, the section that begins here (None: none does), and its transaction."""
    head = comment.split()
    second = head[1] if len(head) > 1 else ""
    if head[0] == "+goose":
        if second in ("up", "down"):
            return "goose", second, True
        return (
            ("no-transaction" if comment.startswith("+goose no transaction") else "goose"),
            None,
            True,
        )
    if head[0] == "+migrate" and second in ("up", "down"):
        return "sql-migrate", second, "notransaction" not in comment
    if head[0] in ("migrate:up", "migrate:down"):
        plain = "transaction:false" not in comment.replace(" ", "")
        return "dbmate", head[0].partition(":")[2], plain
    if head[0] == "rollback" or comment.startswith("liquibase rollback"):
        return "rollback", None, True
    if head[0] == "liquibase":
        return "liquibase", None, True
    if head[0] == "changeset":
        plain = "runintransaction:false" not in comment.replace(" ", "")
        return "liquibase", "", plain
    if comment.startswith("create above"):
        return "tern", "down", True
    if comment.startswith(("atlas:txmode none", "no-transaction", "squawk-disable-assume")):
        return "no-transaction", None, True
    return "", None, True
