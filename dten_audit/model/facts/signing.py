"""Facts about who vouches for the package: certificates, keys, signatures, checksums, chains."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

Trust = Literal[
    "trusted",
    "rotated",
    "unknown-root",
    "chain-incomplete",
    "impostor-root",
    "self-signed",
    "out-of-scope",
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
]
Level = Literal["strict", "permissive", "audit"]


class Certificate(NamedTuple):
    """An X.509 certificate that stands in the package or inside a signature.

    Names are written as in RFC 4514, fingerprints are hexadecimal. ``spki_sha256`` is the digest of
    the public key alone, ``key`` describes it (``EC P-256``), ``digest`` is the one the issuer
    signed with. ``self_issued``: issuer and subject are the same. ``not_before`` and ``not_after``
    are RFC 3339. ``signs_code`` says that its extended key usage names code signing. ``inside`` is
    ``signature`` or ``file``; ``siblings`` counts the certificates of the same document.
    """

    at: Location
    document: str
    subject_name: str
    issuer_name: str
    sha256: str
    spki_sha256: str
    not_before: str
    not_after: str
    is_ca: bool
    self_issued: bool
    signs_code: bool
    key: str
    digest: str
    inside: Literal["file", "signature"]
    siblings: int
    der: bytes
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.sha256}"


class PublicKey(NamedTuple):
    """A bare public key; ``format`` is how it is written (``PEM``, ``OpenPGP``, ``minisign``)."""

    at: Location
    document: str
    format: str
    fingerprint: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.fingerprint}"


class PrivateKey(NamedTuple):
    """A private key. ``encrypted`` says that a password protects it.

    ``spki_sha256`` is the digest of its public key, empty where that cannot be derived.
    ``test_tree`` says that its path speaks of tests, examples or documentation.
    """

    at: Location
    document: str
    format: str
    algorithm: str
    encrypted: bool | Unknown
    spki_sha256: str
    test_tree: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.format} {self.spki_sha256}".rstrip()


class Signature(NamedTuple):
    """A CMS SignedData with at least one signer (RFC 5652), raw as DER or BER.

    ``attached`` says that it carries its own content.
    """

    at: Location
    document: str
    raw: bytes
    signers: int
    attached: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} signature"


class UncheckedSignature(NamedTuple):
    """A signature in a format that is recognised but not verified here.

    ``signer`` is the key id or identity that it names, unproven. ``target`` is the path that its
    name says it is for, empty where it says none. ``incidental``: it stands in a test tree.
    """

    at: Location
    document: str
    format: str
    signer: str
    target: str
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.format} signature"


class ChecksumEntry(NamedTuple):
    """A line of a checksum file: ``path`` as written there, empty where the file's name says it."""

    at: Location
    document: str
    algorithm: str
    digest: str
    path: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.path}"


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
    whose content does. ``chain`` is a tree to read, root first; ``ends_in`` says how the best chain
    ends, ``root`` is its last certificate, ``missing_issuer`` who should have issued that one.
    ``trust`` is unknown without a trust store. ``trusted_roots`` are what the store holds,
    ``known_root`` is the store's root of the same name, ``cross_issuer`` the issuer that vouches
    for a new root. ``level`` is the vendor record's. ``related`` are the places of the chain's
    certificates. ``strict_profile`` is ``pass``, or why the verifier of pyca/cryptography says no;
    empty where it was not asked.
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
    signer: Party
    chain: tuple[str, ...]
    ends_in: ChainEnd
    root: Party
    missing_issuer: str
    trust: Trust | Unknown
    trusted_roots: tuple[str, ...]
    known_root: str
    cross_issuer: str
    vendor: str
    level: Level
    defects: tuple[DefectKind, ...]
    related: tuple[Location, ...]
    strict_profile: str = ""
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
    def signed(self) -> str:
        """What is signed, in words: the member, or the content inside the signature."""
        return self.target or "the content that it carries"


class ChainDefect(NamedTuple):
    """What is wrong with one certificate of a signer's chain.

    ``role`` is its part in the chain. ``detail`` says what was found (``RSA 1024``, ``sha1``).
    ``days`` are left until it expires, negative once it has. ``trust``, ``level`` and
    ``incidental`` are those of the check; ``in_file`` is where the certificate stands.
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
    in_file: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.kind} {self.sha256}"


class ManifestEntry(NamedTuple):
    """What a list of digests says of one member, compared with the member itself.

    ``path`` is as the list writes it, ``target`` the member's address. ``status`` ``uncovered``
    means that the member is not in the list; its place is then the member. ``signed`` says that a
    signature over the list was found and holds. ``weak`` says that the digest no longer resists
    collisions. ``executable`` says that the member is a program or script. ``listed`` counts the
    entries of the list that exist in the package.
    """

    at: Location
    manifest: str
    path: str
    target: str
    algorithm: str
    status: Literal["matches", "differs", "missing", "uncovered", "unchecked"]
    signed: bool
    weak: bool
    executable: bool
    listed: int
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.manifest} {self.path}"


class ShippedKey(NamedTuple):
    """A private key in the package. ``is_signer_key``: it made a signature of this package.

    ``certificate`` is the subject of a certificate in the package that the key belongs to.
    """

    at: Location
    format: str
    algorithm: str
    encrypted: bool | Unknown
    spki_sha256: str
    test_tree: bool
    is_signer_key: bool
    certificate: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.format} {self.spki_sha256}".rstrip()


class OrphanKey(NamedTuple):
    """A certificate or public key meant for signatures, in a package without any signature.

    ``incidental``: it stands in a test tree.
    """

    at: Location
    format: str
    name: str
    fingerprint: str
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.fingerprint}"


class OrphanSignature(NamedTuple):
    """A detached signature whose file is not in the package.

    ``expected`` is where it should be, empty where its name does not say. ``incidental``: it stands
    in a test tree.
    """

    at: Location
    format: str
    expected: str
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.format} signature"


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
