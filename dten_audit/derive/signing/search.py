"""Finds the certificate paths of a signer, likely ones first, within a budget.

The certificates are first seen as a graph: each is looked at once, however many paths lead through
it, and learns how good the best way from it to an end is. Then paths are walked in that order, so
that the best one comes first even where there are more than can be walked.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from dten_audit.derive.signing.constraints import HARD, Judgement, Role
from dten_audit.derive.signing.pool import Pool
from dten_audit.model.facts.signatures import ChainEnd
from dten_audit.readers.signing.certificates import X509

MAX_LENGTH: Final = 10
STEPS: Final = 2_000
_USUAL: Final = 50
"""Steps that every search may take; only what is beyond them counts for the whole package."""
_NODES: Final = 500
_CANDIDATES: Final = 64
"""More certificates than this of one name are not asked whether they signed; a few are usual."""

Cost = tuple[int, int, int, int]
"""How a path ends (trusted first), what is wrong with it (badly, slightly), how long it is."""
_FAR: Final[Cost] = (9, 0, 0, 0)


class Search:
    """A search from one signer. ``exhausted``: there may be paths that were not seen."""

    def __init__(self, signer: X509, pool: Pool) -> None:
        self.signer, self.pool = signer, pool
        self.judgement = Judgement(pool.when, pool.purpose)
        self.exhausted = False
        self._steps = STEPS
        self._issuers: dict[str, list[X509]] = {}
        self._prospect: dict[str, Cost] = {}
        self._weigh(self._explore())

    def paths(self) -> Iterator[tuple[tuple[X509, ...], ChainEnd]]:
        """Yield each path that cannot be continued, and how it ends; best prospects first."""
        yield from self._walk((self.signer,))

    def _explore(self) -> list[X509]:
        """Return what can be reached, and note who issued what."""
        reached, depth = [self.signer], {self.signer.sha256: 1}
        for own in reached:
            if len(reached) > _NODES:
                self.exhausted = True
                break
            far = depth[own.sha256] >= MAX_LENGTH
            self._issuers[own.sha256] = [] if self._ends(own) or far else self._of(own)
            for issuer in self._issuers[own.sha256]:
                if issuer.sha256 not in depth:
                    reached.append(issuer)
                    depth[issuer.sha256] = depth[own.sha256] + 1
        return reached

    def _ends(self, own: X509) -> bool:
        return bool(self.pool.anchors.standing(own))

    def _of(self, own: X509) -> list[X509]:
        """Return who signed a certificate, likely ones first."""
        named = [c for c in self.pool.named(own.issuer_key) if c.sha256 != own.sha256]
        wanted, standing = own.authority_key_id, self.pool.anchors.standing
        named.sort(
            key=lambda c: (
                standing(c) != "trusted",
                bool(wanted) and c.key_id != wanted,
                not c.not_before <= self.pool.when <= c.not_after,
            )
        )
        self.exhausted |= len(named) > _CANDIDATES
        work = self.pool.work
        found = [issuer for issuer in named[:_CANDIDATES] if work.signed(own, issuer)]
        self.exhausted |= work.verifications < 0
        return found

    def _weigh(self, reached: list[X509]) -> None:
        """Find for each certificate the best way to an end, from the ends downwards."""
        below: dict[str, list[X509]] = defaultdict(list)
        for own in reached:
            for issuer in self._issuers.get(own.sha256, ()):
                below[issuer.sha256].append(own)
        queue = [(self._end_cost(own), own.sha256) for own in reached]
        known = {own.sha256: own for own in reached}
        heapq.heapify(queue)
        while queue:
            cost, sha256 = heapq.heappop(queue)
            if sha256 in self._prospect:
                continue
            self._prospect[sha256] = cost
            for own in below[sha256]:
                end, hard, soft, length = cost
                more_hard, more_soft = self._wrong(known[own.sha256], anchored=False)
                upper = (end, hard + more_hard, soft + more_soft, length + 1)
                heapq.heappush(queue, (upper, own.sha256))

    def _end_cost(self, own: X509) -> Cost:
        standing = self.pool.anchors.standing(own)
        end = {"trusted": 0, "revoked": 1, "": 4}.get(standing, 2)
        if not standing and own.self_issued and self.pool.work.signed(own, own):
            end = 3
        return (end, *self._wrong(own, anchored=standing == "trusted"), 1)

    def _wrong(self, own: X509, *, anchored: bool) -> tuple[int, int]:
        """Count what is wrong with a certificate by itself."""
        role: Role = "signer" if own is self.signer else "root" if anchored else "intermediate"
        found = self.judgement.own(own, role, anchored=anchored)
        hard = sum(defect.kind in HARD for defect in found)
        return hard, len(found) - hard

    def _walk(self, path: tuple[X509, ...]) -> Iterator[tuple[tuple[X509, ...], ChainEnd]]:
        self._steps -= 1
        if self._steps < STEPS - _USUAL:
            self.pool.work.steps -= 1
        if self._steps < 0 or self.pool.work.steps < 0:
            self.exhausted = True
            return
        top = path[-1]
        self_signed = top.self_issued and self.pool.work.signed(top, top)
        if self._ends(top):
            yield path, ("self-signed" if self_signed and len(path) == 1 else "root")
            return
        issuers = self._above(path)
        for issuer in issuers:
            yield from self._walk((*path, issuer))
        if self_signed:
            yield path, ("self-signed" if len(path) == 1 else "root")
        elif not issuers:
            yield path, ("issuer-missing" if len(path) == 1 else "root-omitted")

    def _above(self, path: tuple[X509, ...]) -> list[X509]:
        """Return who may stand above the path's last certificate, best prospects first."""
        if len(path) >= MAX_LENGTH:
            return []
        walked = {(own.subject_key, own.spki_sha256) for own in path}
        issuers = [
            issuer
            for issuer in self._issuers.get(path[-1].sha256, ())
            if (issuer.subject_key, issuer.spki_sha256) not in walked
        ]
        return sorted(issuers, key=lambda own: (self._prospect.get(own.sha256, _FAR), own.sha256))
