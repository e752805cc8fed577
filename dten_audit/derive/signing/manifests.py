"""Derives what lists of digests say of the members, and which members no signed list covers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from dten_audit.derive.signing.lists import DigestList, Listed, digest, digest_lists
from dten_audit.derive.signing.members import Members, is_program
from dten_audit.links.package import Package
from dten_audit.model.facts.key_signatures import KeySignature, KeySignatureCheck
from dten_audit.model.facts.signatures import (
    SignatureCheck,
)
from dten_audit.model.facts.signing import (
    Certificate,
    ChecksumEntry,
    ManifestEntry,
    PublicKey,
    Signature,
    UncheckedSignature,
)
from dten_audit.model.facts.tuf import TufMetadata
from dten_audit.model.location import MEMBER, Location
from dten_audit.readers.signing.checksums import WEAK
from dten_audit.site.estate import Estate

_Status = Literal["matches", "differs", "missing", "uncovered", "unchecked"]


def derive(package: Package, _estate: Estate) -> Iterator[ManifestEntry]:
    """Yield an entry for each line of each list, and for each member that a signed list lacks."""
    signed = [(check.at, check.target) for check in package.of(SignatureCheck)]
    signed += [(check.at, check.target) for check in package.of(KeySignatureCheck)]
    if not package.of(ChecksumEntry) and not signed:
        return
    members = Members(package)
    lists = list(digest_lists(package, members))
    found = [_Resolved(one, members) for one in lists]
    computed = _digests(package, found)
    for resolved in found:
        yield from resolved.entries(computed)
    vouched = [resolved for resolved in found if resolved.list.signed and resolved.listed]
    known = set(_signing_documents(package))
    known.update(resolved.list.info.address for resolved in vouched)
    known.update(target for resolved in vouched for target in resolved.targets)
    known.update(f"{at.path.partition(MEMBER)[0]}{MEMBER}{target}" for at, target in signed)
    for resolved in vouched:
        if not resolved.list.partial:
            yield from resolved.uncovered(known)


class _Resolved:
    """A list whose paths have been looked up in the package."""

    def __init__(self, one: DigestList, members: Members) -> None:
        self.list = one
        self.members = members
        places = [members.named(one.info, entry.path) for entry in one.entries]
        self.targets = [address for address, _ in places]
        self.folders = {folder for _, folder in places if folder}
        self.listed = sum(bool(address) for address in self.targets)

    def entries(self, computed: dict[tuple[str, str], str]) -> Iterator[ManifestEntry]:
        """Compare each entry with the digests of the members."""
        for entry, address in zip(self.list.entries, self.targets, strict=True):
            if self.list.partial and not address:
                continue
            actual = computed.get((address, entry.algorithm))
            status: _Status = "missing"
            if address:
                status = "unchecked"
                if actual is not None:
                    status = "matches" if actual == entry.digest else "differs"
            yield self._entry(entry, address, status)

    def _entry(self, entry: Listed, address: str, status: _Status) -> ManifestEntry:
        info = self.members.files.get(address)
        return ManifestEntry(
            at=entry.at,
            manifest=Location(self.list.info.address).member,
            path=entry.path,
            target=address.partition(MEMBER)[2],
            algorithm=entry.algorithm,
            status=status,
            signed=self.list.signed,
            weak=entry.algorithm in WEAK,
            executable=info is not None and is_program(info),
            listed=self.listed,
        )

    def uncovered(self, known: set[str]) -> Iterator[ManifestEntry]:
        """Yield the members below the list's folders that are not ``known``; add them to it."""
        for folder in sorted(self.folders):
            for info in self.members.below(folder):
                if info.address not in known:
                    known.add(info.address)
                    listed = Listed(Location(info.address), "", "", info.address[len(folder) :])
                    yield self._entry(listed, info.address, "uncovered")


def _signing_documents(package: Package) -> Iterator[str]:
    """Yield the documents that hold signatures, certificates and other lists."""
    yield from (fact.document for fact in package.of(Signature))
    yield from (fact.document for fact in package.of(UncheckedSignature))
    yield from (fact.document for fact in package.of(KeySignature))
    yield from (fact.document for fact in package.of(Certificate))
    yield from (fact.document for fact in package.of(PublicKey))
    yield from (fact.document for fact in package.of(ChecksumEntry))
    yield from (fact.document for fact in package.of(TufMetadata))


def _digests(package: Package, lists: list[_Resolved]) -> dict[tuple[str, str], str]:
    """Return the digests that lists state for members, by member and algorithm; one pass."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for resolved in lists:
        for entry, address in zip(resolved.list.entries, resolved.targets, strict=True):
            if address:
                wanted[address].add(entry.algorithm)
    return {
        (address, algorithm): digest(algorithm, data)
        for address, data in package.contents(list(wanted))
        for algorithm in wanted[address]
    }
