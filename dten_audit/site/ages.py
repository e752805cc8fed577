"""How old the data is: when each row of a matrix, and each table, was read at its source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dten_audit.model.rules_home import rules_home
from dten_audit.site.matrix import Matrix
from dten_audit.site.matrix_keys import full_name

_DATE: Final = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b")


class Aged(NamedTuple):
    """A row or a table, where it stands, and the day when its source was read.

    The day is empty where nobody says; ``source`` is where to look again.
    """

    place: str
    day: str
    what: str
    source: str


def older(matrices: Iterable[Matrix], day: str) -> Iterator[Aged]:
    """Yield what was read before ``day`` (ISO 8601), or at an unknown day: rows, then tables."""
    for matrix in matrices:
        for entry in matrix.entries:
            if entry.retrieved < day:
                place = f"{matrix.path}:{entry.line}" if entry.line else matrix.path
                yield Aged(place, entry.retrieved, full_name(entry), entry.source)
    for table in tables():
        if table.day < day:
            yield table


def tables() -> Iterator[Aged]:
    """Yield the tables of names, each with the oldest day that its comments name."""
    for path in sorted((rules_home() / "knowledge").glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").split("\n")
        days = {day for line in lines if line.startswith("#") for day in _DATE.findall(line)}
        yield Aged(path.name, min(days, default=""), "the whole table", "its comments")
