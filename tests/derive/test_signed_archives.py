"""Signatures and digests of archives inside the package, read back from the package itself."""

from __future__ import annotations

import zipfile
from pathlib import Path

from dten_audit.auditing import read_package
from dten_audit.derive.deriving import derive
from dten_audit.derive.registry import DERIVERS
from dten_audit.examples import pki
from dten_audit.examples.archives import tar_bytes
from dten_audit.examples.signed_tree import sums
from dten_audit.links.package import Package
from dten_audit.links.relinking import link_package
from dten_audit.model.facts.signatures import SignatureCheck
from dten_audit.model.facts.signing import ManifestEntry, OrphanSignature
from dten_audit.options import Options

SIGNER = pki.issue("Acme Release Signing", None, pki.LEAF)
INNER = tar_bytes(
    {"members": [{"path": "bin/run.sh", "text": "#!/bin/sh\nid\n"}], "compress": "gzip"}
)


def audited(folder: Path, members: dict[str, bytes]) -> Package:
    path = folder / "full.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    options = Options()
    estate = options.estate()
    reading, _ = read_package(path, options, estate)
    package = link_package(path, reading, options.budget)
    derive(package, estate, [one for one in DERIVERS if "signing" in one.function])
    return package


def test_a_signed_archive(tmp_path: Path) -> None:
    made = audited(tmp_path, {
        "payload.tar.gz": INNER, "payload.tar.gz.p7s": pki.sign_detached(INNER, SIGNER),
        "README": b"see there",
    })  # fmt: skip
    (check,) = made.of(SignatureCheck)
    assert (check.target, check.content_matches, check.signature_valid) == (
        "payload.tar.gz", True, True,
    )  # fmt: skip
    assert made.of(OrphanSignature) == []


def test_listed_archives(tmp_path: Path) -> None:
    names = [f"part{number:02}.tar.gz" for number in range(12)]
    files = dict.fromkeys(names, INNER) | {"docs/a.txt": b"text"}
    files["SHA256SUMS"] = sums(files)
    files["part03.tar.gz"] = INNER + b"\0"
    found = {entry.path: entry.status for entry in audited(tmp_path, files).of(ManifestEntry)}
    assert found.pop("part03.tar.gz") == "differs"
    assert set(found.values()) == {"matches"}
    assert len(found) == 12


def test_what_is_inside_an_archive_is_covered_by_its_digest(tmp_path: Path) -> None:
    files = {"payload.tar.gz": INNER}
    files["SHA256SUMS"] = sums(files)
    files["SHA256SUMS.p7s"] = pki.sign_detached(files["SHA256SUMS"], SIGNER)
    found = audited(tmp_path, files).of(ManifestEntry)
    assert [(entry.path, entry.status) for entry in found] == [("payload.tar.gz", "matches")]
