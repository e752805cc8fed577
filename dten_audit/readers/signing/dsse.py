"""DSSE envelopes, and the in-toto statements in them: which digests somebody vouches for.

https://github.com/secure-systems-lab/dsse, version 1.0; https://in-toto.io/Statement/v1.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.readers.signing import bare
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.proofs import Content, Proof

_SIGNATURES: Final = 20
"""More signatures than this on one envelope are not looked at; one is usual."""
_SUBJECTS: Final = 10_000
_STATEMENT: Final = "https://in-toto.io/Statement/"
DIGESTS: Final = ("sha512", "sha384", "sha256", "sha1")
"""The digests of subjects that are compared, the strongest first."""


class Envelope(NamedTuple):
    """An envelope: a payload and its signatures, each with the key id that it names."""

    kind: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def message(self) -> bytes:
        """What the signatures are over: the pre-authentication encoding."""
        kind = self.kind.encode()
        head = f"DSSEv1 {len(kind)} ".encode() + kind + f" {len(self.payload)} ".encode()
        return head + self.payload


class Subject(NamedTuple):
    """What a statement is about: a name, and the digest of the file that has it."""

    name: str
    algorithm: str
    digest: str


def parse(node: object) -> Envelope:
    """Return the envelope that parsed JSON is. Raises ``MalformedError``."""
    if not isinstance(node, dict):
        raise MalformedError("not a DSSE envelope")
    kind, payload, stated = (node.get(key) for key in ("payloadType", "payload", "signatures"))
    if not isinstance(kind, str) or not isinstance(payload, str) or not isinstance(stated, list):
        raise MalformedError("not a DSSE envelope")
    signatures = []
    for one in stated[:_SIGNATURES]:
        value = one.get("sig") if isinstance(one, dict) else None
        if not isinstance(value, str):
            raise MalformedError("a signature without a value")
        named = one.get("keyid")
        signatures.append((named if isinstance(named, str) else "", _base64(value)))
    return Envelope(kind, _base64(payload), tuple(signatures))


def load(data: bytes) -> Envelope:
    """Return the envelope that a JSON text is. Raises ``MalformedError``."""
    try:
        return parse(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise MalformedError(str(error)) from None


def _base64(text: str) -> bytes:
    plain = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError("not base64") from None


def verify(own: Envelope, number: int, spki: bytes) -> Proof:
    """Check one signature of an envelope with a public key (SubjectPublicKeyInfo)."""
    return bare.verify(own.signatures[number][1], spki, Content(own.message))


def statement(payload: bytes) -> tuple[str, list[Subject]] | None:
    """Return predicate type and subjects of an in-toto statement; None for other payloads."""
    try:
        node = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(node, dict) or not str(node.get("_type", "")).startswith(_STATEMENT):
        return None
    stated = node.get("subject")
    subjects = stated[:_SUBJECTS] if isinstance(stated, list) else []
    return str(node.get("predicateType", "")), list(_subjects(subjects))


def _subjects(stated: list[object]) -> Iterator[Subject]:
    for one in stated:
        digests = one.get("digest") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(digests, dict):
            continue
        for algorithm in DIGESTS:
            value = digests.get(algorithm)
            if isinstance(value, str):
                yield Subject(str(one.get("name", "")), algorithm, value.lower())
                break
