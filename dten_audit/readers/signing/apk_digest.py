"""What the signatures of Android programs are over: the archive without its signing block.

Source: Android's "APK Signature Scheme v2", integrity-protected contents; fs-verity for its trees.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.verifying_keys import load_pem
from dten_audit.readers.signing.zip_places import end_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

_CHUNK: Final = 1 << 20
_PAGE: Final = 4096
_SALT: Final = bytes(8)
_VERITY: Final = "verity"
_ALGORITHMS: Final = {
    0x0101: ("sha256", "pss"), 0x0102: ("sha512", "pss"),
    0x0103: ("sha256", "pkcs1"), 0x0104: ("sha512", "pkcs1"),
    0x0201: ("sha256", "ec"), 0x0202: ("sha512", "ec"), 0x0301: ("sha256", "dsa"),
    0x0421: (_VERITY, "pkcs1"), 0x0423: (_VERITY, "ec"), 0x0425: (_VERITY, "dsa"),
}  # fmt: skip
"""Digest of the content, and scheme of the signature; with trees that is over SHA-256."""


class Parts(NamedTuple):
    """The archive without its signing block: entries, directory, and the record at the end.

    The record states where the directory would be without the block.
    """

    entries: memoryview
    directory: memoryview
    end: bytes


def is_known(algorithm: int) -> bool:
    """Say whether an algorithm is known here."""
    return algorithm in _ALGORITHMS


def parts(data: bytes, block: bytes) -> Parts:
    """Return what is signed of an archive. Raises ``MalformedError`` for another layout."""
    end = end_of(data)
    start = end.directory - len(block) if end else -1
    if end is None or start < 0 or data[start : end.directory] != block:
        raise MalformedError("the archive is not laid out as signers of Android programs do")
    last = bytearray(data[end.at :])
    last[16:20] = struct.pack("<I", start)
    view = memoryview(data)
    return Parts(view[:start], view[end.directory : end.at], bytes(last))


def digest(own: Parts, algorithm: int) -> bytes:
    """Return the digest that an algorithm demands of an archive."""
    name = _ALGORITHMS[algorithm][0]
    return _tree(own) if name == _VERITY else _chunked(own, name)


def _chunked(own: Parts, name: str) -> bytes:
    """Return the digest over the digests of the chunks of each part."""
    found = [
        hashlib.new(name, b"\xa5" + struct.pack("<I", len(chunk)) + chunk).digest()
        for part in own
        for chunk in (bytes(part[at : at + _CHUNK]) for at in range(0, len(part), _CHUNK))
    ]
    return hashlib.new(name, b"\x5a" + struct.pack("<I", len(found)) + b"".join(found)).digest()


def _tree(own: Parts) -> bytes:
    """Return root and size of the tree over pages, as fs-verity makes it."""
    if len(own.entries) % _PAGE:
        raise MalformedError("the signing block does not start at a page, as trees demand")
    size = sum(map(len, own))
    level = b"".join(_hashes(_pages(own)))
    while len(level) > _PAGE:
        level = b"".join(_hashes(level[at : at + _PAGE] for at in range(0, len(level), _PAGE)))
    (root,) = _hashes(iter((level,)))
    return root + struct.pack("<Q", size)


def _pages(own: Parts) -> Iterator[bytes]:
    for at in range(0, len(own.entries), _PAGE):
        yield bytes(own.entries[at : at + _PAGE])
    rest = bytes(own.directory) + own.end
    for at in range(0, len(rest), _PAGE):
        yield rest[at : at + _PAGE]


def _hashes(pages: Iterator[bytes]) -> Iterator[bytes]:
    for page in pages:
        yield hashlib.sha256(_SALT + page.ljust(_PAGE, b"\0")).digest()


def made(spki: bytes, algorithm: int, signature: bytes, message: bytes) -> bool | None:
    """Say whether a key made a signature; None where that cannot be computed."""
    try:
        return guarded(lambda: _made(load_pem(spki), algorithm, signature, message))
    except MalformedError:
        return None


def _made(key: object, algorithm: int, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

    name, scheme = _ALGORITHMS[algorithm]
    hashed = _hash(name)
    try:
        if scheme == "ec" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashed))
        elif scheme == "dsa" and isinstance(key, dsa.DSAPublicKey):
            key.verify(signature, message, hashed)
        elif scheme == "pss" and isinstance(key, rsa.RSAPublicKey):
            salted = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
            key.verify(signature, message, salted, hashed)
        elif scheme == "pkcs1" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _hash(name: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA512() if name == "sha512" else hashes.SHA256()
