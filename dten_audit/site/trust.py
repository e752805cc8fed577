"""The trust store: which roots the user trusts to vouch for a vendor's packages, and why.

Nothing but these records decides: no certificate is trusted because a system or a package has it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from dten_audit.model.facts.signing import Level
from dten_audit.model.location import Location
from dten_audit.readers.signing.certificates import X509, NameKey

if TYPE_CHECKING:
    from dten_audit.readers.signing.crl import Crl
    from dten_audit.readers.signing.ocsp import Ocsp
    from dten_audit.site.trust_keys import TrustedKey

State = Literal["active", "retiring", "retired", "revoked"]
Channel = Literal[
    "phone", "in-person", "letter", "contract", "web", "e-mail", "advisory",
    "cross-signature", "dual-signature",
]  # fmt: skip
Via = Literal["cross-signature", "dual-signature"]

STRONG: Final[frozenset[Channel]] = frozenset({"phone", "in-person", "letter", "contract"})
"""Ways that do not come with the package. A forum, a mail and an advisory alone prove nothing."""
APPROVALS: Final = 2
"""How many people must stand for a root that no other trusted root vouches for."""


class SigstoreIdentity(NamedTuple):
    """Who signs for a vendor with sigstore: a name, ``*`` for any text, and who vouches for it."""

    identity: str
    issuer: str

    def names(self, names: Iterable[str], issuer: str) -> bool:
        """Say whether a certificate for these names, of that issuer, is meant."""
        parts = (re.escape(part) for part in self.identity.split("*"))
        pattern = re.compile(".*".join(parts))
        return issuer == self.issuer and any(pattern.fullmatch(name) for name in names)


class Vendor(NamedTuple):
    """A vendor's record.

    ``scope`` are globs of file names: of packages, and of archives inside them; empty for any. Of
    ``identities`` (each a set of attributes) one must be part of the signer's subject; empty for
    any. ``version`` counts the changes of the record; ``at`` is where it stands. ``sigstore`` are
    those who sign with sigstore.
    """

    name: str = ""
    scope: tuple[str, ...] = ()
    identities: tuple[frozenset[tuple[str, str]], ...] = ()
    level: Level = "strict"
    version: int = 0
    at: Location = Location("")
    sigstore: tuple[SigstoreIdentity, ...] = ()

    def covers(self, *names: str) -> bool:
        """Say whether one of these files, a package or an archive in it, is this vendor's."""
        if not self.scope:
            return True
        return any(fnmatchcase(name, glob) for name in names for glob in self.scope)

    def names(self, certificate: X509) -> bool:
        """Say whether the vendor signs with certificates of this subject."""
        own = frozenset(part for rdn in certificate.subject_key for part in rdn)
        return not self.identities or any(identity <= own for identity in self.identities)


class Evidence(NamedTuple):
    """How a fingerprint was confirmed: by which way, by whom, with whom, when (as written).

    ``id`` names an advisory, ``signed_by`` the known key that signed it.
    """

    channel: Channel
    by: str
    at: str = ""
    peer: str = ""
    id: str = ""
    signed_by: str = ""


class Rotation(NamedTuple):
    """A root that took over from another: fingerprints, the way, and the proof.

    ``cert`` is the cross-certificate's fingerprint. ``proven``: that certificate is in the store,
    made by the old root's key for the new root's.
    """

    old: str
    new: str
    via: Via
    at: Location
    cert: str = ""
    proven: bool = False


class TrustedRoot(NamedTuple):
    """A certificate that the store speaks of; ``at`` is where.

    ``certificate`` is None where only its fingerprint is known, which is enough to revoke it.
    ``needed`` are the approvals that it must have; none where it lies in a plain folder.
    ``rotated``: a root of the store vouches for it.
    """

    sha256: str
    state: State
    vendor: Vendor
    at: Location
    certificate: X509 | None = None
    use: frozenset[str] = frozenset({"package"})
    accept_until: datetime | None = None
    review_by: datetime | None = None
    evidence: tuple[Evidence, ...] = ()
    approvals: tuple[str, ...] = ()
    needed: int = 0
    rotated: bool = False

    @property
    def lacks(self) -> str:
        """What the record lacks before the root may be relied on, in words; empty for nothing."""
        if not self.needed:
            return ""
        missing = []
        count = len({name.casefold() for name in self.approvals})
        if count < self.needed:
            missing.append(f"{count} of {self.needed} approvals")
        if not self.rotated and not any(own.channel in STRONG for own in self.evidence):
            missing.append("no evidence from outside the package and the web")
        return ", ".join(missing)

    def live(self, at: datetime) -> bool:
        """Say whether its state and its last day let signatures below it be accepted."""
        in_time = self.accept_until is None or at <= self.accept_until
        return in_time and self.state in ("active", "retiring")

    def accepted(self, at: datetime) -> bool:
        """Say whether signatures below this root are accepted at that time.

        Approvals count at level ``strict`` only; at others ``trust check`` asks for them.
        """
        return self.live(at) and not (self.vendor.level == "strict" and self.lacks)


class TrustStore:
    """All roots of a store, by fingerprint and by subject. ``path`` is where the store is.

    ``lists`` are the revocation lists and OCSP responses that lie in it.
    """

    def __init__(
        self,
        roots: Iterable[TrustedRoot],
        path: str = "",
        rotations: Iterable[Rotation] = (),
        keys: Iterable[TrustedKey] = (),
        vendors: Iterable[Vendor] = (),
        lists: Iterable[Crl | Ocsp] = (),
    ) -> None:
        self.roots = tuple(roots)
        self.vendors = tuple(vendors)
        self.keys = tuple(keys)
        self.lists = tuple(lists)
        self.path = path
        self.rotations = tuple(rotations)
        self._by_fingerprint: dict[str, list[TrustedRoot]] = defaultdict(list)
        self._by_subject: dict[NameKey, list[TrustedRoot]] = defaultdict(list)
        self._revoked_keys: set[str] = set()
        for root in self.roots:
            self._by_fingerprint[root.sha256].append(root)
            if root.certificate is not None:
                self._by_subject[root.certificate.subject_key].append(root)
                if root.state == "revoked":
                    self._revoked_keys.add(root.certificate.spki_sha256)

    def unscoped(self) -> TrustStore:
        """Return the same store, as it would be if each record were for any package."""
        roots = (own._replace(vendor=own.vendor._replace(scope=())) for own in self.roots)
        keys = (own._replace(vendor=own.vendor._replace(scope=())) for own in self.keys)
        return TrustStore(roots, self.path, self.rotations, keys, self.vendors, self.lists)

    def of(self, sha256: str) -> list[TrustedRoot]:
        """Return what the store says of a fingerprint."""
        return self._by_fingerprint.get(sha256, [])

    def entries(self, certificate: X509) -> list[TrustedRoot]:
        """Return what the store says of this very certificate; empty where it knows it not."""
        return self.of(certificate.sha256)

    def named(self, subject: NameKey) -> list[TrustedRoot]:
        """Return the roots of that subject, whatever their key."""
        return self._by_subject.get(subject, [])

    def vendor_of(self, *names: str) -> Vendor | None:
        """Return the vendor whose record names one of these files, the first ones first."""
        vendors = [*(own.vendor for own in self.roots), *(own.vendor for own in self.keys)]
        vendors += self.vendors
        for name in names:
            for vendor in vendors:
                if vendor.scope and vendor.covers(name):
                    return vendor
        return None

    def revoked(self, certificate: X509) -> bool:
        """Say whether this certificate, or any of the same key, is revoked."""
        stated = any(root.state == "revoked" for root in self.entries(certificate))
        return stated or certificate.spki_sha256 in self._revoked_keys
