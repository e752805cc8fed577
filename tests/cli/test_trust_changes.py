"""What became of a trust store, advisories that were taken in, and revocation lists kept there."""

from __future__ import annotations

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from dten_audit.examples import pki
from dten_audit.examples.key_signing import minisign, minisign_public
from dten_audit.examples.revoking import Revoked, revocation_list
from dten_audit.examples.signed_code import Vendor, signed_program, store
from dten_audit.examples.signed_tuf import signed_tuf
from dten_audit.site.advisories import load_advisory
from dten_audit.site.advisory import AdvisoryError
from dten_audit.site.trust_loading import load_trust
from dten_audit.site.trust_records import TrustError

from .trusting import AT, Terminal

ROOT = pki.issue("Acme Root CA 2014", None, pki.ROOT)
OTHER = pki.issue("Acme Root CA 2024", None, pki.ROOT)


def recorded(folder: Path, *, state: str = "active", version: int = 1, more: str = "") -> Path:
    """Write a store of one recorded root."""
    own = pki.der(ROOT.certificate)
    digest = sha256(own).hexdigest()
    (folder / "certs").mkdir(parents=True)
    (folder / "vendors").mkdir()
    (folder / "certs" / f"{digest}.der").write_bytes(own)
    text = f"schema: 1\nversion: {version}\nvendor: acme\nscope: ['dten-*']\nroots:\n"
    text += f"- sha256: {digest}\n  state: {state}\n  approvals: [jd]\n{more}"
    (folder / "vendors" / "acme.yaml").write_text(text)
    return folder


# --- diff ----------------------------------------------------------------------------------------


def test_the_same_store_has_no_difference(run: Terminal, tmp_path: Path) -> None:
    place = str(recorded(tmp_path / "a"))
    assert run("trust", "diff", place, place) == 0
    assert run.out == "no difference\n"


def test_what_came_went_and_changed(run: Terminal, tmp_path: Path) -> None:
    old, new = recorded(tmp_path / "a"), recorded(tmp_path / "b", state="retired", version=2)
    (old / "old.pub").write_bytes(minisign_public("old"))
    (new / "other.pem").write_bytes(pki.pem(OTHER.certificate))
    assert run("trust", "diff", str(old), str(new)) == 1
    assert "~ acme root CN=Acme Root CA 2014" in run.out
    assert "state: active → retired" in run.out
    assert "~ acme record: version: 1 → 2" in run.out
    assert "+ (no record) root CN=Acme Root CA 2024" in run.out
    assert "- (no record) key minisign" in run.out
    assert run("trust", "diff", str(old), str(new), "-f", "json") == 1
    assert {own["how"] for own in json.loads(run.out)} == {"came", "went", "changed"}


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=jd", "-c", "user.email=jd@acme.example")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_revisions_of_a_repository(
    run: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    git(tmp_path, "init", "-q")
    recorded(tmp_path / "trust")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    shutil.rmtree(tmp_path / "trust")
    recorded(tmp_path / "trust", version=2, more="  accept_until: 2030-01-01\n")
    monkeypatch.chdir(tmp_path)
    assert run("trust", "diff", "HEAD:trust", "trust", "-f", "json") == 1
    record, root = json.loads(run.out)
    assert record["words"] == "version: 1 → 2"
    assert root["words"] == "accept_until: none → 2030-01-01"
    assert run("trust", "diff", "HEAD:trust", "HEAD:trust") == 0
    assert run("trust", "diff", "HEAD:none", "trust") == 2
    assert "git says" in run.err


def test_show_tells_the_root_of_update_metadata(run: Terminal, tmp_path: Path) -> None:
    for path, data in signed_tuf({"store": "none"}).items():
        file = tmp_path / "package" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    assert run("trust", "show", str(tmp_path / "package"), "-f", "json", *AT) == 0
    (own,) = json.loads(run.out)["others"]
    assert (own["format"], own["verdict"]) == ("TUF", "4 of 4 metadata files hold")
    assert own["signer"].startswith("root version 1, SHA-256 ")


# --- import-advisory -----------------------------------------------------------------------------

ADVISORY = """\
schema: dten-advisory/1
id: ACME-2026-09
kind: withdrawal
title: 9.4.0 is withdrawn
applies: {purl: pkg:generic/dten, vers: 'vers:generic/>=9.4.0|<9.4.2'}
"""


def advisory(folder: Path, *, signed: str = "") -> Path:
    file = folder / "acme.yaml"
    file.write_text(ADVISORY)
    if signed:
        (folder / "acme.yaml.minisig").write_bytes(minisign(file.read_bytes(), signed))
    return file


def test_one_that_a_known_key_signed(run: Terminal, tmp_path: Path) -> None:
    file, trust, own = advisory(tmp_path, signed="psirt"), tmp_path / "trust", tmp_path / "own"
    trust.mkdir()
    (trust / "psirt.pub").write_bytes(minisign_public("psirt"))
    words = ("--advisories", str(own), "--trust", str(trust), "--by", "jd", *AT)
    assert run("trust", "import-advisory", str(file), *words) == 0
    assert "signed by minisign key" in run.out
    assert "warns of pkg:generic/dten vers:generic/>=9.4.0|<9.4.2" in run.out
    assert sorted(path.name for path in own.iterdir()) == [
        "acme.yaml", "acme.yaml.import", "acme.yaml.minisig",
    ]  # fmt: skip
    assert load_advisory(own / "acme.yaml").told.confirmed == "taken in by jd on 2026-11-21"
    assert run("trust", "import-advisory", str(file), *words) == 0, "again"


def test_one_whose_digest_came_from_elsewhere(run: Terminal, tmp_path: Path) -> None:
    file, own = advisory(tmp_path), tmp_path / "own"
    words = ("trust", "import-advisory", str(file), "--advisories", str(own), "--by", "jd", *AT)
    assert run(*words) == 1
    assert "nothing vouches for it" in run.err
    assert run(*words, "--sha256", "0" * 64) == 1
    assert "not the one given" in run.err
    assert not own.exists()
    digest = sha256(file.read_bytes()).hexdigest()
    assert run(*words, "--sha256", digest, "--source", "https://forum.acme.example/t/1190") == 0
    assert "its digest came from elsewhere" in load_advisory(own / "acme.yaml").told.confirmed
    assert "source: 'https://forum" in (own / "acme.yaml.import").read_text()


def test_a_stranger_and_another_file_of_that_name(run: Terminal, tmp_path: Path) -> None:
    file, trust, own = advisory(tmp_path, signed="mallory"), tmp_path / "trust", tmp_path / "own"
    trust.mkdir()
    (trust / "psirt.pub").write_bytes(minisign_public("psirt"))
    words = ("trust", "import-advisory", str(file), "--advisories", str(own), "--by", "jd")
    assert run(*words, "--trust", str(trust)) == 1
    assert "is by no minisign key of your trust store" in run.err
    own.mkdir()
    (own / "acme.yaml").write_text("another one\n")
    digest = sha256(file.read_bytes()).hexdigest()
    assert run(*words, "--sha256", digest) == 2
    assert "another advisory of that name" in run.err


def test_one_that_was_changed_since(run: Terminal, tmp_path: Path) -> None:
    file, own = advisory(tmp_path), tmp_path / "own"
    digest = sha256(file.read_bytes()).hexdigest()
    words = ("--advisories", str(own), "--by", "jd", "--sha256", digest)
    assert run("trust", "import-advisory", str(file), *words) == 0
    (own / "acme.yaml").write_text(ADVISORY.replace("9.4.2", "9.4.1"))
    with pytest.raises(AdvisoryError, match="was changed since jd took it in"):
        load_advisory(own / "acme.yaml")


# --- revocation lists ----------------------------------------------------------------------------


def test_lists_of_the_store_revoke(run: Terminal, tmp_path: Path) -> None:
    vendor = Vendor()
    tree = signed_program({"store": "trusted"})
    trust = tmp_path / "trust"
    (trust / "crls").mkdir(parents=True)
    for path, data in store(vendor, "trusted").items():
        (trust / path.rpartition("/")[2]).write_bytes(data)
    package = tmp_path / "dten.exe"
    package.write_bytes(tree["bin/dten.exe"])
    assert "SIGN084" not in run.findings(str(package), str(trust))
    taken_back = Revoked(vendor.signer.certificate, "2026-10-01")
    made = revocation_list(vendor.authority, [taken_back])
    (trust / "crls" / "acme.crl").write_bytes(made)
    found = run.findings(str(package), str(trust))["SIGN084"]
    assert "revoked" in found["message"]
    later = ("--at", "2031-01-01T00:00:00Z")
    assert run("trust", "check", "--trust", str(trust), *later) == 1
    assert "its revocation list ended on" in run.out


def test_what_is_no_list_is_said(tmp_path: Path) -> None:
    (tmp_path / "crls").mkdir()
    (tmp_path / "root.der").write_bytes(pki.der(ROOT.certificate))
    (tmp_path / "crls" / "a.crl").write_bytes(b"none")
    with pytest.raises(TrustError, match="no revocation list"):
        load_trust(tmp_path)
    (tmp_path / "crls" / "a.crl").unlink()
    (tmp_path / "crls" / "b.crl").symlink_to("/etc/hostname")
    with pytest.raises(TrustError, match="is a link"):
        load_trust(tmp_path)
