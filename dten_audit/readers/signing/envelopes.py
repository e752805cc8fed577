"""Signatures that are JSON: DSSE envelopes, sigstore bundles, attestations, TUF metadata."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.tuf import TufMetadata
from dten_audit.model.location import Location
from dten_audit.readers.signing import bundles, dsse, tuf
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.instants import instant
from dten_audit.readers.signing.names import in_test_tree
from dten_audit.readers.signing.proofs import Stated
from dten_audit.readers.signing.stating import key_signature, unchecked

MARKS: Final = (
    '"payloadType"', "application/vnd.dev.sigstore.bundle", '"verification_material"',
    '"base64Signature"',
)  # fmt: skip
"""Of these, one stands in every such file but those of TUF."""
_TUF_MARKS: Final = ('"_type"', '"signatures"')
_LARGEST: Final = 16 << 20
"""Larger than any signature in JSON."""
_LINES: Final = 100
"""More envelopes than this in one file are not looked at."""


def is_marked(text: str) -> bool:
    """Say whether a JSON text may hold a signature."""
    return any(mark in text for mark in MARKS) or all(mark in text for mark in _TUF_MARKS)


def read(document: Document) -> Iterator[Fact]:
    """State the signatures in a JSON document, or in one with a JSON value a line."""
    text = document.text
    mark = min(at for mark in (*MARKS, *_TUF_MARKS) if (at := text.find(mark)) >= 0)
    if len(text) > _LARGEST:
        reason = "larger than any signature"
        yield Unreadable(document.location_at(mark), "JSON with signatures", reason)
        return
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        lines = text.split("\n")[:_LINES]
        for number, line in enumerate(lines, 1):
            if line.startswith("{") and is_marked(line):
                yield from _line(document, line, document.location(number))
        return
    yield from _value(document, root, text.encode(), document.location_at(mark))


def _line(document: Document, line: str, at: Location) -> Iterator[Fact]:
    try:
        root = json.loads(line)
    except (ValueError, RecursionError):
        return
    yield from _value(document, root, line.encode(), at)


def _value(document: Document, root: object, raw: bytes, at: Location) -> Iterator[Fact]:
    if not isinstance(root, dict):
        return
    kind = root.get("mediaType")
    if isinstance(kind, str) and "vnd.dev.sigstore.bundle" in kind:
        yield from _bundle(document, root, raw, at)
    elif "verification_material" in root and "envelope" in root:
        yield _by_certificate(document, root, raw, at, "PEP 740 attestation")
    elif isinstance(root.get("attestation_bundles"), list):
        yield from _provenance(document, root["attestation_bundles"], at)
    elif isinstance(root.get("attestations"), list) and b"payloadType" in raw:
        yield from _npm(document, root["attestations"], at)
    elif isinstance(root.get("base64Signature"), str):
        yield _cosign(document, root, raw, at)
    elif "payloadType" in root and "signatures" in root:
        yield from _envelope(document, root, raw, at)
    elif tuf.is_metadata(root):
        yield _tuf(document, at)
    elif relative := tuf.relative(root):
        yield unchecked(document, at, relative, detached=False)


def _provenance(document: Document, stated: list[object], at: Location) -> Iterator[Fact]:
    """State the attestations that an index hands out together (PEP 740, provenance objects)."""
    inner = [one.get("attestations") if isinstance(one, dict) else None for one in stated]
    found = [own for one in inner if isinstance(one, list) for own in one if isinstance(own, dict)]
    for own in found[:_LINES]:
        raw = json.dumps(own).encode()
        yield _by_certificate(document, own, raw, at, "PEP 740 attestation")
    if not found or len(found) > _LINES:
        reason = "more attestations than are looked at" if found else "no attestation in it"
        yield Unreadable(at, "PEP 740 provenance", reason)


def _npm(document: Document, stated: list[object], at: Location) -> Iterator[Fact]:
    """State the attestations that npm's registry hands out for a package: bundles in a list."""
    inner = [own.get("bundle") for own in stated if isinstance(own, dict)]
    found = [own for own in inner if isinstance(own, dict)]
    for own in found[:_LINES]:
        yield from _bundle(document, own, json.dumps(own).encode(), at)
    if not found or len(found) > _LINES:
        reason = "more attestations than are looked at" if found else "no attestation in it"
        yield Unreadable(at, "npm provenance", reason)


def _cosign(document: Document, root: dict[object, object], raw: bytes, at: Location) -> Fact:
    """State a signature as ``cosign sign-blob --bundle`` wrote it before there were bundles.

    Signed with a key, it carries no certificate, and is no more than its value.
    """
    value = str(root["base64Signature"])
    if root.get("cert") and "rekorBundle" in root and "PUBLIC KEY" not in str(root["cert"]):
        return _by_certificate(document, root, raw, at, "cosign bundle")
    try:
        signature = b64decode(value, validate=True)
    except ValueError:
        signature = b""
    if not signature:
        return Unreadable(at, "cosign bundle", "no signature in it")
    return key_signature(document, at, "bare", signature, Stated())


def _by_certificate(document: Document, root: object, raw: bytes, at: Location, form: str) -> Fact:
    """State a signature by the key of a certificate that it carries, or that it is not read."""
    try:
        own = bundles.parse(root)
    except MalformedError:
        return unchecked(document, at, form)
    payload = own.envelope.payload if own.envelope else None
    return key_signature(document, at, "sigstore", raw, Stated(own.identity, content=payload))


def _bundle(
    document: Document, root: dict[object, object], raw: bytes, at: Location
) -> Iterator[Fact]:
    """State a bundle: by a bare key it is what it holds, by a certificate it carries that."""
    material = root.get("verificationMaterial")
    message, inner = root.get("messageSignature"), root.get("dsseEnvelope")
    if not isinstance(material, dict) or "publicKey" not in material:
        yield _by_certificate(document, root, raw, at, "sigstore bundle")
    elif isinstance(inner, dict):
        yield from _envelope(document, inner, json.dumps(inner).encode(), at)
    else:
        value = message.get("signature") if isinstance(message, dict) else None
        try:
            signature = b64decode(value, validate=True) if isinstance(value, str) else b""
        except ValueError:
            signature = b""
        if signature:
            yield key_signature(document, at, "bare", signature, Stated())
        else:
            yield Unreadable(at, "sigstore bundle", "no signature in it")


def _tuf(document: Document, at: Location) -> Fact:
    """State a metadata file of TUF, as far as it is what such a file must be."""
    try:
        own = tuf.load(document.data)
    except MalformedError as error:
        return Unreadable(at, "TUF metadata", str(error))
    role, number = tuf.role_of(document.name)
    incidental = in_test_tree(at.member)
    return TufMetadata(
        at, document.id, own.kind, role, number, own.version, instant(own.expires),
        document.data, incidental,
    )  # fmt: skip


def _envelope(
    document: Document, root: dict[object, object], raw: bytes, at: Location
) -> Iterator[Fact]:
    try:
        own = dsse.parse(root)
    except MalformedError as error:
        yield Unreadable(at, "DSSE envelope", str(error))
        return
    for number, (named, _) in enumerate(own.signatures):
        stated = Stated(named, comment=own.kind, content=own.payload)
        yield key_signature(document, at, "DSSE", raw, stated, number)
    if not own.signatures:
        yield Unreadable(at, "DSSE envelope", "no signature in it")
