"""Every row of the table: verdict, reasons and whose they are, in whatever order things come."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import pytest

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.constraints import HARD
from dten_audit.derive.signing.paths import Chain, build
from dten_audit.derive.signing.pool import Pool
from dten_audit.derive.signing.second_opinion import strict_profile, verify
from dten_audit.derive.signing.telling import other_line, revocation_words
from dten_audit.examples import pki
from dten_audit.examples.pki import moment
from dten_audit.readers.signing.certificates import X509, MalformedError, guarded, load
from dten_audit.readers.signing.crl import Crl
from dten_audit.readers.signing.ocsp import Ocsp
from tests.derive.signing.table import AT, ROWS, Row
from tests.derive.signing.world import LEAVES, ROOTS, certificate, certificates, identities, store

IDS = [row.name for row in ROWS]


def pool_of(row: Row, sent: Sequence[X509], lists: Sequence[Crl | Ocsp]) -> Pool:
    trusted = store(*certificates(row.trusted), state=row.state)
    anchors = Anchors(trusted, "full.zip", moment(row.at) if row.at else AT)
    pool = Pool(sent, anchors, lists=lists)
    return pool.at(moment(row.proven)) if row.proven else pool


def judged(row: Row, shuffle: random.Random | None = None) -> tuple[Chain, Pool]:
    sent, lists = certificates(row.sent), [make() for make in row.lists]
    if shuffle:
        shuffle.shuffle(sent)
        shuffle.shuffle(lists)
    pool = pool_of(row, sent, lists)
    return build(certificate(row.signer), pool), pool


def reasons(chain: Chain) -> str:
    """Return the defects of the best path, each with the name of its certificate."""
    names = {certificate(name).sha256: name for name in reversed(identities())}
    return " ".join(f"{own.kind}@{names[own.certificate.sha256]}" for own in chain.path.defects)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_row(row: Row) -> None:
    chain, pool = judged(row)
    assert (chain.trust, reasons(chain)) == (row.trust, row.wrong)
    assert row.revocation in revocation_words(chain.path)
    assert bool(row.revocation) == bool(revocation_words(chain.path))
    opinion = strict_profile(chain.path, pool.when)
    assert any(part in opinion for part in row.strict.split("|")), opinion
    assert bool(row.strict) == bool(opinion)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_no_order_changes_a_row(row: Row) -> None:
    chance = random.Random(row.name)
    first, _ = judged(row)
    for _ in range(4):
        again, _ = judged(row, chance)
        assert again == first


def test_names_are_unique_and_enough() -> None:
    assert len(set(IDS)) == len(IDS) >= 60
    print(f"\n{len(IDS)} chains")  # noqa: T201 -- how many ran


STRICTER_THAN_PYCA = {
    "signer-is-authority": "pyca does not ask, nor is it held against the chain",
    "wrong-key-usage": "our question to pyca leaves the signer's key usage to us",
    "name-constraint": "pyca tells mailboxes apart by case, old releases ignore directory names",
    "weak-key": "pyca judges keys of authorities only",
    "expires-soon": "not a defect yet",
    "revoked": "pyca knows no revocation",
    "revoked-later": "pyca knows no revocation",
    "name-constraint-unchecked": "said, not held against the chain",
}


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_what_the_strict_verifier_accepts_we_accept_or_say_why_not(row: Row) -> None:
    chain, pool = judged(row)
    if strict_profile(chain.path, pool.when) == "pass":
        assert chain.trust in ("trusted", "rotated")
        assert {own.kind for own in chain.path.defects} <= set(STRICTER_THAN_PYCA)
        hard = {own.kind for own in chain.path.defects} & HARD
        assert chain.accepted == (not hard)


def test_whatever_path_the_strict_verifier_finds_we_find() -> None:
    """Random heaps of certificates, searched by both: it finds no way that ours misses."""
    chance = random.Random(20260401)
    signers = [name for name in identities() if name in LEAVES or name.startswith("by ")]
    others = [name for name in identities() if name not in signers]
    passed = 0
    for _ in range(400):
        signer = certificate(chance.choice(signers))
        sent = [certificate(name) for name in chance.sample(others, chance.randint(20, 60))]
        roots = [certificate(name) for name in chance.sample([*ROOTS, "old", "new"], 3)]
        try:
            guarded(lambda s=signer, o=sent, r=roots: verify(s, o, r, AT))  # type: ignore[misc]
        except MalformedError:
            continue
        passed += 1
        chain = build(signer, Pool(sent, Anchors(store(*roots), "full.zip", AT)))
        assert chain.trust in ("trusted", "rotated")
        kinds = {own.kind for own in chain.path.defects}
        assert chain.accepted or kinds & set(STRICTER_THAN_PYCA)
        assert kinds <= set(STRICTER_THAN_PYCA)
    print(f"\n{passed} of 400 heaps accepted by pyca/cryptography")  # noqa: T201 -- how many ran
    assert passed > 40


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_what_does_not_belong_there_changes_nothing(row: Row) -> None:
    """A hundred certificates of others, sent along: the same verdict for the same reasons."""
    first, _ = judged(row)
    lists = [make() for make in row.lists]
    pool = pool_of(row, [*certificates(row.sent), *strangers()], lists)
    again = build(certificate(row.signer), pool)
    assert (again.trust, again.path) == (first.trust, first.path)


@cache
def strangers() -> tuple[X509, ...]:
    own = pki.key("somebody")
    made = [pki.issue(f"Somebody {number}", None, pki.ROOT, own) for number in range(50)]
    below = [pki.issue(f"Signer {n}", one, pki.LEAF, own) for n, one in enumerate(made)]
    return tuple(load(pki.der(one.certificate)) for one in (*made, *below))


def test_every_path_is_told_with_all_that_is_wrong_with_it() -> None:
    row = next(row for row in ROWS if row.name.startswith("cross-certificate expired, a good"))
    chain, _ = judged(row)
    told = [other_line(path) for path in chain.others]
    assert any("expired of CN=Acme Root CA 2024" in line for line in told)
    assert any(line.endswith("nothing is wrong with it") for line in told)
