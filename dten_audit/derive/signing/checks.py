"""Derives what each signer of each CMS signature proves, and what is wrong with their chains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import PurePath
from typing import Final, NamedTuple

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.members import (
    Members,
    archives_around,
    container_of,
    is_incidental,
)
from dten_audit.derive.signing.notices import Notices
from dten_audit.derive.signing.paths import Chain, Path, build
from dten_audit.derive.signing.pool import Pool
from dten_audit.derive.signing.revocation_lists import found_in
from dten_audit.derive.signing.revocation_lists import told as revocations
from dten_audit.derive.signing.second_opinion import strict_profile
from dten_audit.derive.signing.stamps import claimed_time, stamps, told, trusted_time
from dten_audit.derive.signing.telling import (
    chain_lines,
    other_line,
    party,
    revocation_words,
    root_line,
)
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.signatures import (
    ChainDefect,
    SignatureCheck,
    Trust,
)
from dten_audit.model.facts.signing import (
    Certificate,
    OrphanSignature,
    Signature,
)
from dten_audit.model.location import MEMBER, Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import appx, oids
from dten_audit.readers.signing.certificates import X509, MalformedError, load
from dten_audit.readers.signing.cms import (
    SignedData,
    SignerInfo,
    parse_signed_data,
    signer_certificate,
)
from dten_audit.readers.signing.instants import day, instant
from dten_audit.readers.signing.verifying import (
    UnsupportedError,
    Verdict,
    content_matches,
    verify,
)
from dten_audit.site.estate import Estate

_UNREAD: Final = "the signed content cannot be read"
_NO_CERTIFICATE: Final = "the signer's certificate is missing"
_NAMED: Final = 20
_SIGNERS: Final = 50
"""More signers than this in one signature are not looked at; one is usual."""
_COMPUTED: Final = Unknown("package.value")
_SEARCHED: Final = 256 << 20
"""How many bytes of other members are compared to find what a stray signature is for."""
_SEARCHES: Final = 20
"""For how many signatures of a package that is done."""


class _Job(NamedTuple):
    """One signature with all that is needed to judge it."""

    signature: Signature
    info: DocumentInfo
    signed: SignedData
    target: str
    expected: str

    @property
    def incidental(self) -> bool:
        """Whether it says nothing of the package: catalogues and tokens sign other things."""
        other = self.signed.content_type != oids.DATA and self.info.path != appx.PATH
        return other or is_incidental(self.info)


def derive(package: Package, estate: Estate) -> Iterator[Fact]:
    """Yield a check for each signer, the defects of its chain, and signatures without a file."""
    signatures = package.of(Signature)
    if not signatures:
        return
    members = Members(package)
    certificates = _Certificates(package)
    name = PurePath(signatures[0].at.path.partition(MEMBER)[0]).name
    lists = found_in(package)
    anchors = Anchors(estate.trust, name, estate.at)
    pool = Pool(certificates.all, anchors, lists=[own.parsed for own in lists if own.parsed])
    yield from revocations(package, lists, certificates.all, pool)
    known: dict[tuple[str, ...], tuple[Pool, Notices]] = {(): (pool, Notices(estate, anchors))}
    jobs = [job for signature in signatures if (job := _job(signature, members))]
    yield from _strays(jobs)
    waiting: dict[str, list[_Judge]] = defaultdict(list)
    for job in jobs:
        inside = archives_around(job.info)
        if inside not in known:
            known[inside] = pool.within(inside), Notices(estate, anchors.within(inside))
        for signer in job.signed.signers[:_SIGNERS]:
            waiting[job.target].append(_Judge(job, signer, certificates, *known[inside]))
    strays = _Strays(members)
    for judge in waiting.pop("", []):
        yield from judge.facts(judge.job.signed.content, strays)
    for target, content in package.contents(list(waiting)):
        for judge in waiting.pop(target):
            yield from judge.facts(content, strays)
    for judges in waiting.values():
        for judge in judges:
            yield from judge.facts(None, strays)


def _job(signature: Signature, members: Members) -> _Job | None:
    info = members.package.documents.get(signature.document)
    if info is None:
        return None
    try:
        signed = parse_signed_data(signature.raw)
    except MalformedError:
        return None
    if signature.content is not None:
        signed = signed._replace(content=signature.content)
    return _Job(signature, info, signed, *members.target(info))


def _strays(jobs: Iterable[_Job]) -> Iterator[OrphanSignature]:
    for job in jobs:
        if not job.signature.attached and not job.target:
            expected = job.expected.partition(MEMBER)[2]
            yield OrphanSignature(job.signature.at, "CMS", expected, job.incidental)


class _Strays:
    """Finds what a signature is really for, where it does not fit the file that it lies beside."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._left = _SEARCHES

    def meant(self, job: _Job, signer: SignerInfo) -> str:
        """Return the member whose content was signed, empty where there is none."""
        own = (job.target, job.info.address)
        container = container_of(job.info)
        others = [i for i in self._members.below(container) if i.address not in own]
        self._left -= 1
        if self._left < 0 or sum(info.size for info in others) > _SEARCHED:
            return ""
        for address, data in self._members.package.contents([info.address for info in others]):
            try:
                if content_matches(signer, data)[0]:
                    return address.partition(MEMBER)[2]
            except UnsupportedError:
                return ""
        return ""


class _Certificates:
    """All certificates of a package by fingerprint, with their places; each parsed once."""

    def __init__(self, package: Package) -> None:
        self.places: dict[str, list[Location]] = defaultdict(list)
        self.all: list[X509] = []
        self._named: dict[int | bytes, list[X509]] = defaultdict(list)
        self._chains: dict[tuple[X509, datetime, bool, tuple[str, ...]], Chain] = {}
        self._opinions: dict[tuple[tuple[X509, ...], datetime], str] = {}
        for fact in package.of(Certificate):
            self.places[fact.sha256].append(fact.at)
            if len(self.places[fact.sha256]) == 1:
                self.add(fact.der)

    def add(self, raw: bytes) -> None:
        """Add a certificate; what cannot be read has been said by the reader."""
        try:
            own = load(raw)
        except MalformedError:
            return
        self.all.append(own)
        self._named[own.serial].append(own)
        self._named[own.key_id].append(own)

    def of_signer(self, signer: SignerInfo, trusted: Iterable[X509]) -> X509 | None:
        """Return the signer's certificate, from the package or from the trust store."""
        named = self._named.get(signer.key_id or signer.serial, [])
        return signer_certificate(signer, (*named, *trusted))

    def chain(self, own: X509, pool: Pool) -> Chain:
        """Return the best chain of a certificate; each is built once for a moment."""
        wanted = (own, pool.when, pool.proven, pool.anchors.names)
        if wanted not in self._chains:
            self._chains[wanted] = build(own, pool)
        return self._chains[wanted]

    def opinion(self, path: Path, when: datetime) -> str:
        """Return the second opinion on a path; it is asked once for a moment."""
        wanted = (path.certificates, when)
        if wanted not in self._opinions:
            self._opinions[wanted] = strict_profile(path, when)
        return self._opinions[wanted]


class _Judge:
    """Judges one signer."""

    def __init__(
        self,
        job: _Job,
        signer: SignerInfo,
        certificates: _Certificates,
        pool: Pool,
        notices: Notices,
    ) -> None:
        self.job, self.signer, self.notices = job, signer, notices
        self.anchors, self.known = pool.anchors, certificates
        self.certificate = certificates.of_signer(signer, pool.anchors.known)
        self.stamps = stamps(signer, pool)
        self.time = trusted_time(self.stamps)
        own = pool.at(self.time) if self.time else pool
        self.chain = certificates.chain(self.certificate, own) if self.certificate else None
        self.pool = own

    def facts(self, content: bytes | None, strays: _Strays) -> Iterator[Fact]:
        """Yield the check over ``content``, None where it cannot be read, and chain defects."""
        verdict = self._verdict(content)
        unfit = verdict.content_matches is False
        if not self.job.target and not self.job.signature.attached:
            unfit = True
        meant = ""
        if unfit and self.signer.message_digest:
            meant = strays.meant(self.job, self.signer)
        check = self._check(verdict, meant)
        yield check
        if self.chain is not None:
            yield from self._defects(self.chain, check)
        for stamp in self.stamps:
            yield told(stamp, check.at, check.signed, self.pool, incidental=check.incidental)

    def _verdict(self, content: bytes | None) -> Verdict:
        signer = self.signer
        if self.certificate is None:
            return self._without_certificate(content)
        if content is None and not signer.signed_attributes:
            return Verdict(None, None, problem=self._unread())
        verdict = verify(signer, self.certificate.public_key, content or b"")
        if content is None:
            problem = verdict.problem or self._unread()
            return verdict._replace(content_matches=None, text_mode=False, problem=problem)
        if signer.signed_attributes and signer.content_type != self.job.signed.content_type:
            return verdict._replace(signature_valid=False)
        return verdict

    def _unread(self) -> str:
        """Say why there is no content; without a file, another fact says so."""
        return _UNREAD if self.job.target else ""

    def _without_certificate(self, content: bytes | None) -> Verdict:
        """Compare the content at least; without the key nobody can tell who signed the digest."""
        if content is None or not self.signer.signed_attributes:
            return Verdict(None, None, problem=_NO_CERTIFICATE)
        try:
            matches, text_mode = content_matches(self.signer, content)
        except UnsupportedError as error:
            return Verdict(None, None, problem=f"{_NO_CERTIFICATE}; {error}")
        return Verdict(matches, None, text_mode, _NO_CERTIFICATE)

    def _check(self, verdict: Verdict, meant: str) -> SignatureCheck:
        job, signer, chain = self.job, self.signer, self.chain
        path = chain.path if chain else None
        vendor = path.anchor.vendor if path and path.anchor else self.anchors.vendor
        check = SignatureCheck(
            at=job.signature.at,
            document=job.signature.document,
            incidental=job.incidental,
            target=job.target.partition(MEMBER)[2],
            content_matches=_or_unknown(verdict.content_matches),
            signature_valid=_or_unknown(verdict.signature_valid),
            problem=verdict.problem,
            text_mode=verdict.text_mode,
            signs_instead=meant,
            signed_at=instant(signer.signed_at) if signer.signed_at else "",
            timestamps=len(self.stamps),
            timestamp=instant(self.time) if self.time else "",
            signer=party(self.certificate),
            chain=chain_lines(path, self.anchors) if path else (),
            ends_in=path.end if path else "",
            root=party(path.top if path else None),
            missing_issuer=path.missing_issuer if path else "",
            trust=self._trust(),
            trusted_roots=tuple(root_line(root) for root in self.anchors.roots[:_NAMED]),
            known_root=root_line(chain.known_root) if chain and chain.known_root else "",
            cross_issuer=chain.cross.issuer if chain and chain.cross else "",
            new_root=party(chain.new_root if chain else None),
            vendor=vendor.name,
            level=vendor.level,
            defects=tuple(defect.kind for defect in path.defects) if path else (),
            related=self._places(path),
            other_chains=tuple(other_line(own) for own in chain.others) if chain else (),
            store=self.anchors.store,
        )
        return self._along(path, check) if path else check

    def _along(self, path: Path, check: SignatureCheck) -> SignatureCheck:
        """Add what is said of the chain above a signer's certificate."""
        told = self.notices.of(path.top.sha256)
        return check._replace(
            strict_profile=self.known.opinion(path, self.pool.when),
            revocation=revocation_words(path),
            certificates=tuple(own.sha256 for own in path.certificates),
            lacks=self.anchors.lacks(path.top),
            advisories=tuple(own.words for own in told),
            advisory_places=tuple(own.named.at for own in told),
        )

    def _places(self, path: Path | None) -> tuple[Location, ...]:
        """Return where the chain's certificates stand, outside the signature itself."""
        found = [self.known.places[own.sha256] for own in (path.certificates if path else ())]
        here = self.job.signature.at.path
        return tuple(place for places in found for place in places[:1] if place.path != here)

    def _trust(self) -> Trust | Unknown:
        if self.chain is None:
            return ""
        return self.chain.trust if self.anchors.given else Unknown("trust.roots")

    def _defects(self, chain: Chain, check: SignatureCheck) -> Iterator[ChainDefect]:
        claimed = None if self.time else claimed_time(self.stamps)
        for defect in chain.path.defects:
            own = defect.certificate
            if self.time and defect.kind == "expires-soon":
                continue
            in_time = claimed is not None and own.not_before <= claimed <= own.not_after
            yield ChainDefect(
                at=check.at,
                kind=defect.kind,
                role=defect.role,
                certificate=own.subject,
                issuer=own.issuer,
                sha256=own.sha256,
                not_before=day(own.not_before),
                not_after=day(own.not_after),
                days=(own.not_after - self.anchors.at).days,
                detail=defect.detail,
                trust=check.trust,
                level=check.level,
                incidental=check.incidental,
                timestamp=instant(claimed) if claimed and in_time else "",
                in_file=tuple(self.known.places.get(own.sha256, ())),
            )


def _or_unknown(value: bool | None) -> bool | Unknown:
    return _COMPUTED if value is None else value
