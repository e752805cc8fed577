"""Manifests and signature files of Java archives: folds, line ends, sections, strange input."""

from __future__ import annotations

import contextlib
import hashlib
import time
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Document
from dten_audit.examples.signed_code import manifest, signature_file
from dten_audit.model.facts.code_signatures import DigestManifest
from dten_audit.readers.signing.jar import JarError, is_signing, parse, read

LONG = "com/acme/" + "größe/" * 20 + "Ende.class"


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_every_line_end_and_names_folded_amid_a_character(end: bytes) -> None:
    made = manifest({LONG: b"x", "a.txt": b"y"}).replace(b"\r\n", end)
    found = parse(made)
    assert list(found.entries) == [LONG, "a.txt"]
    assert found.main.get("created-by") == "Acme build"
    assert all(own.fits(b"x") for own in found.entries[LONG].digests())
    assert b"".join([found.main.raw, *(own.raw for own in found.entries.values())]) == made


def test_no_line_is_longer_than_72_bytes_in_our_examples() -> None:
    assert max(map(len, manifest({LONG: b"x"}).split(b"\r\n"))) <= 72


def test_the_digests_of_a_section_are_over_its_very_bytes() -> None:
    made = manifest({"a.txt": b"x", "b.txt": b"y"})
    own, found = parse(signature_file(made)), parse(made)
    for name, section in found.entries.items():
        assert [stated.fits(section.raw) for stated in own.entries[name].digests()] == [True]
    assert [stated.fits(made) for stated in own.whole_digests] == [True]
    assert [stated.fits(found.main.raw) for stated in own.main_digests] == [True]


def test_the_last_section_may_end_without_an_empty_line() -> None:
    found = parse(b"Manifest-Version: 1.0\r\n\r\nName: a\r\nX: 1")
    assert found.entries["a"].raw == found.entries["a"].plain == b"Name: a\r\nX: 1"


def test_sections_of_one_name_are_one() -> None:
    found = parse(b"M: 1\n\nName: a\nMD5-Digest: eA==\n\nName: b\nX: 1\n\nName: a\nX: 2\n\n")
    assert found.entries["a"].raw == b"Name: a\nMD5-Digest: eA==\n\nName: a\nX: 2\n\n"
    assert found.entries["a"].plain.endswith(b"X: 2\n")
    assert [own.name for own in found.entries["a"].digests()] == ["MD5"]


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("SHA", "sha1"),
        ("SHA1", "sha1"),
        ("sha-256", "sha256"),
        ("SHA-384", "sha384"),
        ("SHA-512/256", "sha512_256"),
        ("SHA3-256", "sha3_256"),
        ("MD5", "md5"),
        ("MD2", ""),
        ("WHIRLPOOL", ""),
    ],
)
def test_names_of_digests(name: str, algorithm: str) -> None:
    value = b64encode(hashlib.new(algorithm or "md5", b"x").digest())
    made = b"M: 1\n\nName: a\n" + name.encode() + b"-Digest: " + value + b"\n\n"
    (stated,) = parse(made).entries["a"].digests()
    assert stated.algorithm == algorithm
    assert not algorithm or stated.fits(b"x")


@pytest.mark.parametrize("name", ["./a/b.txt", "/a/b.txt", "a/b.txt"])
def test_names_as_java_looks_them_up(name: str) -> None:
    assert list(parse(f"M: 1\n\nName: {name}\nX: 1\n\n".encode()).entries) == ["a/b.txt"]


def test_a_digest_that_is_no_base64_fits_nothing() -> None:
    (stated,) = parse(b"M: 1\n\nName: a\nMD5-Digest: ###\n\n").entries["a"].digests()
    assert not stated.fits(b"")
    assert stated.value == b""


@pytest.mark.parametrize(
    "data",
    [
        b"\nM: 1\n",
        b" folded\n",
        b"M: 1\n\nX: 1\n\n",
        b"no colon\n",
        b"M: 1\n\nName: a\nno colon\n\n",
        b"M:1\n",
    ],
)
def test_what_no_java_reads(data: bytes) -> None:
    with pytest.raises(JarError):
        parse(data)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("META-INF/MANIFEST.MF", True),
        ("meta-inf/manifest.mf", True),
        ("META-INF/ACME.SF", True),
        ("META-INF/acme.rsa", True),
        ("META-INF/A.DSA", True),
        ("META-INF/A.EC", True),
        ("META-INF/SIG-ACME", True),
        ("META-INF/sig-note.txt", True),
        ("META-INF/sub/ACME.SF", False),
        ("META-INF/INDEX.LIST", False),
        ("META-INF/versions/9/META-INF/A.SF", False),
        ("META-INF/services/java.sql.Driver", False),
        ("lib/META-INF/ACME.SF", False),
        ("META-INF/ACME.SF.txt", False),
    ],
)
def test_what_counts_as_a_part_of_signing(path: str, expected: bool) -> None:
    assert is_signing(path) is expected


@pytest.mark.parametrize(
    ("path", "data", "stated"),
    [
        ("META-INF/MANIFEST.MF", manifest({"a": b"x"}), 1),
        ("META-INF/MANIFEST.MF", manifest({}), 0),
        ("lib/META-INF/MANIFEST.MF", manifest({"a": b"x"}), 0),
    ],
)
def test_manifests_with_digests_are_stated(path: str, data: bytes, stated: int) -> None:
    facts = list(read(Document(f"p.zip!/a.jar!/{path}", path, "properties", data)))
    assert [type(fact) for fact in facts] == [DigestManifest] * stated


@given(st.binary(max_size=300))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    try:
        found = parse(data)
    except JarError:
        return
    assert len(found.main.raw) <= len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"M: 1\n" + b" x\n" * 300_000,
        b"M: 1\n\n" + b"Name: a\nX: 1\n\n" * 60_000,
        b"M: 1\n" + b"\n" * 900_000,
        b"\r" * 900_000,
        b"M: " + b"x" * 900_000,
    ],
)
def test_time_is_linear(data: bytes) -> None:
    start = time.process_time()
    with contextlib.suppress(JarError):
        parse(data)
    assert time.process_time() - start < 3
