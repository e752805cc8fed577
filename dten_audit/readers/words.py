"""What stands in a document, found in one pass of the gate for all who ask."""

from __future__ import annotations

from collections.abc import Container
from importlib import import_module
from typing import Final, cast

from dten_audit.documents.document import Document
from dten_audit.documents.text import is_wide
from dten_audit.readers.gate import Gate, Trigger
from dten_audit.readers.knowledge import from_tables

_ASKING: Final = (
    "dten_audit.readers.scanning",
    "dten_audit.readers.manifests.shapes",
    "dten_audit.readers.programs.tables",
    "dten_audit.readers.programs.sql_tables",
    "dten_audit.readers.cron.program_jobs",
    "dten_audit.readers.cron.sql_jobs",
)
"""Modules whose ``triggers`` say what they look for in documents; imported when first needed."""


def triggers() -> list[Trigger]:
    """Return what readers look for in documents before they read them, and what the scanner does.

    The scanner's topics come first.
    """
    return [trigger for name in _ASKING for trigger in import_module(name).triggers()]


def gate() -> Gate:
    """Return the gate for ``triggers``, made once for the tables in use."""
    return _gate()


@from_tables
def _gate() -> Gate:
    return Gate(triggers())


def bytes_of(document: Document) -> bytes:
    """Return what the gate looks at: of a text inside another one, and of a wide one, UTF-8."""
    if document.mapped is not None:
        return cast("bytes", document.mapped)
    if document.host is not None or is_wide(document.data):
        return document.text.encode("utf-8", "replace")
    return document.data


def words_of(document: Document) -> frozenset[str]:
    """Return the topics of ``triggers`` that occur in a document."""
    return _found(document)[1] if document.found is None else document.found[1]


def places_of(document: Document, data: bytes, wanted: Container[str]) -> dict[str, int]:
    """Return wanted topics with the offset in ``data``, its bytes, where the first one starts."""
    return _gate().starts(data, _found(document)[0], wanted)


def _found(document: Document) -> tuple[dict[int, int], frozenset[str]]:
    if document.found is None:
        data, gate = bytes_of(document), _gate()
        ends = gate.ends(data, document.kind) if data else {}
        document.found = ends, frozenset(gate.named(ends))
    return document.found
