"""Makes signatures for examples: the same bytes every time, also with digests that are weak."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from dten_audit.examples.encoding import oid, tlv

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "md5": hashes.MD5, "sha1": hashes.SHA1, "sha256": hashes.SHA256,
    "sha384": hashes.SHA384, "sha512": hashes.SHA512,
}  # fmt: skip
DIGEST_OID: Final = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_ECDSA_OID: Final = {
    "sha1": "1.2.840.10045.4.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
_RSA_OID: Final = {
    "md5": "1.2.840.113549.1.1.4",
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
_ED25519_OID: Final = "1.3.101.112"


def sign(own: PrivateKey, data: bytes, digest: str = "sha256") -> bytes:
    """Return a signature over ``data``, the same each time."""
    if isinstance(own, ed25519.Ed25519PrivateKey):
        return own.sign(data)
    algorithm = _HASHES[digest]()
    if isinstance(own, rsa.RSAPrivateKey):
        return own.sign(data, padding.PKCS1v15(), algorithm)
    return own.sign(data, ec.ECDSA(algorithm, deterministic_signing=True))


def signature_algorithm(own: PrivateKey, digest: str = "sha256") -> bytes:
    """Return the AlgorithmIdentifier of signatures of a key."""
    if isinstance(own, ed25519.Ed25519PrivateKey):
        return tlv(0x30, oid(_ED25519_OID))
    if isinstance(own, rsa.RSAPrivateKey):
        return tlv(0x30, oid(_RSA_OID[digest]), b"\x05\x00")
    return tlv(0x30, oid(_ECDSA_OID[digest]))
