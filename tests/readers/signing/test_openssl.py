"""CMS as the openssl command writes it: DER, BER streams, S/MIME, every algorithm it offers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dten_audit.examples import pki
from dten_audit.model.facts.signatures import (
    SignatureCheck,
)
from tests.derive.signed import package

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command")

CONTENT = b"#!/bin/sh\nset -eu\n./install\n"
ROOT = pki.issue("Acme Root CA 2014", None, pki.ROOT)
KINDS = ("p256", "p384", "rsa2048")
SIGNERS = {
    kind: pki.issue("Acme Release Signing", ROOT, pki.LEAF, pki.key("release", kind))
    for kind in KINDS
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("openssl")
    (base / "up.sh").write_bytes(CONTENT)
    (base / "root.pem").write_bytes(pki.pem(ROOT.certificate))
    for kind, signer in SIGNERS.items():
        (base / f"{kind}.key").write_bytes(pki.private_pem(signer.key))
        (base / f"{kind}.pem").write_bytes(pki.pem(signer.certificate))
    return base


def signed(folder: Path, kind: str, options: str, command: str = "cms") -> bytes:
    call = f"openssl {command} -sign -in up.sh -signer {kind}.pem -inkey {kind}.key {options}"
    run = subprocess.run(call.split(), cwd=folder, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def check(signature: bytes, content: bytes = CONTENT) -> SignatureCheck:
    (found,) = package({"up.sh": content, "up.sh.p7s": signature}).of(SignatureCheck)
    return found


VARIANTS = [
    ("p256", "-binary -outform DER"),
    ("p384", "-binary -outform DER -md sha384"),
    ("rsa2048", "-binary -outform DER"),
    ("rsa2048", "-binary -outform DER -stream"),
    ("rsa2048", "-binary -outform DER -stream -nodetach"),
    ("p256", "-binary -outform DER -nodetach"),
    ("p256", "-binary -outform DER -noattr"),
    ("rsa2048", "-binary -outform DER -noattr"),
    ("p256", "-binary -outform DER -keyid"),
    ("p256", "-binary -outform PEM"),
    ("rsa2048", "-binary -outform DER -md sha1"),
    ("rsa2048", "-binary -outform DER -md md5"),
    ("rsa2048", "-binary -outform DER -md sha3-256"),
    ("rsa2048", "-binary -outform DER -keyopt rsa_padding_mode:pss"),
    ("rsa2048", "-binary -outform DER -md sha384 -keyopt rsa_padding_mode:pss"),
    ("rsa2048", "-binary -outform DER -noattr -keyopt rsa_padding_mode:pss"),
    ("rsa2048", "-binary -outform DER -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20"),
    ("p256", "-binary -outform DER -certfile root.pem"),
    ("p256", "-binary -nodetach -outform SMIME"),
]


@pytest.mark.parametrize(("kind", "options"), VARIANTS)
def test_what_openssl_signs_verifies(folder: Path, kind: str, options: str) -> None:
    signature = signed(folder, kind, options)
    found = check(signature)
    assert (found.content_matches, found.signature_valid) == (True, True)
    assert (found.text_mode, found.problem) == (False, "")
    changed = check(signature, CONTENT + b"id\n")
    assert changed.content_matches is not True
    assert "-noattr" not in options or changed.signature_valid is False


def test_pkcs7_of_the_old_command(folder: Path) -> None:
    found = check(signed(folder, "rsa2048", "-binary -outform DER", "smime"))
    assert (found.content_matches, found.signature_valid) == (True, True)


@pytest.mark.parametrize("options", ["-outform DER", "-outform DER -noattr"])
def test_text_mode(folder: Path, options: str) -> None:
    found = check(signed(folder, "p256", options))
    assert (found.content_matches, found.signature_valid, found.text_mode) == (True, True, True)


def test_without_certificates(folder: Path) -> None:
    found = check(signed(folder, "p256", "-binary -outform DER -nocerts"))
    assert found.signer.sha256 == ""
    assert found.content_matches is True


def test_two_signers(folder: Path) -> None:
    signature = signed(
        folder, "p256", "-binary -outform DER -signer rsa2048.pem -inkey rsa2048.key"
    )
    found = package({"up.sh": CONTENT, "up.sh.p7s": signature}).of(SignatureCheck)
    assert [one.signature_valid for one in found] == [True, True]
    assert len({one.subject for one in found}) == 2


def test_openssl_verifies_what_examples_sign(folder: Path) -> None:
    for kind, signer in SIGNERS.items():
        (folder / "own.p7s").write_bytes(pki.sign_detached(CONTENT, signer))
        call = "openssl cms -verify -binary -inform DER -in own.p7s -content up.sh"
        run = subprocess.run(
            [*call.split(), "-purpose", "any", "-CAfile", "root.pem"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        assert run.returncode == 0, (kind, run.stderr)


def test_multipart_messages_are_verified(folder: Path) -> None:
    data = signed(folder, "p256", "-outform SMIME")
    assert b"multipart/signed" in data
    for changed, genuine in ((b"./install", True), (b"./remove", False)):
        own = data.replace(b"./install", changed)
        (found,) = package({"notes.p7m": own}).of(SignatureCheck)
        assert (found.content_matches, found.signature_valid) == (genuine, True)
        assert not found.text_mode
