"""Signed programs and Java archives: what osslsigncode, jarsigner and openssl say, and what we.

Each difference is explained in docs/signatures.md; one that is not listed here fails.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.examples.pki import key, pem, private_pem
from dten_audit.examples.signed_code import (
    Vendor,
    program,
    sign_archive,
    sign_program,
    signed_archive,
)
from dten_audit.links.package import Package
from dten_audit.model.facts.code_signatures import (
    ArchiveEntry,
    CodeSignature,
    SignatureSurplus,
    SignedArchive,
)

pytestmark = pytest.mark.oracle

# ruff: noqa: T201 (how many cases ran is printed)

VENDOR: Final = Vendor()
PLAIN: Final = program(b"\x90\xc3", 0x1000)
SIGNED: Final = sign_program(PLAIN, VENDOR)
END: Final = len(SIGNED.rstrip(b"\0"))


def tool(name: str) -> str:
    """Return a program's path, or skip."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str | Path, cwd: Path | None = None) -> tuple[int, str]:
    done = subprocess.run(
        [str(part) for part in command], check=False, capture_output=True, cwd=cwd, timeout=120
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def of_files(folder: Path, files: Mapping[str, bytes]) -> Package:
    """Return what we say of a package of these files."""
    path = folder / "package.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return examine(path, Options())


def flip(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]


def programs() -> Iterator[tuple[str, bytes]]:
    """Yield honest and bent programs by name."""
    yield "plain", SIGNED
    for digest in ("md5", "sha1", "sha384", "sha512"):
        if digest != "md5":
            yield digest, sign_program(PLAIN, VENDOR, digests=[digest])
    yield "nested", sign_program(PLAIN, VENDOR, digests=["sha1", "sha256"])
    for at in range(0x200, len(PLAIN), 0x155):
        yield f"content {at:#x}", flip(SIGNED, at, at % 8)
    for at in (0x10, 0x84, 0x98, 0xC8, 0x150, 0x190):
        yield f"header {at:#x}", flip(SIGNED, at)
    yield "checksum", flip(SIGNED, 0x80 + 24 + 64)
    for back in (4, 20, 40):
        yield f"signature {back}", flip(SIGNED, END - back)
    attribute = SIGNED.rindex(bytes.fromhex("06092a864886f70d010904")) + 20
    yield "signed attributes", flip(SIGNED, attribute)
    yield "stated digest", flip(SIGNED, SIGNED.index(b"\x04\x20", len(PLAIN)) + 9)
    yield "appended", SIGNED + b"MZ appended"
    yield "padding", sign_program(PLAIN, VENDOR, padding=b"\0" * 8 + b"MZ hidden")
    yield "no signature", PLAIN
    yield "cut table", SIGNED[:-16]


OSSLSIGNCODE: Final = {"padding": "ours False, osslsigncode True"}
"""Programs of which osslsigncode says something else, and why."""


def test_osslsigncode_verifies(tmp_path: Path) -> None:
    binary = tool("osslsigncode")
    roots = tmp_path / "roots.pem"
    roots.write_bytes(pem(VENDOR.root.certificate))
    count, unlike = 0, {}
    for number, (name, data) in enumerate(programs()):
        path = tmp_path / f"{number}.exe"
        path.write_bytes(data)
        quiet = ("-ignore-timestamp", "-ignore-cdp", "-ignore-crl", "-time", "1790000000")
        code, _ = run(binary, "verify", "-CAfile", roots, *quiet, "-in", path)
        package = of_files(tmp_path, {path.name: data})
        found = package.of(CodeSignature)
        ours = bool(found) and all(own.content_matches is True for own in found)
        ours = ours and all(own.signature_valid is True for own in found)
        ours = ours and not package.of(SignatureSurplus)
        if ours != (code == 0):
            unlike[name] = f"ours {ours}, osslsigncode {code == 0}"
        count += 1
    print(f"{count} programs compared with osslsigncode, {len(unlike)} judged otherwise")
    assert count
    assert unlike == OSSLSIGNCODE


def test_what_osslsigncode_signs(tmp_path: Path) -> None:
    """Programs, scripts and archives in its formats; a script and a program are verified here."""
    binary = tool("osslsigncode")
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(pem(*(own.certificate for own in (VENDOR.signer, *VENDOR.chain))))
    secret.write_bytes(private_pem(key("release")))
    script = b"Stop-Service dten\r\nWrite-Host 'done'\r\n"
    inputs = {"a.exe": PLAIN, "b.ps1": script, "c.ps1": b"\xef\xbb\xbf" + script,
              "d.ps1": b"\xff\xfe" + script.decode().encode("utf-16-le")}  # fmt: skip
    count = 0
    for name, data in inputs.items():
        source = tmp_path / name
        source.write_bytes(data)
        for digest in ("sha1", "sha256", "sha512"):
            for more in ((), ("-ph",)) if name == "a.exe" else ((),):
                target = tmp_path / f"signed-{digest}{len(more)}-{name}"
                code, said = run(
                    binary, "sign", "-certs", chain, "-key", secret, "-h", digest, *more,
                    "-in", source, "-out", target,
                )  # fmt: skip
                assert code == 0, said
                signed = target.read_bytes()
                verdicts = _verdicts(of_files(tmp_path, {name: signed}))
                assert verdicts == [(True, True)], target.name
                bent = signed.replace(b"\x90\xc3", b"\x90\xcc").replace(b"o", b"u", 1)
                if name == "d.ps1":
                    bent = signed.replace(b"o\0", b"u\0", 1)
                assert _verdicts(of_files(tmp_path, {name: bent})) == [(False, True)], target.name
                count += 2
    print(f"{count} programs and scripts signed by osslsigncode verified")
    assert count


def _verdicts(package: Package) -> list[tuple[object, object]]:
    return [(own.content_matches, own.signature_valid) for own in package.of(CodeSignature)]


ATTACKS: Final[dict[str, dict[str, object]]] = {
    "unchanged": {},
    "sections only": {"whole": False},
    "SHA-512": {"digest": "SHA-512"},
    "added file": {"after": {"evil/x.sh": "rm -rf /"}},
    "added under META-INF": {"after": {"META-INF/cron.d/evil": "* * * * *"}},
    "added block": {"after": {"META-INF/FOO.RSA": "junk"}},
    "added SIG- file": {"after": {"META-INF/SIG-X": "junk"}},
    "changed class": {"after": {"com/acme/Sync.class": "other"}},
    "removed class": {"drop": ["com/acme/Sync.class"]},
    "second entry of a name": {"twice": {"com/acme/Sync.class": "evil"}},
    "manifest edited": {"replace": {"META-INF/MANIFEST.MF": ["Acme build", "Acme bvild"]}},
    "section edited": {
        "whole": False,
        "replace": {
            "META-INF/MANIFEST.MF": [
                "Name: com/acme/Sync.class\r\n",
                "Name: com/acme/Sync.class\r\nSealed: no\r\n",
            ]
        },
    },
    "signature file edited": {"replace": {"META-INF/ACME.SF": ["e-Version", "e-Versiom"]}},
    "block removed": {"drop": ["META-INF/ACME.EC"]},
    "signature file removed": {"drop": ["META-INF/ACME.SF"]},
    "stripped": {"drop": ["META-INF/ACME.SF", "META-INF/ACME.EC"]},
    "block bent": {"tamper": "signature"},
    "manifest removed": {"drop": ["META-INF/MANIFEST.MF"]},
    "folder with content": {"twice": {"dir/": "payload"}},
    "magic": {
        "replace": {
            "META-INF/MANIFEST.MF": [
                "Name: com/acme/Sync.class\r\n",
                "Name: com/acme/Sync.class\r\nMagic: x\r\n",
            ]
        },
        "whole": False,
    },
}
JARSIGNER: Final = {
    "added SIG- file": "uncovered, intact",
    "manifest removed": "broken, unsigned",
    "removed class": "broken, intact",
    "signature file edited": "broken, unsigned",
}
"""Archives of which jarsigner says something else: ours, theirs."""
_UNSIGNED_ENTRIES: Final = 16


def of_jarsigner(binary: str, path: Path) -> str:
    """Return what jarsigner says: intact, uncovered, broken, or unsigned."""
    language = ("-J-Duser.language=en", "-J-XX:TieredStopAtLevel=1")
    code, said = run(binary, *language, "-verify", "-strict", path)
    if "jar is unsigned" in said or "treated as unsigned" in said:
        return "unsigned"
    if code == 1 or "jar verified" not in said:
        return "broken"
    return "uncovered" if code & _UNSIGNED_ENTRIES else "intact"


def of_ours(package: Package) -> str:
    """Return what we say, in the same words."""
    found = package.of(CodeSignature)
    if not found:
        return "unsigned"
    wrong = any(False in (own.content_matches, own.signature_valid) for own in found)
    wrong = wrong or any(
        own.manifest in ("differs", "missing") for own in package.of(SignedArchive)
    )
    states = {own.status for own in package.of(ArchiveEntry)}
    if wrong or states & {"differs", "section-differs", "unchecked", "missing"}:
        return "broken"
    return "uncovered" if states else "intact"


def test_jarsigner_verifies(tmp_path: Path) -> None:
    binary = tool("jarsigner")
    unlike = {}
    for number, (name, params) in enumerate(ATTACKS.items()):
        path = tmp_path / f"{number}.jar"
        path.write_bytes(signed_archive(params)["lib/dten-sync.jar"])
        ours = of_ours(examine(path, Options()))
        theirs = of_jarsigner(binary, path)
        if ours != theirs:
            unlike[name] = f"{ours}, {theirs}"
    print(f"{len(ATTACKS)} archives compared with jarsigner, {len(unlike)} judged otherwise")
    assert unlike == JARSIGNER


SIGNERS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "RSA": (("-keyalg", "RSA", "-keysize", "2048"), ()),
    "EC": (("-keyalg", "EC", "-groupname", "secp384r1"), ()),
    "DSA": (("-keyalg", "DSA", "-keysize", "2048"), ()),
    "PSS": (("-keyalg", "RSASSA-PSS", "-keysize", "2048"), ()),
    "EdDSA": (("-keyalg", "Ed25519"), ()),
    "sections": (("-keyalg", "RSA", "-keysize", "2048"), ("-sectionsonly",)),
    "sha512": (("-keyalg", "RSA", "-keysize", "2048"), ("-digestalg", "SHA-512")),
    "sha1": (("-keyalg", "RSA", "-keysize", "2048"), ("-digestalg", "SHA-1")),
    "internal": (("-keyalg", "RSA", "-keysize", "2048"), ("-internalsf",)),
}


def test_what_jarsigner_signs(tmp_path: Path) -> None:
    """Each kind of key and digest, then a second signer over the first one's archive."""
    binary, keytool = tool("jarsigner"), tool("keytool")
    store = ("-keystore", str(tmp_path / "keys.p12"), "-storepass", "changeit")
    jar, count = tmp_path / "all.jar", 0
    entries = {f"com/acme/größe{'x' * 60}/{n}.class": f"class {n}".encode() for n in range(3)}
    for name, (making, options) in SIGNERS.items():
        made = ("-genkeypair", "-alias", name, "-dname", f"CN={name}", "-validity", "3650")
        code, said = run(keytool, *made, *making, *store)
        assert code == 0, said
        path = tmp_path / f"{name}.jar"
        for target in (path, jar):
            if not target.exists():
                with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
                    for member, data in entries.items():
                        archive.writestr(member, data)
            if target == path or name in ("RSA", "EC", "sections"):
                code, said = run(binary, *store, *options, target, name)
                assert code == 0, said
        assert of_ours(examine(path, Options())) == "intact", name
        assert of_ours(examine(_bent(path), Options())) == "broken", name
        count += 2
    several = examine(jar, Options())
    assert [own.covered for own in several.of(SignedArchive)] == [3, 3, 3]
    assert of_ours(several) == "intact"
    print(f"{count + 1} archives signed by jarsigner verified")


def _bent(path: Path) -> Path:
    """Return the archive with the content of its last entry changed."""
    target = path.with_suffix(".bent.jar")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data + b"!" if name.endswith("2.class") else data)
    return target


def test_openssl_verifies_the_blocks_of_archives(tmp_path: Path) -> None:
    binary = tool("openssl")
    entries = {"a.class": b"class a", "b.class": b"class b"}
    honest = sign_archive(entries, VENDOR)
    block, stated = honest["META-INF/ACME.EC"], honest["META-INF/ACME.SF"]
    attributes = block.rindex(bytes.fromhex("06092a864886f70d010904"))
    cases: dict[str, tuple[bytes, bytes]] = {"honest": (block, stated)}
    bends: dict[str, Callable[[int], tuple[bytes, bytes]]] = {
        "content": lambda at: (block, flip(stated, at % len(stated), at % 8)),
        "signature": lambda at: (flip(block, len(block) - 2 - at % 60), stated),
        "attributes": lambda at: (flip(block, attributes + 16 + at % 30), stated),
    }
    for what, bend in bends.items():
        cases |= {f"{what} {at}": bend(at) for at in range(0, 300, 23)}
    unlike = []
    for name, (message, content) in cases.items():
        files = {"block": message, "content": content}
        for path, data in files.items():
            (tmp_path / path).write_bytes(data)
        code, _ = run(
            binary, "cms", "-verify", "-inform", "DER", "-in", "block", "-content", "content",
            "-binary", "-noverify", "-out", "out", cwd=tmp_path,
        )  # fmt: skip
        bent = honest | {"META-INF/ACME.EC": message, "META-INF/ACME.SF": content}
        jar = tmp_path / "a.jar"
        with zipfile.ZipFile(jar, "w") as archive:
            for path, data in bent.items():
                archive.writestr(path, data)
        verdicts = _verdicts(examine(jar, Options()))
        if (verdicts == [(True, True)]) != (code == 0):
            unlike.append(f"{name}: {verdicts}, openssl {code}")
    print(f"{len(cases)} signature blocks compared with openssl cms")
    assert not unlike
