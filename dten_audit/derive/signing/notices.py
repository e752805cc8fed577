"""Weighs the user's advisories: who signed them, and what they say of a certificate."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.paths import build
from dten_audit.derive.signing.pool import Pool
from dten_audit.model.location import Location
from dten_audit.readers.signing.certificates import X509, MalformedError, grouped, guarded, load
from dten_audit.readers.signing.cms import SignerInfo, parse_signed_data, signer_certificate
from dten_audit.readers.signing.proofs import Content, Proof
from dten_audit.readers.signing.verifying import verify
from dten_audit.readers.signing.verifying_keys import VerifyingKey
from dten_audit.site.advisory import Advisory, Beside, NamedRoot
from dten_audit.site.estate import Estate

_SIGNERS = 20


class Weight(NamedTuple):
    """What an advisory is worth: the known signer, or why it is only a hint."""

    signed_by: str
    doubt: str


class Notice(NamedTuple):
    """What one advisory says of one certificate."""

    advisory: Advisory
    named: NamedRoot
    weight: Weight

    @property
    def words(self) -> str:
        """The notice in words, for a message."""
        told = self.advisory.told
        says = {
            "new": "says that it is the vendor's new root",
            "retired": "says that it is not to be used any more",
            "named": "names it",
        }[self.named.says]
        worth = (
            f"signed by {self.weight.signed_by}, which you know"
            if self.weight.signed_by
            else f"only a hint: {self.weight.doubt}"
        )
        confirmed = f"; {told.confirmed}" if told.confirmed else ""
        return f"advisory {told.id} {says} ({worth}{confirmed})"


class Notices:
    """The user's advisories as they apply to one package."""

    def __init__(self, estate: Estate, anchors: Anchors) -> None:
        self._anchors = anchors
        self._weights: dict[Location, Weight] = {}
        self._named: dict[str, list[tuple[Advisory, NamedRoot]]] = defaultdict(list)
        for advisory in estate.advisories:
            for named in advisory.told.roots:
                self._named[named.sha256].append((advisory, named))

    def of(self, sha256: str) -> tuple[Notice, ...]:
        """Return what the advisories say of a certificate, once for each advisory and saying."""
        found: dict[tuple[str, str], Notice] = {}
        for advisory, named in self._named.get(sha256, ()):
            key = (advisory.at.path, named.says)
            found.setdefault(key, Notice(advisory, named, self.weight(advisory)))
        return tuple(found.values())

    def weight(self, advisory: Advisory) -> Weight:
        """Return what an advisory is worth."""
        if advisory.at not in self._weights:
            self._weights[advisory.at] = weigh(advisory, self._anchors)
        return self._weights[advisory.at]


def weigh(advisory: Advisory, anchors: Anchors) -> Weight:
    """Return who signed an advisory, if the trust store accepts that key for this package.

    A root that is only announced in it does not count: it is not in the store.
    """
    if advisory.told.doubt:
        return Weight("", advisory.told.doubt)
    doubt = "nobody signed it"
    for beside in advisory.signatures:
        by_chain = beside.name.endswith(".p7s")
        weight = (_by_chain if by_chain else _by_key)(advisory.data, beside, anchors)
        if weight.signed_by:
            return weight
        doubt = weight.doubt
    return Weight("", doubt)


def _by_chain(content: bytes, beside: Beside, anchors: Anchors) -> Weight:
    """Weigh a CMS signature."""
    try:
        signed = parse_signed_data(beside.data)
        sent = [load(raw) for raw in signed.certificates]
    except MalformedError as error:
        return Weight("", f"its signature cannot be read: {error}")
    doubt = "its signature has no signer"
    for signer in signed.signers[:_SIGNERS]:
        known, doubt = _signer(content, signer, sent, anchors)
        if known is not None:
            return Weight(f"{known.subject}, SHA-256 {grouped(known.sha256[:16])} …", "")
    return Weight("", doubt)


def _by_key(content: bytes, beside: Beside, anchors: Anchors) -> Weight:
    """Weigh a signature by a bare key of the store: OpenPGP (as CSAF wants it) or minisign."""
    from dten_audit.derive.signing.keyring import Candidate

    form = "minisign" if beside.data.startswith(b"untrusted comment:") else "OpenPGP"
    doubt = f"its signature {beside.name} is by no {form} key of your trust store"
    for own in anchors.keys:
        if own.key.form != form:
            continue
        candidate = Candidate(own.key, own)
        proof = _proof(content, beside.data, own.key)
        if proof.verdict == "unchecked":
            doubt = f"its signature {beside.name} was not checked: {proof.problem}"
        if proof.verdict != "genuine":
            continue
        standing = candidate.trust(anchors.names, anchors.at)
        if standing == "trusted":
            return Weight(candidate.words, "")
        doubt = f"its signature is by {candidate.words}, which is {standing}"
    return Weight("", doubt)


def _proof(content: bytes, raw: bytes, key: VerifyingKey) -> Proof:
    from dten_audit.readers.signing import minisign, sequoia

    try:
        if key.form == "minisign":
            return guarded(lambda: minisign.verify(raw, key.raw, Content(content)))
        return guarded(lambda: sequoia.verify(raw, key.raw, content))
    except MalformedError as error:
        return Proof("unchecked", str(error))


def _signer(
    content: bytes, signer: SignerInfo, sent: list[X509], anchors: Anchors
) -> tuple[X509 | None, str]:
    """Return the known certificate that a signer used, or None and why it does not count."""
    own = signer_certificate(signer, (*sent, *anchors.known))
    if own is None:
        return None, "its signer's certificate is missing"
    verdict = verify(signer, own.public_key, content)
    if not (verdict.content_matches and verdict.signature_valid):
        return None, "its signature does not hold"
    chain = build(own, Pool(sent, anchors))
    if not chain.accepted:
        return None, f"its signer {own.subject} is not below a root that you trust for this package"
    return own, ""
