"""Whether a key made the signature over a certificate, a revocation list or an OCSP response.

All three are a body, an algorithm and a bit string (RFC 5280, RFC 6960). Weak digests are verified
too, so that a genuine but weak signature is not called a broken one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.readers.signing.ber import BIT_STRING, SEQUENCE, BerError, Element, parse
from dten_audit.readers.signing.certificates import X509, MalformedError, guarded
from dten_audit.readers.signing.verifying import UnsupportedError, verify_with

_UNKNOWN: Final = "the issuer's key is of an unknown kind"


class Sealed(NamedTuple):
    """A signed structure: the ``body`` as it was signed, and the signature with its algorithm.

    ``rest`` is what follows the signature. ``digest`` is empty: the algorithm names it.
    """

    body: Element
    algorithm: str
    parameters: bytes
    signature: bytes
    rest: tuple[Element, ...] = ()
    digest: str = ""


def open_sealed(raw: bytes) -> Sealed:
    """Take a signed structure apart. Raises ``BerError``."""
    body, algorithm, value, *rest = parse(raw).expect(SEQUENCE).children(3)
    parts = algorithm.expect(SEQUENCE).children(1)
    signature = value.expect(BIT_STRING).value
    if signature[:1] != b"\0":
        raise BerError("a signature with unused bits", value.start)
    parameters = parts[1].raw if len(parts) > 1 else b""
    return Sealed(body, parts[0].oid(), parameters, signature[1:], tuple(rest))


def made_by(raw: bytes, key: object) -> bool | None:
    """Say whether ``key`` made the signature; None where that cannot be computed."""
    from cryptography.exceptions import InvalidSignature

    def check() -> bool:
        sealed = open_sealed(raw)
        try:
            verify_with(key, sealed, sealed.body.raw)
        except InvalidSignature:
            return False
        except UnsupportedError:
            raise
        return True

    if key is None:
        return None
    try:
        return guarded(check)
    except MalformedError:
        return None


def signed_by(certificate: X509, issuer: X509) -> bool:
    """Say whether the issuer's key made the certificate's signature, with whatever digest."""
    return certificate.envelope_sound and made_by(certificate.der, issuer.public_key) is True


def why_not(certificate: X509, issuer: X509) -> str:
    """Say in words why the issuer's certificate does not prove the signature, where it does not."""
    if not certificate.envelope_sound:
        return "it states its signature algorithm in two different ways"
    if issuer.public_key is None:
        return f"the key of {issuer.subject} cannot be read ({issuer.key})"
    made = made_by(certificate.der, issuer.public_key)
    if made is None:
        return f"its signature ({certificate.digest or 'unknown'}) cannot be verified here"
    if made:
        return ""
    return f"the key of the {issuer.subject} at hand did not make its signature"
