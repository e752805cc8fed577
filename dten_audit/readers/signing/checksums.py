"""Checksum files: the forms of coreutils, BSD, OpenSSL, and a bare digest beside its file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

_HEX: Final = frozenset("0123456789abcdefABCDEF")
_BY_LENGTH: Final = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_LONG: Final = 128
_OTHER_NAMES: Final = (("b2", "blake2b"), ("blake2b", "blake2b"), ("sha3", "sha3_"))
_TAGS: Final = {
    "md5": "md5", "sha1": "sha1", "sha224": "sha224", "sha256": "sha256", "sha384": "sha384",
    "sha512": "sha512", "sha2-256": "sha256", "sha2-512": "sha512", "blake2b": "blake2b",
    "blake2b-512": "blake2b", "sha3-256": "sha3_256", "sha3-512": "sha3_512",
}  # fmt: skip
WEAK: Final = frozenset({"md5", "sha1"})


class Entry(NamedTuple):
    """One digest. ``path`` is empty where the name of the checksum file says it."""

    line: int
    algorithm: str
    digest: str
    path: str


def entries(text: str, name: str) -> Iterator[Entry]:
    """Yield the digests of a checksum file; ``name`` settles what a long digest is.

    A line of another form gives an entry without digest and with itself as path.
    """
    armoured = False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped.startswith("-----"):
            armoured = stripped.startswith("-----BEGIN PGP SIGNATURE")
            continue
        if not stripped or armoured or stripped[0] in "#;" or stripped.startswith("Hash: "):
            continue
        yield (
            _coreutils(line, number, name)
            or _tagged(stripped, number)
            or _reversed(stripped, number, name)
            or Entry(number, "", "", stripped)
        )


def _coreutils(line: str, number: int, name: str) -> Entry | None:
    """``<digest>  <path>``, with ``*`` for binary and a backslash before escaped names."""
    escaped = line.startswith("\\")
    digest, _, path = line.strip().lstrip("\\").partition(" ")
    if "\t" in digest:
        digest, _, path = digest.partition("\t")
    if not _is_digest(digest):
        return None
    path = path.strip().removeprefix("*")
    if escaped:
        path = path.replace("\\n", "\n").replace("\\\\", "\\")
    return Entry(number, _algorithm(digest, name), digest.lower(), path)


def _tagged(line: str, number: int) -> Entry | None:
    """``SHA256 (<path>) = <digest>`` as BSD and ``--tag``, ``SHA2-256(<path>)= `` as OpenSSL."""
    head, equals, digest = line.rpartition("=")
    tag, _, path = head.rstrip().partition("(")
    algorithm = _TAGS.get(tag.strip().lower())
    digest = digest.strip()
    if not equals or algorithm is None or not path.endswith(")") or not _is_digest(digest):
        return None
    return Entry(number, algorithm, digest.lower(), path[:-1])


def _reversed(line: str, number: int, name: str) -> Entry | None:
    """``<path> <digest>`` or ``<path>: <digest>``."""
    words = line.rsplit(None, 1)
    if len(words) < 2 or not _is_digest(words[1]):  # noqa: PLR2004 -- path and digest
        return None
    path = words[0].rstrip().removesuffix(":").rstrip()
    return Entry(number, _algorithm(words[1], name), words[1].lower(), path)


def _is_digest(text: str) -> bool:
    return len(text) in _BY_LENGTH and _HEX.issuperset(text)


def _algorithm(digest: str, name: str) -> str:
    lower = name.lower()
    for word, algorithm in _OTHER_NAMES:
        if word in lower and len(digest) == _LONG:
            return algorithm if algorithm == "blake2b" else "sha3_512"
    return _BY_LENGTH[len(digest)]
