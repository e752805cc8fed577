"""What a migration sends, for tests: its statements by direction, with their lines."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.readers.migrations.reader import fits, read


class Sent(NamedTuple):
    """A document of SQL: its statements, each with its line in the host."""

    statements: list[str]
    lines: list[int]
    hints: dict[str, str]


def sent(text: str, path: str, kind: str) -> dict[str, Sent]:
    """Return what a migration sends, by direction; another database's with it: ``up mysql``."""
    document = Document(f"p.zip!/{path}", path, kind, text.encode())
    if not fits(document):
        return {}
    found: dict[str, Sent] = {}
    for part in read(document):
        assert isinstance(part, Embedded)
        hints = dict(part.hints)
        key = hints["section"]
        if key in found:
            key += " " + hints["dialect"]
        rows = part.text.split("\n")
        told = [
            (row.removesuffix(";").strip(), part.lines[number])
            for number, row in enumerate(rows)
            if row.removesuffix(";").strip()
        ]
        found[key] = Sent([row for row, _ in told], [line for _, line in told], hints)
    return found
