"""Signatures that are recognised and not verified: OpenPGP, minisign, bare signature values."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signing import PublicKey
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import keys, openpgp
from dten_audit.readers.signing.names import signed_path
from dten_audit.readers.signing.pem import Block, blocks
from dten_audit.readers.signing.stating import private_key, unchecked

_LINES: Final = 3
_MINISIGN_PUBLIC: Final = 42
_MINISIGN_SIGNATURE: Final = 74
_BARE_SIZES: Final = frozenset({64, *range(68, 73), *range(100, 105), 128, 132, 256, 384, 512})
"""Bytes of a signature value: EdDSA, ECDSA over P-256 and P-384, DSA and RSA."""


def is_bare(document: Document, data: bytes | None) -> bool:
    """Say whether ``data`` is a mere signature value, as ``openssl dgst -sign`` writes it."""
    return data is not None and len(data) in _BARE_SIZES and bool(signed_path(document.path))


def openpgp_document(document: Document) -> Iterator[Fact]:
    """State the signatures and keys of an OpenPGP file, armoured or not."""
    data = document.data
    if is_bare(document, data) and next(openpgp.packets(data), None) is None:
        yield unchecked(document, document.whole(), "bare")
        return
    if data[:1] and data[0] & 0x80:
        yield from _packets(document, data, document.whole())
        return
    found = [block for block in blocks(document.text) if block.label.startswith("PGP ")]
    if not found:
        yield Unreadable(document.whole(), "pgp", "neither packets nor armour of OpenPGP")
    detached = all(block.label != "PGP SIGNED MESSAGE" for block in found)
    for block in found:
        at = document.location_at(block.offset)
        yield from pgp_block(document, block, at, detached=detached)


def pgp_block(
    document: Document, block: Block, at: Location, *, detached: bool = True
) -> Iterator[Fact]:
    """State what one armoured block holds. A clear-signed text is not ``detached``."""
    if block.label == "PGP SIGNED MESSAGE":
        return
    if block.data is None:
        yield Unreadable(at, "pgp", f"{block.label}: no end, or no base64")
        return
    yield from _packets(document, block.data, at, detached=detached)


def _packets(
    document: Document, data: bytes, at: Location, *, detached: bool = True
) -> Iterator[Fact]:
    seen: set[str] = set()
    for packet in openpgp.packets(data):
        if packet.what in seen:
            continue
        seen.add(packet.what)
        if packet.what == "secret":
            key = keys.Key("OpenPGP", "OpenPGP", packet.encrypted)
            yield private_key(document, at, key)
        elif packet.what == "public":
            yield PublicKey(at, document.id, "OpenPGP", packet.identity)
        elif not seen & {"public", "secret"}:
            yield unchecked(document, at, "OpenPGP", packet.identity, detached=detached)
    if not seen:
        yield Unreadable(at, "pgp", "no signature and no key of OpenPGP")


def minisign_document(document: Document) -> Iterator[Fact]:
    """State what a minisign or OpenBSD signify file is."""
    at = document.location(1)
    lines = document.text.split("\n", _LINES)
    try:
        data = base64.b64decode(lines[1] if len(lines) > 1 else "", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    identity = data[2:10][::-1].hex().upper()
    if data[:1] != b"E":
        yield Unreadable(at, "minisign", "not a minisign or signify file")
    elif len(data) == _MINISIGN_PUBLIC:
        yield PublicKey(at, document.id, "minisign", identity)
    elif len(data) == _MINISIGN_SIGNATURE:
        yield unchecked(document, at, "minisign", identity)
    else:
        key = keys.Key("minisign", "Ed25519", Unknown("package.value"))
        yield private_key(document, at, key)
