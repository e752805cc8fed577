"""Paths and verdicts: every case of a vendor's PKI that ever confused a verifier, in one table."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import permutations

import pytest
from cryptography import x509

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.paths import Chain, build
from dten_audit.derive.signing.pool import Pool
from dten_audit.derive.signing.second_opinion import strict_profile
from dten_audit.examples import pki
from dten_audit.examples.encoding import tlv
from dten_audit.examples.pki import INTERMEDIATE, LEAF, ROOT, Identity, Profile
from dten_audit.examples.signing import sign
from dten_audit.model.location import Location
from dten_audit.readers.signing import ber
from dten_audit.readers.signing.certificates import X509, load
from dten_audit.site.trust import TrustedRoot, TrustStore, Vendor

AT = datetime(2026, 11, 21, tzinfo=UTC)
CA = INTERMEDIATE._replace(path_length=None)
OLD, NEW = "Acme Root CA 2014", "Acme Root CA 2024"


@cache
def identities() -> dict[str, Identity]:
    """Everything that a vendor may have issued."""
    made = {
        "old": pki.issue(OLD, None, ROOT),
        "new": pki.issue(NEW, None, ROOT._replace(valid=("2024-01-01", "2044-01-01"))),
        "impostor": pki.issue(OLD, None, ROOT, pki.key("somebody else")),
        "expired-root": pki.issue(
            "Acme 2004", None, ROOT._replace(valid=("2004-01-01", "2024-01-01"))
        ),
        "sha1-root": pki.issue("Acme SHA-1", None, ROOT._replace(digest="sha1")),
        "v1-root": version_1("Acme V1"),
    }
    old = made["old"]
    made["cross"] = Identity(pki.cross_sign(made["new"], old), made["new"].key)
    issuers = {
        "int": (old, INTERMEDIATE),
        "int-new": (made["new"], INTERMEDIATE),
        "int-impostor": (made["impostor"], CA),
        "int-expired": (old, CA._replace(valid=("2015-01-01", "2025-01-01"))),
        "int-expired-root": (made["expired-root"], CA._replace(valid=("2015-01-01", "2034-01-01"))),
        "int-sha1-root": (made["sha1-root"], CA),
        "int-v1": (made["v1-root"], CA),
        "int-sha1": (old, CA._replace(digest="sha1")),
        "int-tls": (old, CA._replace(eku=("serverAuth",))),
        "int-code": (old, CA._replace(eku=("codeSigning",))),
        "int-not-ca": (old, CA._replace(ca=False)),
        "int-no-bc": (old, CA._replace(ca=None)),
        "int-bare": (old, CA._replace(identifiers=False)),
        "int-names": (old, CA._replace(permitted=pki.name("x", "Other Corp"))),
        "int-pl0": (old, INTERMEDIATE),
    }
    for name, (above, profile) in issuers.items():
        made[name] = pki.issue(f"Acme {name}", above, profile)
    made["int-weak"] = pki.issue("Acme int-weak", old, CA, pki.key("int-weak", "p192"))
    made["int-below"] = pki.issue("Acme below", made["int-pl0"], CA)
    return made


def version_1(name: str) -> Identity:
    """A root as they were made before extensions: version 1, nothing but names and dates."""
    own = pki.issue(name, None, ROOT)
    outer = ber.parse(pki.der(own.certificate)).children(3)
    kept = [part.raw for part in outer[0] if part.tag not in (0xA0, 0xA3)]
    body = tlv(0x30, *kept)
    signature = tlv(0x03, b"\0" + sign(own.key, body))
    raw = tlv(0x30, body, outer[1].raw, signature)
    return Identity(x509.load_der_x509_certificate(raw), own.key)


def leaf(issuer: str, profile: Profile = LEAF, kind: str = "p256") -> X509:
    own = pki.issue("Acme Release", identities()[issuer], profile, pki.key("leaf", kind))
    return load(pki.der(own.certificate))


def certificates(*names: str) -> list[X509]:
    return [load(pki.der(identities()[name].certificate)) for name in names]


def store(*roots: X509, state: str = "active", vendor: Vendor | None = None) -> TrustStore:
    at = Location("trust")
    return TrustStore(
        TrustedRoot(root.sha256, state, vendor or Vendor(), at, root)  # type: ignore[arg-type]
        for root in roots
    )


def judged(
    signer: X509,
    sent: Sequence[X509],
    trusted: TrustStore | None,
    at: datetime = AT,
    package: str = "full.zip",
) -> Chain:
    return build(signer, Pool(sent, Anchors(trusted, package, at)))


def signer_of(spec: str | tuple[str, Profile] | tuple[str, Profile, str]) -> X509:
    if isinstance(spec, str):
        return leaf(spec)
    return leaf(*spec)


GOOD = LEAF
CASES: list[tuple[str, object, list[str], list[str], str, str]] = [
    # name, signer, sent along, trusted, trust, defects
    ("good", "int", ["int"], ["old"], "trusted", ""),
    ("good p384", ("int", GOOD, "p384"), ["int"], ["old"], "trusted", ""),
    ("good ed25519", ("int", GOOD, "ed25519"), ["int"], ["old"], "trusted", ""),
    ("good rsa", ("int", GOOD, "rsa2048"), ["int"], ["old"], "trusted", ""),
    ("unknown root, sent", "int-new", ["int-new", "new"], ["old"], "unknown-root", ""),
    ("unknown root, left out", "int-new", ["int-new"], ["old"], "unknown-root", ""),
    ("cross-signed", "int-new", ["int-new", "cross"], ["old"], "trusted", ""),
    ("cross-signed, new root sent", "int-new", ["new", "int-new", "cross"], ["old"], "rotated", ""),
    ("new root trusted", "int-new", ["int-new"], ["new"], "trusted", ""),
    ("both trusted", "int-new", ["int-new", "cross"], ["old", "new"], "trusted", ""),
    ("chain incomplete", "int", [], ["old"], "chain-incomplete", ""),
    ("expired", ("int", GOOD._replace(valid=("2024-01-01", "2025-01-01"))), ["int"], ["old"],
     "trusted", "expired"),
    ("not yet valid", ("int", GOOD._replace(valid=("2030-01-01", "2033-01-01"))), ["int"], ["old"],
     "trusted", "not-yet-valid"),
    ("soon", ("int", GOOD._replace(valid=("2024-01-01", "2026-12-24"))), ["int"], ["old"],
     "trusted", "expires-soon"),
    ("expired intermediate", "int-expired", ["int-expired"], ["old"], "trusted", "expired"),
    ("expired root", "int-expired-root", ["int-expired-root"], ["expired-root"], "trusted",
     "expired-root"),
    ("for TLS", ("int", GOOD._replace(eku=("serverAuth",))), ["int"], ["old"], "trusted",
     "wrong-eku"),
    ("for nothing", ("int", GOOD._replace(eku=())), ["int"], ["old"], "trusted", "no-eku"),
    ("for anything", ("int", GOOD._replace(eku=("any",))), ["int"], ["old"], "trusted",
     "wrong-eku"),
    ("intermediate for TLS", "int-tls", ["int-tls"], ["old"], "trusted", "wrong-eku"),
    ("intermediate for code", "int-code", ["int-code"], ["old"], "trusted", ""),
    ("weak key", ("int", GOOD, "p192"), ["int"], ["old"], "trusted", "weak-key"),
    ("weak RSA key", ("int", GOOD, "rsa1024"), ["int"], ["old"], "trusted", "weak-key"),
    ("weak intermediate key", "int-weak", ["int-weak"], ["old"], "trusted", "weak-key"),
    ("SHA-1 signer", ("int", GOOD._replace(digest="sha1")), ["int"], ["old"], "trusted",
     "weak-digest"),
    ("SHA-1 intermediate", "int-sha1", ["int-sha1"], ["old"], "trusted", "weak-digest"),
    ("SHA-1 root", "int-sha1-root", ["int-sha1-root"], ["sha1-root"], "trusted", ""),
    ("version 1 root", "int-v1", ["int-v1"], ["v1-root"], "trusted", ""),
    ("bare signer", ("int", GOOD._replace(identifiers=False, key_usage=False, ca=None)), ["int"],
     ["old"], "trusted", ""),
    ("bare intermediate", "int-bare", ["int-bare"], ["old"], "trusted", ""),
    ("impostor root", "int-impostor", ["int-impostor", "impostor"], ["old"], "impostor-root", ""),
    ("impostor root, left out", "int-impostor", ["int-impostor"], ["old"], "impostor-root",
     "issuer-not-proven"),
    ("not an authority", "int-not-ca", ["int-not-ca"], ["old"], "trusted",
     "wrong-key-usage not-a-ca"),
    ("no basic constraints", "int-no-bc", ["int-no-bc"], ["old"], "trusted",
     "wrong-key-usage not-a-ca"),
    ("path length", "int-below", ["int-below", "int-pl0"], ["old"], "trusted", "path-length"),
    ("name constraint", "int-names", ["int-names"], ["old"], "trusted", "name-constraint"),
    ("critical extension", ("int", GOOD._replace(strange=True)), ["int"], ["old"], "trusted",
     "unknown-critical-extension"),
    ("trusted intermediate", "int", ["int"], ["int"], "trusted", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("signer", "sent", "trusted", "trust", "defects"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_case(
    signer: object, sent: list[str], trusted: list[str], trust: str, defects: str
) -> None:
    own = signer_of(signer)  # type: ignore[arg-type]
    chain = judged(own, certificates(*sent), store(*certificates(*trusted)))
    assert chain.trust == trust
    assert [defect.kind for defect in chain.path.defects] == defects.split()


def test_self_signed_is_trusted_only_as_itself() -> None:
    own = load(pki.der(pki.issue("Acme Release", None, LEAF).certificate))
    assert judged(own, [], store(*certificates("old"))).trust == "self-signed"
    assert judged(own, [], store(own)).trust == "trusted"
    assert judged(own, [], store(own)).path.end == "self-signed"


@pytest.mark.parametrize(
    ("sent", "end"),
    [
        (["int-new", "new"], "root"),
        (["int-new"], "root-omitted"),
        ([], "issuer-missing"),
        (["int-new", "new", "cross"], "root"),
    ],
)
def test_without_a_store_nothing_is_decided(sent: list[str], end: str) -> None:
    chain = judged(leaf("int-new"), certificates(*sent), None)
    assert (chain.trust, chain.path.end) == ("", end)


def test_order_changes_nothing() -> None:
    own = leaf("int-new")
    sent = certificates("new", "int-new", "cross", "impostor")
    trusted = store(*certificates("old"))
    found = {judged(own, order, trusted) for order in permutations(sent)}
    assert len(found) == 1
    assert found.pop().trust == "rotated"


@pytest.mark.parametrize(
    ("state", "trust"),
    [
        ("active", "rotated"),
        ("retiring", "rotated"),
        ("retired", "retired"),
        ("revoked", "revoked"),
    ],
)
def test_a_cross_certificate_is_worth_as_much_as_its_issuer(state: str, trust: str) -> None:
    sent = certificates("new", "int-new", "cross")
    chain = judged(leaf("int-new"), sent, store(*certificates("old"), state=state))
    assert chain.trust == trust


def test_a_revoked_key_is_revoked_in_every_certificate() -> None:
    new, old = certificates("new", "old")
    trusted = TrustStore([*store(old).roots, *store(new, state="revoked").roots])
    sent = certificates("int-new", "cross")
    assert judged(leaf("int-new"), sent, trusted).trust == "revoked"


@pytest.mark.parametrize(
    ("vendor", "trust", "defects"),
    [
        (Vendor("acme", ("full*.zip",)), "trusted", []),
        (Vendor("acme", ("other-*.zip",)), "out-of-scope", []),
        (Vendor("acme", (), (frozenset({("2.5.4.10", "acme vendor gmbh")}),)), "trusted", []),
        (Vendor("acme", (), (frozenset({("2.5.4.10", "other")}),)), "trusted",
         ["identity-mismatch"]),
    ],
)  # fmt: skip
def test_vendor_records_bind(vendor: Vendor, trust: str, defects: list[str]) -> None:
    trusted = store(*certificates("old"), vendor=vendor)
    chain = judged(leaf("int"), certificates("int"), trusted)
    assert chain.trust == trust
    assert [defect.kind for defect in chain.path.defects] == defects


def test_accept_until_is_judged_at_the_audit() -> None:
    root = (
        store(*certificates("old")).roots[0]._replace(accept_until=datetime(2027, 1, 1, tzinfo=UTC))
    )
    trusted = TrustStore([root])
    sent = certificates("int")
    assert judged(leaf("int"), sent, trusted).trust == "trusted"
    later = datetime(2027, 6, 1, tzinfo=UTC)
    assert judged(leaf("int"), sent, trusted, later).trust == "retired"


def test_a_flood_of_lookalikes_costs_trust_not_time() -> None:
    sent: list[X509] = []
    level = [identities()["old"]]
    for depth in range(7):
        subject = f"Acme level {depth}"
        own = pki.key(subject)
        made = [
            pki.issue(
                subject, level[0], CA._replace(valid=(f"20{10 + twin}-01-01", "2040-01-01")), own
            )
            for twin in range(8)
        ]
        sent += [load(pki.der(one.certificate)) for one in made]
        level = made
    signer = load(pki.der(pki.issue("Acme Release", level[0], LEAF).certificate))
    chain = judged(signer, sent, store(*certificates("new")))
    assert chain.trust == "unknown-root"
    assert "too-many-paths" in [defect.kind for defect in chain.path.defects]
    assert judged(signer, sent, store(*certificates("old"))).trust == "trusted"


def test_ring_of_authorities_ends() -> None:
    a, b = (pki.issue(name, None, ROOT) for name in ("Ring A", "Ring B"))
    ring = [pki.cross_sign(a, b), pki.cross_sign(b, a)]
    signer = load(pki.der(pki.issue("Acme Release", a, LEAF).certificate))
    chain = judged(signer, [load(pki.der(one)) for one in ring], store(*certificates("old")))
    assert chain.trust == "unknown-root"


STRICT = {  # where pyca/cryptography says no, and why that does not make the chain worthless
    "expired": "date", "not yet valid": "date", "expired intermediate": "date",
    "expired root": "date", "for TLS": "purpose", "for nothing": "purpose",
    "for anything": "purpose", "intermediate for TLS": "purpose", "SHA-1 signer": "digest",
    "SHA-1 intermediate": "digest", "version 1 root": "profile", "not an authority": "constraint",
    "no basic constraints": "constraint", "path length": "constraint", "weak key": "key",
    "weak intermediate key": "key",
    "name constraint": "unsupported there", "critical extension": "constraint",
    "trusted intermediate": "profile",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_what_the_strict_verifier_accepts_we_accept(
    case: tuple[str, object, list[str], list[str], str, str],
) -> None:
    name, signer, sent, trusted, trust, defects = case
    own = signer_of(signer)  # type: ignore[arg-type]
    chain = judged(own, certificates(*sent), store(*certificates(*trusted)))
    opinion = strict_profile(chain.path, AT)
    if opinion == "pass":
        assert trust in ("trusted", "rotated")
        assert set(defects.split()) <= {"weak-key", "expires-soon"}
    elif opinion:
        assert name in STRICT, opinion


def test_random_subsets_never_gain_trust() -> None:
    """Whatever is sent along, an unknown root stays unknown unless the trusted one vouches."""
    chance = random.Random(20261121)
    names = [name for name in identities() if name not in ("cross", "old")]
    trusted = store(*certificates("old"))
    own = leaf("int-new")
    for _ in range(60):
        sent = certificates(*chance.sample(names, chance.randint(0, len(names))))
        assert judged(own, sent, trusted).trust in ("unknown-root", "chain-incomplete")
