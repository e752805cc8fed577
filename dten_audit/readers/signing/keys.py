"""Private keys in their formats: which kind, whether a password protects them, whose they are.

Nothing is ever decrypted: a key store can ask for billions of rounds of key derivation.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing.ber import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    BerError,
    Element,
    parse,
)
from dten_audit.readers.signing.certificates import (
    MalformedError,
    describe_key,
    guarded,
    load,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from dten_audit.readers.signing.pem import Block

_OPENSSH: Final = b"openssh-key-v1\0"
_LABELS: Final = {
    "PRIVATE KEY": "PKCS #8",
    "ENCRYPTED PRIVATE KEY": "PKCS #8",
    "RSA PRIVATE KEY": "PKCS #1",
    "EC PRIVATE KEY": "SEC 1",
    "DSA PRIVATE KEY": "OpenSSL DSA",
    "OPENSSH PRIVATE KEY": "OpenSSH",
    "ANY PRIVATE KEY": "PEM",
}
_BAGS: Final = "1.2.840.113549.1.12.10.1."
_DATA: Final = "1.2.840.113549.1.7.1"
_PARTS: Final = 2


class Key(NamedTuple):
    """A private key. ``spki_sha256`` is the digest of its public key, empty where unknown."""

    format: str
    algorithm: str
    encrypted: bool | Unknown
    spki_sha256: str = ""


class Store(NamedTuple):
    """What a key store holds: its private keys, and the certificates that stand in the clear.

    ``sealed`` says that a part of it is encrypted and was not seen.
    """

    keys: tuple[Key, ...]
    certificates: tuple[bytes, ...]
    sealed: bool


def is_private_label(label: str) -> bool:
    """Say whether a PEM label announces a private key."""
    return label in _LABELS


def from_pem(block: Block) -> Key:
    """Read a PEM block with a private key's label. Raises ``MalformedError``."""
    if block.data is None:
        raise MalformedError("the block has no end, or is no base64")
    form = _LABELS[block.label]
    if block.label == "OPENSSH PRIVATE KEY":
        return _openssh(block.data)
    legacy = any("ENCRYPTED" in header for header in block.headers)
    if legacy or block.label == "ENCRYPTED PRIVATE KEY":
        algorithm = block.label.partition(" ")[0] if legacy else "unknown"
        return Key(form, algorithm, encrypted=True)
    return from_der(block.data, form)


def from_der(data: bytes, form: str = "") -> Key:
    """Read an unarmoured private key. Raises ``MalformedError`` where it is none."""
    shape = guarded(lambda: _shape(data))
    if not shape:
        raise MalformedError("not the structure of a private key")
    if shape == "encrypted":
        return Key(form or "PKCS #8", "unknown", encrypted=True)
    try:
        algorithm, spki = guarded(lambda: _public(data))
    except MalformedError:
        return Key(form or shape, "unknown", encrypted=False)
    return Key(form or shape, algorithm, encrypted=False, spki_sha256=spki)


def _shape(data: bytes) -> str:
    """Return the structure that private keys in DER have; empty for anything else."""
    parts = parse(data).expect(SEQUENCE).children(2)
    first, second = parts[0], parts[1]
    if first.tag == INTEGER and second.tag == SEQUENCE and len(parts) > _PARTS:
        return "PKCS #8" if parts[2].tag == OCTET_STRING else ""
    if first.tag == INTEGER and second.tag == INTEGER:
        return "PKCS #1" if len(parts) > 5 else ""  # noqa: PLR2004 -- RFC 8017, A.1.2
    if first.tag == INTEGER and second.tag == OCTET_STRING:
        return "SEC 1"
    if first.tag == SEQUENCE and second.tag == OCTET_STRING and len(parts) == _PARTS:
        return "encrypted"
    return ""


def is_public_key(data: bytes) -> bool:
    """Say whether ``data`` has the structure of a SubjectPublicKeyInfo."""
    try:
        parts = parse(data).expect(SEQUENCE).children(2)
    except BerError:
        return False
    return [part.tag for part in parts] == [SEQUENCE, BIT_STRING]


def _public(data: bytes) -> tuple[str, str]:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    key = load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)
    return describe_key(key), _spki(key.public_key())


def _spki(key: PublicKeyTypes) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _openssh(data: bytes) -> Key:
    """Read OpenSSH's own format (PROTOCOL.key): its public half always stands in the clear."""
    if not data.startswith(_OPENSSH):
        raise MalformedError("not an OpenSSH key")
    cipher, rest = _string(data[len(_OPENSSH) :])
    for _ in range(2):
        rest = _string(rest)[1]
    blob, _ = _string(rest[4:])
    name, _ = _string(blob)
    encrypted = cipher != b"none"
    algorithm = name.decode("ascii", "replace")
    try:
        spki = guarded(lambda: _ssh_spki(name, blob))
    except MalformedError:
        spki = ""
    return Key("OpenSSH", algorithm, encrypted=encrypted, spki_sha256=spki)


def _ssh_spki(name: bytes, blob: bytes) -> str:
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    return _spki(load_ssh_public_key(name + b" " + base64.b64encode(blob)))


def _string(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise MalformedError("cut off")
    return data[4 : 4 + size], data[4 + size :]


def pkcs12(data: bytes) -> Store:
    """Read a PKCS #12 file (RFC 7292) without its password. Raises ``MalformedError``."""
    return guarded(lambda: _pkcs12(data))


def _pkcs12(data: bytes) -> Store:
    contents = parse(data).expect(SEQUENCE).children(2)[1].expect(SEQUENCE).children(2)
    if contents[0].oid() != _DATA:
        raise MalformedError("not a PKCS #12 file with a password")
    safe = parse(contents[1].children(1)[0].octets()).expect(SEQUENCE)
    keys, certificates, sealed = [], [], False
    for part in safe:
        kind, *content = part.expect(SEQUENCE).children(1)
        if kind.oid() != _DATA or not content:
            sealed = True
            continue
        for bag in parse(content[0].children(1)[0].octets()).expect(SEQUENCE):
            name, value = bag.expect(SEQUENCE).children(2)[:2]
            if name.oid() == f"{_BAGS}1":
                keys.append(from_der(value.children(1)[0].raw, "PKCS #12"))
            elif name.oid() == f"{_BAGS}2":
                keys.append(Key("PKCS #12", "unknown", encrypted=True))
            elif name.oid() == f"{_BAGS}3":
                certificates.append(_bagged(value))
    return Store(tuple(keys), tuple(certificates), sealed)


def _bagged(value: Element) -> bytes:
    bag = value.children(1)[0].expect(SEQUENCE).children(2)
    return bag[1].children(1)[0].octets()


def java_keystore(data: bytes) -> Store:
    """Read a JKS or JCEKS key store: entries and chains stand in the clear. Never decrypts.

    Raises ``MalformedError``. The format is that of sun.security.provider.JavaKeyStore.
    """
    cursor = _Cursor(data, 4)
    version, count = cursor.number(4), cursor.number(4)
    keys, certificates = [], []
    for _ in range(min(count, len(data) // 16 + 1)):
        tag = cursor.number(4)
        cursor.take(cursor.number(2))
        cursor.take(8)
        if tag == 1:
            cursor.take(cursor.number(4))
            chain = [cursor.certificate(version) for _ in range(cursor.number(4))]
            certificates += chain
            keys.append(_java_key(chain[:1]))
        elif tag == _PARTS:
            certificates.append(cursor.certificate(version))
        else:
            return Store(tuple(keys), tuple(certificates), sealed=True)
    return Store(tuple(keys), tuple(certificates), sealed=False)


def _java_key(chain: list[bytes]) -> Key:
    for raw in chain:
        try:
            own = load(raw)
        except MalformedError:
            continue
        return Key("Java key store", own.key, encrypted=True, spki_sha256=own.spki_sha256)
    return Key("Java key store", "unknown", encrypted=True)


class _Cursor:
    """Reads big-endian fields one after the other. Raises ``MalformedError`` past the end."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise MalformedError("cut off")
        self._at, start = end, self._at
        return self._data[start:end]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def certificate(self, version: int) -> bytes:
        if version > 1:
            self.take(self.number(2))
        return self.take(self.number(4))


def pem_keys(found: Iterator[Block]) -> Iterator[tuple[Block, Key]]:
    """Yield the private keys among PEM blocks; what only looks like one is left out."""
    for block in found:
        if is_private_label(block.label):
            try:
                yield block, from_pem(block)
            except MalformedError:
                continue
