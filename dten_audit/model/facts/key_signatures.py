"""Facts about signatures by bare keys, to which no chain of certificates leads."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.signing import Level
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

KeyFormat = Literal["minisign", "signify", "OpenPGP", "SSH", "bare", "DSSE", "sigstore"]
KeyVerdict = Literal["genuine", "forged", "refused", "unchecked", "no-key", "no-file"]
KeyTrust = Literal[
    "trusted",
    "unknown",
    "shipped",
    "expired",
    "retired",
    "revoked",
    "out-of-scope",
    "other-identity",
]
Vouched = Literal["", "proven", "unchecked"]


class KeySignature(NamedTuple):
    """A signature by a bare key, raw as its format has it; nobody has verified it yet.

    ``key_id`` is the key that it names: minisign's key id, a fingerprint, empty where the format
    names none. ``made`` (RFC 3339), ``digest``, ``comment`` and ``named``, the file that the
    comment says it is for, are what it says of itself. ``attached``: it carries its content.
    ``target`` is the path that its name says it is for, empty where it says none. ``incidental``:
    it stands in a test tree. ``number`` counts the signatures of one document. ``over`` are the
    texts of which it is over one, where it is inside the file that it signs (an AppImage); such a
    file's own signature is ``inner``: it does not vouch for the delivery.
    """

    at: Location
    document: str
    format: KeyFormat
    raw: bytes
    key_id: str
    made: str
    digest: str
    comment: str
    named: str
    attached: bool
    target: str
    incidental: bool
    number: int = 0
    over: tuple[bytes, ...] = ()
    inner: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.format} {self.key_id}".rstrip()


class KeySignatureCheck(NamedTuple):
    """What one signature by a bare key proves.

    Fields of ``KeySignature`` mean the same; ``target`` is the signed member, empty where there is
    none. ``verdict``: ``genuine``, the key made it over this content; ``forged``, it did not;
    ``refused`` and ``unchecked``, ``problem`` says why; ``no-key``, nobody has the key;
    ``no-file``, the signed file is not there. ``other_key``: the key that made it is not the one
    that it names. ``comment_forged``: the comment was changed after signing. ``signs_instead`` is
    another member that it fits. ``key`` names the key in words, ``signer`` whose it is said to be.
    ``trust`` is what the trust store says of the key, ``shipped`` where only the package has it;
    unknown without a trust store. ``key_expires`` is a date, empty for none. ``trusted_keys`` are
    those of that form in the store. ``key_at`` is where the package has the key. ``lacks`` names an
    extra without which nobody could look. ``vouched``: for certificates of sigstore, whether its
    chain and its log were found to hold; ``trust`` is then of its identity: ``shipped`` where it is
    the expected one by the package's word only, ``other-identity`` where it is not.
    """

    at: Location
    document: str
    incidental: bool
    format: KeyFormat
    key_id: str
    made: str
    digest: str
    comment: str
    named: str
    attached: bool
    target: str
    verdict: KeyVerdict
    problem: str
    other_key: bool
    comment_forged: bool
    signs_instead: str
    key: str
    signer: str
    trust: KeyTrust | Unknown
    key_expires: str
    trusted_keys: tuple[str, ...]
    vendor: str
    level: Level
    key_at: tuple[Location, ...] = ()
    lacks: str = ""
    vouched: Vouched = ""
    inner: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.format} {self.key_id}".rstrip()

    @property
    def signed(self) -> str:
        """What is signed, in words: the member, or the content inside the signature."""
        return self.target or "the content that it carries"

    @property
    def whose(self) -> str:
        """The key in words, as precisely as is known."""
        return self.key or (f"key {self.key_id}" if self.key_id else "a key that it does not name")

    @property
    def trusted_words(self) -> str:
        """The keys of the trust store, in words."""
        return "; ".join(self.trusted_keys) or "none so far"

    @property
    def differs(self) -> bool:
        """Whether the signed comment names another file than the one it lies beside."""
        here = (self.target or self.at.member).rpartition("/")[2]
        return bool(self.named and self.target) and self.named.rpartition("/")[2] != here
