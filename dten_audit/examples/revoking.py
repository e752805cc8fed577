"""Revocation lists and OCSP responses for examples, and where signatures carry them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from dten_audit.examples.encoding import oid, tlv
from dten_audit.examples.pki import Identity, der, moment
from dten_audit.examples.signing import sign, signature_algorithm

_OCSP_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_OCSP_IN_CMS: Final = "1.3.6.1.5.5.7.16.2"


class Revoked(NamedTuple):
    """A certificate that is taken back: since when, and why; ``lost`` is since when the key was."""

    certificate: x509.Certificate
    at: str
    reason: str = ""
    lost: str = ""


class ListProfile(NamedTuple):
    """What a list states beside its entries: its dates, ``base`` of a list of changes, scope."""

    made: str = "2026-11-01"
    days: int = 365
    number: int = 1
    base: int = 0
    scope: x509.IssuingDistributionPoint | None = None
    strange: bool = False


LIST: Final = ListProfile()


def revocation_list(
    issuer: Identity, revoked: Sequence[Revoked] = (), profile: ListProfile = LIST
) -> bytes:
    """Return a revocation list in DER."""
    made = moment(profile.made)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(made)
        .next_update(made + timedelta(days=profile.days))
        .add_extension(x509.CRLNumber(profile.number), critical=False)
    )
    if profile.base:
        builder = builder.add_extension(x509.DeltaCRLIndicator(profile.base), critical=True)
    if profile.scope is not None:
        builder = builder.add_extension(profile.scope, critical=True)
    if profile.strange:
        strange = x509.UnrecognizedExtension(
            x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"
        )
        builder = builder.add_extension(strange, critical=True)
    for one in revoked:
        builder = builder.add_revoked_certificate(_entry(one))
    made_list = builder.sign(issuer.key, hashes.SHA256())
    return _sealed(made_list.tbs_certlist_bytes, issuer)


def _entry(one: Revoked) -> x509.RevokedCertificate:
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(one.certificate.serial_number)
        .revocation_date(moment(one.at))
    )
    if one.reason:
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags[one.reason]), critical=False)
    if one.lost:
        since = moment(one.lost).replace(tzinfo=None)
        entry = entry.add_extension(x509.InvalidityDate(since), critical=False)
    return entry.build()


def _sealed(body: bytes, by: Identity, *more: bytes) -> bytes:
    """Sign a body; the library's own signatures differ from call to call."""
    value = tlv(0x03, b"\0" + sign(by.key, body))
    return tlv(0x30, body, signature_algorithm(by.key), value, *more)


class Answering(NamedTuple):
    """Who answers, of whose certificate, and since when it is revoked (empty: good).

    ``by_name``: the responder gives its name, not the digest of its key.
    """

    responder: Identity
    certificate: x509.Certificate
    issuer: x509.Certificate
    revoked_at: str = ""
    reason: str = ""
    made: str = "2026-11-01"
    days: int = 365
    send: bool = True
    by_name: bool = True


def ocsp_response(own: Answering) -> bytes:
    """Return a response in DER; with ``send``, the responder's certificate is part of it."""
    made = moment(own.made)
    bad = bool(own.revoked_at)
    named = ocsp.OCSPResponderEncoding.NAME if own.by_name else ocsp.OCSPResponderEncoding.HASH
    builder = ocsp.OCSPResponseBuilder().responder_id(named, own.responder.certificate)
    builder = builder.add_response(
        cert=own.certificate,
        issuer=own.issuer,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if bad else ocsp.OCSPCertStatus.GOOD,
        this_update=made,
        next_update=made + timedelta(days=own.days),
        revocation_time=moment(own.revoked_at) if bad else None,
        revocation_reason=x509.ReasonFlags[own.reason] if own.reason else None,
    )
    body = builder.sign(own.responder.key, hashes.SHA256()).tbs_response_bytes
    clock = body.index(b"\x18\x0f") + 2  # the library states the present time
    stated = made.strftime("%Y%m%d%H%M%SZ").encode()
    body = body[:clock] + stated + body[clock + len(stated) :]
    sent = tlv(0xA0, tlv(0x30, der(own.responder.certificate))) if own.send else b""
    basic = _sealed(body, own.responder, sent)
    inside = tlv(0x30, oid(_OCSP_BASIC), tlv(0x04, basic))
    return tlv(0x30, b"\x0a\x01\x00", tlv(0xA0, inside))


def basic(response: bytes) -> bytes:
    """Return a response without its envelope, as long-term signatures store it."""
    at = response.index(oid(_OCSP_BASIC)) + len(oid(_OCSP_BASIC)) + 1
    length = response[at]
    at += 1 if length < 0x80 else 1 + (length & 0x7F)  # noqa: PLR2004
    return response[at:]


def in_message(response: bytes) -> bytes:
    """Return what a CMS message holds among its lists for a response (RFC 5940)."""
    return tlv(0xA1, oid(_OCSP_IN_CMS), response)


def archive(lists: Sequence[bytes] = (), responses: Sequence[bytes] = ()) -> bytes:
    """Return the value of an attribute with lists and responses; both formats look alike."""
    parts = [
        tlv(tag, tlv(0x30, *values)) for tag, values in ((0xA0, lists), (0xA1, responses)) if values
    ]
    return tlv(0x30, *parts)
