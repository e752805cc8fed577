"""NuGet packages against their signatures: honest, changed, and laid out otherwise."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.examples.signed_code import Vendor
from dten_audit.examples.signed_nuget import sign_package, signed_nuget
from dten_audit.examples.zip_writer import ZipMember, write_zip
from dten_audit.model.facts.code_signatures import SealedArchive
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import nuget

ENTRIES = {"a.nuspec": b"<package/>", "lib/a.xml": b"<doc/>" * 50}
MEMBERS = sign_package(ENTRIES, Vendor())
PLAIN = write_zip(MEMBERS[:-1])
SIGNED = write_zip(MEMBERS)


def compared(data: bytes, tmp_path: Path) -> SealedArchive:
    path = tmp_path / "a.nupkg.zip"
    path.write_bytes(data)
    (found,) = examine(path, Options()).of(SealedArchive)
    return found


def test_a_package_of_its_own_and_one_inside_another(tmp_path: Path) -> None:
    ((name, data),) = signed_nuget({}).items()
    assert compared(data, tmp_path).matches is True
    inside = compared(write_zip([ZipMember(name, data)]), tmp_path)
    assert (inside.matches, inside.archive, inside.algorithm) == (True, name, "sha256")


@pytest.mark.parametrize("place", range(len(MEMBERS)))
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_the_digest_is_that_of_the_package_before(place: int, algorithm: str) -> None:
    """Wherever the signature stands: the offsets of what follows it move."""
    import hashlib

    made = write_zip([*MEMBERS[:place], MEMBERS[-1], *MEMBERS[place:-1]])
    assert nuget.digest(made, algorithm) == hashlib.new(algorithm, PLAIN).digest()


@pytest.mark.parametrize("offset", [30, 44, PLAIN.index(b"PK\1\2") - 1, -1])
def test_every_byte_counts(offset: int) -> None:
    honest = write_zip(MEMBERS, comment=b"c")
    made = bytearray(honest)
    made[offset] ^= 1
    assert nuget.digest(bytes(made), "sha256") != nuget.digest(honest, "sha256")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (write_zip(MEMBERS, before_directory=b"hidden"), "bytes stand behind"),
        (write_zip([*MEMBERS, MEMBERS[-1]]), "does not hold one signature"),
        (write_zip([*MEMBERS[:-1], MEMBERS[-1]._replace(streamed=True)]), "not laid out"),
        (SIGNED + b"x", "ends where it says"),
    ],
)
def test_what_is_not_compared(data: bytes, problem: str) -> None:
    with pytest.raises(nuget.NugetError, match=problem):
        nuget.digest(data, "sha256")


def test_a_folder_with_a_signature_is_no_package(tmp_path: Path) -> None:
    (tmp_path / ".signature.p7s").write_bytes(MEMBERS[-1].data)
    (found,) = examine(tmp_path, Options()).of(SealedArchive)
    assert isinstance(found.matches, Unknown)
    assert found.problem


def test_the_package_says_why(tmp_path: Path) -> None:
    found = compared(write_zip(MEMBERS, before_directory=b"hidden"), tmp_path)
    assert isinstance(found.matches, Unknown)
    assert "bytes stand behind" in found.problem


@pytest.mark.parametrize(
    "text",
    [b"", b"Version:2\n", b"Version:1\n\n1.2.3-Hash:AAAA\n", b"Version:1\n" + b"\xff" * 9],
)
def test_texts_without_a_digest(text: bytes) -> None:
    with pytest.raises(nuget.NugetError):
        nuget.stated(text)


def test_a_text_with_a_digest() -> None:
    value = base64.b64encode(bytes(32)).decode()
    text = f"Version:1\r\n\r\n2.16.840.1.101.3.4.2.1-Hash:{value}\r\n\r\n".encode()
    assert nuget.stated(text) == nuget.Stated("sha256", bytes(32))


@given(st.integers(0, len(SIGNED) - 1), st.binary(max_size=4))
def test_no_byte_breaks_it(offset: int, new: bytes) -> None:
    made = SIGNED[:offset] + new + SIGNED[offset + len(new) :]
    try:
        assert len(nuget.digest(made, "sha256")) == 32
    except nuget.NugetError:
        return
