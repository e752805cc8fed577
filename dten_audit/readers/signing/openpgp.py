"""OpenPGP (RFC 9580), as far as saying what there is: signatures, keys, whose id they name.

Nothing is verified: that needs a whole implementation with its own policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha1, sha256
from typing import Final, Literal, NamedTuple

from dten_audit.model.unknown import Unknown

_SIGNATURE: Final = 2
_SECRET: Final = frozenset({5, 7})
_PUBLIC: Final = frozenset({6, 14})
_ISSUER: Final = 16
_ISSUER_FINGERPRINT: Final = 33
_NUMBERS: Final = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4}
_CURVE_NUMBERS: Final = {19: 1, 22: 1}
_PACKETS: Final = 1000


class Packet(NamedTuple):
    """A packet of interest. ``identity`` is a fingerprint or key id, empty where unreadable."""

    what: Literal["signature", "public", "secret"]
    identity: str
    encrypted: bool | Unknown = False


def packets(data: bytes) -> Iterator[Packet]:
    """Yield signatures and keys; reading stops where the bytes are no OpenPGP any more."""
    at = 0
    for _ in range(_PACKETS):
        header = _header(data, at)
        if header is None:
            return
        tag, start, at = header
        body = data[start:at]
        if tag == _SIGNATURE:
            yield Packet("signature", _issuer(body))
        elif tag in _PUBLIC:
            yield Packet("public", _fingerprint(body, len(body)))
        elif tag in _SECRET:
            end = _public_end(body)
            protection = body[end : end + 1] if end else b""
            encrypted = protection != b"\0" if protection else Unknown("package.value")
            yield Packet("secret", _fingerprint(body, end or len(body)), encrypted)


def _header(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Return tag, start and end of the packet at ``at`` (RFC 9580, section 4.2)."""
    if at + 2 > len(data) or not data[at] & 0x80:
        return None
    first, second = data[at], data[at + 1]
    if first & 0x40:
        tag = first & 0x3F
        size, length = 1, second
        if 192 <= second < 224:  # noqa: PLR2004 -- two-octet lengths
            size, length = 2, ((second - 192) << 8) + int.from_bytes(data[at + 2 : at + 3]) + 192
        elif second == 255:  # noqa: PLR2004 -- five-octet lengths
            size, length = 5, int.from_bytes(data[at + 2 : at + 6])
        elif second >= 224:  # noqa: PLR2004 -- partial lengths are for data, not for keys
            return None
    else:
        tag = first >> 2 & 0x0F
        size = 1 << (first & 3)
        length = int.from_bytes(data[at + 1 : at + 1 + size])
        if first & 3 == 3:  # noqa: PLR2004 -- indeterminate: up to the end
            size, length = 0, len(data) - at - 1
    start = at + 1 + size
    return (tag, start, start + length) if start + length <= len(data) else None


def _issuer(body: bytes) -> str:
    """Return the fingerprint or key id that a signature names."""
    if body[:1] == b"\x03":
        return body[7:15].hex().upper()
    wide = 4 if body[:1] == b"\x06" else 2
    at, found = 4, ""
    for _ in range(2):
        size = int.from_bytes(body[at : at + wide])
        area = body[at + wide : at + wide + size]
        found = max(found, _subpackets(area), key=len)
        at += wide + size
    return found


def _subpackets(area: bytes) -> str:
    at, found = 0, ""
    while at < len(area):
        first = area[at]
        size, length = 1, first
        if 192 <= first < 255:  # noqa: PLR2004
            size, length = 2, ((first - 192) << 8) + int.from_bytes(area[at + 1 : at + 2]) + 192
        elif first == 255:  # noqa: PLR2004
            size, length = 5, int.from_bytes(area[at + 1 : at + 5])
        body = area[at + size : at + size + length]
        kind = body[0] & 0x7F if body else 0
        if kind == _ISSUER_FINGERPRINT:
            return body[2:].hex().upper()
        if kind == _ISSUER:
            found = body[1:].hex().upper()
        at += size + max(length, 1)
    return found


def _fingerprint(body: bytes, end: int) -> str:
    public = body[:end]
    if body[:1] == b"\x04":
        framed = b"\x99" + (len(public) & 0xFFFF).to_bytes(2) + public
        return sha1(framed, usedforsecurity=False).hexdigest().upper()
    if body[:1] == b"\x06":
        return sha256(b"\x9b" + len(public).to_bytes(4) + public).hexdigest().upper()
    return ""


def _public_end(body: bytes) -> int:
    """Return where the public part of a secret key ends; 0 where that cannot be told."""
    if body[:1] != b"\x04" or len(body) < 7:  # noqa: PLR2004
        return 0
    algorithm, at = body[5], 6
    count = _NUMBERS.get(algorithm, 0)
    if algorithm in _CURVE_NUMBERS:
        at += 1 + body[at]
        count = _CURVE_NUMBERS[algorithm]
    for _ in range(count):
        at += 2 + (int.from_bytes(body[at : at + 2]) + 7) // 8
    return at if count and at < len(body) else 0
