"""Recognises signatures that are told and not verified: of Android programs, and of AppImages.

Sources: Android's "APK Signature Scheme v2" and "v3", the AppImage specification, and the ELF
format (System V ABI).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from mmap import mmap
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.location import MEMBER
from dten_audit.readers.signing.stating import unchecked

_BLOCK: Final = "@signing-block"
_MAGIC: Final = b"APK Sig Block 42"
_SCHEMES: Final = {0x7109871A: "v2", 0xF05368C0: "v3", 0x1B93AD61: "v3.1"}
_MOST_PAIRS: Final = 64
_SECTION: Final = b".sha256_sig"
_MOST_SECTIONS: Final = 512
_NAMES: Final = 1 << 16


def read_signing_block(document: Document) -> Iterator[Fact | Embedded]:
    """State the schemes of an Android program's signing block. Total: any bytes give facts."""
    if document.path.rpartition("/")[2] != _BLOCK or not document.data.endswith(_MAGIC):
        return
    data, at, pairs = document.data, 8, 0
    inner = document.address.count(MEMBER) > 1
    end = len(data) - len(_MAGIC) - 8
    while at + 12 <= end and pairs < _MOST_PAIRS:
        size, scheme = struct.unpack_from("<QI", data, at)
        if size < 4 or size > end - at - 8:  # noqa: PLR2004 - the number itself takes four
            break
        if scheme in _SCHEMES:
            form = f"APK signature scheme {_SCHEMES[scheme]}"
            signer = _signer(data[at + 12 : at + 8 + size])
            own = unchecked(document, document.whole(), form, signer, detached=False)
            yield own._replace(inner=inner)
        at += 8 + size
        pairs += 1
    if at != end:
        reason = "the pairs of the signing block do not fill it"
        yield Unreadable(document.whole(), "APK signing block", reason)


def _signer(value: bytes) -> str:
    """Return the fingerprint of the first signer's first certificate; empty where there is none.

    It lies in signers, signer, signed data, behind the digests, each with its length before it.
    """
    signed = _prefixed(_prefixed(_prefixed(value)))
    digests = _prefixed(signed)
    certificate = _prefixed(_prefixed(signed[4 + len(digests) :]))
    return f"SHA-256 {hashlib.sha256(certificate).hexdigest()}" if certificate else ""


def _prefixed(data: bytes) -> bytes:
    size = int.from_bytes(data[:4], "little")
    return data[4 : 4 + size] if len(data) >= 4 + size else b""


def read_appimage(document: Document) -> Iterator[Fact | Embedded]:
    """State the signature in the section of an AppImage's runtime that is made for it."""
    data = document.data if document.mapped is None else document.mapped
    place = _section(data)
    if place is None:
        return
    start, size = place
    if bytes(data[start : start + min(size, _NAMES)]).strip(b"\0"):
        own = unchecked(document, document.whole(start), "AppImage signature", detached=False)
        yield own._replace(inner=True)


def _section(data: bytes | mmap) -> tuple[int, int] | None:
    """Return where the section of the signature lies, and its size; None where there is none."""
    wide, order = data[4:5] == b"\2", "<" if data[5:6] == b"\1" else ">"
    if data[:4] != b"\x7fELF" or len(data) < 64:  # noqa: PLR2004 - the larger of the headers
        return None
    offset = struct.unpack_from(f"{order}Q", data, 40) if wide else struct.unpack_from(
        f"{order}I", data, 32)  # fmt: skip
    size, count, names = struct.unpack_from(f"{order}HHH", data, 58 if wide else 46)
    fields, form = (64, "IIQQQQ") if wide else (40, "IIIIII")
    last = offset[0] + size * count
    if size < fields or names >= count or count > _MOST_SECTIONS or last > len(data):
        return None
    headers = [
        struct.unpack_from(f"{order}{form}", data, offset[0] + size * number)
        for number in range(count)
    ]
    table = bytes(data[headers[names][4] : headers[names][4] + min(headers[names][5], _NAMES)])
    for name, _, _, _, start, length in headers:
        if table[name : name + len(_SECTION) + 1] == _SECTION + b"\0":
            return start, length
    return None
