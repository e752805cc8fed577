"""X.509 certificates as evidence: names, fingerprints, dates, strength, who signed whom.

Built on the primitives of pyca/cryptography only: its verifier answers yes or no, this one must say
what is wrong with which certificate. SHA-1 and MD5 are verified too, so that a genuine but weak
signature is not called a broken one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeVar, cast
from unicodedata import normalize

from dten_audit.readers.signing.ber import SEQUENCE, BerError, Element, parse
from dten_audit.readers.signing.oids import DIGEST_OF_SIGNATURE

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

T = TypeVar("T")
E = TypeVar("E", bound="x509.ExtensionType")

NameKey = tuple[tuple[tuple[str, str], ...], ...]
"""A distinguished name in the form in which names are compared."""

WEAK_DIGESTS: Final = frozenset({"md2", "md4", "md5", "sha1"})
_RSA_BITS: Final = 2048
_EC_BITS: Final = 224
_USUAL: Final = 8 << 10
_EC_KEY: Final = "1.2.840.10045.2.1"
_VERSION: Final = 0xA0


class MalformedError(ValueError):
    """Bytes that are not the certificate, key or signature they seem to be."""


def guarded(make: Callable[[], T]) -> T:
    """Return what ``make`` returns. Raises ``MalformedError`` for whatever hostile bytes provoke.

    A panic in Rust code arrives as a ``BaseException`` of its own. Warnings about certificates that
    later releases of the library will refuse are no news to whoever reads the findings.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()
    except MalformedError:
        raise
    except Exception as error:  # noqa: BLE001 -- parsers of hostile bytes raise what they like
        raise MalformedError(str(error) or type(error).__name__) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise MalformedError("the parser gave up") from None


def name_key(name: x509.Name) -> NameKey:
    """Return a name for comparison: string type, case and runs of blanks do not count.

    RFC 5280, section 7.1, and the preparation of strings in RFC 4518.
    """
    return tuple(rdn_key(rdn) for rdn in name.rdns)


def rdn_key(rdn: x509.RelativeDistinguishedName) -> tuple[tuple[str, str], ...]:
    """Return one step of a name for comparison."""
    return tuple(sorted((part.oid.dotted_string, _folded(part.value)) for part in rdn))


def _folded(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return " ".join(normalize("NFKC", value).casefold().split())


def grouped(fingerprint: str) -> str:
    """Return a hexadecimal fingerprint in groups of four, to be read aloud."""
    upper = fingerprint.upper()
    return " ".join(upper[at : at + 4] for at in range(0, len(upper), 4))


class X509:
    """One certificate; what costs time is found out when it is first asked for.

    Attributes raise ``MalformedError`` only while ``load`` runs, which asks for all that can fail.
    """

    def __init__(self, certificate: x509.Certificate, raw: bytes) -> None:
        self.certificate = certificate
        self.der = raw
        self.sha256 = sha256(raw).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, X509) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @cached_property
    def subject(self) -> str:
        """The subject as RFC 4514 writes it."""
        return self.certificate.subject.rfc4514_string()

    @cached_property
    def issuer(self) -> str:
        """The issuer as RFC 4514 writes it."""
        return self.certificate.issuer.rfc4514_string()

    @cached_property
    def subject_key(self) -> NameKey:
        """The subject for comparison."""
        return name_key(self.certificate.subject)

    @cached_property
    def issuer_key(self) -> NameKey:
        """The issuer for comparison."""
        return name_key(self.certificate.issuer)

    @cached_property
    def not_before(self) -> datetime:
        """Start of validity, UTC."""
        return self.certificate.not_valid_before_utc

    @cached_property
    def not_after(self) -> datetime:
        """End of validity, UTC."""
        return self.certificate.not_valid_after_utc

    @cached_property
    def serial(self) -> int:
        """The serial number."""
        return self.certificate.serial_number

    @cached_property
    def public_key(self) -> CertificatePublicKeyTypes | None:
        """The public key; None where the library knows no such key.

        A curve of its own is never read: some releases take it for the named one, some refuse it.
        """
        if self.explicit_curve:
            return None
        try:
            return guarded(self.certificate.public_key)
        except MalformedError:
            return None

    @cached_property
    def spki_sha256(self) -> str:
        """Digest of the public key alone: the same for every certificate of that key."""
        return sha256(self.spki).hexdigest()

    @cached_property
    def spki(self) -> bytes:
        """The SubjectPublicKeyInfo, in DER."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = self.public_key
        if key is None:
            stated = self._stated_key
            return stated.raw if stated else self.der
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def _stated_key(self) -> Element | None:
        """The SubjectPublicKeyInfo as it stands."""
        try:
            fields = [part for part in parse(self.der).children(1)[0] if part.tag != _VERSION]
            return fields[5].expect(SEQUENCE)
        except (BerError, IndexError):
            return None

    @cached_property
    def key_bits(self) -> bytes:
        """The bare public key, of which OCSP states digests; empty where it cannot be found."""
        try:
            return self._stated_key.children(2)[1].value[1:] if self._stated_key else b""
        except BerError:
            return b""

    @cached_property
    def _stated_algorithm(self) -> tuple[str, int]:
        """The key's algorithm, and the tag of its parameters, 0 where there are none."""
        try:
            parts = self._stated_key.children(2)[0].children(1) if self._stated_key else []
            return (parts[0].oid(), parts[1].tag if len(parts) > 1 else 0) if parts else ("", 0)
        except BerError:
            return "", 0

    @cached_property
    def explicit_curve(self) -> bool:
        """Whether the key describes a curve of its own instead of naming one (CVE-2020-0601)."""
        return self._stated_algorithm == (_EC_KEY, SEQUENCE)

    @cached_property
    def digest(self) -> str:
        """The digest that the issuer signed with; empty for schemes that have their own."""
        oid = self.certificate.signature_algorithm_oid.dotted_string
        try:
            algorithm = self.certificate.signature_hash_algorithm
        except Exception:  # noqa: BLE001 -- MD2 and unknown algorithms raise several kinds
            return DIGEST_OF_SIGNATURE.get(oid, "unknown")
        return algorithm.name if algorithm else ""

    @cached_property
    def key(self) -> str:
        """The public key in words: ``EC secp256r1``, ``RSA 2048``, ``Ed25519``."""
        if self.explicit_curve:
            return "EC with a curve of its own"
        if self.public_key is None:
            return f"unknown {self._stated_algorithm[0]}".rstrip()
        return describe_key(self.public_key)

    @cached_property
    def weak_key(self) -> bool:
        """Whether the key is too short to rely on (NIST SP 800-131A rev. 2), or odd."""
        from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

        key = self.public_key
        if self.explicit_curve:
            return True
        if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
            return key.key_size < _RSA_BITS
        return isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _EC_BITS

    @cached_property
    def envelope_sound(self) -> bool:
        """Whether what no signature protects agrees with what it protects (RFC 5280, 4.1.1.2).

        That is the algorithm, stated twice, and the unused bits of the signature, which are none.
        """
        try:
            body, algorithm, signature = parse(self.der).children(3)[:3]
            inside = [part for part in body if part.tag == SEQUENCE]
        except BerError:
            return False
        return signature.value[:1] == b"\0" and inside[0].raw == algorithm.raw

    @cached_property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject_key == self.issuer_key

    @cached_property
    def extensions_error(self) -> str:
        """Why the extensions cannot be read; empty where they can."""
        try:
            guarded(lambda: self.certificate.extensions)
        except MalformedError as error:
            return str(error)
        return ""

    def extension(self, kind: type[E]) -> E | None:
        """Return an extension's value, None where the certificate has none of that kind."""
        return cast("E | None", self._extensions.get(kind))

    @cached_property
    def _extensions(self) -> dict[type, object]:
        if self.extensions_error:
            return {}
        found = self.certificate.extensions
        return {type(extension.value): extension.value for extension in found}

    @cached_property
    def is_ca(self) -> bool:
        """Whether basic constraints let it issue certificates."""
        from cryptography import x509

        constraints = self.extension(x509.BasicConstraints)
        return constraints is not None and constraints.ca

    @cached_property
    def key_id(self) -> bytes:
        """The subject key identifier, empty where it states none."""
        from cryptography import x509

        found = self.extension(x509.SubjectKeyIdentifier)
        return found.digest if found else b""

    @cached_property
    def authority_key_id(self) -> bytes:
        """The issuer's key identifier, empty where it states none."""
        from cryptography import x509

        found = self.extension(x509.AuthorityKeyIdentifier)
        return found.key_identifier or b"" if found else b""

    @cached_property
    def purposes(self) -> frozenset[str] | None:
        """The dotted extended key usages; None where it states none, so that any is meant."""
        from cryptography import x509

        found = self.extension(x509.ExtendedKeyUsage)
        return None if found is None else frozenset(use.dotted_string for use in found)


def load(raw: bytes) -> X509:
    """Return the certificate in DER. Raises ``MalformedError``.

    The same few certificates come with every signature of a package: they are parsed once.
    """
    return _remembered(raw) if len(raw) <= _USUAL else _loaded(raw)


@lru_cache(maxsize=512)
def _remembered(raw: bytes) -> X509:
    return _loaded(raw)


def _loaded(raw: bytes) -> X509:
    def make() -> X509:
        from cryptography import x509

        found = X509(x509.load_der_x509_certificate(raw), raw)
        _ = (found.subject, found.issuer, found.subject_key, found.issuer_key)
        _ = (found.not_before, found.not_after, found.serial, found.extensions_error)
        return found

    try:
        return guarded(make)
    except MalformedError:
        raise MalformedError("not the structure of a certificate") from None


def is_request(raw: bytes) -> bool:
    """Say whether ``raw`` is a certificate request in DER."""
    from cryptography import x509

    try:
        guarded(lambda: x509.load_der_x509_csr(raw))
    except MalformedError:
        return False
    return True


def describe_key(key: object) -> str:
    """Return a public or private key of pyca/cryptography in words."""
    if key is None:
        return "unknown"
    curve = getattr(key, "curve", None)
    if curve is not None:
        return f"EC {curve.name}"
    name = type(key).__name__.removesuffix("PublicKey").removesuffix("PrivateKey").strip("_")
    size = getattr(key, "key_size", None)
    return f"{name} {size}" if size else name
