"""Derived facts about signatures: what they prove, their chains, timestamps, and their reach."""

from __future__ import annotations

from shlex import quote
from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.signing import Level
from dten_audit.model.location import MEMBER, Location
from dten_audit.model.unknown import Unknown

Trust = Literal[
    "trusted",
    "rotated",
    "unknown-root",
    "chain-incomplete",
    "impostor-root",
    "self-signed",
    "out-of-scope",
    "unapproved",
    "retired",
    "revoked",
    "",
]
ChainEnd = Literal["root", "root-omitted", "issuer-missing", "self-signed", ""]
"""root-omitted: it ends at an authority below the root; issuer-missing: at the signer itself."""
DefectKind = Literal[
    "expired",
    "expired-root",
    "expires-soon",
    "not-yet-valid",
    "no-eku",
    "wrong-eku",
    "wrong-key-usage",
    "not-a-ca",
    "path-length",
    "name-constraint",
    "name-constraint-unchecked",
    "unknown-critical-extension",
    "malformed-extensions",
    "weak-digest",
    "weak-key",
    "identity-mismatch",
    "too-many-paths",
    "revoked",
    "revoked-later",
    "signer-is-authority",
    "issuer-not-proven",
]


RevocationProof = Literal["proven", "wrong-key", "no-issuer", "not-checked"]
"""Who signed a revocation list: its issuer, another key, nobody knows; or it was one too many."""


class Party(NamedTuple):
    """A certificate in words; ``fingerprint`` is ``sha256`` in groups of four, to read aloud.

    All fields are empty where there is no such certificate.
    """

    subject: str = ""
    issuer: str = ""
    sha256: str = ""
    fingerprint: str = ""
    expires: str = ""


class SignatureCheck(NamedTuple):
    """What one signer of one signature proves.

    ``incidental``: it stands in a library's own archive or a test tree and says nothing of the
    package. ``target`` is the signed member, empty where none was found. ``content_matches``
    compares its digest with the signed one; ``signature_valid`` says that the signer's key made the
    signature. Both are unknown where that could not be computed, and ``problem`` says why.
    ``text_mode``: only the form with CRLF line ends matches. ``signs_instead`` is another member
    whose content does. ``timestamps`` counts its timestamps, ``timestamp`` is the earliest of an
    authority that you trust. ``chain`` is a tree to read, root first; ``ends_in`` says how the best
    chain ends, ``root`` is its last certificate, ``missing_issuer`` who should have issued it.
    ``trust`` is unknown without a trust store. ``trusted_roots`` are what the store holds,
    ``known_root`` is the store's root of the same name, ``cross_issuer`` the issuer that vouches
    for ``new_root`` with a cross-certificate. ``level`` is the vendor record's. ``related`` are the
    places of the chain's certificates. ``revocation`` says in words what the lists of the package
    prove of the chain's certificates, empty where there are none. ``other_chains`` are the next
    best chains, each with what is wrong with it. ``strict_profile`` is ``pass``, or why the
    verifier of pyca/cryptography says no; empty where it was not asked. ``certificates`` are the
    fingerprints of the best chain, signer first. ``store`` is where the trust store is, ``lacks``
    what its record of the root lacks. ``advisories`` are those of yours that name the root, in
    words, ``advisory_places`` where they do.
    """

    at: Location
    document: str
    incidental: bool
    target: str
    content_matches: bool | Unknown
    signature_valid: bool | Unknown
    problem: str
    text_mode: bool
    signs_instead: str
    signed_at: str
    timestamps: int
    timestamp: str
    signer: Party
    chain: tuple[str, ...]
    ends_in: ChainEnd
    root: Party
    missing_issuer: str
    trust: Trust | Unknown
    trusted_roots: tuple[str, ...]
    known_root: str
    cross_issuer: str
    new_root: Party
    vendor: str
    level: Level
    defects: tuple[DefectKind, ...]
    related: tuple[Location, ...]
    strict_profile: str = ""
    revocation: str = ""
    other_chains: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    store: str = ""
    lacks: str = ""
    advisories: tuple[str, ...] = ()
    advisory_places: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.signer.sha256}".rstrip()

    @property
    def root_name(self) -> str:
        """The root that the chain leads to, as precisely as the package tells."""
        if self.missing_issuer:
            return f"{self.missing_issuer} (its certificate is not in the package)"
        if not self.root.subject:
            return ""
        root = self.root
        return f"{root.subject}, SHA-256 {root.fingerprint}, valid to {root.expires}"

    @property
    def trusted_words(self) -> str:
        """The roots of the trust store, in words."""
        return "; ".join(self.trusted_roots) or "none so far"

    @property
    def signed(self) -> str:
        """What is signed, in words: the member, or the content inside the signature."""
        return self.target or "the content that it carries"

    @property
    def advisory_words(self) -> str:
        """What your advisories say of the root, as the end of a sentence; empty for nothing."""
        return "".join(f"; {words}" for words in self.advisories)

    @property
    def show_command(self) -> str:
        """The command that shows the chains and what to ask the vendor."""
        return f"dten-audit trust show {self._package}{self._trust_option}"

    @property
    def add_command(self) -> str:
        """The command that records the root, once the vendor has read out its fingerprint."""
        vendor = quote(self.vendor) if self.vendor else "VENDOR"
        option = self._trust_option or " --trust DIR"
        return (
            f"dten-audit trust add-root {self._package}{option} --vendor {vendor} "
            "--evidence phone --by YOU"
        )

    @property
    def rotate_command(self) -> str:
        """The command that records a root for which one in the store vouches."""
        return f"dten-audit trust rotate {self._package}{self._trust_option}"

    @property
    def _package(self) -> str:
        return quote(self.at.path.partition(MEMBER)[0])

    @property
    def _trust_option(self) -> str:
        return f" --trust {quote(self.store)}" if self.store else ""


class ChainDefect(NamedTuple):
    """What is wrong with one certificate of a signer's chain.

    ``role`` is its part in the chain. ``detail`` says what was found (``RSA 1024``, ``sha1``).
    ``days`` are left until it expires, negative once it has. ``trust``, ``level`` and
    ``incidental`` are those of the check; ``in_file`` is where the certificate stands.
    ``timestamp`` is when the signature existed, according to an authority that you do not trust.
    """

    at: Location
    kind: DefectKind
    role: Literal["signer", "intermediate", "root"]
    certificate: str
    issuer: str
    sha256: str
    not_before: str
    not_after: str
    days: int
    detail: str
    trust: Trust | Unknown
    level: Level
    incidental: bool
    timestamp: str = ""
    in_file: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.kind} {self.sha256}"


class TimestampCheck(NamedTuple):
    """What one timestamp on a signature proves (RFC 3161).

    ``signed`` is what the stamped signature is over. ``sound``: the timestamp is over this very
    signature, and its authority's key made it; unknown where that could not be computed. ``root``
    is the last certificate of the authority's chain. ``trust`` as for signatures, for roots whose
    ``use`` is ``timestamp``; ``defects`` are those of the authority's chain at that time.
    """

    at: Location
    incidental: bool
    signed: str
    time: str
    sound: bool | Unknown
    authority: Party
    root: Party
    trust: Trust | Unknown
    defects: tuple[DefectKind, ...]
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} timestamp {self.authority.sha256}"


class RevocationCheck(NamedTuple):
    """What a revocation list or OCSP response of the package is worth.

    ``proof``: by a certificate at hand of its issuer's name, which may sign lists; whether that one
    is trusted is a matter of chains. ``current``: its next update is not due at the time of the
    audit. ``revokes`` are the certificates of the package that it names as revoked.
    """

    at: Location
    form: Literal["CRL", "OCSP"]
    issuer: str
    made: str
    next_update: str
    sha256: str
    proof: RevocationProof
    current: bool
    revokes: tuple[str, ...]
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.form} {self.sha256}"

    @property
    def kind(self) -> str:
        """What it is, in words."""
        return "revocation list" if self.form == "CRL" else "OCSP response"

    @property
    def names(self) -> str:
        """What it names as revoked, in words."""
        return "; ".join(self.revokes)


class SignatureCoverage(NamedTuple):
    """How far signatures reach; stated only where the user gave a trust store.

    ``signatures`` counts the package's own that were checked, not those of libraries and tests,
    ``trusted`` those of them that hold and lead to a trusted root, ``unchecked`` signatures of
    formats that are not checked. ``covered`` of ``members`` files are signed, by themselves or by a
    signed list. ``vendor`` is the one whose record names this package, ``level`` that record's.
    """

    at: Location
    signatures: int
    trusted: int
    unchecked: int
    members: int
    covered: int
    vendor: str
    level: Level
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return "signatures of the package"
