"""Reads trees of bytes into packages, as an audit does, and derives what their signatures prove."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from dten_audit.derive.deriving import derive
from dten_audit.derive.registry import DERIVERS
from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.examples.pki import moment
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.readers.registry import READERS
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site
from dten_audit.site.trust import TrustStore

AT = datetime(2026, 11, 21, tzinfo=UTC)
PACKAGE = "out/full.zip"
_OURS = [reader for reader in READERS if "signing" in reader.function]
_DERIVERS = [deriver for deriver in DERIVERS if "signing" in deriver.function]


def documents(tree: Mapping[str, bytes]) -> list[Document]:
    """Return the members of a package as documents; ``!/`` in a path makes an inner archive."""
    return [
        Document(f"{PACKAGE}!/{path}", path.rpartition("!/")[2], kind_of(path, data), data)
        for path, data in tree.items()
        if not path.startswith("@trust/")
    ]


def read(document: Document) -> list[Fact]:
    """Return what the readers of this family state."""
    readers = [reader for reader in _OURS if document.kind in reader.kinds]
    stated = [fact for reader in readers for fact in reader.load()(document)]
    return [fact for fact in stated if not isinstance(fact, Embedded)]


def package(
    tree: Mapping[str, bytes], trust: TrustStore | None = None, at: str | None = None
) -> Package:
    """Return a package with all that is derived about signatures."""
    found = documents(tree)
    contents = {document.id: document.data for document in found}
    facts = [fact for document in found for fact in read(document)]
    made = Package([document.info() for document in found], facts, contents.get)
    estate = Estate(Site(), moment(at) if at else AT, (), trust)
    derive(made, estate, _DERIVERS)
    return made
