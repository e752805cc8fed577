"""Loads a trust store, strictly: what is not understood or not what it seems is an error.

Its simplest form is a folder of root certificates, PEM or DER. Vendor records add what must hold
for each of them::

    trust/vendors/acme.yaml      one reviewed file a vendor
    trust/certs/<sha256>.der     the certificates that records name, by fingerprint
    trust/crls/*                 revocation lists and OCSP responses, as DER or PEM
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from dten_audit.model.location import Location
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.signing.certificates import X509, MalformedError, load
from dten_audit.readers.signing.pem import blocks
from dten_audit.readers.signing.sealed import signed_by
from dten_audit.site.schema import read_documents
from dten_audit.site.trust import APPROVALS, Rotation, TrustedRoot, TrustStore, Vendor
from dten_audit.site.trust_key_files import file_keys, holds_keys_only, loose_keys, recorded_keys
from dten_audit.site.trust_lists import load_lists
from dten_audit.site.trust_records import Find, Record, TrustError, record
from dten_audit.site.trust_sigstore import load_instances

ENDINGS: Final = (".cer", ".crt", ".der", ".pem")
_LARGEST: Final = 16 << 20


def load_trust(path: Path) -> TrustStore:
    """Load a trust store: a folder, or one file of roots. Raises ``TrustError``."""
    if path.is_file():
        keys = list(file_keys(path, path.parent)) if holds_keys_only(path, path.parent) else []
        return TrustStore(() if keys else _loose(path), str(path), keys=keys)
    if not path.is_dir():
        raise TrustError(str(path), 1, "no such trust store: give a folder of root certificates")
    store = settled(path, [own.record for own in read_records(path)])
    if not store.roots and not store.keys and not store.vendors:
        reason = "the trust store is empty: put root certificates there, as PEM or DER"
        raise TrustError(str(path), 1, reason)
    return store


class RecordFile(NamedTuple):
    """A vendor's record with the file that it stands in and its parsed document."""

    file: Path
    node: Node
    record: Record


def read_records(store: Path) -> list[RecordFile]:
    """Return the vendor records of a store. Raises ``TrustError``."""
    folder = store / "vendors"
    _real(folder, store)
    found = []
    for file in sorted(folder.glob("*.yaml")):
        found += [
            RecordFile(file, node, record(str(file), node, finder(store)))
            for node in read_documents(_real(file, store), "vendor record")
        ]
    return found


def finder(store: Path) -> Find:
    """Return the function that finds a certificate in ``certs``, by what must be its digest."""

    def find(sha256: str) -> X509 | None:
        for ending in ENDINGS:
            file = store / "certs" / f"{sha256}{ending}"
            if not (file.exists() or file.is_symlink()):
                continue
            certificate, _ = next(certificates_of(_real(file, store)))
            if certificate.sha256 != sha256:
                reason = f"holds the certificate {certificate.sha256}, not what its name says"
                raise TrustError(str(file), 1, reason)
            return certificate
        return None

    _real(store / "certs", store)
    return find


def settled(store: Path, records: Iterable[Record]) -> TrustStore:
    """Return the store of these records and its loose files, its rotations proven."""
    records = list(records)
    stated = [root for own in records for root in own.roots]
    known = {root.sha256 for root in stated}
    loose = [root for root in _folder(store) if root.sha256 not in known]
    by_name = {root.sha256: root for root in (*loose, *stated)}
    find = finder(store)
    rotations = [_proven(own, by_name, find) for one in records for own in one.rotations]
    roots = [_weighed(root, rotations, by_name) for root in stated]
    keys = [
        key
        for own in records
        for key in recorded_keys(own.vendor.at.path, own.keys, own.vendor, store)
    ]
    named = {own.key.identity for own in keys}
    keys += [own for own in loose_keys(store) if own.key.identity not in named]
    vendors = [own.vendor for own in records if own.vendor.sigstore]
    instances = list(load_instances(store))
    roots += [root for own in instances for root in own.roots]
    keys += [key for own in instances for key in own.keys]
    lists = list(load_lists(store))
    return TrustStore([*roots, *loose], str(store), rotations, keys, vendors, lists)


def _proven(own: Rotation, roots: dict[str, TrustedRoot], find: Find) -> Rotation:
    """Check a rotation against the store. Raises ``TrustError`` where it is not what it says."""
    old, new = roots.get(own.old), roots.get(own.new)
    for what, sha256, root in (("from", own.old, old), ("to", own.new, new)):
        if root is None:
            reason = f"rotation {what} {sha256}, of which the trust store knows nothing"
            raise TrustError(own.at.path, own.at.line or 1, reason)
    if own.via != "cross-signature":
        return own
    cross = find(own.cert)
    if cross is None:
        reason = f"the cross-certificate {own.cert or ''} is missing in certs"
        raise TrustError(own.at.path, own.at.line or 1, reason)
    above = old.certificate if old else None
    below = new.certificate if new else None
    same = below is not None and cross.spki_sha256 == below.spki_sha256
    issued = above is not None and cross.issuer_key == above.subject_key
    if not (same and issued and above is not None and signed_by(cross, above)):
        reason = f"{own.cert} is no certificate by the old root for the new root's key"
        raise TrustError(own.at.path, own.at.line or 1, reason)
    return own._replace(proven=True)


def _weighed(
    root: TrustedRoot, rotations: Iterable[Rotation], roots: dict[str, TrustedRoot]
) -> TrustedRoot:
    """Return a recorded root with the approvals that it needs.

    Authorities that only stamp times need none: no vendor could read out their fingerprint. One
    person is enough where a root of the store vouches for it, or an advisory that a known key
    signed; what a revoked root vouched for counts no more.
    """
    if root.state in ("retired", "revoked") or "package" not in root.use:
        return root
    vouched = [
        own for own in rotations if own.new == root.sha256 and roots[own.old].state != "revoked"
    ]
    told = any(own.channel == "advisory" and own.signed_by for own in root.evidence)
    eased = told or any(own.proven for own in vouched)
    return root._replace(needed=APPROVALS - eased, rotated=bool(vouched))


def _folder(store: Path) -> Iterator[TrustedRoot]:
    for file in sorted(store.iterdir()):
        if file.suffix.lower() in ENDINGS and not holds_keys_only(file, store):
            yield from _loose(_inside(file, store))


def _inside(file: Path, store: Path) -> Path:
    """Return the file. Raises ``TrustError`` where a link leads out of the store."""
    if not file.resolve().is_relative_to(store.resolve()):
        raise TrustError(str(file), 1, "the link leads out of the trust store: put a copy here")
    return file


def _real(file: Path, store: Path) -> Path:
    """Return the file. Raises ``TrustError`` for a link: records and what they name are files."""
    if file.is_symlink():
        raise TrustError(str(file), 1, "is a link: put the file itself here")
    return _inside(file, store)


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise TrustError(str(file), 1, "larger than any file of certificates")
        return file.read_bytes()
    except OSError as error:
        raise TrustError(str(file), 1, f"cannot be read: {error.strerror}") from None


def certificates_of(file: Path) -> Iterator[tuple[X509, int]]:
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
    for certificate, line in certificates_of(file):
        at = Location(str(file), line)
        yield TrustedRoot(certificate.sha256, "active", Vendor(), at, certificate)
