"""Helpers: what the reader says of a text, short enough for tables."""

from __future__ import annotations

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.config.config import read

PATHS = {
    "yaml": "etc/dten/dten.yaml",
    "json": "etc/dten/dten.json",
    "toml": "etc/dten/dten.toml",
    "ini": "etc/dten/dten.ini",
    "properties": "etc/dten/dten.properties",
    "env": "etc/default/dten",
    "text": "etc/dten/dten.conf",
    "xml": "etc/dten/site.conf",
}


def document(kind: str, text: str | bytes, path: str = "") -> Document:
    path = path or PATHS[kind]
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return Document(f"pkg.zip!/{path}", path, kind, data)


def keys(kind: str, text: str | bytes, path: str = "") -> list[ConfigKey]:
    return [fact for fact in read(document(kind, text, path)) if isinstance(fact, ConfigKey)]


def rows(kind: str, text: str | bytes, path: str = "") -> list[tuple[int | None, str, str]]:
    """Line, ``[section]key``, value."""
    return [
        (key.at.line, f"[{key.section}]{key.key}" if key.section else key.key, key.value)
        for key in keys(kind, text, path)
    ]


def unread(kind: str, text: str | bytes, path: str = "") -> list[tuple[int | None, str]]:
    found = read(document(kind, text, path))
    return [(fact.at.line, fact.reason) for fact in found if isinstance(fact, Unreadable)]


def embedded(text: str) -> list[Embedded]:
    return [part for part in read(document("yaml", text)) if isinstance(part, Embedded)]
