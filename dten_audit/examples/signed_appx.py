"""Builds signed AppX packages for rule examples, and such as were changed later."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, cast

from dten_audit.examples.encoding import oid, tlv
from dten_audit.examples.pki import sign_structure
from dten_audit.examples.signed_code import SPC_INDIRECT_DATA, Vendor, stated, store
from dten_audit.examples.zip_writer import ZipMember, write_zip

PATH: Final = "AppxSignature.p7x"
BLOCK_MAP: Final = "AppxBlockMap.xml"
TYPES: Final = "[Content_Types].xml"
_SIP_INFO: Final = "1.3.6.1.4.1.311.2.1.30"
_CLASS: Final = bytes.fromhex("4bdfc50a07cee24db76e23c839a09fd1")
_BLOCK: Final = 64 << 10
_ENTRIES: Final = {
    "AppxManifest.xml": "<Package><Identity Name='Acme.Dten' Version='9.4.0.0'/></Package>\n",
    "Dten Console.exe.config": "<configuration/>\n",
    "Assets/logo.svg": "<svg/>\n",
}
_CONTENT_TYPES: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package'
    b'/2006/content-types"><Override PartName="/AppxBlockMap.xml" ContentType="application/vnd.ms-'
    b'appx.blockmap+xml"/><Override PartName="/AppxSignature.p7x" ContentType="application/vnd.ms-'
    b'appx.signature"/></Types>'
)


def block_map(entries: Mapping[str, bytes]) -> bytes:
    """Return the block map of these files."""
    method = "http://www.w3.org/2001/04/xmlenc#sha256"
    kind = "http://schemas.microsoft.com/appx/2010/blockmap"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<BlockMap xmlns="{kind}" HashMethod="{method}">',
    ]
    for path, data in entries.items():
        name = path.replace("/", "\\")
        blocks = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
        own = "".join(f'<Block Hash="{b64encode(sha256(one).digest()).decode()}"/>'
                      for one in blocks)  # fmt: skip
        lines.append(f'<File Name="{name}" Size="{len(data)}" LfhSize="30">{own}</File>')
    return "\n".join((*lines, "</BlockMap>\n")).encode()


def members(entries: Mapping[str, bytes], *, listed: Mapping[str, bytes]) -> list[ZipMember]:
    """Return the members of a package without signature; ``listed`` are in its block map."""
    found = [ZipMember(path.replace(" ", "%20"), data) for path, data in entries.items()]
    found.append(ZipMember(BLOCK_MAP, block_map(listed)))
    return [*found, ZipMember(TYPES, _CONTENT_TYPES)]


def sign_package(plain: list[ZipMember], vendor: Vendor, *, zip64: bool = False) -> ZipMember:
    """Return the signature that is put behind these members."""
    archive = write_zip(plain, zip64=zip64)
    end = archive.rindex(b"PK\5\6")
    start = struct.unpack_from("<Q", archive, end - 28)[0] if zip64 else struct.unpack_from(
        "<I", archive, end + 16)[0]  # fmt: skip
    contents = {member.path: member.data for member in plain}
    digests = {
        b"AXPC": archive[:start],
        b"AXCD": archive[start:],
        b"AXCT": contents[TYPES],
        b"AXBM": contents[BLOCK_MAP],
    }
    value = b"APPX" + b"".join(name + sha256(data).digest() for name, data in digests.items())
    numbers = b"".join(tlv(0x02, bytes([number])) for number in (0, 0, 0, 0, 0))
    about = tlv(0x30, oid(_SIP_INFO), tlv(0x30, tlv(0x02, b"\1\1\0\0"), tlv(4, _CLASS), numbers))
    chain = [own.certificate for own in vendor.chain]
    message = sign_structure(
        SPC_INDIRECT_DATA, about + stated("sha256", value), vendor.signer, chain
    )
    return ZipMember(PATH, b"PKCX" + message)


def signed_appx(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store by path: a signed AppX package at ``path``.

    ``after`` {path: text} changes or adds entries once it was signed; ``unlisted`` {path: text} are
    signed, and not in the block map; ``wrong`` {path: text} are in it with another content.
    ``behind`` {path: text} lies behind the signature. ``zip64``: with 64-bit records. ``tamper:
    directory``. ``root`` and ``store`` as for programs.
    """
    vendor = Vendor(str(params.get("root", "Acme Root CA 2014")))
    entries = {path: text.encode() for path, text in _ENTRIES.items()}
    listed = {**entries, **_texts(params, "wrong")}
    zip64 = bool(params.get("zip64"))
    plain = members({**entries, **_texts(params, "unlisted")}, listed=listed)
    seal = sign_package(plain, vendor, zip64=zip64)
    after = _texts(params, "after")
    made = [own._replace(data=after.get(own.path, own.data)) for own in plain]
    known = {own.path for own in plain}
    made += [ZipMember(path, data) for path, data in after.items() if path not in known]
    behind = [ZipMember(path, data) for path, data in _texts(params, "behind").items()]
    data = write_zip([*made, seal, *behind], zip64=zip64)
    if params.get("tamper") == "directory":
        at = data.index(b"PK\1\2") + 38
        data = data[:at] + b"\x20" + data[at + 1 :]
    path = str(params.get("path", "desktop/Acme.Dten_9.4.0.0_x64.msix"))
    return {path: data} | store(vendor, str(params.get("store", "none")))


def _texts(params: Mapping[str, object], field: str) -> dict[str, bytes]:
    found = cast("Mapping[str, str]", params.get(field, {}))
    return {path: text.encode() for path, text in found.items()}
