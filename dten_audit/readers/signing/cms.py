"""CMS SignedData (RFC 5652): who signed, what was signed, and whether the key made the signature.

pyca/cryptography can write these but not verify them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from dten_audit.readers.signing import oids
from dten_audit.readers.signing.ber import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    BerError,
    Element,
    der,
    parse,
)
from dten_audit.readers.signing.certificates import X509, guarded
from dten_audit.readers.signing.revocations import Carried, of_attributes, of_message

_CERTIFICATES: Final = 0xA0
_REVOCATIONS: Final = 0xA1
_EXPLICIT: Final = 0xA0
_KEY_ID: Final = 0x80
_CENTURY: Final = 50


class SignerInfo(NamedTuple):
    """One signer. ``issuer`` (DER) and ``serial``, or ``key_id``, say whose certificate it is.

    ``signed_attributes`` are the bytes that the signature is over, empty where it is over the
    content itself. ``message_digest`` is what these say of the content. ``tokens`` are timestamps
    of the signature (RFC 3161), raw. ``revocations`` stand in its attributes. ``countersignatures``
    (PKCS #9) are signers of its signature, ``nested`` further messages, raw.
    """

    issuer: bytes
    serial: int
    key_id: bytes
    digest: str
    algorithm: str
    parameters: bytes
    signature: bytes
    signed_attributes: bytes
    message_digest: bytes | None
    content_type: str
    signed_at: datetime | None
    tokens: tuple[bytes, ...] = ()
    revocations: tuple[Carried, ...] = ()
    countersignatures: tuple[bytes, ...] = ()
    nested: tuple[bytes, ...] = ()


class SignedData(NamedTuple):
    """A parsed SignedData. ``content`` is None where the signature is detached."""

    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]
    crls: tuple[Carried, ...] = ()

    @property
    def revocations(self) -> tuple[Carried, ...]:
        """All revocation lists and OCSP responses that it carries."""
        return (*self.crls, *(one for signer in self.signers for one in signer.revocations))


def parse_signed_data(data: bytes) -> SignedData:
    """Parse DER or BER. Raises ``MalformedError``."""
    return guarded(lambda: _signed_data(data))


def parse_signer(data: bytes) -> SignerInfo:
    """Parse a signer that stands by itself, as countersignatures do. Raises ``MalformedError``."""
    return guarded(lambda: _signer(parse(data).expect(SEQUENCE)))


def _signed_data(data: bytes) -> SignedData:
    content_info = parse(data).expect(SEQUENCE).children(2)
    if content_info[0].oid() != oids.SIGNED_DATA:
        raise BerError(f"content {content_info[0].oid()}, not SignedData", 0)
    parts = content_info[1].expect(_EXPLICIT).children(1)[0].expect(SEQUENCE).children(4)
    content_type, content = _content(parts[2].expect(SEQUENCE))
    rest = parts[3:]
    certificates: tuple[bytes, ...] = ()
    if rest[0].tag == _CERTIFICATES:
        certificates = tuple(part.raw for part in rest.pop(0) if part.tag == SEQUENCE)
    carried: tuple[Carried, ...] = ()
    if rest and rest[0].tag == _REVOCATIONS:
        carried = tuple(of_message(rest.pop(0)))
    if not rest:
        raise BerError("a structure with parts missing", parts[0].start)
    signers = tuple(_signer(part.expect(SEQUENCE)) for part in rest[0].expect(SET))
    return SignedData(content_type, content, certificates, signers, carried)


def _content(encapsulated: Element) -> tuple[str, bytes | None]:
    parts = encapsulated.children(1)
    content_type = parts[0].oid()
    if len(parts) == 1:
        return content_type, None
    inside = parts[1].expect(_EXPLICIT).children(1)[0]
    # PKCS #7 lets any type stand here and digests its contents without tag and length.
    is_string = inside.tag & 0x1F == OCTET_STRING
    return content_type, inside.octets() if is_string else inside.value


def _signer(info: Element) -> SignerInfo:
    parts = info.children(5)
    identifier, hashing = parts[1], parts[2].expect(SEQUENCE).children(1)[0].oid()
    issuer, serial, key_id = b"", 0, b""
    if identifier.tag == SEQUENCE:
        name, number = identifier.children(2)[:2]
        issuer, serial = name.raw, number.expect(INTEGER).integer()
    else:
        key_id = identifier.expect(_KEY_ID, _KEY_ID | 0x20).octets()
    rest = parts[3:]
    signed, attributes = b"", {}
    if rest[0].tag == _EXPLICIT:
        block = rest.pop(0)
        signed, attributes = der(SET, block.value), _attributes(block)
    if len(rest) < 2:  # noqa: PLR2004 -- algorithm and value
        raise BerError("a structure with parts missing", info.start)
    algorithm = rest[0].expect(SEQUENCE).children(1)
    unsigned = _attributes(rest[2]) if rest[2:] and rest[2].tag == _REVOCATIONS else {}
    return SignerInfo(
        issuer,
        serial,
        key_id,
        oids.DIGESTS.get(hashing, hashing),
        algorithm[0].oid(),
        algorithm[1].raw if len(algorithm) > 1 else b"",
        rest[1].expect(OCTET_STRING, OCTET_STRING | 0x20).octets(),
        signed,
        _single(attributes, oids.MESSAGE_DIGEST),
        _content_type(attributes),
        _signing_time(attributes),
        tuple(token.raw for kind in oids.TIMESTAMP_TOKENS for token in unsigned.get(kind, ())),
        (*of_attributes(attributes), *of_attributes(unsigned)),
        tuple(own.raw for own in unsigned.get(oids.COUNTERSIGNATURE, ())),
        tuple(own.raw for own in unsigned.get(oids.NESTED_SIGNATURE, ())),
    )


def _attributes(block: Element) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for attribute in block:
        kind, values = attribute.expect(SEQUENCE).children(2)[:2]
        found.setdefault(kind.oid(), []).extend(values.expect(SET))
    return found


def _single(attributes: dict[str, list[Element]], kind: str) -> bytes | None:
    """Return the attribute that must occur once, else None (RFC 5652, section 11)."""
    values = attributes.get(kind, [])
    return values[0].expect(OCTET_STRING).octets() if len(values) == 1 else None


def _content_type(attributes: dict[str, list[Element]]) -> str:
    values = attributes.get(oids.CONTENT_TYPE, [])
    return values[0].oid() if len(values) == 1 else ""


def _signing_time(attributes: dict[str, list[Element]]) -> datetime | None:
    values = attributes.get(oids.SIGNING_TIME, [])
    return asn1_time(values[0]) if len(values) == 1 else None


def asn1_time(element: Element) -> datetime | None:
    """Return a UTCTime or GeneralizedTime in UTC, without fractions; None where it is neither."""
    text = element.value.decode("ascii", "replace").rstrip("Z").partition(".")[0]
    if element.tag == UTC_TIME and text[:2].isdigit():
        text = ("19" if int(text[:2]) >= _CENTURY else "20") + text
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def signer_certificate(signer: SignerInfo, certificates: Iterable[X509]) -> X509 | None:
    """Return the certificate that the signer names, by issuer and serial or by key identifier."""
    for certificate in certificates:
        if signer.key_id:
            if certificate.key_id == signer.key_id:
                return certificate
        elif (
            certificate.serial == signer.serial
            and certificate.certificate.issuer.public_bytes() == signer.issuer
        ):
            return certificate
    return None
