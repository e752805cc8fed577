"""Derives how far the signatures of a package reach, for users who said whom they trust."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from dten_audit.derive.signing.members import archives_around
from dten_audit.documents.ar import SIGNED
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signatures import (
    SignatureCheck,
    SignatureCoverage,
)
from dten_audit.model.facts.signing import (
    ManifestEntry,
    UncheckedSignature,
)
from dten_audit.model.facts.tuf import TufRepository
from dten_audit.model.location import MEMBER, Location
from dten_audit.site.estate import Estate

_UNDECIDED: Final = ("unchecked", "no-key", "no-file")


def derive(package: Package, estate: Estate) -> Iterator[SignatureCoverage]:
    """Yield one statement for the whole package, where there is a trust store."""
    files = [info for info in package.documents.values() if not info.host]
    if estate.trust is None or not files:
        return
    path = files[0].address.partition(MEMBER)[0]
    own = [check for check in package.of(SignatureCheck) if not check.incidental]
    holding = [check for check in own if holds(check)]
    checks = package.of(KeySignatureCheck)
    by_key = [check for check in checks if not (check.incidental or check.inner)]
    looked_at = [check for check in by_key if check.verdict not in _UNDECIDED]
    genuine = [check for check in looked_at if check.verdict == "genuine"]
    found = package.of(TufRepository)
    repositories = [own for own in found if not (own.incidental or own.alone)]
    covered = {check.target for check in holding if check.target}
    covered |= {check.target for check in genuine if check.target}
    covered |= _inside(genuine, files)
    covered |= {
        entry.target
        for entry in package.of(ManifestEntry)
        if entry.signed and entry.status == "matches"
    }
    outermost = dict.fromkeys(around[0] for info in files if (around := archives_around(info)))
    vendor = estate.trust.vendor_of(PurePath(path).name, *outermost)
    yield SignatureCoverage(
        at=Location(path),
        signatures=len(own) + len(looked_at) + len(repositories),
        trusted=sum(check.trust in ("trusted", "rotated") for check in holding)
        + sum(check.trust == "trusted" for check in genuine)
        + sum(own.trust == "trusted" and own.sound == own.roles for own in repositories),
        unchecked=sum(not one.incidental for one in package.of(UncheckedSignature))
        + len(by_key)
        - len(looked_at),
        members=len(files),
        covered=len(covered),
        vendor=vendor.name if vendor else "",
        level=vendor.level if vendor else "strict",
    )


def _inside(genuine: list[KeySignatureCheck], files: list[DocumentInfo]) -> set[str]:
    """Return the members of the archives that are signed as a whole."""
    archives = tuple(
        check.at.path.removesuffix(check.at.path.rpartition(MEMBER)[2])
        for check in genuine
        if check.target.rpartition("/")[2] == SIGNED
    )
    return {Location(i.address).member for i in files if i.address.startswith(archives)}


def holds(check: SignatureCheck) -> bool:
    """Say whether a signature is genuine and over the content it lies beside."""
    return check.content_matches is True and check.signature_valid is True
