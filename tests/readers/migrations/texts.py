"""Reads a migration and gives its SQL with its lines, for tests."""

from __future__ import annotations

from dten_audit.documents.document import Document, Embedded
from dten_audit.readers.migrations.reader import read


def parts(text: str, path: str, kind: str) -> list[Embedded]:
    """Return the documents that a migration holds."""
    document = Document(f"p.zip!/{path}", path, kind, text.encode())
    return [part for part in read(document) if isinstance(part, Embedded)]


def sent(text: str, path: str, kind: str, section: str = "up") -> list[tuple[int, str]]:
    """Return the statements of a direction, each with its line."""
    found = []
    for part in parts(text, path, kind):
        if dict(part.hints)["section"] != section:
            continue
        lines = part.text.split("\n")
        for line, written in zip(part.lines, lines, strict=False):
            if written.strip(" ;"):
                found.append((line, written.strip().removesuffix(";")))
    return found


def hints(text: str, path: str, kind: str, section: str = "up") -> dict[str, str]:
    """Return the hints of the first document of a direction."""
    return next(
        found for part in parts(text, path, kind)
        if (found := dict(part.hints))["section"] == section
    )  # fmt: skip
