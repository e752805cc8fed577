"""Who vouches for a new root: a certificate by an old one, a second signature, and who does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dten_audit.derive.signing.rotations import proposals
from dten_audit.examples import pki
from dten_audit.model.location import Location
from dten_audit.readers.signing.certificates import load
from dten_audit.site.trust import State, TrustedRoot, TrustStore, Vendor
from tests.derive.signed import package

AT = datetime(2026, 11, 21, tzinfo=UTC)
CONTENT = b"#!/bin/sh\nexec ./upgrade\n"
OLD = pki.issue("Acme Root CA 2014", None, pki.ROOT)
NEW = pki.issue("Acme Root CA 2024", None, pki.ROOT)
STRANGER = pki.issue("Acme Root CA 2014", None, pki.ROOT, pki.key("a stranger"))
CROSS = pki.cross_sign(NEW, OLD)


def store(state: State = "active", scope: tuple[str, ...] = ()) -> TrustStore:
    own = load(pki.der(OLD.certificate))
    return TrustStore([TrustedRoot(own.sha256, state, Vendor("acme", scope), Location("t"), own)])


def tree(*signers: pki.Identity, ship: bytes = b"") -> dict[str, bytes]:
    """A script signed below each of these roots, and certificates that lie beside it."""
    files = {"up.sh": CONTENT} | ({"keys/chain.pem": ship} if ship else {})
    for number, root in enumerate(signers):
        leaf = pki.issue(f"Acme Release {number}", root)
        made = pki.sign_detached(CONTENT, leaf, (root.certificate,), at="2026-10-01T12:00:00Z")
        files["up.sh.p7s" if not number else f"sig{number}/up.sh.p7s"] = made
    return files


def found(files: dict[str, bytes], trust: TrustStore) -> list[tuple[str, str]]:
    return [(own.via, own.new.subject) for own in proposals(package(files, trust), trust, AT)]


ACME = "CN=Acme Root CA 2024,O=Acme Vendor GmbH"


@pytest.mark.parametrize(
    ("ship", "trust", "wanted"),
    [
        (pki.pem(CROSS), store(), [("cross-signature", ACME)]),
        (pki.pem(CROSS), store("retiring"), [("cross-signature", ACME)]),
        (pki.pem(CROSS), store("retired"), []),
        (pki.pem(CROSS), store("revoked"), []),
        (pki.pem(CROSS), store(scope=("full.zip",)), [("cross-signature", ACME)]),
        (pki.pem(CROSS), store(scope=("other.zip",)), []),
        (pki.pem(pki.cross_sign(NEW, STRANGER)), store(), []),
        (pki.pem(pki.issue(NEW.certificate.subject, OLD, pki.LEAF, NEW.key).certificate),
         store(), []),
        (pki.pem(pki.issue(NEW.certificate.subject, OLD, pki.CROSS, pki.key("k")).certificate),
         store(), []),
        (pki.pem(pki.issue(NEW.certificate.subject, OLD,
                           pki.CROSS._replace(valid=("2015-01-01", "2020-01-01")),
                           NEW.key).certificate), store(), []),
        (b"", store(), []),
    ],
)  # fmt: skip
def test_cross_certificates(ship: bytes, trust: TrustStore, wanted: list[tuple[str, str]]) -> None:
    assert found(tree(NEW, ship=ship), trust) == wanted


def test_a_second_signature_over_the_same_file() -> None:
    assert found(tree(OLD, NEW), store()) == [("dual-signature", ACME)]
    assert found(tree(NEW, NEW), store()) == []
    assert found(tree(OLD, NEW), store("retired")) == []
    files = tree(OLD, NEW)
    files["up.sh"] += b"\n"
    assert found(files, store()) == []


def test_what_the_store_knows_is_no_news() -> None:
    own = load(pki.der(NEW.certificate))
    known = TrustedRoot(own.sha256, "revoked", Vendor(), Location("t"), own)
    trust = TrustStore([*store().roots, known])
    assert found(tree(NEW, ship=pki.pem(CROSS)), trust) == []
