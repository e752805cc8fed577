"""Loads the revocation lists and OCSP responses that the user keeps in a trust store.

They lie in its folder ``crls``, as DER or PEM; nothing is ever fetched. Like those that a package
brings along, each counts only with the signature of its issuer, or of whom that empowered.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.crl import Crl
from dten_audit.readers.signing.ocsp import Ocsp
from dten_audit.readers.signing.pem import blocks
from dten_audit.readers.signing.revocations import Carried, Form
from dten_audit.site.trust_records import TrustError

FOLDER: Final = "crls"
_LABELS: Final = ("X509 CRL", "CRL")
_LARGEST: Final = 64 << 20
_FORMS: Final[tuple[Form, ...]] = ("CRL", "OCSP")


def load_lists(store: Path) -> Iterator[Crl | Ocsp]:
    """Yield the lists of a store. Raises ``TrustError`` for a file that is none."""
    folder = store / FOLDER
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir()):
        if file.is_symlink() or not file.resolve().is_relative_to(store.resolve()):
            raise TrustError(str(file), 1, "is a link: put the file itself here")
        if file.is_file() and not file.name.startswith("."):
            yield from _lists(file)


def _lists(file: Path) -> Iterator[Crl | Ocsp]:
    try:
        if file.stat().st_size > _LARGEST:
            raise TrustError(str(file), 1, "larger than any revocation list")
        data = file.read_bytes()
    except OSError as error:
        raise TrustError(str(file), 1, f"cannot be read: {error.strerror}") from None
    armoured = [
        block.data
        for block in blocks(data.decode("latin-1").replace("\r\n", "\n"))
        if block.label in _LABELS
    ]
    for raw in armoured or [data]:
        yield _list(file, raw or b"")


def _list(file: Path, raw: bytes) -> Crl | Ocsp:
    for form in _FORMS:
        try:
            return Carried(form, raw).load()
        except MalformedError:
            continue
    reason = "no revocation list and no OCSP response, in DER or PEM: take this file out"
    raise TrustError(str(file), 1, reason)
