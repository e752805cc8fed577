"""The trust store as it applies to one package: which certificates end a trusted path."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from dten_audit.readers.signing.certificates import X509, NameKey
from dten_audit.readers.signing.crl import Crl
from dten_audit.readers.signing.ocsp import Ocsp
from dten_audit.site.trust import TrustedRoot, TrustStore, Vendor
from dten_audit.site.trust_keys import TrustedKey

Standing = Literal["", "trusted", "unapproved", "retired", "revoked", "out-of-scope"]


class Anchors:
    """The trust store as it applies to one package at one moment, for one use.

    ``inside`` are the file names of the archives in the package that enclose a signature: what a
    delivery wraps is still the vendor's.
    """

    def __init__(
        self,
        store: TrustStore | None,
        package: str,
        at: datetime,
        use: str = "package",
        inside: tuple[str, ...] = (),
    ) -> None:
        self._store = store
        self.names = (package, *inside)
        self.at = at
        self.use = use
        self._standing: dict[X509, Standing] = {}

    def to(self, use: str) -> Anchors:
        """Return the same for another use: ``package``, ``timestamp`` or ``sigstore``.

        A root for packages will do for sigstore's certificates, too.
        """
        return Anchors(self._store, self.names[0], self.at, use, self.names[1:])

    def within(self, inside: tuple[str, ...]) -> Anchors:
        """Return the same for signatures inside these archives of the package."""
        return Anchors(self._store, self.names[0], self.at, self.use, inside)

    @property
    def store(self) -> str:
        """Where the trust store is; empty where there is none."""
        return self._store.path if self._store else ""

    @property
    def vendor(self) -> Vendor:
        """The vendor whose record names the package; one without a name where there is none."""
        found = self._store.vendor_of(*self.names) if self._store else None
        return found or Vendor()

    @property
    def given(self) -> bool:
        """Whether the user gave a trust store at all."""
        return self._store is not None

    @property
    def roots(self) -> tuple[TrustedRoot, ...]:
        """What the store holds and accepts for this package."""
        return tuple(root for root in self._all if self._accepts(root))

    @property
    def known(self) -> tuple[X509, ...]:
        """Every certificate of the store, whatever its state."""
        return tuple(root.certificate for root in self._all if root.certificate is not None)

    @property
    def _all(self) -> tuple[TrustedRoot, ...]:
        return self._store.roots if self._store else ()

    def _accepts(self, root: TrustedRoot) -> bool:
        uses = {self.use, "package"} if self.use == "sigstore" else {self.use}
        applies = bool(uses & root.use) and root.vendor.covers(*self.names)
        return applies and root.accepted(self.at) and root.certificate is not None

    def anchor(self, certificate: X509) -> TrustedRoot | None:
        """Return the store's entry that makes this certificate an end of trusted paths."""
        if self._store is None or self._store.revoked(certificate):
            return None
        accepted = [root for root in self._store.entries(certificate) if self._accepts(root)]
        accepted.sort(key=lambda root: (not root.vendor.scope, root.vendor.name))
        return accepted[0] if accepted else None

    def standing(self, certificate: X509) -> Standing:
        """Say how the store regards this certificate; empty where it knows it not."""
        if certificate not in self._standing:
            self._standing[certificate] = self._stands(certificate)
        return self._standing[certificate]

    def _stands(self, certificate: X509) -> Standing:
        if self._store is None:
            return ""
        if self._store.revoked(certificate):
            return "revoked"
        if self.anchor(certificate) is not None:
            return "trusted"
        entries = self._store.entries(certificate)
        if not entries:
            return ""
        if any(root.accepted(self.at) for root in entries):
            return "out-of-scope"
        return "unapproved" if any(root.live(self.at) for root in entries) else "retired"

    @property
    def keys(self) -> tuple[TrustedKey, ...]:
        """The bare keys of the store, whatever it makes of them."""
        return self._store.keys if self._store else ()

    @property
    def lists(self) -> tuple[Crl | Ocsp, ...]:
        """The revocation lists and OCSP responses of the store."""
        return self._store.lists if self._store else ()

    def lacks(self, certificate: X509) -> str:
        """Return what the record of a certificate lacks to be relied on, in words."""
        entries = self._store.entries(certificate) if self._store else []
        return next((root.lacks for root in entries if root.lacks), "")

    def named(self, subject: NameKey) -> list[X509]:
        """Return the store's certificates of that subject."""
        found = self._store.named(subject) if self._store else []
        return [root.certificate for root in found if root.certificate is not None]
