"""Bare keys of a trust store: what they are, and what the store makes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from dten_audit.model.location import Location
from dten_audit.readers.signing.verifying_keys import VerifyingKey
from dten_audit.site.trust import State, Vendor

Standing = Literal["trusted", "retired", "revoked", "out-of-scope"]


class TrustedKey(NamedTuple):
    """A bare key that the store speaks of; ``at`` is where."""

    key: VerifyingKey
    at: Location
    vendor: Vendor = Vendor()
    state: State = "active"
    accept_until: datetime | None = None

    def standing(self, names: tuple[str, ...], at: datetime) -> Standing:
        """Return what the store makes of signatures by this key.

        ``names`` are the file names of the package and of the archives around the signature.
        """
        if self.state == "revoked":
            return "revoked"
        past = self.accept_until is not None and at > self.accept_until
        if self.state == "retired" or past:
            return "retired"
        return "trusted" if self.vendor.covers(*names) else "out-of-scope"
