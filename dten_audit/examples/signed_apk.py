"""Builds Android programs signed by schemes 1, 2 and 3, and such as were changed later.

After Android's "APK Signature Scheme v2" and "v3". The bytes are the same every time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple, cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from dten_audit.examples.pki import LEAF, Identity, der, issue, key, spki
from dten_audit.examples.signed_code import TRUST, Vendor, sign_archive
from dten_audit.examples.signing import sign
from dten_audit.examples.zip_writer import ZipMember, write_zip

_NUMBERS: Final = {"2": 0x7109871A, "3": 0xF05368C0}
_STRIPPED: Final = 0xBEEFF00D
_LINEAGE: Final = 0x3BA06F8C
_ECDSA: Final = 0x0201
_RSA: Final = 0x0103
_CHUNK: Final = 1 << 20
_PLATFORMS: Final = (28, 0x7FFFFFFF)
_ENTRIES: Final = {
    "AndroidManifest.xml": "\x03\x00\x08\x00 com.acme.dten",
    "classes.dex": "dex\n035\0 sync",
    "assets/agent.properties": "retries=5\n",
}


class Scheme(NamedTuple):
    """How one scheme is signed. ``lineage`` are those who signed before, oldest first."""

    number: str
    signer: Identity
    stripped: bool = False
    lineage: tuple[Identity, ...] = ()
    platforms: tuple[int, int] = _PLATFORMS


def identity(name: str, kind: str = "p256") -> Identity:
    """Return a signer as Android knows them: the key, and a certificate that it signed itself."""
    return issue(name, None, LEAF._replace(eku=(), ca=None), key(f"apk {name}", kind))


def _lp(*parts: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def _signed(own: Identity, message: bytes) -> tuple[int, bytes]:
    if isinstance(own.key, rsa.RSAPrivateKey):
        return _RSA, own.key.sign(message, PKCS1v15(), hashes.SHA256())
    assert isinstance(own.key, ec.EllipticCurvePrivateKey)
    return _ECDSA, sign(own.key, message)


def _with_number(number: int, value: bytes) -> bytes:
    return struct.pack("<I", number) + value


def content_digest(parts: Iterable[bytes]) -> bytes:
    """Return the digest over the chunks of the parts of an archive."""
    chunks = [part[at : at + _CHUNK] for part in parts for at in range(0, len(part), _CHUNK)]
    digests = [sha256(b"\xa5" + struct.pack("<I", len(own)) + own).digest() for own in chunks]
    return sha256(b"\x5a" + struct.pack("<I", len(digests)) + b"".join(digests)).digest()


def _lineage(nodes: Sequence[Identity]) -> bytes:
    made, before = struct.pack("<I", 1), None
    for own in nodes:
        number = _signed(own, b"")[0]
        above = 0 if before is None else _signed(before, b"")[0]
        signed = _lp(der(own.certificate)) + struct.pack("<I", above)
        value = b"" if before is None else _signed(before, signed)[1]
        made += _lp(_lp(signed) + struct.pack("<II", 23, number) + _lp(value))
        before = own
    return made


def _signer(how: Scheme, digest: bytes) -> bytes:
    """Return a signer of a scheme."""
    number = _signed(how.signer, b"")[0]
    attributes = []
    if how.stripped:
        attributes.append(_with_number(_STRIPPED, struct.pack("<I", 3)))
    if how.lineage:
        attributes.append(_with_number(_LINEAGE, _lineage((*how.lineage, how.signer))))
    platforms = struct.pack("<II", *how.platforms) if how.number == "3" else b""
    beside = struct.pack("<II", *_PLATFORMS) if how.number == "3" else b""
    signed = _lp(_lp(_with_number(number, _lp(digest))), _lp(der(how.signer.certificate)))
    signed += platforms + _lp(_lp(*attributes))
    value = _signed(how.signer, signed)[1]
    return _lp(signed) + beside + _lp(_lp(_with_number(number, _lp(value))), spki(how.signer.key))


def signing_block(archive: bytes, schemes: Iterable[Scheme]) -> bytes:
    """Return the signing block for an archive that has none."""
    end = archive.rindex(b"PK\5\6")
    start = struct.unpack_from("<I", archive, end + 16)[0]
    digest = content_digest((archive[:start], archive[start:end], archive[end:]))
    pairs = b""
    for how in schemes:
        value = struct.pack("<I", _NUMBERS[how.number]) + _lp(_lp(_signer(how, digest)))
        pairs += struct.pack("<Q", len(value)) + value
    size = struct.pack("<Q", len(pairs) + 24)
    return size + pairs + size + b"APK Sig Block 42"


def sign_apk(
    entries: Mapping[str, bytes], schemes: Sequence[Scheme], first: Vendor | None = None
) -> list[ZipMember]:
    """Return the members of a program; with ``first``, signed by scheme 1 too."""
    found = dict(entries)
    if first is not None:
        said = f"X-Android-APK-Signed: {', '.join(how.number for how in schemes)}\r\n".encode()
        found = sign_archive(entries, first, more=said if schemes else b"")
    return [ZipMember(path, data) for path, data in found.items()]


def signed_apk(params: Mapping[str, object]) -> dict[str, bytes]:
    """Return package members and trust store by path: an Android program at ``path``.

    ``schemes``: of 1, 2, 3; by default 2 and 3. ``strip``: those taken away afterwards. ``kind`` of
    key. ``by``: who signs by scheme 3, after ``signer`` (by default Acme Apps) who vouches for
    them; ``forged``: nobody does. ``platforms``: the versions that scheme 3 signs, other than those
    beside. ``after`` {path: text} changes entries once they were signed. ``tamper``: content (of an
    entry), signature, end (of the archive). ``store``: signer, other, none.
    """
    kind = str(params.get("kind", "p256"))
    signer = identity(str(params.get("signer", "Acme Apps")), kind)
    names = [str(own) for own in cast("Sequence[object]", params.get("schemes", ("2", "3")))]
    gone = [str(own) for own in cast("Sequence[object]", params.get("strip", ()))]
    schemes = [_how(number, signer, names, params) for number in names if number != "1"]
    members = sign_apk(
        {path: text.encode() for path, text in _ENTRIES.items()},
        schemes,
        Vendor() if "1" in names else None,
    )
    block = signing_block(write_zip(members), schemes)
    if gone:
        left = [how for how in schemes if how.number not in gone]
        block = signing_block(write_zip(members), left) if left else b""
    after = cast("Mapping[str, str]", params.get("after", {}))
    members = [
        own._replace(data=after[own.path].encode()) if own.path in after else own
        for own in members
    ]  # fmt: skip
    made = _tampered(write_zip(members, before_directory=block), block, params)
    return {str(params.get("path", "mobile/dten.apk")): made} | _store(signer, params)


def _how(
    number: str, signer: Identity, names: Sequence[str], params: Mapping[str, object]
) -> Scheme:
    if number == "2":
        return Scheme("2", signer, stripped="3" in names)
    platforms = tuple(cast("Sequence[int]", params.get("platforms", _PLATFORMS)))
    new = identity(str(params["by"])) if "by" in params else signer
    before = (signer,) if "by" in params else ()
    if params.get("forged"):
        before = (signer._replace(key=new.key),)
    return Scheme("3", new, False, before, cast("tuple[int, int]", platforms))


def _tampered(made: bytes, block: bytes, params: Mapping[str, object]) -> bytes:
    start = made.index(block) if block else 0
    places = {"content": 60, "signature": start + len(block) - 140, "end": len(made) - 12}
    what = str(params.get("tamper", ""))
    if not what:
        return made
    at = places[what]
    return made[:at] + bytes((made[at] ^ 1,)) + made[at + 1 :]


def _store(signer: Identity, params: Mapping[str, object]) -> dict[str, bytes]:
    which = str(params.get("store", "none"))
    if which == "none":
        return {}
    own = signer if which == "signer" else identity("Somebody else")
    return {f"{TRUST}app.der": der(own.certificate)}
