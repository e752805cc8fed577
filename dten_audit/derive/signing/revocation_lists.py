"""Derives what each revocation list and OCSP response of a package is worth, and what it names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dten_audit.derive.signing.members import is_incidental
from dten_audit.derive.signing.pool import Pool
from dten_audit.derive.signing.revocation import responded, signs_lists
from dten_audit.links.package import Package
from dten_audit.model.facts.signatures import RevocationCheck, RevocationProof
from dten_audit.model.facts.signing import RevocationList
from dten_audit.readers.signing.certificates import X509, MalformedError, NameKey, grouped
from dten_audit.readers.signing.crl import Crl
from dten_audit.readers.signing.ocsp import Ocsp
from dten_audit.readers.signing.revocations import Carried

_MOST: Final = 200
"""More lists than this are not looked at; a signature carries one for each authority."""
_ENTRIES: Final = 500_000
"""More entries than this are not read from all lists of a package."""
_NAMED: Final = 5


class Found(NamedTuple):
    """A list as the package states it, and parsed; the latter is None beyond what is looked at."""

    fact: RevocationList
    parsed: Crl | Ocsp | None


def found_in(package: Package) -> list[Found]:
    """Return the lists of a package, each parsed once however often it lies there."""
    known: dict[str, Crl | Ocsp] = {}
    found, left = [], _ENTRIES
    for fact in package.of(RevocationList):
        if fact.sha256 not in known and len(known) < _MOST and left > 0:
            try:
                parsed = Carried(fact.form, fact.raw).load()
            except MalformedError:
                continue
            left -= parsed.size
            if left > 0:
                known[fact.sha256] = parsed
        found.append(Found(fact, known.get(fact.sha256)))
    return found


def told(
    package: Package, found: Sequence[Found], certificates: Sequence[X509], pool: Pool
) -> Iterator[RevocationCheck]:
    """Yield what each list is worth."""
    issued: dict[NameKey, list[X509]] = defaultdict(list)
    numbered: dict[int, list[X509]] = defaultdict(list)
    for own in certificates:
        issued[own.issuer_key].append(own)
        numbered[own.serial].append(own)
    for fact, parsed in found:
        proof: RevocationProof = "not-checked"
        names: list[X509] = []
        if isinstance(parsed, Crl):
            proof, names = _of_list(parsed, issued, pool)
        elif isinstance(parsed, Ocsp):
            proof, names = _of_response(parsed, numbered, pool)
        info = package.documents.get(fact.document)
        current = parsed is not None and _current(parsed, pool)
        yield RevocationCheck(
            at=fact.at,
            form=fact.form,
            issuer=fact.issuer,
            made=fact.made,
            next_update=fact.next_update,
            sha256=fact.sha256,
            proof=proof,
            current=current,
            revokes=tuple(f"{own.subject} (SHA-256 {grouped(own.sha256)})" for own in names),
            incidental=info is not None and is_incidental(info),
        )


def _current(parsed: Crl | Ocsp, pool: Pool) -> bool:
    return parsed.next_update is not None and pool.when <= parsed.next_update


def _of_list(
    parsed: Crl, issued: dict[NameKey, list[X509]], pool: Pool
) -> tuple[RevocationProof, list[X509]]:
    names: list[X509] = []
    for own in issued[parsed.issuer_key]:
        try:
            entry = parsed.entry(own.issuer_key, own.serial)
        except MalformedError:
            break
        if entry is not None and len(names) < _NAMED:
            names.append(own)
    signers = [own for own in pool.named(parsed.issuer_key) if signs_lists(own)]
    if not signers:
        return "no-issuer", names
    if any(pool.work.listed(parsed, signer) for signer in signers):
        return "proven", names
    return "not-checked" if pool.work.verifications < 0 else "wrong-key", names


def _of_response(
    parsed: Ocsp, numbered: dict[int, list[X509]], pool: Pool
) -> tuple[RevocationProof, list[X509]]:
    proof: RevocationProof = "no-issuer"
    names: list[X509] = []
    for answer in parsed.answers:
        for own in numbered[answer.serial]:
            issuers = [c for c in pool.named(own.issuer_key) if answer.names(own, c)]
            if not issuers:
                continue
            if answer.says == "revoked" and len(names) < _NAMED:
                names.append(own)
            made = any(responded(parsed, issuer, pool) for issuer in issuers)
            proof = "proven" if made else "wrong-key" if proof != "proven" else proof
    return proof, names
