"""Certificate revocation lists (RFC 5280, section 5): what an issuer takes back, since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from dten_audit.readers.signing.ber import SEQUENCE, BerError, parse
from dten_audit.readers.signing.certificates import (
    MalformedError,
    NameKey,
    guarded,
    name_key,
    rdn_key,
)
from dten_audit.readers.signing.sealed import made_by

if TYPE_CHECKING:
    from cryptography import x509

REASONS: Final = frozenset(
    {
        "key_compromise",
        "ca_compromise",
        "affiliation_changed",
        "superseded",
        "cessation_of_operation",
        "certificate_hold",
        "privilege_withdrawn",
        "aa_compromise",
    }
)
"""All reasons for which a certificate may be revoked; a list may be for some of them only."""
_KNOWN: Final = frozenset({"2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.35"})
_KNOWN_IN_ENTRIES: Final = frozenset({"2.5.29.21", "2.5.29.24", "2.5.29.29"})
_ENTRIES: Final = 100_000
"""Of longer lists, an entry is looked up by itself; they prove that nothing is revoked no more."""

GeneralNames = frozenset[tuple[str, object]]
"""Names of distribution points, in the form in which they are compared."""


class Entry(NamedTuple):
    """One revoked certificate. ``invalid_from`` is since when its key may be in wrong hands.

    ``reason`` is empty where none is stated. ``odd``: it states something critical that is unknown.
    """

    issuer: NameKey
    serial: int
    at: datetime
    reason: str = ""
    invalid_from: datetime | None = None
    odd: bool = False


class Scope(NamedTuple):
    """Which certificates a list speaks of (issuing distribution point)."""

    points: GeneralNames = frozenset()
    users: bool = True
    authorities: bool = True
    attributes_only: bool = False
    reasons: frozenset[str] = REASONS
    indirect: bool = False


class Crl:
    """A revocation list; ``size`` counts its entries.

    ``number`` and ``base`` are those of lists of changes; ``base`` is None for complete ones.
    """

    def __init__(self, raw: bytes, found: x509.CertificateRevocationList) -> None:
        self.raw = raw
        self.sha256 = sha256(raw).hexdigest()
        self.issuer = found.issuer.rfc4514_string()
        self.issuer_key = name_key(found.issuer)
        self.this_update = found.last_update_utc
        self.next_update = found.next_update_utc
        self.number, self.base, self.scope = _extensions(found, self.issuer_key)
        self.odd = any(
            extension.critical and extension.oid.dotted_string not in _KNOWN
            for extension in found.extensions
        )
        self.size = len(found)
        self._found = found

    @property
    def made(self) -> datetime:
        """When it was made."""
        return self.this_update

    def made_by(self, key: object) -> bool:
        """Say whether ``key`` signed the list."""
        return self._envelope_sound and made_by(self.raw, key) is True

    @cached_property
    def _envelope_sound(self) -> bool:
        try:
            body, algorithm = parse(self.raw).children(3)[:2]
            return next(part.raw for part in body if part.tag == SEQUENCE) == algorithm.raw
        except (BerError, StopIteration):
            return False

    def entry(self, issuer: NameKey, serial: int) -> Entry | None:
        """Return what the list says of a certificate, None where it does not name it."""
        if self.scope.indirect or self.size <= _ENTRIES:
            return self._entries.get((issuer, serial))
        if issuer != self.issuer_key:
            return None
        found = guarded(lambda: self._found.get_revoked_certificate_by_serial_number(serial))
        return None if found is None else next(_read([found], issuer))

    @property
    def conclusive(self) -> bool:
        """Whether a certificate that the list does not name is known not to be revoked.

        Something critical that is not understood may mean anything (section 5.2).
        """
        odd = any(entry.odd for entry in self._entries.values())
        return not (odd or self.odd)

    @cached_property
    def _entries(self) -> dict[tuple[NameKey, int], Entry]:
        if self.size > _ENTRIES:
            self.odd = True
            return {}
        try:
            entries = guarded(lambda: list(_read(self._found, self.issuer_key)))
        except MalformedError:
            self.odd = True
            return {}
        return {(entry.issuer, entry.serial): entry for entry in entries}


def load_crl(raw: bytes) -> Crl:
    """Return the list in DER. Raises ``MalformedError``."""

    def make() -> Crl:
        from cryptography import x509

        return Crl(raw, x509.load_der_x509_crl(raw))

    return guarded(make)


def _extensions(
    found: x509.CertificateRevocationList, issuer: NameKey
) -> tuple[int, int | None, Scope]:
    from cryptography import x509

    number, base, scope = 0, None, Scope()
    for extension in found.extensions:
        value = extension.value
        if isinstance(value, x509.CRLNumber):
            number = value.crl_number
        elif isinstance(value, x509.DeltaCRLIndicator):
            base = value.crl_number
        elif isinstance(value, x509.IssuingDistributionPoint):
            scope = Scope(
                general_names(value.full_name) | relative_name(value.relative_name, issuer),
                not (value.only_contains_ca_certs or value.only_contains_attribute_certs),
                not (value.only_contains_user_certs or value.only_contains_attribute_certs),
                value.only_contains_attribute_certs,
                frozenset(reason.name for reason in value.only_some_reasons or ()) or REASONS,
                value.indirect_crl,
            )
    return number, base, scope


def general_names(names: list[x509.GeneralName] | None) -> GeneralNames:
    """Return names for comparison."""
    from cryptography import x509

    return frozenset(
        (type(own).__name__, name_key(own.value) if isinstance(own, x509.DirectoryName) else
         str(own.value).casefold())
        for own in names or ()
    )  # fmt: skip


def relative_name(step: x509.RelativeDistinguishedName | None, below: NameKey) -> GeneralNames:
    """Return a name that is given relative to ``below``, for comparison."""
    return frozenset() if step is None else frozenset({("DirectoryName", (*below, rdn_key(step)))})


def _read(found: Iterable[x509.RevokedCertificate], issuer: NameKey) -> Iterator[Entry]:
    """Yield the entries; an issuer stated in one is that of all that follow (section 5.3.3)."""
    from cryptography import x509

    for revoked in found:
        reason, since, odd = "", None, False
        for extension in revoked.extensions:
            value = extension.value
            if isinstance(value, x509.CRLReason):
                reason = value.reason.name
            elif isinstance(value, x509.InvalidityDate):
                since = value.invalidity_date_utc
            elif isinstance(value, x509.CertificateIssuer):
                names = value.get_values_for_type(x509.DirectoryName)
                issuer = name_key(names[0]) if names else ()
            elif extension.critical and extension.oid.dotted_string not in _KNOWN_IN_ENTRIES:
                odd = True
        at = revoked.revocation_date_utc
        yield Entry(issuer, revoked.serial_number, at, reason, since, odd)
