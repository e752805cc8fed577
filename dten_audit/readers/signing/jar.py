"""Reads the manifests and signature files of Java archives (JAR File Specification, Signed JAR).

Sections are kept with their very bytes, for digests are over these: line ends, folds and all.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import DigestManifest, SchemeClaim
from dten_audit.readers.signing.apk_block import KNOWN

METADATA: Final = "META-INF/"
MANIFEST: Final = "META-INF/MANIFEST.MF"
SIGNATURE_FILE: Final = ".SF"
BLOCKS: Final = (".RSA", ".DSA", ".EC")
WEAK: Final = frozenset({"md5", "sha1"})
_ALGORITHMS: Final = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA1": "sha1",
    "SHA-1": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "SHA-512/224": "sha512_224",
    "SHA-512/256": "sha512_256",
    "SHA3-224": "sha3_224",
    "SHA3-256": "sha3_256",
    "SHA3-384": "sha3_384",
    "SHA3-512": "sha3_512",
}
"""Names of digests in Java (Security Standard Algorithm Names) and in hashlib."""
_DIGEST: Final = "-digest"
_WHOLE: Final = "-digest-manifest"
_MAIN: Final = "-digest-manifest-main-attributes"
_SCHEMES: Final = b"X-Android-APK-Signed"
_NAME: Final = "name"


class JarError(ValueError):
    """A manifest that no Java would read either."""


class Stated(NamedTuple):
    """A digest as a manifest states it: ``name`` as written, ``algorithm`` as hashlib calls it.

    ``algorithm`` is empty for one that is not known here. ``value`` is empty where it is no base64.
    """

    name: str
    algorithm: str
    value: bytes

    def fits(self, *contents: bytes) -> bool:
        """Say whether it is the digest of one of these contents."""
        return any(digest(self.algorithm, content) == self.value for content in contents)


class Section(NamedTuple):
    """A section: its attributes, names in lower case, and the bytes it was written with.

    ``plain`` are its bytes without the empty line at its end, which some signers left out.
    """

    attributes: tuple[tuple[str, str], ...]
    raw: bytes
    plain: bytes

    def get(self, name: str) -> str:
        """Return the value of an attribute, the last one as Java does; empty without any."""
        return next((value for key, value in reversed(self.attributes) if key == name), "")

    def digests(self, ending: str = _DIGEST) -> tuple[Stated, ...]:
        """Return the digests among the attributes, all of them."""
        return tuple(
            _stated(key.removesuffix(ending), value)
            for key, value in self.attributes
            if key.endswith(ending) and len(key) > len(ending)
        )


class Manifest(NamedTuple):
    """A manifest or signature file. Sections of one name are one, as in Java."""

    raw: bytes
    main: Section
    entries: dict[str, Section]

    @property
    def whole_digests(self) -> tuple[Stated, ...]:
        """What a signature file says of the whole manifest."""
        return self.main.digests(_WHOLE)

    @property
    def main_digests(self) -> tuple[Stated, ...]:
        """What a signature file says of the manifest's main section."""
        return self.main.digests(_MAIN)


def digest(algorithm: str, data: bytes) -> bytes:
    """Return a digest by the name that hashlib uses."""
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def _stated(name: str, value: str) -> Stated:
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    return Stated(name.upper(), _ALGORITHMS.get(name.upper(), ""), found)


def is_signing(path: str) -> bool:
    """Say whether an entry is a part of signing by its name, and so is under no signature itself.

    That is the manifest, and directly in ``META-INF`` signature files, blocks and ``SIG-*``.
    """
    upper = path.upper()
    if not upper.startswith(METADATA) or "/" in upper[len(METADATA) :]:
        return False
    name = upper[len(METADATA) :]
    return upper == MANIFEST or name.endswith((SIGNATURE_FILE, *BLOCKS)) or name.startswith("SIG-")


@cache
def _line() -> re.Pattern[bytes]:
    return re.compile(rb"([^\r\n]*+)(\r\n|\n|\r|\Z)")


def parse(data: bytes) -> Manifest:
    """Parse a manifest or signature file. Raises ``JarError``."""
    main, *others = [*_sections(data)] or [Section((), b"", b"")]
    found: dict[str, list[Section]] = {}
    for section in others:
        if section.attributes[0][0] != _NAME:
            raise JarError("a section without a name")
        found.setdefault(_entry_name(section.attributes[0][1]), []).append(section)
    return Manifest(data, main, {name: _merged(parts) for name, parts in found.items()})


def _merged(parts: list[Section]) -> Section:
    if len(parts) == 1:
        return parts[0]
    before = b"".join(part.raw for part in parts[:-1])
    attributes = tuple(pair for part in parts for pair in part.attributes)
    return Section(attributes, before + parts[-1].raw, before + parts[-1].plain)


def _entry_name(name: str) -> str:
    """Return the name of an entry as Java looks it up."""
    return name.removeprefix("./").removeprefix("/")


def _sections(data: bytes) -> Iterator[Section]:
    """Yield the sections; several empty lines between them belong to the one before."""
    pairs: list[list[bytes]] = []
    start = plain = position = 0
    while position < len(data):
        match = _line().match(data, position)
        if match is None or match.end() == position:
            break
        line, after = match[1], match.end()
        if line:
            if pairs and start < plain < position:
                yield Section(tuple(_attributes(pairs)), data[start:position], data[start:plain])
                pairs, start = [], position
            _fold(pairs, line)
            plain = after
        elif not pairs:
            raise JarError("an empty line before any attribute")
        position = after
    if pairs:
        yield Section(tuple(_attributes(pairs)), data[start:], data[start:plain])


def _fold(lines: list[list[bytes]], line: bytes) -> None:
    """Add a line; one that starts with a blank continues that before, amid a character even."""
    if line[:1] != b" ":
        lines.append([line])
    elif lines:
        lines[-1].append(line[1:])
    else:
        raise JarError("a continued line without a beginning")


def _attributes(lines: list[list[bytes]]) -> Iterator[tuple[str, str]]:
    for parts in lines:
        key, colon, value = b"".join(parts).partition(b": ")
        if not colon:
            raise JarError(f"no attribute: {key[:60].decode('utf-8', 'replace')}")
        yield key.decode("ascii", "replace").lower(), value.decode("utf-8", "replace")


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State that a manifest lists digests, and which further schemes a signature file names.

    The first is what signers leave in an archive, the second what those of Android do.
    """
    path = document.path.upper()
    if path == MANIFEST and b"-Digest: " in document.data:
        yield DigestManifest(document.whole(), document.id)
    if is_signing(path) and path.endswith(SIGNATURE_FILE) and _SCHEMES in document.data:
        try:
            stated = parse(document.data).main.get(_SCHEMES.decode().lower())
        except JarError:
            return
        schemes = tuple(own for own in map(str.strip, stated.split(",")) if own in KNOWN)
        if schemes:
            yield SchemeClaim(document.whole(), document.id, schemes)
