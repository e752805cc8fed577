"""What an advisory is: its text, what it says of certificates and versions, what lies beside it."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal, NamedTuple

from dten_audit.model.location import Location
from dten_audit.site.schema import SiteFileError

Form = Literal["CSAF", "OSV", "OpenVEX", "dten-advisory"]
Says = Literal["new", "retired", "named"]
"""What is said of a certificate: it is to be used, not to be used any more, or just its digest."""


class NamedRoot(NamedTuple):
    """A certificate's SHA-256 in an advisory: what is said of it, in which field, at which line."""

    sha256: str
    says: Says
    where: str
    at: Location


class NamedVersion(NamedTuple):
    """Versions of a product that an advisory warns of.

    ``product`` is a purl without version, or a plain name. ``versions`` are single ones, ``ranges``
    are written as ``vers:SCHEME/>=1|<2``; without both, all are meant. ``problem`` is what is wrong
    with them, in the advisory's words.
    """

    product: str
    versions: tuple[str, ...]
    ranges: tuple[str, ...]
    problem: str
    at: Location


class Told(NamedTuple):
    """What the text of an advisory says. ``doubt`` is why it could never be evidence, or empty."""

    id: str
    form: Form
    title: str
    kind: str
    doubt: str = ""
    confirmed: str = ""
    roots: tuple[NamedRoot, ...] = ()
    versions: tuple[NamedVersion, ...] = ()


class Beside(NamedTuple):
    """A signature file that lies beside an advisory, without its PEM or OpenPGP armour."""

    name: str
    data: bytes


class Advisory(NamedTuple):
    """An advisory as it lies there: its bytes, and the signatures that lie beside it."""

    told: Told
    at: Location
    data: bytes
    signatures: tuple[Beside, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of the file."""
        return sha256(self.data).hexdigest()


class AdvisoryError(SiteFileError):
    """A file that is no advisory, or one that cannot be read: which, where, and why."""
