"""Facts about who vouches for the package: certificates, keys, signatures, checksums, chains."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

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
    """A bare public key; ``format`` is how it is written (``PEM``, ``OpenPGP``, ``minisign``).

    ``fingerprint`` is what signatures name it by. ``raw`` is the key itself, empty where unread.
    """

    at: Location
    document: str
    format: str
    fingerprint: str
    raw: bytes = b""
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

    ``attached`` says that it carries its own content; ``content`` is that content where it stands
    beside the signature in the same message.
    """

    at: Location
    document: str
    raw: bytes
    signers: int
    attached: bool
    content: bytes | None = None
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} signature"


class RevocationList(NamedTuple):
    """A certificate revocation list or OCSP response, raw as DER; nobody has verified it yet.

    ``issuer`` is who it says made it. ``made`` and ``next_update`` are RFC 3339, the latter empty
    where it states none. ``inside`` is ``signature`` or ``file``.
    """

    at: Location
    document: str
    form: Literal["CRL", "OCSP"]
    issuer: str
    made: str
    next_update: str
    sha256: str
    inside: Literal["file", "signature"]
    raw: bytes
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.form} {self.sha256}"


class UncheckedSignature(NamedTuple):
    """A signature in a format that is recognised but not verified here.

    ``signer`` is the key id or identity that it names, unproven. ``target`` is the path that its
    name says it is for, empty where it says none. ``incidental``: it stands in a test tree.
    ``unread`` says what nobody looked at, ``remedy`` how to do so.
    """

    at: Location
    document: str
    format: str
    signer: str
    target: str
    incidental: bool
    unread: str = ""
    remedy: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.format} signature"

    @property
    def whose(self) -> str:
        """Of what and by whom it says it is, as the middle of a sentence; empty for nothing."""
        of = f" of {self.target}" if self.target else ""
        return f"{of} by {self.signer}" if self.signer else of


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

    @property
    def whose(self) -> str:
        """Whose key it is, in words, as far as the package tells."""
        if self.is_signer_key:
            return f"; it is that of {self.certificate}, the signer of this very package"
        return f"; it is that of {self.certificate}" if self.certificate else ""


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

    @property
    def missing(self) -> str:
        """The file that is missing, in words."""
        return self.expected or "one that its name does not tell"
