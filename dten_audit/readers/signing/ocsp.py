"""OCSP responses (RFC 6960): what an authority says of single certificates, and at what time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from dten_audit.readers.signing import oids
from dten_audit.readers.signing.ber import OCTET_STRING, OID, SEQUENCE, der, parse
from dten_audit.readers.signing.certificates import (
    X509,
    MalformedError,
    NameKey,
    guarded,
    load,
    name_key,
)
from dten_audit.readers.signing.sealed import made_by

if TYPE_CHECKING:
    from cryptography.x509 import ocsp

_ENUMERATED: Final = 0x0A
_MOST: Final = 1_000
Says = Literal["good", "revoked", "unknown"]


class Answer(NamedTuple):
    """What is said of one certificate, which digests of its issuer and its serial number name."""

    digest: str
    issuer_name: bytes
    issuer_key: bytes
    serial: int
    says: Says
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: str

    def names(self, certificate: X509, issuer: X509) -> bool:
        """Say whether it speaks of this certificate of this issuer."""
        if self.serial != certificate.serial:
            return False
        named = (certificate.certificate.issuer.public_bytes(), self.issuer_name)
        keyed = (issuer.key_bits, self.issuer_key)
        return all(_digest(self.digest, data) == wanted for data, wanted in (named, keyed))


class Ocsp(NamedTuple):
    """A response; ``responder`` is a name, ``responder_key`` a digest of a key, one of them empty.

    ``certificates`` were sent along. ``basic`` is what is signed, with its signature.
    """

    raw: bytes
    sha256: str
    responder: NameKey
    responder_name: str
    responder_key: bytes
    produced: datetime
    certificates: tuple[X509, ...]
    answers: tuple[Answer, ...]
    basic: bytes

    @property
    def issuer(self) -> str:
        """The responder in words."""
        return self.responder_name or f"the key {self.responder_key.hex()}"

    @property
    def size(self) -> int:
        """How many certificates it speaks of."""
        return len(self.answers)

    @property
    def made(self) -> datetime:
        """When it was made."""
        return self.produced

    @property
    def next_update(self) -> datetime | None:
        """Until when all of its answers are current."""
        stated = [answer.next_update for answer in self.answers if answer.next_update]
        return min(stated, default=None)

    def made_by(self, own: X509) -> bool:
        """Say whether this certificate is the responder that signed it."""
        if self.responder_key:
            named = _digest("sha1", own.key_bits) == self.responder_key
        else:
            named = own.subject_key == self.responder
        return named and made_by(self.basic, own.public_key) is True


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def load_ocsp(raw: bytes) -> Ocsp:
    """Return the response in DER, with or without its envelope. Raises ``MalformedError``."""
    return guarded(lambda: _load(raw))


def _load(raw: bytes) -> Ocsp:
    from cryptography.x509 import ocsp

    outer = parse(raw).expect(SEQUENCE).children(1)
    if outer[0].tag != _ENUMERATED:
        raw = _enveloped(raw)
    found = ocsp.load_der_ocsp_response(raw)
    if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise MalformedError(f"the responder answered {found.response_status.name.lower()}")
    name = found.responder_name
    return Ocsp(
        raw,
        sha256(raw).hexdigest(),
        name_key(name) if name else (),
        name.rfc4514_string() if name else "",
        found.responder_key_hash or b"",
        found.produced_at_utc,
        tuple(_certificates(raw)),
        tuple(_answers(found)),
        _basic(raw),
    )


def _enveloped(basic: bytes) -> bytes:
    """Wrap a BasicOCSPResponse, which long-term signatures store bare."""
    inside = der(SEQUENCE, _oid(oids.OCSP_BASIC) + der(OCTET_STRING, basic))
    return der(SEQUENCE, der(_ENUMERATED, b"\0") + der(0xA0, inside))


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    return der(OID, bytes((first * 40 + second, *rest)))


def _basic(raw: bytes) -> bytes:
    inside = parse(raw).children(2)[1].children(1)[0].expect(SEQUENCE).children(2)
    return inside[1].expect(OCTET_STRING).value


def _certificates(raw: bytes) -> Iterable[X509]:
    parts = parse(_basic(raw)).expect(SEQUENCE).children(3)[3:]
    for block in parts[:1]:
        for one in block.children(1)[0]:
            try:
                yield load(one.raw)
            except MalformedError:
                continue


def _answers(found: ocsp.OCSPResponse) -> Iterable[Answer]:
    for number, one in enumerate(found.responses):
        if number >= _MOST:
            raise MalformedError("more answers than are read")
        yield Answer(
            one.hash_algorithm.name,
            one.issuer_name_hash,
            one.issuer_key_hash,
            one.serial_number,
            one.certificate_status.name.lower(),  # type: ignore[arg-type]
            one.this_update_utc,
            one.next_update_utc,
            one.revocation_time_utc,
            one.revocation_reason.name if one.revocation_reason else "",
        )
