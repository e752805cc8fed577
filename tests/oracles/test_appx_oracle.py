"""AppX packages: osslsigncode judges ours, and we judge what it signs. Its chains are not asked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.examples.pki import key, pem, private_pem
from dten_audit.examples.signed_appx import members, signed_appx
from dten_audit.examples.signed_code import Vendor
from dten_audit.examples.zip_writer import write_zip
from dten_audit.model.facts.code_signatures import SealedArchive
from dten_audit.model.facts.signatures import SignatureCheck

pytestmark = pytest.mark.oracle
VENDOR = Vendor()


@pytest.fixture(autouse=True)
def _there() -> None:
    if shutil.which("osslsigncode") is None:
        pytest.skip("needs osslsigncode 2.6 or later")


def run(*words: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([str(own) for own in words], check=False, capture_output=True)


def ours(path: Path) -> bool:
    found = examine(path, Options())
    sound = [own.content_matches is True and own.signature_valid is True
             for own in found.of(SignatureCheck)]  # fmt: skip
    return [own.matches for own in found.of(SealedArchive)] == [True] and sound == [True]


def theirs(folder: Path, path: Path) -> bool:
    roots = folder / "roots.pem"
    roots.write_bytes(pem(VENDOR.root.certificate))
    quiet = ("-ignore-timestamp", "-ignore-cdp", "-ignore-crl", "-time", "1790000000")
    return run("osslsigncode", "verify", "-CAfile", roots, *quiet, "-in", path).returncode == 0


CASES: list[dict[str, Any]] = [
    {}, {"zip64": True}, {"after": {"Assets/logo.svg": "x"}}, {"after": {"more.dll": "MZ"}},
    {"after": {"[Content_Types].xml": "<Types/>"}}, {"after": {"AppxBlockMap.xml": "<BlockMap/>"}},
    {"unlisted": {"a.txt": "t"}}, {"wrong": {"Assets/logo.svg": "y"}}, {"tamper": "directory"},
    {"tamper": "directory", "zip64": True},
]  # fmt: skip


@pytest.mark.parametrize("params", CASES, ids=str)
def test_the_same_verdict_on_ours(tmp_path: Path, params: dict[str, Any]) -> None:
    data = signed_appx(params).popitem()[1]
    path = tmp_path / "a.msix"
    path.write_bytes(data)
    assert ours(path) == theirs(tmp_path, path)


@pytest.mark.parametrize("zip64", [False, True])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_what_it_signs_holds_and_changes_are_seen(
    tmp_path: Path, digest: str, *, zip64: bool
) -> None:
    plain, made = tmp_path / "plain.msix", tmp_path / "made.msix"
    files = {"AppxManifest.xml": b"<Package/>", "a b.bin": bytes(range(256)) * 900}
    plain.write_bytes(write_zip(members(files, listed=files), zip64=zip64))
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(pem(*(own.certificate for own in (VENDOR.signer, *VENDOR.chain))))
    secret.write_bytes(private_pem(key("release")))
    who = ("-certs", chain, "-key", secret, "-h", digest)
    done = run("osslsigncode", "sign", *who, "-in", plain, "-out", made)
    assert done.returncode == 0, done.stderr
    assert theirs(tmp_path, made)
    assert ours(made)
    data = bytearray(made.read_bytes())
    for offset in (45, 300, data.rindex(b"PK\1\2") - 9, data.index(b"PK\1\2") + 38):
        data[offset] ^= 1
        made.write_bytes(data)
        assert not ours(made), offset
        assert not theirs(tmp_path, made), offset
        data[offset] ^= 1
