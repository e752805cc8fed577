"""Compares the files of an AppX or MSIX package with its block map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

from dten_audit.derive.signing.members import Members, is_program
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.model.location import MEMBER, Location
from dten_audit.readers.signing import appx
from dten_audit.readers.signing.certificates import MalformedError

_PACKAGES: Final = (".appx", ".msix", ".appxbundle", ".msixbundle")
"""What a bundle holds has block maps and signatures of its own."""
_Status = Literal["matches", "differs", "missing", "uncovered", "unchecked"]


def compared(package: Package, archive: str, data: bytes, *, signed: bool) -> Iterator[Fact]:
    """Yield how each file compares with the block map, and the files that are not in it.

    ``signed``: a signature over the block map holds.
    """
    address = f"{archive}{MEMBER}{appx.BLOCK_MAP}"
    try:
        algorithm, listed = appx.block_map(data)
    except MalformedError as error:
        yield Unreadable(Location(address), "AppX block map", str(error))
        return
    prefix = f"{archive}{MEMBER}"
    members = Members(package)
    places = {own.name: _place(members, prefix, own.name) for own in listed}
    wanted = {places[own.name]: own for own in listed if places[own.name]}
    results = {
        place: appx.fits(wanted[place], algorithm, content)
        for place, content in package.contents(list(wanted))
    }
    made = _Maker(members, Location(address).member, algorithm, signed, len(wanted))
    for own in listed:
        place = places[own.name]
        status: _Status = "unchecked" if place else "missing"
        if place in results:
            status = "matches" if results[place] else "differs"
        yield made.entry(Location(address, own.line), own.name, place, status)
    known = {*places.values(), *(prefix + own for own in (appx.PATH, *appx.FOOTPRINT.values()))}
    for info in members.below(prefix):
        if info.address not in known and not info.path.lower().endswith(_PACKAGES):
            name = appx.part_name(info.path)
            yield made.entry(Location(info.address), name, info.address, "uncovered")


def _place(members: Members, prefix: str, name: str) -> str:
    """Return where a file lies: names in the archive may have blanks and the like escaped."""
    found = (prefix + own for own in (name, quote(name), quote(name, safe="/!'()*+,;=@&$[]")))
    return next((own for own in found if members.exists(own)), "")


class _Maker(NamedTuple):
    """What all entries of a block map have in common."""

    members: Members
    manifest: str
    algorithm: str
    signed: bool
    listed: int

    def entry(self, at: Location, name: str, place: str, status: _Status) -> ManifestEntry:
        """Return what the block map says of a file."""
        info = self.members.files.get(place)
        return ManifestEntry(
            at=at,
            manifest=self.manifest,
            path=name,
            target=place.partition(MEMBER)[2],
            algorithm=self.algorithm,
            status=status,
            signed=self.signed,
            weak=False,
            executable=info is not None and is_program(info),
            listed=self.listed,
        )
