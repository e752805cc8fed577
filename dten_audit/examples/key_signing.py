"""Writes signatures by bare keys, and the key files that belong to them: the same bytes always.

Formats as in the readers: minisign(1), signify(1), PROTOCOL.sshsig of OpenSSH, DSSE 1.0.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from dten_audit.examples.pki import LEAF, Extra, der, issue, key
from dten_audit.examples.signing import PrivateKey, sign

_OIDC_ISSUER: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_RAW: Final = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


class Minisign(NamedTuple):
    """How a minisign or signify signature is made. ``trusted`` is None for signify.

    ``key_id`` names another key than that which signs; ``message`` puts the content behind it.
    """

    trusted: str | None = "timestamp:1790000000\tfile:SHA256SUMS\thashed"
    prehashed: bool = True
    key_id: str = ""
    message: bool = False


def edwards(name: str) -> ed25519.Ed25519PrivateKey:
    """Return the Ed25519 key of that name."""
    own = key(name, "ed25519")
    assert isinstance(own, ed25519.Ed25519PrivateKey)
    return own


def minisign_id(name: str) -> bytes:
    """Return the key id of a minisign key, which is chosen at random in real life."""
    return sha256(f"minisign key {name}".encode()).digest()[:8]


def minisign_public(name: str) -> bytes:
    """Return a public key file of minisign or signify."""
    raw = b"Ed" + minisign_id(name) + edwards(name).public_key().public_bytes(*_RAW)
    shown = minisign_id(name)[::-1].hex().upper()
    return f"untrusted comment: minisign public key {shown}\n{b64encode(raw).decode()}\n".encode()


def minisign(content: bytes, name: str, how: Minisign = Minisign()) -> bytes:  # noqa: B008
    """Return a signature file by the key of that name."""
    own = edwards(name)
    value = own.sign(blake2b(content).digest() if how.prehashed else content)
    kind = b"ED" if how.prehashed else b"Ed"
    line = b64encode(kind + minisign_id(how.key_id or name) + value).decode()
    text = f"untrusted comment: signature from the release key\n{line}\n"
    if how.trusted is not None:
        both = b64encode(own.sign(value + how.trusted.encode())).decode()
        text += f"trusted comment: {how.trusted}\n{both}\n"
    return text.encode() + (content if how.message else b"")


def ssh_public(name: str, kind: str = "ed25519", comment: str = "release@acme.example") -> bytes:
    """Return a public key as ``ssh-keygen`` writes it into ``id_*.pub``."""
    raw = (
        key(name, kind)
        .public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )
    return raw + f" {comment}\n".encode()


def _strings(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def ssh_signature(
    content: bytes, name: str, namespace: str = "file", kind: str = "ed25519", digest: str = ""
) -> bytes:
    """Return a signature as ``ssh-keygen -Y sign`` writes it; ``digest`` is what it states."""
    own = key(name, kind)
    blob = b64decode(ssh_public(name, kind).split()[1])
    hashed = hashlib.sha512(content).digest()
    stated = digest or "sha512"
    message = b"SSHSIG" + _strings(namespace.encode(), b"", stated.encode(), hashed)
    parts = _strings(blob, namespace.encode(), b"", stated.encode(), _ssh_value(own, message))
    body = b64encode(b"SSHSIG\0\0\0\1" + parts).decode()
    lines = [body[at : at + 70] for at in range(0, len(body), 70)]
    return "\n".join(
        ("-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", "")
    ).encode()


def _ssh_value(own: PrivateKey, message: bytes) -> bytes:
    if isinstance(own, ed25519.Ed25519PrivateKey):
        return _strings(b"ssh-ed25519", own.sign(message))
    if isinstance(own, rsa.RSAPrivateKey):
        made = own.sign(message, padding.PKCS1v15(), hashes.SHA512())
        return _strings(b"rsa-sha2-512", made)
    assert isinstance(own, ec.EllipticCurvePrivateKey)
    numbers = decode_dss_signature(sign(own, message, "sha256"))
    value = _strings(*(number.to_bytes(number.bit_length() // 8 + 1) for number in numbers))
    return _strings(b"ecdsa-sha2-nistp256", value)


def pem_public(name: str, kind: str = "p256") -> bytes:
    """Return a public key in PEM."""
    return (
        key(name, kind)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def bare_value(content: bytes, name: str, kind: str = "p256", digest: str = "sha256") -> bytes:
    """Return a mere signature value, as ``openssl dgst -sign`` writes it."""
    return sign(key(name, kind), content, digest)


def statement(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Return an in-toto statement about files, by name and content."""
    subjects = [
        {"name": path, "digest": {"sha256": sha256(data).hexdigest()}} for path, data in files
    ]
    stated = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"buildDefinition": {"buildType": "https://ci.acme.example/build/v1"}},
    }
    return json.dumps(stated).encode()


def envelope(payload: bytes, names: Sequence[str], kind: str = "p256") -> bytes:
    """Return a DSSE envelope over ``payload``, signed by keys of these names."""
    payload_type = "application/vnd.in-toto+json"
    head = f"DSSEv1 {len(payload_type)} {payload_type} {len(payload)} ".encode()
    made = [
        {"keyid": name, "sig": b64encode(bare_value(head + payload, name, kind)).decode()}
        for name in names
    ]
    text = {
        "payloadType": payload_type,
        "payload": b64encode(payload).decode(),
        "signatures": made,
    }
    return json.dumps(text, indent=1).encode()


def bundle(content: bytes, name: str, times: str = "stamped") -> bytes:
    """Return a sigstore bundle over ``content``, by a certificate that says whose key it is.

    ``times``: ``stamped``, as instances that are not public do it, or ``none``.
    """
    workflow = "https://ci.acme.example/acme/dten/release.yaml@refs/tags/v9.4"
    named = x509.UniformResourceIdentifier(workflow)
    issuer = b"https://ci.acme.example"
    stated_by = x509.UnrecognizedExtension(_OIDC_ISSUER, bytes((12, len(issuer))) + issuer)
    extra = Extra(names=(named,), others=(stated_by,))
    own = issue("sigstore", None, LEAF, key(name), extra)
    stamps = [{"signedTimestamp": b64encode(b"0\0").decode()}] if times == "stamped" else []
    stated = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": b64encode(der(own.certificate)).decode()},
            "tlogEntries": [],
            "timestampVerificationData": {"rfc3161Timestamps": stamps},
        },
        "messageSignature": {
            "messageDigest": {
                "algorithm": "SHA2_256",
                "digest": b64encode(sha256(content).digest()).decode(),
            },
            "signature": b64encode(bare_value(content, name)).decode(),
        },
    }
    return json.dumps(stated, indent=1).encode()
