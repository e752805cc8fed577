"""Derives whether NuGet packages are what their signatures are over."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from dten_audit.derive.signing.members import container_of
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import SealedArchive
from dten_audit.model.facts.signing import Signature
from dten_audit.model.location import MEMBER
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import nuget
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.cms import parse_signed_data
from dten_audit.readers.signing.names import in_test_tree
from dten_audit.site.estate import Estate


def derive(package: Package, _estate: Estate) -> Iterator[Fact]:
    """Yield for each signed NuGet package whether it is as its signature states."""
    found: dict[str, list[Signature]] = {}
    for fact in package.of(Signature):
        info = package.documents.get(fact.document)
        if info is not None and info.path == nuget.PATH and not info.host:
            found.setdefault(container_of(info).removesuffix(MEMBER), []).append(fact)
    if not found:
        return
    for archive, data in package.contents(list(found)):
        for fact in found.pop(archive, []):
            yield _compared(fact, archive, data)
    for archive, facts in found.items():
        for fact in facts:
            yield _compared(fact, archive, None)


def _compared(fact: Signature, archive: str, data: bytes | None) -> SealedArchive:
    algorithm, matches, problem = "", None, ""
    try:
        own = nuget.stated(parse_signed_data(fact.raw).content or b"")
        algorithm = own.algorithm
        if data is None:
            problem = "it cannot be read again"
        else:
            matches = hmac.compare_digest(nuget.digest(data, algorithm), own.value)
    except (MalformedError, nuget.NugetError) as error:
        problem = str(error)
    shown = archive.partition(MEMBER)[2] or archive.rpartition("/")[2]
    return SealedArchive(
        at=fact.at,
        document=fact.document,
        archive=shown,
        algorithm=algorithm,
        matches=Unknown("package.value") if matches is None else matches,
        problem=problem,
        incidental=in_test_tree(shown),
    )
