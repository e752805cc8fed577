"""Finds in a package which trusted root vouches for a new one: what `trust rotate` proposes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePath
from typing import Final, NamedTuple

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.constraints import HARD
from dten_audit.derive.signing.coverage import holds
from dten_audit.derive.signing.members import archives_around
from dten_audit.links.package import Package
from dten_audit.model.facts.signatures import SignatureCheck
from dten_audit.model.facts.signing import Certificate
from dten_audit.model.location import MEMBER
from dten_audit.readers.signing.certificates import X509, MalformedError, load
from dten_audit.readers.signing.sealed import signed_by
from dten_audit.site.trust import TrustedRoot, TrustStore, Via

_MOST: Final = 2_000
"""More certificates of a package than this are not looked at; a few are usual."""


class Proposal(NamedTuple):
    """A new root and the trusted one that vouches for it.

    Either by a certificate for the new root's key, ``cross``, or by a second signature over the
    same file. ``seen_in`` is the package.
    """

    old: TrustedRoot
    new: X509
    via: Via
    cross: X509 | None
    seen_in: str


def known_certificates(package: Package) -> dict[str, X509]:
    """Return the certificates of a package that can be read, by fingerprint."""
    found: dict[str, X509] = {}
    for fact in package.of(Certificate):
        if fact.sha256 not in found and len(found) < _MOST:
            try:
                found[fact.sha256] = load(fact.der)
            except MalformedError:
                continue
    return found


def is_root(own: X509) -> bool:
    """Say whether a certificate is an authority that vouches for itself."""
    return own.self_issued and own.is_ca and signed_by(own, own)


def proposals(package: Package, store: TrustStore, at: datetime) -> list[Proposal]:
    """Return the rotations that a package proves, each new root once."""
    path = next((info.address.partition(MEMBER)[0] for info in package.documents.values()), "")
    certificates = known_certificates(package)
    found: dict[str, Proposal] = {}
    checks = [check for check in package.of(SignatureCheck) if not check.incidental]
    for inside in dict.fromkeys(_inside(package, check) for check in checks):
        anchors = Anchors(store, PurePath(path).name, at, inside=inside)
        for own in (*_crossed(certificates, anchors), *_doubled(checks, certificates, anchors)):
            if not store.of(own.new.sha256) and not store.revoked(own.new):
                found.setdefault(own.new.sha256, own)
    return list(found.values())


def _inside(package: Package, check: SignatureCheck) -> tuple[str, ...]:
    info = package.documents.get(check.document)
    return archives_around(info) if info else ()


def _crossed(certificates: dict[str, X509], anchors: Anchors) -> Iterator[Proposal]:
    """Yield new roots for whose keys an accepted root issued a certificate that is valid now."""
    roots = [own for own in certificates.values() if is_root(own)]
    for cross in certificates.values():
        valid = cross.not_before <= anchors.at <= cross.not_after
        if cross.self_issued or not cross.is_ca or not valid:
            continue
        for old in anchors.roots:
            above = old.certificate
            if (
                above is None
                or above.subject_key != cross.issuer_key
                or above.not_after < anchors.at
            ):
                continue
            if not signed_by(cross, above):
                continue
            for new in roots:
                same = new.spki_sha256 == cross.spki_sha256 and new.subject_key == cross.subject_key
                if same and new.not_after >= anchors.at:
                    yield Proposal(old, new, "cross-signature", cross, anchors.names[0])


def _doubled(
    checks: list[SignatureCheck], certificates: dict[str, X509], anchors: Anchors
) -> Iterator[Proposal]:
    """Yield new roots below which somebody signed the same file as somebody below an old root."""
    good = [check for check in checks if holds(check) and check.target and _sound(check)]
    accepted = {root.sha256: root for root in anchors.roots}
    for trusted in good:
        old = accepted.get(trusted.root.sha256)
        if trusted.trust != "trusted" or old is None:
            continue
        for other in good:
            new = certificates.get(other.root.sha256)
            same = other.target == trusted.target and other.trust == "unknown-root"
            if same and new is not None and is_root(new):
                yield Proposal(old, new, "dual-signature", None, anchors.names[0])


def _sound(check: SignatureCheck) -> bool:
    return not HARD.intersection(check.defects)
