"""Signatures of cabinets and of Windows Installer's packages, honest and bent."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document
from dten_audit.examples.installers import (
    Stream,
    cabinet,
    compound,
    sign_cabinet,
    sign_installer,
)
from dten_audit.examples.signed_code import Vendor
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import ProgramSignature, SignatureSurplus
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.signing.installers import read

VENDOR = Vendor()
FILES = {"dten.dll": b"library of dten", "readme.txt": b"dten 9.4"}
STREAMS = (
    Stream("!_StringData", b"Name Table Type"),
    Stream("Binary.a", b"b" * 5000),
    Stream("Binary.ab", b"c" * 70),
    Stream("Empty", b""),
)
CAB = sign_cabinet(FILES, VENDOR)
MSI = sign_installer(STREAMS, VENDOR)
MSI_EX = sign_installer(STREAMS, VENDOR, metadata=True)
MESSAGE = struct.unpack_from("<I", CAB, 44)[0]


def facts(data: bytes, kind: str = "cab") -> list[Fact]:
    document = Document(f"p.zip!/a.{kind}", f"a.{kind}", kind, data)
    return [fact for fact in read(document) if not hasattr(fact, "text")]


def one(data: bytes, kind: str = "cab") -> ProgramSignature:
    (found,) = facts(data, kind)
    assert isinstance(found, ProgramSignature)
    return found


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


@pytest.mark.parametrize(("data", "kind"), [(CAB, "cab"), (MSI, "msi"), (MSI_EX, "msi")])
def test_the_digest_is_stated_and_computed(data: bytes, kind: str) -> None:
    found = one(data, kind)
    assert (found.form, found.algorithm) == (kind.upper(), "sha256")
    assert found.stated == found.actual


@pytest.mark.parametrize(("data", "kind"), [(cabinet(FILES), "cab"), (compound(STREAMS), "msi")])
def test_without_signature_nothing_is_stated(data: bytes, kind: str) -> None:
    assert facts(data, kind) == []


@pytest.mark.parametrize("offset", [12, 16, 24, 32, 56, 60, 70, MESSAGE - 1])
def test_every_hashed_byte_of_a_cabinet_counts(offset: int) -> None:
    found = one(patched(CAB, offset, bytes((CAB[offset] ^ 1,))))
    assert found.stated != found.actual


@pytest.mark.parametrize("text", [b"Name Table", b"bbbb", b"cccc"])
def test_every_stream_of_an_installer_counts(text: bytes) -> None:
    found = one(MSI.replace(text, b"other Text"[: len(text)], 1), "msi")
    assert found.stated != found.actual


def test_names_count_where_they_are_signed() -> None:
    """Without MsiDigitalSignatureEx, a stream keeps its digest under another name."""
    old, new = (name.encode("utf-16-le") for name in ("Binary.ab", "Binary.ac"))
    assert one(MSI.replace(old, new), "msi").stated == one(MSI, "msi").actual
    found = one(MSI_EX.replace(old, new), "msi")
    assert found.stated != found.actual


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (CAB + b"appended", "behind-cabinet"),
        (patched(CAB, 8, struct.pack("<I", len(CAB))), "inside-cabinet"),
        (patched(CAB + b"appended", 48, struct.pack("<I", len(CAB) - MESSAGE + 8)), "padding"),
    ],
)
def test_bytes_that_no_signature_covers(data: bytes, where: str) -> None:
    found = facts(data)
    assert [fact.where for fact in found if isinstance(fact, SignatureSurplus)] == [where]


@pytest.mark.parametrize(
    ("offset", "new"),
    [(38, b"\1"), (30, b"\5"), (8, b"\xff\xff\xff\x7f")],
)
def test_other_layouts_are_not_compared(offset: int, new: bytes) -> None:
    signatures = [
        fact for fact in facts(patched(CAB, offset, new)) if isinstance(fact, ProgramSignature)
    ]
    assert [fact.actual for fact in signatures] == [""]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (patched(CAB, 44, b"\1\0\0\0"), "cab"),
        (patched(CAB, 48, b"\xff\xff\xff\xff"), "cab"),
        (patched(CAB, MESSAGE, b"\x31"), "cab"),
        (patched(MSI, 30, b"\1\0"), "msi"),
        (patched(MSI, 44, b"\xff\xff\xff\xff"), "msi"),
        (patched(MSI, 48, b"\xf0\xff\xff\0"), "msi"),
        (patched(MSI, 76, b"\xf0\xff\xff\0"), "msi"),
        (MSI[:600], "msi"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "msi"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, kind: str) -> None:
    found = facts(data, kind)
    assert found
    assert all(isinstance(fact, Unreadable) for fact in found)


def test_a_directory_that_runs_in_a_circle() -> None:
    entry = MSI.index("Binary.a\0".encode("utf-16-le"))
    for offset in (68, 72):
        (found,) = facts(patched(MSI, entry + offset, b"\2\0\0\0"), "msi")
        assert isinstance(found, Unreadable)


def test_a_large_table_of_chains_costs_no_more_than_the_file() -> None:
    """Each sector is read once, however many entries claim it."""
    streams = [Stream(f"s{number}", b"x" * 5000) for number in range(200)]
    made = sign_installer(streams, VENDOR)
    entry = made.index("s0\0".encode("utf-16-le"))
    for number in range(1, 200):
        at = made.index(f"s{number}\0".encode("utf-16-le"))
        made = patched(made, at + 116, made[entry + 116 : entry + 120])
    found = facts(made, "msi")
    assert all(isinstance(fact, (Unreadable, ProgramSignature)) for fact in found)


@given(st.sampled_from([CAB, MSI, MSI_EX]), st.integers(0, 7000), st.integers(0, 255))
def test_no_byte_breaks_the_reader(data: bytes, offset: int, value: int) -> None:
    kind = "cab" if data is CAB else "msi"
    for fact in facts(patched(data, offset % len(data), bytes((value,))), kind):
        assert fact.subject


@given(st.binary(max_size=600))
def test_any_bytes(rest: bytes) -> None:
    for fact in facts(b"MSCF\0\0\0\0" + rest) + facts(MSI[:76] + rest, "msi"):
        assert fact.subject


@pytest.mark.skipif(which("osslsigncode") is None, reason="osslsigncode is not installed")
@pytest.mark.parametrize("form", ["cab", "msi", "msi-ex"])
def test_osslsigncode_agrees(form: str, tmp_path: Path) -> None:
    """What it signs fits here, and what is signed here it accepts."""
    kind = form[:3]
    own = {"cab": CAB, "msi": MSI, "msi-ex": MSI_EX}[form]
    plain = cabinet(FILES) if kind == "cab" else compound(STREAMS)
    chain = (VENDOR.signer, VENDOR.authority)
    pem = b"".join(item.certificate.public_bytes(Encoding.PEM) for item in chain)
    key = VENDOR.signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    root = VENDOR.root.certificate.public_bytes(Encoding.PEM)
    for name, data in {"own": own, "plain": plain, "c": pem, "k": key, "root": root}.items():
        (tmp_path / name).write_bytes(data)
    more = ["-add-msi-dse"] if form == "msi-ex" else []
    sign = ["sign", "-h", "sha256", "-certs", "c", "-key", "k", *more, "-in", "plain", "-out", "s"]
    flags = ["-ignore-timestamp", "-ignore-cdp", "-ignore-crl", "-time", "1790900000"]
    verify = ["verify", "-in", "own", "-CAfile", "root", *flags]
    for arguments in (sign, verify):
        subprocess.run(["osslsigncode", *arguments], cwd=tmp_path, check=True, capture_output=True)
    found = one((tmp_path / "s").read_bytes(), kind)
    assert found.stated == found.actual
