"""What is wrong with the certificates of a path: dates, purposes, constraints, strength.

After RFC 5280, section 6; each defect is named with its certificate, none stops the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from dten_audit.model.facts.signatures import (
    DefectKind,
)
from dten_audit.readers.signing.certificates import WEAK_DIGESTS, X509, NameKey, name_key
from dten_audit.readers.signing.oids import ANY_PURPOSE, CODE_SIGNING, TIME_STAMPING

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
        "2.5.29.32",  # certificate policies
        "2.5.29.35",  # authority key identifier
        "2.5.29.37",  # extended key usage
    }
)
_PURPOSES: Final = {
    "1.3.6.1.5.5.7.3.1": "TLS server",
    "1.3.6.1.5.5.7.3.2": "TLS client",
    CODE_SIGNING: "code signing",
    "1.3.6.1.5.5.7.3.4": "e-mail",
    TIME_STAMPING: "timestamps",
    "1.3.6.1.5.5.7.3.9": "OCSP",
    ANY_PURPOSE: "anything",
}

Role = Literal["signer", "intermediate", "root"]


class Defect(NamedTuple):
    """One thing that is wrong with one certificate; ``detail`` says what was found there."""

    kind: DefectKind
    role: Role
    certificate: X509
    detail: str = ""


def defects(
    path: Sequence[X509], at: datetime, *, anchored: bool, purpose: str = CODE_SIGNING
) -> Iterator[Defect]:
    """Yield what is wrong with a path, signer first. ``anchored``: its last one is trusted.

    Of a trusted root and of any root's signature over itself, only what matters is judged: nobody
    relies on that signature.
    """
    for number, certificate in enumerate(path):
        last = number == len(path) - 1
        role: Role = "signer" if not number else "intermediate"
        if number and last and (anchored or certificate.self_issued):
            role = "root"
        yield from _dates(certificate, role, at)
        yield from _strength(certificate, role)
        if certificate.extensions_error:
            reason = certificate.extensions_error
            yield Defect("malformed-extensions", role, certificate, reason)
            continue
        yield from _critical(certificate, role)
        if role == "signer":
            yield from _as_signer(certificate, purpose)
        else:
            if not (anchored and last):
                yield from _for_purpose(certificate, role, purpose)
            yield from _as_issuer(certificate, role, path[:number], anchor=anchored and last)


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
            yield Defect("unknown-critical-extension", role, certificate, name)


def _as_signer(certificate: X509, purpose: str) -> Iterator[Defect]:
    from cryptography import x509

    purposes = certificate.purposes
    if purposes is None:
        yield Defect("no-eku", "signer", certificate, "no purpose at all")
    elif purpose not in purposes:
        yield Defect("wrong-eku", "signer", certificate, _named(purposes))
    usage = certificate.extension(x509.KeyUsage)
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        yield Defect("wrong-key-usage", "signer", certificate, "no digital signatures")


def _named(purposes: frozenset[str]) -> str:
    return ", ".join(sorted(_PURPOSES.get(purpose, purpose) for purpose in purposes))


def _for_purpose(certificate: X509, role: Role, purpose: str) -> Iterator[Defect]:
    purposes = certificate.purposes
    if purposes is not None and not purposes & {purpose, ANY_PURPOSE}:
        yield Defect("wrong-eku", role, certificate, _named(purposes))


def _as_issuer(
    certificate: X509, role: Role, below: Sequence[X509], *, anchor: bool
) -> Iterator[Defect]:
    from cryptography import x509

    usage = certificate.extension(x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        yield Defect("wrong-key-usage", role, certificate, "no certificates")
    constraints = certificate.extension(x509.BasicConstraints)
    if constraints is None:
        if not (anchor and certificate.certificate.version is x509.Version.v1):
            yield Defect("not-a-ca", role, certificate, "no basic constraints")
    elif not constraints.ca:
        yield Defect("not-a-ca", role, certificate, "CA:FALSE")
    elif constraints.path_length is not None:
        between = sum(not middle.self_issued for middle in below[1:])
        if between > constraints.path_length:
            detail = f"{between} below it where {constraints.path_length} may be"
            yield Defect("path-length", role, certificate, detail)
    yield from _names(certificate, role, below)


def _names(certificate: X509, role: Role, below: Sequence[X509]) -> Iterator[Defect]:
    """Judge directory names; say of other forms of names that they were not judged."""
    from cryptography import x509

    constraints = certificate.extension(x509.NameConstraints)
    if constraints is None:
        return
    permitted, excluded = constraints.permitted_subtrees or [], constraints.excluded_subtrees or []
    within = [name_key(tree.value) for tree in permitted if isinstance(tree, x509.DirectoryName)]
    outside = [name_key(tree.value) for tree in excluded if isinstance(tree, x509.DirectoryName)]
    other = {type(tree) for tree in (*permitted, *excluded)} - {x509.DirectoryName}
    for number, bound in enumerate(below):
        if number and bound.self_issued:
            continue
        if not _permitted(bound.subject_key, within, outside):
            yield Defect("name-constraint", role, certificate, bound.subject)
        names = bound.extension(x509.SubjectAlternativeName) or ()
        if other and any(type(name) in other for name in names):
            yield Defect("name-constraint-unchecked", role, certificate, bound.subject)


def _permitted(name: NameKey, within: list[NameKey], outside: list[NameKey]) -> bool:
    if any(name[: len(tree)] == tree for tree in outside):
        return False
    return not within or any(name[: len(tree)] == tree for tree in within)
