"""Timestamp tokens (RFC 3161): an authority's word on when a signature existed already."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from dten_audit.readers.signing import oids
from dten_audit.readers.signing.ber import OCTET_STRING, SEQUENCE, BerError, parse
from dten_audit.readers.signing.certificates import guarded
from dten_audit.readers.signing.cms import SignedData, asn1_time, parse_signed_data

_GENERALIZED_TIME: Final = 0x18


class Token(NamedTuple):
    """A token. ``imprint`` is the digest of what was stamped, ``info`` what was signed."""

    signed: SignedData
    at: datetime
    digest: str
    imprint: bytes
    info: bytes


def parse_token(raw: bytes) -> Token:
    """Parse a token. Raises ``MalformedError``."""
    return guarded(lambda: _token(parse_signed_data(raw)))


def _token(signed: SignedData) -> Token:
    if signed.content_type != oids.TIMESTAMP_INFO or signed.content is None or not signed.signers:
        raise BerError("not a timestamp", 0)
    parts = parse(signed.content).expect(SEQUENCE).children(5)
    algorithm, imprint = parts[2].expect(SEQUENCE).children(2)[:2]
    name = algorithm.expect(SEQUENCE).children(1)[0].oid()
    at = asn1_time(parts[4].expect(_GENERALIZED_TIME))
    if at is None:
        raise BerError("not a time", parts[4].start)
    digest = imprint.expect(OCTET_STRING).value
    return Token(signed, at, oids.DIGESTS.get(name, name), digest, signed.content)
