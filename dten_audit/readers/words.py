"""What stands in a document, found in one pass of the gate for all who ask."""

from __future__ import annotations

from collections.abc import Container
from typing import cast

from dten_audit.documents.document import Document
from dten_audit.documents.text import is_wide
from dten_audit.readers.gate import Gate, Trigger
from dten_audit.readers.knowledge import from_tables


def triggers() -> list[Trigger]:
    """Return what readers look for in documents before they read them, and what the scanner does.

    The scanner's topics come first.
    """
    from dten_audit.readers import scanning
    from dten_audit.readers.cron import program_jobs, sql_jobs
    from dten_audit.readers.manifests import shapes
    from dten_audit.readers.programs import sql_tables, tables

    return [
        *scanning.triggers(),
        *shapes.triggers(),
        *tables.triggers(),
        *sql_tables.triggers(),
        *program_jobs.triggers(),
        *sql_jobs.triggers(),
    ]


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
