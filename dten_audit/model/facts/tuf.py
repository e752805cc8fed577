"""Facts about repositories of The Update Framework: their metadata, and what it proves."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.key_signatures import KeyTrust
from dten_audit.model.facts.signing import Level
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

TufKind = Literal["root", "timestamp", "snapshot", "targets", "mirrors"]
TufDefectKind = Literal[
    "forged",
    "too-few",
    "unchecked",
    "expired",
    "root-not-continued",
    "root-gap",
    "root-conflict",
    "older",
    "newer",
    "changed",
    "name",
    "missing",
    "not-listed",
    "not-delegated",
    "outside",
]


class TufMetadata(NamedTuple):
    """A metadata file of TUF, raw; nobody has verified it yet.

    ``kind`` is what it says it is, ``role`` and ``number`` what its name says: the role's name, and
    the version where the name has one. ``expires`` is RFC 3339. ``incidental``: in a test tree.
    """

    at: Location
    document: str
    kind: TufKind
    role: str
    number: int | None
    version: int
    expires: str
    raw: bytes
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.kind} metadata"


class TufRepository(NamedTuple):
    """The metadata files of one folder, verified from a root on.

    ``root`` is the SHA-256 of what the keys of its first root signed, ``fingerprint`` the same in
    groups of four, ``version`` that root's, ``last`` the version that the chain of roots leads to.
    ``keys`` are the SHA-256 of that root's own keys, ``threshold`` how many of them must sign.
    ``roles`` counts the files that were verified, ``sound`` those of them that hold. ``expires`` is
    the first day on which one of them ends. ``trust`` is what the trust store makes of the root;
    unknown without one. ``trusted_keys`` are the roots and keys of the store, in words. ``alone``:
    there is nothing but roots, as a program has them to start its updates from; such a one vouches
    for nothing here, and may be an old one.
    """

    at: Location
    root: str
    fingerprint: str
    version: int
    last: int
    keys: tuple[str, ...]
    threshold: int
    roles: int
    sound: int
    expires: str
    trust: KeyTrust | Unknown
    trusted_keys: tuple[str, ...]
    vendor: str
    level: Level
    alone: bool
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} TUF repository"

    @property
    def trusted_words(self) -> str:
        """The roots and keys of the trust store, in words."""
        return "; ".join(self.trusted_keys) or "none so far"

    @property
    def key_words(self) -> str:
        """The keys of the root, in words: the beginnings of their fingerprints."""
        shown = ", ".join(f"{own[:16]}…" for own in self.keys[:6])
        return f"{shown} and {len(self.keys) - 6} more" if self.keys[6:] else shown


class TufDefect(NamedTuple):
    """What is wrong with one metadata file, or with what another one says of it.

    ``role`` is its role, ``kind_of_role`` the kind of file. ``detail`` says what was found.
    ``by`` names who speaks of it: the role that delegates to it or lists its version. ``level`` is
    the vendor record's; ``incidental``: it stands in a test tree.
    """

    at: Location
    kind: TufDefectKind
    role: str
    kind_of_role: TufKind
    version: int
    by: str
    detail: str
    level: Level
    incidental: bool
    related: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.kind} {self.role}"

    @property
    def words(self) -> str:
        """What is wrong, as a sentence without its end."""
        said = {
            "missing": f"the {self.role} metadata is missing",
            "not-listed": f"the {self.by} does not list the {self.role} metadata",
            "not-delegated": f"no role leaves anything to the role {self.role}",
            "outside": f"the role {self.role} lists {self.detail}, which no role has left to it",
            "root-not-continued": f"{self.by} does not vouch for {self.version}: {self.detail}",
            "root-gap": f"version {self.version} follows {self.by} here, and {self.detail}",
            "root-conflict": f"there is another {self.by} than this one",
        }
        return said.get(self.kind, self.detail)
