"""Reads a vendor's record: each key known, each value what it must be, else file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple, cast, get_args

from dten_audit.model.facts.signing import Level
from dten_audit.model.location import Location
from dten_audit.model.suggestion import suggestion
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.signing.certificates import X509, MalformedError, guarded, name_key
from dten_audit.site.schema import SiteFileError, Table
from dten_audit.site.trust import (
    Channel,
    Evidence,
    Rotation,
    SigstoreIdentity,
    State,
    TrustedRoot,
    Vendor,
    Via,
)

Find = Callable[[str], X509 | None]
"""Finds a certificate by its fingerprint."""

USES: Final = ("package", "timestamp", "sigstore")
_HEX: Final = frozenset("0123456789abcdef")
_DIGITS: Final = 64
_KEYS: Final = (
    "schema", "version", "vendor", "scope", "identities", "level", "roots", "rotations",
    "keys", "sigstore",
)  # fmt: skip
_ROOT_KEYS: Final = (
    "sha256", "use", "state", "accept_until", "review_by", "evidence", "approvals", "note",
)  # fmt: skip
_EVIDENCE_KEYS: Final = (
    "channel", "by", "at", "peer", "number_from", "groups", "id", "sha256", "signed_by", "note",
)  # fmt: skip
_SIGSTORE_KEYS: Final = ("identity", "issuer", "note")
_ROTATION_KEYS: Final = ("from", "to", "via", "cert", "seen_in", "at", "by", "note")


class TrustError(SiteFileError):
    """A trust store that cannot be used: which file and line, and what to do about it."""


class Record(NamedTuple):
    """A vendor's record, each part checked by itself."""

    vendor: Vendor
    roots: tuple[TrustedRoot, ...]
    rotations: tuple[Rotation, ...]
    keys: tuple[Node, ...] = ()


def record(path: str, node: Node, find: Find) -> Record:
    """Return the record that ``node``, a document of the file ``path``, holds.

    Raises ``TrustError``, also where ``find`` has none of the certificates that it names.
    """
    table = Table(path, node, _KEYS, "a vendor record")
    if table.text("schema", "1") != "1":
        raise TrustError(path, table.nodes["schema"].line, "the schema is 1")
    vendor = _vendor(table)
    if not any(table.items(key) for key in ("roots", "keys", "sigstore")):
        raise TrustError(path, table.line, "a vendor record has roots")
    roots = [_root(_table(path, item, "root"), vendor, find) for item in table.items("roots")]
    seen: set[str] = set()
    for root in roots:
        if root.sha256 in seen:
            raise TrustError(path, root.at.line or 1, f"{root.sha256} stands here twice")
        seen.add(root.sha256)
    rotations = [_rotation(_table(path, item, "rotation")) for item in table.items("rotations")]
    return Record(vendor, tuple(roots), tuple(rotations), table.items("keys"))


def _table(path: str, node: Node, what: str) -> Table:
    keys = {"root": _ROOT_KEYS, "evidence": _EVIDENCE_KEYS, "rotation": _ROTATION_KEYS}[what]
    return Table(path, node, keys, what if what == "evidence" else f"a {what}")


def _vendor(table: Table) -> Vendor:
    name = table.text("vendor")
    if not name:
        raise TrustError(table.path, table.line, "a vendor record names its vendor")
    level = _choice(table, "level", get_args(Level), "strict")
    identities = tuple(_identity(table, text) for text in table.texts("identities"))
    version = table.number("version")
    at = Location(table.path, table.line)
    sigstore = tuple(_sigstore(table.path, node) for node in table.items("sigstore"))
    scope = table.texts("scope")
    return Vendor(name, scope, identities, cast("Level", level), version, at, sigstore)


def _sigstore(path: str, node: Node) -> SigstoreIdentity:
    table = Table(path, node, _SIGSTORE_KEYS, "a sigstore identity")
    identity, issuer = table.text("identity"), table.text("issuer")
    if not identity.replace("*", ""):
        reason = "a sigstore identity names who signs (identity): an address or a workflow's URL"
        raise TrustError(path, table.line, reason)
    if not issuer:
        reason = "a sigstore identity names who vouches for it (issuer), such as https://accounts.google.com"
        raise TrustError(path, table.line, reason)
    return SigstoreIdentity(identity, issuer)


def _choice(table: Table, key: str, allowed: tuple[str, ...], default: str) -> str:
    text = table.text(key, default)
    if text not in allowed:
        line = table.nodes[key].line if key in table.nodes else table.line
        hint = suggestion(text, allowed)
        raise TrustError(table.path, line, f"{key} is one of {', '.join(allowed)}{hint}")
    return text


def _identity(table: Table, text: str) -> frozenset[tuple[str, str]]:
    from cryptography import x509

    try:
        name = guarded(lambda: x509.Name.from_rfc4514_string(text))
    except MalformedError:
        line = table.nodes["identities"].line
        reason = f"an identity is written like O=Acme Vendor GmbH, not {text}"
        raise TrustError(table.path, line, reason) from None
    return frozenset(part for rdn in name_key(name) for part in rdn)


def bare_fingerprint(text: str) -> str:
    """Return a SHA-256 without colons and blanks, in lower case; empty where it is none."""
    bare = "".join(text.lower().replace(":", "").split())
    return bare if len(bare) == _DIGITS and _HEX.issuperset(bare) else ""


def _fingerprint(table: Table, key: str, what: str) -> str:
    found = bare_fingerprint(table.text(key))
    if not found:
        line = table.nodes[key].line if key in table.nodes else table.line
        reason = f"{what} is named by its SHA-256, 64 hexadecimal digits"
        raise TrustError(table.path, line, reason)
    return found


def _root(table: Table, vendor: Vendor, find: Find) -> TrustedRoot:
    sha256 = _fingerprint(table, "sha256", "a root")
    state = _choice(table, "state", get_args(State), "active")
    use = table.texts("use") or ("package",)
    for value in use:
        if value not in USES:
            reason = f"use is one of {', '.join(USES)}, not {value}"
            raise TrustError(table.path, table.nodes["use"].line, reason)
    certificate = find(sha256)
    if certificate is None and state != "revoked":
        reason = f"the certificate is missing: put it at certs/{sha256}.der of the trust store"
        raise TrustError(table.path, table.line, reason)
    return TrustedRoot(
        sha256,
        cast("State", state),
        vendor,
        Location(table.path, table.line),
        certificate,
        frozenset(use),
        _date(table, "accept_until"),
        _date(table, "review_by"),
        tuple(_evidence(table)),
        table.texts("approvals"),
    )


def _evidence(root: Table) -> Iterator[Evidence]:
    for node in root.items("evidence"):
        table = _table(root.path, node, "evidence")
        channel = cast("Channel", _choice(table, "channel", get_args(Channel), ""))
        if not table.text("by"):
            raise TrustError(table.path, table.line, "evidence names who confirmed it (by)")
        _date(table, "at")
        texts = [table.text(key) for key in ("by", "at", "peer", "id", "signed_by")]
        yield Evidence(channel, *texts)


def _rotation(table: Table) -> Rotation:
    old, new = (_fingerprint(table, key, "a root") for key in ("from", "to"))
    via = cast("Via", _choice(table, "via", get_args(Via), "cross-signature"))
    cert = ""
    if via == "cross-signature":
        cert = _fingerprint(table, "cert", "a cross-certificate")
    _date(table, "at")
    return Rotation(old, new, via, Location(table.path, table.line), cert)


def _date(table: Table, key: str) -> datetime | None:
    text = table.text(key)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        reason = f"{key} is a date such as 2034-01-01"
        raise TrustError(table.path, table.nodes[key].line, reason) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
