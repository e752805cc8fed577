"""Reads migrations that are programs: which runner's a file is, and how it is then read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.text import is_wide
from dten_audit.model.facts.base import Fact
from dten_audit.readers.base import Reader

_READERS: Final = {
    "csharp": ("efcore",),
    "xml": ("liquibase",),
    "yaml": ("liquibase",),
    "json": ("liquibase",),
    "javascript": ("javascript",),
    "typescript": ("javascript",),
    "python": ("alembic", "django"),
    "ruby": ("rails",),
    "php": ("laravel",),
}
_NEEDED: Final = {
    "alembic": b"def upgrade",
    "django": b"django.db",
    "rails": b"Migration",
    "laravel": b"Migration",
    "liquibase": b"databaseChangeLog",
    "efcore": b"MigrationBuilder",
}
"""What stands in the bytes of each that is one: most programs are told by that, undecoded."""
_MODULE: Final = "dten_audit.readers.migrations."
_LARGEST: Final = 4 << 20


def fits(document: Document) -> bool:
    """Say whether a program is a migration of a runner that is known."""
    return _reader(document) is not None


def read(document: Document) -> Iterator[Fact | Embedded]:
    """Yield the SQL of each direction of a migration."""
    found = _reader(document)
    if found is not None:
        yield from found(document)


def _reader(document: Document) -> Callable[[Document], Iterator[Fact | Embedded]] | None:
    if document.size > _LARGEST:
        return None
    plain = document.host is None and not is_wide(document.data)
    for name in _READERS.get(document.kind, ()):
        if plain and _NEEDED.get(name, b"") not in document.data:
            continue
        module = _MODULE + name
        if Reader(name, frozenset(), "", fits=module + ":fits").load_fits()(document):
            return Reader(name, frozenset(), module + ":read").load()
    return None
