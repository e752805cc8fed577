"""Facts about advisories: what yours say of this package, and what it says of itself."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.signatures import Trust
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown


class PackageAdvisory(NamedTuple):
    """A text in the package that states the fingerprint of a root above one of its signatures.

    ``root`` is that root's subject. ``trust`` is what the trust store says of the signer's chain,
    unknown without one. ``signature`` is where the signature stands, ``incidental`` as there.
    """

    at: Location
    sha256: str
    root: str
    trust: Trust | Unknown
    signature: Location
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.sha256}"


class RootAdvisory(NamedTuple):
    """What one of your advisories says of a certificate in the chain of a signature.

    ``at`` is the signature, ``told_at`` the advisory's line, ``where`` the field. ``says``: the
    certificate is to be used, is not to be used any more, or its digest is just named. ``role`` is
    the certificate's part in the chain. ``signed`` says that somebody below a root of the trust
    store signed the advisory, ``worth`` who, or why it is only a hint. ``confirmed`` is what the
    advisory notes of people who confirmed it. ``incidental`` is that of the signature.
    """

    at: Location
    id: str
    form: str
    title: str
    says: Literal["new", "retired", "named"]
    certificate: str
    sha256: str
    role: Literal["signer", "intermediate", "root"]
    where: str
    signed: bool
    worth: str
    confirmed: str
    trust: Trust | Unknown
    incidental: bool
    told_at: Location
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.id} {self.sha256}"


class VersionAdvisory(NamedTuple):
    """One of your advisories that warns of this version of the product.

    ``kind`` is the advisory's (``withdrawal``, ``eol``, ``vulnerability``, CSAF's category).
    ``affected`` is unknown where the package does not say its version, or it cannot be compared.
    ``signed`` and ``worth`` as in ``root_advisory``.
    """

    at: Location
    id: str
    form: str
    title: str
    kind: str
    product: str
    version: str
    affected: bool | Unknown
    problem: str
    signed: bool
    worth: str
    told_at: Location
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.id} {self.product}"
