"""Verifies the roles of a TUF repository below its root: thresholds, versions, digests, dates."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from dten_audit.derive.signing.tuf_roots import Flaw, Part, Roots, Verifier
from dten_audit.readers.signing.instants import day
from dten_audit.readers.signing.tuf import Delegation, File, Role
from dten_audit.readers.signing.tuf_keys import TufKey

_EDGES: Final = 100_000
"""More delegations than this are not followed in one repository."""
HASHES: Final = frozenset({"sha224", "sha256", "sha384", "sha512", "blake2b", "blake2s"})
_TOP: Final = ("timestamp", "snapshot", "targets")
_HARMLESS: Final = ("expired", "missing")
"""What leaves the signature of a file as good as it was."""


class Edge(NamedTuple):
    """A delegation to a role that was verified with the keys of whoever delegates."""

    delegation: Delegation
    part: Part


class Roles:
    """The roles of one repository: which of its files count, and what is wrong with them."""

    def __init__(
        self, parts: Iterable[Part], roots: Roots, at: datetime, verifier: Verifier
    ) -> None:
        self.flaws: list[Flaw] = list(roots.flaws)
        self.checked: list[Part] = [roots.at] if roots.at else []
        self._roots, self._at, self._verifier = roots, at, verifier
        self._by_role: dict[str, list[Part]] = defaultdict(list)
        for part in parts:
            kind = part.own.kind
            if kind != "root":
                self._by_role[part.fact.role if kind == "targets" else kind].append(part)
        if roots.at and self._by_role:
            self._expiry(roots.at, "root")
        self.timestamp = self._top("timestamp", None)
        self.snapshot = self._top("snapshot", self.timestamp)
        self.targets = self._top("targets", self.snapshot)
        self._edges = _EDGES
        self.bad = _bad(self.flaws)
        self.below: dict[int, list[Edge]] = {}
        self._delegated()
        self._check_mirrors()

    def _top(self, role: str, above: Part | None) -> Part | None:
        """Return the file of a top-level role, the version that the role above it states."""
        listed = above.own.files.get(f"{role}.json") if above else None
        by = above.own.kind if above else ""
        part = self._chosen(role, listed)
        if part is None:
            below = [own for name in _TOP[1:] for own in self._by_role.get(name, ())]
            lone = above or (below[0] if role == "timestamp" and below else None)
            if lone is not None:
                self._say(Flaw("missing", lone, role))
            return None
        if above is not None:
            self._compare(part, listed, by)
        last = self._roots.last
        self._verify(part, last.roles[role], dict(last.keys), "root")
        return part

    def _chosen(self, role: str, listed: File | None) -> Part | None:
        """Return the file of the version that is wanted, else the newest; others are history."""
        found = self._by_role.get(role, [])
        wanted = [own for own in found if listed and own.own.version == listed.version]
        fitting = [own for own in wanted if listed and not _differs(own, listed)]
        return max(fitting or wanted or found, key=lambda own: own.own.version, default=None)

    def _compare(self, part: Part, listed: File | None, by: str) -> None:
        """Compare a file with what the role above says of it."""
        if listed is None:
            self._say(Flaw("not-listed", part, by))
            return
        if listed.version is not None and listed.version != part.own.version:
            words = f"it is version {part.own.version}, and {by} names version {listed.version}"
            older = part.own.version < listed.version
            self._say(Flaw("older" if older else "newer", part, by, words))
        elif differs := _differs(part, listed):
            self._say(Flaw("changed", part, by, f"its {differs} is another one"))

    def _verify(self, part: Part, role: Role, keys: dict[str, TufKey], by: str) -> None:
        self.checked.append(part)
        flaw = self._verifier.signers(part.own, role, keys).flaw(part, by)
        if flaw:
            self._say(flaw)
        named = part.fact.number
        if named is not None and named != part.own.version:
            words = f"its name says version {named}, and it is version {part.own.version}"
            self._say(Flaw("name", part, "", words))
        self._expiry(part, part.own.kind)

    def _expiry(self, part: Part, role: str) -> None:
        if part.own.expires <= self._at:
            self._say(Flaw("expired", part, role, f"it ended on {day(part.own.expires)}"))

    def _say(self, flaw: Flaw) -> None:
        self.flaws.append(flaw)

    def _check_mirrors(self) -> None:
        role = self._roots.last.roles.get("mirrors")
        for part in self._by_role.get("mirrors", ()):
            if role is None:
                self._say(Flaw("not-delegated", part))
            else:
                self._verify(part, role, dict(self._roots.last.keys), "root")

    # --- delegations -----------------------------------------------------------------------

    def _delegated(self) -> None:
        """Verify the roles that ``targets`` leaves paths to, and those below them."""
        waiting = [self.targets] if self.targets else []
        reached = {id(self.targets.fact)} if self.targets else set()
        while waiting:
            above = waiting.pop()
            edges = self.below[id(above.fact)] = list(self._edges_of(above))
            for edge in edges:
                if id(edge.part.fact) not in reached:
                    reached.add(id(edge.part.fact))
                    waiting.append(edge.part)
        for role, parts in self._by_role.items():
            if role in _TOP or role == "mirrors" or any(id(own.fact) in reached for own in parts):
                continue
            newest = max(parts, key=lambda own: own.own.version)
            if self.targets is not None and not any(flaw.part is newest for flaw in self.flaws):
                self._say(Flaw("not-delegated", newest))

    def _edges_of(self, above: Part) -> Iterator[Edge]:
        own = above.own
        bins = [] if own.bins is None else [own.bins.own(name) for name in self._by_role]
        for delegation in (*own.delegations, *(one for one in bins if one)):
            self._edges -= 1
            if self._edges < 0:
                return
            listed = (
                self.snapshot.own.files.get(f"{delegation.name}.json") if self.snapshot else None
            )
            part = self._chosen(delegation.name, listed)
            if part is None or part.own.kind != "targets":
                continue
            before = len(self.flaws)
            if self.snapshot is not None:
                self._compare(part, listed, "snapshot")
            self._verify(part, delegation.role, dict(own.keys), above.fact.role)
            self.bad |= _bad(self.flaws[before:])
            if id(part.fact) not in self.bad:
                yield Edge(delegation, part)


def _bad(flaws: Iterable[Flaw]) -> set[int]:
    return {id(one.part.fact) for one in flaws if one.kind not in _HARMLESS}


def _differs(part: Part, listed: File) -> str:
    """Return what of a file differs from what is said of it; empty for nothing."""
    return file_differs(part.own.raw, listed)


def file_differs(data: bytes, listed: File) -> str:
    """Return what of ``data`` differs from what metadata says of it; empty for nothing."""
    if listed.length is not None and listed.length != len(data):
        return "length"
    for name, value in listed.hashes.items():
        if name in HASHES and hashlib.new(name, data).hexdigest() != value:
            return f"{name} digest"
    return ""
