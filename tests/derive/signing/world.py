"""A vendor's PKI with everything that ever confused a verifier: certificates and lists by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from ipaddress import ip_network

from cryptography import x509

from dten_audit.examples import pki
from dten_audit.examples.encoding import integer, oid, tlv
from dten_audit.examples.pki import INTERMEDIATE, LEAF, NOTHING, ROOT, Extra, Identity, Profile
from dten_audit.examples.revoking import (
    LIST,
    Answering,
    ListProfile,
    Revoked,
    ocsp_response,
    revocation_list,
)
from dten_audit.examples.signing import sign
from dten_audit.model.location import Location
from dten_audit.readers.signing import ber
from dten_audit.readers.signing.certificates import X509, load
from dten_audit.readers.signing.crl import Crl, load_crl
from dten_audit.readers.signing.ocsp import Ocsp, load_ocsp
from dten_audit.site.trust import TrustedRoot, TrustStore, Vendor

CA = INTERMEDIATE._replace(path_length=None)
YOUNG = ROOT._replace(valid=("2024-01-01", "2044-01-01"))
OLD, NEW = "Acme Root CA 2014", "Acme Root CA 2024"


def within(*trees: x509.GeneralName) -> Extra:
    return Extra(limits=x509.NameConstraints(list(trees), None))


def without(*trees: x509.GeneralName) -> Extra:
    return Extra(limits=x509.NameConstraints(None, list(trees)))


def called(*names: x509.GeneralName) -> Extra:
    return Extra(names=names)


DNS, MAIL, URI, IP = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier, x509.IPAddress
ORGANISATION = x509.Name(list(pki.name("x"))[:1])

ROOTS: dict[str, tuple[str, Profile, str]] = {
    # name: subject, profile, name of its key
    "old": (OLD, ROOT, ""),
    "new": (NEW, YOUNG, ""),
    "newest": ("Acme Root CA 2026", YOUNG, ""),
    "impostor": (OLD, ROOT, "somebody else"),
    "old-again": (OLD, ROOT._replace(valid=("2020-01-01", "2044-01-01")), ""),
    "root-expired": ("Acme 2004", ROOT._replace(valid=("2004-01-01", "2024-01-01")), ""),
    "root-sha1": ("Acme SHA-1", ROOT._replace(digest="sha1"), ""),
    "root-pl0": ("Acme narrow", ROOT._replace(path_length=0), ""),
    "root-tls": ("Acme web", ROOT._replace(eku=("serverAuth",)), ""),
    "root-bare": ("Acme bare", ROOT._replace(identifiers=False, key_usage=False), ""),
    "time": ("Time Root", ROOT, ""),
}
BELOW: dict[str, tuple[str, Profile, Extra]] = {
    # name: issuer, profile, what else it states
    "int": ("old", INTERMEDIATE, NOTHING),
    "int-new": ("new", INTERMEDIATE, NOTHING),
    "int-newest": ("newest", INTERMEDIATE, NOTHING),
    "int-impostor": ("impostor", CA, NOTHING),
    "int-expired": ("old", CA._replace(valid=("2015-01-01", "2025-01-01")), NOTHING),
    "int-early": ("old", CA._replace(valid=("2027-01-01", "2030-01-01")), NOTHING),
    "int-root-expired": ("root-expired", CA._replace(valid=("2015-01-01", "2034-01-01")), NOTHING),
    "int-root-sha1": ("root-sha1", CA, NOTHING),
    "int-root-v1": ("root-v1", CA, NOTHING),
    "int-root-tls": ("root-tls", CA, NOTHING),
    "int-root-bare": ("root-bare", CA, NOTHING),
    "int-root-pl0": ("root-pl0", CA, NOTHING),
    "below-root-pl0": ("int-root-pl0", CA, NOTHING),
    "int-sha1": ("old", CA._replace(digest="sha1"), NOTHING),
    "int-tls": ("old", CA._replace(eku=("serverAuth",)), NOTHING),
    "int-code": ("old", CA._replace(eku=("codeSigning",)), NOTHING),
    "int-any": ("old", CA._replace(eku=("any",)), NOTHING),
    "int-not-ca": ("old", CA._replace(ca=False), NOTHING),
    "int-no-bc": ("old", CA._replace(ca=None), NOTHING),
    "int-no-sign": ("old", CA._replace(ca=False, key_usage=True), NOTHING),
    "int-bare": ("old", CA._replace(identifiers=False), NOTHING),
    "int-wrong-aki": ("old", CA, Extra(authority_id=b"\x01" * 20)),
    "int-strange": ("old", CA._replace(strange=True), NOTHING),
    "int-pl0": ("old", INTERMEDIATE, NOTHING),
    "below-pl0": ("int-pl0", CA, NOTHING),
    "int-pl1": ("old", CA._replace(path_length=1), NOTHING),
    "below-pl1": ("int-pl1", CA, NOTHING),
    "int-dn-in": ("old", CA, within(x509.DirectoryName(ORGANISATION))),
    "int-dn-out": ("old", CA._replace(permitted=pki.name("x", "Other Corp")), NOTHING),
    "int-dn-not": ("old", CA, without(x509.DirectoryName(ORGANISATION))),
    "int-dns": ("old", CA, within(DNS("acme.example"))),
    "int-dns-not": ("old", CA, without(DNS("acme.example"))),
    "int-mail": ("old", CA, within(MAIL("acme.example"))),
    "int-mail-box": ("old", CA, without(MAIL("eve@acme.example"))),
    "int-uri": ("old", CA, within(URI(".acme.example"))),
    "int-ip": ("old", CA, within(IP(ip_network("192.0.2.0/24")))),
    "int-id": ("old", CA, within(x509.RegisteredID(x509.ObjectIdentifier("1.3.6.1.4.1.99999")))),
    "int-lists": ("old", CA, NOTHING),
}
LEAVES: dict[str, tuple[str, Profile, str, Extra]] = {
    # name: issuer, profile, kind of key, what else it states
    "p384": ("int", LEAF, "p384", NOTHING),
    "ed25519": ("int", LEAF, "ed25519", NOTHING),
    "rsa": ("int", LEAF, "rsa2048", NOTHING),
    "expired": ("int", LEAF._replace(valid=("2024-01-01", "2025-01-01")), "p256", NOTHING),
    "early": ("int", LEAF._replace(valid=("2030-01-01", "2033-01-01")), "p256", NOTHING),
    "soon": ("int", LEAF._replace(valid=("2024-01-01", "2026-12-24")), "p256", NOTHING),
    "for-tls": ("int", LEAF._replace(eku=("serverAuth",)), "p256", NOTHING),
    "for-nothing": ("int", LEAF._replace(eku=()), "p256", NOTHING),
    "for-anything": ("int", LEAF._replace(eku=("any",)), "p256", NOTHING),
    "for-mail-too": ("int", LEAF._replace(eku=("codeSigning", "emailProtection")), "p256", NOTHING),
    "for-time": ("int", LEAF._replace(eku=("timeStamping",)), "p256", NOTHING),
    "an-authority": ("int", LEAF._replace(ca=True, key_usage=False), "p256", NOTHING),
    "signs-certificates": ("int", LEAF._replace(ca=True), "p256", NOTHING),
    "weak": ("int", LEAF, "p192", NOTHING),
    "rsa1024": ("int", LEAF, "rsa1024", NOTHING),
    "sha1": ("int", LEAF._replace(digest="sha1"), "p256", NOTHING),
    "md5": ("int-rsa", LEAF._replace(digest="md5"), "p256", NOTHING),
    "bare": (
        "int", LEAF._replace(identifiers=False, key_usage=False, ca=None), "p256", NOTHING,
    ),
    "strange": ("int", LEAF._replace(strange=True), "p256", NOTHING),
    "wrong-aki": ("int", LEAF, "p256", Extra(authority_id=b"\x02" * 20)),
    "dns-in": ("int-dns", LEAF, "p256", called(DNS("get.acme.example"))),
    "dns-out": ("int-dns", LEAF, "p256", called(DNS("notacme.example"))),
    "dns-not": ("int-dns-not", LEAF, "p256", called(DNS("get.acme.example"))),
    "mail-in": ("int-mail", LEAF, "p256", called(MAIL("a@acme.example"))),
    "mail-out": ("int-mail", LEAF, "p256", called(MAIL("a@sub.acme.example"))),
    "mail-box": ("int-mail-box", LEAF, "p256", called(MAIL("Eve@ACME.example"))),
    "uri-in": ("int-uri", LEAF, "p256", called(URI("https://get.acme.example/x"))),
    "uri-out": ("int-uri", LEAF, "p256", called(URI("https://acme.example/x"))),
    "uri-none": ("int-uri", LEAF, "p256", called(URI("urn:acme:x"))),
    "ip-in": ("int-ip", LEAF, "p256", called(IP(ip_network("192.0.2.7/32").network_address))),
    "ip-out": ("int-ip", LEAF, "p256", called(IP(ip_network("192.0.3.7/32").network_address))),
    "id-out": (
        "int-id", LEAF, "p256", called(x509.RegisteredID(x509.ObjectIdentifier("1.3.6.1"))),
    ),
}  # fmt: skip


@cache
def identities() -> dict[str, Identity]:
    """Every certificate with its key, by name; ``by X`` is an ordinary signer below X."""
    made = {}
    for name, (subject, profile, key) in ROOTS.items():
        own = pki.key(key) if key else pki.key(pki.name(subject).rfc4514_string())
        made[name] = pki.issue(subject, None, profile, own)
    made["root-v1"] = version_1(pki.issue("Acme V1", None, ROOT))
    for name, (issuer, profile, extra) in BELOW.items():
        made[name] = pki.issue(f"Acme {name}", made[issuer], profile, None, extra)
    made |= _crossed(made) | _odd(made)
    for name, (issuer, profile, kind, extra) in LEAVES.items():
        own = pki.key("release", kind)
        made[name] = pki.issue("Acme Release", made[issuer], profile, own, extra)
    for issuer in [*BELOW, *ROOTS, "int-weak", "int-rsa", "int-v1", "int-explicit", "ring-a"]:
        made[f"by {issuer}"] = pki.issue("Acme Release", made[issuer], LEAF, pki.key("release"))
    made["alone"] = pki.issue("Acme Release", None, LEAF, pki.key("release"))
    made["explicit"] = explicit_curve(made["by int"], made["int"])
    made["v1"] = version_1(made["by int"], made["int"])
    return made


def _crossed(made: dict[str, Identity]) -> dict[str, Identity]:
    """Roots that vouch for each other, and for themselves in a circle."""

    def cross(subject: str, issuer: str, profile: Profile = pki.CROSS) -> Identity:
        own = made[subject]
        return Identity(pki.cross_sign(own, made[issuer], profile), own.key)

    made |= {name: pki.issue(name, None, ROOT) for name in ("ring-a", "ring-b", "ring-c")}
    late = pki.CROSS._replace(valid=("2015-01-01", "2026-01-01"))
    return {
        "new-by-old": cross("new", "old"),
        "new-by-old-expired": cross("new", "old", late),
        "old-by-new": cross("old", "new"),
        "newest-by-new": cross("newest", "new", CA),
        "new-by-old-deep": cross("new", "old", CA),
        "new-by-impostor": cross("new", "impostor"),
        "a-by-b": cross("ring-a", "ring-b", CA),
        "b-by-c": cross("ring-b", "ring-c", CA),
        "c-by-a": cross("ring-c", "ring-a", CA),
        "b-by-a": cross("ring-b", "ring-a", CA),
        "b-by-old": cross("ring-b", "old", CA),
    }


def _odd(made: dict[str, Identity]) -> dict[str, Identity]:
    old = made["old"]
    odd = {
        "int-weak": pki.issue("Acme int-weak", old, CA, pki.key("int-weak", "p192")),
        "int-rsa": pki.issue("Acme int-rsa", old, CA, pki.key("int-rsa", "rsa2048")),
        "int-lookalike": pki.issue("Acme int", old, INTERMEDIATE, pki.key("a stranger")),
        "int-twin": pki.issue("Acme int", made["new"], INTERMEDIATE, made["int"].key),
        "int-v1": version_1(pki.issue("Acme int-v1", old, CA), old),
        "delegate": pki.issue("Acme OCSP", made["int"], LEAF._replace(eku=("ocsp",))),
        "not-delegate": pki.issue("Acme OCSP 2", made["int"], LEAF),
        "list-signer": pki.issue("Acme int-lists", old, CA, pki.key("list signer")),
        "list-stranger": pki.issue("Acme int-lists", made["new"], CA, pki.key("list signer")),
    }
    explicit = pki.issue("Acme int-explicit", old, CA)
    return odd | {"int-explicit": explicit_curve(explicit, old)}


def _body(made: Identity) -> list[ber.Element]:
    return list(ber.parse(pki.der(made.certificate)).children(3)[0])


def _reissued(parts: Iterable[bytes], made: Identity, issuer: Identity) -> Identity:
    algorithm = ber.parse(pki.der(made.certificate)).children(3)[1].raw
    body = tlv(0x30, *parts)
    raw = tlv(0x30, body, algorithm, tlv(0x03, b"\0" + sign(issuer.key, body)))
    return Identity(x509.load_der_x509_certificate(raw), made.key)


def version_1(made: Identity, issuer: Identity | None = None) -> Identity:
    """Return it as certificates were before extensions: nothing but names and dates."""
    kept = [part.raw for part in _body(made) if part.tag not in (0xA0, 0xA3)]
    return _reissued(kept, made, issuer or made)


def explicit_curve(made: Identity, issuer: Identity) -> Identity:
    """Return it with a key that describes the curve P-256 instead of naming it."""
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    b = "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
    point = (
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    curve = tlv(
        0x30,
        integer(1),
        tlv(0x30, oid("1.2.840.10045.1.1"), integer(prime)),
        tlv(0x30, tlv(0x04, (prime - 3).to_bytes(32, "big")), tlv(0x04, bytes.fromhex(b))),
        tlv(0x04, bytes.fromhex(point)),
        integer(order),
        integer(1),
    )
    parts = _body(made)
    bits = parts[6].children(2)[1].raw
    key = tlv(0x30, tlv(0x30, oid("1.2.840.10045.2.1"), curve), bits)
    return _reissued([*(p.raw for p in parts[:6]), key, *(p.raw for p in parts[7:])], made, issuer)


@cache
def certificate(name: str) -> X509:
    return load(pki.der(identities()[name].certificate))


def certificates(names: str) -> list[X509]:
    """Return the certificates of names that are separated by commas."""
    return [certificate(name.strip()) for name in names.split(",") if name.strip()]


def store(*roots: X509, state: str = "active", vendor: Vendor | None = None) -> TrustStore:
    at = Location("trust")
    return TrustStore(
        TrustedRoot(root.sha256, state, vendor or Vendor(), at, root)  # type: ignore[arg-type]
        for root in roots
    )


def crl(
    issuer: str, revoked: Sequence[tuple[str, str, str, str]] = (), profile: ListProfile = LIST
) -> Crl:
    """Return a list of (certificate, since, reason, key lost since)."""
    made = identities()
    entries = [Revoked(made[name].certificate, *more) for name, *more in revoked]
    return load_crl(revocation_list(made[issuer], entries, profile))


def answer(responder: str, own: str, issuer: str, revoked_at: str = "", **more: object) -> Ocsp:
    """Return an OCSP response about ``own``."""
    made = identities()
    asked = Answering(made[responder], made[own].certificate, made[issuer].certificate, revoked_at)
    return load_ocsp(ocsp_response(asked._replace(**more)))  # type: ignore[arg-type]
