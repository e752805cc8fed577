"""Certificate tables of Windows programs and signature blocks of scripts, honest and bent."""

from __future__ import annotations

import hashlib
import struct
from base64 import encodebytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document
from dten_audit.examples.pki import sign_detached, sign_structure
from dten_audit.examples.signed_code import (
    SPC_INDIRECT_DATA,
    Vendor,
    indirect,
    program,
    sign_program,
    stated,
)
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.code_signatures import ProgramSignature, SignatureSurplus
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.signing import pe
from dten_audit.readers.signing.authenticode import read, read_script

VENDOR = Vendor()
PLAIN = program(b"\x90\xc3")
SIGNED = sign_program(PLAIN, VENDOR)
TABLE = len(PLAIN)
DIRECTORY = 0x80 + 24 + 112 + 32


def facts(data: bytes, path: str = "bin/a.exe") -> list[Fact]:
    document = Document(f"p.zip!/{path}", path, "pe", data)
    return [fact for fact in read(document) if not hasattr(fact, "text")]


def one(data: bytes) -> ProgramSignature:
    (found,) = facts(data)
    assert isinstance(found, ProgramSignature)
    return found


def patched(data: bytes, offset: int, new: bytes) -> bytes:
    return data[:offset] + new + data[offset + len(new) :]


def test_a_program_without_table_states_nothing() -> None:
    assert facts(PLAIN) == []


def test_the_digest_is_stated_and_computed() -> None:
    found = one(SIGNED)
    assert (found.algorithm, found.nested) == ("sha256", False)
    assert found.stated == found.actual


def test_nested_signatures() -> None:
    found = facts(sign_program(PLAIN, VENDOR, digests=("sha1", "sha256", "sha384")))
    signatures = [fact for fact in found if isinstance(fact, ProgramSignature)]
    assert [(own.algorithm, own.nested) for own in signatures] == [
        ("sha1", False),
        ("sha256", True),
        ("sha384", True),
    ]
    assert all(own.stated == own.actual for own in signatures)


@pytest.mark.parametrize("offset", [0, 2, 0x3A, 0x80 + 4, 0x80 + 24 + 2, 0x1F0, 0x200, TABLE - 1])
def test_every_hashed_byte_counts(offset: int) -> None:
    offset = max(offset, 2)
    found = one(patched(SIGNED, offset, bytes((SIGNED[offset] ^ 1,))))
    assert found.stated != found.actual


def test_the_checksum_is_left_out() -> None:
    assert one(patched(SIGNED, 0x80 + 24 + 64, b"\1\2\3\4")).actual == one(SIGNED).actual


def test_bytes_behind_the_table_are_told_and_hashed() -> None:
    found = facts(SIGNED + b"appended")
    surplus = [fact for fact in found if isinstance(fact, SignatureSurplus)]
    assert [(own.where, own.size) for own in surplus] == [("behind-table", 8)]
    (own,) = [fact for fact in found if isinstance(fact, ProgramSignature)]
    assert own.stated != own.actual


@pytest.mark.parametrize(
    ("padding", "expected"),
    [(b"", None), (b"\0" * 24, "padding"), (b"\0x", "padding")],
)
def test_padding_of_an_entry(padding: bytes, expected: str | None) -> None:
    made = sign_program(PLAIN, VENDOR, padding=padding)
    surplus = [fact.where for fact in facts(made) if isinstance(fact, SignatureSurplus)]
    assert surplus == ([expected] if expected else [])


def test_a_table_that_swallows_code_fits_nothing() -> None:
    """The directory is under no digest: whoever moves it decides what is left out of it."""
    moved = patched(SIGNED, DIRECTORY, struct.pack("<I", TABLE - 0x100))
    moved = moved[: TABLE - 0x100] + SIGNED[TABLE:] + SIGNED[TABLE - 0x100 : TABLE]
    found = facts(moved)
    surplus = {fact.where for fact in found if isinstance(fact, SignatureSurplus)}
    assert surplus == {"inside-program", "behind-table"}
    assert all(fact.actual == "" for fact in found if isinstance(fact, ProgramSignature))


def test_a_further_entry_of_another_type() -> None:
    more = struct.pack("<IHH", 16, 0x200, 1) + b"evilevil"
    made = patched(SIGNED, DIRECTORY + 4, struct.pack("<I", len(SIGNED) - TABLE + 16)) + more
    assert [fact.where for fact in facts(made) if isinstance(fact, SignatureSurplus)] == [
        "unknown-entry"
    ]


@pytest.mark.parametrize(
    ("offset", "new"),
    [
        (DIRECTORY, struct.pack("<I", 1 << 30)),
        (DIRECTORY, struct.pack("<I", 4)),
        (DIRECTORY + 4, struct.pack("<I", 0xFFFFFFF0)),
        (TABLE, struct.pack("<I", 1 << 20)),
        (TABLE, struct.pack("<I", 3)),
        (TABLE + 8, b"\x31"),
        (TABLE + 8, b"\x30\x80\x00\x00"),
    ],
)
def test_tables_that_cannot_be(offset: int, new: bytes) -> None:
    found = facts(patched(SIGNED, offset, new))
    assert found
    assert all(isinstance(fact, Unreadable) for fact in found if not _surplus(fact))


def _surplus(fact: Fact) -> bool:
    return isinstance(fact, SignatureSurplus)


def test_a_message_over_something_else_is_no_signature_of_a_program() -> None:
    message = sign_detached(b"data", VENDOR.signer, attached=True)
    table = struct.pack("<IHH", len(message) + 8, 0x200, 2) + message
    directory = struct.pack("<II", TABLE, len(table))
    (found,) = facts(patched(PLAIN, DIRECTORY, directory) + table)
    assert isinstance(found, Unreadable)
    assert "no file's digest" in found.reason


def test_an_unknown_digest_is_not_computed() -> None:
    contents = indirect(PLAIN).replace(
        b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", b"\x60\x86\x48\x01\x65\x03\x04\x02\x63"
    )
    message = sign_structure(SPC_INDIRECT_DATA, contents, VENDOR.signer)
    table = struct.pack("<IHH", len(message) + 8, 0x200, 2) + message
    made = patched(PLAIN, DIRECTORY, struct.pack("<II", TABLE, len(table))) + table
    assert one(made).actual == ""


@given(st.integers(0, len(SIGNED) - 1), st.integers(0, 255))
def test_no_byte_breaks_the_reader(offset: int, value: int) -> None:
    for fact in facts(patched(SIGNED, offset, bytes((value,)))):
        assert fact.subject


@given(st.binary(max_size=600))
def test_any_bytes_behind_the_signature(rest: bytes) -> None:
    data = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + rest
    for fact in facts(data):
        assert fact.subject


def test_only_the_headers_of_an_unsigned_program_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def hashed(*_: object) -> str:
        raise AssertionError("hashed")

    monkeypatch.setattr(pe, "digest", hashed)
    assert facts(PLAIN) == []
    assert len(facts(SIGNED.replace(b"PE\0\0", b"XX\0\0"))) == 0


def test_a_program_larger_than_what_is_kept_in_memory(tmp_path: Path) -> None:
    import mmap

    path = tmp_path / "a.exe"
    path.write_bytes(SIGNED)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        document = Document("p.zip!/a.exe", "a.exe", "pe", SIGNED[:512])
        document.mapped = whole
        (found,) = read(document)
    assert isinstance(found, ProgramSignature)
    assert found.stated == found.actual


def script(text: str, encoding: str = "utf-8", mark: bytes = b"") -> bytes:
    """Return a signed PowerShell script: the digest is over its text in UTF-16."""
    digest = hashlib.sha256(text.encode("utf-16-le")).digest()
    contents = stated("sha256", digest)
    message = sign_structure(SPC_INDIRECT_DATA, b"\x30\x00" + contents, VENDOR.signer)
    lines = encodebytes(message).decode().split()
    block = "".join(f"# {line}\r\n" for line in lines)
    whole = f"{text}\r\n# SIG # Begin signature block\r\n{block}# SIG # End signature block\r\n"
    return mark + whole.encode(encoding)


def script_facts(data: bytes) -> list[Fact]:
    path = "install/Upgrade.ps1"
    document = Document(f"p.zip!/{path}", path, "powershell", data)
    return [fact for fact in read_script(document) if not hasattr(fact, "text")]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe")],
)
def test_a_signed_script(encoding: str, mark: bytes) -> None:
    (found,) = script_facts(script("Stop-Service dten\r\nWrite-Host 'ä'", encoding, mark))
    assert isinstance(found, ProgramSignature)
    assert found.form == "PowerShell"
    assert found.stated == found.actual
    assert found.at.line == 3


def test_a_mark_may_be_a_part_of_what_was_signed() -> None:
    (found,) = script_facts(script("\ufeffStop-Service dten"))
    assert isinstance(found, ProgramSignature)
    assert found.stated == found.actual


@pytest.mark.parametrize(("text", "same"), [("dönè", True), ("привет", False)])
def test_scripts_in_the_encoding_of_the_signers_windows(text: str, *, same: bool) -> None:
    """What can be read as Windows-1252 is compared; of other encodings nobody can tell."""
    signed = script(text).replace(text.encode(), text.encode("cp1252" if same else "cp1251"))
    (found,) = script_facts(signed)
    assert isinstance(found, ProgramSignature)
    assert found.actual == (found.stated if same else "")


def test_a_changed_script() -> None:
    (found,) = script_facts(script("Stop-Service dten").replace(b"dten", b"cron"))
    assert isinstance(found, ProgramSignature)
    assert found.stated != found.actual


def test_code_behind_the_block() -> None:
    found = script_facts(script("Stop-Service dten") + b"Remove-Item C:\\\r\n")
    assert [fact.where for fact in found if isinstance(fact, SignatureSurplus)] == ["behind-block"]


@pytest.mark.parametrize(
    "block",
    [
        "# SIG # Begin signature block\r\n# AAAA",
        "# SIG # Begin signature block\r\n# !!\r\n# SIG # End signature block",
    ],
)
def test_blocks_that_cannot_be_read(block: str) -> None:
    (found,) = script_facts(f"exit 0\r\n{block}".encode())
    assert isinstance(found, Unreadable)


@pytest.mark.parametrize(
    "text",
    [
        b"Write-Host '# SIG #'\r\n",
        b'if ($text -like "*`r`n# SIG # Begin signature block`r`n*") {\r\n    Test-It\r\n}\r\n',
    ],
)
def test_a_script_without_signature(text: bytes) -> None:
    assert script_facts(text) == []
