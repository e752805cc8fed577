"""Scripts that carry archives: makeself and its kin, shell archives, and look-alikes."""

from __future__ import annotations

import base64
import binascii
import bz2
import contextlib
import gzip
import io
import lzma
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.budget import Budget
from dten_audit.documents.cat import content
from dten_audit.documents.errors import PackageError
from dten_audit.documents.nesting import nested_kind
from dten_audit.documents.selfextract import encoded_payload_of, payload_of
from dten_audit.examples.zip_writer import ZipMember, write_zip

from .opening import open_bytes, open_path

INSTALL = b"#!/bin/sh\nset -e\nsystemctl restart dten-core\n"
HEAD = (
    b'#!/bin/sh\nMD5="0"\nskip="9"\nARCHIVE=$(awk \'/^__ARCHIVE__/ {print NR + 1; exit 0}\' "$0")\n'
    b'tail -n +"$ARCHIVE" "$0" | tar xz -C /opt/dten\n/opt/dten/install.sh\nexit 0\n__ARCHIVE__\n'
)


def tar(name: str = "install.sh", data: bytes = INSTALL, shape: int = tarfile.GNU_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=shape) as archive:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o755
        archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def zipped(name: str = "install.sh", data: bytes = INSTALL) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def zstd(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd as library
    else:
        from backports import zstd as library
    packed: bytes = library.compress(data)
    return packed


PAYLOADS = {
    "gzip": gzip.compress(tar(), mtime=0),
    "bzip2": bz2.compress(tar()),
    "xz": lzma.compress(tar()),
    "zstd": zstd(tar()),
    "tar": tar(),
    "tar-ustar": tar(shape=tarfile.USTAR_FORMAT),
    "tar-pax": tar(shape=tarfile.PAX_FORMAT),
    "base64": base64.encodebytes(tar()),
    "base64-gzip": base64.encodebytes(gzip.compress(tar("x.bin", random.Random(1).randbytes(900)))),
}


@pytest.mark.parametrize("kind", PAYLOADS)
def test_the_archive_behind_a_script_is_opened(kind: str, tmp_path: Path) -> None:
    opening = open_bytes(HEAD + PAYLOADS[kind], tmp_path, "dten.run")
    assert opening.containers[0].kind == "selfextract"
    script, *rest = opening.documents
    assert (script.path, script.kind, script.data) == ("@script.sh", "shell", HEAD)
    assert [document.address for document in rest] == [
        "dten.run!/@payload!/" + ("x.bin" if kind == "base64-gzip" else "install.sh")
    ]
    assert not opening.issues
    assert not opening.gaps
    assert content(tmp_path / "dten.run", rest[0].address, Budget()) == rest[0].data


def test_lines_of_the_script_are_true(tmp_path: Path) -> None:
    script = open_bytes(HEAD + PAYLOADS["xz"], tmp_path, "dten.run").documents[0]
    assert script.location_at(script.text.index("install.sh")).line == 6


def test_an_archive_may_begin_far_behind_the_start(tmp_path: Path) -> None:
    long = HEAD + b"# \xc3\xbc nothing to see here\n" * 60_000
    assert len(long) > 1 << 20
    opening = open_bytes(long + PAYLOADS["gzip"], tmp_path, "dten.run")
    assert list(opening.tree) == ["@script.sh", "@payload!/install.sh"]
    assert opening.documents[0].data == long


def test_an_archive_may_begin_inside_a_line(tmp_path: Path) -> None:
    opening = open_bytes(HEAD[:-1] + b"#" + PAYLOADS["gzip"], tmp_path, "dten.run")
    assert list(opening.tree) == ["@script.sh", "@payload!/install.sh"]


PARTS = {
    "gzip, gzip": (PAYLOADS["gzip"], gzip.compress(tar("b.sh"), mtime=0)),
    "tar, xz": (tar(), lzma.compress(tar("b.sh"))),
    "xz, tar": (lzma.compress(tar()), tar("b.sh")),
    "bzip2, zip": (bz2.compress(tar()), zipped("b.sh")),
    "gzip, bzip2, xz": (PAYLOADS["gzip"], bz2.compress(tar("b.sh")), lzma.compress(tar("c.sh"))),
}


@pytest.mark.parametrize("name", PARTS)
def test_several_archives_are_each_opened(name: str, tmp_path: Path) -> None:
    opening = open_bytes(HEAD + b"".join(PARTS[name]), tmp_path, "dten.run")
    files = [document.path for document in opening.documents if not document.path.startswith("@")]
    assert (
        sorted(files, key=["install.sh", "b.sh", "c.sh"].index)
        == ["install.sh", "b.sh", "c.sh"][: len(PARTS[name])]
    )
    assert opening.names <= {"prepended-data"}
    assert not opening.gaps


def test_streams_that_go_on_are_one_archive(tmp_path: Path) -> None:
    whole = tar("blob", random.Random(2).randbytes(3000))
    packed = gzip.compress(whole[:700], mtime=0) + gzip.compress(whole[700:], mtime=0)
    opening = open_bytes(HEAD + packed, tmp_path, "dten.run")
    assert list(opening.tree) == ["@script.sh", "@payload!/blob"]
    assert not opening.issues


def test_a_zip_behind_a_script_and_other_archives(tmp_path: Path) -> None:
    """As install4j writes it: a script, a packed Java, a ZIP."""
    opening = open_bytes(
        HEAD + PAYLOADS["gzip"] + zipped("app/up.sql", b"select 1;"), tmp_path, "i"
    )
    assert set(opening.tree) == {
        "@prefix!/@script.sh", "@prefix!/@payload!/install.sh", "app/up.sql",
    }  # fmt: skip
    assert opening.names == {"prepended-data"}


def test_a_program_among_the_archives(tmp_path: Path) -> None:
    """As conda's installers are: a script, a program, a tar archive."""
    from .programs import elf

    opening = open_bytes(HEAD + elf() + tar("pkgs/a.sh"), tmp_path, "conda.sh")
    assert list(opening.tree) == ["@script.sh", "@payload", "@payload2!/pkgs/a.sh"]
    assert opening.documents[1].kind == "elf"


NOISE = random.Random(3).randbytes(900)
UNREAD = {
    "encrypted": (b"Salted__" + NOISE, "encrypted", "salted"),
    "lz4": (b"\x04\x22\x4d\x18\x64\x40\xa7" + NOISE, "unsupported-format", "lz4"),
    "compress": (b"\x1f\x9d\x90" + NOISE, "unsupported-format", "compress"),
    "unknown": (b"\x81\x05" + NOISE, "unsupported-format", "payload"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREAD)
def test_a_payload_that_nobody_reads_is_a_gap(name: str, tmp_path: Path) -> None:
    payload, reason, kind = UNREAD[name]
    opening = open_bytes(HEAD + payload, tmp_path, "dten.run")
    assert opening.documents[0].data == HEAD
    assert [(gap.reason, gap.kind, gap.size) for gap in opening.gaps] == [
        (reason, kind, len(payload))
    ]
    assert bool(opening.gaps[0].remedy) == (reason != "encrypted")


LOOKALIKES = {
    "plain": HEAD,
    "utf-8": HEAD + "# größer\n".encode(),
    "magic as text": b"#!/bin/sh\nprintf '\\x1f\\x8b\\x08' > x; echo BZh91AY; echo PK ustar\n",
    "one NUL": b"#!/bin/sh\necho a\necho '\0'\n" + b"echo b\n" * 90,
    "utf-16": ("#!/bin/sh\n" + "echo b\n" * 90).encode("utf-16"),
    "a broken magic": b"#!/bin/sh\nexit\n\x1f\x8b\x08" + b"echo b\n" * 90,
    "base64 in a here-document": b"#!/bin/sh\nbase64 -d <<E | tar xz\n" + PAYLOADS["base64-gzip"],
    "a key": b"#!/bin/sh\nKEY=\\\n" + base64.encodebytes(bytes(range(256)) * 3),
}


@pytest.mark.parametrize("name", LOOKALIKES)
def test_other_scripts_stay_scripts(name: str) -> None:
    assert nested_kind("bin/x.sh", LOOKALIKES[name]) == ("shell", "")


def test_a_document_of_another_language_is_no_container() -> None:
    packed = PAYLOADS["gzip"]
    assert nested_kind("notes.txt", b"see below\n" + packed)[1] == ""
    assert nested_kind("a.py", b"#!/usr/bin/env python3\n" + packed) == ("python", "selfextract")
    assert nested_kind("a", b"#!/usr/bin/env wish\n" + packed) == ("text", "selfextract")


def test_a_thousand_false_starts_do_not_hide_the_rest(tmp_path: Path) -> None:
    data = HEAD + b"\x1f\x8b\x08\0\0\0\0\0\0\3" * 1000 + PAYLOADS["gzip"]
    opening = open_bytes(data, tmp_path, "dten.run")
    assert opening.documents[0].data == HEAD
    assert opening.reasons & {"unsupported-format", "corrupt"} or "@payload2" in str(opening.tree)


def test_base64_that_is_damaged_stays_text() -> None:
    text = PAYLOADS["base64"]
    assert encoded_payload_of(HEAD + text) == len(HEAD)
    assert not encoded_payload_of(HEAD + text[:90] + b"=" + text[91:])
    assert not payload_of(HEAD + text)


@settings(max_examples=60, deadline=None)
@given(
    st.binary(min_size=32, max_size=90),
    st.integers(0, len(HEAD) + 300),
    st.sampled_from(sorted(PAYLOADS)),
)
def test_nothing_that_is_put_in_hides(noise: bytes, at: int, kind: str) -> None:
    data = HEAD + PAYLOADS[kind]
    data = data[:at] + noise + data[at:]
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(PackageError):
        opening = open_bytes(write_zip([ZipMember("x.run", data)]), Path(folder))
        shown = noise in b"".join(opening.tree.values())
        assert shown or opening.issues or opening.gaps


# shell archives


def uuencoded(data: bytes, name: str) -> bytes:
    lines = [binascii.b2a_uu(data[i : i + 45], backtick=True) for i in range(0, len(data), 45)]
    return b"begin 755 %s\n%s`\nend\n" % (name.encode(), b"".join(lines))


SHAR = (
    b"#!/bin/sh\n# This is a shell archive\nsed 's/^X//' << 'SHAR_EOF' > 'bin/start.sh' &&\n"
    b"X#!/bin/sh\nXsystemctl start dten\nplain\nSHAR_EOF\nuudecode << 'UU_EOF'\n"
    + uuencoded(PAYLOADS["gzip"], "payload.tar.gz")
    + b"UU_EOF\nuudecode <<'E2'\nbegin-base64 644 up.sql\n"
    + base64.encodebytes(b"drop table t;\n" * 9)
    + b"====\nE2\nreboot\n"
)


def test_the_files_in_a_shell_archive_are_documents(tmp_path: Path) -> None:
    opening = open_bytes(SHAR, tmp_path, "dten.shar")
    assert opening.containers[0].kind == "shar"
    tree = opening.tree
    assert tree["bin/start.sh"] == b"#!/bin/sh\nsystemctl start dten\nplain\n"
    assert tree["payload.tar.gz!/install.sh"] == INSTALL
    assert tree["up.sql"] == b"drop table t;\n" * 9
    script = opening.documents[0]
    assert script.path == "@script.sh"
    assert script.location_at(script.text.index("reboot")).line == SHAR.count(b"\n")
    assert not opening.issues
    assert not opening.gaps


@pytest.mark.parametrize(
    "text",
    [
        b"begin 644 x\nnot encoded at all\nend\n",
        b"begin 644 x\n",
        b"begin 644 x\n`\nend\n",
        uuencoded(INSTALL, "x").replace(b"\n`", b" hidden\n`"),
        b"begin-base64 644 x\nAAAA*AAA\n====\n",
        b"sed 's/^X//' a > b\n",
        b"begin 644 x\n" * 5000,
    ],
)
def test_text_that_does_not_decode_stays_in_its_script(text: bytes) -> None:
    assert nested_kind("x.sh", b"#!/bin/sh\n" + text)[1] == ""


# what makeself really writes

MAKESELF = shutil.which("makeself")
TOOLS = {
    "gzip": "gzip", "bzip2": "bzip2", "xz": "xz", "zstd": "zstd", "lz4": "lz4", "base64": "base64",
    "nocomp": "tar", "pbzip2": "pbzip2", "compress": "compress", "ssl-encrypt": "openssl",
}  # fmt: skip
GAPS = {"lz4": "unsupported-format", "compress": "unsupported-format", "ssl-encrypt": "encrypted"}


@pytest.mark.skipif(not MAKESELF, reason="makeself is not installed")
@pytest.mark.parametrize("option", TOOLS)
def test_what_makeself_writes(option: str, tmp_path: Path) -> None:
    if not shutil.which(TOOLS[option]):
        pytest.skip(f"{TOOLS[option]} is not installed")
    source = tmp_path / "app"
    source.mkdir()
    (source / "install.sh").write_bytes(INSTALL)
    (source / "install.sh").chmod(0o755)
    (source / "blob").write_bytes(random.Random(7).randbytes(5000))
    secret = ["--ssl-passwd", "x"] if option == "ssl-encrypt" else []
    command = [
        str(MAKESELF),
        "--quiet",
        f"--{option}",
        *secret,
        "app",
        "a.run",
        "Dten",
        "./install.sh",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    opening = open_path(tmp_path / "a.run")
    assert opening.documents[0].path == "@script.sh"
    assert opening.documents[0].data.rstrip().endswith((b"exit $res", b"exit \\$res"))
    if option in GAPS:
        assert opening.reasons == {GAPS[option]}
    else:
        assert opening.tree["@payload!/install.sh"] == INSTALL
        assert not opening.issues
        assert not opening.gaps
