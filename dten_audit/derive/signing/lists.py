"""Lists of digests: checksum files, and JSON manifests that a signature vouches for."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

from dten_audit.derive.signing.coverage import holds
from dten_audit.derive.signing.members import Members
from dten_audit.derive.signing.text_lines import Lines
from dten_audit.documents.document import Document
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.key_signatures import KeySignature, KeySignatureCheck
from dten_audit.model.facts.signatures import (
    SignatureCheck,
)
from dten_audit.model.facts.signing import (
    ChecksumEntry,
)
from dten_audit.model.location import Location
from dten_audit.readers.signing import bundles, dsse
from dten_audit.readers.signing.names import words

_LARGEST: Final = 64 << 20
_BY_LENGTH: Final = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_HEX: Final = frozenset("0123456789abcdefABCDEF")


class Listed(NamedTuple):
    """One digest of a list. ``path`` is as the list writes it."""

    at: Location
    algorithm: str
    digest: str
    path: str


class DigestList(NamedTuple):
    """A list of digests. ``signed``: a signature over it was found, and it holds.

    ``partial``: it need not speak of all members, nor only of them, as statements about a build.
    """

    info: DocumentInfo
    entries: tuple[Listed, ...]
    signed: bool
    partial: bool = False


def digest_lists(package: Package, members: Members) -> Iterator[DigestList]:
    """Yield the checksum files of a package, and the signed JSON files that list digests."""
    vouched = {check.target for check in package.of(SignatureCheck) if holds(check)}
    vouched |= {
        check.target or check.at.member
        for check in package.of(KeySignatureCheck)
        if check.verdict == "genuine" and check.trust != "revoked"
        if check.target or check.attached
    }
    by_document: dict[str, list[Listed]] = defaultdict(list)
    for entry in package.of(ChecksumEntry):
        info = package.documents.get(entry.document)
        if info is not None and not info.host:
            path = entry.path or info.path.rpartition("/")[2].rpartition(".")[0]
            listed = Listed(entry.at, entry.algorithm, entry.digest, path)
            by_document[entry.document].append(listed)
    for document, entries in by_document.items():
        info = package.documents[document]
        yield DigestList(info, tuple(entries), _member(info) in vouched)
    yield from _statements(package, vouched)
    manifests = {
        info.address: info
        for info in members.files.values()
        if info.kind == "json" and info.size <= _LARGEST and _member(info) in vouched
    }
    for address, data in package.contents(list(manifests)):
        info = manifests[address]
        found = tuple(json_digests(Document(address, info.path, "json", data)))
        if found:
            yield DigestList(info, found, signed=True)


def _statements(package: Package, vouched: set[str]) -> Iterator[DigestList]:
    """Yield the files that statements in signed envelopes are about."""
    for signature in package.of(KeySignature):
        if signature.format == "DSSE" and not signature.number:
            found = dsse.statement(dsse.load(signature.raw).payload)
        elif signature.format == "sigstore" and signature.attached:
            own = bundles.load(signature.raw).envelope
            found = dsse.statement(own.payload) if own else None
        else:
            continue
        entries = [
            Listed(signature.at, subject.algorithm, subject.digest, name)
            for subject in (found[1] if found else ())
            for name in _file_names(subject.name)
        ]
        info = package.documents.get(signature.document)
        if entries and info is not None:
            yield DigestList(info, tuple(entries), _member(info) in vouched, partial=True)


def _file_names(name: str) -> list[str]:
    """Return the names that a statement's subject may have as a file.

    npm names a package (``pkg:npm/%40acme/dten@9.4.0``): its archive is called as ``npm pack`` and
    as the registry call it.
    """
    kind, _, rest = name.partition("/")
    own, _, version = unquote(rest).rpartition("@")
    if kind != "pkg:npm" or not own:
        return [name]
    scope, _, bare = own.removeprefix("@").rpartition("/")
    names = [f"{bare}-{version}.tgz"]
    return [*names, f"{scope}-{bare}-{version}.tgz"] if scope else names


def _member(info: DocumentInfo) -> str:
    return Location(info.address).member


def json_digests(document: Document) -> Iterator[Listed]:
    """Yield the digests of a JSON manifest with their lines.

    Either objects with a path and a digest, or objects whose keys are paths and whose values are
    digests. What is no JSON lists nothing.
    """
    try:
        root = json.loads(document.text)
    except (ValueError, RecursionError):
        return
    lines = Lines(document.text)
    for path, algorithm, digest in _walk(root):
        yield Listed(document.location(lines.of(path)), algorithm, digest, path)


def _walk(root: object) -> Iterator[tuple[str, str, str]]:
    """Yield path, algorithm and digest of each entry, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += reversed(node)
        if isinstance(node, dict):
            entry = _entry(node)
            if entry is not None:
                yield entry
                continue
            for key, value in node.items():
                algorithm, digest = _digest(value)
                if digest and key not in words("digest_fields"):
                    yield str(key), algorithm, digest
            waiting += reversed(node.values())


def _entry(node: dict[object, object]) -> tuple[str, str, str] | None:
    paths = [value for key, value in node.items() if key in words("path_fields")]
    named = [value for value in paths if isinstance(value, str) and value]
    if not named:
        return None
    stated = [_digest(value) for key, value in node.items() if key in words("digest_fields")]
    for key, value in node.items():
        if key in ("digests", "hashes", "checksums") and isinstance(value, dict):
            stated += [_digest(part) for part in value.values()]
    algorithm, digest = max(stated, key=lambda one: len(one[1]), default=("", ""))
    return (named[0], algorithm, digest) if digest else None


def _digest(value: object) -> tuple[str, str]:
    """Return algorithm and digest of ``sha256:…`` or bare hexadecimal; empty for anything else."""
    if not isinstance(value, str):
        return "", ""
    digest = value.rpartition(":")[2]
    algorithm = _BY_LENGTH.get(len(digest), "")
    return (algorithm, digest.lower()) if algorithm and _HEX.issuperset(digest) else ("", "")


def digest(algorithm: str, data: bytes) -> str:
    """Return a digest in hexadecimal, by the name that hashlib uses."""
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()
