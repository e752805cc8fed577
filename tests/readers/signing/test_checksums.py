"""Checksum lines of every tool, and lines that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.readers.signing.checksums import entries

D64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
D32, D40 = D64[:32], D64[:40]
D128 = D64 * 2


@pytest.mark.parametrize(
    ("line", "algorithm", "path"),
    [
        (f"{D64}  bin/a.sh", "sha256", "bin/a.sh"),
        (f"{D64} *bin/a.sh", "sha256", "bin/a.sh"),
        (f"{D64}\tbin/a.sh", "sha256", "bin/a.sh"),
        (f"{D64}  name with blanks", "sha256", "name with blanks"),
        (f"\\{D64}  new\\nline", "sha256", "new\nline"),
        (D64.upper() + "  a", "sha256", "a"),
        (f"SHA256 (bin/a.sh) = {D64}", "sha256", "bin/a.sh"),
        (f"SHA2-256(bin/a.sh)= {D64}", "sha256", "bin/a.sh"),
        (f"MD5 (a (1).txt) = {D32}", "md5", "a (1).txt"),
        (f"BLAKE2b (a) = {D128}", "blake2b", "a"),
        (f"a.sh: {D40}", "sha1", "a.sh"),
        (f"a.sh {D40}", "sha1", "a.sh"),
        (D64, "sha256", ""),
        (f"{D128}  a", "sha512", "a"),
    ],
)
def test_forms(line: str, algorithm: str, path: str) -> None:
    (entry,) = entries(f"# list\n\n{line}\n", "SUMS")
    assert (entry.line, entry.algorithm, entry.path) == (3, algorithm, path)
    assert len(entry.digest) in (32, 40, 64, 128)
    assert entry.digest == entry.digest.lower()


@pytest.mark.parametrize(
    "line", ["hello", f"{D64[:-1]}  a", f"SHA256 (a) {D64}x", "SHA256 (a) = 12"]
)
def test_other_lines_are_said(line: str) -> None:
    (entry,) = entries(line, "SUMS")
    assert (entry.digest, entry.path) == ("", line)


def test_long_digests_go_by_the_name() -> None:
    assert next(entries(f"{D128}  a", "B2SUMS")).algorithm == "blake2b"
    assert next(entries(f"{D128}  a", "sha3-512.txt")).algorithm == "sha3_512"


def test_clear_signed_lists() -> None:
    text = (
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{D64}  a\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAdFiEE\n-----END PGP SIGNATURE-----\n"
        f"{D64}  b\n"
    )
    assert [entry.path for entry in entries(text, "SUMS")] == ["a", "b"]


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    for entry in entries(text, "SUMS"):
        assert entry.digest or entry.path
