"""Documents of every kind of this family: what is stated, and that any bytes are survived."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.examples import pki
from dten_audit.examples.encoding import oid, tlv
from dten_audit.examples.pki import Identity
from dten_audit.examples.signing import PrivateKey
from dten_audit.model.facts.base import fact_type
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signing import (
    Certificate,
    Signature,
    UncheckedSignature,
)
from dten_audit.model.facts.signing import PrivateKey as PrivateKeyFact
from dten_audit.readers.signing.reader import LARGEST, read, read_embedded_keys
from tests.readers.signing.stating import KINDS, document, states
from tests.readers.signing.test_foreign import PGP_SIGNATURE, RSA_PUBLIC, packet

ROOT = pki.issue("Acme Root CA 2014", None, pki.ROOT)
SIGNER = pki.issue("Acme Release Signing", ROOT, pki.LEAF)
KEY = pki.key("a service")
SPKI = sha256(pki.spki(KEY)).hexdigest()
PEM, DER = ser.Encoding.PEM, ser.Encoding.DER
PLAIN = ser.NoEncryption()


def private(own: PrivateKey, form: ser.PrivateFormat, encoding: ser.Encoding = PEM) -> bytes:
    return own.private_bytes(encoding, form, PLAIN)


def locked(own: PrivateKey, form: ser.PrivateFormat) -> bytes:
    return own.private_bytes(PEM, form, ser.BestAvailableEncryption(b"secret"))


RSA, ED = pki.key("rsa", "rsa2048"), pki.key("ed", "ed25519")
TRADITIONAL, PKCS8, SSH = (
    ser.PrivateFormat.TraditionalOpenSSL, ser.PrivateFormat.PKCS8, ser.PrivateFormat.OpenSSH
)  # fmt: skip


@pytest.mark.parametrize(
    ("data", "form", "algorithm", "encrypted", "derived"),
    [
        (private(KEY, PKCS8), "PKCS #8", "EC secp256r1", False, True),
        (private(RSA, PKCS8), "PKCS #8", "RSA 2048", False, True),
        (private(ED, PKCS8), "PKCS #8", "Ed25519", False, True),
        (private(RSA, TRADITIONAL), "PKCS #1", "RSA 2048", False, True),
        (private(KEY, TRADITIONAL), "SEC 1", "EC secp256r1", False, True),
        (private(KEY, SSH), "OpenSSH", "ecdsa-sha2-nistp256", False, True),
        (private(ED, SSH), "OpenSSH", "ssh-ed25519", False, True),
        (private(RSA, SSH), "OpenSSH", "ssh-rsa", False, True),
        (private(RSA, PKCS8, DER), "PKCS #8", "RSA 2048", False, True),
        (private(RSA, TRADITIONAL, DER), "PKCS #1", "RSA 2048", False, True),
        (locked(RSA, PKCS8), "PKCS #8", "unknown", True, False),
        (locked(RSA, TRADITIONAL), "PKCS #1", "RSA", True, False),
    ],
)
def test_private_keys(
    data: bytes, form: str, algorithm: str, encrypted: bool, derived: bool
) -> None:
    (fact,) = states(data, "conf/server.key")
    assert isinstance(fact, PrivateKeyFact)
    assert (fact.format, fact.algorithm, fact.encrypted) == (form, algorithm, encrypted)
    assert bool(fact.spki_sha256) == derived
    if fact.algorithm.startswith(("EC", "ecdsa")):
        assert fact.spki_sha256 == SPKI


def test_locked_openssh_keys_show_their_public_half() -> None:
    own = pki.private_pem(KEY)
    assert own
    text = private(KEY, SSH).decode()
    raw = base64.b64decode("".join(text.split("\n")[1:-2]))
    bent = raw.replace(b"\0\0\0\x04none\0\0\0\x04none", b"\0\0\0\naes256-ctr\0\0\0\x06bcrypt", 1)
    body = base64.encodebytes(bent).decode()
    armour = "OPENSSH PRIVATE KEY-----"
    data = f"-----BEGIN {armour}\n{body}-----END {armour}\n".encode()
    (fact,) = states(data, "id_ecdsa")
    assert isinstance(fact, PrivateKeyFact)
    assert (fact.encrypted, fact.spki_sha256) == (True, SPKI)


def test_legacy_dsa_keys() -> None:
    own = dsa.generate_private_key(1024)
    data = own.private_bytes(PEM, TRADITIONAL, PLAIN)
    (fact,) = states(data, "id_dsa")
    assert isinstance(fact, PrivateKeyFact)
    assert (fact.format, fact.algorithm) == ("OpenSSL DSA", "DSA 1024")


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("conf/server.key", False),
        ("contest/server.key", False),
        ("latest/server.key", False),
        ("tests/server.key", True),
        ("src/testdata/server.key", True),
        ("dummyserver/certs/server.key", True),
        ("conf/snakeoil.key", True),
        ("conf/server-test.key", True),
        ("molecule/default/server.key", True),
    ],
)
def test_test_trees(path: str, test: bool) -> None:
    (fact,) = states(private(KEY, PKCS8), path)
    assert isinstance(fact, PrivateKeyFact)
    assert fact.test_tree is test


def test_certificates_with_their_lines() -> None:
    data = b"Acme\n" + pki.pem(SIGNER.certificate, ROOT.certificate)
    first, second = states(data, "chain.pem")
    assert isinstance(first, Certificate)
    assert isinstance(second, Certificate)
    assert (first.subject_name, first.siblings) == ("CN=Acme Release Signing,O=Acme Vendor GmbH", 2)
    assert (first.at.line, first.signs_code, first.is_ca, first.self_issued) == (
        2,
        True,
        False,
        False,
    )
    assert (second.signs_code, second.is_ca, second.self_issued) == (False, True, True)
    assert data.split(b"\n")[(second.at.line or 0) - 1] == b"-----BEGIN CERTIFICATE-----"
    assert (second.not_before, second.key) == ("2014-01-01T00:00:00Z", "EC secp256r1")
    assert first.sha256 == sha256(first.der).hexdigest()


def test_other_forms_of_certificates() -> None:
    raw = pki.der(ROOT.certificate)
    (fact,) = states(raw, "root.der")
    assert isinstance(fact, Certificate)
    assert fact.at.line is None
    text = base64.encodebytes(raw + tlv(0x30, b"\x30\x00")).decode()
    trusted = f"-----BEGIN TRUSTED CERTIFICATE-----\n{text}-----END TRUSTED CERTIFICATE-----\n"
    (again,) = states(trusted.encode(), "root.pem")
    assert isinstance(again, Certificate)
    assert again.sha256 == fact.sha256


@pytest.mark.parametrize(
    ("label", "facts"),
    [
        ("PUBLIC KEY", ["public_key"]), ("CERTIFICATE REQUEST", []), ("X509 CRL", ["unreadable"]),
        ("DH PARAMETERS", []), ("SSH SIGNATURE", ["unreadable"]),
        ("CERTIFICATE", ["unreadable"]), ("PRIVATE KEY", ["unreadable"]), ("PKCS7", ["unreadable"]),
        ("OPENSSH PRIVATE KEY", ["unreadable"]),
    ],
)  # fmt: skip
def test_other_blocks(label: str, facts: list[str]) -> None:
    data = f"-----BEGIN {label}-----\nAAECAwQF\n-----END {label}-----\n".encode()
    assert [fact_type(fact) for fact in states(data, "some.pem")] == facts


CONTENT = b"signed\n"
P7S = pki.sign_detached(CONTENT, SIGNER, [ROOT.certificate])


def armoured(label: str, raw: bytes) -> bytes:
    body = base64.encodebytes(raw).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


@pytest.mark.parametrize(
    "data",
    [
        P7S,
        armoured("PKCS7", P7S),
        armoured("CMS", P7S),
        base64.encodebytes(P7S),
        b"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; name=a.p7m\n\n"
        + base64.encodebytes(P7S),
    ],
)
def test_signatures(data: bytes) -> None:
    *certificates, signature = states(data, "a.p7s")
    assert isinstance(signature, Signature)
    assert (signature.raw, signature.signers, signature.attached) == (P7S, 1, False)
    assert {c.inside for c in certificates if isinstance(c, Certificate)} == {"signature"}


def test_bundles_without_signers_are_certificates_only() -> None:
    inner = tlv(0x30, b"\x02\x01\x01", b"\x31\x00", tlv(0x30, oid("1.2.840.113549.1.7.1")),
                tlv(0xA0, pki.der(ROOT.certificate)), b"\x31\x00")  # fmt: skip
    data = tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, inner))
    (fact,) = states(data, "chain.p7b")
    assert isinstance(fact, Certificate)


def test_requests_are_none_of_ours() -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(pki.name("A"))
    csr = request.sign(KEY, hashes.SHA256()).public_bytes(DER)
    assert states(csr, "a.csr", "der") == []
    (other,) = states(tlv(0x30, b"\x02\x01\x01"), "a.der", "der")
    assert isinstance(other, Unreadable)


def test_der_under_the_name_of_pem() -> None:
    (fact,) = states(pki.der(ROOT.certificate), "root.pem", "pem")
    assert isinstance(fact, Certificate)


def test_other_messages_are_not_called_broken() -> None:
    data = tlv(0x30, oid("1.2.840.113549.1.7.3"), tlv(0xA0, b"\x30\x00"))
    (fact,) = states(data, "secret.p7m", "cms")
    assert isinstance(fact, Unreadable)
    assert fact.language == "other CMS message"


@pytest.mark.parametrize(
    "data",
    [
        b'Content-Type: multipart/signed; boundary="x"\n\n--x\ntext\n',
        b"Content-Type: multipart/signed\n\ntext\n",
        b"Content-Type: multipart/signed; boundary=x\n\n--x\n\na\n--x\n\n====\n--x--\n",
        b"Content-Type: multipart/signed; boundary=x\n\n--x\n\na\n--x\n\nAAAA\n--x--\n",
    ],
)
def test_damaged_multipart_messages_are_said(data: bytes) -> None:
    (fact,) = states(data, "mail.p7m")
    assert isinstance(fact, Unreadable)


@pytest.mark.parametrize(
    ("data", "path", "form"),
    [
        (b"0\x03abc", "driver.cat", "Windows catalog"),
    ],
)
def test_what_containers_signatures_leave_open_is_said(data: bytes, path: str, form: str) -> None:
    fact, broken = states(data, path, "cms")
    assert isinstance(fact, UncheckedSignature)
    assert (fact.format, bool(fact.unread), bool(fact.remedy)) == (form, True, True)
    assert isinstance(broken, Unreadable)


def test_pkcs12() -> None:
    bag = pkcs12.serialize_key_and_certificates
    own = SIGNER.key
    data = bag(b"release", own, SIGNER.certificate, [ROOT.certificate], PLAIN)
    facts = states(data, "release.p12")
    assert [fact_type(fact) for fact in facts] == ["private_key", "certificate", "certificate"]
    assert isinstance(facts[0], PrivateKeyFact)
    assert (facts[0].format, facts[0].encrypted) == ("PKCS #12", False)
    sealed = bag(b"r", own, SIGNER.certificate, None, ser.BestAvailableEncryption(b"x"))
    (key,) = (fact for fact in states(sealed, "r.pfx") if isinstance(fact, PrivateKeyFact))
    assert key.encrypted is True
    store = bag(b"r", None, None, [ROOT.certificate], ser.BestAvailableEncryption(b"x"))
    (fact,) = states(store, "truststore.p12")
    assert isinstance(fact, Unreadable)
    assert fact.language == "encrypted key store"


def jks(*entries: bytes) -> bytes:
    return struct.pack(">III", 0xFEEDFEED, 2, len(entries)) + b"".join(entries)


def entry(tag: int, body: bytes) -> bytes:
    return struct.pack(">IH", tag, 5) + b"alias" + bytes(8) + body


def chained(identity: Identity) -> bytes:
    raw = pki.der(identity.certificate)
    return struct.pack(">H", 5) + b"X.509" + struct.pack(">I", len(raw)) + raw


def test_java_key_stores() -> None:
    trusted = entry(2, chained(ROOT))
    (fact,) = states(jks(trusted), "cacerts.jks")
    assert isinstance(fact, Certificate)
    own = entry(1, struct.pack(">I", 3) + b"key" + struct.pack(">I", 1) + chained(SIGNER))
    facts = states(jks(own, trusted), "release.keystore")
    assert isinstance(facts[0], PrivateKeyFact)
    assert facts[0].spki_sha256 == sha256(pki.spki(SIGNER.key)).hexdigest()
    assert [fact_type(fact) for fact in facts[1:]] == ["certificate", "certificate"]
    secret = entry(3, b"serialised")
    (gap,) = states(jks(secret).replace(b"\xfe\xed\xfe\xed", b"\xce" * 4), "s.jceks")
    assert isinstance(gap, Unreadable)
    (cut,) = states(jks(own)[:60], "cut.jks")
    assert isinstance(cut, Unreadable)


TEXT_KEY = pki.private_pem(KEY).decode()


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("tls:\n  key: |\n    " + TEXT_KEY.replace("\n", "\n    "), "values.yaml", 3),
        ('{"a": 1,\n "private_key": "' + TEXT_KEY.replace("\n", "\\n") + '"}', "account.json", 2),
        ('export KEY="' + TEXT_KEY + '"\n', "deploy.sh", 1),
        ("A=1\nKEY='" + TEXT_KEY.replace("\n", "\\n") + "'\n", ".env", 2),
    ],
)
def test_keys_inside_other_files(text: str, path: str, line: int) -> None:
    (fact,) = read_embedded_keys(document(text.encode(), path))
    assert isinstance(fact, PrivateKeyFact)
    assert (fact.at.line, fact.spki_sha256) == (line, SPKI)


@pytest.mark.parametrize(
    "text",
    [
        "key: |\n  -----BEGIN PRIVATE KEY-----\n  MIIEvQ...\n  -----END PRIVATE KEY-----\n",
        "grep -q 'BEGIN RSA PRIVATE KEY-----' file\n",
        "-----BEGIN PRIVATE KEY-----\n",
    ],
)
def test_what_only_looks_like_a_key(text: str) -> None:
    assert not list(read_embedded_keys(document(text.encode(), "values.yaml")))


def test_sigstore_bundles_are_said() -> None:
    data = b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}'
    (fact,) = read_embedded_keys(document(data, "bin/dten.sigstore.json"))
    assert isinstance(fact, UncheckedSignature)
    assert (fact.format, fact.target) == ("sigstore bundle", "bin/dten")


def test_what_is_too_large_is_said() -> None:
    (fact,) = states(b"\x30\x80" + bytes(LARGEST), "a.p7s", "cms")
    assert isinstance(fact, Unreadable)


SEEDS: list[Callable[[], bytes]] = [
    lambda: P7S,
    lambda: pki.der(ROOT.certificate),
    lambda: pki.pem(ROOT.certificate),
    lambda: private(RSA, SSH),
    lambda: jks(entry(2, chained(ROOT))),
    PGP_SIGNATURE.encode,
    lambda: packet(5, RSA_PUBLIC + b"\0rest"),
    lambda: b"untrusted comment: a\nRUQf6LRCGA9i5\n",
]


@given(st.sampled_from(KINDS), st.binary(max_size=300))
def test_any_bytes(kind: str, data: bytes) -> None:
    facts = list(read(document(data, "a", kind)))
    assert facts or kind in ("checksums", "pem", "keystore", "pkcs12", "cms", "pgp")


@given(st.sampled_from(KINDS), st.sampled_from(SEEDS), st.data())
def test_bent_documents(kind: str, seed: Callable[[], bytes], data: st.DataObject) -> None:
    raw = bytearray(seed())
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=4)):
        raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for fact in read(document(bytes(raw[:cut]), "a", kind)):
        assert fact.subject  # type: ignore[union-attr]
