"""Android programs: apksigner of the Android SDK judges ours, and we judge what it signs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.examples.signed_apk import signed_apk
from dten_audit.examples.zip_writer import ZipMember, write_zip
from dten_audit.model.facts.code_signatures import CodeSignature, StrippedScheme
from dten_audit.model.facts.general import Unreadable

pytestmark = pytest.mark.oracle
MIN: tuple[str, ...] = ("--min-sdk-version", "24")


@pytest.fixture(autouse=True)
def _there() -> None:
    if shutil.which("apksigner") is None or shutil.which("openssl") is None:
        pytest.skip("needs apksigner, of the Debian package of that name, and openssl")


def run(*words: object) -> bool:
    done = subprocess.run([str(own) for own in words], check=False, capture_output=True)
    return done.returncode == 0


def ours(path: Path) -> bool:
    found = examine(path, Options())
    signatures = found.of(CodeSignature)
    sound = all(own.content_matches is True and own.signature_valid is True for own in signatures)
    lost = found.of(StrippedScheme) or any(
        own.language.startswith("APK") for own in found.of(Unreadable)
    )
    return bool(signatures) and sound and not lost


def theirs(path: Path) -> bool:
    return run("apksigner", "verify", *MIN, path)


CASES: list[dict[str, Any]] = [
    {}, {"schemes": [2]}, {"schemes": [3]}, {"schemes": [1, 2, 3]}, {"kind": "rsa2048"},
    {"kind": "rsa4096", "schemes": [3]}, {"by": "New"}, {"by": "New", "schemes": [3]},
    {"tamper": "content"}, {"tamper": "signature"}, {"tamper": "end"}, {"strip": [3]},
    {"schemes": [1, 2, 3], "strip": [2, 3]}, {"schemes": [1, 2], "strip": [2]},
    {"by": "New", "forged": True}, {"platforms": [21, 100]},
    {"after": {"assets/agent.properties": "x"}}, {"schemes": [2, 3], "strip": [2]},
]  # fmt: skip


@pytest.mark.parametrize("params", CASES, ids=str)
def test_the_same_verdict_on_ours(tmp_path: Path, params: dict[str, Any]) -> None:
    ((_, data),) = signed_apk(params).items()
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert ours(path) == theirs(path)


TREE = ("--verity-enabled", "true")
KEYS = {
    "rsa2048": ("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "rsa3072": ("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"),
    "rsa4096": ("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"),
    "p256": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p521": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
}


def identity(folder: Path, kind: str, name: str = "own") -> tuple[str, ...]:
    pem, key, certificate = (folder / f"{name}.{ending}" for ending in ("pem", "pk8", "crt"))
    assert run("openssl", *KEYS[kind], "-out", pem)
    assert run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", pem, "-outform", "DER", "-out", key)
    subject = ("-subj", f"/O=Acme/CN={name}", "-days", "3650")
    assert run("openssl", "req", "-x509", "-new", "-key", pem, *subject, "-out", certificate)
    return "--key", str(key), "--cert", str(certificate)


def unsigned(folder: Path, size: int = 3 << 20) -> Path:
    path = folder / "plain.apk"
    big = bytes(range(256)) * (size // 256)
    manifest = ZipMember("AndroidManifest.xml", b"\3\0\x08\0 com.acme.dten")
    members = [manifest, ZipMember("classes.dex", big, stored=True), ZipMember("a.txt", b"a" * 999)]
    path.write_bytes(write_zip(members))
    return path


@pytest.mark.parametrize(
    ("kind", "more"),
    [*((kind, ()) for kind in KEYS), *((kind, TREE) for kind in ("p256", "rsa2048"))],
)
def test_what_it_signs_holds_and_changes_are_seen(
    tmp_path: Path, kind: str, more: tuple[str, ...]
) -> None:
    made = tmp_path / "made.zip"
    who = identity(tmp_path, kind)
    ending = ("--in", unsigned(tmp_path), "--out", made)
    assert run("apksigner", "sign", *MIN, *more, *who, *ending)
    assert theirs(made)
    assert ours(made)
    data = bytearray(made.read_bytes())
    for offset in (99, len(data) // 2, len(data) - 60):
        data[offset] ^= 1
        made.write_bytes(data)
        assert not ours(made), offset
        assert not theirs(made), offset
        data[offset] ^= 1


def test_a_lineage_that_it_writes(tmp_path: Path) -> None:
    made, lineage = tmp_path / "made.zip", tmp_path / "lineage"
    old, new = identity(tmp_path, "p256", "old"), identity(tmp_path, "rsa2048", "new")
    assert run("apksigner", "rotate", "--out", lineage, "--old-signer", *old, "--new-signer", *new)
    both = (*old, "--next-signer", *new, "--lineage", lineage)
    assert run("apksigner", "sign", *MIN, *both, "--in", unsigned(tmp_path), "--out", made)
    assert theirs(made)
    assert ours(made)
    store = tmp_path / "trust"
    store.mkdir()
    (store / "old.pem").write_bytes((tmp_path / "old.crt").read_bytes())
    found = examine(made, Options(trust=store)).of(CodeSignature)
    assert sorted((own.form, own.trust) for own in found if own.form != "JAR") == [
        ("APK 2", "trusted"), ("APK 3", "rotated"),
    ]  # fmt: skip
