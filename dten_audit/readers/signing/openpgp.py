"""OpenPGP (RFC 9580), as far as saying what there is: signatures, keys, whose id they name.

Nothing is verified here: that needs a whole implementation with its own policy (``sequoia.py``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import Final, Literal, NamedTuple

from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing.instants import instant

_SIGNATURE: Final = 2
_SECRET: Final = frozenset({5, 7})
_PUBLIC: Final = frozenset({6, 14})
_PRIMARY: Final = 6
_USER_ID: Final = 13
_CREATED: Final = 2
_ISSUER: Final = 16
_ISSUER_FINGERPRINT: Final = 33
_NUMBERS: Final = {1: 2, 2: 2, 3: 2, 16: 3, 17: 4}
_CURVE_NUMBERS: Final = {19: 1, 22: 1}
_PACKETS: Final = 1000
_LONGEST_USER: Final = 200
_OVER_TEXT: Final = 1
_SALT: Final = {8: 16, 9: 24, 10: 32, 11: 16, 12: 16, 14: 32}
DIGESTS: Final = {
    1: "md5", 2: "sha1", 3: "ripemd160", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224",
    12: "sha3_256", 14: "sha3_512",
}  # fmt: skip
"""Digests by number (RFC 9580, section 9.5)."""
WEAK: Final = frozenset({"md5", "sha1", "ripemd160"})


class Packet(NamedTuple):
    """A packet of interest. ``identity`` is a fingerprint or key id, empty where unreadable.

    ``raw`` is all of it. ``digest`` and ``made`` (RFC 3339) are a signature's.
    """

    what: Literal["signature", "public", "secret"]
    identity: str
    encrypted: bool | Unknown = False
    raw: bytes = b""
    digest: str = ""
    made: str = ""


class PublicCertificate(NamedTuple):
    """A public key with all that belongs to it; ``fingerprints`` start with the primary key's."""

    fingerprints: tuple[str, ...]
    user: str
    raw: bytes


def packets(data: bytes) -> Iterator[Packet]:
    """Yield signatures and keys; reading stops where the bytes are no OpenPGP any more."""
    for tag, body, raw in _all(data):
        if tag == _SIGNATURE:
            named, made = _stated(body)
            yield Packet("signature", named, False, raw, _digest(body), made)
        elif tag in _PUBLIC:
            yield Packet("public", _fingerprint(body, len(body)))
        elif tag in _SECRET:
            end = _public_end(body)
            protection = body[end : end + 1] if end else b""
            encrypted = protection != b"\0" if protection else Unknown("package.value")
            yield Packet("secret", _fingerprint(body, end or len(body)), encrypted)


def certificates(data: bytes) -> Iterator[PublicCertificate]:
    """Yield the public keys of a key file or keyring, each with its subkeys and first user."""
    keys: list[str] = []
    raw, user = b"", ""
    for tag, body, own in _all(data):
        if tag == _PRIMARY and keys:
            yield PublicCertificate(tuple(keys), user, raw)
            keys, raw, user = [], b"", ""
        if tag in _PUBLIC and (fingerprint := _fingerprint(body, len(body))):
            keys.append(fingerprint)
        elif tag == _USER_ID and not user:
            user = body[:_LONGEST_USER].decode("utf-8", "replace")
        if keys:
            raw += own
    if keys:
        yield PublicCertificate(tuple(keys), user, raw)


def is_whole(data: bytes) -> bool:
    """Say whether bytes are packets up to their very end, at least one of them of interest."""
    end = sum(len(raw) for _, _, raw in _all(data))
    return end == len(data) and next(packets(data), None) is not None


def _all(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield tag, body and bytes of each packet."""
    at = 0
    for _ in range(_PACKETS):
        header = _header(data, at)
        if header is None:
            return
        tag, start, end = header
        yield tag, data[start:end], data[at:end]
        at = end


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


def _wide(body: bytes) -> int:
    return 4 if body[:1] == b"\x06" else 2


def _digest(body: bytes) -> str:
    at = 16 if body[:1] == b"\x03" else 3
    return DIGESTS.get(int.from_bytes(body[at : at + 1]), "")


def _stated(body: bytes) -> tuple[str, str]:
    """Return the fingerprint or key id that a signature names, and when it says it was made."""
    if body[:1] == b"\x03":
        return body[7:15].hex().upper(), _moment(body[3:7])
    at, found, made = 4, "", ""
    for signed in (True, False):
        size = int.from_bytes(body[at : at + _wide(body)])
        at += _wide(body)
        for kind, value in _subpackets(body[at : at + size]):
            if kind == _CREATED and signed:
                made = made or _moment(value)
            elif kind == _ISSUER_FINGERPRINT:
                found = max(found, value[1:].hex().upper(), key=len)
            elif kind == _ISSUER:
                found = max(found, value.hex().upper(), key=len)
        at += size
    return found, made


def _moment(seconds: bytes) -> str:
    if len(seconds) != 4:  # noqa: PLR2004 -- seconds since 1970
        return ""
    return instant(datetime.fromtimestamp(int.from_bytes(seconds), UTC))


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(area):
        first = area[at]
        size, length = 1, first
        if 192 <= first < 255:  # noqa: PLR2004
            size, length = 2, ((first - 192) << 8) + int.from_bytes(area[at + 1 : at + 2]) + 192
        elif first == 255:  # noqa: PLR2004
            size, length = 5, int.from_bytes(area[at + 1 : at + 5])
        body = area[at + size : at + size + length]
        if body:
            yield body[0] & 0x7F, body[1:]
        at += size + max(length, 1)


def starts_alike(raw: bytes, content: bytes) -> bool | None:
    """Say whether the digest that a signature states the start of begins like that of ``content``.

    Two bytes of it stand in each signature (RFC 9580, section 5.2.3). None where that cannot be
    computed. It proves nothing; it tells a changed file from a key that is not accepted.
    """
    header = _header(raw, 0)
    body = raw[header[1] : header[2]] if header else b""
    if body[:1] not in (b"\x04", b"\x06") or _digest(body) not in hashlib.algorithms_available:
        return None
    wide = _wide(body)
    end = 4 + wide + int.from_bytes(body[4 : 4 + wide])
    after = end + wide + int.from_bytes(body[end : end + wide])
    if body[1] == _OVER_TEXT:
        content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    salt = b""
    if body[:1] == b"\x06":
        salt = body[after + 3 : after + 3 + _SALT.get(body[3], 0)]
    trailer = body[:end] + body[:1] + b"\xff" + end.to_bytes(4)
    found = hashlib.new(_digest(body), salt, usedforsecurity=False)
    found.update(content)
    found.update(trailer)
    return found.digest()[:2] == body[after : after + 2]


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
