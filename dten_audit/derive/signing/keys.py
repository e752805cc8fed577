"""Derives which private keys are shipped and whose they are, and which keys signed nothing."""

from __future__ import annotations

from collections.abc import Iterator

from dten_audit.derive.signing.members import Members, container_of
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.key_signatures import KeySignature, KeySignatureCheck
from dten_audit.model.facts.signatures import (
    SignatureCheck,
)
from dten_audit.model.facts.signing import (
    Certificate,
    OrphanKey,
    OrphanSignature,
    PrivateKey,
    PublicKey,
    ShippedKey,
    Signature,
    UncheckedSignature,
)
from dten_audit.model.facts.tuf import TufMetadata
from dten_audit.model.location import MEMBER
from dten_audit.readers.signing.names import in_test_tree, signed_path, speaks_of_signing, words
from dten_audit.readers.signing.reader import BUNDLE
from dten_audit.site.estate import Estate

_NEAR_THE_TOP = 2


def derive(package: Package, _estate: Estate) -> Iterator[Fact]:
    """Yield shipped private keys, keys without signatures, unchecked signatures without files."""
    yield from _shipped(package)
    yield from _strays(package)
    signatures = (Signature, KeySignature, UncheckedSignature, TufMetadata)
    if not any(package.of(kind) for kind in signatures):
        yield from _orphans(package)


def _shipped(package: Package) -> Iterator[ShippedKey]:
    found = package.of(PrivateKey)
    if not found:
        return
    signers = {check.signer.sha256 for check in package.of(SignatureCheck)}
    owners = {fact.spki_sha256: fact.subject_name for fact in package.of(Certificate)}
    signing = {fact.spki_sha256 for fact in package.of(Certificate) if fact.sha256 in signers}
    seen = set()
    for key in found:
        place = (key.at.path, key.at.line, key.at.byte_offset, key.spki_sha256)
        if place in seen:
            continue
        seen.add(place)
        yield ShippedKey(
            at=key.at,
            format=key.format,
            algorithm=key.algorithm,
            encrypted=key.encrypted,
            spki_sha256=key.spki_sha256,
            test_tree=key.test_tree,
            is_signer_key=key.spki_sha256 in signing,
            certificate=owners.get(key.spki_sha256, ""),
            certainty=key.certainty,
        )


def _strays(package: Package) -> Iterator[OrphanSignature]:
    """Yield signatures by keys and of unchecked formats, beside nothing they could be for."""
    for check in package.of(KeySignatureCheck):
        if check.verdict == "no-file" and not check.signs_instead:
            expected = _expected(package, check.document)
            yield OrphanSignature(check.at, check.format, expected, check.incidental)
    found = package.of(UncheckedSignature)
    members = Members(package) if found else None
    for signature in found:
        info = package.documents.get(signature.document)
        if members is None or info is None or not signature.target:
            continue
        target, expected = members.target(info)
        if not target:
            expected = expected.partition(MEMBER)[2]
            yield OrphanSignature(signature.at, signature.format, expected, signature.incidental)


def _expected(package: Package, document: str) -> str:
    """Return where the file of a signature should be, empty where its name does not say."""
    info = package.documents[document]
    path = signed_path(info.path)
    return (container_of(info) + path).partition(MEMBER)[2] if path else ""


def _orphans(package: Package) -> Iterator[OrphanKey]:
    for certificate in package.of(Certificate):
        if not certificate.signs_code or certificate.is_ca or certificate.siblings > BUNDLE:
            continue
        yield OrphanKey(
            certificate.at,
            "X.509 certificate",
            certificate.subject_name,
            certificate.sha256,
            in_test_tree(certificate.at.member),
        )
    for key in package.of(PublicKey):
        info = package.documents.get(key.document)
        if info is not None and _is_for_the_package(info):
            name = key.at.path.rpartition("/")[2]
            test = in_test_tree(key.at.member)
            yield OrphanKey(key.at, f"{key.format} public key", name, key.fingerprint, test)


def _is_for_the_package(info: DocumentInfo) -> bool:
    """Say whether a public key lies where vendors lay the keys that check the delivery itself.

    Keys of package repositories and of applications lie deeper, and are for other things.
    """
    folders = info.path.split("/")[:-1]
    outermost = MEMBER not in container_of(info).removesuffix(MEMBER)
    near = len(folders) < _NEAR_THE_TOP or folders[-1].lower() in words("key_folders")
    return outermost and near and len(folders) <= _NEAR_THE_TOP and speaks_of_signing(info.path)
