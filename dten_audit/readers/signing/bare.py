"""Bare signature values, as ``openssl dgst -sign`` and ``cosign sign-blob`` write them.

They name neither key nor algorithm. With the key, its own algorithms are tried, each over the usual
digests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.proofs import Content, Proof
from dten_audit.readers.signing.verifying_keys import load_pem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

_SHORT_RSA: Final = 2048


def verify(signature: bytes, spki: bytes, content: Content) -> Proof:
    """Check a signature value over ``content`` with a public key (SubjectPublicKeyInfo)."""
    try:
        found = guarded(lambda: _digest(signature, load_pem(spki), content))
    except MalformedError as error:
        return Proof("unchecked", str(error))
    if found is None:
        return Proof("forged")
    if found == "sha1":
        return Proof("refused", "it is over SHA-1, which can be forged")
    if found == "short":
        return Proof("refused", "its key is shorter than 2048 bits, which can be broken")
    return Proof("genuine")


def _digest(signature: bytes, key: object, content: Content) -> str | None:
    """Return the digest under which a signature holds, None where there is none."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    try:
        if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, content.data)
            return ""
    except InvalidSignature:
        return None
    if not isinstance(key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)):
        raise MalformedError("a key of a kind that is not known here")
    for algorithm in _hashes():
        if _made(key, signature, content.digest(algorithm.name), algorithm):
            short = isinstance(key, rsa.RSAPublicKey) and key.key_size < _SHORT_RSA
            return "short" if short else algorithm.name
    return None


def _hashes() -> Iterator[HashAlgorithm]:
    from cryptography.hazmat.primitives import hashes

    yield from (hashes.SHA256(), hashes.SHA512(), hashes.SHA384(), hashes.SHA1())  # noqa: S303


def _made(key: object, signature: bytes, digest: bytes, algorithm: HashAlgorithm) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    hashed = Prehashed(algorithm)
    if isinstance(key, ec.EllipticCurvePublicKey):
        try:
            key.verify(signature, digest, ec.ECDSA(hashed))
        except (InvalidSignature, UnsupportedAlgorithm):
            return False
        return True
    assert isinstance(key, rsa.RSAPublicKey)
    pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
    for scheme in (padding.PKCS1v15(), pss):
        try:
            key.verify(signature, digest, scheme, hashed)
        except (InvalidSignature, UnsupportedAlgorithm):
            continue
        return True
    return False
