"""Timestamps whose authority was revoked: when its earlier words still count (RFC 3161, 4)."""

from __future__ import annotations

import base64

import pytest

from dten_audit.examples import pki
from dten_audit.examples.revoking import Revoked, archive, in_message, revocation_list
from dten_audit.links.package import Package
from dten_audit.model.facts.signatures import (
    ChainDefect,
    RevocationCheck,
    SignatureCheck,
    TimestampCheck,
)
from dten_audit.model.facts.signing import RevocationList
from dten_audit.site.trust import TrustStore
from tests.derive.signed import package
from tests.derive.signing.world import answer, certificate, identities, store

SCRIPT = b"#!/bin/sh\nset -eu\n./install\n"
STAMPED = "2024-06-01T12:00:00Z"
AUTHORITY = pki.issue(
    "Time Stamping",
    identities()["time"],
    pki.LEAF._replace(valid=("2024-01-01", "2034-01-01"), eku=("timeStamping",)),
)


def trusted() -> TrustStore:
    (package_root,) = store(certificate("old")).roots
    (time_root,) = store(certificate("time")).roots
    return TrustStore([package_root, time_root._replace(use=frozenset({"timestamp"}))])


def audited(carried: pki.Carried, **more: bytes) -> Package:
    """Return a package signed by a certificate that has expired, stamped before."""
    signer = identities()["expired"]
    chain = [identities()["int"].certificate]
    stamp = pki.Stamp(AUTHORITY, (identities()["time"].certificate,), STAMPED)
    signature = pki.sign_detached(SCRIPT, signer, chain, stamp=stamp, carried=carried)
    return package({"up.sh": SCRIPT, "up.sh.p7s": signature, **more}, trusted())


@pytest.mark.parametrize(
    ("at", "reason", "kept"),
    [
        ("", "", True),
        ("2025-06-01", "superseded", True),
        ("2025-06-01", "cessation_of_operation", True),
        ("2025-06-01", "key_compromise", False),
        ("2025-06-01", "", False),
        ("2024-03-01", "superseded", False),
    ],
)
def test_an_authority_that_was_revoked(at: str, reason: str, kept: bool) -> None:
    entries = [Revoked(AUTHORITY.certificate, at, reason)] if at else []
    listed = revocation_list(identities()["time"], entries)
    made = audited(pki.Carried((listed,)))
    (proof,) = made.of(TimestampCheck)
    (check,) = made.of(SignatureCheck)
    assert ("revoked" in proof.defects) == (not kept)
    assert ("revoked-later" in proof.defects) == (kept and bool(at))
    assert check.timestamp == (STAMPED if kept else "")
    kinds = [own.kind for own in made.of(ChainDefect)]
    assert kinds == ([] if kept else ["expired"])


@pytest.mark.parametrize("form", ["crls", "other", "archived", "values", "file", "pem"])
def test_wherever_a_list_stands_it_is_found(form: str) -> None:
    signer, issuer = identities()["expired"], identities()["int"]
    listed = revocation_list(issuer, [Revoked(signer.certificate, "2024-03-01")])
    answered = answer("int", "expired", "int", "2024-03-01").raw
    value = archive([listed])
    carried = {
        "crls": pki.Carried((listed,)),
        "other": pki.Carried((in_message(answered),)),
        "archived": pki.Carried(archived=value),
        "values": pki.Carried(values=value),
    }.get(form, pki.Carried())
    files = {"file": {"keys/ca.crl": listed}, "pem": {"keys/ca.pem": armoured(listed)}}
    made = audited(carried, **files.get(form, {}))
    (stated,) = made.of(RevocationList)
    assert stated.form == ("OCSP" if form == "other" else "CRL")
    assert stated.inside == ("file" if form in files else "signature")
    (worth,) = made.of(RevocationCheck)
    assert (worth.proof, worth.current) == ("proven", True)
    assert worth.revokes[0].startswith("CN=Acme Release,O=Acme Vendor GmbH (SHA-256 ")
    (defect,) = made.of(ChainDefect)
    assert (defect.kind, defect.role) == ("revoked", "signer")
    assert "2024-03-01T00:00:00Z" in defect.detail
    (check,) = made.of(SignatureCheck)
    assert check.revocation.startswith("CN=Acme Release,O=Acme Vendor GmbH was revoked at 2024")


def armoured(raw: bytes) -> bytes:
    body = base64.encodebytes(raw).decode()
    return f"-----BEGIN X509 CRL-----\n{body}-----END X509 CRL-----\n".encode()
