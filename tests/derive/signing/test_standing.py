"""What the trust store says of roots, and what it makes of chains."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.paths import Chain, build
from dten_audit.derive.signing.pool import Pool
from dten_audit.site.trust import TrustStore, Vendor
from tests.derive.signing.table import AT
from tests.derive.signing.world import BELOW, ROOTS, certificate, certificates, store


def judged(signer: str, sent: str, trusted: TrustStore | None, at: datetime = AT) -> Chain:
    pool = Pool(certificates(sent), Anchors(trusted, "full.zip", at))
    return build(certificate(signer), pool)


@pytest.mark.parametrize(
    ("sent", "end"),
    [
        ("int-new,new", "root"),
        ("int-new", "root-omitted"),
        ("", "issuer-missing"),
        ("int-new,new,new-by-old", "root"),
    ],
)
def test_without_a_store_nothing_is_decided(sent: str, end: str) -> None:
    chain = judged("by int-new", sent, None)
    assert (chain.trust, chain.path.end) == ("", end)


def test_a_revoked_key_is_revoked_in_every_certificate() -> None:
    new, old = certificate("new"), certificate("old")
    trusted = TrustStore([*store(old).roots, *store(new, state="revoked").roots])
    assert judged("by int-new", "int-new,new-by-old", trusted).trust == "revoked"


@pytest.mark.parametrize(
    ("vendor", "trust", "wrong"),
    [
        (Vendor("acme", ("full*.zip",)), "trusted", []),
        (Vendor("acme", ("other-*.zip",)), "out-of-scope", []),
        (Vendor("acme", (), (frozenset({("2.5.4.10", "acme vendor gmbh")}),)), "trusted", []),
        (Vendor("acme", (), (frozenset({("2.5.4.10", "other")}),)), "trusted",
         ["identity-mismatch"]),
    ],
)  # fmt: skip
def test_vendor_records_bind(vendor: Vendor, trust: str, wrong: list[str]) -> None:
    chain = judged("by int", "int", store(certificate("old"), vendor=vendor))
    assert chain.trust == trust
    assert [own.kind for own in chain.path.defects] == wrong
    assert chain.accepted == (trust == "trusted" and not wrong)


def test_accept_until_is_judged_at_the_audit() -> None:
    until = datetime(2027, 1, 1, tzinfo=UTC)
    root = store(certificate("old")).roots[0]._replace(accept_until=until)
    trusted = TrustStore([root])
    assert judged("by int", "int", trusted).trust == "trusted"
    later = datetime(2027, 6, 1, tzinfo=UTC)
    assert judged("by int", "int", trusted, later).trust == "retired"


def test_whatever_is_sent_along_an_unknown_root_stays_unknown() -> None:
    chance = random.Random(20261121)
    names = [name for name in (*BELOW, *ROOTS) if name != "old"]
    trusted = store(certificate("old"))
    for _ in range(60):
        sent = ",".join(chance.sample(names, chance.randint(0, len(names))))
        trust = judged("by int-new", sent, trusted).trust
        assert trust in ("unknown-root", "chain-incomplete")
