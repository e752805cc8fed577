"""Which bytes of an AppX or MSIX package its signature is over, and the digests that it states.

The signature is over five digests: of the entries as they lie there (``AXPC``), of the directory
(``AXCD``), both without the signature itself, and of the content of ``[Content_Types].xml``
(``AXCT``), ``AppxBlockMap.xml`` (``AXBM``) and ``CodeIntegrity.cat`` (``AXCI``). The block map has
digests of 64 KiB blocks of every other file. After Microsoft's "App package signing" and block map
schema; as signtool and osslsigncode do it.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import b64decode
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

from dten_audit.readers.signing.authenticode import indirect
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.cms import SignedData
from dten_audit.readers.xml_nodes import XmlError, parse_xml

PATH: Final = "AppxSignature.p7x"
BLOCK_MAP: Final = "AppxBlockMap.xml"
FOOTPRINT: Final = {"AXCT": "[Content_Types].xml", "AXBM": BLOCK_MAP,
                    "AXCI": "AppxMetadata/CodeIntegrity.cat"}  # fmt: skip
"""Files whose content the signature is over."""
_RAW: Final = ("AXPC", "AXCD")
_MAGIC: Final = b"APPX"
_ALGORITHMS: Final = ("sha256", "sha384", "sha512")
_METHODS: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_BLOCK: Final = 64 << 10
_LARGEST: Final = 64 << 20
_LOCAL: Final = b"PK\3\4"
_CENTRAL: Final = b"PK\1\2"
_END: Final = b"PK\5\6"
_LOCATOR: Final = b"PK\6\7"
_END64: Final = b"PK\6\6"
_HEADER: Final = 46
_MOST_COMMENT: Final = 0xFFFF
_MAX16: Final = 0xFFFF
_MAX32: Final = 0xFFFFFFFF


class Stated(NamedTuple):
    """The digests that a signature states, by their names."""

    algorithm: str
    digests: dict[str, bytes]


class Blocks(NamedTuple):
    """What a block map says of a file: its name, its size, and the digests of its blocks."""

    name: str
    size: int
    digests: tuple[bytes, ...]
    line: int


def stated(signed: SignedData) -> Stated:
    """Return the digests that a signature states. Raises ``MalformedError``."""
    own = indirect(signed)
    raw = bytes.fromhex(own.value)
    if own.algorithm not in _ALGORITHMS or raw[:4] != _MAGIC:
        raise MalformedError("the signature is over no digests of an AppX package")
    size = 4 + hashlib.new(own.algorithm).digest_size
    found = {
        raw[at : at + 4].decode("ascii", "replace"): raw[at + 4 : at + size]
        for at in range(4, len(raw), size)
    }
    known = {*_RAW, *FOOTPRINT}
    if not {*_RAW, "AXCT", "AXBM"} <= found.keys() <= known or (len(raw) - 4) % size:
        raise MalformedError("the signature states other digests than those of an AppX package")
    return Stated(own.algorithm, found)


# --- the archive -------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """An entry of the directory: its header there, its name, and where the entry is."""

    raw: bytes
    name: bytes
    local: int


class _Layout(NamedTuple):
    """Where the parts of an archive lie; ``end64`` is 0 without 64-bit records."""

    entries: list[_Entry]
    directory: int
    end: int
    end64: int


def raw_digests(data: bytes, algorithm: str) -> dict[str, bytes]:
    """Return the digests of entries and directory without the signature.

    Raises ``MalformedError`` where the package is not laid out as signers do.
    """
    own = _layout(data)
    *before, seal = sorted(own.entries, key=lambda entry: entry.local)
    if seal.name != PATH.encode() or sum(one.name == seal.name for one in own.entries) != 1:
        raise MalformedError("its signature is not its last entry, as signers put it")
    _check_seal(data, seal, own.directory)
    with memoryview(data) as view:
        body = hashlib.new(algorithm, view[: seal.local]).digest()
    rest = b"".join(entry.raw for entry in own.entries if entry is not seal)
    records = _records(data, own, len(before), len(rest), seal.local)
    return {"AXPC": body, "AXCD": hashlib.new(algorithm, rest + records).digest()}


def _check_seal(data: bytes, seal: _Entry, until: int) -> None:
    """Raise ``MalformedError`` unless the signature fills its place up to the directory."""
    flags = struct.unpack_from("<H", seal.raw, 8)[0]
    packed = struct.unpack_from("<I", seal.raw, 20)[0]
    at = seal.local
    if data[at : at + 4] != _LOCAL or packed == _MAX32:
        raise MalformedError("the entry of its signature is not laid out as signers do")
    name, extra = struct.unpack_from("<HH", data, at + 26)
    end = at + 30 + name + extra + packed
    described = (12, 16, 20, 24) if flags & 8 else (0,)
    if until - end not in described:
        raise MalformedError("bytes stand behind its signature that belong to no entry")


def _layout(data: bytes) -> _Layout:
    floor = max(0, len(data) - 22 - _MOST_COMMENT)
    end = data.rfind(_END, floor)
    whole = end >= 0 and len(data) >= end + 22
    if not whole or end + 22 + struct.unpack_from("<H", data, end + 20)[0] != len(data):
        raise MalformedError("it is no ZIP archive that ends where it says")
    count, size, start = struct.unpack_from("<HII", data, end + 10)
    end64 = 0
    if data[end - 20 : end - 16] == _LOCATOR:
        end64 = int(struct.unpack_from("<Q", data, end - 12)[0])
        if end64 > end - 76 or data[end64 : end64 + 4] != _END64:
            raise MalformedError("its 64-bit record is not where it says")
        count, size, start = struct.unpack_from("<QQQ", data, end64 + 32)
    stop = end64 or end
    if start + size != stop:
        raise MalformedError("its directory does not lie before its end")
    entries = list(_entries(data, start, stop))
    if len(entries) != count or not entries:
        raise MalformedError("its directory does not hold as many entries as it says")
    return _Layout(entries, start, end, end64)


def _entries(data: bytes, at: int, stop: int) -> Iterator[_Entry]:
    while at + _HEADER <= stop and data[at : at + 4] == _CENTRAL:
        name, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        after = at + _HEADER + name + extra + comment
        raw = data[at:after]
        local = struct.unpack_from("<I", raw, 42)[0]
        if local == _MAX32:
            local = _wide_offset(raw, raw[_HEADER + name : _HEADER + name + extra])
        yield _Entry(raw, raw[_HEADER : _HEADER + name], local)
        at = after
    if at != stop:
        raise MalformedError("its directory cannot be read to its end")


def _wide_offset(header: bytes, extra: bytes) -> int:
    """Return where an entry is, from its 64-bit field (APPNOTE, 4.5.3)."""
    packed, size = struct.unpack_from("<II", header, 20)
    skip = 8 * ((packed == _MAX32) + (size == _MAX32))
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1 and length >= skip + 8 and at + 4 + length <= len(extra):
            return int(struct.unpack_from("<Q", extra, at + 4 + skip)[0])
        at += 4 + length
    raise MalformedError("an entry without its place")


def _records(data: bytes, own: _Layout, count: int, size: int, start: int) -> bytes:
    """Return the records at the end as they were before the signature was put in."""
    last = bytearray(data[own.end :])
    here, whole, small, place = struct.unpack_from("<HHII", last, 8)
    struct.pack_into(
        "<HHHHII", last, 4, 0, 0,
        here if here == _MAX16 else count, whole if whole == _MAX16 else count,
        small if small == _MAX32 else size, place if place == _MAX32 else start,
    )  # fmt: skip
    if not own.end64:
        return bytes(last)
    wide = bytearray(data[own.end64 : own.end - 20])
    struct.pack_into("<QQQQ", wide, 24, count, count, size, start)
    locator = bytearray(data[own.end - 20 : own.end])
    struct.pack_into("<Q", locator, 8, start + size)
    return bytes(wide + locator + last)


# --- the block map -----------------------------------------------------------------------------


def block_map(data: bytes) -> tuple[str, list[Blocks]]:
    """Return the algorithm of a block map, and its files. Raises ``MalformedError``."""
    if len(data) > _LARGEST:
        raise MalformedError("the block map is larger than any")
    try:
        root = parse_xml(data.decode("utf-8-sig", "replace"))
    except XmlError as error:
        raise MalformedError(f"the block map: {error.reason}") from None
    method = _METHODS.get(root.attributes.get("HashMethod", ""))
    if root.name != "BlockMap" or method is None:
        raise MalformedError("the block map is of no kind that is known here")
    found = []
    for own in root.children:
        size = own.attributes.get("Size", "")
        if own.name != "File" or not size.isdecimal():
            raise MalformedError("the block map has an entry that is no file")
        digests = tuple(_hash(one.attributes.get("Hash", "")) for one in own.children
                        if one.name == "Block")  # fmt: skip
        name = own.attributes.get("Name", "").replace("\\", "/")
        found.append(Blocks(name, int(size), digests, own.line))
    return method, found


def _hash(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise MalformedError("the block map has a digest that is no base64") from None


def fits(own: Blocks, algorithm: str, data: bytes) -> bool:
    """Say whether a file's content is what the block map says of it."""
    if len(data) != own.size:
        return False
    blocks = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
    return tuple(hashlib.new(algorithm, block).digest() for block in blocks) == own.digests


def part_name(path: str) -> str:
    """Return the name that a block map gives to a member of the archive."""
    return unquote(path)
