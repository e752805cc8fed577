"""Builds signed programs and Java archives for rule examples, and such as were changed later."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import new as hashed
from typing import Final, cast

from dten_audit.examples.encoding import attribute, oid, tlv
from dten_audit.examples.pki import (
    INTERMEDIATE,
    LEAF,
    ROOT,
    Identity,
    Profile,
    Stamp,
    der,
    issue,
    key,
    sign_detached,
    sign_structure,
)
from dten_audit.examples.signing import DIGEST_OID
from dten_audit.examples.zip_writer import ZipMember, write_zip

TRUST: Final = "@trust/"
SPC_INDIRECT_DATA: Final = "1.3.6.1.4.1.311.2.1.4"
_PE_IMAGE_DATA: Final = "1.3.6.1.4.1.311.2.1.15"
_NESTED: Final = "1.3.6.1.4.1.311.2.4.1"
_CHECKSUM: Final = 0x80 + 24 + 64
_DIRECTORY: Final = 0x80 + 24 + 112 + 8 * 4
_HEADERS: Final = 0x200


class Vendor:
    """A vendor of programs: a root, an authority below it, and the signer."""

    def __init__(self, root: str = "Acme Root CA 2014", leaf: Profile = LEAF) -> None:
        self.root = issue(root, None, ROOT)
        self.authority = issue(f"{root} Code Signing", self.root, INTERMEDIATE)
        self.signer = issue("Acme Release Signing", self.authority, leaf, key("release"))

    @property
    def chain(self) -> tuple[Identity, ...]:
        """Who is sent along with a signature."""
        return self.authority, self.root


def program(text: bytes = b"\xc3", size: int = 0x200) -> bytes:
    """Return a PE32+ program whose one section starts with ``text``; it has no signature."""
    dos = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    file_header = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, 240, 0x22)
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20B, 14, 0, size, 0, 0, 0x1000, 0x1000, 0x140000000,
        0x1000, 0x200, 6, 0, 0, 0, 6, 0, 0, 0x2000, _HEADERS, 0, 3, 0x8160,
        1 << 20, 4096, 1 << 20, 4096, 0, 16,
    )  # fmt: skip
    section = struct.pack(
        "<8sIIIIIIHHI", b".text", size, 0x1000, size, _HEADERS, 0, 0, 0, 0, 0x60000020
    )
    headers = dos.ljust(0x80, b"\0") + file_header + optional.ljust(240, b"\0") + section
    return headers.ljust(_HEADERS, b"\0") + text.ljust(size, b"\0")


def indirect(image: bytes, digest: str = "sha256") -> bytes:
    """Return the contents of the SpcIndirectDataContent of a program without signature."""
    hashing = hashed(digest)
    for part in (image[:_CHECKSUM], image[_CHECKSUM + 4 : _DIRECTORY], image[_DIRECTORY + 8 :]):
        hashing.update(part)
    link = tlv(0xA0, tlv(0xA2, tlv(0x80)))
    about = tlv(0x30, oid(_PE_IMAGE_DATA), tlv(0x30, tlv(0x03, b"\0"), link))
    return about + stated(digest, hashing.digest())


def stated(digest: str, value: bytes) -> bytes:
    """Return a DigestInfo."""
    return tlv(0x30, tlv(0x30, oid(DIGEST_OID[digest]), tlv(0x05)), tlv(0x04, value))


def sign_program(
    image: bytes,
    vendor: Vendor,
    *,
    digests: Sequence[str] = ("sha256",),
    stamp: Stamp | None = None,
    padding: bytes = b"",
    certificates: bool = True,
) -> bytes:
    """Return a program with its certificate table: a message, further ones nested in it.

    ``padding`` stands behind the message, inside its entry.
    """
    first, *others = digests
    chain = [own.certificate for own in vendor.chain]

    def nested(_signature: bytes) -> Iterable[bytes]:
        for digest in others:
            inner = sign_structure(
                SPC_INDIRECT_DATA, indirect(image, digest), vendor.signer, chain, digest=digest
            )
            yield attribute(_NESTED, inner)

    message = sign_structure(
        SPC_INDIRECT_DATA, indirect(image, first), vendor.signer, chain,
        digest=first, stamp=stamp, unsigned=nested, certificates=certificates,
    )  # fmt: skip
    message += padding
    message += b"\0" * (-len(message) % 8)
    table = struct.pack("<IHH", len(message) + 8, 0x200, 2) + message
    directory = struct.pack("<II", len(image), len(table))
    return image[:_DIRECTORY] + directory + image[_DIRECTORY + 8 :] + table


def signed_program(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store by path: a signed program for each of ``paths``.

    ``paths``: by default ``bin/dten.exe``. ``root``: the name of the root. ``store``: trusted,
    other, impostor (that name, another key), or none. ``leaf``: fields of the signer's profile.
    ``digests``: of the message and those nested in it. ``padding``, ``behind``: text put there.
    ``tamper``: content, signature, or cut. ``certificates: none`` leaves all out.
    """
    stated_leaf = dict(cast("Mapping[str, object]", params.get("leaf", {})))
    for field in ("valid", "eku"):
        if field in stated_leaf:
            stated_leaf[field] = tuple(cast("Sequence[str]", stated_leaf[field]))
    vendor = Vendor(
        str(params.get("root", "Acme Root CA 2014")),
        LEAF._replace(**stated_leaf),  # type: ignore[arg-type]
    )
    found = {}
    for path in cast("Sequence[str]", params.get("paths", ("bin/dten.exe",))):
        made = sign_program(
            program(path.encode()),
            vendor,
            digests=cast("Sequence[str]", params.get("digests", ("sha256",))),
            padding=str(params.get("padding", "")).encode(),
            certificates=params.get("certificates") != "none",
        )
        found[path] = _tampered(made, str(params.get("tamper", ""))) + (
            str(params.get("behind", "")).encode()
        )
    return found | store(vendor, str(params.get("store", "none")))


def _tampered(made: bytes, how: str) -> bytes:
    table = _HEADERS * 2
    if how == "content":
        return made[: _HEADERS + 1] + b"\xcc" + made[_HEADERS + 2 :]
    if how == "signature":
        at = len(made.rstrip(b"\0")) - 1
        return made[:at] + bytes((made[at] ^ 1,)) + made[at + 1 :]
    if how == "cut":
        return made[:table] + made[table : table + 40].ljust(len(made) - table, b"\xff")
    return made


def store(vendor: Vendor, which: str) -> dict[str, bytes]:
    """Return the trust store: trusted, other, impostor (that name, another key), or none."""
    if which == "none":
        return {}
    root = {
        "trusted": vendor.root,
        "other": issue("Acme Root CA 2024", None, ROOT),
        "impostor": issue(vendor.root.certificate.subject, None, ROOT, key("somebody else")),
    }[which]
    return {f"{TRUST}root.der": der(root.certificate)}


_CLASS: Final = b"\xca\xfe\xba\xbe\0\0\0\x3d"
_ENTRIES: Final = {
    "com/acme/Sync.class": "class Sync",
    "com/acme/sync.properties": "interval=60\n",
}


def manifest(entries: Mapping[str, bytes], digest: str = "SHA-256") -> bytes:
    """Return the manifest that lists entries with their digests."""
    lines = [b"Manifest-Version: 1.0", b"Created-By: Acme build", b""]
    for path, data in entries.items():
        lines += [*_folded(f"Name: {path}"), _digest_line(digest, "Digest", data), b""]
    return b"".join(line + b"\r\n" for line in lines)


def _folded(line: str) -> Iterable[bytes]:
    """Yield a line of at most 72 bytes, cut where it may be, amid a character even."""
    raw = line.encode()
    yield raw[:70]
    for at in range(70, len(raw), 69):
        yield b" " + raw[at : at + 69]


def _digest_line(digest: str, what: str, data: bytes) -> bytes:
    name = digest.replace("-", "").lower()
    return f"{digest}-{what}: ".encode() + b64encode(hashed(name, data).digest())


def signature_file(
    made: bytes, digest: str = "SHA-256", *, whole: bool = True, more: bytes = b""
) -> bytes:
    """Return the signature file over a manifest of ours; ``more`` are lines at its beginning."""
    main, *sections = [part + b"\r\n\r\n" for part in made.split(b"\r\n\r\n") if part]
    lines = [b"Signature-Version: 1.0", *more.splitlines()]
    if whole:
        lines.append(_digest_line(digest, "Digest-Manifest", made))
    lines += [_digest_line(digest, "Digest-Manifest-Main-Attributes", main), b""]
    for section in sections:
        name = section.partition(f"\r\n{digest}-".encode())[0]
        lines += [name, _digest_line(digest, "Digest", section), b""]
    return b"".join(line + b"\r\n" for line in lines)


def sign_archive(
    entries: Mapping[str, bytes],
    vendor: Vendor,
    *,
    digest: str = "SHA-256",
    whole: bool = True,
    alias: str = "ACME",
    more: bytes = b"",
) -> dict[str, bytes]:
    """Return the entries of a signed Java archive; ``more`` are lines of its signature file."""
    made = manifest(entries, digest)
    own = signature_file(made, digest, whole=whole, more=more)
    block = sign_detached(own, vendor.signer, [item.certificate for item in vendor.chain])
    parts = {"MANIFEST.MF": made, f"{alias}.SF": own, f"{alias}.EC": block}
    return {f"META-INF/{name}": data for name, data in parts.items()} | dict(entries)


def signed_archive(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store by path: a signed Java archive at ``path``.

    ``entries`` {path: text} are signed, ``after`` changes or adds entries afterwards, ``drop``
    removes some, ``twice`` {path: text} adds entries of a name that is there already. ``digest``:
    as Java calls it. ``whole: false``: without a digest of the whole manifest. ``replace`` {path:
    [old, new]} changes texts inside. ``tamper: signature``. ``root`` and ``store`` as for programs.
    """
    vendor = Vendor(str(params.get("root", "Acme Root CA 2014")))
    entries = {path: _content(path, text) for path, text in _texts(params, "entries", _ENTRIES)}
    found = sign_archive(
        entries,
        vendor,
        digest=str(params.get("digest", "SHA-256")),
        whole=bool(params.get("whole", True)),
    )
    if params.get("tamper") == "signature":
        block = found["META-INF/ACME.EC"]
        found["META-INF/ACME.EC"] = block[:-1] + bytes((block[-1] ^ 1,))
    found |= {path: _content(path, text) for path, text in _texts(params, "after", {})}
    changes = cast("Mapping[str, tuple[str, str]]", params.get("replace", {}))
    for path, (old, new) in changes.items():
        found[path] = found[path].replace(old.encode(), new.encode())
    for path in cast("Sequence[str]", params.get("drop", ())):
        del found[path]
    members = [ZipMember(path, data) for path, data in found.items()]
    members += [ZipMember(path, _content(path, text)) for path, text in _texts(params, "twice", {})]
    path = str(params.get("path", "lib/dten-sync.jar"))
    return {path: write_zip(members)} | store(vendor, str(params.get("store", "none")))


def _texts(
    params: Mapping[str, object], field: str, default: Mapping[str, str]
) -> Iterable[tuple[str, str]]:
    return cast("Mapping[str, str]", params.get(field, default)).items()


def _content(path: str, text: str) -> bytes:
    return (_CLASS if path.endswith(".class") else b"") + text.encode()
