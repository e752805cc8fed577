"""OpenPGP signatures, verified by Sequoia where the extra ``openpgp`` is installed.

Its answer is yes or one sentence for every no. So what can be told beforehand is: a weak digest, a
revoked or expired key, a changed file; what is left is a refusal in its own policy.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from dten_audit.readers.signing import openpgp
from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.proofs import Proof

if TYPE_CHECKING:
    from pysequoia import Cert

MISSING: Final = "OpenPGP is verified with the extra `openpgp` only, which is not installed here"
_CLEAR: Final = b"-----BEGIN PGP SIGNED MESSAGE-----"
_END: Final = b"-----END PGP SIGNATURE-----"


class Standing(NamedTuple):
    """What an OpenPGP certificate says of itself. ``expires`` is None where it does not."""

    revoked: bool
    expires: datetime | None


def is_installed() -> bool:
    """Say whether Sequoia is at hand."""
    try:
        import pysequoia  # noqa: F401
    except ImportError:
        return False
    return True


def standing(certificate: bytes) -> Standing:
    """Return whether a certificate is revoked, and until when it says it is good.

    Raises ``MalformedError`` where it cannot be read, or Sequoia is not at hand.
    """
    own = _load(certificate)
    return guarded(lambda: Standing(own.is_revoked, own.expiration))


def _load(certificate: bytes) -> Cert:
    try:
        from pysequoia import Cert
    except ImportError:
        raise MalformedError(MISSING) from None
    return guarded(lambda: Cert.from_bytes(certificate))


def verify(raw: bytes, certificate: bytes, content: bytes) -> Proof:
    """Check a detached signature packet over ``content`` with a certificate."""
    packet = next(openpgp.packets(raw), None)
    if not is_installed():
        return Proof("unchecked", MISSING)
    if packet is not None and packet.digest in openpgp.WEAK:
        return Proof("refused", f"it is over {_name(packet.digest)}, which can be forged")
    try:
        if _accepted(raw, certificate, content):
            return Proof("genuine")
        alike = guarded(lambda: openpgp.starts_alike(raw, content))
    except MalformedError as error:
        return Proof("unchecked", str(error).partition("\n")[0])
    return _refusal(certificate) if alike else Proof("forged")


def verify_clear(text: bytes, digest: str, certificate: bytes) -> Proof:
    """Check a clear-signed text; what stands around it would not be signed."""
    if not is_installed():
        return Proof("unchecked", MISSING)
    if digest in openpgp.WEAK:
        return Proof("refused", f"it is over {_name(digest)}, which can be forged")
    if not text.startswith(_CLEAR) or not text.rstrip().endswith(_END):
        return Proof("refused", "text stands outside the signed part")
    if text.count(_CLEAR) > 1:
        return Proof("refused", "there are several signed parts in one file")
    try:
        return Proof("genuine") if _accepted(b"", certificate, text) else Proof("forged")
    except MalformedError as error:
        return Proof("unchecked", str(error).partition("\n")[0])


def _accepted(raw: bytes, certificate: bytes, content: bytes) -> bool:
    """Say whether Sequoia accepts a detached signature, or a signed text without ``raw``."""
    own = _load(certificate)
    from pysequoia import Sig, verify

    def check() -> bool:
        signature = Sig.from_bytes(raw) if raw else None
        try:
            verify(bytes=content, store=lambda _: [own], signature=signature)
        except RuntimeError:
            return False
        return True

    return guarded(check)


def _refusal(certificate: bytes) -> Proof:
    """Say why a signature over the right file is not accepted."""
    try:
        own = standing(certificate)
    except MalformedError as error:
        return Proof("unchecked", str(error).partition("\n")[0])
    if own.revoked:
        return Proof("refused", "its key is revoked")
    return Proof(
        "refused",
        "the file may be the signed one, but Sequoia does not accept signature and key: forged, of"
        " a key that was expired or not for signing when it signed, or by weak algorithms",
    )


def _name(digest: str) -> str:
    return digest.upper().replace("SHA1", "SHA-1")
