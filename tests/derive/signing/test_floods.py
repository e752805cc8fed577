"""Floods of certificates: a search ends within its budget, and finds the good path all the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from cryptography import x509

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.paths import Chain, build
from dten_audit.derive.signing.pool import Pool, Work
from dten_audit.examples import pki
from dten_audit.examples.pki import LEAF, ROOT, Identity
from dten_audit.readers.signing.certificates import X509, load
from dten_audit.site.trust import TrustStore
from tests.derive.signing.table import AT
from tests.derive.signing.world import CA, certificate, certificates, identities, store

TWINS, LEVELS = 8, 7  # 8^7 paths and more: 2^21, of which 2^18 lie below each twin at the top


def loaded(own: Identity) -> X509:
    return load(pki.der(own.certificate))


def tower(name: str, root: Identity, valid: Callable[[int], str]) -> tuple[list[X509], Identity]:
    """Return levels of twins of one name and key, and an issuer at the bottom.

    ``valid`` gives the last day of each twin.
    """
    sent: list[X509] = []
    above = root
    for level in range(LEVELS):
        subject = f"{name} level {level}"
        twins = [
            pki.issue(
                subject, above, CA._replace(valid=(f"{2010 + twin}-01-01", valid(twin))),
                pki.key(subject),
            )
            for twin in range(TWINS)
        ]  # fmt: skip
        sent += [loaded(one) for one in twins]
        above = twins[0]
    return sent, above


@cache
def flood(name: str, root: str, good: int = TWINS) -> tuple[tuple[X509, ...], X509]:
    """Return a tower in which ``good`` twins of each level are valid, and a signer below it."""
    last = lambda twin: "2040-01-01" if twin >= TWINS - good else "2025-01-01"  # noqa: E731
    sent, above = tower(name, identities()[root], last)
    return tuple(sent), loaded(pki.issue("Acme Release", above, LEAF))


def judged(signer: X509, sent: list[X509], trusted: TrustStore, work: Work | None = None) -> Chain:
    start = time.perf_counter()
    chain = build(signer, Pool(sent, Anchors(trusted, "full.zip", AT), work=work))
    print(f"\n{len(sent)} certificates: {time.perf_counter() - start:.3f} s")  # noqa: T201
    return chain


def kinds(chain: Chain) -> list[str]:
    return [own.kind for own in chain.path.defects]


def test_a_flood_below_an_unknown_root_ends() -> None:
    sent, signer = flood("Acme", "old")
    work = Work()
    chain = judged(signer, list(sent), store(certificate("new")), work)
    assert chain.trust == "unknown-root"
    assert "too-many-paths" in kinds(chain)
    assert work.verifications > 19_000
    assert work.steps > 47_000


@pytest.mark.parametrize("good", [TWINS, 1])
def test_the_good_path_is_found(good: int) -> None:
    sent, signer = flood("Acme", "old", good)
    chain = judged(signer, list(sent), store(certificate("old")))
    assert (chain.trust, kinds(chain)) == ("trusted", [])


def test_the_way_out_of_a_flood_is_found_at_every_level() -> None:
    """One more twin, vouched for by the trusted root: the only way to it, among all the others."""
    sent, signer = flood("Acme", "old")
    trusted = store(certificate("newest"))
    for level in range(LEVELS):
        subject = f"Acme level {level}"
        way = pki.issue(subject, identities()["newest"], CA, pki.key(subject))
        chain = judged(signer, [*sent, loaded(way)], trusted)
        assert (chain.trust, kinds(chain)) == ("trusted", []), level


def lookalikes(count: int) -> Iterator[X509]:
    for number in range(count):
        yield loaded(pki.issue("Acme int", None, ROOT, pki.key(f"stranger {number}")))


@cache
def crowd() -> tuple[X509, ...]:
    return tuple(lookalikes(300))


def test_the_issuer_is_found_among_many_of_its_name() -> None:
    sent = [*crowd(), *certificates("int")]
    chain = judged(certificate("by int"), sent, store(certificate("old")))
    assert chain.trust == "trusted"
    assert chain.accepted


def test_a_crowd_that_hides_the_issuer_costs_the_trust() -> None:
    """Nothing tells the true issuer apart: it may be missed, and that is said."""
    bare = loaded(pki.issue("Acme Release", identities()["int"], LEAF._replace(identifiers=False)))
    chain = judged(bare, [*crowd(), *certificates("int")], store(certificate("old")))
    assert chain.accepted or "too-many-paths" in kinds(chain)


def test_what_a_package_may_ask_in_all_is_bounded() -> None:
    work = Work(verifications=200, steps=500)
    sent, signer = flood("Acme", "old")
    for _ in range(3):
        chain = judged(signer, list(sent), store(certificate("old")), work)
        assert not chain.accepted
        assert "too-many-paths" in kinds(chain)


def test_long_keys_cost_more() -> None:
    rsa = loaded(pki.issue("Acme RSA", None, ROOT, pki.key("long", "rsa2048")))
    work = Work(verifications=10)
    assert work.signed(rsa, rsa)
    assert work.verifications == 8


def test_many_names_and_many_limits_are_not_multiplied() -> None:
    hosts = [x509.DNSName(f"h{number}.example") for number in range(2_000)]
    limits = pki.Extra(limits=x509.NameConstraints(hosts, None))
    above = pki.issue("Acme many limits", identities()["old"], CA, None, limits)
    signer = pki.issue("Acme Release", above, LEAF, None, pki.Extra(names=tuple(hosts)))
    chain = judged(loaded(signer), [loaded(above)], store(certificate("old")))
    assert not chain.accepted
    (defect,) = chain.path.defects
    assert defect.detail.startswith("more names than are compared")


def test_an_honest_package_of_any_size_spends_nothing() -> None:
    work, sent = Work(), certificates("int")
    trusted = store(certificate("old"))
    for _ in range(50):
        assert judged(certificate("by int"), sent, trusted, work).accepted
    assert work.steps == Work().steps
    assert work.verifications >= Work().verifications - 4
