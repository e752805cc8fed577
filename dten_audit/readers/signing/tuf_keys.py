"""Keys of TUF metadata, and whether one of them made a signature.

https://theupdateframework.github.io/specification/v1.0.33/, section 4.2. A key is what it is, not
what it is called: two ids for one key are one signer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from dten_audit.readers.signing.certificates import MalformedError, guarded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

_LONGEST_RSA: Final = 8192
_SHORTEST_RSA: Final = 2048
_CURVES: Final = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_RSA: Final = ("rsassa-pss-sha256", "rsassa-pss-sha384", "rsassa-pss-sha512",
               "rsa-pkcs1v15-sha256", "rsa-pkcs1v15-sha384", "rsa-pkcs1v15-sha512")  # fmt: skip
_POINT: Final = "04"


class TufKey(NamedTuple):
    """A key as metadata states it: ``public`` is hexadecimal (Ed25519) or PEM.

    A key of another kind or scheme than those known here has no ``spki``, and ``problem`` says why.
    """

    kind: str
    scheme: str
    public: str
    spki: bytes = b""
    problem: str = ""


@lru_cache(maxsize=256)
def known(kind: str, scheme: str, public: str) -> TufKey:
    """Return a key that metadata states."""
    try:
        spki = guarded(lambda: _spki(scheme, public))
    except MalformedError as error:
        return TufKey(kind, scheme, public, problem=f"{kind} key ({scheme}): {error}")
    return TufKey(kind, scheme, public, spki)


def _spki(scheme: str, public: str) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_public_key,
    )

    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if scheme == "ed25519":
        raw = bytes.fromhex(public)
        return ed25519.Ed25519PublicKey.from_public_bytes(raw).public_bytes(*form)
    if scheme in _CURVES:
        curve = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)[_CURVES.index(scheme)]()
        if public.startswith(_POINT):
            point = ec.EllipticCurvePublicKey.from_encoded_point(curve, bytes.fromhex(public))
            return point.public_bytes(*form)
        key = load_pem_public_key(public.encode())
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != curve.name:
            raise MalformedError("not a key of that curve")
        return key.public_bytes(*form)
    if scheme in _RSA:
        key = load_pem_public_key(public.encode())
        if not isinstance(key, rsa.RSAPublicKey):
            raise MalformedError("not an RSA key")
        if not _SHORTEST_RSA <= key.key_size <= _LONGEST_RSA:
            raise MalformedError(f"{key.key_size} bits, which is too short or too long to trust")
        return key.public_bytes(*form)
    raise MalformedError("a scheme that is not known here")


def made(key: TufKey, signature: bytes, message: bytes) -> bool:
    """Say whether the key made the signature; no, where it is of an unknown kind."""
    if not key.spki:
        return False
    try:
        return guarded(lambda: _made(key, signature, message))
    except MalformedError:
        return False


def _made(key: TufKey, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    own = load_der_public_key(key.spki)
    algorithm = _hash(key.scheme)
    try:
        if isinstance(own, ed25519.Ed25519PublicKey):
            own.verify(signature, message)
        elif isinstance(own, ec.EllipticCurvePublicKey):
            own.verify(signature, message, ec.ECDSA(algorithm))
        elif isinstance(own, rsa.RSAPublicKey) and "-pss-" in key.scheme:
            scheme = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            own.verify(signature, message, scheme, algorithm)
        elif isinstance(own, rsa.RSAPublicKey):
            own.verify(signature, message, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _hash(scheme: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    if scheme.endswith("384"):
        return hashes.SHA384()
    return hashes.SHA512() if scheme.endswith(("512", "521")) else hashes.SHA256()
