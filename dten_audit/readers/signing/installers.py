"""Reads the Authenticode signatures of cabinets and of Windows Installer's packages.

Neither is opened here, so that what is in them is reported as not read; who signed them is said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.signing import cab, pe
from dten_audit.readers.signing.authenticode import (
    LARGEST,
    Indirect,
    length_of,
    signatures,
    surplus_fact,
)
from dten_audit.readers.signing.compound import Compound, CompoundError, Entry

_SIGNATURE: Final = "\x05DigitalSignature".encode("utf-16-le")
_METADATA: Final = "\x05MsiDigitalSignatureEx".encode("utf-16-le")
_LANGUAGE: Final = "authenticode"


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the signatures of a cabinet or installer. Total: any bytes give facts."""
    try:
        yield from _cabinet(document) if document.kind == "cab" else _installer(document)
    except (pe.PeError, CompoundError) as error:
        yield Unreadable(document.whole(), _LANGUAGE, str(error))


def _cabinet(document: Document) -> Iterator[Fact]:
    data = document.data if document.mapped is None else document.mapped
    own = cab.layout(data)
    if own is None:
        return
    for surplus in cab.around(data, own):
        yield surplus_fact(document, surplus)
    if own.size > LARGEST:
        yield Unreadable(document.whole(own.message), _LANGUAGE, "larger than any signature")
        return
    entry = pe.Entry(own.message, 0, bytes(data[own.message : own.message + own.size]))
    used = length_of(entry.data)
    rest = pe.padding(entry, used) if used else None
    if rest is not None:
        yield surplus_fact(document, rest)

    def digest(stated: Indirect) -> str:
        return cab.digest(data, own, stated.algorithm)

    at = document.whole(own.message)
    yield from signatures(document, at, "CAB", entry.data[: used or None], digest)


def _installer(document: Document) -> Iterator[Fact]:
    data = document.data if document.mapped is None else document.mapped
    compound = Compound(data)
    own = {entry.name: entry for entry in compound.children(compound.root)}
    signature = own.get(_SIGNATURE)
    if signature is None:
        return
    at = document.whole()
    if signature.size > LARGEST:
        yield Unreadable(at, _LANGUAGE, "larger than any signature")
        return
    raw = compound.content(signature)
    used = length_of(raw)
    rest = pe.padding(pe.Entry(0, 0, raw), used) if used else None
    if rest is not None:
        yield surplus_fact(document, rest)._replace(at=at)
    known: dict[str, str] = {}

    def digest(stated: Indirect) -> str:
        name = stated.algorithm
        if name not in known:
            fresh = Compound(data)
            known[name] = installer_digest(fresh, name, metadata=_METADATA in own)
        return known[name]

    yield from signatures(document, at, "MSI", raw[: used or None], digest)


def installer_digest(compound: Compound, algorithm: str, *, metadata: bool) -> str:
    """Return the digest of an installer: its streams in the order of names, then each class.

    ``metadata``: before them the digest of names, sizes, and times, as MsiDigitalSignatureEx has
    it. In hexadecimal; empty for an algorithm that no signer uses. Raises ``CompoundError``.
    """
    if algorithm not in pe.KNOWN:
        return ""
    contents = hashlib.new(algorithm, usedforsecurity=False)
    names = hashlib.new(algorithm, usedforsecurity=False)
    steps = _steps(compound)
    if metadata:
        for entry, after in steps:
            if not after:
                names.update(_described(entry))
        contents.update(names.digest())
    for entry, after in steps:
        if entry.is_stream:
            contents.update(compound.content(entry))
        elif after:
            contents.update(entry.identity)
    return contents.hexdigest()


def _steps(compound: Compound) -> list[tuple[Entry, bool]]:
    """Return the entries in the order in which they are signed; storages before and ``after``."""
    inside = {id(storage): entries for storage, entries in compound.tree()}
    found: list[tuple[Entry, bool]] = []
    waiting = [(compound.root, False)]
    while waiting:
        entry, after = waiting.pop()
        found.append((entry, after))
        if entry.is_stream or after:
            continue
        waiting.append((entry, True))
        entries = inside[id(entry)]
        if entry.is_root:
            entries = [own for own in entries if own.name not in (_SIGNATURE, _METADATA)]
        waiting += [(own, False) for own in reversed(entries)]
    return found


def _described(entry: Entry) -> bytes:
    """Return what is signed of an entry besides its content."""
    name = b"" if entry.is_root else entry.name
    what = entry.size.to_bytes(4, "little") if entry.is_stream else entry.identity
    return name + what + entry.state + (b"" if entry.is_root else entry.times)
