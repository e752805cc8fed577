"""Derives what the signing blocks of Android programs prove: schemes 2, 3 and 3.1.

As Android does: each signature and each digest whose algorithm is known must hold, the key must be
that of the first certificate, and a scheme that others promise must be there.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import PurePath
from typing import Final, NamedTuple

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.members import archives_in, container_of
from dten_audit.derive.signing.paths import Chain, build
from dten_audit.derive.signing.pool import Pool, Work
from dten_audit.derive.signing.telling import chain_lines, party
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import (
    CodeSignature,
    SchemeClaim,
    SigningBlock,
    StrippedScheme,
)
from dten_audit.model.facts.signatures import Trust
from dten_audit.model.location import MEMBER
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import apk_block, apk_digest
from dten_audit.readers.signing.apk_block import Node, Signer
from dten_audit.readers.signing.certificates import X509, MalformedError, load
from dten_audit.readers.signing.names import in_test_tree
from dten_audit.site.estate import Estate

_OPEN: Final = ("unknown-root", "chain-incomplete", "self-signed")
_UNKNOWN: Final = "none of its algorithms is known here"


class _Verdict(NamedTuple):
    """None where it could not be computed; ``problem`` says why."""

    matches: bool | None
    valid: bool | None
    problem: str = ""


def derive(package: Package, estate: Estate) -> Iterator[Fact]:
    """Yield what each signer of each signing block proves, and the schemes that were taken away."""
    blocks = {_archive(package, own.document): own for own in package.of(SigningBlock)}
    found = {archive: apk_block.signers(own.raw) for archive, own in blocks.items()}
    yield from _stripped(package, found, blocks)
    if not found:
        return
    first = next(iter(blocks.values()))
    name = PurePath(first.at.path.partition(MEMBER)[0]).name
    ring = _Ring(Anchors(estate.trust, name, estate.at), Work())
    for archive, data in package.contents([own for own, signers in found.items() if signers]):
        contents = _Contents(data, blocks[archive].raw)
        signers = found.pop(archive)
        verdicts = [contents.verdict(signer) for signer in signers]
        yield from _merged(blocks[archive], archive, zip(signers, verdicts, strict=True), ring)
    for archive, signers in found.items():
        lost = [_Verdict(None, _valid(signer), "it cannot be read again") for signer in signers]
        yield from _merged(blocks[archive], archive, zip(signers, lost, strict=True), ring)


class _Ring(NamedTuple):
    """What the chains of all signers are made of."""

    anchors: Anchors
    work: Work


def _archive(package: Package, document: str) -> str:
    return container_of(package.documents[document]).removesuffix(MEMBER)


# --- schemes that were taken away --------------------------------------------------------------


def _stripped(
    package: Package, found: dict[str, list[Signer]], blocks: dict[str, SigningBlock]
) -> Iterator[StrippedScheme]:
    """Yield the schemes that one signature promises and that are not there."""
    claims = [(own.at, _archive(package, own.document), own.schemes, "scheme 1")
              for own in package.of(SchemeClaim)]  # fmt: skip
    claims += [
        (blocks[archive].at, archive, signer.demands, f"scheme {signer.scheme}")
        for archive, signers in found.items()
        for signer in signers
    ]
    for at, archive, schemes, by in claims:
        there = {signer.scheme for signer in found.get(archive, ())}
        for scheme in schemes:
            if scheme not in there:
                shown = _shown(archive)
                yield StrippedScheme(at, shown, scheme, by, in_test_tree(shown))


# --- signatures and digests --------------------------------------------------------------------


class _Contents:
    """An archive whose digests are computed once."""

    def __init__(self, data: bytes, block: bytes) -> None:
        self._digests: dict[int, bytes] = {}
        self._problem = ""
        try:
            self._parts = apk_digest.parts(data, block)
        except MalformedError as error:
            self._problem = str(error)

    def verdict(self, signer: Signer) -> _Verdict:
        """Return what a signer proves of the archive."""
        valid = _valid(signer)
        known = [own for own in signer.digests if apk_digest.is_known(own[0])]
        if self._problem or not known:
            return _Verdict(None, valid, self._problem or _UNKNOWN)
        problem = "" if valid is not None else _UNKNOWN
        try:
            fits = [hmac.compare_digest(self._digest(number), own) for number, own in known]
        except MalformedError as error:
            return _Verdict(None, valid, str(error))
        return _Verdict(all(fits), valid, problem)

    def _digest(self, algorithm: int) -> bytes:
        if algorithm not in self._digests:
            self._digests[algorithm] = apk_digest.digest(self._parts, algorithm)
        return self._digests[algorithm]


def _valid(signer: Signer) -> bool | None:
    """Say whether the first certificate's key made the signatures, and all fits together."""
    own = _loaded(signer.certificates[:1])
    same = [number for number, _ in signer.digests] == [number for number, _ in signer.signatures]
    platforms = signer.platforms is None or signer.platforms[0] == signer.platforms[1]
    if not own or own[0].public_key is None or not same:
        return None if own and same else False
    if own[0].spki != signer.spki:
        return False
    if not platforms or not _lineage_holds(signer):
        return False
    known = [one for one in signer.signatures if apk_digest.is_known(one[0])]
    results = [apk_digest.made(signer.spki, number, own, signer.signed) for number, own in known]
    if False in results:
        return False
    return True if results and None not in results else None


def _lineage_holds(signer: Signer) -> bool:
    """Say whether each one in a lineage vouches for the next, and the signer is the last."""
    nodes = signer.lineage
    if not nodes:
        return True
    if nodes[-1].certificate != signer.certificates[0]:
        return False
    return all(_vouches(above, below) for above, below in pairwise(nodes))


def _vouches(above: Node, below: Node) -> bool:
    own = _loaded((above.certificate,))
    spki = own[0].spki if own else b""
    algorithm = above.following
    if not own or algorithm != below.algorithm or not apk_digest.is_known(algorithm):
        return False
    return apk_digest.made(spki, algorithm, below.signature, below.signed) is True


# --- who signed --------------------------------------------------------------------------------


def _loaded(certificates: Iterable[bytes]) -> list[X509]:
    found = []
    for raw in certificates:
        try:
            found.append(load(raw))
        except MalformedError:
            continue
    return found


def _shown(archive: str) -> str:
    return archive.partition(MEMBER)[2] or archive.rpartition("/")[2]


def _merged(
    block: SigningBlock, archive: str, judged: Iterable[tuple[Signer, _Verdict]], ring: _Ring
) -> Iterator[CodeSignature]:
    """Yield what each signer proves; once, where they sign by two schemes to the same effect."""
    found: dict[CodeSignature, list[str]] = {}
    for signer, verdict in judged:
        own = _told(block, archive, signer, verdict, ring)
        found.setdefault(own, []).append(signer.scheme)
    for own, schemes in found.items():
        yield own._replace(form=f"APK {', '.join(dict.fromkeys(schemes))}")


def _told(
    block: SigningBlock, archive: str, signer: Signer, verdict: _Verdict, ring: _Ring
) -> CodeSignature:
    sent = _loaded(signer.certificates)
    inside = ring.anchors.within(archives_in(block.at.path))
    chain = build(sent[0], Pool(sent, inside, work=ring.work)) if sent else None
    path = chain.path if chain else None
    vendor = path.anchor.vendor if path and path.anchor else inside.vendor
    shown = _shown(archive)
    return CodeSignature(
        at=block.at,
        document=block.document,
        form="APK",
        target=shown,
        incidental=in_test_tree(shown),
        nested=False,
        content_matches=Unknown("package.value") if verdict.matches is None else verdict.matches,
        signature_valid=Unknown("package.value") if verdict.valid is None else verdict.valid,
        problem=verdict.problem,
        weak="",
        timestamps=0,
        timestamp="",
        signer=party(path.certificates[0] if path else None),
        root=party(path.top if path else None),
        missing_issuer=path.missing_issuer if path else "",
        chain=chain_lines(path, inside) if path else (),
        trust=_trust(chain, signer, inside),
        vendor=vendor.name,
        level=vendor.level,
        defects=tuple(defect.kind for defect in path.defects) if path else (),
    )


def _trust(chain: Chain | None, signer: Signer, anchors: Anchors) -> Trust | Unknown:
    """Return how the store regards a signer; one for whom a trusted one vouches is known, too."""
    if chain is None:
        return ""
    if not anchors.given:
        return Unknown("trust.roots")
    before = _loaded(node.certificate for node in signer.lineage[:-1])
    known = any(anchors.anchor(own) is not None for own in before)
    if known and chain.trust in _OPEN and _lineage_holds(signer):
        return "rotated"
    return chain.trust
