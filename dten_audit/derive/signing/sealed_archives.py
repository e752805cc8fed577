"""Derives whether NuGet, AppX and MSIX packages are what their signatures are over."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterator
from hashlib import new as hashed
from typing import Final, Literal, NamedTuple

from dten_audit.derive.signing.block_maps import compared as by_blocks
from dten_audit.derive.signing.coverage import holds
from dten_audit.derive.signing.members import container_of
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import SealedArchive
from dten_audit.model.facts.signatures import SignatureCheck
from dten_audit.model.facts.signing import Signature
from dten_audit.model.location import MEMBER
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import appx, nuget
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.cms import parse_signed_data
from dten_audit.readers.signing.names import in_test_tree
from dten_audit.site.estate import Estate

_FORMS: Final[dict[str, Literal["NuGet", "AppX"]]] = {nuget.PATH: "NuGet", appx.PATH: "AppX"}
_PARTS: Final = {
    "AXPC": "its entries (AXPC)",
    "AXCD": "its directory (AXCD)",
    "AXCT": appx.FOOTPRINT["AXCT"],
    "AXBM": appx.FOOTPRINT["AXBM"],
    "AXCI": appx.FOOTPRINT["AXCI"],
}
_Read = Callable[[str], bytes | None]
"""Returns the content of a member of the archive, by its path."""


class _Compared(NamedTuple):
    """``differs`` holds what is not as it was signed; ``problem`` is why that is not known."""

    algorithm: str = ""
    differs: tuple[str, ...] = ()
    problem: str = ""


def derive(package: Package, _estate: Estate) -> Iterator[Fact]:
    """Yield for each package whether it is as its signature states, and what a block map says."""
    found: dict[str, list[Signature]] = defaultdict(list)
    for fact in package.of(Signature):
        info = package.documents.get(fact.document)
        if info is not None and info.path in _FORMS and not info.host:
            found[container_of(info).removesuffix(MEMBER)].append(fact)
    if not found:
        return
    contents = _footprints(package, found)
    archives = dict.fromkeys(found)
    genuine = {check.document for check in package.of(SignatureCheck) if holds(check)}
    sound = set()
    for archive, data in package.contents(list(found)):
        for fact in found.pop(archive, []):
            own = _compare(fact, data, _reader(contents, archive))
            if fact.document in genuine and _PARTS["AXBM"] not in own.differs:
                sound.add(archive)
            yield _told(fact, archive, own)
    for archive, facts in found.items():
        for fact in facts:
            yield _told(fact, archive, _Compared(problem="it cannot be read again"))
    for archive in archives:
        block_map = contents.get(f"{archive}{MEMBER}{appx.BLOCK_MAP}")
        if block_map is not None:
            yield from by_blocks(package, archive, block_map, signed=archive in sound)


def _footprints(package: Package, archives: dict[str, list[Signature]]) -> dict[str, bytes]:
    """Return the files of AppX packages that the signature itself is over, by their addresses."""
    wanted = [
        f"{archive}{MEMBER}{path}"
        for archive, facts in archives.items()
        if any(fact.at.path.endswith(appx.PATH) for fact in facts)
        for path in appx.FOOTPRINT.values()
    ]
    return dict(package.contents([own for own in wanted if own in package.documents]))


def _reader(contents: dict[str, bytes], archive: str) -> _Read:
    return lambda path: contents.get(f"{archive}{MEMBER}{path}")


def _compare(fact: Signature, data: bytes, read: _Read) -> _Compared:
    signed = parse_signed_data(fact.raw)
    try:
        if fact.at.path.endswith(appx.PATH):
            return _appx(appx.stated(signed), data, read)
        own = nuget.stated(signed.content or b"")
        same = hmac.compare_digest(nuget.digest(data, own.algorithm), own.value)
    except (MalformedError, nuget.NugetError) as error:
        return _Compared(problem=str(error))
    return _Compared(own.algorithm, () if same else (f"its {own.algorithm} digest differs",))


def _appx(own: appx.Stated, data: bytes, read: _Read) -> _Compared:
    made = {}
    for name, path in appx.FOOTPRINT.items():
        content = read(path)
        if content is not None:
            made[name] = hashed(own.algorithm, content).digest()
    lost = [name for name in appx.FOOTPRINT if (name in own.digests) != (name in made)]
    differs = [name for name in made if name not in lost and made[name] != own.digests[name]]
    differs += lost
    problem = ""
    try:
        raw = appx.raw_digests(data, own.algorithm)
        differs += [name for name, value in raw.items() if value != own.digests[name]]
    except MalformedError as error:
        problem = "" if differs else str(error)
    words = tuple(_PARTS[name] for name in sorted(differs))
    return _Compared(own.algorithm, words, problem)


def _told(fact: Signature, archive: str, own: _Compared) -> SealedArchive:
    shown = archive.partition(MEMBER)[2] or archive.rpartition("/")[2]
    return SealedArchive(
        at=fact.at,
        document=fact.document,
        form=_FORMS[fact.at.path.rpartition(MEMBER)[2]],
        archive=shown,
        algorithm=own.algorithm,
        matches=Unknown("package.value") if own.problem else not own.differs,
        differs=", ".join(own.differs),
        problem=own.problem,
        incidental=in_test_tree(shown),
    )
