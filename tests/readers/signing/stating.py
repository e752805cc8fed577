"""States what documents of the signing family hold."""

from __future__ import annotations

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.model.facts.base import Fact
from dten_audit.readers.signing.reader import read

KINDS = ("pem", "der", "cms", "pkcs12", "keystore", "checksums", "pgp", "minisign")


def document(data: bytes, path: str, kind: str = "") -> Document:
    return Document(f"p.zip!/{path}", path, kind or kind_of(path, data), data)


def states(data: bytes, path: str, kind: str = "") -> list[Fact]:
    found = document(data, path, kind)
    assert found.kind in KINDS, found.kind
    return [fact for fact in read(found) if not isinstance(fact, Embedded)]
