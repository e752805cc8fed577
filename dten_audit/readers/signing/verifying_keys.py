"""Bare public keys, as vendors publish them: minisign, signify, SSH, OpenPGP, PEM; roots of TUF.

No chain leads to such a key: it is known, or it is not.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from dten_audit.readers.signing import openpgp
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.pem import blocks, decode

KeyForm = Literal["minisign", "SSH", "OpenPGP", "PEM", "sigstore", "TUF", "log", "ct-log"]

_MINISIGN: Final = 42
_MOST: Final = 1000
"""More keys than this in one file are not looked at."""
_SSH_TYPES: Final = frozenset(
    "ssh-ed25519 ssh-rsa ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521"
    " sk-ssh-ed25519@openssh.com sk-ecdsa-sha2-nistp256@openssh.com".split()
)
_LONGEST_COMMENT: Final = 200


class VerifyingKey(NamedTuple):
    """A public key that signatures are checked with.

    ``identity`` is what signatures name it by: minisign's key id, the fingerprint that ssh-keygen
    or gpg shows, SHA-256 of the SubjectPublicKeyInfo for PEM, and of what is signed for a root of
    TUF, which is several keys and how many of them must sign. Keys of sigstore's logs vouch for
    entries only. ``others`` are further names of it
    (OpenPGP subkeys). ``raw`` is what the form's verifier takes. ``label`` is what the file says
    whose it is, unproven. ``options`` are those of an allowed signer (ssh-keygen(1)).
    """

    form: KeyForm
    identity: str
    raw: bytes
    label: str = ""
    others: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def is_named(self, key_id: str) -> bool:
        """Say whether a signature that names ``key_id`` names this key."""
        if self.form == "OpenPGP":
            return any(own.endswith(key_id) for own in (self.identity, *self.others) if key_id)
        return self.identity == key_id


def verifying_keys(data: bytes) -> list[VerifyingKey]:
    """Return the public keys of a file, in whatever form; empty where it holds none."""
    if data[:1] and data[0] & 0x80:
        return list(_openpgp(data))
    if data.lstrip()[:1] == b"{":
        return list(_tuf(data))
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    found: list[VerifyingKey] = []
    for block in blocks(text):
        if block.data is not None and block.label == "PGP PUBLIC KEY BLOCK":
            found += _openpgp(block.data)
        elif block.data is not None and block.label == "PUBLIC KEY":
            found.append(pem_key(block.data))
    return (found or [*_minisign(text), *_ssh(text)])[:_MOST]


def pem_key(spki: bytes) -> VerifyingKey:
    """Return a key in the form that X.509 gives public keys (RFC 5280, 4.1.2.7)."""
    return VerifyingKey("PEM", sha256(spki).hexdigest(), spki)


def minisign_id(raw: bytes) -> str:
    """Return a key id as ``minisign`` prints it."""
    return raw[::-1].hex().upper()


def ssh_fingerprint(blob: bytes) -> str:
    """Return a fingerprint as ``ssh-keygen -l`` prints it."""
    return "SHA256:" + base64.b64encode(sha256(blob).digest()).decode().rstrip("=")


def _openpgp(data: bytes) -> Iterator[VerifyingKey]:
    for certificate in openpgp.certificates(data):
        first, *others = certificate.fingerprints
        yield VerifyingKey("OpenPGP", first, certificate.raw, certificate.user, tuple(others))


def _tuf(data: bytes) -> Iterator[VerifyingKey]:
    from dten_audit.readers.signing import tuf

    try:
        own = tuf.load(data)
    except MalformedError:
        return
    if own.kind == "root":
        yield VerifyingKey("TUF", own.fingerprint, data, f"TUF root, version {own.version}")


def _minisign(text: str) -> Iterator[VerifyingKey]:
    """Yield keys with or without their comment: the one line alone is given on web pages too."""
    label = ""
    for line in text.split("\n")[:_MOST]:
        if line.startswith("untrusted comment:"):
            label = line.partition(":")[2].strip()[:_LONGEST_COMMENT]
            continue
        raw = _base64(line.strip())
        if len(raw) == _MINISIGN and raw[:2] == b"Ed":
            yield VerifyingKey("minisign", minisign_id(raw[2:10]), raw[10:], label)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _ssh(text: str) -> Iterator[VerifyingKey]:
    """Yield the keys of ``id_*.pub``, ``authorized_keys`` and ``allowed_signers`` files."""
    for line in text.split("\n")[:_MOST]:
        words = line.split()
        if line.startswith("#") or len(words) < 2:  # noqa: PLR2004 -- a type and a key
            continue
        at = next((n for n, word in enumerate(words[:4]) if word in _SSH_TYPES), -1)
        blob = decode(words[at + 1]) if 0 <= at < len(words) - 1 else None
        if blob is None:
            continue
        comment = " ".join(words[at + 2 :])[:_LONGEST_COMMENT]
        label = comment or (words[0] if at else "")
        options = _options(" ".join(words[1:at])) if at > 1 else ()
        if "cert-authority" not in options:
            yield VerifyingKey("SSH", ssh_fingerprint(blob), blob, label, (), options)


def _options(text: str) -> tuple[str, ...]:
    """Split options at commas outside quotes; ``namespaces="file,git"`` is one of them."""
    found, own, quoted = [], "", False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            found.append(own)
            own = ""
        else:
            own += character
    return tuple(part for part in (*found, own) if part)


def load_pem(raw: bytes) -> object:
    """Return the key of a SubjectPublicKeyInfo. Raises ``MalformedError``."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedError(str(error)) from None
