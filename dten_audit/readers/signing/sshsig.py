"""SSH signatures, as ``ssh-keygen -Y sign`` makes them (PROTOCOL.sshsig of OpenSSH)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.proofs import Content, Proof, Stated
from dten_audit.readers.signing.verifying_keys import VerifyingKey, ssh_fingerprint

_MAGIC: Final = b"SSHSIG"
_HASHES: Final = frozenset({"sha256", "sha512"})
_SECURITY_KEY: Final = "sk-"
_FLAGS: Final = 5
"""What a security key signs along: a byte of flags and a counter of four."""
_USER_PRESENT: Final = 1
FILES: Final = "file"
"""The namespace of signatures over files (ssh-keygen(1), ``-Y sign -n file``)."""


class Signature(NamedTuple):
    """A signature: whose key, for which purpose, over which digest."""

    key: bytes
    namespace: str
    reserved: bytes
    digest: str
    algorithm: str
    value: bytes
    flags: bytes

    def message(self, content: Content) -> bytes:
        """Return what the signature is over."""
        hashed = content.digest(self.digest)
        parts = (self.namespace.encode(), self.reserved, self.digest.encode(), hashed)
        return _MAGIC + b"".join(len(part).to_bytes(4) + part for part in parts)


def _strings(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        part = data[at + 4 : at + 4 + size]
        if len(part) != size or at + 4 > len(data):
            raise MalformedError("a structure with parts missing")
        yield part
        at += 4 + size


def parse(raw: bytes) -> Signature:
    """Parse the bytes of a block ``SSH SIGNATURE``. Raises ``MalformedError``."""
    if raw[:6] != _MAGIC or raw[6:10] != b"\0\0\0\1":
        raise MalformedError("not an SSH signature of version 1")
    parts = list(_strings(raw[10:]))
    if len(parts) != 5:  # noqa: PLR2004 -- key, namespace, reserved, digest, signature
        raise MalformedError("a structure with parts missing")
    key, namespace, reserved, digest, signature = parts
    size = int.from_bytes(signature[:4])
    kind, rest = signature[4 : 4 + size], signature[4 + size :]
    end = 4 + int.from_bytes(rest[:4])
    if len(rest) < end:
        raise MalformedError("a structure with parts missing")
    return Signature(
        key,
        namespace.decode("utf-8", "replace"),
        reserved,
        digest.decode("ascii", "replace"),
        kind.decode("ascii", "replace"),
        rest[4:end],
        rest[end:],
    )


def stated(raw: bytes) -> Stated:
    """Return what a signature says of itself. Raises ``MalformedError``."""
    own = parse(raw)
    return Stated(ssh_fingerprint(own.key), digest=own.digest, comment=own.namespace)


def own_key(raw: bytes) -> VerifyingKey:
    """Return the key that a signature carries, which proves nothing about whose it is."""
    blob = parse(raw).key
    return VerifyingKey("SSH", ssh_fingerprint(blob), blob)


def verify(raw: bytes, key: VerifyingKey, content: Content) -> Proof:
    """Check a signature over ``content`` with an SSH public key."""
    own = parse(raw)
    if own.digest not in _HASHES:
        return Proof("unchecked", f"the digest {own.digest} is not one of this format")
    if not own.namespace:
        return Proof("refused", "it names no namespace, which the format demands")
    try:
        sound = _made(own, key.raw, own.message(content))
    except MalformedError as error:
        return Proof("unchecked", str(error))
    if not sound:
        return Proof("forged")
    if own.algorithm.startswith(_SECURITY_KEY) and not own.flags[0] & _USER_PRESENT:
        return Proof("refused", "nobody touched the security key that made it")
    allowed = _allowed(key.options, own.namespace)
    return Proof("refused", allowed) if allowed else Proof("genuine")


def _allowed(options: tuple[str, ...], namespace: str) -> str:
    """Say why the options of an allowed signer forbid this; empty where they do not."""
    globs = [
        glob
        for option in options
        if option.startswith("namespaces=")
        for glob in option.partition("=")[2].split(",")
    ] or [FILES]
    if any(fnmatchcase(namespace, glob) for glob in globs):
        return ""
    return f"it was made for {namespace!r}, and the key is for {', '.join(globs)}"


def limits(options: tuple[str, ...]) -> tuple[datetime | None, datetime | None]:
    """Return from when until when an allowed signer may sign: ``valid-after``, ``-before``."""
    first = last = None
    for option in options:
        name, _, value = option.partition("=")
        if name == "valid-after":
            first = _date(value)
        elif name == "valid-before":
            last = _date(value)
    return first, last


def _date(text: str) -> datetime | None:
    """Read YYYYMMDD[HHMM[SS]], taken as UTC."""
    digits = text.removesuffix("Z")
    for form in ("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S"):
        if digits.isdigit() and len(digits) == len(datetime(2000, 1, 1).strftime(form)):  # noqa: DTZ001
            try:
                return datetime.strptime(digits, form).replace(tzinfo=UTC)
            except ValueError:
                return None
    return None


def _made(own: Signature, blob: bytes, message: bytes) -> bool:
    """Say whether the key made the signature. Raises ``MalformedError`` where nobody can tell."""
    from cryptography.exceptions import InvalidSignature

    try:
        _check(own, blob, message)
    except InvalidSignature:
        return False
    return True


def _check(own: Signature, blob: bytes, message: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    key, application = _load(blob)
    if own.algorithm.startswith(_SECURITY_KEY):
        if application is None or len(own.flags) != _FLAGS:
            raise MalformedError("the signature is by a security key, the key is none")
        digests = (hashlib.sha256(part).digest() for part in (application, message))
        message = next(digests) + own.flags + next(digests)
    elif own.flags or application is not None:
        raise MalformedError("a structure with other parts than its algorithm has")
    plain = own.algorithm.removeprefix(_SECURITY_KEY).removesuffix("@openssh.com")
    if isinstance(key, ed25519.Ed25519PublicKey) and plain == "ssh-ed25519":
        key.verify(own.value, message)
    elif isinstance(key, rsa.RSAPublicKey) and plain in ("rsa-sha2-256", "rsa-sha2-512"):
        hashing = hashes.SHA256() if plain.endswith("256") else hashes.SHA512()
        key.verify(own.value, message, padding.PKCS1v15(), hashing)
    elif isinstance(key, ec.EllipticCurvePublicKey) and plain.startswith("ecdsa-sha2-"):
        numbers = [int.from_bytes(part) for part in _strings(own.value)]
        if len(numbers) != 2:  # noqa: PLR2004 -- r and s
            raise MalformedError("a structure with parts missing")
        by_size = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
        digest = by_size[key.curve.key_size]
        key.verify(encode_dss_signature(*numbers), message, ec.ECDSA(digest))
    else:
        raise MalformedError(f"the algorithm {own.algorithm} does not belong to the key")


def _load(blob: bytes) -> tuple[object, bytes | None]:
    """Return a key, and for a security key the application it is for."""
    from base64 import b64encode

    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    parts = list(_strings(blob))
    kind = parts[0].decode("ascii", "replace") if parts else ""
    try:
        if kind == "sk-ssh-ed25519@openssh.com":
            return ed25519.Ed25519PublicKey.from_public_bytes(parts[1]), parts[2]
        if kind == "sk-ecdsa-sha2-nistp256@openssh.com":
            curve = ec.SECP256R1()
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, parts[2]), parts[3]
        return load_ssh_public_key(kind.encode() + b" " + b64encode(blob)), None
    except (ValueError, IndexError, UnsupportedAlgorithm) as error:
        raise MalformedError(f"a key of type {kind} that cannot be read: {error}") from None
