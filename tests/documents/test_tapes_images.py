"""Container images, as ``docker save`` and OCI tools write them, open by nesting alone."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Final

import pytest

from dten_audit.documents.image import names_digest

from . import tape_writers as w
from .opening import open_bytes, open_path
from .zip_cases import CANARY

LAYER: Final = (
    w.file(b"opt/dten/a.sql", CANARY)
    + w.file(b"etc/.wh.dten.conf", b"")
    + w.file(b"opt/dten/.wh..wh..opq", b"")
    + w.END
)
CONFIGURATION: Final = json.dumps(
    {"architecture": "amd64", "config": {"Cmd": ["/bin/sh"]}, "rootfs": {"type": "layers"}}
).encode()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def oci(layer: bytes, *, stated: str = "") -> dict[str, bytes]:
    """The files of an OCI layout with one layer."""
    name = stated or digest(layer)
    manifest = json.dumps(
        {"config": {"digest": f"sha256:{digest(CONFIGURATION)}"}, "layers": [{"digest": name}]}
    ).encode()
    return {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"manifests": [{"digest": digest(manifest)}]}).encode(),
        f"blobs/sha256/{digest(manifest)}": manifest,
        f"blobs/sha256/{digest(CONFIGURATION)}": CONFIGURATION,
        f"blobs/sha256/{name}": layer,
    }


def docker(configuration: bytes, *, stated: str = "") -> dict[str, bytes]:
    name = stated or digest(configuration)
    layer = "1" * 64
    return {
        f"{layer}/layer.tar": LAYER,
        f"{layer}/VERSION": b"1.0",
        f"{name}.json": configuration,
        "manifest.json": json.dumps([{"Config": f"{name}.json"}]).encode(),
    }


def tar(files: dict[str, bytes]) -> bytes:
    members = (w.pax(("path", path.encode())) + w.file(b"x", data) for path, data in files.items())
    return b"".join(members) + w.END


@pytest.mark.parametrize("layer", [LAYER, gzip.compress(LAYER, mtime=0)], ids=["tar", "gzip"])
def test_an_image_opens_down_to_its_files(layer: bytes, tmp_path: Path) -> None:
    opening = open_bytes(tar(oci(layer)), tmp_path, "image.tar")
    assert not opening.issues
    assert not opening.gaps
    inside = f"blobs/sha256/{digest(layer)}!/"
    assert opening.tree[f"{inside}opt/dten/a.sql"] == CANARY
    assert opening.tree[f"{inside}opt/dten/.wh..wh..opq"] == b""
    kinds = {document.path: document.kind for document in opening.documents}
    blobs = [path for path in kinds if path.startswith("blobs/")]
    assert [kinds[path] for path in (*blobs, "oci-layout", "index.json")] == ["json"] * 4


def test_an_image_may_be_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "image"
    for path, data in oci(LAYER, stated="0" * 64).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (issue,) = open_path(root).issues
    assert (issue.issue, issue.at.path) == ("digest-mismatch", f"image!/blobs/sha256/{'0' * 64}")


def test_what_docker_saves(tmp_path: Path) -> None:
    opening = open_bytes(tar(docker(CONFIGURATION)), tmp_path, "image.tar")
    assert not opening.issues
    assert f"{'1' * 64}/layer.tar!/opt/dten/a.sql" in opening.tree
    changed = open_bytes(tar(docker(CONFIGURATION, stated="2" * 64)), tmp_path, "image.tar")
    assert [issue.issue for issue in changed.issues] == ["digest-mismatch"]
    assert changed.issues[0].detail == f"sha256:{digest(CONFIGURATION)}"


@pytest.mark.parametrize("blob", [b"text\n", b"", b"\x7fELF" + bytes(60), LAYER])
def test_a_blob_must_be_what_it_is_called(blob: bytes, tmp_path: Path) -> None:
    files = {"a.txt": b"x", f"blobs/sha256/{'3' * 64}": blob, f"blobs/sha512/{'4' * 128}": blob}
    opening = open_bytes(tar(files), tmp_path, "image.tar")
    found = [issue.at.path for issue in opening.issues if issue.issue == "digest-mismatch"]
    assert len(found) == 2


def test_other_files_may_have_such_names(tmp_path: Path) -> None:
    files = {f"{'5' * 64}.json": b'{"cached": true}', f"x/{'6' * 64}": b"x", f"{'7' * 64}": b"x"}
    assert not open_bytes(tar(files), tmp_path, "cache.tar").issues
    assert not names_digest("a/" * 40 + "b.json")
