"""OpenPGP and minisign: said, whose key they name, and never passed over in silence."""

from __future__ import annotations

import base64

import pytest

from dten_audit.documents.document import Embedded
from dten_audit.model.facts.base import Fact, fact_type
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.key_signatures import KeySignature
from dten_audit.model.facts.signing import PrivateKey, PublicKey
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing.reader import read_embedded_keys
from tests.readers.signing.stating import document, states

PGP_SIGNATURE = """-----BEGIN PGP SIGNATURE-----

iHUEABYIAB0WIQRs/PSRZBBFbV7TO/HS8pWo9c9PGgUCaOd4AAAKCRDS8pWo9c9P
Gm1+AQDN/06jQPCoI/FdP08Bq2Lq4OXaV5zLhR+Nud/oTFiyswEAwLJEESZB3Xjd
T5O2yRkN1G4AmRlNWkQle3761u+f9Gg=
=AsS1
-----END PGP SIGNATURE-----
"""
FINGERPRINT = "6CFCF4916410456D5ED33BF1D2F295A8F5CF4F1A"


def packet(tag: int, body: bytes) -> bytes:
    return bytes((0x80 | tag << 2 | 1,)) + len(body).to_bytes(2) + body


RSA_PUBLIC = b"\x04" + bytes(4) + b"\x01" + b"\0\x10\xff\xff" + b"\0\x11\x01\0\1"
ED_PUBLIC = b"\x04" + bytes(4) + b"\x16" + b"\x03\x2b\x65\x70" + b"\0\x10\xff\xff"


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (PGP_SIGNATURE.encode(), ["OpenPGP"]),
        (packet(2, b"\x03\x05\0" + bytes(4) + b"ABCDEFGH" + bytes(20)), ["OpenPGP"]),
        (packet(6, RSA_PUBLIC) + packet(2, b"\x04" + bytes(30)), ["public OpenPGP"]),
        (packet(5, RSA_PUBLIC + b"\0rest"), ["key False"]),
        (packet(5, RSA_PUBLIC + b"\xferest"), ["key True"]),
        (packet(5, ED_PUBLIC + b"\0rest"), ["key False"]),
        (packet(5, b"\x04" + bytes(4) + b"\x63" + bytes(9)), ["key unknown"]),
        (packet(60, b""), ["unreadable"]),
        (b"\x99\xff\xff", ["unreadable"]),
        (b"plain text", ["unreadable"]),
    ],
)
def test_openpgp(data: bytes, facts: list[str]) -> None:
    assert [_pgp(fact) for fact in states(data, "dten.tar.gpg", "pgp")] == facts


def _pgp(fact: Fact) -> str:
    if isinstance(fact, KeySignature):
        return fact.format
    if isinstance(fact, PublicKey):
        return f"public {fact.format}"
    return f"key {fact.encrypted}" if isinstance(fact, PrivateKey) else fact_type(fact)


def test_openpgp_names_its_key_and_file() -> None:
    (fact,) = states(PGP_SIGNATURE.encode(), "out/dten.tar.asc")
    assert isinstance(fact, KeySignature)
    assert (fact.key_id, fact.target) == (FINGERPRINT, "out/dten.tar")


@pytest.mark.parametrize(
    ("size", "facts"),
    [(42, ["public_key"]), (74, ["key_signature"]), (158, ["private_key"])],
)
def test_minisign(size: int, facts: list[str]) -> None:
    body = base64.b64encode(b"Ed12345678" + bytes(size - 10)).decode()
    data = f"untrusted comment: a\n{body}\n".encode()
    found = states(data, "bin/dten.minisig")
    assert [fact_type(fact) for fact in found] == facts
    if isinstance(found[0], PrivateKey):
        assert isinstance(found[0].encrypted, Unknown)


@pytest.mark.parametrize("data", [b"untrusted comment: a\n", b"untrusted comment: a\n!!\n", b"x"])
def test_minisign_that_is_none(data: bytes) -> None:
    (fact,) = states(data, "a.minisig")
    assert isinstance(fact, Unreadable)


@pytest.mark.parametrize("size", [64, 71, 256, 512])
def test_bare_signature_values_are_said(size: int) -> None:
    data = b"\xff" * size
    for raw in (data, base64.b64encode(data)):
        facts = states(raw, "bin/dten.sig", "pgp") if raw == data else in_text(raw)
        (fact,) = facts
        assert isinstance(fact, KeySignature)
        assert (fact.format, fact.target) == ("bare", "bin/dten")
    assert fact_type(states(data, "bin/dten.dat", "pgp")[0]) == "unreadable"


def in_text(raw: bytes) -> list[Fact]:
    found = read_embedded_keys(document(raw, "bin/dten.sig", "text"))
    return [fact for fact in found if not isinstance(fact, Embedded)]


def test_short_texts_are_no_signatures() -> None:
    assert not in_text(b"verify with openssl")


def test_clear_signed_texts_sign_themselves() -> None:
    text = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n{PGP_SIGNATURE}"
    (fact,) = states(text.encode(), "out/notes.asc", "pgp")
    assert isinstance(fact, KeySignature)
    assert fact.target == ""
