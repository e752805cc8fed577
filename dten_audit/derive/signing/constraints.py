"""What is wrong with the certificates of a path: dates, purposes, constraints, strength.

After RFC 5280, section 6; each defect is named with its certificate, none stops the others.
Certificate policies are not judged: nobody states one for code signing that a user could know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from dten_audit.derive.signing.name_constraints import Comparing
from dten_audit.derive.signing.pool import Purpose
from dten_audit.model.facts.signatures import DefectKind
from dten_audit.readers.signing.certificates import WEAK_DIGESTS, X509
from dten_audit.readers.signing.oids import (
    ANY_PURPOSE,
    CODE_SIGNING,
    OCSP_SIGNING,
    TIME_STAMPING,
)

SOON: Final = timedelta(days=90)
HARD: Final[frozenset[DefectKind]] = frozenset(
    {
        "expired",
        "not-yet-valid",
        "wrong-eku",
        "wrong-key-usage",
        "not-a-ca",
        "path-length",
        "name-constraint",
        "unknown-critical-extension",
        "malformed-extensions",
        "identity-mismatch",
        "too-many-paths",
        "revoked",
    }
)
"""Defects for which a path is not to be relied on."""

_KNOWN_EXTENSIONS: Final = frozenset(
    {
        "2.5.29.14",  # subject key identifier
        "2.5.29.15",  # key usage
        "2.5.29.17",  # subject alternative name
        "2.5.29.19",  # basic constraints
        "2.5.29.30",  # name constraints
        "2.5.29.31",  # distribution points of revocation lists
        "2.5.29.32",  # certificate policies
        "2.5.29.35",  # authority key identifier
        "2.5.29.37",  # extended key usage
        "2.5.29.46",  # distribution points of delta lists
    }
)
_NOT_JUDGED: Final = {
    "2.5.29.33": "policy mappings",
    "2.5.29.36": "policy constraints",
    "2.5.29.54": "inhibit any policy",
}
_PURPOSE: Final[dict[Purpose, str]] = {
    "package": CODE_SIGNING,
    "timestamp": TIME_STAMPING,
    "lists": "",
}
_PURPOSES: Final = {
    "1.3.6.1.5.5.7.3.1": "TLS server",
    "1.3.6.1.5.5.7.3.2": "TLS client",
    CODE_SIGNING: "code signing",
    "1.3.6.1.5.5.7.3.4": "e-mail",
    TIME_STAMPING: "timestamps",
    OCSP_SIGNING: "OCSP",
    ANY_PURPOSE: "anything",
}

Role = Literal["signer", "intermediate", "root"]


class Defect(NamedTuple):
    """One thing that is wrong with one certificate; ``detail`` says what was found there."""

    kind: DefectKind
    role: Role
    certificate: X509
    detail: str = ""


class Judgement:
    """What is wrong with certificates and paths at one moment, for one purpose.

    What is wrong with a certificate by itself is found out once, however many paths it is part of.
    """

    def __init__(self, at: datetime, purpose: Purpose = "package") -> None:
        self._at, self._purpose = at, purpose
        self._own: dict[tuple[X509, Role, bool], list[Defect]] = {}
        self._comparing = Comparing()

    def own(self, certificate: X509, role: Role, *, anchored: bool) -> list[Defect]:
        """Return what is wrong with a certificate whatever path it is part of."""
        key = (certificate, role, anchored)
        if key not in self._own:
            self._own[key] = own_defects(
                certificate, role, self._at, anchored=anchored, purpose=self._purpose
            )
        return self._own[key]

    def path(self, path: Sequence[X509], *, anchored: bool) -> Iterator[Defect]:
        """Yield what is wrong with a path, signer first. ``anchored``: its last one is trusted."""
        for number, certificate in enumerate(path):
            last = number == len(path) - 1
            role: Role = "signer" if not number else "intermediate"
            if number and last and (anchored or certificate.self_issued):
                role = "root"
            yield from self.own(certificate, role, anchored=anchored and last)
            if number and not certificate.extensions_error:
                yield from _too_long(certificate, role, path[:number])
                yield from self._names(certificate, role, path[:number])

    def _names(self, certificate: X509, role: Role, below: Sequence[X509]) -> Iterator[Defect]:
        """Yield where names below break what an issuer states of them."""
        for number, bound in enumerate(below):
            if number and bound.self_issued:
                continue
            broken = self._comparing.between(certificate, bound)
            for name in broken.outside:
                detail = f"{name}, of {bound.subject}"
                yield Defect("name-constraint", role, certificate, detail)
            for name in broken.unjudged:
                detail = f"{name}, of {bound.subject}"
                yield Defect("name-constraint-unchecked", role, certificate, detail)


def own_defects(
    certificate: X509, role: Role, at: datetime, *, anchored: bool, purpose: Purpose
) -> list[Defect]:
    """Return what is wrong with a certificate whatever path it is part of.

    Of a trusted root and of any root's signature over itself, only what matters is judged: nobody
    relies on that signature.
    """
    found = [*_dates(certificate, role, at), *_strength(certificate, role)]
    if certificate.extensions_error:
        reason = certificate.extensions_error
        return [*found, Defect("malformed-extensions", role, certificate, reason)]
    found += _critical(certificate, role)
    if role == "signer":
        found += _as_signer(certificate, purpose)
    else:
        if not anchored:
            found += _for_purpose(certificate, role, purpose)
        found += _as_issuer(certificate, role, anchored=anchored)
    return found


def _dates(certificate: X509, role: Role, at: datetime) -> Iterator[Defect]:
    if at < certificate.not_before:
        yield Defect("not-yet-valid", role, certificate)
    elif at > certificate.not_after:
        yield Defect("expired-root" if role == "root" else "expired", role, certificate)
    elif at + SOON > certificate.not_after:
        yield Defect("expires-soon", role, certificate)


def _strength(certificate: X509, role: Role) -> Iterator[Defect]:
    weak = certificate.digest in WEAK_DIGESTS or certificate.digest == "unknown"
    if weak and role != "root":
        yield Defect("weak-digest", role, certificate, certificate.digest.upper())
    if certificate.weak_key:
        yield Defect("weak-key", role, certificate, certificate.key)


def _critical(certificate: X509, role: Role) -> Iterator[Defect]:
    for extension in certificate.certificate.extensions:
        name = extension.oid.dotted_string
        if extension.critical and name not in _KNOWN_EXTENSIONS:
            words = f"{name} ({_NOT_JUDGED[name]})" if name in _NOT_JUDGED else name
            yield Defect("unknown-critical-extension", role, certificate, words)


def _as_signer(certificate: X509, purpose: Purpose) -> Iterator[Defect]:
    from cryptography import x509

    usage = certificate.extension(x509.KeyUsage)
    if purpose == "lists":
        if usage is not None and not usage.crl_sign:
            yield Defect("wrong-key-usage", "signer", certificate, "no revocation lists")
        return
    purposes = certificate.purposes
    if purposes is None:
        yield Defect("no-eku", "signer", certificate, "no purpose at all")
    elif _PURPOSE[purpose] not in purposes:
        yield Defect("wrong-eku", "signer", certificate, _named(purposes))
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        yield Defect("wrong-key-usage", "signer", certificate, "no digital signatures")
    if certificate.is_ca and not certificate.self_issued:
        detail = "it may issue certificates too"
        yield Defect("signer-is-authority", "signer", certificate, detail)


def _named(purposes: frozenset[str]) -> str:
    return ", ".join(sorted(_PURPOSES.get(purpose, purpose) for purpose in purposes))


def _for_purpose(certificate: X509, role: Role, purpose: Purpose) -> Iterator[Defect]:
    purposes = certificate.purposes
    wanted = _PURPOSE[purpose]
    if wanted and purposes is not None and not purposes & {wanted, ANY_PURPOSE}:
        yield Defect("wrong-eku", role, certificate, _named(purposes))


def _as_issuer(certificate: X509, role: Role, *, anchored: bool) -> Iterator[Defect]:
    from cryptography import x509

    usage = certificate.extension(x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        yield Defect("wrong-key-usage", role, certificate, "no certificates")
    constraints = certificate.extension(x509.BasicConstraints)
    if constraints is None:
        if not (anchored and certificate.certificate.version is x509.Version.v1):
            yield Defect("not-a-ca", role, certificate, "no basic constraints")
    elif not constraints.ca:
        yield Defect("not-a-ca", role, certificate, "CA:FALSE")


def _too_long(certificate: X509, role: Role, below: Sequence[X509]) -> Iterator[Defect]:
    from cryptography import x509

    constraints = certificate.extension(x509.BasicConstraints)
    if constraints is not None and constraints.ca and constraints.path_length is not None:
        between = sum(not middle.self_issued for middle in below[1:])
        if between > constraints.path_length:
            detail = f"{between} below it where {constraints.path_length} may be"
            yield Defect("path-length", role, certificate, detail)
