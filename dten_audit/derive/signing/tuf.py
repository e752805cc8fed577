"""Derives what the metadata of The Update Framework proves: of itself, and of the files beside it.

As an update would (specification, section 5), but over all versions that are there, and to the end:
each thing that an update would stop at is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from dten_audit.derive.signing.members import Members, archives_around
from dten_audit.derive.signing.tuf_roles import Roles
from dten_audit.derive.signing.tuf_roots import Flaw, Part, Roots, Verifier, find, trusted_words
from dten_audit.derive.signing.tuf_targets import Listed, Targets
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.signing import (
    Certificate,
    ChecksumEntry,
    ManifestEntry,
    PublicKey,
    Signature,
)
from dten_audit.model.facts.tuf import TufDefect, TufMetadata, TufRepository
from dten_audit.model.location import MEMBER, Location
from dten_audit.readers.signing import tuf
from dten_audit.readers.signing.certificates import MalformedError, grouped
from dten_audit.readers.signing.instants import day
from dten_audit.site.estate import Estate
from dten_audit.site.trust import Vendor

_HISTORY: Final = "root_history/"
"""Where clients keep the roots that they went through."""


def derive(package: Package, estate: Estate) -> Iterator[Fact]:
    """Yield what each repository proves, what is wrong with it, and how its targets compare."""
    folders: dict[str, list[Part]] = defaultdict(list)
    for fact in package.of(TufMetadata):
        info = package.documents.get(fact.document)
        if info is None:
            continue
        try:
            part = Part(fact, info, tuf.load(fact.raw))
        except MalformedError:
            continue
        folders[_folder(info.address)].append(part)
    if not folders:
        return
    members, verifier = Members(package), Verifier()
    found = [_Repository(parts, members, estate, verifier) for parts in folders.values()]
    for one in found:
        yield from one.facts()
    yield from _targets(package, found)


def _folder(address: str) -> str:
    folder = address.rpartition("/")[0] + "/"
    return folder.removesuffix(_HISTORY)


class _Repository:
    """The metadata files of one folder, verified."""

    def __init__(
        self, parts: list[Part], members: Members, estate: Estate, verifier: Verifier
    ) -> None:
        self.parts = sorted(parts, key=lambda own: (own.own.kind != "root", own.info.address))
        first = self.parts[0]
        names = (PurePath(first.fact.at.path.partition(MEMBER)[0]).name,
                 *archives_around(first.info))  # fmt: skip
        self._store, self._at = estate.trust, estate.at
        self.roots = find(self.parts, estate.trust, names, estate.at, verifier)
        by = self.roots.by.vendor if self.roots and self.roots.by else None
        vendor = by or (estate.trust.vendor_of(*names) if estate.trust else None)
        self._vendor = vendor or Vendor()
        self.roles = Roles(self.parts, self.roots, estate.at, verifier) if self.roots else None
        self.targets = Targets(self.roles, members) if self.roles else None

    @property
    def incidental(self) -> bool:
        return self.parts[0].fact.incidental

    def facts(self) -> Iterator[Fact]:
        """Yield the repository and its defects."""
        if self.roots is None or self.roles is None or self.targets is None:
            yield self._defect(Flaw("missing", self.parts[0], "root"))
            return
        yield self._repository(self.roots, self.roles)
        found = {self._defect(flaw): None for flaw in (*self.roles.flaws, *self.targets.flaws)}
        yield from found

    def _repository(self, roots: Roots, roles: Roles) -> TufRepository:
        checked = {id(part.fact): part for part in roles.checked}
        at = roots.at or self.parts[0]
        return TufRepository(
            at=at.fact.at,
            root=roots.first.fingerprint,
            fingerprint=grouped(roots.first.fingerprint),
            version=roots.first.version,
            last=roots.last.version,
            keys=roots.first.key_digests,
            threshold=roots.first.roles["root"].threshold,
            roles=len(checked),
            sound=sum(own not in roles.bad for own in checked),
            expires=day(min((own.own.expires for own in checked.values()), default=at.own.expires)),
            trust=roots.trust,
            trusted_keys=trusted_words(self._store),
            vendor=self._vendor.name,
            level=self._vendor.level,
            alone=all(part.own.kind == "root" for part in self.parts),
            incidental=self.incidental,
        )

    def _defect(self, flaw: Flaw) -> TufDefect:
        part = flaw.part
        return TufDefect(
            at=part.fact.at,
            kind=flaw.kind,
            role=flaw.by if flaw.kind == "missing" else part.fact.role,
            kind_of_role=part.own.kind,
            version=part.own.version,
            by=flaw.by,
            detail=flaw.detail,
            level=self._vendor.level,
            incidental=self.incidental,
            related=(flaw.other.fact.at,) if flaw.other else (),
        )


def _targets(package: Package, found: list[_Repository]) -> Iterator[ManifestEntry]:
    """Yield how the targets compare; those of a repository in a test tree are no news."""
    own = [one.targets for one in found if one.targets and not one.incidental]
    wanted: dict[str, list[tuple[Targets, Listed]]] = defaultdict(list)
    for targets in own:
        for listed in targets.listed:
            wanted[listed.address].append((targets, listed))
    known = {*_signing_documents(package), *wanted}
    for address, data in package.contents(sorted(wanted)):
        for targets, listed in wanted.pop(address):
            yield targets.entry(listed, data)
    for waiting in wanted.values():
        for targets, listed in waiting:
            yield targets.entry(listed, None)
    for targets in own:
        yield from targets.uncovered(known)


def _signing_documents(package: Package) -> Iterator[str]:
    """Yield the files that are there for signing, and so are no targets."""
    for kind in (TufMetadata, Signature, Certificate, PublicKey, ChecksumEntry):
        for fact in package.of(kind):
            yield Location(fact.at.path).path
