"""Which bytes of a NuGet package its signature is over, and the digest that it states of them.

After NuGet's "Package Signatures Technical Specification": the digest is that of the package as it
was before the signature was put into it.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import b64decode
from typing import Final, NamedTuple

from dten_audit.readers.signing import oids

PATH: Final = ".signature.p7s"
_LOCAL: Final = b"PK\3\4"
_CENTRAL: Final = b"PK\1\2"
_END: Final = b"PK\5\6"
_END_SIZE: Final = 22
_HEADER: Final = 46
_OFFSET: Final = 42
"""How far inside a header its entry's offset is, which is its last field."""
_STREAMED: Final = 8
_LOCAL_SIZE: Final = 30
_MOST_COMMENT: Final = 0xFFFF
_IN_ZIP64: Final = 0xFFFF
_VERSION: Final = "Version:1"
_HASH: Final = "-Hash"
_ALGORITHMS: Final = ("sha256", "sha384", "sha512")


class NugetError(ValueError):
    """A package whose digest cannot be computed, or a signature that states none."""


class Stated(NamedTuple):
    """A digest of the package as the signature states it."""

    algorithm: str
    value: bytes


def stated(content: bytes) -> Stated:
    """Return the digest in the text that a signature carries. Raises ``NugetError``."""
    lines = content.decode("utf-8", "replace").splitlines()
    if not lines or lines[0] != _VERSION:
        raise NugetError("the signature is over no text of version 1")
    for line in lines[1:]:
        name, _, value = line.partition(":")
        algorithm = oids.DIGESTS.get(name.removesuffix(_HASH), "")
        if name.endswith(_HASH) and algorithm in _ALGORITHMS:
            try:
                return Stated(algorithm, b64decode(value, validate=True))
            except ValueError:
                break
    raise NugetError("the signature states no digest that is known here")


class _Header(NamedTuple):
    """A header of the directory: where it is, where its entry is, and whether it is the seal's."""

    start: int
    end: int
    local: int
    seal: bool


def digest(data: bytes, algorithm: str) -> bytes:
    """Return the digest of a package as it was before it was signed. Raises ``NugetError``."""
    end = _end(data)
    here, whole, size, start = struct.unpack_from("<HHII", data, end + 8)
    if here != whole or start + size != end or here in (0, _IN_ZIP64):
        raise NugetError("its directory is not laid out as signers of NuGet do")
    headers = _headers(data, start, end)
    seal = next(own for own in headers if own.seal)
    following = min((own.local for own in headers if own.local > seal.local), default=start)
    _check_entry(data, seal, following)
    gone = following - seal.local
    found = hashlib.new(algorithm)
    with memoryview(data) as view:
        found.update(view[: seal.local])
        found.update(view[following:start])
        for own in headers:
            if not own.seal:
                moved = own.local - gone if own.local > seal.local else own.local
                found.update(view[own.start : own.start + _OFFSET])
                found.update(struct.pack("<I", moved))
                found.update(view[own.start + _HEADER : own.end])
        found.update(view[end : end + 8])
        left = size - (seal.end - seal.start)
        found.update(struct.pack("<HHII", here - 1, whole - 1, left, start - gone))
        found.update(view[end + 20 :])
    return found.digest()


def _end(data: bytes) -> int:
    """Return where the record at the end starts: it must end with the file."""
    floor = max(0, len(data) - _END_SIZE - _MOST_COMMENT)
    at = data.rfind(_END, floor)
    whole = at >= 0 and len(data) >= at + _END_SIZE
    if not whole or at + _END_SIZE + struct.unpack_from("<H", data, at + 20)[0] != len(data):
        raise NugetError("it is no ZIP archive that ends where it says")
    return at


def _headers(data: bytes, start: int, end: int) -> list[_Header]:
    """Return the headers of the directory, of which one is the signature's."""
    found: list[_Header] = []
    at = start
    while at + _HEADER <= end and data[at : at + 4] == _CENTRAL:
        name, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        local = struct.unpack_from("<I", data, at + _OFFSET)[0]
        if local >= start:
            raise NugetError("an entry is not where its directory says")
        seal = data[at + _HEADER : at + _HEADER + name] == PATH.encode()
        found.append(_Header(at, at + _HEADER + name + extra + comment, local, seal))
        at = found[-1].end
    if at != end:
        raise NugetError("its directory cannot be read to its end")
    if sum(own.seal for own in found) != 1:
        raise NugetError("it does not hold one signature")
    return found


def _check_entry(data: bytes, seal: _Header, following: int) -> None:
    """Raise ``NugetError`` unless the signature fills its place up to what follows it."""
    flags = struct.unpack_from("<H", data, seal.start + 8)[0]
    packed = struct.unpack_from("<I", data, seal.start + 20)[0]
    local = seal.local
    if data[local : local + 4] != _LOCAL or local + _LOCAL_SIZE > following or flags & _STREAMED:
        raise NugetError("the entry of its signature is not laid out as signers of NuGet do")
    name, extra = struct.unpack_from("<HH", data, local + 26)
    if local + _LOCAL_SIZE + name + extra + packed != following:
        raise NugetError("bytes stand behind its signature that belong to no entry")
