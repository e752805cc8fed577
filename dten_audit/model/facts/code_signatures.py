"""Facts about signatures inside programs: Windows programs and scripts, and Java archives."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.signatures import DefectKind, Party, Trust
from dten_audit.model.facts.signing import Level
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

SurplusPlace = Literal[
    "padding",
    "unknown-entry",
    "behind-entries",
    "behind-table",
    "inside-program",
    "behind-block",
    "inside-cabinet",
    "behind-cabinet",
]
_PLACES: dict[SurplusPlace, str] = {
    "padding": "behind the signature, inside its entry",
    "unknown-entry": "in an entry of the certificate table that is no signature",
    "behind-entries": "behind the entries of the certificate table",
    "behind-table": "behind the certificate table, where no program has any",
    "inside-program": "in a certificate table that lies amid the program",
    "behind-block": "behind the signature block of the script",
    "inside-cabinet": "in a signature that lies amid the cabinet",
    "behind-cabinet": "behind the signature, which is the end of any cabinet",
}
Half = Literal["signature-file", "signature-block", "manifest"]
EntryStatus = Literal["differs", "missing", "uncovered", "unchecked", "section-differs"]


class ProgramSignature(NamedTuple):
    """An Authenticode signature in a program or script: a CMS message over a digest of the file.

    ``form`` is ``PE``, ``PowerShell``, ``CAB`` or ``MSI``. ``nested``: it stands in another
    signature of the file. ``stated`` is the file's digest by ``algorithm`` as the message has it,
    ``actual`` the one that the file has, empty where it cannot be computed. ``raw`` is the message;
    nobody has verified it.
    """

    at: Location
    document: str
    form: str
    raw: bytes
    nested: bool
    algorithm: str
    stated: str
    actual: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.algorithm} signature"


class DigestManifest(NamedTuple):
    """The manifest of a Java archive that lists digests of entries, as only signers write them."""

    at: Location
    document: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} digests"


class SignatureSurplus(NamedTuple):
    """Bytes of a signed program or script that lie where no signature covers them.

    ``size`` counts them. ``incidental``: the program stands in a test tree.
    """

    at: Location
    where: SurplusPlace
    size: int
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.where}"

    @property
    def place(self) -> str:
        """Where they lie, in words."""
        return _PLACES[self.where]


class CodeSignature(NamedTuple):
    """What one signer of a program, a script, an installer or a Java archive proves of it.

    ``form`` is ``PE``, ``PowerShell``, ``CAB``, ``MSI``, ``JAR``, or ``APK`` with its schemes.
    ``target`` is the signed file; of an archive, its own address. ``content_matches``: the file is
    the signed one; of a Java archive, its signature file is. ``signature_valid``: the signer's key
    made the signature. Both are
    unknown where that cannot be computed, and ``problem`` says why. ``weak`` names the digest where
    it no longer resists collisions and no other signature of the file has a better one.
    ``timestamp`` is when it was signed at the latest, by an authority that you trust;
    ``timestamps`` counts all. Chain, trust and the rest are as in ``SignatureCheck``.
    ``incidental``: it stands in a test tree.
    """

    at: Location
    document: str
    form: str
    target: str
    incidental: bool
    nested: bool
    content_matches: bool | Unknown
    signature_valid: bool | Unknown
    problem: str
    weak: str
    timestamps: int
    timestamp: str
    signer: Party
    root: Party
    missing_issuer: str
    chain: tuple[str, ...]
    trust: Trust | Unknown
    vendor: str
    level: Level
    defects: tuple[DefectKind, ...]
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.signer.sha256}".rstrip()

    @property
    def authority(self) -> str:
        """The root that the chain leads to, as precisely as the file tells."""
        if self.missing_issuer:
            return f"{self.missing_issuer} (its certificate is not sent along)"
        root = self.root
        return f"{root.subject}, SHA-256 {root.fingerprint}" if root.subject else "nobody"


class SignedArchive(NamedTuple):
    """A signature file of a Java archive (``META-INF/*.SF``), compared with its manifest.

    ``archive`` is the archive's address. ``holds``: a signature over the signature file was found,
    and it is genuine. ``manifest`` says how the signature file vouches for the manifest: by a
    digest of the ``whole``, by digests of its ``sections``, or not at all, as they ``differ``;
    ``main`` says the same of its main attributes alone. ``covered`` counts the entries that are as
    this signer signed them. ``weak`` names the digests that no longer resist collisions where an
    entry or the manifest has no better one, and those of the signature and of its timestamps.
    """

    at: Location
    archive: str
    holds: bool
    signer: Party
    manifest: Literal["whole", "sections", "differs", "missing", "unchecked"]
    main: Literal["matches", "differs", "not-stated"]
    covered: int
    weak: tuple[str, ...]
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} manifest"

    @property
    def weak_names(self) -> str:
        """The weak digests, in words."""
        return ", ".join(self.weak)


class ArchiveEntry(NamedTuple):
    """An entry of a signed Java archive of which the signature does not say that it is intact.

    ``status``: its content ``differs`` from its digest; it is listed and ``missing``; it is
    ``uncovered`` by any genuine signature; ``unchecked``, as its digests or bytes cannot be had;
    or its section of the manifest is not the signed one (``section-differs``). ``program``: it is
    code. ``metadata``: it stands in ``META-INF`` and passes for a part of signing, but is none.
    """

    at: Location
    archive: str
    path: str
    status: EntryStatus
    detail: str
    program: bool
    metadata: bool
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.status} {self.path}"


class SealedArchive(NamedTuple):
    """A NuGet or AppX package, compared with the digests of it that its signature states.

    ``form`` is ``NuGet`` or ``AppX``. ``archive`` is its address. ``matches`` is unknown where that
    cannot be computed, and ``problem`` says why. ``algorithm`` is that of the digests, empty where
    none is stated. ``differs`` says in words what is not as it was signed. Whether the signature
    itself holds, its ``SignatureCheck`` says.
    """

    at: Location
    document: str
    form: Literal["NuGet", "AppX"]
    archive: str
    algorithm: str
    matches: bool | Unknown
    differs: str
    problem: str
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} archive"


class SigningBlock(NamedTuple):
    """The signing block of an Android program, raw; nobody has verified it yet."""

    at: Location
    document: str
    raw: bytes
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} signing block"


class SchemeClaim(NamedTuple):
    """What a signature file of an Android program says of the schemes that it is signed by too."""

    at: Location
    document: str
    schemes: tuple[str, ...]
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} schemes"


class StrippedScheme(NamedTuple):
    """A signature scheme that an Android program must have, as another one says, and has not.

    ``archive`` is its address, ``by`` the scheme that says so.
    """

    at: Location
    archive: str
    scheme: str
    by: str
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} scheme {self.scheme}"


class LoneSignature(NamedTuple):
    """A part of a Java archive's signature without the other one.

    ``what``: a ``signature-file`` without a signature block over it, a ``signature-block`` without
    a signature file, or a ``manifest`` that lists digests though nothing signs it.
    """

    at: Location
    archive: str
    what: Half
    incidental: bool
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.what}"
