"""Finds the signatures of Android programs, and of AppImages.

Sources: Android's "APK Signature Scheme v2" and "v3", the AppImage specification, and the ELF
format (System V ABI).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import sha256
from mmap import mmap
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import SigningBlock
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signing import PublicKey
from dten_audit.readers.signing import apk_block, openpgp
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.pem import blocks
from dten_audit.readers.signing.proofs import Stated
from dten_audit.readers.signing.stating import key_signature
from dten_audit.readers.signing.verifying_keys import verifying_keys

_BLOCK: Final = "@signing-block"
_SIGNATURE: Final = ".sha256_sig"
_KEY: Final = ".sig_key"
_MD5: Final = ".digest_md5"
_LONGEST_NAME: Final = 16
_MOST_SIGNATURES: Final = 10
_MOST_SECTIONS: Final = 512
_NAMES: Final = 1 << 16


def read_signing_block(document: Document) -> Iterator[Fact | Embedded]:
    """State an Android program's signing block. Total: any bytes give facts."""
    data = document.data
    if document.path.rpartition("/")[2] != _BLOCK or not data.endswith(apk_block.MAGIC):
        return
    try:
        found = apk_block.signers(data)
    except MalformedError as error:
        yield Unreadable(document.whole(), "APK signing block", str(error))
        return
    if found:
        yield SigningBlock(document.whole(), document.id, data)


def read_appimage(document: Document) -> Iterator[Fact | Embedded]:
    """State signature and key in the sections of an AppImage's runtime that are made for them."""
    data = document.data if document.mapped is None else document.mapped
    found = _sections(data)
    raw = _text(data, found.get(_SIGNATURE))
    if not raw:
        return
    at = document.whole(found[_SIGNATURE][0])
    armour = [own.data for own in blocks(raw) if own.label == "PGP SIGNATURE" and own.data]
    packets = [packet for own in armour for packet in openpgp.packets(own)]
    signatures = [packet for packet in packets if packet.what == "signature"]
    if not signatures:
        yield Unreadable(at, "AppImage signature", "the section for it holds no OpenPGP signature")
        return
    over = tuple(_signed_texts(data, found))
    for number, packet in enumerate(signatures[:_MOST_SIGNATURES]):
        stated = Stated(packet.identity, packet.made, packet.digest, content=b"")
        own = key_signature(document, at, "OpenPGP", packet.raw, stated, number)
        yield own._replace(over=over, inner=True)
    for block in blocks(_text(data, found.get(_KEY))):
        for key in verifying_keys(block.data or b""):
            place = document.whole(found[_KEY][0])
            yield PublicKey(place, document.id, "OpenPGP", key.identity, key.raw)


def _text(data: bytes | mmap, place: tuple[int, int] | None) -> str:
    start, size = place or (0, 0)
    raw = bytes(data[start : start + min(size, _NAMES)]).strip(b"\0")
    return raw.decode("ascii", "replace").replace("\r\n", "\n")


def _signed_texts(data: bytes | mmap, found: dict[str, tuple[int, int]]) -> Iterator[bytes]:
    """Yield what the signature may be over: the file's SHA-256 in hexadecimal, as a text.

    The sections for signature and key count as zeros. Tools disagree about the section for another
    digest, and whether the text ends in a line's end.
    """
    gone = [found[name] for name in (_SIGNATURE, _KEY) if name in found]
    both = [gone, [*gone, found[_MD5]]] if _MD5 in found else [gone]
    for places in both:
        text = _without(data, places).encode()
        yield text
        yield text + b"\n"


def _without(data: bytes | mmap, places: list[tuple[int, int]]) -> str:
    """Return the SHA-256 of a file in which these places are zeros."""
    hashing, at = sha256(), 0
    with memoryview(data) as view:
        for start, size in sorted(places):
            first, last = max(start, at), max(min(start + size, len(view)), at)
            hashing.update(view[at:first])
            hashing.update(bytes(max(0, last - first)))
            at = last
        hashing.update(view[at:])
    return hashing.hexdigest()


def _sections(data: bytes | mmap) -> dict[str, tuple[int, int]]:
    """Return the sections of an ELF file that AppImages have: where they lie, and their sizes."""
    wide, order = data[4:5] == b"\2", "<" if data[5:6] == b"\1" else ">"
    if data[:4] != b"\x7fELF" or len(data) < 64:  # noqa: PLR2004 - the larger of the headers
        return {}
    offset = struct.unpack_from(f"{order}Q", data, 40) if wide else struct.unpack_from(
        f"{order}I", data, 32)  # fmt: skip
    size, count, names = struct.unpack_from(f"{order}HHH", data, 58 if wide else 46)
    fields, form = (64, "IIQQQQ") if wide else (40, "IIIIII")
    last = offset[0] + size * count
    if size < fields or names >= count or count > _MOST_SECTIONS or last > len(data):
        return {}
    headers = [
        struct.unpack_from(f"{order}{form}", data, offset[0] + size * number)
        for number in range(count)
    ]
    table = bytes(data[headers[names][4] : headers[names][4] + min(headers[names][5], _NAMES)])
    found = {}
    for name, _, _, _, start, length in headers:
        own = table[name : name + _LONGEST_NAME].partition(b"\0")[0].decode("ascii", "replace")
        if own in (_SIGNATURE, _KEY, _MD5) and start + length <= len(data):
            found[own] = (start, length)
    return found
