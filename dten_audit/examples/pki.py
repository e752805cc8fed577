"""Example PKIs: roots, cross-certificates, leaves and CMS signatures, the same bytes every time.

Keys are derived from their names, so that examples and fixtures never change between builds.
Anybody can derive them: nothing signed with them is worth any trust.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from hashlib import new as digest_of
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from dten_audit.examples.encoding import attribute, integer, oid, tlv
from dten_audit.examples.signing import DIGEST_OID, PrivateKey, sign, signature_algorithm

_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p192": ec.SECP192R1(),
}  # fmt: skip
_EKU: Final = {
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "ocsp": "1.3.6.1.5.5.7.3.9",
    "any": "2.5.29.37.0",
}


class Identity(NamedTuple):
    """A certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: PrivateKey


class Profile(NamedTuple):
    """What a certificate states about itself.

    ``valid`` are two RFC 3339 dates. ``ca`` is None where basic constraints are left out. ``eku``
    holds names such as ``codeSigning``. ``permitted`` is a name constraint, ``strange`` a critical
    extension that nobody knows.
    """

    valid: tuple[str, str] = ("2024-01-01", "2034-01-01")
    ca: bool | None = False
    path_length: int | None = None
    eku: tuple[str, ...] = ()
    key_usage: bool = True
    identifiers: bool = True
    digest: str = "sha256"
    permitted: x509.Name | None = None
    strange: bool = False


class Extra(NamedTuple):
    """What a certificate states beyond its profile.

    ``limits`` are name constraints, ``names`` alternative names, ``points`` say where lists are,
    ``others`` is what else; ``authority_id`` names another key than that of the issuer.
    """

    limits: x509.NameConstraints | None = None
    names: tuple[x509.GeneralName, ...] = ()
    points: x509.CRLDistributionPoints | None = None
    authority_id: bytes = b""
    others: tuple[x509.UnrecognizedExtension, ...] = ()


NOTHING: Final = Extra()


ROOT: Final = Profile(valid=("2014-01-01", "2034-01-01"), ca=True)
INTERMEDIATE: Final = Profile(ca=True, path_length=0)
CROSS: Final = Profile(ca=True, path_length=1)
LEAF: Final = Profile(valid=("2025-01-01", "2029-01-01"), eku=("codeSigning",))


def moment(text: str) -> datetime:
    """Return an RFC 3339 date or time as UTC."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@cache
def key(name: str, kind: str = "p256") -> PrivateKey:
    """Return the key called ``name``: p256, p384, p192, ed25519 derived from it; rsaNNNN random."""
    seed = digest_of("sha512", f"dten-audit example key {name}".encode()).digest()
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed[:32])
    curve = _CURVES[kind]
    return ec.derive_private_key(int.from_bytes(seed[: curve.key_size // 8 - 1], "big"), curve)


def name(common_name: str, organisation: str = "Acme Vendor GmbH") -> x509.Name:
    """Return the distinguished name O=…, CN=…."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def issue(
    subject: x509.Name | str,
    issuer: Identity | None = None,
    profile: Profile = LEAF,
    own: PrivateKey | None = None,
    extra: Extra = NOTHING,
) -> Identity:
    """Issue a certificate; self-signed without ``issuer``. ``own`` is the subject's key."""
    if isinstance(subject, str):
        subject = name(subject)
    own = own or key(subject.rfc4514_string())
    signer = issuer or Identity(_placeholder(), own)
    above = issuer.certificate.subject if issuer else subject
    first, last = (moment(text) for text in profile.valid)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(own.public_key())
        .serial_number(_serial(subject, above, own, profile, extra))
        .not_valid_before(first)
        .not_valid_after(last)
    )
    for extension, critical in _extensions(profile, extra, own, signer.key):
        builder = builder.add_extension(extension, critical=critical)
    return Identity(_signed(builder, signer.key, profile.digest), own)


@cache
def _placeholder() -> x509.Certificate:
    """A certificate nobody looks at: a self-signed one has no issuer yet."""
    own = key("placeholder")
    subject = name("placeholder")
    day = moment("2024-01-01")
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(own.public_key()).serial_number(1)
    return builder.not_valid_before(day).not_valid_after(day).sign(own, hashes.SHA256())


def _serial(
    subject: x509.Name, above: x509.Name, own: PrivateKey, profile: Profile, extra: Extra
) -> int:
    stated = f"{subject.rfc4514_string()}|{above.rfc4514_string()}|{profile!r}".encode()
    stated += b"" if extra == NOTHING else repr(extra).encode()
    return int.from_bytes(sha256(stated + spki(own)).digest()[:8], "big") | 1


def spki(own: PrivateKey) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a key."""
    return own.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _extensions(
    profile: Profile, extra: Extra, own: PrivateKey, above: PrivateKey
) -> Iterable[tuple[x509.ExtensionType, bool]]:
    if profile.ca is not None:
        yield x509.BasicConstraints(profile.ca, profile.path_length if profile.ca else None), True
    if profile.identifiers:
        yield x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False
        named = x509.AuthorityKeyIdentifier(extra.authority_id, None, None)
        own_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key())
        yield named if extra.authority_id else own_id, False
    if profile.key_usage:
        authority = bool(profile.ca)
        yield (
            x509.KeyUsage(
                digital_signature=not authority, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False,
                key_cert_sign=authority, crl_sign=authority,
                encipher_only=False, decipher_only=False,
            ),
            True,
        )  # fmt: skip
    if profile.eku:
        yield x509.ExtendedKeyUsage([ObjectIdentifier(_EKU[item]) for item in profile.eku]), False
    if profile.permitted is not None:
        yield x509.NameConstraints([x509.DirectoryName(profile.permitted)], None), True
    if extra.limits is not None:
        yield extra.limits, True
    if extra.names:
        yield x509.SubjectAlternativeName(extra.names), False
    points = () if extra.points is None else (extra.points,)
    yield from ((other, False) for other in (*points, *extra.others))
    if profile.strange:
        strange = ObjectIdentifier("1.3.6.1.4.1.99999.1")
        yield x509.UnrecognizedExtension(strange, b"\x05\x00"), True


def _signed(builder: x509.CertificateBuilder, above: PrivateKey, digest: str) -> x509.Certificate:
    if isinstance(above, ed25519.Ed25519PrivateKey):
        return builder.sign(above, None)
    if isinstance(above, ec.EllipticCurvePrivateKey):
        made = builder.sign(above, hashes.SHA256(), ecdsa_deterministic=True)
    else:
        made = builder.sign(above, hashes.SHA256())
    return made if digest == "sha256" else resigned(made, above, digest)


def resigned(made: x509.Certificate, above: PrivateKey, digest: str) -> x509.Certificate:
    """Sign again with a digest that the library refuses to issue certificates with."""
    old, new = (signature_algorithm(above, item) for item in ("sha256", digest))
    body = made.tbs_certificate_bytes
    header = 2 if body[1] < 0x80 else 2 + (body[1] & 0x7F)  # noqa: PLR2004
    body = tlv(0x30, body[header:].replace(old, new, 1))
    value = tlv(0x03, b"\0" + sign(above, body, digest))
    return x509.load_der_x509_certificate(tlv(0x30, body, new, value))


def cross_sign(subject: Identity, issuer: Identity, profile: Profile = CROSS) -> x509.Certificate:
    """Return the certificate by which ``issuer`` vouches for the key of another root."""
    return issue(subject.certificate.subject, issuer, profile, subject.key).certificate


_DATA: Final = "1.2.840.113549.1.7.1"
_TIMESTAMP_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_STAMPED: Final = "1.2.840.113549.1.9.16.2.14"


class Stamp(NamedTuple):
    """A timestamp to put on a signature (RFC 3161): by whom, and of when."""

    authority: Identity
    chain: tuple[x509.Certificate, ...]
    at: str


class Carried(NamedTuple):
    """What a signature carries about revocation: lists (``crls``), and values of attributes.

    ``archived`` is signed (Adobe's archive), ``values`` not (RFC 5126).
    """

    crls: tuple[bytes, ...] = ()
    archived: bytes = b""
    values: bytes = b""


def sign_detached(  # noqa: PLR0913 -- the variants of RFC 5652 that readers meet
    content: bytes,
    signer: Identity,
    chain: Iterable[x509.Certificate] = (),
    *,
    at: str = "2026-10-01T12:00:00Z",
    digest: str = "sha256",
    text_mode: bool = False,
    attributes: bool = True,
    attached: bool = False,
    with_signer: bool = True,
    stamp: Stamp | None = None,
    carried: Carried | None = None,
) -> bytes:
    """Return a CMS SignedData (RFC 5652, DER) over ``content``, signed at ``at``.

    ``text_mode`` signs the CRLF form, as ``openssl cms -sign`` does without ``-binary``.
    ``with_signer`` puts the signer's own certificate in, before ``chain``.
    """
    if text_mode:
        content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    certificates = [signer.certificate] if with_signer else []
    carried = carried or Carried()
    when = at if attributes else ""
    info = _signer_info(content, signer, digest, when, stamp=stamp, carried=carried)
    inside = content if attached else None
    return _signed_data(_DATA, inside, [*certificates, *chain], digest, info, carried.crls)


def sign_structure(
    kind: str,
    contents: bytes,
    signer: Identity,
    chain: Iterable[x509.Certificate] = (),
    *,
    digest: str = "sha256",
    stamp: Stamp | None = None,
    unsigned: Callable[[bytes], Iterable[bytes]] = lambda _: (),
    certificates: bool = True,
) -> bytes:
    """Return a CMS SignedData over a SEQUENCE of a type of its own, as Authenticode makes it.

    ``contents`` are what is in the SEQUENCE, ``unsigned`` makes attributes of the signature.
    """
    at = "2026-10-01T12:00:00Z"
    info = _signer_info(contents, signer, digest, at, kind=kind, stamp=stamp, unsigned=unsigned)
    sent = [signer.certificate, *chain] if certificates else []
    return _signed_data(kind, contents, sent, digest, info, tag=0x30)


def _signed_data(
    kind: str,
    content: bytes | None,
    certificates: Iterable[x509.Certificate],
    digest: str,
    info: bytes,
    crls: Iterable[bytes] = (),
    *,
    tag: int = 0x04,
) -> bytes:
    inside = b"" if content is None else tlv(0xA0, tlv(tag, content))
    sent = b"".join(sorted(der(item) for item in certificates))
    lists = b"".join(crls)
    signed = tlv(
        0x30,
        tlv(0x02, b"\x01" if kind == _DATA else b"\x03"),
        tlv(0x31, tlv(0x30, oid(DIGEST_OID[digest]))),
        tlv(0x30, oid(kind), inside),
        tlv(0xA0, sent) if sent else b"",
        tlv(0xA1, lists) if lists else b"",
        tlv(0x31, info),
    )
    return tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed))


def _signer_info(
    content: bytes,
    signer: Identity,
    digest: str,
    at: str,
    *,
    kind: str = _DATA,
    stamp: Stamp | None = None,
    carried: Carried = Carried(),  # noqa: B008 -- it cannot change
    unsigned: Callable[[bytes], Iterable[bytes]] = lambda _: (),
) -> bytes:
    certificate = signer.certificate
    head = (
        tlv(0x02, b"\x01"),
        tlv(0x30, certificate.issuer.public_bytes(), integer(certificate.serial_number)),
        tlv(0x30, oid(DIGEST_OID[digest])),
    )
    algorithm = signature_algorithm(signer.key, digest)
    signed, attributes = content, b""
    if at:
        clock = tlv(0x17, moment(at).strftime("%y%m%d%H%M%SZ").encode())
        parts = [
            attribute("1.2.840.113549.1.9.3", oid(kind)),
            attribute("1.2.840.113549.1.9.5", clock),
            attribute("1.2.840.113549.1.9.4", tlv(0x04, digest_of(digest, content).digest())),
        ]
        if carried.archived:
            parts.append(attribute("1.2.840.113583.1.1.8", carried.archived))
        signed, attributes = tlv(0x31, *sorted(parts)), tlv(0xA0, *sorted(parts))
    signature = sign(signer.key, signed, digest)
    more = [*unsigned(signature)]
    if stamp:
        more.append(attribute(_STAMPED, token(signature, stamp)))
    if carried.values:
        more.append(attribute("1.2.840.113549.1.9.16.2.24", carried.values))
    after = tlv(0xA1, *sorted(more)) if more else b""
    return tlv(0x30, *head, attributes, algorithm, tlv(0x04, signature), after)


def token(signature: bytes, stamp: Stamp) -> bytes:
    """Return an RFC 3161 timestamp token over a signature."""
    clock = moment(stamp.at)
    info = tlv(
        0x30,
        integer(1),
        oid("1.3.6.1.4.1.99999.2"),
        tlv(0x30, tlv(0x30, oid(DIGEST_OID["sha256"])), tlv(0x04, sha256(signature).digest())),
        integer(int.from_bytes(sha256(signature + stamp.at.encode()).digest()[:8], "big")),
        tlv(0x18, clock.strftime("%Y%m%d%H%M%SZ").encode()),
    )
    signer = _signer_info(info, stamp.authority, "sha256", stamp.at, kind=_TIMESTAMP_INFO)
    certificates = [stamp.authority.certificate, *stamp.chain]
    return _signed_data(_TIMESTAMP_INFO, info, certificates, "sha256", signer)


def der(certificate: x509.Certificate) -> bytes:
    """Return a certificate as DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(*certificates: x509.Certificate) -> bytes:
    """Return certificates as one PEM bundle."""
    return b"".join(item.public_bytes(serialization.Encoding.PEM) for item in certificates)


def private_pem(own: PrivateKey, password: str = "") -> bytes:
    """Return a private key as PKCS #8 PEM, encrypted where a password is given."""
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        protection = serialization.BestAvailableEncryption(password.encode())
    return own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    )
