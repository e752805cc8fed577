"""Real signatures of sigstore's public instance, from the test data of ``pypi-attestations``."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from dten_audit.derive.signing import sigstore_proof
from dten_audit.derive.signing.anchors import Anchors
from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.readers.signing import bundles, sigstore_log
from dten_audit.readers.signing.proofs import Content
from dten_audit.site.trust_loading import load_trust
from tests.derive.signed import AT, package

pytestmark = pytest.mark.oracle
SIGNED = "pypi_attestation_models-0.0.4a2.tar.gz"
BY = "https://github.com/trailofbits/pypi-attestation-models/.github/workflows/release.yml@*"
ISSUER = "https://token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    pytest.importorskip("sigstore", reason="needs the extra `sigstore`")
    folder = tmp_path_factory.mktemp("sdist")
    wanted = ["--no-deps", "--no-binary", ":all:", "pypi-attestations==0.0.30"]
    command = [sys.executable, "-m", "pip", "download", "-q", "-d", str(folder), *wanted]
    subprocess.run(command, check=False, capture_output=True, timeout=180)
    found = next(folder.glob("*.tar.gz"), None)
    if found is None:
        pytest.skip("pip cannot fetch the source of pypi-attestations 0.0.30")
    with tarfile.open(found) as archive:
        files = [own for own in archive if own.isfile() and "/test/assets/" in own.name]
        return {Path(own.name).name: _read(archive, own) for own in files}


def _read(archive: tarfile.TarFile, own: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(own)
    assert file is not None
    return file.read()


@pytest.fixture(autouse=True)
def _no_network(assets: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    assert assets

    def refuse(*_arguments: object) -> None:
        raise AssertionError("a network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("ending", ["sigstore", "attestation"])
@pytest.mark.parametrize(
    ("identity", "trust"), [(BY, "trusted"), (BY + "v9", "other-identity"), ("", "unknown")]
)
def test_real_ones(
    assets: dict[str, bytes], tmp_path: Path, ending: str, identity: str, trust: str
) -> None:
    stated = identity or "a@b.example"
    scope = "*" if identity else "other*"
    text = (
        f"vendor: acme\nscope: ['{scope}']\nsigstore:\n- identity: '{stated}'\n  issuer: {ISSUER}\n"
    )
    (tmp_path / "vendors").mkdir()
    (tmp_path / "vendors" / "acme.yaml").write_text(f"schema: 1\nversion: 1\n{text}")
    name = f"{SIGNED}.{ending}.json"
    tree = {SIGNED: assets[SIGNED], name: assets[f"{SIGNED}.{ending}"]}
    found = package(tree, load_trust(tmp_path))
    (check,) = found.of(KeySignatureCheck)
    assert (check.verdict, check.vouched, check.problem) == ("genuine", "proven", "")
    assert check.trust == trust
    if ending == "attestation":
        assert [(own.path, own.status) for own in found.of(ManifestEntry)] == [(SIGNED, "matches")]


def test_what_an_index_hands_out(assets: dict[str, bytes]) -> None:
    signed = "pypi_attestations-0.0.19.tar.gz"
    names = (signed, f"{signed}.provenance")
    checks = package({name: assets[name] for name in names}).of(KeySignatureCheck)
    assert [(own.verdict, own.vouched) for own in checks] == [("genuine", "proven")] * len(checks)
    assert checks


def test_signatures_of_another_instance_are_refused(assets: dict[str, bytes]) -> None:
    name = "rfc8785-0.1.2-py3-none-any.whl"
    found = sigstore_log.vouched(assets[f"{name}.sigstore"], Content(assets[name]))
    assert found.verdict == "refused", "it is of sigstore's staging instance"


@pytest.mark.parametrize(
    "field",
    ["logIndex", "integratedTime", "canonicalizedBody", "inclusionProof", "inclusionPromise"],
)
def test_every_part_of_the_log_entry_counts(assets: dict[str, bytes], field: str) -> None:
    own = json.loads(assets[f"{SIGNED}.sigstore"])
    (entry,) = own["verificationMaterial"]["tlogEntries"]
    assert entry.pop(field)
    found = sigstore_log.vouched(json.dumps(own).encode(), Content(assets[SIGNED]))
    assert found.verdict == "refused", found


ENTRY = ("verificationMaterial", "tlogEntries", 0)
PROOF = (*ENTRY, "inclusionProof")
BENDS: dict[str, tuple[tuple[str | int, ...], object]] = {
    "honest": (("mediaType",), "application/vnd.dev.sigstore.bundle.v0.3+json"),
    "logIndex": ((*ENTRY, "logIndex"), "1"),
    "integratedTime": ((*ENTRY, "integratedTime"), "1700000000"),
    "body": ((*ENTRY, "canonicalizedBody"), "e30="),
    "promise": ((*ENTRY, "inclusionPromise"), {"signedEntryTimestamp": "MEUCIQ=="}),
    "hashes": ((*PROOF, "hashes"), []),
    "root": ((*PROOF, "rootHash"), "AAAA"),
    "size": ((*PROOF, "treeSize"), "99"),
    "checkpoint": ((*PROOF, "checkpoint"), {"envelope": "a\n"}),
    "payload": (("dsseEnvelope", "payload"), "e30="),
    "signature": (("dsseEnvelope", "signatures", 0, "sig"), "MEUCIQ=="),
}


def bent(raw: bytes, path: tuple[str | int, ...], value: object) -> bytes:
    own = json.loads(raw)
    holder = own
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return json.dumps(own).encode()


@pytest.mark.parametrize("name", BENDS)
def test_ours_says_the_same_as_the_library(
    assets: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    """With its own trusted root in the trust store, bundles are proven without it."""
    from importlib.resources import files

    root = files("sigstore").joinpath(*sigstore_log._ROOT).read_bytes()
    (tmp_path / "trusted_root.json").write_bytes(root)
    anchors = Anchors(load_trust(tmp_path), "a.zip", AT)
    raw = bent(assets[f"{SIGNED}.sigstore"], *BENDS[name])
    theirs = sigstore_log.vouched(raw, Content(b""))
    bundle = bundles.load(raw)
    made = bundles.verify(raw, Content(b"")).verdict == "genuine"
    ours = sigstore_proof.vouched(bundle, Content(b""), anchors)
    assert ours is not None
    assert (made and ours.verdict == "genuine") == (theirs.verdict == "genuine"), (ours, theirs)
    assert (theirs.verdict == "genuine") == (name == "honest")


def test_real_ones_of_both_instances_hold_without_the_library(
    assets: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.resources import files

    folders = [own for own in files("sigstore").joinpath("_store").iterdir() if own.is_dir()]
    for number, folder in enumerate(folders):
        data = folder.joinpath("trusted_root.json")
        if data.is_file():
            (tmp_path / f"{number}.trusted_root.json").write_bytes(data.read_bytes())
    store = load_trust(tmp_path)
    monkeypatch.setattr(sigstore_log, "is_installed", lambda: False)
    endings = (".attestation", ".sigstore", ".provenance")
    names = [name for name in assets if name.endswith(endings)]
    found = [package({f"{name}.json": assets[name]}, store).of(KeySignatureCheck) for name in names]
    checks = [check for own in found for check in own]
    assert [(own.verdict, own.vouched) for own in checks] == [("genuine", "proven")] * len(checks)
    assert len(checks) >= 13


def test_another_payload_is_refused(assets: dict[str, bytes]) -> None:
    own = json.loads(assets[f"{SIGNED}.sigstore"])
    own["dsseEnvelope"]["payload"] = "e30="
    found = sigstore_log.vouched(json.dumps(own).encode(), Content(b""))
    assert found.verdict == "refused"
