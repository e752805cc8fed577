"""Verifies one CMS signer against content and key (RFC 5652, section 5.6; RFC 8419 for EdDSA)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from dten_audit.readers.signing import oids
from dten_audit.readers.signing.ber import Element, parse
from dten_audit.readers.signing.certificates import MalformedError, guarded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    from dten_audit.readers.signing.cms import SignerInfo

_KNOWN: Final = frozenset(oids.DIGESTS.values()) - {"shake256"}
_SHAKE_BYTES: Final = 64
_MGF1_PARAMETERS: Final = 0xA1
_SALT: Final = 0xA2
_PSS_HASH: Final = 0xA0


class Verdict(NamedTuple):
    """What a signer's key says of a content.

    ``content_matches`` and ``signature_valid`` are None where that could not be computed, and
    ``problem`` says why. ``text_mode``: the content matches once its line ends are CRLF.
    """

    content_matches: bool | None
    signature_valid: bool | None
    text_mode: bool = False
    problem: str = ""


class UnsupportedError(ValueError):
    """An algorithm or key that cannot be verified here."""


class Scheme(Protocol):
    """A signature and how it was made; ``digest`` is used where the algorithm names none."""

    @property
    def algorithm(self) -> str: ...

    @property
    def parameters(self) -> bytes: ...

    @property
    def digest(self) -> str: ...

    @property
    def signature(self) -> bytes: ...


def text_form(content: bytes) -> bytes:
    """Return the canonical text form that S/MIME signs: every line ends in CRLF (RFC 8551)."""
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def digest_of(name: str, content: bytes) -> bytes:
    """Return the digest. Raises ``UnsupportedError`` for one that is not among the known ones.

    Names come from hostile bytes, and hashlib takes far more names than digests of a fixed size.
    """
    if name == "shake256":
        return hashlib.shake_256(content).digest(_SHAKE_BYTES)
    if name not in _KNOWN:
        raise UnsupportedError(f"the digest {name} is not known here")
    try:
        return hashlib.new(name, content, usedforsecurity=False).digest()
    except ValueError:
        raise UnsupportedError(f"the digest {name} is not known here") from None


def verify(signer: SignerInfo, key: object, content: bytes) -> Verdict:
    """Verify a signer's signature over ``content``; a public key of pyca/cryptography, or None.

    Without signed attributes, content and signature cannot be told apart: both hold or neither.
    """
    if not signer.signed_attributes:
        for text_mode in (False, True):
            message = text_form(content) if text_mode else content
            valid, problem = _signature(signer, key, message)
            if valid is not False:
                return Verdict(valid, valid, text_mode and bool(valid), problem)
        return Verdict(None, signature_valid=False)
    valid, problem = _signature(signer, key, signer.signed_attributes)
    try:
        matches, text_mode = content_matches(signer, content)
    except UnsupportedError as error:
        return Verdict(None, valid, problem=str(error))
    return Verdict(matches, valid, text_mode, problem)


def content_matches(signer: SignerInfo, content: bytes) -> tuple[bool, bool]:
    """Say whether the signed digest is that of ``content``, and whether only in text form."""
    wanted = signer.message_digest
    if wanted is None:
        return False, False
    if hmac.compare_digest(wanted, digest_of(signer.digest, content)):
        return True, False
    text = text_form(content)
    matches = text != content and hmac.compare_digest(wanted, digest_of(signer.digest, text))
    return matches, matches


def _signature(signer: SignerInfo, key: object, message: bytes) -> tuple[bool | None, str]:
    from cryptography.exceptions import InvalidSignature

    def check() -> bool:
        try:
            verify_with(key, signer, message)
        except InvalidSignature:
            return False
        return True

    if key is None:
        return None, "the signer's key is of an unknown kind"
    try:
        return guarded(check), ""
    except MalformedError as error:
        return None, str(error)


def verify_with(key: object, signer: Scheme, message: bytes) -> None:
    """Raise ``InvalidSignature`` where the key did not make it, others where none can tell."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

    if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        if signer.algorithm not in oids.EDDSA:
            raise UnsupportedError(f"the algorithm {signer.algorithm} is not known here")
        key.verify(signer.signature, message)
    elif isinstance(key, rsa.RSAPublicKey):
        scheme: padding.PSS | padding.PKCS1v15 = padding.PKCS1v15()
        if signer.algorithm == oids.RSA_PSS:
            scheme, algorithm = _pss(signer.parameters)
        else:
            algorithm = _hash(_signed_digest(signer))
        key.verify(signer.signature, message, scheme, algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signer.signature, message, ec.ECDSA(_hash(_signed_digest(signer))))
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(signer.signature, message, _hash(_signed_digest(signer)))
    else:
        raise UnsupportedError(f"the algorithm {signer.algorithm} is not known here")


def _signed_digest(signer: Scheme) -> str:
    """Return the digest that was signed: the algorithm names it, or leaves it to the signer."""
    if signer.algorithm in oids.PLAIN_SIGNATURES:
        return signer.digest
    name = oids.DIGEST_OF_SIGNATURE.get(signer.algorithm)
    if name is None:
        raise UnsupportedError(f"the algorithm {signer.algorithm} is not known here")
    return name


def _hash(name: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    known: dict[str, type[HashAlgorithm]] = {
        "md5": hashes.MD5,
        "sha1": hashes.SHA1,
        "sha224": hashes.SHA224,
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
        "sha3_224": hashes.SHA3_224,
        "sha3_256": hashes.SHA3_256,
        "sha3_384": hashes.SHA3_384,
        "sha3_512": hashes.SHA3_512,
    }
    if name not in known:
        raise UnsupportedError(f"the digest {name} is not known here")
    return known[name]()


def _pss(parameters: bytes) -> tuple[padding.PSS, HashAlgorithm]:
    """Read RSASSA-PSS-params (RFC 4055): absent fields mean SHA-1 and a salt of 20 bytes."""
    from cryptography.hazmat.primitives.asymmetric import padding

    name = mask = "sha1"
    salt = 20
    for field in parse(parameters) if parameters else ():
        inner = field.children(1)[0]
        if field.tag == _PSS_HASH:
            name = _digest_name(inner)
        elif field.tag == _MGF1_PARAMETERS:
            mask = _digest_name(inner.children(2)[1])
        elif field.tag == _SALT:
            salt = inner.integer()
    return padding.PSS(padding.MGF1(_hash(mask)), salt), _hash(name)


def _digest_name(algorithm: Element) -> str:
    oid = algorithm.children(1)[0].oid()
    return oids.DIGESTS.get(oid, oid)
