"""Archives, programs and scripts that documents carry as encoded text."""

from __future__ import annotations

import base64
import binascii
import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.blobs import SOURCES, may_carry
from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.cat import content, contents
from dten_audit.documents.document import Document
from dten_audit.documents.open import open_package
from dten_audit.documents.runs import take

from .opening import Opening, open_bytes

JOB = b"0 3 * * * root /opt/dten/bin/import\n"
SCRIPT = b"#!/bin/sh\nset -e\nsudo systemctl stop dten\n"


def tarball(mode: str = "w:gz") -> bytes:
    if mode == "w:gz":
        return gzip.compress(tarball("w"), mtime=0)
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("etc/cron.d/dten")
        info.size = len(JOB)
        archive.addfile(info, io.BytesIO(JOB))
    return target.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return target.getvalue()


TAR = tarball()
ELF = b"\x7fELF\2\1\1" + bytes(57)
PE = b"MZ\x90\0" + bytes(56) + b"\x40\0\0\0" + b"PE\0\0" + bytes(20)


def b64(data: bytes, width: int = 0) -> str:
    text = base64.b64encode(data).decode()
    if not width:
        return text
    return "\n".join(text[at : at + width] for at in range(0, len(text), width))


def escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def joined(data: bytes, before: str, behind: str, width: int = 64) -> str:
    return "".join(f"{before}{line}{behind}\n" for line in b64(data, width).split("\n"))


def opened(text: str | bytes, folder: Path, path: str = "up.sh", **limits: int) -> Opening:
    data = text if isinstance(text, bytes) else text.encode()
    return open_bytes(zipped({path: data}), folder, limits=Limits(**limits))


CRON = "!/etc/cron.d/dten"
CARRIED: list[tuple[str, str, str]] = [
    # shell
    ("up.sh", f"#!/bin/sh\necho {b64(TAR)} | base64 -d | tar xz -C /\n", f"@base64/2{CRON}"),
    ("up.sh", f"X='{b64(TAR)}'\n", f"@base64/1{CRON}"),
    ("up.sh", f'X="{b64(TAR)}"\n', f"@base64/1{CRON}"),
    ("up.sh", f"base64 -d <<EOF | tar xz\n{b64(TAR, 76)}\nEOF\nexit\n", f"@base64/2{CRON}"),
    ("up.sh", f"base64 -d <<EOF | tar xz\n{b64(TAR, 64)}\nEOF\n", f"@base64/2{CRON}"),
    ("up.sh", f"base64 -d <<'DONE'\n{b64(TAR, 20)}\nDONE\n", f"@base64/2{CRON}"),
    ("up.sh", f"X={b64(TAR, 60)}\n".replace("\n", "\\\n", 3), f"@base64/1{CRON}"),
    ("up.sh", joined(TAR, "echo ", " >> /tmp/x.b64"), f"@base64/1{CRON}"),
    ("up.sh", "exit 0\n" + joined(TAR, "# ", ""), f"@base64/2{CRON}"),
    ("up.sh", f"base64 -d >x <<E\n{b64(TAR, 76)}\nE\n".replace("\n", "\r\n"),
     f"@base64/2{CRON}"),
    ("up.sh", f"echo {TAR.hex()} | xxd -r -p | tar xz\n", f"@hex/1{CRON}"),
    ("up.sh", f"echo {TAR.hex().upper()} | xxd -r -p | tar xz\n", f"@hex/1{CRON}"),
    ("up.sh", f"printf '{escaped(TAR)}' | tar xz\n", f"@hex/1{CRON}"),
    ("up.sh", 'printf %b "' + "".join(f"\\{byte:03o}" for byte in TAR) + '" | tar xz\n',
     f"@hex/1{CRON}"),
    ("up.sh", f"X={b64(zipped({'etc/cron.d/dten': JOB}))}\n", f"@base64/1{CRON}"),
    ("up.sh", f"X={b64(tarball('w'))}\n", f"@base64/1{CRON}"),
    ("up.sh", f"base64 -d <<E\n{b64(tarball('w'), 76)}\nE\n", f"@base64/2{CRON}"),
    ("up.sh", f"X={tarball('w').hex()}\n", f"@hex/1{CRON}"),
    ("up.sh", f"X={b64(tarball('w:xz'))}\n", f"@base64/1{CRON}"),
    ("up.sh", f"X={b64(tarball('w:bz2'))}\n", f"@base64/1{CRON}"),
    ("up.sh", f"X={b64(ELF)}\n", "@base64/1"),
    ("up.sh", f"X={b64(SCRIPT)}\n", "@base64/1"),
    ("up.sh", f"X={b64(SCRIPT).rstrip('=')}\nexit 0\n", "@base64/1"),
    # other languages
    ("up.bat", joined(PE, "echo ", ">>x.b64").replace(">>", ">", 1), "@base64/1"),
    ("up.ps1", f"$x = [Convert]::FromBase64String('{b64(PE)}')\n", "@base64/1"),
    ("up.pl", f"print decode_base64(\n{joined(TAR, '  ' + chr(34), chr(34) + ' .')});\n",
     f"@base64/2{CRON}"),
    ("Dockerfile", f"FROM x\nRUN echo {b64(TAR)} | base64 -d | tar xz\n", f"@base64/2{CRON}"),
    ("Makefile", f"all:\n\techo {b64(TAR)} | base64 -d | tar xz\n", f"@base64/2{CRON}"),
    # found by the gate
    ("up.py", f'X = """\n{b64(TAR, 76)}\n"""\n', f"@base64/2{CRON}"),
    ("up.py", f'X = (\n{joined(TAR, "    " + chr(34), chr(34))})\n', f"@base64/2{CRON}"),
    ("up.py", f"X = {TAR!r}\n", f"@hex/1{CRON}"),
    ("up.js", f'const x = "{b64(TAR, 76)}";\n'.replace("\n", '" +\n"', 3), f"@base64/1{CRON}"),
    ("up.js", f"const x = Buffer.from('{TAR.hex()}', 'hex');\n", f"@hex/1{CRON}"),
    ("up.json", f'{{"script": "{b64(TAR, 76)}"}}\n'.replace("\n", "\\n", 3), f"@base64/1{CRON}"),
    ("up.yaml", "files:\n  x: !!binary |\n" + joined(TAR, "    ", ""), f"@base64/3{CRON}"),
    ("up.yaml", f"files:\n- encoding: gz+b64\n  content: {b64(TAR)}\n", f"@base64/3{CRON}"),
    # files that are nothing else
    ("payload.b64", f"{b64(TAR, 76)}\n", f"@base64/1{CRON}"),
    ("payload.txt", b64(TAR), f"@base64/1{CRON}"),
    ("payload", TAR.hex(), f"@hex/1{CRON}"),
    ("payload.uu", "begin 644 x.tgz\n" + "".join(
        binascii.b2a_uu(TAR[at : at + 45]).decode() for at in range(0, len(TAR), 45)
    ) + "`\nend\n", f"@uu/1{CRON}"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "address"), CARRIED)
def test_what_is_carried_is_opened(path: str, text: str, address: str, tmp_path: Path) -> None:
    archive = tmp_path / "p.zip"
    archive.write_bytes(zipped({path: text.encode()}))
    found = {
        item.address.partition("!/")[2]: item
        for item in open_package(archive, Budget(), carries=lambda _document: True)
        if isinstance(item, Document)
    }
    assert found[path].data == text.encode()
    inside = found[f"{path}!/{address}"]
    assert inside.data in (JOB, ELF, PE, SCRIPT)
    assert may_carry(found[path]) or found[path].kind in SOURCES
    assert content(archive, f"p.zip!/{path}!/{address}", Budget()) == inside.data


SILENT: list[str] = [
    "",
    "H4sI",
    f"# H4sI is how gzip starts: H4sIAAAAAAAA\nX={b64(b'H4sI' * 9)}\n",
    f"X={b64(TAR)[:12]}\n",
    f"X={b64(TAR[:3] + bytes(90))}\n",
    f"X=x{b64(TAR)}\n",
    f"X={b64(ELF[:8] + b'x' * 60)[:30]}\n",
    f"X={b64(b'MZ is how a program starts, says a text of some length')}\n",
    f"X={b64(b'#! is how a script starts, and this is prose of some length')}\n",
    f"X={b64(b'-----BEGIN CERTIFICATE-----' * 9)}\n",
    f"X={b64(b'PK' + bytes((3, 4)) + b'no archive of any kind' * 9)}\n",
    f"ssh-ed25519 {b64(bytes(80))} dten@vendor\n",
    "1f8b0800000000000003" + "0" * 80,
    "sha256=1f8b08" + "a" * 58,
    "begin 644 x\nend\n",
    "begin 644 x\nthis is no uuencode\n",
    "\\x1f\\x8b\\x08",
    "'\\x1f\\x8b\\x08'",
    f"<img src='data:image/png;base64,{b64(b'PNG' * 80)}'>",
]


@pytest.mark.parametrize("text", SILENT)
@pytest.mark.parametrize("path", ["up.sh", "up.py"])
def test_what_only_looks_like_it_is_not(text: str, path: str, tmp_path: Path) -> None:
    archive = tmp_path / "p.zip"
    archive.write_bytes(zipped({path: text.encode()}))
    items = list(open_package(archive, Budget(), carries=lambda _document: True))
    assert len(items) == 2


def test_a_stream_that_breaks_off_counts_in_scripts_only(tmp_path: Path) -> None:
    noise = bytes((n * n * 7919 >> 5) & 255 for n in range(3000))
    cut_off = b64(gzip.compress(SCRIPT + noise, mtime=0)[:-90])
    found = opened(f"base64 -d <<< {cut_off} | gunzip > x\n", tmp_path)
    assert "truncated-stream" in found.names
    assert any(data.startswith(SCRIPT) for data in found.tree.values())
    assert opened(f"X = '{cut_off}'\n", tmp_path, "up.py").names == set()


def test_the_next_entry_of_a_dictionary_is_no_piece(tmp_path: Path) -> None:
    streams = (gzip.compress(SCRIPT + b"#" * count, mtime=0) for count in range(99))
    packed = next(b64(stream) for stream in streams if len(stream) % 3 == 0)
    text = f'{{"Asia/Tokyo": "{packed}",\n "America/New_York": "{packed}",\n "Etc": "x"}}\n'
    assert not opened(f"zones='{text}'\n", tmp_path).issues


def test_several_in_one_script_and_inside_each_other(tmp_path: Path) -> None:
    inner = f"#!/bin/sh\necho {b64(TAR)} | base64 -d | tar xz\n".encode()
    packed = gzip.compress(inner, mtime=0)
    text = f"A={b64(ELF)}; B={b64(ELF + b'2')}\nC={b64(inner)}\nD={b64(packed)}\n"
    found = opened(text, tmp_path)
    cron = "@base64/2!/etc/cron.d/dten"
    assert sorted(path.removeprefix("up.sh!/") for path in found.tree) == sorted(
        ["@base64/1", "@base64/1#2", "@base64/2", f"@base64/2!/{cron}", "@base64/3!/3",
         "up.sh"]
    )  # fmt: skip
    assert found.issues == []
    archive = tmp_path / "package.zip"
    addresses = {document.address for document in found.documents}
    assert {address for address, _ in contents(archive, addresses, Budget())} == addresses
    few = sorted(addresses)[:3]
    assert [address for address, _ in contents(archive, few, Budget())] == few


def test_utf_16_is_searched(tmp_path: Path) -> None:
    text = f"$x = 1\r\n$y = '{b64(PE)}'\r\n".encode("utf-16")
    archive = tmp_path / "p.zip"
    archive.write_bytes(zipped({"up.ps1": text}))
    found = [
        item.address.partition("!/")[2]
        for item in open_package(archive, Budget(), carries=lambda _document: True)
        if isinstance(item, Document)
    ]
    assert found == ["up.ps1", "up.ps1!/@base64/2"]


def test_limits_hold(tmp_path: Path) -> None:
    bomb = b64(gzip.compress(bytes(3 << 20), mtime=0))
    assert "limit-total" in opened(f"X={bomb}\n", tmp_path, total=1 << 20).names
    deep = opened(f"X={b64(TAR)}\n", tmp_path, depth=1)
    assert "limit-depth" in deep.names
    assert "limit-depth" in opened(f"X={b64(TAR)}\n", tmp_path, depth=0).names
    many = opened("".join(f"X={b64(SCRIPT + b'%d' % n)}\n" for n in range(1200)), tmp_path)
    assert (len(many.documents), many.reasons) == (1001, {"limit-entries"})
    large = opened(f"{'#' * 5000}\nX={b64(TAR)}\n", tmp_path, memory=4096)
    assert large.reasons == {"limit-memory"}


HOSTILE = [
    "H4sIAAAA\n" * 40_000,
    "H4sIAAAAA" + "A" * 400_000,
    "TVqQAAMA'\n'" * 40_000,
    ("1f8b0800" + "0" * 56 + "\n") * 6_000,
    "1c3RhciAg" * 40_000,
    "1c3RhciAg\n" * 40_000,
    "begin 644 x\n" * 40_000,
    "begin 644 x\n" + binascii.b2a_uu(b"x" * 45).decode() * 6_000,
    "'\\x1f\\x8b\\x08" * 20_000,
    '"\\x1f\\x8b\\x08"\n' * 20_000,
    "echo H4sIAAAA>>x\n" * 20_000,
    "IyEvYmlu" * 50_000,
    "<<" * 100_000 + "\nIyEvYmlu\n" * 20_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_quick(text: str, tmp_path: Path) -> None:
    start = time.process_time()
    opened(text, tmp_path)
    assert time.process_time() - start < 1.5


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=200),
    st.sampled_from([0, 4, 20, 64, 76, 75]),
    st.sampled_from(["\n", "\r\n", "\\n", '"\n"', "' +\n  '", "\\\n"]),
    st.sampled_from(['"', "'", " ", "=", "\n", ">"]),
)
def test_wrapped_text_is_taken_whole(data: bytes, width: int, wrap: str, before: str) -> None:
    whole = gzip.compress(data, mtime=0)
    text = (
        f"x{before}{b64(whole, width)}".replace("\n", wrap)
        if before != "\n"
        else (f"x\n{b64(whole, width)}".replace("\n", wrap))
    )
    start = text.find("H4sI") if width != 4 else text.find("H4sI"[:4])
    run = take(text.encode() + b"\n}\n", start, "base64")
    assert whole in (run.content, run.shorter)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(["base64", "hex", "escapes"]), st.integers(0, 300))
def test_any_bytes_are_taken_without_failure(data: bytes, encoding: str, start: int) -> None:
    run = take(data, min(start, len(data)), encoding)
    assert run.start <= run.end


@given(st.binary(max_size=200))
def test_compressed_and_encoded_content_comes_back(data: bytes) -> None:
    for packed in (gzip.compress(data, mtime=0), bz2.compress(data), lzma.compress(data)):
        for text, encoding in ((b64(packed), "base64"), (packed.hex(), "hex")):
            assert take(text.encode(), 0, encoding).content == packed
        assert take(f"'{escaped(packed)}'".encode(), 1, "escapes").content == packed
        assert take(f"b{packed!r}"[1:].encode(), 2, "escapes").content == packed
