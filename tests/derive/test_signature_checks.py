"""Whole packages: what a signature says of its file, lists of digests, stray keys, bent bits."""

from __future__ import annotations

import json
import random
from hashlib import md5, sha256
from pathlib import Path

import pytest

from dten_audit.examples import pki
from dten_audit.examples.encoding import oid
from dten_audit.examples.signed_tree import signed_tree, sums
from dten_audit.links.package import Package
from dten_audit.model.facts.signatures import (
    ChainDefect,
    SignatureCheck,
    SignatureCoverage,
    TimestampCheck,
)
from dten_audit.model.facts.signing import (
    ManifestEntry,
    OrphanKey,
    OrphanSignature,
    ShippedKey,
)
from dten_audit.model.unknown import Unknown
from dten_audit.site.trust import TrustStore
from dten_audit.site.trust_loading import load_trust
from tests.derive.signed import package

ROOT = pki.issue("Acme Root CA 2014", None, pki.ROOT)
MIDDLE = pki.issue("Acme Code Signing CA 1", ROOT, pki.INTERMEDIATE)
SIGNER = pki.issue("Acme Release Signing", MIDDLE, pki.LEAF)
CHAIN = [MIDDLE.certificate]
SCRIPT = b"#!/bin/sh\nset -eu\n./install\n"


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    folder = tmp_path_factory.mktemp("trust")
    (folder / "root.pem").write_bytes(pki.pem(ROOT.certificate))
    return load_trust(folder)


def only_check(made: Package) -> SignatureCheck:
    (check,) = made.of(SignatureCheck)
    return check


def test_a_trusted_signature(trust: TrustStore) -> None:
    signature = pki.sign_detached(SCRIPT, SIGNER, CHAIN)
    check = only_check(package({"up.sh": SCRIPT, "up.sh.p7s": signature}, trust))
    assert check.content_matches is True
    assert check.signature_valid is True
    assert (check.trust, check.target, check.defects) == ("trusted", "up.sh", ())
    assert check.signed_at == "2026-10-01T12:00:00Z"
    assert check.strict_profile == "pass"
    assert [line.split("  ")[-1][:8] for line in check.chain] == [
        "in your ",
        "SHA-256 ",
        "SHA-256 ",
    ]
    assert check.signer.fingerprint.replace(" ", "").lower() == check.signer.sha256
    assert check.at.line is None


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("up.sh.p7s", "up.sh"),
        ("up.sh.sig", "up.sh"),
        ("up.sh.cms", "up.sh"),
        ("up.p7s", "up.sh"),
        ("signatures/up.sh.p7s", "up.sh"),
        ("a/b/c/up.sh.p7m", "up.sh"),
        ("other.p7s", ""),
    ],
)
def test_which_file_is_meant(name: str, target: str) -> None:
    signature = pki.sign_detached(SCRIPT, SIGNER, CHAIN)
    made = package({"up.sh": SCRIPT, "lib/x.sh": b"true\n", name: signature})
    check = only_check(made)
    assert check.target == target
    assert check.signature_valid is True
    assert (check.content_matches is True) == bool(target)
    assert [orphan.at for orphan in made.of(OrphanSignature)] == ([] if target else [check.at])
    assert check.signs_instead == ("" if target else "up.sh")


def test_an_attached_signature_speaks_of_its_own_content() -> None:
    signature = pki.sign_detached(b"terms\n", SIGNER, CHAIN, attached=True)
    check = only_check(package({"terms.p7m": signature}))
    assert (check.content_matches, check.signature_valid, check.target) == (True, True, "")


def test_an_attached_signature_beside_its_file_is_held_against_the_file() -> None:
    signature = pki.sign_detached(b"terms\n", SIGNER, CHAIN, attached=True)
    check = only_check(package({"terms": b"other terms\n", "terms.p7m": signature}))
    assert check.content_matches is False


@pytest.mark.parametrize("attributes", [True, False])
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("kind", ["p256", "p384", "rsa2048"])
def test_algorithms(attributes: bool, digest: str, kind: str) -> None:
    signer = pki.issue("Acme Release Signing", MIDDLE, pki.LEAF, pki.key("release", kind))
    signature = pki.sign_detached(SCRIPT, signer, CHAIN, digest=digest, attributes=attributes)
    check = only_check(package({"up.sh": SCRIPT, "up.sh.p7s": signature}))
    assert (check.content_matches, check.signature_valid) == (True, True)
    changed = only_check(package({"up.sh": SCRIPT + b"#", "up.sh.p7s": signature}))
    assert True not in (changed.content_matches, changed.signature_valid) or attributes
    assert changed.content_matches is not True


@pytest.mark.parametrize("attributes", [True, False])
def test_ed25519(attributes: bool) -> None:
    signer = pki.issue("Acme Release Signing", MIDDLE, pki.LEAF, pki.key("release", "ed25519"))
    signature = pki.sign_detached(SCRIPT, signer, CHAIN, digest="sha512", attributes=attributes)
    check = only_check(package({"up.sh": SCRIPT, "up.sh.p7s": signature}))
    assert (check.content_matches, check.signature_valid) == (True, True)


@pytest.mark.parametrize("content", [SCRIPT, SCRIPT.replace(b"\n", b"\r\n")])
def test_text_mode(content: bytes) -> None:
    signature = pki.sign_detached(SCRIPT, SIGNER, CHAIN, text_mode=True)
    check = only_check(package({"up.sh": content, "up.sh.p7s": signature}))
    assert check.content_matches is True
    assert check.text_mode == (b"\r" not in content)


def test_no_certificate_of_the_signer(trust: TrustStore) -> None:
    signature = pki.sign_detached(SCRIPT, SIGNER, with_signer=False)
    tree = {"up.sh": SCRIPT, "up.sh.p7s": signature}
    bare = only_check(package(tree, trust))
    assert bare.signer.sha256 == ""
    assert isinstance(bare.signature_valid, Unknown)
    assert bare.content_matches is True
    beside = package(tree | {"keys/chain.pem": pki.pem(SIGNER.certificate, *CHAIN)}, trust)
    assert only_check(beside).trust == "trusted"
    assert {place.line for place in only_check(beside).related} == {1, 14}


def test_two_signers_are_two_checks() -> None:
    one, two = (pki.sign_detached(SCRIPT, SIGNER, CHAIN, at=at)
                for at in ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"))  # fmt: skip
    made = package({"up.sh": SCRIPT, "up.sh.p7s": one, "up.sh.sig": two})
    assert [check.signed_at[:7] for check in made.of(SignatureCheck)] == ["2026-01", "2026-02"]


def test_chain_defects_name_their_certificate(trust: TrustStore) -> None:
    signer = pki.issue("Acme", MIDDLE, pki.LEAF._replace(valid=("2024-01-01", "2026-01-01")))
    tree = {"up.sh": SCRIPT, "up.sh.p7s": pki.sign_detached(SCRIPT, signer, CHAIN)}
    (defect,) = package(tree, trust).of(ChainDefect)
    assert (defect.kind, defect.role, defect.days) == ("expired", "signer", -324)
    assert defect.certificate == "CN=Acme,O=Acme Vendor GmbH"
    assert not package(tree, trust, at="2025-06-01").of(ChainDefect)


@pytest.mark.parametrize(
    "name", ["libs/a.jar!/META-INF/ACME.RSA", "pkg.nupkg!/.signature.p7s", "sdk/tests/a.p7s"]
)
def test_libraries_and_tests_are_incidental(name: str) -> None:
    check = only_check(package({name: pki.sign_detached(SCRIPT, SIGNER, CHAIN)}))
    assert check.incidental


TSA_ROOT = pki.issue("Time Root", None, pki.ROOT)
TSA = pki.issue("Time Stamping", TSA_ROOT, pki.LEAF._replace(eku=("timeStamping",)))


def stamped(authority: pki.Identity, at: str) -> dict[str, bytes]:
    signer = pki.issue("Acme", MIDDLE, pki.LEAF._replace(valid=("2024-01-01", "2026-01-01")))
    stamp = pki.Stamp(authority, (TSA_ROOT.certificate,), at)
    return {"up.sh": SCRIPT, "up.sh.p7s": pki.sign_detached(SCRIPT, signer, CHAIN, stamp=stamp)}


@pytest.mark.parametrize(
    ("use", "authority", "at", "time", "defects"),
    [
        ("timestamp", TSA, "2025-12-01T00:00:00Z", "2025-12-01T00:00:00Z", []),
        ("timestamp", TSA, "2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z", ["expired"]),
        ("package", TSA, "2025-12-01T00:00:00Z", "", ["expired"]),
        ("timestamp", pki.issue("Not for time", TSA_ROOT, pki.LEAF), "2025-12-01T00:00:00Z", "",
         ["expired"]),
    ],
)  # fmt: skip
def test_timestamps(
    tmp_path: Path, use: str, authority: pki.Identity, at: str, time: str, defects: list[str]
) -> None:
    (tmp_path / "root.pem").write_bytes(pki.pem(ROOT.certificate))
    tsa = pki.der(TSA_ROOT.certificate)
    digest = sha256(tsa).hexdigest()
    for name in ("certs", "vendors"):
        (tmp_path / name).mkdir()
    (tmp_path / "certs" / f"{digest}.der").write_bytes(tsa)
    record = f"vendor: time\nroots:\n- sha256: {digest}\n  use: [{use}]\n"
    (tmp_path / "vendors" / "time.yaml").write_text(record)
    made = package(stamped(authority, at), load_trust(tmp_path))
    check = only_check(made)
    assert (check.timestamps, check.timestamp, check.trust) == (1, time, "trusted")
    assert [defect.kind for defect in made.of(ChainDefect)] == defects
    (proof,) = made.of(TimestampCheck)
    assert (proof.sound, proof.time) == (True, at)


def test_a_timestamp_of_another_signature_is_worth_nothing() -> None:
    tree = stamped(TSA, "2025-12-01T00:00:00Z")
    token = pki.token(b"another", pki.Stamp(TSA, (), "2025-12-01T00:00:00Z"))
    right = sha256(b"another").digest()
    at = tree["up.sh.p7s"].index(
        b"\x04\x20", tree["up.sh.p7s"].index(oid("1.2.840.113549.1.9.16.1.4"))
    )
    bent = tree["up.sh.p7s"][: at + 2] + right + tree["up.sh.p7s"][at + 34 :]
    (proof,) = package(tree | {"up.sh.p7s": bent}).of(TimestampCheck)
    assert proof.sound is False
    assert right in token


def test_catalogues_are_incidental() -> None:
    data = pki.sign_detached(SCRIPT, SIGNER, CHAIN, attached=True)
    catalogue = data.replace(oid("1.2.840.113549.1.7.1"), oid("1.2.840.113549.1.7.9"))
    assert only_check(package({"drivers/net.p7s": catalogue})).incidental


def test_signed_lists_cover_members() -> None:
    files = {"bin/a.sh": SCRIPT, "doc/b.txt": b"text", "bin/c.sh": b"#!/bin/sh\n"}
    listed = sums(files)
    tree = files | {
        "SHA256SUMS": listed,
        "SHA256SUMS.p7s": pki.sign_detached(listed, SIGNER, CHAIN),
    }
    tree["doc/b.txt"] = b"other"
    del tree["bin/c.sh"]
    tree["bin/new.sh"] = b"#!/bin/sh\nid\n"
    found = {entry.path: entry for entry in package(tree).of(ManifestEntry)}
    assert {path: entry.status for path, entry in found.items()} == {
        "bin/a.sh": "matches", "doc/b.txt": "differs", "bin/c.sh": "missing",
        "bin/new.sh": "uncovered",
    }  # fmt: skip
    assert all(entry.signed and entry.listed == 2 for entry in found.values())
    assert found["bin/new.sh"].at.member == "bin/new.sh"
    assert found["bin/new.sh"].executable


def test_a_list_whose_signature_does_not_hold_covers_nothing() -> None:
    listed = sums({"bin/a.sh": SCRIPT})
    signature = pki.sign_detached(listed + b"\n", SIGNER, CHAIN)
    tree = {"bin/a.sh": SCRIPT, "x.sh": SCRIPT, "SHA256SUMS": listed, "SHA256SUMS.p7s": signature}
    (entry,) = package(tree).of(ManifestEntry)
    assert (entry.status, entry.signed) == ("matches", False)


MANIFESTS = [
    {"files": [{"path": "bin/a.sh", "sha256": "@"}]},
    {"files": [{"name": "./bin/a.sh", "digest": "sha256:@"}]},
    {"bin/a.sh": "@"},
    {"files": {"bin/a.sh": "sha256:@"}},
    {"artifacts": {"list": [{"file": "bin/a.sh", "hashes": {"md5": "%", "sha256": "@"}}]}},
]


@pytest.mark.parametrize("shape", MANIFESTS)
def test_json_manifests(shape: object) -> None:
    text = json.dumps(shape, indent=1)
    text = text.replace("@", sha256(SCRIPT).hexdigest()).replace("%", md5(SCRIPT).hexdigest())
    data = text.encode()
    tree = {"bin/a.sh": SCRIPT, "manifest.json": data}
    assert package(tree).of(ManifestEntry) == []
    tree["manifest.json.p7s"] = pki.sign_detached(data, SIGNER, CHAIN)
    (entry,) = package(tree).of(ManifestEntry)
    assert (entry.status, entry.algorithm, entry.target) == ("matches", "sha256", "bin/a.sh")
    assert "a.sh" in text.split("\n")[(entry.at.line or 0) - 1]


def test_paths_out_of_the_package_are_missing() -> None:
    data = f"{'0' * 64}  ../../etc/passwd\n{'0' * 64}  /a.sh\n".encode()
    found = package({"x/a.sh": SCRIPT, "x/SHA256SUMS": data}).of(ManifestEntry)
    assert [entry.status for entry in found] == ["missing", "differs"]


def test_whose_keys_are_shipped() -> None:
    other = pki.key("a service")
    tree = {
        "up.sh": SCRIPT,
        "up.sh.p7s": pki.sign_detached(SCRIPT, SIGNER, CHAIN),
        "keys/release.pem": pki.private_pem(SIGNER.key),
        "etc/tls.pem": pki.private_pem(other),
        "etc/locked.pem": pki.private_pem(other, "secret"),
        "sdk/tests/x.pem": pki.private_pem(other),
    }
    found = {key.at.member: key for key in package(tree).of(ShippedKey)}
    assert found["keys/release.pem"].is_signer_key
    assert found["keys/release.pem"].certificate == "CN=Acme Release Signing,O=Acme Vendor GmbH"
    assert [key.encrypted for key in found.values()] == [False, False, True, False]
    assert [key.test_tree for key in found.values()] == [False, False, False, True]


def test_keys_without_any_signature() -> None:
    tree = {
        "keys/acme.pem": pki.pem(SIGNER.certificate),
        "share/ca-bundle.pem": pki.pem(*[ROOT.certificate] * 6),
        "sdk/tests/b.pem": pki.pem(SIGNER.certificate),
    }
    found = [(key.at.member, key.incidental) for key in package(tree).of(OrphanKey)]
    assert found == [("keys/acme.pem", False), ("sdk/tests/b.pem", True)]


def test_coverage_is_stated_where_a_store_is_given(trust: TrustStore) -> None:
    tree = {k: v for k, v in signed_tree({}).items() if not k.startswith("@trust/")}
    assert package(tree).of(SignatureCoverage) == []
    (found,) = package(tree, trust).of(SignatureCoverage)
    assert (found.signatures, found.trusted, found.members, found.covered) == (1, 1, 4, 3)


def test_no_bent_bit_is_accepted_for_another_content(trust: TrustStore) -> None:
    """Bits flipped anywhere in a signature: nothing escapes, and no other content passes."""
    chance = random.Random(5652)
    signature = pki.sign_detached(SCRIPT, SIGNER, CHAIN)
    other = SCRIPT.replace(b"./install", b"./1nstall")
    for _ in range(250):
        bent = bytearray(signature)
        bit = chance.randrange(len(bent) * 8)
        bent[bit // 8] ^= 1 << bit % 8
        for content in (SCRIPT, other):
            for check in package({"u": content, "u.p7s": bytes(bent)}, trust).of(SignatureCheck):
                holds = check.content_matches is True and check.signature_valid is True
                assert content is SCRIPT or not holds or check.trust != "trusted"
                if holds and check.trust == "trusted":
                    assert check.signer.sha256 == sha256(pki.der(SIGNER.certificate)).hexdigest()


def test_bytes_moved_cut_and_doubled_never_raise(trust: TrustStore, tmp_path: Path) -> None:
    del tmp_path
    chance = random.Random(8410)
    signature = pki.sign_detached(SCRIPT, SIGNER, CHAIN)
    for _ in range(150):
        at, size = chance.randrange(len(signature)), chance.randrange(1, 40)
        kind = chance.randrange(3)
        middle = [b"", signature[at : at + size] * 2, chance.randbytes(size)][kind]
        bent = signature[:at] + middle + signature[at + size :]
        package({"u": SCRIPT, "u.p7s": bent}, trust)
