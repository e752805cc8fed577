"""Derives what the signatures of Java archives prove of their entries.

The signature is over the signature file, that over the manifest, and the manifest over the entries.
Whether the first holds is known already, as of any detached signature; the rest is found out here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from dten_audit.derive.signing.archive_entries import Archive, Vouched
from dten_audit.derive.signing.coverage import holds
from dten_audit.derive.signing.members import container_of
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import (
    CodeSignature,
    DigestManifest,
    Half,
    LoneSignature,
    SignedArchive,
)
from dten_audit.model.facts.signatures import Party, SignatureCheck
from dten_audit.model.facts.signing import Signature
from dten_audit.model.location import MEMBER, Location
from dten_audit.readers.signing.certificates import WEAK_DIGESTS, MalformedError
from dten_audit.readers.signing.cms import parse_signed_data
from dten_audit.readers.signing.jar import BLOCKS, METADATA, SIGNATURE_FILE
from dten_audit.readers.signing.timestamps import parse_token
from dten_audit.site.estate import Estate

_PARTS: Final = (SIGNATURE_FILE, *BLOCKS)


def derive(package: Package, _estate: Estate) -> Iterator[Fact]:
    """Yield what each signature file vouches for, and the entries that no signature protects."""
    archives = _archives(package)
    yield from _stripped(package, archives)
    if not archives:
        return
    _enter(package, archives)
    checks: dict[str, list[SignatureCheck]] = defaultdict(list)
    for check in package.of(SignatureCheck):
        checks[f"{check.at.path.partition(MEMBER)[0]}{MEMBER}{check.target}"].append(check)
    messages = {fact.document: fact.raw for fact in package.of(Signature)}
    _read(package, archives)
    for archive in archives.values():
        yield from _lone(archive, messages)
        vouched = []
        for info in archive.signature_files:
            own = checks.get(info.address, [])
            for check in own:
                yield _signer(archive, check)
            vouched.append(archive.vouched(info, holds=any(holds(check) for check in own)))
            weak = {name for check in own for name in _weak(messages[check.document])}
            yield _told(archive, info, own, vouched[-1], weak)
        yield from archive.entries(vouched)


def _archives(package: Package) -> dict[str, Archive]:
    """Return the archives with a part of a signature, by their addresses with ``!/``."""
    found: dict[str, Archive] = {}
    for info in package.documents.values():
        path = info.path
        if info.host or path[: len(METADATA)].upper() != METADATA:
            continue
        name = path[len(METADATA) :].upper()
        if "/" not in name and name.endswith(_PARTS):
            prefix = container_of(info)
            if prefix:
                found.setdefault(prefix, Archive(prefix))
    return found


def _enter(package: Package, archives: dict[str, Archive]) -> None:
    """Tell the archives what lies in them: files, and archives in their turn."""
    for info in package.documents.values():
        if info.host:
            continue
        end = info.address.find(MEMBER)
        while end >= 0:
            start = end + len(MEMBER)
            end = info.address.find(MEMBER, start)
            archive = archives.get(info.address[:start])
            if archive is not None:
                archive.add(info, info.address[: end if end >= 0 else None])


def _read(package: Package, archives: dict[str, Archive]) -> None:
    """Read the archives' entries once more, in one pass; then what came before its manifest."""
    owners = {address: own for own in archives.values() for address in own.wanted()}
    for _ in range(2):
        for address, data in package.contents(list(owners)):
            if owners[address].take(address, data):
                del owners[address]
        for archive in archives.values():
            archive.complete()
        owners = {address: own for own in archives.values() for address in own.missing()}
        if not owners:
            return


def _stripped(package: Package, archives: dict[str, Archive]) -> Iterator[LoneSignature]:
    for fact in package.of(DigestManifest):
        info = package.documents.get(fact.document)
        if info is not None and container_of(info) not in archives:
            own = Archive(container_of(info))
            yield LoneSignature(fact.at, own.shown, "manifest", own.incidental)


def _weak(message: bytes) -> Iterator[str]:
    """Yield the digests of a signature and its timestamps that no longer resist collisions.

    Java judges each of them, and takes the archive for unsigned where one is too old.
    """
    try:
        signers = parse_signed_data(message).signers
        for signer in signers:
            if signer.digest in WEAK_DIGESTS:
                yield f"{signer.digest.upper()} of the signature"
            for token in signer.tokens:
                digest = parse_token(token).digest
                if digest in WEAK_DIGESTS:
                    yield f"{digest.upper()} of the timestamp"
    except MalformedError:
        return


def _lone(archive: Archive, messages: Mapping[str, bytes]) -> Iterator[LoneSignature]:
    """Yield signature files without a block that can be read, and blocks without such a file."""
    stems = {_stem(info) for info in archive.blocks if info.id in messages}
    for info in archive.signature_files:
        if _stem(info) not in stems:
            yield _half(archive, info, "signature-file")
    for info in archive.blocks:
        if _stem(info) not in archive.stems:
            yield _half(archive, info, "signature-block")


def _half(archive: Archive, info: DocumentInfo, what: Half) -> LoneSignature:
    return LoneSignature(Location(info.address), archive.shown, what, archive.incidental)


def _stem(info: DocumentInfo) -> str:
    return info.path.rpartition(".")[0].upper()


def _signer(archive: Archive, check: SignatureCheck) -> CodeSignature:
    """Return a signer of an archive in the same words as those of programs."""
    return CodeSignature(
        at=check.at,
        document=check.document,
        form="JAR",
        target=archive.shown,
        incidental=archive.incidental,
        nested=False,
        content_matches=check.content_matches,
        signature_valid=check.signature_valid,
        problem=check.problem,
        weak="",
        timestamps=check.timestamps,
        timestamp=check.timestamp,
        signer=check.signer,
        root=check.root,
        missing_issuer=check.missing_issuer,
        chain=check.chain,
        trust=check.trust,
        vendor=check.vendor,
        level=check.level,
        defects=check.defects,
    )


def _told(
    archive: Archive,
    info: DocumentInfo,
    checks: list[SignatureCheck],
    vouched: Vouched,
    weak: set[str],
) -> SignedArchive:
    at = Location(info.address)
    good = [check.signer for check in checks if holds(check)]
    return SignedArchive(
        at=at,
        archive=archive.shown,
        holds=bool(good),
        signer=(good or [check.signer for check in checks] or [Party()])[0],
        manifest=vouched.manifest,
        main=vouched.main,
        covered=archive.intact(vouched),
        weak=(*archive.weak(vouched), *sorted(weak)),
        incidental=archive.incidental,
    )
