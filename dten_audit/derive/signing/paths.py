"""Builds the certificate paths of a signer, all of them within a budget, and picks the best.

The order in which certificates lie in the package changes nothing. A flood of look-alikes exhausts
the budget and costs the package its trust, not the audit its time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, Literal, NamedTuple

from dten_audit.derive.signing.constraints import HARD, Defect, defects
from dten_audit.model.facts.signatures import (
    ChainEnd,
    Trust,
)
from dten_audit.readers.signing.certificates import X509, NameKey, signed_by
from dten_audit.readers.signing.oids import CODE_SIGNING, TIME_STAMPING
from dten_audit.site.trust import TrustedRoot, TrustStore, Vendor

MAX_LENGTH: Final = 10
_STEPS: Final = 2_000
_VERIFICATIONS: Final = 1_000
_ALL_VERIFICATIONS: Final = 20_000

_OPEN: Final = ("root-omitted", "issuer-missing")

Standing = Literal["", "trusted", "retired", "revoked", "out-of-scope"]


class Anchors:
    """The trust store as it applies to one package at one moment, for one use."""

    def __init__(
        self, store: TrustStore | None, package: str, at: datetime, use: str = "package"
    ) -> None:
        self._store = store
        self._package = package
        self.at = at
        self.use = use

    def to(self, use: str) -> Anchors:
        """Return the same for another use: ``package`` or ``timestamp``."""
        return Anchors(self._store, self._package, self.at, use)

    @property
    def vendor(self) -> Vendor:
        """The vendor whose record names the package; one without a name where there is none."""
        found = self._store.vendor_of(self._package) if self._store else None
        return found or Vendor()

    @property
    def given(self) -> bool:
        """Whether the user gave a trust store at all."""
        return self._store is not None

    @property
    def roots(self) -> tuple[TrustedRoot, ...]:
        """What the store holds and accepts for this package."""
        return tuple(root for root in self._all if self._accepts(root))

    @property
    def known(self) -> tuple[X509, ...]:
        """Every certificate of the store, whatever its state."""
        return tuple(root.certificate for root in self._all if root.certificate is not None)

    @property
    def _all(self) -> tuple[TrustedRoot, ...]:
        return self._store.roots if self._store else ()

    def _accepts(self, root: TrustedRoot) -> bool:
        applies = self.use in root.use and root.vendor.covers(self._package)
        return applies and root.accepted(self.at) and root.certificate is not None

    def anchor(self, certificate: X509) -> TrustedRoot | None:
        """Return the store's entry that makes this certificate an end of trusted paths."""
        if self._store is None or self._store.revoked(certificate):
            return None
        accepted = [root for root in self._store.entries(certificate) if self._accepts(root)]
        accepted.sort(key=lambda root: (not root.vendor.scope, root.vendor.name))
        return accepted[0] if accepted else None

    def standing(self, certificate: X509) -> Standing:
        """Say how the store regards this certificate; empty where it knows it not."""
        if self._store is None:
            return ""
        if self._store.revoked(certificate):
            return "revoked"
        if self.anchor(certificate) is not None:
            return "trusted"
        entries = self._store.entries(certificate)
        if not entries:
            return ""
        return "out-of-scope" if any(root.accepted(self.at) for root in entries) else "retired"

    def named(self, subject: NameKey) -> list[X509]:
        """Return the store's certificates of that subject."""
        found = self._store.named(subject) if self._store else []
        return [root.certificate for root in found if root.certificate is not None]


class Signed:
    """Who signed whom, asked once for each pair; ``left`` bounds what a package may ask."""

    def __init__(self, left: int = _ALL_VERIFICATIONS) -> None:
        self.known: dict[tuple[str, str], bool] = {}
        self.left = left


class Pool:
    """The certificates that may be part of a path: those sent along, and those of the store.

    ``when`` is the moment at which paths must be valid, by default that of the audit. ``signed``
    is shared by all searches of a package.
    """

    def __init__(
        self,
        sent: Iterable[X509],
        anchors: Anchors,
        when: datetime | None = None,
        signed: Signed | None = None,
    ) -> None:
        self.anchors = anchors
        self.when = when or anchors.at
        self.signed = signed or Signed()
        self._by_subject: dict[NameKey, dict[str, X509]] = defaultdict(dict)
        for certificate in sent:
            self._by_subject[certificate.subject_key][certificate.sha256] = certificate

    def at(self, when: datetime, use: str = "package") -> Pool:
        """Return the same certificates for another moment and use."""
        again = Pool((), self.anchors.to(use), when, self.signed)
        again._by_subject = self._by_subject
        return again

    def named(self, subject: NameKey) -> list[X509]:
        """Return the certificates of that subject, in an order of their own."""
        found = dict(self._by_subject.get(subject, {}))
        found.update({own.sha256: own for own in self.anchors.named(subject)})
        return [found[sha256] for sha256 in sorted(found)]


class Path(NamedTuple):
    """A path, signer first. ``anchor`` is the store's entry for its last certificate, if any."""

    certificates: tuple[X509, ...]
    anchor: TrustedRoot | None
    end: ChainEnd
    defects: tuple[Defect, ...]

    @property
    def top(self) -> X509:
        """The last certificate."""
        return self.certificates[-1]

    @property
    def missing_issuer(self) -> str:
        """Who issued the last certificate, where that one is not at hand; else empty."""
        return self.top.issuer if self.end in _OPEN else ""


class Chain(NamedTuple):
    """The best path of a signer, and how the store regards it.

    ``trust`` is empty without a store. ``cross`` is the issuer of a cross-certificate for the
    path's ``new_root``.
    """

    path: Path
    trust: Trust
    cross: X509 | None = None
    new_root: X509 | None = None
    known_root: X509 | None = None


class _Search:
    """A walk through all paths, with its budget."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.steps, self.verifications = _STEPS, _VERIFICATIONS
        self.exhausted = False

    def walk(self, path: tuple[X509, ...]) -> Iterator[tuple[tuple[X509, ...], ChainEnd]]:
        """Yield each path that cannot be continued, and how it ends."""
        self.steps -= 1
        self.exhausted |= self.steps < 0
        if self.exhausted:
            return
        top = path[-1]
        self_signed = top.self_issued and self.signed(top, top)
        if self.pool.anchors.standing(top):
            yield path, ("self-signed" if self_signed and len(path) == 1 else "root")
            return
        issuers = [] if len(path) >= MAX_LENGTH else self.issuers(path)
        for issuer in issuers:
            yield from self.walk((*path, issuer))
        if self_signed:
            yield path, ("self-signed" if len(path) == 1 else "root")
        elif not issuers:
            yield path, ("issuer-missing" if len(path) == 1 else "root-omitted")

    def issuers(self, path: tuple[X509, ...]) -> list[X509]:
        """Return who may stand above the path's last certificate, likely ones first."""
        top, standing = path[-1], self.pool.anchors.standing
        walked = {(own.subject_key, own.spki_sha256) for own in path}
        wanted = top.authority_key_id
        named = self.pool.named(top.issuer_key)
        named.sort(key=lambda own: (not standing(own), bool(wanted) and own.key_id != wanted))
        return [
            issuer
            for issuer in named
            if (issuer.subject_key, issuer.spki_sha256) not in walked and self.signed(top, issuer)
        ]

    def signed(self, certificate: X509, issuer: X509) -> bool:
        """Say whether the issuer's key signed the certificate."""
        pair, shared = (certificate.sha256, issuer.sha256), self.pool.signed
        if pair not in shared.known:
            self.verifications -= 1
            shared.left -= 1
            if self.verifications < 0 or shared.left < 0:
                self.exhausted = True
                return False
            shared.known[pair] = signed_by(certificate, issuer)
        return shared.known[pair]


def build(signer: X509, pool: Pool) -> Chain:
    """Return the best path from a signer's certificate, with everything that is wrong with it."""
    search = _Search(pool)
    paths = [_judged(certificates, end, pool) for certificates, end in search.walk((signer,))]
    if not paths:
        paths = [_judged((signer,), "issuer-missing", pool)]
    best = min(paths, key=lambda path: _rank(path, pool.anchors))
    if search.exhausted and best.anchor is None:
        much = Defect("too-many-paths", "signer", signer)
        best = best._replace(defects=(*best.defects, much))
    trust = _trust(best, pool) if pool.anchors.given else ""
    cross, new_root = _cross(best, paths, pool)
    known = _namesake(best, pool)
    if trust == "trusted" and cross is not None:
        trust = "rotated"
    return Chain(best, trust, cross, new_root, known)


def _judged(certificates: tuple[X509, ...], end: ChainEnd, pool: Pool) -> Path:
    anchors = pool.anchors
    dead = any(anchors.standing(own) == "revoked" for own in certificates)
    anchor = None if dead else anchors.anchor(certificates[-1])
    purpose = CODE_SIGNING if anchors.use == "package" else TIME_STAMPING
    anchored = anchor is not None
    found = list(defects(certificates, pool.when, anchored=anchored, purpose=purpose))
    vendor = anchor.vendor if anchor else Vendor()
    if anchors.use == "package" and not vendor.names(certificates[0]):
        found.append(Defect("identity-mismatch", "signer", certificates[0], vendor.name))
    return Path(certificates, anchor, end, tuple(found))


def _rank(path: Path, anchors: Anchors) -> tuple[object, ...]:
    """Trusted first, then what ends in a root, then what is sound, then what is short."""
    hard = sum(defect.kind in HARD for defect in path.defects)
    revoked = any(anchors.standing(own) == "revoked" for own in path.certificates)
    names = tuple(own.sha256 for own in path.certificates)
    known = bool(anchors.standing(path.top))
    return (
        path.anchor is None,
        not revoked,
        not known,
        path.end in _OPEN,
        hard,
        len(path.defects),
        len(names),
        names,
    )


def _trust(path: Path, pool: Pool) -> Trust:
    anchors = pool.anchors
    if any(anchors.standing(own) == "revoked" for own in path.certificates):
        return "revoked"
    if path.anchor is not None:
        return "trusted"
    standing = anchors.standing(path.top)
    if standing in ("retired", "out-of-scope"):
        return standing
    if _namesake(path, pool) is not None:
        return "impostor-root"
    if path.end == "self-signed":
        return "self-signed"
    return "chain-incomplete" if path.end == "issuer-missing" else "unknown-root"


def _namesake(path: Path, pool: Pool) -> X509 | None:
    """Return a trusted root of the name that the path ends in, though not of its key."""
    top = path.top
    name = top.issuer_key if path.end in _OPEN else top.subject_key
    for own in pool.anchors.named(name):
        if own.spki_sha256 != top.spki_sha256:
            return own
    return None


def _cross(best: Path, paths: Iterable[Path], pool: Pool) -> tuple[X509, X509] | tuple[None, None]:
    """Return a cross-certificate and the root that it vouches for, itself not in the store.

    On a trusted path it is one of its own certificates; else one of another, untrusted path.
    """
    for path in (best,) if best.anchor else paths:
        for own in path.certificates[1:]:
            roots = [] if own.self_issued else pool.named(own.subject_key)
            for root in roots:
                if root.self_issued and root.spki_sha256 == own.spki_sha256:
                    return own, root
    return None, None
