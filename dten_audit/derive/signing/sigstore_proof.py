"""Proves sigstore signatures with what the trust store holds: authorities, logs, timestamps.

For instances that are not public, and for the public one where the user keeps its trusted root.
Nothing is fetched. Whose the certificate is stays open: ``sigstore_identity`` compares that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple, cast

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.paths import build
from dten_audit.derive.signing.pool import Pool
from dten_audit.derive.signing.stamps import stamp_over
from dten_audit.readers.signing import sigstore_entry, sigstore_sct
from dten_audit.readers.signing.ber import BerError, parse
from dten_audit.readers.signing.bundles import Bundle
from dten_audit.readers.signing.certificates import X509, MalformedError, load
from dten_audit.readers.signing.proofs import Content, Proof
from dten_audit.readers.signing.sigstore_entry import LogEntry
from dten_audit.readers.signing.verifying_keys import VerifyingKey

_MOST_STAMPS: Final = 10


class _RefusedError(ValueError):
    """What shows that the instance does not vouch for a signature."""


class _Material(NamedTuple):
    """A bundle with what is needed to prove it."""

    own: Bundle
    leaf: X509
    content: Content
    anchors: Anchors

    @property
    def signature(self) -> bytes:
        """The value that the log took in, and that timestamps are over."""
        if self.own.envelope is None:
            return self.own.signature
        return self.own.envelope.signatures[0][1]

    def logs(self, *forms: str) -> Iterator[VerifyingKey]:
        """Yield the keys of logs in the store."""
        yield from (own.key for own in self.anchors.keys if own.key.form in forms
                    and own.standing(self.anchors.names, self.anchors.at) == "trusted")  # fmt: skip


def vouched(own: Bundle, content: Content, anchors: Anchors) -> Proof | None:
    """Say whether an instance of the store vouches for a signature; None where it knows none.

    ``content`` is what a detached signature is over.
    """
    if not anchors.given:
        return None
    try:
        material = _Material(own, load(own.certificate), content, anchors.to("sigstore"))
        found = sigstore_entry.entries(cast("dict[str, Any]", own.stated["verificationMaterial"]))
        known = [(entry, key) for entry in found for key in _keys(entry, material)]
        if not known:
            return None
        return _proven(material, known)
    except _RefusedError as refused:
        return Proof("refused", str(refused))
    except MalformedError as error:
        return Proof("unchecked", str(error))


def _keys(entry: LogEntry, material: _Material) -> Iterator[VerifyingKey]:
    for key in material.logs("log", "PEM"):
        if key.identity == entry.log and (key.form == "PEM" or _covers(key, entry.at)):
            yield key


def _covers(key: VerifyingKey, when: datetime | None) -> bool:
    """Say whether a log's key was in use; entries without a time leave that to the timestamps."""
    start, end = (datetime.fromisoformat(own) if own else None for own in key.options)
    if when is None:
        return True
    return (start is None or start <= when) and (end is None or when <= end)


def _proven(material: _Material, known: list[tuple[LogEntry, VerifyingKey]]) -> Proof:
    times: list[datetime] = []
    for entry, key in known:
        times += _time(entry, key)
        _about(entry, material)
    times += _stamped(material)
    if not times:
        raise _RefusedError("no time is proven at which the certificate was valid")
    _certified(material)
    for when in times:
        chain = build(material.leaf, Pool((), material.anchors).at(when))
        if not chain.accepted:
            wrong = ", ".join(defect.kind for defect in chain.path.defects) or chain.trust
            raise _RefusedError(
                f"its certificate does not hold at {when:%Y-%m-%dT%H:%M:%SZ}: {wrong}"
            )
    return Proof("genuine")


def _time(entry: LogEntry, key: VerifyingKey) -> Iterator[datetime]:
    """Yield the time that a log vouches for. Raises where the entry is not the log's."""
    if entry.promise:
        if not sigstore_entry.promised(entry, key.raw):
            raise _RefusedError("the promise of the log was not made by its key over this entry")
        if entry.at is not None:
            yield entry.at
    if entry.inclusion is not None:
        problem = sigstore_entry.included(entry, key.raw)
        if problem:
            raise _RefusedError(problem)
    elif not entry.promise:
        raise _RefusedError("neither a promise nor a proof shows that the log has its entry")


def _about(entry: LogEntry, material: _Material) -> None:
    """Raise where a log entry is about another signature, certificate or content."""
    stated = sigstore_entry.stated(entry)
    if (material.signature, material.own.certificate) not in stated.signatures:
        raise _RefusedError("the log's entry is about another signature or certificate")
    envelope = material.own.envelope
    over = material.content if envelope is None else Content(envelope.payload)
    for algorithm, value in stated.digests:
        if algorithm not in ("sha256", "sha384", "sha512") or over.digest(algorithm).hex() != value:
            raise _RefusedError("the log's entry is about another content")


def _stamped(material: _Material) -> Iterator[datetime]:
    """Yield the times that authorities of the store stamped on the signature."""
    own = cast("dict[str, Any]", material.own.stated["verificationMaterial"])
    given = (own.get("timestampVerificationData") or {}).get("rfc3161Timestamps") or []
    for one in given[:_MOST_STAMPS]:
        raw = _token(str(one.get("signedTimestamp", "")))
        pool = Pool((), material.anchors)
        stamp = stamp_over(raw, material.signature, pool, "sigstore")
        if stamp.sound is False:
            raise _RefusedError(
                "a timestamp is not over this signature, or was not made by its key"
            )
        if stamp.trusted and stamp.at is not None:
            yield stamp.at


def _token(text: str) -> bytes:
    """Return the token in a response of a timestamp authority (RFC 3161, section 2.4.2)."""
    from base64 import b64decode

    try:
        return parse(b64decode(text, validate=True)).children(2)[1].raw
    except (ValueError, BerError, IndexError):
        raise _RefusedError("a timestamp that cannot be read") from None


def _certified(material: _Material) -> None:
    """Raise where logs for certificates are known, and none of them took this one in."""
    logs = {key.identity: key.raw for key in material.logs("ct-log")}
    if not logs:
        return
    issuers = [own for own in material.anchors.known if own.subject_key == material.leaf.issuer_key]
    for issuer in issuers:
        if sigstore_sct.logged(material.leaf, sha256(issuer.spki).digest(), logs):
            return
    raise _RefusedError("no log of certificates that you trust took its certificate in")
