"""NIST's interoperability suite for certification paths, against what is committed about it.

Needs the package cryptography_vectors. Every case is judged with all certificates and revocation
lists of the suite at hand, in several orders; ``pkits.yaml`` says what must come out, and why where
NIST says otherwise.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.paths import build
from dten_audit.derive.signing.pool import Pool
from dten_audit.model.location import Location
from dten_audit.readers.signing.certificates import X509, MalformedError, load
from dten_audit.readers.signing.crl import Crl, load_crl
from dten_audit.site.trust import TrustedRoot, TrustStore, Vendor

pytestmark = pytest.mark.oracle

# ruff: noqa: T201 (how many cases ran is printed)

AT = datetime(2026, 11, 21, tzinfo=UTC)
EXPECTED = yaml.safe_load(Path(__file__).with_name("pkits.yaml").read_text(encoding="utf-8"))
CASES = EXPECTED["cases"]
POLICIES = ("olic", "nyPolicy", "Mapping", "CPSPointer", "UserNotice")
AGREE = {("valid", "accept"), ("invalid", "refuse")}


class Suite(NamedTuple):
    """The suite: certificates by name (None where one cannot be read), and lists."""

    certificates: dict[str, X509 | None]
    lists: list[Crl]

    @property
    def trusted(self) -> TrustStore:
        root = self.certificates["TrustAnchorRootCertificate"]
        assert root is not None
        entry = TrustedRoot(root.sha256, "active", Vendor(), Location("trust"), root)
        return TrustStore([entry])


@pytest.fixture(scope="module")
def suite() -> Suite:
    vectors = pytest.importorskip("cryptography_vectors")
    data = Path(vectors.__file__).parent / "x509" / "PKITS_data"
    certificates: dict[str, X509 | None] = {}
    for file in sorted((data / "certs").iterdir()):
        try:
            certificates[file.stem] = load(file.read_bytes())
        except MalformedError:
            certificates[file.stem] = None
    lists = [load_crl(file.read_bytes()) for file in sorted((data / "crls").iterdir())]
    return Suite(certificates, lists)


def judged(name: str, suite: Suite, sent: Sequence[X509]) -> dict[str, object]:
    """Return verdict and reasons of a case."""
    signer = suite.certificates[f"{name}EE"]
    if signer is None:
        return {"verdict": "unreadable", "because": []}
    pool = Pool(sent, Anchors(suite.trusted, "pkits.zip", AT), lists=suite.lists)
    chain = build(signer, pool)
    reasons = sorted({own.kind for own in chain.path.defects} - {"no-eku"})
    missing = sorted({said.why for said in chain.path.revocation if said.says != "good"})
    if not chain.accepted:
        return {"verdict": "refuse", "because": reasons}
    return {"verdict": "unproven" if missing else "accept", "because": [*reasons, *missing]}


def authorities(suite: Suite) -> list[X509]:
    found = suite.certificates.items()
    return [own for name, own in found if own is not None and not name.endswith("EE")]


def test_every_case_comes_out_as_committed(suite: Suite) -> None:
    sent = authorities(suite)
    differ = {}
    for name, expected in CASES.items():
        wanted = {key: expected[key] for key in ("verdict", "because")}
        found = judged(name, suite, sent)
        if found != wanted:
            differ[name] = (found, wanted)
    agree = sum((case["nist"], case["verdict"]) in AGREE for case in CASES.values())
    reasons = Counter(case["deviation"] for case in CASES.values() if "deviation" in case)
    print(f"\n{len(CASES)} cases judged, {agree} as NIST says, the others: {dict(reasons)}")
    proof = [(case["nist"], _with_proof(case["verdict"])) in AGREE for case in CASES.values()]
    print(f"{sum(proof)} as NIST says where proof is asked for that nothing was revoked")
    print(f"not applicable: sections {[own['section'] for own in EXPECTED['not_applicable']]}")
    assert not differ


def _with_proof(verdict: str) -> str:
    return "refuse" if verdict == "unproven" else verdict


def test_every_case_is_there(suite: Suite) -> None:
    """All end certificates of the suite are judged but those about certificate policies."""
    ends = {name[:-2] for name in suite.certificates if name.endswith("EE")}
    left = ends - set(CASES)
    assert set(CASES) <= ends
    assert not [name for name in left if not any(word in name for word in POLICIES)]
    print(f"\n{len(ends)} end certificates, {len(left)} of them about certificate policies")


def test_each_deviation_has_its_reason() -> None:
    for name, case in CASES.items():
        deviates = (case["nist"], case["verdict"]) not in AGREE
        assert deviates == ("deviation" in case), name
        if deviates:
            assert EXPECTED["deviations"][case["deviation"]], name
    used = {case["deviation"] for case in CASES.values() if "deviation" in case}
    assert used == set(EXPECTED["deviations"])
    assert all(own["reason"] for own in EXPECTED["not_applicable"])


def test_nothing_that_nist_calls_invalid_is_accepted() -> None:
    wrong = ("invalid", "accept")
    assert wrong not in {(case["nist"], case["verdict"]) for case in CASES.values()}


def test_the_order_of_certificates_and_lists_changes_nothing(suite: Suite) -> None:
    chance = random.Random(4158)
    sent, lists = authorities(suite), list(suite.lists)
    for _ in range(2):
        chance.shuffle(sent)
        chance.shuffle(lists)
        other = suite._replace(lists=lists)
        for name, case in CASES.items():
            assert judged(name, other, sent)["verdict"] == case["verdict"], name
