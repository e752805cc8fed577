"""Derives what signatures by bare keys prove: minisign, signify, OpenPGP, SSH, DSSE, values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Final, NamedTuple

from dten_audit.derive.signing import sigstore_proof
from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.keyring import Candidate, Keyring
from dten_audit.derive.signing.members import Members, archives_around, container_of
from dten_audit.derive.signing.sigstore_identity import expected_words, standing
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.key_signatures import (
    KeySignature,
    KeySignatureCheck,
    KeyVerdict,
    Vouched,
)
from dten_audit.model.location import MEMBER
from dten_audit.readers.signing import bare, bundles, dsse, minisign, sequoia, sigstore_log, sshsig
from dten_audit.readers.signing.certificates import MalformedError, guarded
from dten_audit.readers.signing.instants import day
from dten_audit.readers.signing.proofs import Content, Proof
from dten_audit.readers.signing.verifying_keys import VerifyingKey
from dten_audit.site.estate import Estate

_SEARCHED: Final = 256 << 20
"""How many bytes of other members are compared in all to find what stray signatures are for."""
_SEARCHES: Final = 20
"""For how many signatures of a package that is done."""
_NAMING: Final = ("minisign", "signify")
"""Formats whose signatures name their key; elsewhere the name is a hint, or there is none."""
_EXTRAS: Final = {sequoia.MISSING: "openpgp", sigstore_log.MISSING: "sigstore"}
_UNREAD: Final = "the signed content cannot be read"


class Job(NamedTuple):
    """A signature with all that is needed to judge it; ``target`` is an address."""

    signature: KeySignature
    info: DocumentInfo
    anchors: Anchors
    target: str
    named: list[Candidate]
    others: list[Candidate]


class Found(NamedTuple):
    """What came out, and by which key. ``other``: it is not the key that the signature names."""

    verdict: KeyVerdict
    problem: str = ""
    by: Candidate | None = None
    other: bool = False
    comment_sound: bool = True
    vouched: Vouched = ""


def derive(package: Package, estate: Estate) -> Iterator[KeySignatureCheck]:
    """Yield a check for each signature by a bare key."""
    signatures = package.of(KeySignature)
    if not signatures:
        return
    judge = _Judge(package, estate)
    waiting: dict[str, list[Job]] = defaultdict(list)
    for signature in signatures:
        info = package.documents.get(signature.document)
        if info is None:
            continue
        job = judge.job(signature, info)
        if signature.attached:
            yield judge.check(job, _own_content(job))
        elif not job.target:
            yield judge.check(job, Found("no-file", by=next(iter(job.named), None)))
        else:
            waiting[job.target].append(job)
    for target, content in package.contents(list(waiting)):
        own = Content(content)
        for job in waiting.pop(target):
            yield judge.check(job, prove(job, own))
    for jobs in waiting.values():
        for job in jobs:
            yield judge.check(job, Found("unchecked", _UNREAD, next(iter(job.named), None)))


class _Judge:
    """Puts what was found into facts; looks for what a stray signature is really for."""

    def __init__(self, package: Package, estate: Estate) -> None:
        self.members = Members(package)
        self.ring = Keyring(package, estate)
        self.at = estate.at
        self.store = estate.trust
        name = next((own.at.path for own in package.of(KeySignature)), "").partition(MEMBER)[0]
        self._anchors = Anchors(estate.trust, PurePath(name).name, estate.at)
        self._left = _SEARCHES
        self._room = _SEARCHED

    def job(self, signature: KeySignature, info: DocumentInfo) -> Job:
        """Return a signature with its target and the keys to try."""
        target = "" if signature.attached else self.members.target(info)[0]
        target = info.address if signature.over else target
        anchors = self._anchors.within(archives_around(info))
        return Job(signature, info, anchors, target, *self.ring.candidates(signature))

    def check(self, job: Job, found: Found) -> KeySignatureCheck:
        """Return the fact."""
        own, by = job.signature, found.by
        names = (PurePath(own.at.path.partition(MEMBER)[0]).name, *archives_around(job.info))
        vendor = by.trusted.vendor if by and by.trusted else None
        vendor = vendor or (self.store.vendor_of(*names) if self.store else None)
        trust = self.ring.trust(by, names, self.at)
        if own.format == "sigstore":
            trust, expected = standing(self.store, own.raw, names, found.vouched)
            vendor = expected or vendor
        lost = found.verdict in ("forged", "no-file") and not own.attached
        return KeySignatureCheck(
            at=own.at,
            document=own.document,
            incidental=own.incidental,
            format=own.format,
            key_id=own.key_id,
            made=own.made,
            digest=own.digest,
            comment=own.comment,
            named=own.named,
            attached=own.attached,
            target=job.target.partition(MEMBER)[2],
            verdict=found.verdict,
            problem=found.problem,
            other_key=found.other,
            comment_forged=not found.comment_sound,
            signs_instead=self._meant(job) if lost else "",
            key=by.words if by else "",
            signer=by.key.label if by else "",
            trust=trust,
            key_expires=day(by.expires) if by and by.expires else "",
            trusted_keys=self._trusted(own, names),
            vendor=vendor.name if vendor else "",
            level=vendor.level if vendor else "strict",
            key_at=by.at if by else (),
            lacks=_EXTRAS.get(found.problem, ""),
            vouched=found.vouched,
            inner=own.inner,
        )

    def _trusted(self, own: KeySignature, names: tuple[str, ...]) -> tuple[str, ...]:
        if own.format == "sigstore":
            return expected_words(self.store, names)
        return self.ring.trusted_words(own)

    def _meant(self, job: Job) -> str:
        """Return the member whose content was signed, empty where there is none."""
        self._left -= 1
        if self._left < 0 or not (job.named or job.others):
            return ""
        own = (job.target, job.info.address)
        others = [i for i in self.members.below(container_of(job.info)) if i.address not in own]
        self._room -= sum(info.size for info in others)
        if self._room < 0:
            return ""
        for address, data in self.members.package.contents([info.address for info in others]):
            if prove(job, Content(data)).verdict == "genuine":
                return address.partition(MEMBER)[2]
        return ""


def _own_content(job: Job) -> Found:
    """Prove a signature that carries its content, or is inside the file that it is over."""
    found = [prove(job, Content(text)) for text in job.signature.over or (b"",)]
    return next((own for own in found if own.verdict == "genuine"), found[0])


def prove(job: Job, content: Content) -> Found:
    """Try the keys that a signature names, then others, on what it is over."""
    best: Found | None = None
    for own, other in (*((one, False) for one in job.named), *((one, True) for one in job.others)):
        proof = _proof(job.signature, own.key, content)
        found = Found(
            proof.verdict, proof.problem, own, other and job.signature.format in _NAMING,
            proof.comment_sound,
        )  # fmt: skip
        if proof.verdict == "genuine":
            return _vouched(job, found, content)
        if proof.verdict == "refused" or (not other and best is None):
            best = found
    if best is not None:
        return best
    tried = "" if not job.others else "none of the keys at hand made it"
    if job.signature.format == "OpenPGP" and not sequoia.is_installed():
        return Found("unchecked", sequoia.MISSING)
    return Found("no-key", tried)


def _vouched(job: Job, found: Found, content: Content) -> Found:
    """Add what sigstore says, where its certificate's key made the signature.

    That is the instance of the trust store, else the public one as its own library has it.
    """
    if job.signature.format != "sigstore":
        return found
    raw = job.signature.raw
    proof = sigstore_proof.vouched(bundles.load(raw), content, job.anchors)
    proof = proof or sigstore_log.vouched(raw, content)
    if proof.verdict == "refused":
        return found._replace(verdict="refused", problem=proof.problem)
    state: Vouched = "proven" if proof.verdict == "genuine" else "unchecked"
    return found._replace(problem=proof.problem, vouched=state)


def _proof(signature: KeySignature, key: VerifyingKey, content: Content) -> Proof:
    try:
        return guarded(lambda: _VERIFIERS[signature.format](signature, key, content))
    except MalformedError as error:
        return Proof("unchecked", str(error))


def _minisign(signature: KeySignature, key: VerifyingKey, content: Content) -> Proof:
    own = minisign.parse(signature.raw)
    signed = content if own.message is None else Content(own.message)
    return minisign.verify(signature.raw, key.raw, signed)


def _openpgp(signature: KeySignature, key: VerifyingKey, content: Content) -> Proof:
    if signature.attached and not signature.over:
        return sequoia.verify_clear(signature.raw, signature.digest, key.raw)
    return sequoia.verify(signature.raw, key.raw, content.data)


_VERIFIERS: Final[dict[str, Callable[[KeySignature, VerifyingKey, Content], Proof]]] = {
    "minisign": _minisign,
    "signify": _minisign,
    "OpenPGP": _openpgp,
    "SSH": lambda own, key, content: sshsig.verify(own.raw, key, content),
    "bare": lambda own, key, content: bare.verify(own.raw, key.raw, content),
    "sigstore": lambda own, _, content: bundles.verify(own.raw, content),
    "DSSE": lambda own, key, _: dsse.verify(dsse.load(own.raw), own.number, key.raw),
}
