"""Asks the verifier of pyca/cryptography for a second opinion on a trusted path.

Its own policies are made for TLS: with them, an intermediate for code signing is refused and one
for TLS clients accepted. Here both ends must be for code signing, and a name for hosts is optional.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from dten_audit.derive.signing.paths import Path
from dten_audit.readers.signing.certificates import X509, MalformedError, guarded
from dten_audit.readers.signing.oids import ANY_PURPOSE, CODE_SIGNING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.verification import Policy

_FROM_PYTHON: Final = "Python extension validator failed: ValueError: "
_LONGEST: Final = 200


def strict_profile(path: Path, at: datetime) -> str:
    """Return ``pass``, the reason why not, or nothing where the path has no trusted root."""
    if path.anchor is None or len(path.certificates) == 1:
        return ""
    try:
        return guarded(lambda: _verified(path, at))
    except MalformedError as error:
        return _plain(str(error))


def _plain(reason: str) -> str:
    """Cut a reason down to what says something to an operator."""
    for noise in ("validation failed: ", "candidates exhausted: ", _FROM_PYTHON):
        reason = reason.removeprefix(noise)
    for noise in (" (encountered", ": AlgorithmIdentifier"):
        reason = reason.partition(noise)[0]
    return reason[:_LONGEST]


def _verified(path: Path, at: datetime) -> str:
    own = path.certificates
    verify(own[0], own[1:-1], own[-1:], at)
    return "pass"


def verify(signer: X509, sent: Sequence[X509], roots: Sequence[X509], at: datetime) -> None:
    """Ask for any path from a signer to a root; raises what the verifier raises where none is."""
    from cryptography import x509
    from cryptography.x509.verification import (
        Criticality,
        ExtensionPolicy,
        PolicyBuilder,
        Store,
    )

    issuers = ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _signs_code
    )
    end = (
        ExtensionPolicy.permit_all()
        .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_code)
        .may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
    )
    builder = PolicyBuilder().store(Store([own.certificate for own in roots])).time(at)
    builder = builder.extension_policies(ca_policy=issuers, ee_policy=end)
    verifier = builder.build_client_verifier()
    verifier.verify(signer.certificate, [own.certificate for own in sent])


def _signs_code(
    _policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None
) -> None:
    if usage is not None and not {CODE_SIGNING, ANY_PURPOSE} & {u.dotted_string for u in usage}:
        raise ValueError("an issuer that is not for code signing")


def _is_for_code(
    _policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage
) -> None:
    if CODE_SIGNING not in {use.dotted_string for use in usage}:
        raise ValueError("not for code signing")
