"""Real signatures of sigstore's public instance, from the test data of ``pypi-attestations``."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.readers.signing import sigstore_log
from dten_audit.readers.signing.proofs import Content
from dten_audit.site.trust_loading import load_trust
from tests.derive.signed import package

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


def test_another_payload_is_refused(assets: dict[str, bytes]) -> None:
    own = json.loads(assets[f"{SIGNED}.sigstore"])
    own["dsseEnvelope"]["payload"] = "e30="
    found = sigstore_log.vouched(json.dumps(own).encode(), Content(b""))
    assert found.verdict == "refused"
