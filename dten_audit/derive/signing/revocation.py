"""Whether a certificate of a path was revoked, by the lists and answers that lie in the package.

After RFC 5280, section 6.3, and RFC 6960. A list counts only with the signature of the issuer of
the certificate, or of whom the issuer empowered; from others it proves nothing. That a certificate
was *not* revoked is known only from a list that is current and speaks of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, Literal, NamedTuple

from dten_audit.derive.signing.pool import Pool
from dten_audit.readers.signing.certificates import X509, MalformedError, NameKey
from dten_audit.readers.signing.crl import (
    REASONS,
    Crl,
    Entry,
    GeneralNames,
    general_names,
    relative_name,
)
from dten_audit.readers.signing.instants import day, instant
from dten_audit.readers.signing.ocsp import Answer, Ocsp
from dten_audit.readers.signing.oids import OCSP_SIGNING

_REMOVED: Final = "remove_from_crl"

SameRoot = Callable[[X509, X509], bool]
"""Whether a certificate that signs lists has a sound path to the very root of another path."""


Why = Literal[
    "",
    "no-list",
    "not-its-issuer",
    "changes-only",
    "other-point",
    "other-kind",
    "not-current",
    "not-understood",
    "some-reasons",
]
WHY: Final[dict[Why, str]] = {
    "no-list": "no revocation list of its issuer is in the package",
    "not-its-issuer": "the revocation list in the package is not signed by its issuer",
    "changes-only": "there is only a list of changes to another list",
    "other-point": "the revocation list is that of another distribution point",
    "other-kind": "the revocation list does not speak of certificates of its kind",
    "not-current": "the revocation list in the package is not current",
    "not-understood": "the revocation list states something critical that is unknown",
    "some-reasons": "the revocation list speaks of some reasons only",
}
"""Why it is not known that a certificate was not revoked, in words."""


class Status(NamedTuple):
    """What is known of a certificate. ``by`` says in words who said so, ``why`` why it is open."""

    says: Literal["good", "revoked", "unknown"]
    at: datetime | None = None
    reason: str = ""
    invalid_from: datetime | None = None
    by: str = ""
    why: Why = ""


class Point(NamedTuple):
    """Where a certificate's issuer puts its lists: names, for which reasons, who signs them."""

    names: GeneralNames
    reasons: frozenset[str] = REASONS
    issuers: frozenset[NameKey] = frozenset()


def status(certificate: X509, issuer: X509, top: X509, pool: Pool, same: SameRoot) -> Status:
    """Return what the pool's lists and answers say of a certificate of a path up to ``top``."""
    answered = _answered(certificate, issuer, pool)
    if answered is not None and answered.says == "revoked":
        return answered
    points = _points(certificate)
    named = {certificate.issuer_key}.union(*(point.issuers for point in points))
    lists = [own for own in pool.crls if own.issuer_key in named]
    proven = [own for own in lists if _proven(own, issuer, top, pool, same)]
    listed = _listed(certificate, proven)
    if listed is not None:
        return listed
    if answered is not None:
        return answered
    covered: set[str] = set()
    why: Why = "not-its-issuer" if lists else "no-list"
    for point in points:
        for own in proven:
            reasons, why = _covers(own, point, certificate, pool, why)
            covered |= reasons
    if covered == REASONS:
        current = ", ".join(sorted({_words(own) for own in proven}))
        return Status("good", by=current)
    return Status("unknown", why=why)


def _answered(certificate: X509, issuer: X509, pool: Pool) -> Status | None:
    """Return what OCSP responses say; a revocation outweighs all else."""
    found = None
    for response in pool.answers:
        for answer in response.answers:
            if not answer.names(certificate, issuer) or not responded(response, issuer, pool):
                continue
            words = f"the OCSP response of {day(response.produced)}"
            if answer.says == "revoked":
                at, reason = answer.revoked_at, answer.reason
                return Status("revoked", at, reason, None, words)
            if answer.says == "good" and _current(answer, pool):
                found = Status("good", by=words)
    return found


def _current(own: Crl | Answer, pool: Pool) -> bool:
    in_time = own.next_update is not None and pool.when <= own.next_update
    return in_time and own.this_update <= max(pool.when, pool.anchors.at)


def responded(response: Ocsp, issuer: X509, pool: Pool) -> bool:
    """Say whether the issuer, or whom it empowered for this, made the response.

    RFC 6960, section 4.2.2.2.
    """
    if pool.work.answered(response, issuer):
        return True
    for own in (*response.certificates, *pool.named(response.responder)):
        in_time = own.not_before <= response.produced <= own.not_after
        empowered = OCSP_SIGNING in (own.purposes or ()) and in_time
        if empowered and pool.work.answered(response, own) and pool.work.signed(own, issuer):
            return True
    return False


def _points(certificate: X509) -> list[Point]:
    """Return the distribution points, and the issuer itself as the last of them."""
    from cryptography import x509

    found = []
    for point in certificate.extension(x509.CRLDistributionPoints) or ():
        issuers = general_names(point.crl_issuer)
        below = next((name for _, name in issuers), certificate.issuer_key)
        names = general_names(point.full_name) | relative_name(point.relative_name, _key(below))
        reasons = frozenset(reason.name for reason in point.reasons or ())
        named = frozenset(_key(name) for kind, name in issuers if kind == "DirectoryName")
        found.append(Point(names or issuers, reasons or REASONS, named))
    own: GeneralNames = frozenset({("DirectoryName", certificate.issuer_key)})
    return [*found, Point(own)]


def _key(name: object) -> NameKey:
    return name if isinstance(name, tuple) else ()


def _proven(own: Crl, issuer: X509, top: X509, pool: Pool, same: SameRoot) -> bool:
    """Say whether the list is signed by whom the issuer of the certificate answers for."""
    for signer in _signers(own, issuer, pool):
        if pool.work.listed(own, signer) and (signer == issuer or same(signer, top)):
            return True
    return False


def _signers(own: Crl, issuer: X509, pool: Pool) -> Iterator[X509]:
    if issuer.subject_key == own.issuer_key and signs_lists(issuer):
        yield issuer
    for signer in pool.named(own.issuer_key):
        if signer != issuer and signs_lists(signer):
            yield signer


def signs_lists(own: X509) -> bool:
    """Say whether a certificate's key usage lets it sign revocation lists."""
    from cryptography import x509

    usage = own.extension(x509.KeyUsage)
    return usage is None or usage.crl_sign


def _listed(certificate: X509, proven: list[Crl]) -> Status | None:
    """Return the revocation that one of the lists states."""
    removed = False
    for own in sorted(proven, key=lambda own: (own.base is None, -own.number)):
        entry = None if own.scope.attributes_only else _entry(own, certificate)
        if entry is None:
            continue
        if entry.reason == _REMOVED:
            removed = own.base is not None
        elif not (removed and entry.reason == "certificate_hold"):
            return Status("revoked", entry.at, entry.reason, entry.invalid_from, _words(own))
    return None


def _entry(own: Crl, certificate: X509) -> Entry | None:
    try:
        return own.entry(certificate.issuer_key, certificate.serial)
    except MalformedError:
        return None


def _words(own: Crl) -> str:
    return f"the revocation list of {own.issuer} of {instant(own.this_update)}"


def _covers(
    own: Crl, point: Point, certificate: X509, pool: Pool, why: Why
) -> tuple[frozenset[str], Why]:
    """Return the reasons for which the list shows that a certificate was not revoked."""
    nothing: frozenset[str] = frozenset()
    scope = own.scope
    if own.base is not None:
        return nothing, "changes-only"
    if point.issuers and not (scope.indirect and own.issuer_key in point.issuers):
        return nothing, why
    if not point.issuers and own.issuer_key != certificate.issuer_key:
        return nothing, why
    if scope.points and not scope.points & point.names:
        return nothing, "other-point"
    if scope.attributes_only or not (scope.authorities if certificate.is_ca else scope.users):
        return nothing, "other-kind"
    if not _current(own, pool):
        return nothing, "not-current"
    if not own.conclusive:
        return nothing, "not-understood"
    return scope.reasons & point.reasons, "some-reasons"
