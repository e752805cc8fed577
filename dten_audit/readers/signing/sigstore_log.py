"""Asks sigstore's own library, where the extra ``sigstore`` is there, what vouches for a bundle.

Nothing is fetched: chain, log entry and times are compared with the trusted root of sigstore's
public instance that comes with the library, never with a copy that some update left on this host.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from dten_audit.readers.signing import bundles
from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.proofs import Content, Proof

if TYPE_CHECKING:
    from sigstore.verify import Verifier

MISSING: Final = "that takes the extra `sigstore`, which is not installed here"
_UNLOGGED: Final = "it holds neither an entry of the transparency log nor a stamped time"
_STAMPED: Final = "it has stamped times, but no log entry, as from an instance that is not public"
_ROOT: Final = ("_store", "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev", "trusted_root.json")


class _Anybody:
    """The library's policy for identities: whose it is, the trust store says, not this module."""

    def verify(self, cert: object) -> None:
        """Accept any certificate."""


def is_installed() -> bool:
    """Say whether sigstore's library is at hand."""
    return find_spec("sigstore") is not None


@cache
def _verifier() -> Verifier:
    """Return the verifier of the public instance. Raises ``MalformedError``, say without a root."""
    from importlib.resources import as_file, files

    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    with as_file(files("sigstore").joinpath(*_ROOT)) as path:
        return Verifier(trusted_root=TrustedRoot.from_file(str(path)))


def vouched(raw: bytes, content: Content) -> Proof:
    """Say whether sigstore issued a bundle's certificate and logged its signature in time.

    ``content`` is what a detached signature is over. Whose the certificate is stays open.
    """
    own = bundles.load(raw)
    if not own.logged:
        return Proof("unchecked", _STAMPED) if own.stamped else Proof("refused", _UNLOGGED)
    if not is_installed():
        return Proof("unchecked", MISSING)
    try:
        return guarded(lambda: _verified(own, content))
    except MalformedError as error:
        return Proof("unchecked", f"sigstore's library gave up: {_line(error)}")


def _verified(own: bundles.Bundle, content: Content) -> Proof:
    from cryptography.hazmat.primitives.serialization import Encoding
    from sigstore.errors import VerificationError
    from sigstore.models import Bundle, InvalidBundle

    verifier = guarded(_verifier)
    try:
        bundle = Bundle.from_json(json.dumps(own.stated))
        if bundle.signing_certificate.public_bytes(Encoding.DER) != own.certificate:
            return Proof("refused", "it names more than one certificate as the signer's")
        if own.envelope is None:
            verifier.verify_artifact(content.data, bundle, _Anybody())
            return Proof("genuine")
        _, payload = verifier.verify_dsse(bundle, _Anybody())
    except (VerificationError, InvalidBundle) as error:
        return Proof("refused", _line(error))
    same = payload == own.envelope.payload
    return Proof("genuine") if same else Proof("refused", "its payload is not what was logged")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
