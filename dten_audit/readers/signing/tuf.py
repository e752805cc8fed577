"""Metadata of The Update Framework: who may sign what, which versions belong together, until when.

https://theupdateframework.github.io/specification/v1.0.33/, sections 4.2 to 4.6; TAP 15 for bins
that are stated as a number. Nothing here is verified; ``derive.signing.tuf`` does that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple, cast
from urllib.parse import unquote

from dten_audit.readers.signing import canonical_json
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.tuf_keys import TufKey, known

RoleKind = Literal["root", "timestamp", "snapshot", "targets", "mirrors"]
KINDS: Final = ("root", "timestamp", "snapshot", "targets", "mirrors")
_NOTARY: Final = dict.fromkeys(("Root", "Timestamp", "Snapshot", "Targets"), "Notary metadata")
_RELATIVES: Final = _NOTARY | dict.fromkeys(("layout", "link"), "in-toto metadata")
_MOST: Final = 1000
"""More keys of a role, or signatures of a file, than this are refused."""
_BITS: Final = 32
_BIN: Final = re.compile("[0-9a-f]{1,8}")
_HEX: Final = re.compile(r"[0-9a-fA-F]*")
_NUMBERED: Final = re.compile(r"([0-9]{1,18})\.(.+)", re.DOTALL)
_ENDING: Final = ".json"


class Role(NamedTuple):
    """Whose signatures a role needs: ids of keys, and how many of these keys must sign."""

    keyids: frozenset[str] = frozenset()
    threshold: int = 1


class File(NamedTuple):
    """What metadata says of a file; None and empty for what it does not say."""

    version: int | None
    length: int | None
    hashes: Mapping[str, str]


class Delegation(NamedTuple):
    """A role to which another one leaves some paths: by patterns, or by the digest of the path.

    Of a role that is one of numbered bins, ``paths`` and ``prefixes`` are None.
    """

    name: str
    role: Role
    terminating: bool = False
    paths: tuple[str, ...] | None = None
    prefixes: tuple[str, ...] | None = None

    def covers(self, target: str) -> bool:
        """Say whether a target's path is among those that are left to the role."""
        if self.prefixes is not None:
            return path_digest(target).startswith(self.prefixes)
        return any(_fits(target, pattern) for pattern in self.paths or ())


class Bins(NamedTuple):
    """A delegation to numbered bins, by the first ``bits`` of the digest of a path (TAP 15)."""

    role: Role
    bits: int
    prefix: str

    def of(self, target: str) -> Delegation:
        """Return the bin that a target belongs to."""
        number = int(path_digest(target)[:8], 16) >> (_BITS - self.bits)
        return self.named(number)

    def named(self, number: int) -> Delegation:
        """Return the bin of that number."""
        digits = (self.bits + 3) // 4
        return Delegation(f"{self.prefix}-{number:0{digits}x}", self.role, terminating=True)

    def own(self, name: str) -> Delegation | None:
        """Return the bin of that name; None where it is none of these."""
        head, dash, digits = name.rpartition("-")
        if head != self.prefix or not dash or not _BIN.fullmatch(digits):
            return None
        made = self.named(int(digits, 16))
        return made if made.name == name and not int(digits, 16) >> self.bits else None


class Metadata(NamedTuple):
    """A metadata file, parsed. ``message`` is what its signatures are over.

    Of ``root``: ``keys`` by id, ``roles``. Of ``timestamp`` and ``snapshot``: ``files``, by name.
    Of ``targets``: ``files`` by path, ``keys``, and to whom it leaves what, in order.
    """

    kind: RoleKind
    version: int
    expires: datetime
    message: bytes
    raw: bytes
    signatures: tuple[tuple[str, bytes], ...]
    keys: Mapping[str, TufKey]
    roles: Mapping[str, Role]
    files: Mapping[str, File]
    delegations: tuple[Delegation, ...] = ()
    bins: Bins | None = None
    consistent: bool = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is signed: the same, however the file is laid out."""
        return sha256(self.message).hexdigest()

    @property
    def key_digests(self) -> tuple[str, ...]:
        """SHA-256 of the keys of a root's own role, as bare keys are named."""
        own = self.roles.get("root", Role())
        found = {self.keys[one].spki for one in own.keyids if one in self.keys}
        return tuple(sorted(sha256(spki).hexdigest() for spki in found if spki))


def path_digest(path: str) -> str:
    """Return the digest by which paths are put into bins."""
    return sha256(path.encode("utf-8", "surrogatepass")).hexdigest()


def _fits(target: str, pattern: str) -> bool:
    """Say whether a path fits a pattern; no ``*`` reaches over a ``/``."""
    parts, patterns = target.split("/"), pattern.split("/")
    same = len(parts) == len(patterns)
    return same and all(map(fnmatchcase, parts, patterns))


def role_of(name: str) -> tuple[str, int | None]:
    """Return the role and the version that a file's name states (``3.targets.json``)."""
    stem = unquote(name.removesuffix(_ENDING))
    numbered = _NUMBERED.fullmatch(stem)
    return (numbered[2], int(numbered[1])) if numbered else (stem, None)


def is_metadata(root: object) -> bool:
    """Say whether parsed JSON has the outer shape of TUF metadata."""
    signed = root.get("signed") if isinstance(root, dict) else None
    if not isinstance(root, dict) or not isinstance(signed, dict) or "signatures" not in root:
        return False
    return signed.get("_type") in KINDS or ("_type" in signed and "spec_version" in signed)


def relative(root: dict[object, object]) -> str:
    """Return which relative of TUF parsed JSON is of: Notary 1, or in-toto before its envelopes."""
    signed = root.get("signed")
    if not isinstance(signed, dict) or "signatures" not in root:
        return ""
    return _RELATIVES.get(str(signed.get("_type")), "")


def load(raw: bytes) -> Metadata:
    """Return the metadata that a file holds. Raises ``MalformedError``."""
    root = canonical_json.parse(raw)
    if not is_metadata(root):
        raise MalformedError("no TUF metadata")
    signed = _Node(root["signed"], "signed")
    kind = cast("RoleKind", signed.text("_type"))
    if kind not in KINDS:
        raise MalformedError(f"a role of the type {kind[:20]}")
    if not signed.text("spec_version").startswith("1."):
        raise MalformedError(f"spec_version {signed.text('spec_version')[:20]} is not known here")
    delegating = kind == "targets" and signed.has("delegations")
    delegations = signed.node("delegations") if delegating else None
    owner = signed if kind == "root" else delegations
    files = {"root": "", "mirrors": "", "targets": "targets"}.get(kind, "meta")
    return Metadata(
        kind,
        signed.positive("version"),
        _instant(signed.text("expires")),
        canonical_json.encode(root["signed"]),
        raw,
        tuple(_signatures(root["signatures"])),
        dict(_keys(owner.node("keys"))) if owner else {},
        dict(_roles(signed.node("roles"))) if kind == "root" else {},
        dict(_files(signed.node(files))) if files else {},
        tuple(_delegations(delegations)) if delegations else (),
        _bins(delegations) if delegations else None,
        kind == "root" and signed.flag("consistent_snapshot"),
    )


class _Node:
    """An object of the metadata, whose fields are what they must be, or it is malformed."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise MalformedError(f"{where} is no object")
        self.value: dict[str, Any] = value
        self._where = where

    def has(self, field: str) -> bool:
        return field in self.value

    def _get(self, field: str, kind: type) -> Any:
        found = self.value.get(field)
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            raise MalformedError(f"{self._where}: {field} is missing, or not what it must be")
        return found

    def text(self, field: str) -> str:
        return str(self._get(field, str))

    def flag(self, field: str) -> bool:
        return self.has(field) and bool(self._get(field, bool))

    def positive(self, field: str) -> int:
        found = int(self._get(field, int))
        if found < 1:
            raise MalformedError(f"{self._where}: {field} is below 1")
        return found

    def texts(self, field: str) -> tuple[str, ...]:
        found = self._get(field, list)
        if not all(isinstance(one, str) for one in found):
            raise MalformedError(f"{self._where}: {field} is no list of texts")
        return tuple(found)

    def list(self, field: str) -> list[Any]:
        return cast("list[Any]", self._get(field, list))

    def node(self, field: str) -> _Node:
        return _Node(self.value.get(field), field)

    def nodes(self) -> Iterator[tuple[str, _Node]]:
        for name, value in self.value.items():
            yield name, _Node(value, name)

    def role(self) -> Role:
        keyids = self.texts("keyids")
        if len(keyids) > _MOST:
            raise MalformedError(f"{self._where}: more than {_MOST} keys")
        return Role(frozenset(keyids), self.positive("threshold"))


def _instant(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise MalformedError(f"expires is no moment: {text[:40]}") from None


def _signatures(stated: object) -> Iterator[tuple[str, bytes]]:
    if not isinstance(stated, list) or len(stated) > _MOST:
        raise MalformedError("signatures is no list, or a very long one")
    for one in stated:
        own = _Node(one, "signatures")
        value = own.text("sig")
        if not _HEX.fullmatch(value) or len(value) % 2:
            raise MalformedError("a signature is not hexadecimal")
        yield own.text("keyid"), bytes.fromhex(value)


def _keys(stated: _Node) -> Iterator[tuple[str, TufKey]]:
    for keyid, own in stated.nodes():
        public = own.node("keyval").text("public")
        yield keyid, known(own.text("keytype"), own.text("scheme"), public)


def _roles(stated: _Node) -> Iterator[tuple[str, Role]]:
    for name, own in stated.nodes():
        yield name, own.role()
    for name in KINDS[:4]:
        if not stated.has(name):
            raise MalformedError(f"roles: {name} is missing")


def _files(stated: _Node) -> Iterator[tuple[str, File]]:
    for name, own in stated.nodes():
        hashes = own.node("hashes").value if own.has("hashes") else {}
        yield (
            name,
            File(
                own.positive("version") if own.has("version") else None,
                int(own._get("length", int)) if own.has("length") else None,  # noqa: SLF001
                {key: value.lower() for key, value in hashes.items() if isinstance(value, str)},
            ),
        )


def _delegations(stated: _Node) -> Iterator[Delegation]:
    for one in stated.list("roles") if stated.has("roles") else ():
        own = _Node(one, "delegation")
        paths = own.texts("paths") if own.has("paths") else None
        prefixes = own.texts("path_hash_prefixes") if own.has("path_hash_prefixes") else None
        if (paths is None) == (prefixes is None):
            raise MalformedError("a delegation has either paths or path_hash_prefixes")
        name = own.text("name")
        if name in KINDS[:4]:
            raise MalformedError(f"a delegation to the role {name}")
        yield Delegation(name, own.role(), own.flag("terminating"), paths, prefixes)


def _bins(stated: _Node) -> Bins | None:
    if not stated.has("succinct_roles"):
        return None
    own = stated.node("succinct_roles")
    bits = own.positive("bit_length")
    if bits > _BITS or stated.has("roles"):
        raise MalformedError("succinct_roles: more than 32 bits, or roles beside them")
    return Bins(own.role(), bits, own.text("name_prefix"))
