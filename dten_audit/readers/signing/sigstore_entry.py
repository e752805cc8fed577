"""Entries of sigstore's transparency log, and whether the log's own key vouches for them.

A promise (SET) is the log's signature over the entry; a proof of inclusion leads from the entry to
a tree whose head the log signed (RFC 6962; C2SP's checkpoint and signed-note). What an entry says
was signed, by which certificate, stands in its body: hashedrekord, dsse and intoto of Rekor.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.pem import blocks
from dten_audit.readers.signing.verifying_keys import load_pem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

_MOST_HASHES: Final = 64
_DASH: Final = "\u2014 "
_ALGORITHMS: Final = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


class Inclusion(NamedTuple):
    """A proof that an entry is in a tree: its number, the tree's size and head, and the way there.

    ``checkpoint`` is the head as the log signed it.
    """

    number: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


class LogEntry(NamedTuple):
    """An entry as a bundle carries it. ``log`` is the log's id in hexadecimal.

    ``time`` is when the log says that it took it in, None where it does not say. ``promise`` is its
    signature over the entry, empty without one.
    """

    log: str
    number: int
    time: int | None
    body: bytes
    promise: bytes
    inclusion: Inclusion | None

    @property
    def at(self) -> datetime | None:
        """The time that it states."""
        return datetime.fromtimestamp(self.time, UTC) if self.time else None


class Stated(NamedTuple):
    """What the body of an entry says was signed.

    ``digests`` are of the artifact or payload, by algorithm and in hexadecimal; ``signatures`` with
    the certificate (DER) or key that made each.
    """

    digests: tuple[tuple[str, str], ...]
    signatures: tuple[tuple[bytes, bytes], ...]


def entries(material: dict[str, Any]) -> list[LogEntry]:
    """Return the log entries of a bundle's verification material. Raises ``MalformedError``."""
    found = material.get("tlogEntries") or []
    return guarded(lambda: [_entry(own) for own in found[:_MOST_HASHES]])


def _entry(own: dict[str, Any]) -> LogEntry:
    promise = (own.get("inclusionPromise") or {}).get("signedEntryTimestamp", "")
    proof = own.get("inclusionProof")
    inclusion = None
    if proof:
        inclusion = Inclusion(
            int(proof.get("logIndex", 0)),
            int(proof["treeSize"]),
            b64decode(proof["rootHash"]),
            tuple(b64decode(one) for one in proof.get("hashes", [])[:_MOST_HASHES]),
            str((proof.get("checkpoint") or {}).get("envelope", "")),
        )
    time = int(own.get("integratedTime") or 0)
    return LogEntry(
        b64decode(own["logId"]["keyId"]).hex(), int(own.get("logIndex", 0)), time or None,
        b64decode(own["canonicalizedBody"]), b64decode(promise), inclusion,
    )  # fmt: skip


# --- the log's own word ------------------------------------------------------------------------


def promised(own: LogEntry, spki: bytes) -> bool:
    """Say whether the log's key made the promise over this entry."""
    signed = {
        "body": b64encode(own.body).decode(),
        "integratedTime": own.time,
        "logID": own.log,
        "logIndex": own.number,
    }
    message = json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()
    return _made(spki, own.promise, message)


def included(own: LogEntry, spki: bytes) -> str:
    """Return why an entry is not proven to be in the log's tree; empty where it is."""
    proof = own.inclusion
    if proof is None:
        return "it has no proof of inclusion"
    head = tree_head(proof, sha256(b"\0" + own.body).digest())
    if head != proof.root:
        return "its proof of inclusion does not lead to the head of the tree that it names"
    text, _, signatures = proof.checkpoint.partition("\n\n")
    lines = text.split("\n")
    if len(lines) < 3 or lines[1] != str(proof.size) or _decoded(lines[2]) != proof.root:  # noqa: PLR2004 - origin, size, head
        return "its checkpoint is of another tree"
    for line in signatures.split("\n"):
        raw = _decoded(line.rpartition(" ")[2]) if line.startswith(_DASH) else b""
        if raw[:4].hex() == own.log[:8] and _made(spki, raw[4:], f"{text}\n".encode()):
            return ""
    return "its checkpoint is not signed by the log's key"


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""


def tree_head(proof: Inclusion, leaf: bytes) -> bytes:
    """Return the head of the tree that a proof leads to (RFC 9162, section 2.1.3.2)."""
    if not 0 <= proof.number < proof.size:
        return b""
    place, last, head = proof.number, proof.size - 1, leaf
    for own in proof.hashes:
        if last == 0:
            return b""
        if place & 1 or place == last:
            head = sha256(b"\1" + own + head).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            head = sha256(b"\1" + head + own).digest()
        place, last = place >> 1, last >> 1
    return head if last == 0 else b""


def _made(spki: bytes, signature: bytes, message: bytes) -> bool:
    try:
        return guarded(lambda: _checked(load_pem(spki), signature, message))
    except MalformedError:
        return False


def _checked(key: object, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(_hash()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), _hash())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _hash() -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA256()


# --- what the entry is about -------------------------------------------------------------------


def stated(own: LogEntry) -> Stated:
    """Return what an entry says was signed. Raises ``MalformedError``."""
    return guarded(lambda: _stated(json.loads(own.body)))


def _stated(body: dict[str, Any]) -> Stated:
    kind, version, spec = body["kind"], body["apiVersion"], body["spec"]
    if version == "0.0.2" and kind in ("hashedrekord", "dsse"):
        return _second(spec)
    if kind == "hashedrekord":
        digest, own = spec["data"]["hash"], spec["signature"]
        pair = (b64decode(own["content"]), _verifier(own["publicKey"]["content"]))
        return Stated(((digest["algorithm"], digest["value"].lower()),), (pair,))
    if kind == "dsse":
        digest = spec["payloadHash"]
        pairs = tuple(
            (b64decode(own["signature"]), _verifier(own["verifier"])) for own in spec["signatures"]
        )
        return Stated(((digest["algorithm"], digest["value"].lower()),), pairs)
    if kind == "intoto":
        digest = spec["content"]["payloadHash"]
        pairs = tuple(_intoto(spec["content"]["envelope"]["signatures"]))
        return Stated(((digest["algorithm"], digest["value"].lower()),), pairs)
    raise MalformedError(f"a log entry of the kind {str(kind)[:20]}, which is not known here")


def _intoto(signatures: list[dict[str, Any]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the signatures of an intoto entry, whose values are base64 of base64."""
    for own in signatures:
        value = b64decode(own["sig"])
        yield b64decode(value), _verifier(own["publicKey"])


def _second(spec: dict[str, Any]) -> Stated:
    """Return what an entry of the second version of Rekor says."""
    own = spec.get("hashedRekordV002") or spec["dsseV002"]
    digest = own["data"] if "data" in own else own["payloadHash"]
    signatures = [own["signature"]] if "signature" in own else own["signatures"]
    pairs = tuple(
        (b64decode(one["content"]), b64decode(_raw(one["verifier"]))) for one in signatures
    )
    algorithm = _ALGORITHMS[digest["algorithm"]]
    return Stated(((algorithm, b64decode(digest["digest"]).hex()),), pairs)


def _raw(verifier: dict[str, Any]) -> str:
    return str((verifier.get("x509Certificate") or verifier["publicKey"])["rawBytes"])


def _verifier(text: str) -> bytes:
    """Return a certificate or key that stands in an entry as PEM in base64."""
    own = next(blocks(b64decode(text).decode("ascii")), None)
    if own is None or own.data is None:
        raise MalformedError("a log entry without the signer's certificate")
    return own.data
