"""Derives what the Authenticode signatures of programs and scripts prove."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePath
from typing import Final, NamedTuple

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.members import archives_in
from dten_audit.derive.signing.paths import Chain, build
from dten_audit.derive.signing.pool import Pool, Work
from dten_audit.derive.signing.stamps import Stamp, stamps, told, trusted_time
from dten_audit.derive.signing.telling import chain_lines, party
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import CodeSignature, ProgramSignature
from dten_audit.model.location import MEMBER
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import oids
from dten_audit.readers.signing.certificates import WEAK_DIGESTS, X509, MalformedError, load
from dten_audit.readers.signing.cms import (
    SignedData,
    SignerInfo,
    parse_signed_data,
    parse_signer,
    signer_certificate,
)
from dten_audit.readers.signing.names import in_test_tree
from dten_audit.readers.signing.timestamps import Token
from dten_audit.readers.signing.verifying import Verdict, verify
from dten_audit.site.estate import Estate

_SIGNERS: Final = 10
"""More signers than this in one message are not looked at; Authenticode knows one."""
_NO_CERTIFICATE: Final = "the signer's certificate is missing"


_Group = tuple[tuple[str, ...], tuple[bytes, ...]]


class _Job(NamedTuple):
    """One signer of one message of a program."""

    fact: ProgramSignature
    signed: SignedData
    signer: SignerInfo
    weak: str

    @property
    def group(self) -> _Group:
        """What it shares its chains with: the archives that it lies in, and its certificates."""
        return archives_in(self.fact.at.path), self.signed.certificates


class _Known:
    """Certificates, pools and chains: programs of one vendor share all of them.

    Each program brings its own certificates; those of others are no part of its chains.
    """

    def __init__(self, package: Package, estate: Estate) -> None:
        name = PurePath(_package_path(package)).name
        self.anchors = Anchors(estate.trust, name, estate.at)
        self._work = Work()
        self._loaded: dict[bytes, X509 | None] = {}
        self._pools: dict[_Group, Pool] = {}
        self._chains: dict[tuple[_Group, X509, datetime, bool], Chain] = {}

    def certificates(self, signed: SignedData) -> list[X509]:
        """Return the certificates of a message, each parsed once."""
        return [own for raw in signed.certificates if (own := self._load(raw)) is not None]

    def _load(self, raw: bytes) -> X509 | None:
        if raw not in self._loaded:
            try:
                self._loaded[raw] = load(raw)
            except MalformedError:
                self._loaded[raw] = None
        return self._loaded[raw]

    def pool(self, job: _Job) -> Pool:
        """Return what the chains of a message are made of."""
        if job.group not in self._pools:
            anchors = self.anchors.within(job.group[0])
            sent = self.certificates(job.signed)
            self._pools[job.group] = Pool(sent, anchors, work=self._work)
        return self._pools[job.group]

    def chain(self, job: _Job, own: X509, pool: Pool) -> Chain:
        """Return the best chain of a certificate; each is built once for a moment."""
        wanted = (job.group, own, pool.when, pool.proven)
        if wanted not in self._chains:
            self._chains[wanted] = build(own, pool)
        return self._chains[wanted]


def _package_path(package: Package) -> str:
    return package.of(ProgramSignature)[0].at.path.partition(MEMBER)[0]


def derive(package: Package, estate: Estate) -> Iterator[Fact]:
    """Yield a statement for each signer of each program, and one for each of its timestamps."""
    found = package.of(ProgramSignature)
    if not found:
        return
    by_file: dict[str, list[ProgramSignature]] = defaultdict(list)
    for fact in found:
        by_file[fact.document].append(fact)
    known = _Known(package, estate)
    for facts in by_file.values():
        for job in _jobs(facts):
            yield from _judged(job, known)


def _jobs(facts: list[ProgramSignature]) -> Iterator[_Job]:
    """Yield the signers of one file. Its digest counts as weak where no message has a better."""
    weak = all(fact.algorithm in WEAK_DIGESTS for fact in facts)
    for fact in facts:
        try:
            signed = parse_signed_data(fact.raw)
        except MalformedError:
            continue
        for signer in signed.signers[:_SIGNERS]:
            yield _Job(fact, signed, signer, fact.algorithm if weak else "")


def _judged(job: _Job, known: _Known) -> Iterator[Fact]:
    sent = known.certificates(job.signed)
    own = signer_certificate(job.signer, (*sent, *known.anchors.known))
    pool = known.pool(job)
    stamped = [*stamps(job.signer, pool), *_countersigned(job, sent, pool)]
    time = trusted_time(stamped)
    pool = pool.at(time) if time else pool
    chain = known.chain(job, own, pool) if own else None
    check = _told(job, _verdict(job, own), chain, pool.anchors, stamped, time)
    yield check
    for stamp in stamped:
        yield told(stamp, check.at, check.target, pool, incidental=True)


def _verdict(job: _Job, own: X509 | None) -> Verdict:
    """Compare the file with its digest, and the message with what the signer signed."""
    if own is None:
        verdict = Verdict(None, None, problem=_NO_CERTIFICATE)
    else:
        verdict = verify(job.signer, own.public_key, job.signed.content or b"")
        if job.signer.signed_attributes and job.signer.content_type != job.signed.content_type:
            verdict = verdict._replace(signature_valid=False)
        if verdict.text_mode:
            verdict = verdict._replace(content_matches=False, text_mode=False)
    fact = job.fact
    if not fact.actual:
        problem = verdict.problem or f"the digest of the file ({fact.algorithm}) is not computed"
        matches = False if verdict.content_matches is False else None
        return verdict._replace(content_matches=matches, problem=problem)
    if not hmac.compare_digest(fact.actual, fact.stated):
        return verdict._replace(content_matches=False)
    return verdict._replace(content_matches=verdict.content_matches is not False)


def _countersigned(job: _Job, sent: list[X509], pool: Pool) -> Iterator[Stamp]:
    """Yield the times that older authorities put on a signature by signing it (PKCS #9)."""
    for raw in job.signer.countersignatures[:_SIGNERS]:
        try:
            signer = parse_signer(raw)
        except MalformedError:
            yield Stamp(None, sound=False, chain=None)
            continue
        own = signer_certificate(signer, sent)
        at = signer.signed_at
        if own is None or at is None:
            yield Stamp(None, sound=None, chain=None)
            continue
        verdict = verify(signer, own.public_key, job.signer.signature)
        sound = verdict.content_matches and verdict.signature_valid
        message = SignedData(oids.DATA, None, (), (signer,))
        token = Token(message, at, signer.digest, signer.message_digest or b"", b"")
        yield Stamp(token, sound, build(own, pool.of_authority((), (), at)))


def _told(
    job: _Job,
    verdict: Verdict,
    chain: Chain | None,
    anchors: Anchors,
    stamped: list[Stamp],
    time: datetime | None,
) -> CodeSignature:
    path = chain.path if chain else None
    vendor = path.anchor.vendor if path and path.anchor else anchors.vendor
    at = job.fact.at
    trust = chain.trust if chain else ""
    return CodeSignature(
        at=at,
        document=job.fact.document,
        form=job.fact.form,
        target=at.member or at.path,
        incidental=in_test_tree(at.member),
        nested=job.fact.nested,
        content_matches=_or_unknown(verdict.content_matches),
        signature_valid=_or_unknown(verdict.signature_valid),
        problem=verdict.problem,
        weak=job.weak,
        timestamps=len(stamped),
        timestamp=time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else "",
        signer=party(path.certificates[0] if path else None),
        root=party(path.top if path else None),
        missing_issuer=path.missing_issuer if path else "",
        chain=chain_lines(path, anchors) if path else (),
        trust=trust if anchors.given or not chain else Unknown("trust.roots"),
        vendor=vendor.name,
        level=vendor.level,
        defects=tuple(defect.kind for defect in path.defects) if path else (),
    )


def _or_unknown(value: bool | None) -> bool | Unknown:
    return Unknown("package.value") if value is None else value
