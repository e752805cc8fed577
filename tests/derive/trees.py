"""Makes the package graph of a small tree that is held in memory, as an audit would."""

from __future__ import annotations

from collections.abc import Mapping

from dten_audit.documents.document import Document
from dten_audit.documents.kinds import kind_of
from dten_audit.links.linking import link
from dten_audit.links.package import Package
from dten_audit.readers.reading import Reading
from dten_audit.readers.registry import READERS


def package_of(tree: Mapping[str, str], modes: Mapping[str, int] | None = None) -> Package:
    """Read and link ``tree`` (path → text) as the package ``p.zip``; ``modes`` are Unix modes."""
    reading = Reading(READERS)
    contents: dict[str, bytes] = {}
    for path, text in tree.items():
        data, mode = text.encode(), (modes or {}).get(path)
        contents[f"p.zip!/{path}"] = data
        reading.add(Document(f"p.zip!/{path}", path, kind_of(path, data, mode), data, mode=mode))
    return link(reading.documents, reading.facts, contents.get)
