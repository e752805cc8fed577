"""Derives what the user's advisories say of this package, and what the package says of its root."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import Final, Literal

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.members import archives_around
from dten_audit.derive.signing.notices import Notices
from dten_audit.documents.text import LineIndex, decode
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.advisories import PackageAdvisory, RootAdvisory, VersionAdvisory
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.signatures import SignatureCheck
from dten_audit.model.facts.signing import Certificate
from dten_audit.model.location import MEMBER, Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing.fingerprints import fingerprints
from dten_audit.readers.signing.names import name_words, words
from dten_audit.site.advisory import Advisory, NamedVersion
from dten_audit.site.estate import Estate
from dten_audit.site.vers import contains
from dten_audit.site.versions import compare, scheme_of

_TEXTS: Final = frozenset("prose markdown text html json yaml xml csv".split())
_LARGEST: Final = 1 << 20
_READ: Final = 100
"""How many texts are looked through for fingerprints; likely ones first."""


def derive(package: Package, estate: Estate) -> Iterator[Fact]:
    """Yield what advisories say of certificates, of this version, and what the package asserts."""
    checks = [check for check in package.of(SignatureCheck) if check.certificates]
    if estate.advisories:
        path = _path(package)
        anchors = Anchors(estate.trust, PurePath(path).name, estate.at)
        yield from _versions(package, estate, Notices(estate, anchors), Location(path))
        yield from _roots(package, estate, anchors, checks)
    yield from _asserted(package, checks)


def _path(package: Package) -> str:
    return next((info.address.partition(MEMBER)[0] for info in package.documents.values()), "")


def _roots(
    package: Package, estate: Estate, anchors: Anchors, checks: list[SignatureCheck]
) -> Iterator[RootAdvisory]:
    subjects = {fact.sha256: fact.subject_name for fact in package.of(Certificate)}
    notices: dict[tuple[str, ...], Notices] = {}
    for check in checks:
        info = package.documents.get(check.document)
        inside = archives_around(info) if info else ()
        known = notices.setdefault(inside, Notices(estate, anchors.within(inside)))
        for number, sha256 in enumerate(check.certificates):
            for notice in known.of(sha256):
                told, weight = notice.advisory.told, notice.weight
                yield RootAdvisory(
                    at=check.at,
                    id=told.id,
                    form=told.form,
                    title=told.title,
                    says=notice.named.says,
                    certificate=subjects.get(sha256, check.root.subject),
                    sha256=sha256,
                    role=_role(number, check),
                    where=notice.named.where,
                    signed=bool(weight.signed_by),
                    worth=weight.signed_by or weight.doubt,
                    confirmed=told.confirmed,
                    trust=check.trust,
                    incidental=check.incidental,
                    told_at=notice.named.at,
                )


def _role(number: int, check: SignatureCheck) -> Literal["signer", "intermediate", "root"]:
    if number == len(check.certificates) - 1 and check.ends_in in ("root", "self-signed"):
        return "root"
    return "intermediate" if number else "signer"


# --- versions ----------------------------------------------------------------------------------


def _versions(
    package: Package, estate: Estate, notices: Notices, at: Location
) -> Iterator[VersionAdvisory]:
    name, version = (package.identity.get(key, "") for key in ("name", "version"))
    if not name:
        return
    for advisory in estate.advisories:
        for own in advisory.told.versions:
            affected = _affected(own, version) if _same(own.product, name) else False
            if affected is not False:
                yield _warning(advisory, own, notices, at, (name, version, affected))


def _warning(
    advisory: Advisory,
    own: NamedVersion,
    notices: Notices,
    at: Location,
    product: tuple[str, str, bool | Unknown],
) -> VersionAdvisory:
    told, weight = advisory.told, notices.weight(advisory)
    name, version, affected = product
    return VersionAdvisory(
        at=at,
        id=told.id,
        form=told.form,
        title=told.title,
        kind=told.kind,
        product=name,
        version=version,
        affected=affected,
        problem=own.problem,
        signed=bool(weight.signed_by),
        worth=weight.signed_by or weight.doubt,
        told_at=own.at,
    )


def _same(product: str, name: str) -> bool:
    """Say whether an advisory's product, a purl or a plain name, is the package's."""
    bare = product.rpartition("/")[2] if product.startswith("pkg:") else product
    return bare.casefold() == name.casefold()


def _affected(own: NamedVersion, version: str) -> bool | Unknown:
    if not (own.versions or own.ranges):
        return True
    if not version:
        return Unknown("package.version")
    scheme = scheme_of(own.product)
    answers = [contains(text, version) for text in own.ranges]
    for single in own.versions:
        order = compare(version, single, scheme)
        answers.append(version == single if order is None else order == 0)
    if True in answers:
        return True
    return Unknown("package.version") if None in answers else False


# --- what the package says of itself -----------------------------------------------------------


def _asserted(package: Package, checks: list[SignatureCheck]) -> Iterator[PackageAdvisory]:
    """Yield texts of the package that state the fingerprint of a root above its signatures."""
    checks = sorted(checks, key=lambda check: not check.incidental)
    above = {check.root.sha256: check for check in checks if check.root.sha256}
    wanted = {info.address: info for info in _likely(package)} if above else {}
    for address, data in package.contents(list(wanted)):
        text = decode(data).text
        index = LineIndex(text)
        seen = set()
        for sha256, offset in fingerprints(text):
            check = above.get(sha256)
            if check is None or sha256 in seen:
                continue
            seen.add(sha256)
            line = index.position(offset)[0]
            at = Location(address, line, snippet=index.line(line, 200))
            yield PackageAdvisory(
                at, sha256, check.root.subject, check.trust, check.at, check.incidental
            )


def _likely(package: Package) -> list[DocumentInfo]:
    """Return the texts that may speak of roots: by their name, or beside a signature."""
    beside = {fact.at.path.rpartition("/")[0] for fact in package.of(SignatureCheck)}
    found = [
        info
        for info in package.documents.values()
        if not info.host
        and info.kind in _TEXTS
        and info.size <= _LARGEST
        and (info.address.rpartition("/")[0] in beside or _speaks(info.path))
    ]
    found.sort(key=lambda info: (info.address.count("/"), info.address))
    return found[:_READ]


@cache
def _telling() -> frozenset[str]:
    return words("advisory_words") | words("signing_words")


def _speaks(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return not _telling().isdisjoint(name_words(f"{folder.rpartition('/')[2]} {name}"))
