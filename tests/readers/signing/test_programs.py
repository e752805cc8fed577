"""Signing blocks of Android programs, and signatures inside AppImages, as they are stated."""

from __future__ import annotations

import struct
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document
from dten_audit.examples.signed_apk import Scheme, identity, sign_apk, signing_block
from dten_audit.examples.zip_writer import write_zip
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import SigningBlock
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.key_signatures import KeySignature
from dten_audit.model.facts.signing import PublicKey
from dten_audit.readers.signing import apk_block
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.programs import read_appimage, read_signing_block

V2, PADDING = 0x7109871A, 0x42726577
APPS = identity("Acme Apps")
SCHEMES = (Scheme("2", APPS, stripped=True), Scheme("3", APPS, lineage=(identity("Before"),)))
ARCHIVE = write_zip(sign_apk({"a.txt": b"a"}, SCHEMES))
BLOCK = signing_block(ARCHIVE, SCHEMES)


def block(*pairs: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack("<QI", len(value) + 4, scheme) + value for scheme, value in pairs)
    length = struct.pack("<Q", len(body) + 24)
    return length + body + length + b"APK Sig Block 42"


def of_block(data: bytes, path: str = "@signing-block") -> list[Fact]:
    document = Document(f"p.zip!/a.apk!/{path}", path, "binary", data)
    return [fact for fact in read_signing_block(document) if not hasattr(fact, "text")]


def test_schemes_and_signers() -> None:
    (stated,) = of_block(BLOCK)
    assert isinstance(stated, SigningBlock)
    second, third = apk_block.signers(stated.raw)
    assert (second.scheme, second.demands, second.platforms) == ("2", ("3",), None)
    assert (third.scheme, third.demands) == ("3", ())
    assert third.platforms == ((28, 0x7FFFFFFF), (28, 0x7FFFFFFF))
    assert [len(own.lineage) for own in (second, third)] == [0, 2]


@pytest.mark.parametrize(
    "data",
    [block((V2, b"")), block((V2, b"\xff" * 12)), block((V2, struct.pack("<I", 0))),
     block((PADDING, b"x"))[:8] + b"\xff" * 8 + block((PADDING, b"x"))[16:],
     BLOCK[:900] + BLOCK[901:]],
)  # fmt: skip
def test_what_cannot_be_read_is_said(data: bytes) -> None:
    (found,) = of_block(data)
    assert isinstance(found, Unreadable)
    assert found.language == "APK signing block"


def test_other_documents_are_none_of_its_business() -> None:
    assert of_block(BLOCK, "lib/a.bin") == []
    assert of_block(b"other") == []
    assert of_block(block((PADDING, bytes(50)))) == []


# --- AppImages ---------------------------------------------------------------------------------

ARMOURED = (
    b"-----BEGIN PGP SIGNATURE-----\n\n"
    b"iHUEABYIAB0WIQRs/PSRZBBFbV7TO/HS8pWo9c9PGgUCaOd4AAAKCRDS8pWo9c9P\n"
    b"Gm1+AQDN/06jQPCoI/FdP08Bq2Lq4OXaV5zLhR+Nud/oTFiyswEAwLJEESZB3Xjd\n"
    b"T5O2yRkN1G4AmRlNWkQle3761u+f9Gg=\n=AsS1\n-----END PGP SIGNATURE-----\n"
)


def appimage(
    signature: bytes, key: bytes = b"", *, wide: bool = True, order: str = "<", body: bytes = b""
) -> bytes:
    """Return an ELF file of these sections: names, signature, key, MD5; then what it carries."""
    names = b"\0.shstrtab\0.sha256_sig\0.sig_key\0.digest_md5\0"
    parts = [names, signature.ljust(1024, b"\0"), key.ljust(8192, b"\0"), bytes(16)]
    head = 64 if wide else 52
    form, size = ("IIQQQQ", 64) if wide else ("IIIIII", 40)
    rows, at = [(0, 0, 0, 0, 0, 0)], head
    for name, part in zip((1, 11, 23, 32), parts, strict=True):
        rows.append((name, 1, 0, 0, at, len(part)))
        at += len(part)
    table = b"".join(struct.pack(f"{order}{form}", *row).ljust(size, b"\0") for row in rows)
    ident = b"\x7fELF" + bytes((2 if wide else 1, 1 if order == "<" else 2, 1)).ljust(12, b"\0")
    word = "Q" if wide else "I"
    header = struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH", 2, 62, 1, 0, 0, at, 0, head, 0, 0, size, 5, 1
    )
    return ident + header + b"".join(parts) + table + body


def of_elf(data: bytes) -> list[Fact]:
    document = Document("p.zip!/a.AppImage", "a.AppImage", "elf", data)
    return [fact for fact in read_appimage(document) if not hasattr(fact, "text")]


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_signed_appimage(order: str, *, wide: bool) -> None:
    made = appimage(ARMOURED, wide=wide, order=order, body=b"hsqs")
    (found,) = of_elf(made)
    assert isinstance(found, KeySignature)
    assert (found.format, found.inner, found.attached) == ("OpenPGP", True, True)
    plain = sha256(appimage(b"", wide=wide, order=order, body=b"hsqs")).hexdigest().encode()
    assert found.over[:2] == (plain, plain + b"\n")


def test_the_section_of_another_digest_is_signed_or_not() -> None:
    made = appimage(ARMOURED)
    (found,) = of_elf(made)
    assert isinstance(found, KeySignature)
    assert len(found.over) == 4


def test_an_appimage_without_signature_has_the_section_too() -> None:
    assert of_elf(appimage(b"")) == []
    assert of_elf(appimage(ARMOURED).replace(b".sha256_sig", b".sha256_sum")) == []


def test_a_section_that_holds_something_else() -> None:
    (found,) = of_elf(appimage(b"-----BEGIN"))
    assert isinstance(found, Unreadable)


def test_the_key_beside_it() -> None:
    pysequoia = pytest.importorskip("pysequoia")
    key = pysequoia.Tsk.generate("Acme <a@acme.example>").extract_certificate()
    found = of_elf(appimage(ARMOURED, str(key).encode()))
    assert [type(own) for own in found] == [KeySignature, PublicKey]


@given(st.integers(0, 20_000), st.binary(max_size=8))
def test_no_byte_breaks_the_readers(offset: int, new: bytes) -> None:
    for whole, read in (
        (appimage(ARMOURED), of_elf), (appimage(ARMOURED, wide=False), of_elf), (BLOCK, of_block)
    ):  # fmt: skip
        at = offset % len(whole)
        for fact in read(whole[:at] + new + whole[at + len(new) :]):
            assert fact.subject


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for fact in of_elf(b"\x7fELF" + data) + of_block(data + b"APK Sig Block 42"):
        assert fact.subject
    try:
        assert list(apk_block.pairs(data)) is not None
    except MalformedError:
        return
