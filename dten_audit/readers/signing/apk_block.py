"""The signing block of Android programs: who signed what of an archive, by which scheme.

Source: Android's "APK Signature Scheme v2", "v3" and "v3.1". Nothing here is verified.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.readers.signing.certificates import MalformedError, guarded

MAGIC: Final = b"APK Sig Block 42"
SCHEMES: Final = {0x7109871A: "2", 0xF05368C0: "3", 0x1B93AD61: "3.1"}
KNOWN: Final = frozenset(SCHEMES.values())
_MOST: Final = 64
_SIGNERS: Final = 10
"""More signers, or signatures of one signer, are refused, by Android as well."""
_STRIPPED: Final = 0xBEEFF00D
_LINEAGE: Final = 0x3BA06F8C
_ROTATES_LATER: Final = 0x559F8B02


class Node(NamedTuple):
    """A signer of the past or present in a lineage, for whom the one before it vouches.

    ``signed`` are the bytes that the one before signed, by ``algorithm``; ``following`` is the
    algorithm that its own key uses for the next one.
    """

    certificate: bytes
    signed: bytes
    algorithm: int
    following: int
    signature: bytes


class Signer(NamedTuple):
    """A signer of one scheme. ``signed`` are the bytes that the signatures are over.

    ``digests`` and ``signatures`` are by algorithm. ``platforms`` are the first and last Android
    version that it is for, as signed and as stated beside; None before scheme 3. ``demands`` are
    the schemes that must be there as well.
    """

    scheme: str
    signed: bytes
    digests: tuple[tuple[int, bytes], ...]
    certificates: tuple[bytes, ...]
    signatures: tuple[tuple[int, bytes], ...]
    spki: bytes
    platforms: tuple[tuple[int, int], tuple[int, int]] | None = None
    demands: tuple[str, ...] = ()
    lineage: tuple[Node, ...] = ()


def pairs(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield what a block holds, by its number. Raises ``MalformedError`` where that is not all."""
    at, end = 8, len(block) - len(MAGIC) - 8
    for _ in range(_MOST):
        if at == end:
            return
        if at + 12 > end:
            break
        size, number = struct.unpack_from("<QI", block, at)
        if size < 4 or size > end - at - 8:  # noqa: PLR2004 - the number itself takes four
            break
        yield number, block[at + 12 : at + 8 + size]
        at += 8 + size
    raise MalformedError("the pairs of the signing block do not fill it")


def signers(block: bytes) -> list[Signer]:
    """Return the signers of all schemes that are known here. Raises ``MalformedError``."""
    found = []
    for number, value in pairs(block):
        if number in SCHEMES:
            found += guarded(lambda n=number, v=value: list(_signers(SCHEMES[n], v)))  # type: ignore[misc]
    return found


def _signers(scheme: str, value: bytes) -> Iterator[Signer]:
    whole = _Cursor(value)
    listed = _Cursor(whole.prefixed())
    whole.ends()
    found = [_signer(scheme, _Cursor(own)) for own in listed.all()]
    if not 0 < len(found) <= _SIGNERS:
        raise MalformedError(f"scheme {scheme} with {len(found)} signers; Android knows 1 to 10")
    yield from found


def _signer(scheme: str, own: _Cursor) -> Signer:
    signed = own.prefixed()
    beside = (own.number(), own.number()) if scheme != "2" else None
    signatures = tuple(_by_algorithm(own.prefixed()))
    spki = own.prefixed()
    own.ends()
    inside = _Cursor(signed)
    digests = tuple(_by_algorithm(inside.prefixed()))
    certificates = tuple(_Cursor(inside.prefixed()).all())
    stated = (inside.number(), inside.number()) if scheme != "2" else None
    attributes = [(_Cursor(raw).number(), raw[4:]) for raw in _Cursor(inside.prefixed()).all()]
    if not certificates or not digests or not 0 < len(signatures) <= _SIGNERS:
        raise MalformedError("a signer without certificate or digest, or without some signatures")
    platforms = (stated, beside) if stated and beside else None
    demands = tuple(_demands(attributes))
    lineage = tuple(
        node for number, raw in attributes if number == _LINEAGE for node in _nodes(raw)
    )
    return Signer(
        scheme, signed, digests, certificates, signatures, spki, platforms, demands, lineage
    )


def _by_algorithm(raw: bytes) -> Iterator[tuple[int, bytes]]:
    for one in _Cursor(raw).all():
        own = _Cursor(one)
        yield own.number(), own.prefixed()


def _demands(attributes: list[tuple[int, bytes]]) -> Iterator[str]:
    """Yield the schemes of which a signer says that the archive has them too."""
    for number, raw in attributes:
        if number == _STRIPPED and _Cursor(raw).number() == 3:  # noqa: PLR2004 - scheme 3
            yield "3"
        elif number == _ROTATES_LATER:
            yield "3.1"


def _nodes(raw: bytes) -> Iterator[Node]:
    """Yield the signers of a lineage, oldest first."""
    own = _Cursor(raw)
    if own.number() != 1:
        raise MalformedError("a lineage of an unknown version")
    for one in own.all():
        node = _Cursor(one)
        signed = node.prefixed()
        node.number()
        following, signature = node.number(), node.prefixed()
        inside = _Cursor(signed)
        yield Node(inside.prefixed(), signed, inside.number(), following, signature)


class _Cursor:
    """Reads little-endian fields one after the other. Raises ``MalformedError`` past the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise MalformedError("cut off")
        self._at, start = end, self._at
        return self._data[start:end]

    def number(self) -> int:
        return int.from_bytes(self._take(4), "little")

    def prefixed(self) -> bytes:
        return self._take(self.number())

    def all(self) -> Iterator[bytes]:
        for _ in range(_MOST):
            if self._at == len(self._data):
                return
            yield self.prefixed()
        if self._at < len(self._data):
            raise MalformedError(f"more than {_MOST} parts")

    def ends(self) -> None:
        if self._data[self._at :].strip(b"\0"):
            raise MalformedError("bytes behind a signer's fields")
