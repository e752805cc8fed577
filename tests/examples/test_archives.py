"""The builders of examples write archives that other programs read, and show what they build."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dten_audit.examples import archives
from dten_audit.examples.outline import outline

TEXT = "retries = 5\n"
MEMBERS = [{"path": "etc/agent.conf", "text": TEXT}, {"path": "etc/empty", "text": ""}]
UNPACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "bzip2": bz2.decompress,
    "xz": lzma.decompress,
    "lzma": lzma.decompress,
}


@pytest.mark.parametrize("spec", [{}, {"zip64": True}, {"comment": "c"}, {"before": "#!/bin/sh\n"}])
def test_zips_are_read_by_python(spec: dict[str, object]) -> None:
    data = archives.zip_bytes({"members": MEMBERS, **spec})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["etc/agent.conf", "etc/empty"]
        assert archive.read("etc/agent.conf") == TEXT.encode()


def test_tars_are_read_by_python() -> None:
    long = "d/" * 80 + "agent.conf"
    spec = {"members": [*MEMBERS, {"path": long, "text": TEXT}]}
    with tarfile.open(fileobj=io.BytesIO(archives.tar_bytes(spec))) as archive:
        assert archive.getnames() == ["etc/agent.conf", "etc/empty", long]


@pytest.mark.parametrize("kind", UNPACKERS)
def test_streams_are_read_by_python(kind: str) -> None:
    packed = archives.stream_bytes({"compress": kind, "text": TEXT})
    assert UNPACKERS[kind](packed) == TEXT.encode()


@pytest.mark.parametrize(
    ("build", "name", "command"),
    [
        (archives.sevenzip_bytes, "x.7z", ["7z", "x", "-y"]),
        (archives.cpio_bytes, "x.cpio", ["bsdtar", "-xf"]),
        (archives.ar_bytes, "x.a", ["ar", "x"]),
        (archives.zip_bytes, "x.zip", ["unzip", "-q"]),
    ],
)
def test_archives_are_read_by_their_tools(
    build: Callable[[archives.Spec], bytes], name: str, command: list[str], tmp_path: Path
) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / name).write_bytes(build({"members": [{"path": "agent.conf", "text": TEXT}]}))
    subprocess.run([*command, name], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "agent.conf").read_text() == TEXT


def test_zstd_frames_are_read_by_its_library() -> None:
    from dten_audit.documents.decoders import make_decoder

    packed = archives.stream_bytes({"compress": "zstd", "zeros": 300_000})
    assert make_decoder("zstd", 1 << 27).decompress(packed) == bytes(300_000)


def test_an_outline_shows_each_member_on_a_line() -> None:
    inner = {"members": [{"path": "a/b", "mode": "755"}], "cut": 3}
    spec = {"after": "x\n", "members": [{"path": "p.tar", "tar": inner}]}
    assert list(outline(spec)) == [
        'after: "x\\n"',
        "members:",
        '- path: "p.tar"',
        "  tar:",
        "    members:",
        "    - path: a/b, mode: 755",
        "    cut: 3",
    ]
