"""Signatures by bare keys: whose key, over what, and what each change of a byte does to them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.examples.key_signed import key_signed_tree
from dten_audit.examples.key_signing import (
    Minisign,
    bare_value,
    bundle,
    envelope,
    minisign,
    minisign_public,
    pem_public,
    ssh_public,
    ssh_signature,
    statement,
)
from dten_audit.links.package import Package
from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signatures import SignatureCoverage
from dten_audit.model.facts.signing import ManifestEntry, OrphanSignature
from dten_audit.model.unknown import Unknown
from dten_audit.site.trust import TrustStore
from dten_audit.site.trust_loading import load_trust
from tests.derive.signed import package

FORMS = ("minisign", "signify", "SSH", "bare", "DSSE")


def made(tmp_path: Path, params: Mapping[str, object]) -> Package:
    """Return the package that the builder makes, with the trust store that it makes."""
    return audited(tmp_path, key_signed_tree(params))


def audited(tmp_path: Path, tree: Mapping[str, bytes]) -> Package:
    store: TrustStore | None = None
    for path, data in tree.items():
        if path.startswith("@trust/"):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    if (tmp_path / "@trust").is_dir():
        store = load_trust(tmp_path / "@trust")
    return package(tree, store)


def only(found: Package) -> KeySignatureCheck:
    (check,) = found.of(KeySignatureCheck)
    return check


@pytest.mark.parametrize("form", FORMS)
def test_a_genuine_signature_covers_the_files_of_its_list(tmp_path: Path, form: str) -> None:
    found = made(tmp_path, {"form": form})
    check = only(found)
    assert (check.verdict, check.trust, check.problem) == ("genuine", "trusted", "")
    covered = {entry.path for entry in found.of(ManifestEntry) if entry.signed}
    assert covered == {"install/upgrade.sh", "db/0042_orders.sql"}
    (reach,) = found.of(SignatureCoverage)
    assert (reach.signatures, reach.trusted, reach.unchecked) == (1, 1, 0)


@pytest.mark.parametrize(
    ("params", "verdict", "trust"),
    [
        ({"tamper": "content"}, "forged", "trusted"),
        ({"tamper": "signature"}, "forged", "trusted"),
        ({"store": ["other"]}, "no-key", "unknown"),
        ({"store": ["other"], "form": "SSH"}, "genuine", "shipped"),
        ({"store": ["other"], "ship": {"keys/release.pub": "release"}}, "genuine", "shipped"),
        ({"record": {"state": "revoked"}}, "genuine", "revoked"),
        ({"record": {"accept_until": "2026-01-01"}}, "genuine", "retired"),
        ({"record": {"scope": '["other*"]'}}, "genuine", "out-of-scope"),
        ({"form": "SSH", "options": 'valid-before="20260101"'}, "genuine", "expired"),
        ({"form": "SSH", "options": 'valid-after="202711211200Z"'}, "genuine", "expired"),
        ({"form": "SSH", "namespace": "git"}, "refused", "trusted"),
        ({"form": "SSH", "namespace": ""}, "refused", "trusted"),
        ({"form": "SSH", "kind": "p256"}, "genuine", "trusted"),
        ({"form": "SSH", "kind": "rsa2048"}, "genuine", "trusted"),
        ({"form": "SSH", "digest": "md5"}, "unchecked", "trusted"),
        ({"form": "bare", "kind": "ed25519"}, "genuine", "trusted"),
        ({"form": "bare", "kind": "rsa2048"}, "genuine", "trusted"),
        ({"form": "bare", "kind": "p384", "digest": "sha384"}, "genuine", "trusted"),
        ({"form": "bare", "digest": "sha1"}, "refused", "trusted"),
        ({"form": "bare", "kind": "rsa1024"}, "refused", "trusted"),
        ({"form": "bare", "tamper": "content"}, "no-key", "unknown"),
        ({"form": "signify", "message": True, "drop": ["SHA256SUMS"]}, "genuine", "trusted"),
        ({"drop": ["SHA256SUMS"]}, "no-file", "trusted"),
        ({"form": "sigstore"}, "genuine", "unknown"),
        ({"form": "sigstore", "tamper": "content"}, "forged", "unknown"),
        ({"form": "sigstore", "times": "none"}, "refused", "unknown"),
    ],
)
def test_verdicts(tmp_path: Path, params: Mapping[str, object], verdict: str, trust: str) -> None:
    check = only(made(tmp_path, params))
    assert (check.verdict, check.trust) == (verdict, trust)


@pytest.mark.parametrize("form", FORMS)
def test_without_a_store_a_shipped_key_is_a_question(tmp_path: Path, form: str) -> None:
    ending = "pem" if form in ("bare", "DSSE") else "pub"
    params = {"form": form, "store": "none", "ship": {f"keys/release.{ending}": "release"}}
    check = only(made(tmp_path, params))
    assert check.verdict == "genuine"
    assert isinstance(check.trust, Unknown)
    assert check.key


def test_minisign_says_what_it_is_for(tmp_path: Path) -> None:
    check = only(made(tmp_path, {"comment": "timestamp:1790000000\tfile:my file.tar\thashed"}))
    assert (check.made, check.named) == ("2026-09-21T14:13:20Z", "my file.tar")
    assert check.differs
    assert not only(made(tmp_path, {})).differs


def test_what_is_wrong_with_the_names(tmp_path: Path) -> None:
    assert only(made(tmp_path, {"tamper": "comment"})).comment_forged
    assert only(made(tmp_path, {"key_id": "another"})).other_key
    swapped = {"sign": "install/upgrade.sh", "content_of": "db/0042_orders.sql"}
    assert only(made(tmp_path, swapped)).signs_instead == "db/0042_orders.sql"


def test_a_signature_whose_file_is_elsewhere_is_no_orphan(tmp_path: Path) -> None:
    files = {"SHA256SUMS": "no list\n", "bin/dten": "payload"}
    found = made(tmp_path, {"files": files, "drop": ["SHA256SUMS"]})
    (orphan,) = found.of(OrphanSignature)
    assert orphan.expected == "SHA256SUMS"
    tree = {"a.bin.minisig": minisign(b"payload", "release"), "b.bin": b"payload"}
    tree["@trust/release.pub"] = minisign_public("release")
    found = audited(tmp_path, tree)
    assert only(found).signs_instead == "b.bin"
    assert not found.of(OrphanSignature)


def test_statements_vouch_for_what_they_name_and_miss_nothing_else(tmp_path: Path) -> None:
    subjects = [("bin/dten", b"payload"), ("pkg:npm/other@1.0", b"elsewhere")]
    tree = {
        "bin/dten": b"payload",
        "docs/README": b"text",
        "build.intoto.json": envelope(statement(subjects), ["release"]),
        "@trust/release.pem": pem_public("release"),
    }
    found = audited(tmp_path, tree)
    stated = [(entry.path, entry.status, entry.signed) for entry in found.of(ManifestEntry)]
    assert stated == [("bin/dten", "matches", True)]


SIGNATURES = {
    "a.bin.minisig": minisign(b"payload", "release"),
    "a.bin.sig": minisign(b"payload", "release", Minisign(None, prehashed=False)),
    "a.bin.asc": ssh_signature(b"payload", "release"),
    "a.bin.sign": bare_value(b"payload", "release", "p384", "sha384"),
    "a.intoto.json": envelope(b"{}", ["release"]),
    "a.bin.sigstore.json": bundle(b"payload", "release"),
}
KEYS = {
    "@trust/release.pub": minisign_public("release"),
    "@trust/ssh.pub": ssh_public("release"),
    "@trust/release.pem": pem_public("release"),
    "@trust/p384.pem": pem_public("release", "p384"),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    folder = tmp_path_factory.mktemp("trust")
    for path, data in KEYS.items():
        (folder / path.removeprefix("@trust/")).write_bytes(data)
    return load_trust(folder)


@pytest.mark.parametrize("name", SIGNATURES)
@given(data=st.data())
def test_no_changed_byte_goes_unseen(store: TrustStore, name: str, data: st.DataObject) -> None:
    raw = SIGNATURES[name]
    at = data.draw(st.integers(0, len(raw) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    changed = raw[:at] + bytes((raw[at] ^ bit,)) + raw[at + 1 :]
    own = package({name: raw, "a.bin": b"payload"}, store).of(KeySignatureCheck)[0]
    shipped = own.format == "sigstore"
    assert (own.verdict, own.trust) == ("genuine", "unknown" if shipped else "trusted")
    for check in package({name: changed, "a.bin": b"payload"}, store).of(KeySignatureCheck):
        if check.verdict == "genuine" and not check.other_key and not check.comment_forged:
            assert (check.target, check.trust) == (own.target, own.trust)
            assert shipped or check.key == own.key
            assert own.format not in ("minisign", "DSSE") or check.comment == own.comment


@given(raw=st.binary(max_size=300), name=st.sampled_from(sorted(SIGNATURES)))
def test_any_bytes_give_facts(store: TrustStore, raw: bytes, name: str) -> None:
    head = SIGNATURES[name][: len(raw)]
    for data in (raw, head + raw):
        assert not any(
            check.verdict == "genuine"
            for check in package({name: data, "a.bin": b"other"}, store).of(KeySignatureCheck)
            if not check.attached
        )


KINDS = {"ed25519": ("-t", "ed25519"), "ecdsa": ("-t", "ecdsa"), "rsa": ("-t", "rsa", "-b", "2048")}


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_signatures_of_ssh_keygen_hold(tmp_path: Path, kind: str) -> None:
    key, file = tmp_path / "key", tmp_path / "a.bin"
    file.write_bytes(b"payload")
    for command in (
        ["ssh-keygen", "-q", *KINDS[kind], "-N", "", "-f", str(key)],
        ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", "file", str(file)],
    ):
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    signature = (tmp_path / "a.bin.sig").read_bytes()
    public = (tmp_path / "key.pub").read_bytes()
    tree = {"a.bin": b"payload", "a.bin.sig": signature, "@trust/release.pub": public}
    check = only(audited(tmp_path, tree))
    assert (check.verdict, check.trust) == ("genuine", "trusted")


def test_our_ssh_signatures_hold_for_ssh_keygen(tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    (tmp_path / "signers").write_bytes(b"r@acme " + ssh_public("release"))
    (tmp_path / "a.sig").write_bytes(ssh_signature(b"payload", "release"))
    command = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers"), "-I", "r@acme"]
    command += ["-n", "file", "-s", str(tmp_path / "a.sig")]
    done = subprocess.run(command, input=b"payload", capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
