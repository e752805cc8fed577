"""Primitives of verification: known digests only, text form, PSS parameters."""

from __future__ import annotations

import hashlib

import pytest

from dten_audit.examples import pki
from dten_audit.examples.encoding import oid, tlv
from dten_audit.readers.signing.certificates import MalformedError, grouped, load
from dten_audit.readers.signing.cms import parse_signed_data
from dten_audit.readers.signing.verifying import UnsupportedError, digest_of, text_form, verify

SIGNER = pki.issue("Acme Release Signing", None, pki.LEAF)


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512", "sha3_256"])
def test_digests(name: str) -> None:
    assert digest_of(name, b"x") == hashlib.new(name, b"x").digest()
    assert len(digest_of("shake256", b"x")) == 64


@pytest.mark.parametrize(
    "name", ["2.16.840.1.101.3.4.2.11", "shake_128", "sha256WithRSA", "", "md2"]
)
def test_digests_that_are_none_of_ours(name: str) -> None:
    with pytest.raises(UnsupportedError):
        digest_of(name, b"x")


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\r\nb\n", b"a\r\nb\r\n"),
        (b"a\rb", b"a\rb"),
        (b"no end", b"no end"),
        (b"", b""),
    ],
)
def test_text_form(content: bytes, form: bytes) -> None:
    assert text_form(content) == form


def test_an_algorithm_that_does_not_fit_the_key_is_not_computed() -> None:
    signature = pki.sign_detached(b"x", SIGNER)
    bent = signature.replace(oid("1.2.840.10045.4.3.2"), oid("1.2.840.10045.4.3.9"))
    key = load(pki.der(SIGNER.certificate)).public_key
    verdict = verify(parse_signed_data(bent).signers[0], key, b"x")
    assert (verdict.content_matches, verdict.signature_valid) == (True, None)
    assert "1.2.840.10045.4.3.9" in verdict.problem


def test_a_key_of_an_unknown_kind_is_said() -> None:
    verdict = verify(parse_signed_data(pki.sign_detached(b"x", SIGNER)).signers[0], None, b"x")
    assert verdict.signature_valid is None
    assert verdict.problem


@pytest.mark.parametrize("data", [b"", b"\x30\x00", tlv(0x30, oid("1.2.3"), b"\x05\x00")])
def test_not_signed_data(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_signed_data(data)


def test_fingerprints_to_read_aloud() -> None:
    assert grouped("72bc400c9f") == "72BC 400C 9F"
