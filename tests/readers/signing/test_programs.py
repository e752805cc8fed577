"""Signing blocks of Android programs and signatures of AppImages: recognised, and never more."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.documents.document import Document
from dten_audit.examples.archives import zip_package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signing import UncheckedSignature
from dten_audit.readers.signing.programs import read_appimage, read_signing_block

V2, V3, PADDING = 0x7109871A, 0xF05368C0, 0x42726577


def prefixed(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack("<I", len(body)) + body


def signers(certificate: bytes) -> bytes:
    signed = prefixed(prefixed(b"digest")) + prefixed(prefixed(certificate)) + prefixed()
    return prefixed(prefixed(prefixed(signed), prefixed(b"signature"), prefixed(b"key")))


def block(*pairs: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack("<QI", len(value) + 4, scheme) + value for scheme, value in pairs)
    length = struct.pack("<Q", len(body) + 24)
    return length + body + length + b"APK Sig Block 42"


def of_block(data: bytes, path: str = "@signing-block") -> list[Fact]:
    document = Document(f"p.zip!/a.apk!/{path}", path, "binary", data)
    return [fact for fact in read_signing_block(document) if not hasattr(fact, "text")]


def test_the_schemes_and_their_signer_are_told() -> None:
    found = of_block(block((V2, signers(b"cert")), (PADDING, bytes(50)), (V3, signers(b"cert"))))
    told = [(fact.format, fact.signer) for fact in found if isinstance(fact, UncheckedSignature)]
    signer = f"SHA-256 {hashlib.sha256(b'cert').hexdigest()}"
    assert all(fact.inner for fact in found if isinstance(fact, UncheckedSignature))
    assert told == [("APK signature scheme v2", signer), ("APK signature scheme v3", signer)]
    assert all("signature nor" in fact.unread for fact in found if hasattr(fact, "unread"))


@pytest.mark.parametrize("value", [b"", b"\xff" * 12, prefixed(), signers(b"")])
def test_a_scheme_without_a_certificate(value: bytes) -> None:
    (found,) = of_block(block((V2, value)))
    assert isinstance(found, UncheckedSignature)
    assert found.signer == ""


def test_pairs_that_do_not_fill_the_block() -> None:
    made = block((V2, signers(b"cert"))).replace(struct.pack("<I", V2), struct.pack("<I", 1))
    assert of_block(made) == []
    (found,) = of_block(made[:8] + b"\xff" * 8 + made[16:])
    assert isinstance(found, Unreadable)


def test_other_documents_are_none_of_its_business() -> None:
    assert of_block(block((V2, b"")), "lib/a.bin") == []
    assert of_block(b"other") == []


def test_an_android_program_in_a_package(tmp_path: Path) -> None:
    spec = {"signing_block": "v", "members": [{"path": "a.txt", "text": "a"}], "name": "a.apk"}
    ((_, data),) = zip_package(spec).items()
    (tmp_path / "a.zip").write_bytes(data)
    (found,) = examine(tmp_path / "a.zip", Options()).of(UncheckedSignature)
    assert (found.format, found.inner) == ("APK signature scheme v2", False)


def appimage(signature: bytes, *, wide: bool = True, order: str = "<") -> bytes:
    """Return an ELF file of three sections: none, the names, the signature."""
    names = b"\0.shstrtab\0.sha256_sig\0"
    head = 64 if wide else 52
    at = head + len(names) + len(signature)
    form, size = ("IIQQQQ", 64) if wide else ("IIIIII", 40)
    rows = [(0, 0, 0, 0, 0, 0), (1, 3, 0, 0, head, len(names))]
    rows.append((11, 1, 0, 0, head + len(names), len(signature)))
    table = b"".join(struct.pack(f"{order}{form}", *row).ljust(size, b"\0") for row in rows)
    ident = b"\x7fELF" + bytes((2 if wide else 1, 1 if order == "<" else 2, 1)).ljust(12, b"\0")
    word = "Q" if wide else "I"
    header = struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH", 2, 62, 1, 0, 0, at, 0, head, 0, 0, size, 3, 1
    )
    return ident + header + names + signature + table + bytes(64)


def of_elf(data: bytes) -> list[Fact]:
    document = Document("p.zip!/a.AppImage", "a.AppImage", "elf", data)
    return [fact for fact in read_appimage(document) if not hasattr(fact, "text")]


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_signed_appimage(order: str, *, wide: bool) -> None:
    (found,) = of_elf(appimage(b"-----BEGIN PGP SIGNATURE-----", wide=wide, order=order))
    assert isinstance(found, UncheckedSignature)
    assert found.format == "AppImage signature"
    assert found.remedy


def test_an_appimage_without_signature_has_the_section_too() -> None:
    assert of_elf(appimage(bytes(1024))) == []
    assert of_elf(appimage(b"x").replace(b".sha256_sig", b".sha256_sum")) == []


@given(st.integers(0, 300), st.binary(max_size=8))
def test_no_byte_breaks_the_readers(offset: int, new: bytes) -> None:
    for whole, read in (
        (appimage(b"-----BEGIN"), of_elf),
        (appimage(b"-----BEGIN", wide=False), of_elf),
        (block((V2, signers(b"cert")), (V3, b"")), of_block),
    ):
        at = offset % len(whole)
        for fact in read(whole[:at] + new + whole[at + len(new) :]):
            assert fact.subject


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for fact in of_elf(b"\x7fELF" + data) + of_block(data + b"APK Sig Block 42"):
        assert fact.subject
