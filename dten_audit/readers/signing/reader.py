"""Reads certificates, keys, signatures and checksum files into facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signing import (
    Certificate,
    ChecksumEntry,
    PublicKey,
    Signature,
)
from dten_audit.model.location import Location
from dten_audit.readers.signing import checksums, envelopes, keys, smime
from dten_audit.readers.signing.certificates import (
    X509,
    MalformedError,
    is_request,
    load,
)
from dten_audit.readers.signing.cms import parse_signed_data
from dten_audit.readers.signing.foreign import (
    bare_signature,
    is_bare,
    minisign_document,
    openpgp_document,
    pgp_block,
    ssh_signature,
)
from dten_audit.readers.signing.instants import instant
from dten_audit.readers.signing.oids import CODE_SIGNING
from dten_audit.readers.signing.pem import Block, blocks, decode
from dten_audit.readers.signing.revocations import Carried, Form
from dten_audit.readers.signing.stating import private_key, revocation_list, unchecked
from dten_audit.readers.signing.verifying_keys import pem_key

LARGEST: Final = 16 << 20
"""Larger than any signature; a fact must not hold more."""
BUNDLE: Final = 5
"""More certificates than this in one file are a bundle of roots, not a signer's chain."""
_CERTIFICATES: Final = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_SIGNATURES: Final = ("PKCS7", "CMS", "PKCS #7 SIGNED DATA")
_LISTS: Final = ("X509 CRL", "CRL")
_PUBLIC_KEYS: Final = ("PUBLIC KEY", "RSA PUBLIC KEY")
_BARE: Final = 2048
_APPX: Final = b"PKCX\x30"
"""How ``AppxSignature.p7x`` begins: a mark, then the message."""
_ASSERTION: Final = "sign-key-sha3-384: "
"""A header that each assertion of snapd has."""


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State what a document of the kinds of this family holds. Total: any bytes give facts."""
    if len(document.data) > LARGEST and document.kind != "checksums":
        yield Unreadable(document.whole(), document.kind, "larger than any key or signature")
        return
    readers: dict[str, Callable[[Document], Iterable[Fact]]] = {
        "pem": _pem,
        "der": _der,
        "cms": _cms,
        "pkcs12": _pkcs12,
        "keystore": _keystore,
        "checksums": _checksums,
        "pgp": openpgp_document,
        "minisign": minisign_document,
    }
    yield from readers[document.kind](document)


def read_embedded_keys(document: Document) -> Iterator[Fact | Embedded]:
    """State the private keys in a configuration file or script, and sigstore bundles.

    What only looks like a key (``MIIE...``) is no fact.
    """
    text = document.text
    if "PRIVATE KEY-----" in text:
        for block, key in keys.pem_keys(blocks(text)):
            yield private_key(document, document.location_at(block.offset), key)
    if _ASSERTION in text:
        at = text.find(_ASSERTION)
        signer = text[at + len(_ASSERTION) :].partition("\n")[0]
        yield unchecked(document, document.location_at(at), "snap assertion", signer)
    if document.kind == "json" and envelopes.is_marked(text):
        yield from envelopes.read(document)
    if document.kind == "text" and len(text) < _BARE:
        raw = decode(text)
        if raw is not None and is_bare(document, raw):
            yield bare_signature(document, document.location(1), raw)


def _pem(document: Document) -> Iterator[Fact]:
    found = list(blocks(document.text))
    if not found and document.data[:1] == b"\x30":
        yield from _der(document)
        return
    if not found:
        yield Unreadable(document.whole(), "pem", "no PEM block")
    certificates = sum(block.label in _CERTIFICATES for block in found)
    for block in found:
        at = document.location_at(block.offset)
        try:
            yield from _pem_block(document, block, at, certificates)
        except MalformedError as error:
            language = "pem" if certificates <= BUNDLE else "certificate bundle"
            yield Unreadable(at, language, f"{block.label}: {error}")


def _pem_block(document: Document, block: Block, at: Location, siblings: int) -> Iterator[Fact]:
    label = block.label
    if keys.is_private_label(label):
        yield private_key(document, at, keys.from_pem(block))
    elif label.startswith("PGP "):
        yield from pgp_block(document, block, at)
    elif block.data is None:
        raise MalformedError("the block has no end, or is no base64")
    elif label in _CERTIFICATES:
        yield _certificate(document, at, load(_first_element(block.data)), "file", siblings)
    elif label in _SIGNATURES:
        yield from _signed_data(document, block.data, at)
    elif label in _PUBLIC_KEYS:
        yield _public_key(document, at, block.data)
    elif label in _LISTS:
        yield revocation_list(document, at, Carried("CRL", block.data), "file")
    elif label == "SSH SIGNATURE":
        yield ssh_signature(document, block, at)


def _public_key(document: Document, at: Location, data: bytes) -> PublicKey:
    key = pem_key(data)
    return PublicKey(at, document.id, "PEM", key.identity, key.raw)


def _first_element(data: bytes) -> bytes:
    """Return the certificate of a ``TRUSTED CERTIFICATE``, which OpenSSL appends settings to."""
    if data[:2] != b"\x30\x82":
        return data
    return data[: 4 + int.from_bytes(data[2:4])]


def _certificate(
    document: Document,
    at: Location,
    found: X509,
    inside: Literal["file", "signature"],
    siblings: int,
) -> Certificate:
    return Certificate(
        at,
        document.id,
        found.subject,
        found.issuer,
        found.sha256,
        found.spki_sha256,
        instant(found.not_before),
        instant(found.not_after),
        found.is_ca,
        found.self_issued,
        CODE_SIGNING in (found.purposes or ()),
        found.key,
        found.digest,
        inside,
        siblings,
        found.der,
    )


def _der(document: Document) -> Iterator[Fact]:
    data = document.data
    try:
        found = load(data)
    except MalformedError as error:
        reason = str(error)
    else:
        yield _certificate(document, document.whole(), found, "file", 1)
        return
    try:
        yield private_key(document, document.whole(), keys.from_der(data))
    except MalformedError:
        if keys.is_public_key(data):
            yield _public_key(document, document.whole(), data)
        elif not is_request(data):
            yield _list(document, data) or Unreadable(document.whole(), "der", reason)


def _list(document: Document, data: bytes) -> Fact | None:
    """Return a revocation list or OCSP response in DER, None where it is neither."""
    forms: tuple[Form, ...] = ("CRL", "OCSP")
    for form in forms:
        try:
            return revocation_list(document, document.whole(), Carried(form, data), "file")
        except MalformedError:
            continue
    return None


def _cms(document: Document) -> Iterator[Fact]:
    data = document.data
    yield from _said(document)
    if data[:1] == b"\x30" or data[:5] == _APPX:
        yield from _guarded(document, data.removeprefix(b"PKCX"), document.whole())
        return
    text = document.text
    found = list(blocks(text))
    if found:
        yield from _pem(document)
        return
    head, blank, body = text.partition("\n\n")
    if "multipart/signed" in head:
        yield from _multipart(document)
        return
    raw = decode(body if blank and "ontent-" in head else text)
    yield from _guarded(document, raw or b"", document.whole())


def _said(document: Document) -> Iterator[Fact]:
    """State what the signature inside a signed container leaves open."""
    if document.name.lower().endswith(".cat"):
        yield unchecked(document, document.whole(), "Windows catalog", detached=False)


def _multipart(document: Document) -> Iterator[Fact]:
    at = document.location(1)
    try:
        message = smime.split(document.data)
        for fact in _signed_data(document, message.signature, at):
            if isinstance(fact, Signature):
                yield fact._replace(attached=True, content=message.content)
            else:
                yield fact
    except MalformedError as error:
        yield Unreadable(at, "cms", f"S/MIME message: {error}")


def _guarded(document: Document, data: bytes, at: Location) -> Iterator[Fact]:
    try:
        yield from _signed_data(document, data, at)
    except MalformedError as error:
        language = "other CMS message" if "not SignedData" in str(error) else "cms"
        yield Unreadable(at, language, str(error))


def _signed_data(document: Document, data: bytes, at: Location) -> Iterator[Fact]:
    signed = parse_signed_data(data)
    siblings = len(signed.certificates)
    for raw in signed.certificates:
        try:
            yield _certificate(document, at, load(raw), "signature", siblings)
        except MalformedError as error:
            yield Unreadable(at, "cms", f"certificate: {error}")
    for carried in signed.revocations:
        try:
            yield revocation_list(document, at, carried, "signature")
        except MalformedError as error:
            yield Unreadable(at, "cms", f"revocation ({carried.form}): {error}")
    if signed.signers:
        attached = signed.content is not None
        yield Signature(at, document.id, data, len(signed.signers), attached)


def _pkcs12(document: Document) -> Iterator[Fact]:
    try:
        store = keys.pkcs12(document.data)
    except MalformedError as error:
        yield Unreadable(document.whole(), "pkcs12", str(error))
        return
    yield from _store(document, store)


def _keystore(document: Document) -> Iterator[Fact]:
    if document.data[:1] == b"\x30":
        yield from _pkcs12(document)
        return
    try:
        store = keys.java_keystore(document.data)
    except MalformedError as error:
        yield Unreadable(document.whole(), "keystore", str(error))
        return
    yield from _store(document, store)


def _store(document: Document, store: keys.Store) -> Iterator[Fact]:
    at = document.whole()
    for key in store.keys:
        yield private_key(document, at, key)
    for raw in store.certificates:
        try:
            yield _certificate(document, at, load(raw), "file", len(store.certificates))
        except MalformedError as error:
            yield Unreadable(at, document.kind, f"certificate: {error}")
    if store.sealed and not store.keys:
        yield Unreadable(at, "encrypted key store", "no private key stands in its open part")


def _checksums(document: Document) -> Iterator[Fact]:
    other = 0
    for entry in checksums.entries(document.text, document.name):
        if not entry.digest:
            other = other or entry.line
            continue
        at = document.location(entry.line)
        yield ChecksumEntry(at, document.id, entry.algorithm, entry.digest, entry.path)
    if other:
        yield Unreadable(document.location(other), "checksums", "not the form of a checksum line")
    if "-----BEGIN PGP SIGNED MESSAGE-----" in document.text:
        yield from openpgp_document(document)
