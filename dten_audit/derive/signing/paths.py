"""Builds the certificate paths of a signer, judges all of them, and picks the best.

The order in which certificates lie in the package changes nothing. A flood of look-alikes exhausts
the budget and costs the package its trust, not the audit its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from dten_audit.derive.signing.constraints import HARD, Defect, Judgement, Role
from dten_audit.derive.signing.pool import Pool
from dten_audit.derive.signing.revocation import Status, status
from dten_audit.derive.signing.search import Search
from dten_audit.model.facts.signatures import ChainEnd, Trust
from dten_audit.readers.signing.certificates import X509
from dten_audit.readers.signing.instants import instant
from dten_audit.readers.signing.sealed import why_not
from dten_audit.site.trust import TrustedRoot, Vendor

_OPEN: Final = ("root-omitted", "issuer-missing")
_OTHERS: Final = 4
_DEEPEST: Final = 2
"""Who signs a list may be revoked by a list, whose signer may be revoked by a list; no further."""
_NAMESAKES: Final = 8
_MORE: Final = 16
"""How many more paths are looked at once there is a sound one; likely ones come first."""
_HARMLESS: Final = frozenset(
    {"unspecified", "affiliation_changed", "superseded", "cessation_of_operation"}
)
"""Reasons for which a timestamp authority's earlier tokens stay valid (RFC 3161, section 4)."""


class Path(NamedTuple):
    """A path, signer first. ``anchor`` is the store's entry for its last certificate, if any.

    ``revocation`` says of each certificate but the last what is known of its revocation.
    """

    certificates: tuple[X509, ...]
    anchor: TrustedRoot | None
    end: ChainEnd
    defects: tuple[Defect, ...]
    revocation: tuple[Status, ...] = ()

    @property
    def top(self) -> X509:
        """The last certificate."""
        return self.certificates[-1]

    @property
    def missing_issuer(self) -> str:
        """Who issued the last certificate, where that one is not at hand; else empty."""
        return self.top.issuer if self.end in _OPEN else ""

    @property
    def sound(self) -> bool:
        """Whether it ends in a trusted root and nothing speaks against relying on it."""
        return self.anchor is not None and not any(own.kind in HARD for own in self.defects)


class Chain(NamedTuple):
    """The best path of a signer, and how the store regards it.

    ``trust`` is empty without a store. ``cross`` is the issuer of a cross-certificate for the
    path's ``new_root``. ``others`` are the next best paths.
    """

    path: Path
    trust: Trust
    cross: X509 | None = None
    new_root: X509 | None = None
    known_root: X509 | None = None
    others: tuple[Path, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the signer is to be relied on."""
        return self.trust in ("trusted", "rotated") and self.path.sound


def build(signer: X509, pool: Pool, depth: int = 0) -> Chain:
    """Return the best path from a signer's certificate, with everything that is wrong with it.

    ``depth`` counts the lists between this signer and the one that the user asked about.
    """
    search = Search(signer, pool)
    judge = _Judge(pool, search.judgement, depth)
    paths = list(_judged(search, judge)) or [judge.path((signer,), "issuer-missing")]
    paths.sort(key=lambda path: _rank(path, pool))
    best = paths[0]
    found = list(best.defects)
    if best.end in _OPEN:
        found += _not_proven(best.certificates, pool)
    if search.exhausted and not best.sound:
        found.append(Defect("too-many-paths", "signer", signer, "more paths than are looked at"))
    best = best._replace(defects=tuple(found))
    trust = _trust(best, pool) if pool.anchors.given else ""
    cross, new_root = _cross(best, paths, pool)
    known = _namesake(best, pool)
    if trust == "trusted" and cross is not None:
        trust = "rotated"
    others = tuple(paths[1 : 1 + _OTHERS])
    return Chain(best, trust, cross, new_root, known, others)


def _judged(search: Search, judge: _Judge) -> Iterator[Path]:
    """Yield paths until there is a sound one, and a few more."""
    left = _MORE
    for certificates, end in search.paths():
        path = judge.path(certificates, end)
        yield path
        left -= path.sound or left < _MORE
        if not left:
            return


class _Judge:
    """Judges paths; what is known of a revocation is found out once for all of them."""

    def __init__(self, pool: Pool, judgement: Judgement, depth: int) -> None:
        self._pool, self._judgement, self._depth = pool, judgement, depth
        self._known: dict[tuple[X509, X509, X509], Status] = {}

    def path(self, certificates: tuple[X509, ...], end: ChainEnd) -> Path:
        """Return a path with all that is wrong with it."""
        pool, anchors = self._pool, self._pool.anchors
        dead = any(anchors.standing(own) == "revoked" for own in certificates)
        anchor = None if dead else anchors.anchor(certificates[-1])
        anchored = anchor is not None
        found = list(self._judgement.path(certificates, anchored=anchored))
        known = tuple(self._statuses(certificates))
        for number, (own, said) in enumerate(zip(certificates, known, strict=False)):
            role: Role = "intermediate" if number else "signer"
            found += _revoked(own, role, said, pool)
        vendor = anchor.vendor if anchor else Vendor()
        if pool.purpose == "package" and not vendor.names(certificates[0]):
            found.append(Defect("identity-mismatch", "signer", certificates[0], vendor.name))
        return Path(certificates, anchor, end, tuple(found), known)

    def _statuses(self, path: tuple[X509, ...]) -> Iterator[Status]:
        if not (self._pool.crls or self._pool.answers):
            return
        for own, issuer in pairwise(path):
            triple = (own, issuer, path[-1])
            if triple not in self._known:
                self._known[triple] = status(*triple, self._pool, self._same_root)
            yield self._known[triple]

    def _same_root(self, signer: X509, top: X509) -> bool:
        """Say whether who signed a list has a sound path of its own up to the same root."""
        if signer == top:
            return True
        if self._depth >= _DEEPEST:
            return False
        path = build(signer, self._pool.for_lists(), self._depth + 1).path
        return path.top == top and not any(own.kind in HARD for own in path.defects)


def _revoked(own: X509, role: Role, said: Status, pool: Pool) -> Iterator[Defect]:
    """Yield what a revocation means at the moment at which the path must hold.

    Without a timestamp nobody knows when the signature was made: whoever has the key can date it
    back. With one, what was signed before the revocation stands, unless the key was lost before.
    """
    if said.says != "revoked" or said.at is None:
        return
    words = f"revoked at {instant(said.at)}"
    if said.reason:
        words += f" ({said.reason.replace('_', ' ')})"
    words += f", says {said.by}"
    since = min(said.at, said.invalid_from or said.at)
    lost = pool.purpose == "timestamp" and said.reason not in _HARMLESS
    hard = since <= pool.when or lost or not pool.proven
    yield Defect("revoked" if hard else "revoked-later", role, own, words)


def _not_proven(path: tuple[X509, ...], pool: Pool) -> Iterator[Defect]:
    """Yield why certificates of the issuer's name at hand do not continue the path."""
    top, walked = path[-1], {own.sha256 for own in path}
    role: Role = "intermediate" if len(path) > 1 else "signer"
    for issuer in pool.named(top.issuer_key)[:_NAMESAKES]:
        reason = "" if issuer.sha256 in walked else why_not(top, issuer)
        if reason:
            yield Defect("issuer-not-proven", role, top, reason)
            return


def _rank(path: Path, pool: Pool) -> tuple[object, ...]:
    """Trusted first, then what the store knows, what imitates it, what is sound, what is short."""
    anchors = pool.anchors
    hard = sum(defect.kind in HARD for defect in path.defects)
    revoked = any(anchors.standing(own) == "revoked" for own in path.certificates)
    names = tuple(own.sha256 for own in path.certificates)
    known = bool(anchors.standing(path.top))
    return (
        path.anchor is None,
        path.anchor is not None and not path.sound,
        not revoked,
        not known,
        path.anchor is None and _namesake(path, pool) is None,
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
    if standing in ("retired", "out-of-scope", "unapproved"):
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
