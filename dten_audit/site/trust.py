"""The trust store: which roots the user trusts to vouch for a vendor's packages.

Its simplest form is a folder of root certificates, PEM or DER. Vendor records add what must hold
for each of them::

    trust/vendors/acme.yaml      one reviewed file a vendor
    trust/certs/<sha256>.der     the certificates that records name, by fingerprint
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from dten_audit.model.facts.signing import Level
from dten_audit.model.location import Location
from dten_audit.readers.signing.certificates import (
    X509,
    MalformedError,
    NameKey,
    guarded,
    load,
    name_key,
)
from dten_audit.readers.signing.pem import blocks
from dten_audit.site.schema import SiteFileError, Table, read_documents

State = Literal["active", "retiring", "retired", "revoked"]

_STATES: Final = get_args(State)
_USES: Final = ("package", "timestamp")
_ENDINGS: Final = frozenset({".pem", ".der", ".crt", ".cer"})
_LARGEST: Final = 16 << 20
_HEX: Final = frozenset("0123456789abcdef")
_RECORD_KEYS: Final = (
    "schema", "version", "vendor", "scope", "identities", "level", "roots", "rotations",
)  # fmt: skip
_ROOT_KEYS: Final = (
    "sha256", "use", "state", "accept_until", "review_by", "evidence", "approvals",
)  # fmt: skip


class TrustError(SiteFileError):
    """A trust store that cannot be used: which file and line, and what to do about it."""


class Vendor(NamedTuple):
    """A vendor's record.

    ``scope`` are globs of package file names, empty for any. Of ``identities`` (each a set of
    attributes) one must be part of the signer's subject; empty for any.
    """

    name: str = ""
    scope: tuple[str, ...] = ()
    identities: tuple[frozenset[tuple[str, str]], ...] = ()
    level: Level = "strict"

    def covers(self, package: str) -> bool:
        """Say whether a package of that file name is this vendor's."""
        return not self.scope or any(fnmatchcase(package, glob) for glob in self.scope)

    def names(self, certificate: X509) -> bool:
        """Say whether the vendor signs with certificates of this subject."""
        own = frozenset(part for rdn in certificate.subject_key for part in rdn)
        return not self.identities or any(identity <= own for identity in self.identities)


class TrustedRoot(NamedTuple):
    """A certificate that the store speaks of; ``at`` is where.

    ``certificate`` is None where only its fingerprint is known, which is enough to revoke it.
    """

    sha256: str
    state: State
    vendor: Vendor
    at: Location
    certificate: X509 | None = None
    use: frozenset[str] = frozenset({"package"})
    accept_until: datetime | None = None
    review_by: datetime | None = None

    def accepted(self, at: datetime) -> bool:
        """Say whether signatures below this root are accepted at that time."""
        in_time = self.accept_until is None or at <= self.accept_until
        return in_time and self.state in ("active", "retiring")


class TrustStore:
    """All roots of a store, by fingerprint and by subject."""

    def __init__(self, roots: Iterable[TrustedRoot]) -> None:
        self.roots = tuple(roots)
        self._by_fingerprint: dict[str, list[TrustedRoot]] = defaultdict(list)
        self._by_subject: dict[NameKey, list[TrustedRoot]] = defaultdict(list)
        self._revoked_keys: set[str] = set()
        for root in self.roots:
            self._by_fingerprint[root.sha256].append(root)
            if root.certificate is not None:
                self._by_subject[root.certificate.subject_key].append(root)
                if root.state == "revoked":
                    self._revoked_keys.add(root.certificate.spki_sha256)

    def entries(self, certificate: X509) -> list[TrustedRoot]:
        """Return what the store says of this very certificate; empty where it knows it not."""
        return self._by_fingerprint.get(certificate.sha256, [])

    def named(self, subject: NameKey) -> list[TrustedRoot]:
        """Return the roots of that subject, whatever their key."""
        return self._by_subject.get(subject, [])

    def vendor_of(self, package: str) -> Vendor | None:
        """Return the vendor whose record names packages of that file name."""
        for root in self.roots:
            if root.vendor.scope and root.vendor.covers(package):
                return root.vendor
        return None

    def revoked(self, certificate: X509) -> bool:
        """Say whether this certificate, or any of the same key, is revoked."""
        stated = any(root.state == "revoked" for root in self.entries(certificate))
        return stated or certificate.spki_sha256 in self._revoked_keys


def load_trust(path: Path) -> TrustStore:
    """Load a trust store: a folder, or one file of roots. Raises ``TrustError``."""
    if path.is_file():
        return TrustStore(_loose(path))
    if not path.is_dir():
        raise TrustError(str(path), 1, "no such trust store: give a folder of root certificates")
    records = list(_records(path))
    loose = [
        root
        for file in sorted(path.iterdir())
        if file.suffix.lower() in _ENDINGS
        for root in _loose(_inside(file, path))
    ]
    recorded = {root.sha256 for root in records}
    store = TrustStore([*records, *(root for root in loose if root.sha256 not in recorded)])
    if not store.roots:
        reason = "the trust store is empty: put root certificates there, as PEM or DER"
        raise TrustError(str(path), 1, reason)
    return store


def _inside(file: Path, store: Path) -> Path:
    """Return the file. Raises ``TrustError`` where a link leads out of the store."""
    if not file.resolve().is_relative_to(store.resolve()):
        raise TrustError(str(file), 1, "the link leads out of the trust store: put a copy here")
    return file


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise TrustError(str(file), 1, "larger than any file of certificates")
        return file.read_bytes()
    except OSError as error:
        raise TrustError(str(file), 1, f"cannot be read: {error.strerror}") from None


def _certificates(file: Path) -> Iterator[tuple[X509, int]]:
    """Yield the certificates of a file with their lines. Raises ``TrustError``."""
    data = _read(file)
    text = data.decode("latin-1").replace("\r\n", "\n")
    found: list[tuple[bytes | None, int]] = [
        (block.data, text.count("\n", 0, block.offset) + 1)
        for block in blocks(text)
        if block.label.endswith("CERTIFICATE")
    ]
    for raw, line in found or [(data, 1)]:
        try:
            yield load(raw or b""), line
        except MalformedError:
            reason = "no certificate in PEM or DER: take this file out, or put the root here"
            raise TrustError(str(file), line, reason) from None


def _loose(file: Path) -> Iterator[TrustedRoot]:
    for certificate, line in _certificates(file):
        at = Location(str(file), line)
        yield TrustedRoot(certificate.sha256, "active", Vendor(), at, certificate)


def _records(store: Path) -> Iterator[TrustedRoot]:
    for file in sorted((store / "vendors").glob("*.yaml")):
        for node in read_documents(_inside(file, store), "vendor record"):
            table = Table(str(file), node, _RECORD_KEYS, "a vendor record")
            if table.text("schema", "1") != "1":
                raise TrustError(str(file), table.nodes["schema"].line, "the schema is 1")
            vendor = _vendor(table)
            if not table.items("roots"):
                raise TrustError(str(file), table.line, "a vendor record has roots")
            for item in table.items("roots"):
                yield _root(Table(str(file), item, _ROOT_KEYS, "a root"), vendor, store)


def _vendor(table: Table) -> Vendor:
    name = table.text("vendor")
    if not name:
        raise TrustError(table.path, table.line, "a vendor record names its vendor")
    level = table.text("level", "strict")
    if level not in get_args(Level):
        reason = f"level is one of {', '.join(get_args(Level))}"
        raise TrustError(table.path, table.nodes["level"].line, reason)
    identities = tuple(_identity(table, text) for text in table.texts("identities"))
    return Vendor(name, table.texts("scope"), identities, level)  # type: ignore[arg-type]


def _identity(table: Table, text: str) -> frozenset[tuple[str, str]]:
    from cryptography import x509

    try:
        name = guarded(lambda: x509.Name.from_rfc4514_string(text))
    except MalformedError:
        line = table.nodes["identities"].line
        reason = f"an identity is written like O=Acme Vendor GmbH, not {text}"
        raise TrustError(table.path, line, reason) from None
    return frozenset(part for rdn in name_key(name) for part in rdn)


def _root(table: Table, vendor: Vendor, store: Path) -> TrustedRoot:
    sha256 = "".join(table.text("sha256").lower().replace(":", "").split())
    if len(sha256) != 64 or not _HEX.issuperset(sha256):  # noqa: PLR2004 -- hexadecimal SHA-256
        line = table.nodes["sha256"].line if "sha256" in table.nodes else table.line
        raise TrustError(table.path, line, "a root is named by its SHA-256, 64 hexadecimal digits")
    state = table.text("state", "active")
    use = table.texts("use") or ("package",)
    for key, values, allowed in (("state", (state,), _STATES), ("use", use, _USES)):
        for value in values:
            if value not in allowed:
                reason = f"{key} is one of {', '.join(allowed)}, not {value}"
                raise TrustError(table.path, table.nodes[key].line, reason)
    return TrustedRoot(
        sha256,
        state,  # type: ignore[arg-type]
        vendor,
        Location(table.path, table.line),
        _recorded(table, sha256, store, needed=state != "revoked"),
        frozenset(use),
        _date(table, "accept_until"),
        _date(table, "review_by"),
    )


def _recorded(table: Table, sha256: str, store: Path, *, needed: bool) -> X509 | None:
    """Return the certificate that a record names, from ``certs``; its digest must be its name."""
    for ending in sorted(_ENDINGS):
        file = store / "certs" / f"{sha256}{ending}"
        if file.exists():
            certificate, _ = next(_certificates(_inside(file, store)))
            if certificate.sha256 != sha256:
                reason = f"holds the certificate {certificate.sha256}, not what its name says"
                raise TrustError(str(file), 1, reason)
            return certificate
    if needed:
        reason = f"the certificate is missing: put it at {store / 'certs' / sha256}.der"
        raise TrustError(table.path, table.line, reason)
    return None


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
