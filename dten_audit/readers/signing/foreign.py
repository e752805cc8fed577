"""States signatures by bare keys, and such keys: OpenPGP, minisign, signify, SSH, bare values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signing import ChecksumEntry, PublicKey
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import checksums, keys, minisign, openpgp, sshsig
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.names import signed_path
from dten_audit.readers.signing.pem import Block, blocks
from dten_audit.readers.signing.proofs import Stated
from dten_audit.readers.signing.stating import key_signature, private_key, unchecked
from dten_audit.readers.signing.verifying_keys import verifying_keys

_BARE_SIZES: Final = frozenset({64, *range(68, 73), *range(100, 105), 128, 132, 256, 384, 512})
"""Bytes of a signature value: EdDSA, ECDSA over P-256 and P-384, DSA and RSA."""
_DPKG_SIG: Final = "_gpgbuilder"
_CLEAR: Final = "PGP SIGNED MESSAGE"
_SIGNATURES: Final = 50
"""More signatures than this in one file are not looked at; a few are usual."""


def is_bare(document: Document, data: bytes | None) -> bool:
    """Say whether ``data`` is a mere signature value, as ``openssl dgst -sign`` writes it."""
    return data is not None and len(data) in _BARE_SIZES and bool(signed_path(document.path))


def bare_signature(document: Document, at: Location, data: bytes) -> Fact:
    """State a mere signature value."""
    return key_signature(document, at, "bare", data, Stated())


def ssh_signature(document: Document, block: Block, at: Location) -> Fact:
    """State a signature by an SSH key. Raises ``MalformedError``."""
    raw = block.data or b""
    return key_signature(document, at, "SSH", raw, sshsig.stated(raw))


def openpgp_document(document: Document) -> Iterator[Fact]:
    """State the signatures and keys of an OpenPGP file, armoured or not."""
    data = document.data
    if is_bare(document, data) and not openpgp.is_whole(data):
        yield bare_signature(document, document.whole(), data)
        return
    if data[:1] and data[0] & 0x80:
        yield from _packets(document, data, document.whole())
        return
    found = [block for block in blocks(document.text) if block.label.startswith("PGP ")]
    if not found:
        yield Unreadable(document.whole(), "pgp", "neither packets nor armour of OpenPGP")
    if document.name.startswith(_DPKG_SIG):
        yield unchecked(document, document.location(1), "dpkg-sig signature", detached=False)
        return
    if any(block.label == _CLEAR for block in found):
        yield from _clear_signed(document, found)
        return
    for block in found:
        yield from pgp_block(document, block, document.location_at(block.offset))


def _clear_signed(document: Document, found: list[Block]) -> Iterator[Fact]:
    """State the signatures of a text that carries them at its end, and the digests it lists."""
    at = document.location_at(next(block.offset for block in found if block.label == _CLEAR))
    signed = [block.data for block in found if block.label == "PGP SIGNATURE" and block.data]
    packets = [packet for raw in signed for packet in openpgp.packets(raw)]
    for number, packet in enumerate(packets[:_SIGNATURES]):
        stated = Stated(packet.identity, packet.made, packet.digest, content=b"")
        yield key_signature(document, at, "OpenPGP", document.data, stated, number)
    if not packets:
        yield Unreadable(at, "pgp", "a signed text without a signature that can be read")
    if document.kind == "pgp":
        yield from _listed(document, document.text)


def _listed(document: Document, text: str) -> Iterator[Fact]:
    """State the digests in a signed text, where it is a list of digests and nothing else."""
    entries = list(checksums.entries(text, document.name))
    if entries and all(entry.digest and entry.path for entry in entries):
        for entry in entries:
            at = document.location(entry.line)
            yield ChecksumEntry(at, document.id, entry.algorithm, entry.digest, entry.path)


def pgp_block(document: Document, block: Block, at: Location) -> Iterator[Fact]:
    """State what one armoured block holds."""
    if block.label == _CLEAR:
        return
    if block.data is None:
        yield Unreadable(at, "pgp", f"{block.label}: no end, or no base64")
    elif block.label == "PGP MESSAGE":
        yield unchecked(document, at, "OpenPGP message", detached=False)
    else:
        yield from _packets(document, block.data, at)


def _packets(document: Document, data: bytes, at: Location) -> Iterator[Fact]:
    seen: set[str] = set()
    signatures = 0
    for packet in openpgp.packets(data):
        if packet.what == "signature":
            if not seen & {"public", "secret"} and signatures < _SIGNATURES:
                stated = Stated(packet.identity, packet.made, packet.digest)
                yield key_signature(document, at, "OpenPGP", packet.raw, stated, signatures)
                signatures += 1
        elif packet.what not in seen and packet.what == "secret":
            key = keys.Key("OpenPGP", "OpenPGP", packet.encrypted)
            yield private_key(document, at, key)
        elif packet.what not in seen:
            yield from _public(document, data, at)
        seen.add(packet.what)
    if not seen:
        yield Unreadable(at, "pgp", "no signature and no key of OpenPGP")


def _public(document: Document, data: bytes, at: Location) -> Iterator[Fact]:
    """State the keys of a key file; a subkey without its key is one that cannot be used."""
    found = verifying_keys(data)
    for key in found:
        yield PublicKey(at, document.id, "OpenPGP", key.identity, key.raw)
    if not found:
        yield PublicKey(at, document.id, "OpenPGP", "")


def minisign_document(document: Document) -> Iterator[Fact]:
    """State what a minisign or OpenBSD signify file is."""
    at = document.location(1)
    what = minisign.what(document.text)
    if what == "public":
        for own in verifying_keys(document.data):
            yield PublicKey(at, document.id, "minisign", own.identity, own.raw)
    elif what == "signature":
        try:
            yield from _minisign_signature(document, at)
        except MalformedError as error:
            yield Unreadable(at, "minisign", str(error))
    elif what == "secret":
        key = keys.Key("minisign", "Ed25519", Unknown("package.value"))
        yield private_key(document, at, key)
    else:
        yield Unreadable(at, "minisign", "not a minisign or signify file")


def _minisign_signature(document: Document, at: Location) -> Iterator[Fact]:
    own = minisign.parse(document.data)
    form: Final = "signify" if own.form == "signify" else "minisign"
    yield key_signature(document, at, form, document.data, minisign.stated(document.data))
    if own.message is not None:
        yield from _listed(document, "\n\n" + document.text.split("\n", 2)[2])
