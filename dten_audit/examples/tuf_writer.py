"""Writes metadata of The Update Framework: the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dten_audit.examples.pki import key
from dten_audit.examples.signing import PrivateKey, sign
from dten_audit.readers.signing.canonical_json import encode

_RAW: Final = (Encoding.Raw, PublicFormat.Raw)
_PEM: Final = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
_SCHEMES: Final = {"ed25519": "ed25519", "p256": "ecdsa-sha2-nistp256",
                   "p384": "ecdsa-sha2-nistp384"}  # fmt: skip
TOP: Final = ("root", "timestamp", "snapshot", "targets")

Json = dict[str, Any]


class Signer(NamedTuple):
    """A key by its name; ``kind`` as in ``pki.key``. ``alias`` gives it another id."""

    name: str
    kind: str = "ed25519"
    alias: str = ""

    @property
    def own(self) -> PrivateKey:
        """The key itself."""
        return key(f"tuf {self.name}", self.kind)

    @property
    def stated(self) -> Json:
        """The key as metadata states it."""
        public, rsa_key = self.own.public_key(), self.kind.startswith("rsa")
        if isinstance(public, ed25519.Ed25519PublicKey):
            value = public.public_bytes(*_RAW).hex()
        else:
            value = public.public_bytes(*_PEM).decode()
        family = "rsa" if rsa_key else "ed25519" if self.kind == "ed25519" else "ecdsa"
        scheme = "rsassa-pss-sha256" if rsa_key else _SCHEMES[self.kind]
        return {"keytype": family, "scheme": scheme, "keyval": {"public": value}}

    @property
    def keyid(self) -> str:
        """The id of the key: the digest of its canonical form, or of its alias."""
        return sha256(self.alias.encode() or encode(self.stated)).hexdigest()

    def sign(self, message: bytes) -> Json:
        """Return a signature as metadata holds it."""
        if isinstance(self.own, rsa.RSAPrivateKey):
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            value = self.own.sign(message, scheme, hashes.SHA256())
        else:
            value = sign(self.own, message, "sha384" if self.kind == "p384" else "sha256")
        return {"keyid": self.keyid, "sig": value.hex()}


def metadata(signed: Json, by: Iterable[Signer]) -> bytes:
    """Return a metadata file, laid out over lines."""
    message = encode(signed)
    found = {"signatures": [own.sign(message) for own in by], "signed": signed}
    return json.dumps(found, indent=1, sort_keys=True).encode() + b"\n"


def head(kind: str, version: int, expires: str) -> Json:
    """Return what all metadata begins with."""
    return {"_type": kind, "spec_version": "1.0.31", "version": version, "expires": expires}


def role(by: Iterable[Signer], threshold: int = 1) -> Json:
    """Return whose signatures a role needs."""
    return {"keyids": [own.keyid for own in by], "threshold": threshold}


def root(
    version: int,
    expires: str,
    roles: Mapping[str, tuple[list[Signer], int]],
    *,
    consistent: bool = False,
) -> Json:
    """Return the signed part of a root."""
    keys = {own.keyid: own.stated for by, _ in roles.values() for own in by}
    return {
        **head("root", version, expires),
        "consistent_snapshot": consistent,
        "keys": keys,
        "roles": {name: role(by, wanted) for name, (by, wanted) in roles.items()},
    }


def file_of(data: bytes, version: int = 0) -> Json:
    """Return what metadata says of a file; of metadata, also its version."""
    own: Json = {"length": len(data), "hashes": {"sha256": sha256(data).hexdigest()}}
    return {**own, "version": version} if version else own


def targets(version: int, expires: str, files: Mapping[str, bytes]) -> Json:
    """Return the signed part of a role that lists targets."""
    listed = {path: file_of(data) for path, data in files.items()}
    return {**head("targets", version, expires), "targets": listed}


def delegation(
    name: str, by: list[Signer], paths: list[str], *, terminating: bool = False
) -> tuple[Json, Json]:
    """Return the keys and the role of a delegation by patterns."""
    keys = {own.keyid: own.stated for own in by}
    stated = {"name": name, "terminating": terminating, "paths": paths, **role(by)}
    return keys, stated


def snapshot(version: int, expires: str, files: Mapping[str, tuple[bytes, int]]) -> Json:
    """Return the signed part of a snapshot: files and versions."""
    meta = {f"{name}.json": file_of(data, number) for name, (data, number) in files.items()}
    return {**head("snapshot", version, expires), "meta": meta}


def timestamp(version: int, expires: str, data: bytes, of: int) -> Json:
    """Return the signed part of a timestamp over a snapshot of version ``of``."""
    return {**head("timestamp", version, expires), "meta": {"snapshot.json": file_of(data, of)}}
