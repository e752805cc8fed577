"""The one reader of manifests: a document is parsed once, and only if it may have a known shape."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.manifests.manifest import Manifest, parsed
from dten_audit.readers.manifests.shapes import shapes_of

MAX_STATED: Final = 5_000
"""More statements than this come from no manifest that people write."""


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State what a manifest of any known shape runs, and what of it cannot be read."""
    shapes = shapes_of(document)
    if not shapes:
        return
    roots, expressions, error = parsed(document, verbatim=any(shape.verbatim for shape in shapes))
    manifest = Manifest(document, tuple(roots), expressions)
    known = False
    for shape in shapes:
        stated = 0
        for fact in islice(shape.load()(manifest), MAX_STATED):
            stated += 1
            yield fact
        if stated == MAX_STATED:
            reason = f"more than {MAX_STATED} statements; the rest is not read"
            yield Unreadable(document.location(1), shape.name, reason)
        known = known or bool(stated or shape.path)
    if error is not None and known:
        yield Unreadable(document.location(error.line), shapes[0].name, error.reason)
