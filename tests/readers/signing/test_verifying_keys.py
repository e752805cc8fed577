"""Public keys as vendors publish them, and what each key accepts."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.examples.key_signing import (
    edwards,
    minisign,
    minisign_public,
    pem_public,
    ssh_public,
    ssh_signature,
)
from dten_audit.examples.pki import key
from dten_audit.readers.signing import (
    bare,
    bundles,
    dsse,
    openpgp,
    smime,
    sshsig,
)
from dten_audit.readers.signing import (
    minisign as forms,
)
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.pem import blocks
from dten_audit.readers.signing.proofs import Content
from dten_audit.readers.signing.verifying_keys import VerifyingKey, pem_key, verifying_keys

CONTENT = b"payload"


@pytest.mark.parametrize(
    ("data", "form", "label"),
    [
        (minisign_public("release"), "minisign", "minisign public key"),
        (minisign_public("release").split(b"\n")[1], "minisign", ""),
        (minisign_public("release").replace(b"\n", b"\r\n"), "minisign", "minisign public key"),
        (ssh_public("release"), "SSH", "release@acme.example"),
        (ssh_public("release", "p256"), "SSH", "release@acme.example"),
        (b'r@acme namespaces="file,git" ' + ssh_public("release", comment=""), "SSH", "r@acme"),
        (b"# signers\nr@acme " + ssh_public("release"), "SSH", "release@acme.example"),
        (pem_public("release"), "PEM", ""),
    ],
)
def test_forms(data: bytes, form: str, label: str) -> None:
    (found,) = verifying_keys(data)
    assert found.form == form
    assert found.label.startswith(label)


def test_options_of_allowed_signers() -> None:
    line = b'r@acme namespaces="file,git",valid-before="20300101" ' + ssh_public("release")
    (found,) = verifying_keys(line)
    assert found.options == ("namespaces=file,git", "valid-before=20300101")
    first, last = sshsig.limits(found.options)
    assert (first, last and last.year) == (None, 2030)
    assert verifying_keys(b"r@acme cert-authority " + ssh_public("release")) == []


@pytest.mark.parametrize("text", ["", "2030", "20301301", "203001011", "2030010112345", "x"])
def test_dates_that_are_none(text: str) -> None:
    assert sshsig.limits((f"valid-before={text}",)) == (None, None)


def strings(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def by_security_key(kind: str, flags: int) -> tuple[bytes, VerifyingKey]:
    """Return a signature as a security key makes it (PROTOCOL.u2f of OpenSSH)."""
    application, after = b"ssh:", bytes((flags,)) + (7).to_bytes(4)
    message = b"SSHSIG" + strings(b"file", b"", b"sha256", sha256(CONTENT).digest())
    signed = sha256(application).digest() + after + sha256(message).digest()
    if kind == "sk-ssh-ed25519@openssh.com":
        raw = edwards("release").public_key().public_bytes_raw()
        blob = strings(kind.encode(), raw, application)
        value = edwards("release").sign(signed)
    else:
        own = key("release")
        assert isinstance(own, ec.EllipticCurvePrivateKey)
        numbers = own.public_key().public_numbers()
        point = b"\x04" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)
        blob = strings(kind.encode(), b"nistp256", point, application)
        made = decode_dss_signature(own.sign(signed, ec.ECDSA(hashes.SHA256())))
        value = strings(*(number.to_bytes(33) for number in made))
    inner = strings(kind.encode(), value) + after
    raw = b"SSHSIG\0\0\0\1" + strings(blob, b"file", b"", b"sha256", inner)
    (public,) = verifying_keys(kind.encode() + b" " + b64encode(blob))
    return raw, public


@pytest.mark.parametrize(
    "kind", ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"]
)
def test_security_keys(kind: str) -> None:
    raw, public = by_security_key(kind, 1)
    assert sshsig.verify(raw, public, Content(CONTENT)).verdict == "genuine"
    assert sshsig.verify(raw, public, Content(b"other")).verdict == "forged"
    raw, public = by_security_key(kind, 0)
    assert sshsig.verify(raw, public, Content(CONTENT)).verdict == "refused"
    (plain,) = verifying_keys(ssh_public("release"))
    assert sshsig.verify(raw, plain, Content(CONTENT)).verdict == "unchecked"


def test_probabilistic_signatures_of_rsa() -> None:
    own = key("release", "rsa2048")
    assert isinstance(own, rsa.RSAPrivateKey)
    public = pem_key(_spki(pem_public("release", "rsa2048"))).raw
    for digest, length in ((hashes.SHA256(), 32), (hashes.SHA512(), padding.PSS.MAX_LENGTH)):
        scheme = padding.PSS(padding.MGF1(digest), length)
        made = own.sign(CONTENT, scheme, digest)
        assert bare.verify(made, public, Content(CONTENT)).verdict == "genuine"
        assert bare.verify(made, public, Content(b"other")).verdict == "forged"


def _spki(pem: bytes) -> bytes:
    (block,) = blocks(pem.decode())
    assert block.data is not None
    return block.data


def test_keys_that_cannot_verify() -> None:
    assert bare.verify(bytes(64), b"no key", Content(CONTENT)).verdict == "unchecked"
    assert bare.verify(bytes(64), b"", Content(CONTENT)).problem


@given(st.binary(max_size=300))
def test_any_bytes_are_keys_or_none(data: bytes) -> None:
    for start in (b"", b"untrusted comment: x\nRW", b"ssh-ed25519 ", b"\xc6\x33\x04"):
        assert isinstance(verifying_keys(start + data), list)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damaged_signatures_are_malformed_or_parsed(data: bytes, cut: int) -> None:
    armoured = ssh_signature(CONTENT, "release").split(b"\n")[1:-2]
    ssh = _spki(b"-----BEGIN X-----\n" + b"\n".join(armoured) + b"\n-----END X-----\n")
    for parse, whole in (
        (sshsig.stated, ssh),
        (forms.stated, minisign(CONTENT, "release")),
        (smime.split, b"Content-Type: multipart/signed; boundary=x\n\n--x\n\n--x\n"),
        (bundles.load, b'{"verificationMaterial": '),
        (dsse.load, b'{"payloadType": "x", '),
    ):
        try:
            parse(whole[:cut] + data)
        except MalformedError:
            continue


@given(st.binary(max_size=300))
def test_any_bytes_are_packets_or_none(data: bytes) -> None:
    for start in (b"", b"\xc2", b"\x88\x40\x04", b"\xc6\x33\x04"):
        raw = start + data
        assert all(len(packet.identity) % 2 == 0 for packet in openpgp.packets(raw))
        assert all(own.fingerprints for own in openpgp.certificates(raw))
        assert openpgp.starts_alike(raw, CONTENT) in (None, True, False)
        openpgp.is_whole(raw)
