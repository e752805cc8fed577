"""Writes cabinets and compound files for rule examples, and signs them as Authenticode does."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from hashlib import new as hashed
from itertools import pairwise
from typing import Final, NamedTuple, cast

from dten_audit.examples.encoding import oid, tlv
from dten_audit.examples.pki import sign_structure
from dten_audit.examples.signed_code import SPC_INDIRECT_DATA, Vendor, stated, store

_CABINET: Final = "1.3.6.1.4.1.311.2.1.25"
_INSTALLER: Final = "1.3.6.1.4.1.311.2.1.30"
_AREA: Final = 24
_SECTOR: Final = 512
_MINI: Final = 64
_CUTOFF: Final = 4096
_END: Final = 0xFFFFFFFE
_NONE: Final = 0xFFFFFFFF
_CLASS: Final = bytes.fromhex("84100c0000000000c000000000000046")
SIGNATURE: Final = "\x05DigitalSignature"
METADATA: Final = "\x05MsiDigitalSignatureEx"


def cabinet(files: Mapping[str, bytes], area: bytes = b"") -> bytes:
    """Return a cabinet of stored files; ``area`` is the reserved area of its header."""
    data = b"".join(files.values())
    reserve = struct.pack("<HBB", len(area), 0, 0) + area if area else b""
    entries, offset = b"", 0
    for name, content in files.items():
        entries += struct.pack("<IIHHHH", len(content), offset, 0, 0x5D75, 0x6000, 0x20)
        entries += name.encode() + b"\0"
        offset += len(content)
    folders = 36 + len(reserve)
    first = folders + 8 + len(entries)
    block = struct.pack("<IHH", 0, len(data), len(data)) + data
    head = struct.pack(
        "<4sIIIIIBBHHHHH", b"MSCF", 0, first + len(block), 0, folders + 8, 0, 3, 1, 1, len(files),
        4 if area else 0, 1, 0,
    )  # fmt: skip
    return head + reserve + struct.pack("<IHH", first, 1, 0) + entries + block


def sign_cabinet(files: Mapping[str, bytes], vendor: Vendor, digest: str = "sha256") -> bytes:
    """Return a signed cabinet."""
    size = len(cabinet(files, bytes(_AREA - 4)))

    def area(length: int) -> bytes:
        return struct.pack("<IIIII", 0x100000, size, length, 0, 0)

    plain = cabinet(files, area(0))
    value = hashed(digest, plain[:4] + plain[8:34] + plain[56:]).digest()
    message = _message(_CABINET, digest, value, vendor)
    return cabinet(files, area(len(message))) + message


def _message(about: str, digest: str, value: bytes, vendor: Vendor) -> bytes:
    content = tlv(0x30, oid(about), tlv(0xA2, tlv(0x80))) + stated(digest, value)
    chain = [own.certificate for own in vendor.chain]
    message = sign_structure(SPC_INDIRECT_DATA, content, vendor.signer, chain, digest=digest)
    return message + b"\0" * (-len(message) % 8)


class Stream(NamedTuple):
    """A stream of a compound file that lies in its root."""

    name: str
    data: bytes

    @property
    def raw(self) -> bytes:
        """The name as it lies there."""
        return self.name.encode("utf-16-le")


def compound(streams: Sequence[Stream]) -> bytes:
    """Return a compound file of Windows Installer's class: a root with these streams."""
    sectors: list[bytes] = []
    table: list[int] = []

    def put(data: bytes) -> int:
        if not data:
            return _END
        start, count = len(sectors), -(-len(data) // _SECTOR)
        sectors.extend(
            data[at : at + _SECTOR].ljust(_SECTOR, b"\0") for at in range(0, len(data), _SECTOR)
        )
        table.extend([*range(start + 1, start + count), _END])
        return start

    mini, minis, starts = b"", list[int](), list[int]()
    for own in streams:
        if len(own.data) >= _CUTOFF or not own.data:
            starts.append(put(own.data))
            continue
        count = -(-len(own.data) // _MINI)
        starts.append(len(minis))
        minis += [*range(len(minis) + 1, len(minis) + count), _END]
        mini += own.data.ljust(count * _MINI, b"\0")
    root = put(mini)
    mini_table = put(_table(minis))
    directory = put(_directory(streams, starts, root, len(mini)))
    count = 1
    while len(table) + count > count * _SECTOR // 4:
        count += 1
    places = [len(sectors) + number for number in range(count)]
    sectors.append(_table([*table, *[0xFFFFFFFD] * count]).ljust(count * _SECTOR, b"\xff"))
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, count, directory, 0, _CUTOFF, mini_table, 1 if minis else 0, _END, 0,
    )  # fmt: skip
    return head + _table(places, 109 * 4) + b"".join(sectors)


def _table(numbers: Iterable[int], size: int = _SECTOR) -> bytes:
    raw = b"".join(struct.pack("<I", number) for number in numbers)
    return raw + b"\xff" * (-len(raw) % size)


def _directory(streams: Sequence[Stream], starts: Sequence[int], root: int, size: int) -> bytes:
    """Return the directory, whose tree is a list: each entry the right one of that before."""
    order = sorted(range(len(streams)), key=lambda at: (len(streams[at].raw), streams[at].raw))
    following = {at: after + 1 for at, after in pairwise(order)}
    child = order[0] + 1 if order else _NONE
    found = _entry("Root Entry", 5, _NONE, child, _CLASS, root, size)
    for at, own in enumerate(streams):
        right = following.get(at, _NONE)
        found += _entry(own.name, 2, right, _NONE, bytes(16), starts[at], len(own.data))
    return found + _entry("", 0, _NONE, _NONE, bytes(16), 0, 0) * (-(len(streams) + 1) % 4)


def _entry(
    name: str, kind: int, right: int, child: int, own: bytes, start: int, size: int
) -> bytes:
    raw = name.encode("utf-16-le")
    length = len(raw) + 2 if raw else 0
    links = struct.pack("<HBBIII", length, kind, 1, _NONE, right, child)
    return raw.ljust(64, b"\0") + links + own + bytes(20) + struct.pack("<IQ", start, size)


def sign_installer(
    streams: Sequence[Stream], vendor: Vendor, digest: str = "sha256", *, metadata: bool = False
) -> bytes:
    """Return a signed installer; ``metadata``: its names and sizes are signed, too."""
    ordered = sorted(streams, key=lambda own: own.raw)
    hashing = hashed(digest)
    more = []
    if metadata:
        about = _CLASS + bytes(4)
        for own in ordered:
            about += own.raw + struct.pack("<I", len(own.data)) + bytes(20)
        more = [Stream(METADATA, hashed(digest, about).digest())]
        hashing.update(more[0].data)
    hashing.update(b"".join(own.data for own in ordered) + _CLASS)
    message = _message(_INSTALLER, digest, hashing.digest(), vendor)
    return compound([*streams, *more, Stream(SIGNATURE, message)])


_FILES: Final = {"dten.dll": "library of dten 9.4", "readme.txt": "dten 9.4"}
_STREAMS: Final = {"!_StringData": "NameTableTypeColumn", "Binary.dten": "library " * 700}


def signed_installer(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store by path: a signed cabinet or installer at ``path``.

    What it is says the ending, ``.cab`` or ``.msi``. ``unsigned: true``: without signature.
    ``change: [old, new]`` are texts of one length, replaced after signing. ``behind`` is put
    behind it, ``digest`` is that of the signature, ``metadata: true`` signs names and sizes of an
    installer's streams, too. ``tamper: signature`` bends that of a
    cabinet. ``root`` and ``store`` as for
    programs.
    """
    vendor = Vendor(str(params.get("root", "Acme Root CA 2014")))
    path = str(params.get("path", "data/dten.cab"))
    digest, signed = str(params.get("digest", "sha256")), not params.get("unsigned")
    if path.endswith(".cab"):
        files = {name: text.encode() for name, text in _FILES.items()}
        made = sign_cabinet(files, vendor, digest) if signed else cabinet(files)
    else:
        streams = [Stream(name, text.encode()) for name, text in _STREAMS.items()]
        metadata = bool(params.get("metadata"))
        made = compound(streams)
        if signed:
            made = sign_installer(streams, vendor, digest, metadata=metadata)
    old, new = cast("Sequence[str]", params.get("change", ("", "")))
    if old:
        made = made.replace(old.encode(), new.encode(), 1)
    if params.get("tamper") == "signature":
        at = len(made.rstrip(b"\0")) - 1
        made = made[:at] + bytes((made[at] ^ 1,)) + made[at + 1 :]
    made += str(params.get("behind", "")).encode()
    return {path: made} | store(vendor, str(params.get("store", "none")))
