"""One reader for jobs in languages that have no reader of their own here: XML, settings, Terraform.

SQL has one, which is for schema changes; its jobs are read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Fact

_READERS: Final[dict[str, str]] = {
    "xml": "xml_jobs",
    "properties": "settings",
    "text": "terraform",
    "sql": "sql_jobs",
}
KINDS: Final = frozenset(_READERS)


def fits(document: Document) -> bool:
    """Say whether a document may hold a job; nothing is parsed for it."""
    if document.kind == "properties":
        return b"cron" in document.data.lower() or b"chedul" in document.data
    if document.kind == "text" and not document.path.endswith((".tf", ".tofu")):
        return False
    found: bool = import_module(f"{__package__}.{_READERS[document.kind]}").fits(document)
    return found


def read(document: Document) -> Iterator[Fact]:
    """State the jobs of a document by the reader of its kind."""
    module = import_module(f"{__package__}.{_READERS[document.kind]}")
    yield from (
        module.read_properties(document)
        if document.kind == "properties"
        else (module.read(document))
    )
