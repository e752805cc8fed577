"""Puts chains into words: lines that an operator can read aloud or compare."""

from __future__ import annotations

from typing import Final

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.paths import Path
from dten_audit.derive.signing.revocation import WHY
from dten_audit.model.facts.signatures import (
    Party,
)
from dten_audit.readers.signing.certificates import X509, grouped
from dten_audit.readers.signing.instants import day, instant
from dten_audit.site.trust import TrustedRoot

_STANDING: Final = {
    "trusted": "in your trust store",
    "unapproved": "in your trust store, but not approved yet",
    "retired": "retired in your trust store",
    "revoked": "REVOKED in your trust store",
    "out-of-scope": "in your trust store, but not for this package",
    "": "not in your trust store",
}


def party(own: X509 | None) -> Party:
    """Return a certificate in words."""
    if own is None:
        return Party()
    return Party(own.subject, own.issuer, own.sha256, grouped(own.sha256), day(own.not_after))


def root_line(root: TrustedRoot | X509) -> str:
    """Return a root in one line: subject, first digits of the fingerprint, last day."""
    own = root if isinstance(root, X509) else root.certificate
    if own is None:
        return ""
    return f"{own.subject} (SHA-256 {grouped(own.sha256[:16])} …, valid to {day(own.not_after)})"


def other_line(path: Path) -> str:
    """Return another path in one line: who vouches for whom, and what is wrong with whom."""
    names = " ← ".join(own.subject for own in path.certificates)
    wrong = "; ".join(
        f"{own.kind}{f' ({own.detail})' if own.detail else ''} of {own.certificate.subject}"
        for own in path.defects
    )
    return f"{names}: {wrong or 'nothing is wrong with it'}"


def revocation_words(path: Path) -> str:
    """Return what is known of revocations, of the first certificate that leaves a doubt."""
    for own, said in zip(path.certificates, path.revocation, strict=False):
        if said.says == "revoked" and said.at is not None:
            return f"{own.subject} was revoked at {instant(said.at)}, says {said.by}"
        if said.says == "unknown" and said.why:
            return f"not known of {own.subject}: {WHY[said.why]}"
    if not path.revocation:
        return ""
    return f"none was revoked, says {'; '.join(sorted({said.by for said in path.revocation}))}"


def chain_lines(path: Path, anchors: Anchors) -> tuple[str, ...]:
    """Return a path as a tree, root first, each certificate a line."""
    lines = []
    if path.missing_issuer:
        lines.append(f"{path.missing_issuer}  (not in the package)")
    for certificate in reversed(path.certificates):
        indent = "  " * len(lines)
        parts = [
            certificate.subject,
            f"valid {day(certificate.not_before)} to {day(certificate.not_after)}",
            certificate.key,
            f"SHA-256 {grouped(certificate.sha256)}",
        ]
        if anchors.given and certificate is path.top:
            parts.append(_STANDING[anchors.standing(certificate)])
        lines.append(indent + "  ".join(parts))
    return tuple(lines)
