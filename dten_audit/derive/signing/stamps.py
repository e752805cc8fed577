"""Derives what the timestamps of a signature prove, and the time at which it must be judged."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal, NamedTuple

from dten_audit.derive.signing.paths import Chain, build
from dten_audit.derive.signing.pool import Pool
from dten_audit.derive.signing.telling import party
from dten_audit.model.facts.signatures import (
    TimestampCheck,
)
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing.certificates import X509, MalformedError, load
from dten_audit.readers.signing.cms import SignerInfo, signer_certificate
from dten_audit.readers.signing.crl import Crl
from dten_audit.readers.signing.instants import instant
from dten_audit.readers.signing.ocsp import Ocsp
from dten_audit.readers.signing.timestamps import Token, parse_token
from dten_audit.readers.signing.verifying import UnsupportedError, digest_of, verify

_MOST: Final = 10
"""More timestamps than this on one signature are not looked at; one is usual."""


class Stamp(NamedTuple):
    """One timestamp of a signature. ``token`` is None where it could not be read."""

    token: Token | None
    sound: bool | None
    chain: Chain | None

    @property
    def trusted(self) -> bool:
        """Whether its word on the time is to be relied on."""
        if self.chain is None or self.sound is not True:
            return False
        return self.chain.accepted

    @property
    def at(self) -> datetime | None:
        """The time it states."""
        return self.token.at if self.token else None


def stamps(signer: SignerInfo, pool: Pool) -> list[Stamp]:
    """Return the timestamps of a signature, each with its authority's chain at that time."""
    return [stamp_over(raw, signer.signature, pool) for raw in signer.tokens[:_MOST]]


def trusted_time(found: list[Stamp]) -> datetime | None:
    """Return the earliest time that a trusted authority states, None where there is none."""
    return min((one.at for one in found if one.trusted and one.at), default=None)


def claimed_time(found: list[Stamp]) -> datetime | None:
    """Return the earliest time of a sound timestamp, whoever its authority is."""
    return min((one.at for one in found if one.sound and one.at), default=None)


def stamp_over(
    raw: bytes, signature: bytes, pool: Pool, use: Literal["timestamp", "sigstore"] = "timestamp"
) -> Stamp:
    """Return a timestamp on a signature value, by an authority whose root is there for ``use``."""
    try:
        token = parse_token(raw)
    except MalformedError:
        return Stamp(None, sound=False, chain=None)
    sent = list(_loaded(token))
    known = pool.anchors.known if use == "sigstore" else ()
    authority = signer_certificate(token.signed.signers[0], (*sent, *known))
    if authority is None:
        return Stamp(token, None, None)
    try:
        stamped = hmac.compare_digest(token.imprint, digest_of(token.digest, signature))
    except UnsupportedError:
        return Stamp(token, None, None)
    verdict = verify(token.signed.signers[0], authority.public_key, token.info)
    sound = verdict.content_matches and verdict.signature_valid
    own = pool.of_authority(sent, _lists(token), token.at, use)
    return Stamp(token, sound and stamped, build(authority, own))


def _loaded(token: Token) -> list[X509]:
    found = []
    for raw in token.signed.certificates:
        try:
            found.append(load(raw))
        except MalformedError:
            continue
    return found


def _lists(token: Token) -> Iterator[Crl | Ocsp]:
    for carried in token.signed.revocations:
        try:
            yield carried.load()
        except MalformedError:
            continue


def told(
    stamp: Stamp, at: Location, signed: str, pool: Pool, *, incidental: bool
) -> TimestampCheck:
    """Return a timestamp as a fact."""
    path = stamp.chain.path if stamp.chain else None
    return TimestampCheck(
        at=at,
        incidental=incidental,
        signed=signed,
        time=instant(stamp.at) if stamp.at else "",
        sound=Unknown("package.value") if stamp.sound is None else stamp.sound,
        authority=party(path.certificates[0] if path else None),
        root=party(path.top if path else None),
        trust=(stamp.chain.trust if stamp.chain else "")
        if pool.anchors.given
        else Unknown("trust.roots"),
        defects=tuple(defect.kind for defect in path.defects) if path else (),
    )
