"""Revocation lists and OCSP responses as hostile bytes: read or refused, never believed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.examples import pki
from dten_audit.examples.encoding import tlv
from dten_audit.examples.revoking import (
    Answering,
    ListProfile,
    Revoked,
    archive,
    basic,
    ocsp_response,
    revocation_list,
)
from dten_audit.readers.signing.ber import parse
from dten_audit.readers.signing.certificates import MalformedError, load
from dten_audit.readers.signing.crl import REASONS, Crl, load_crl
from dten_audit.readers.signing.ocsp import Ocsp, load_ocsp
from dten_audit.readers.signing.oids import REVOCATION_ARCHIVAL
from dten_audit.readers.signing.revocations import Carried, of_attributes, of_message

ROOT = pki.issue("Acme Root CA 2014", None, pki.ROOT)
SIGNER = pki.issue("Acme Release", ROOT, pki.LEAF)
ISSUER, OWN = load(pki.der(ROOT.certificate)), load(pki.der(SIGNER.certificate))
GONE = Revoked(SIGNER.certificate, "2026-09-15T08:00:00Z", "key_compromise", "2026-08-01")
LIST = revocation_list(ROOT, [GONE])
ANSWER = ocsp_response(Answering(ROOT, SIGNER.certificate, ROOT.certificate, "2026-09-15"))


def test_a_list() -> None:
    found = load_crl(LIST)
    assert (found.issuer, found.size) == ("CN=Acme Root CA 2014,O=Acme Vendor GmbH", 1)
    assert found.next_update == found.this_update + timedelta(days=365)
    entry = found.entry(ISSUER.subject_key, OWN.serial)
    assert entry is not None
    assert (entry.reason, entry.at) == ("key_compromise", pki.moment(GONE.at))
    assert entry.invalid_from == pki.moment("2026-08-01")
    assert found.entry(ISSUER.subject_key, 1) is None
    assert found.entry(OWN.subject_key, OWN.serial) is None
    assert found.made_by(ISSUER.public_key)
    assert not found.made_by(OWN.public_key)
    assert found.conclusive
    assert found.scope.reasons == REASONS


def test_a_list_with_a_scope() -> None:
    reasons = frozenset({x509.ReasonFlags.key_compromise})
    point = [x509.UniformResourceIdentifier("http://Acme.example/crl")]
    scope = x509.IssuingDistributionPoint(point, None, False, True, reasons, True, False)
    found = load_crl(revocation_list(ROOT, (), ListProfile(scope=scope, strange=True, base=3)))
    assert (found.base, found.number, found.odd, found.conclusive) == (3, 1, True, False)
    assert found.scope.points == {("UniformResourceIdentifier", "http://acme.example/crl")}
    assert (found.scope.users, found.scope.authorities) == (False, True)
    assert found.scope.reasons == {"key_compromise"}
    assert found.scope.indirect


@pytest.mark.parametrize("raw", [ANSWER, basic(ANSWER)])
def test_an_answer(raw: bytes) -> None:
    found = load_ocsp(raw)
    (answer,) = found.answers
    assert (answer.says, answer.revoked_at) == ("revoked", pki.moment("2026-09-15"))
    assert answer.names(OWN, ISSUER)
    assert not answer.names(ISSUER, ISSUER)
    assert not answer.names(OWN, OWN)
    assert found.made_by(ISSUER)
    assert not found.made_by(OWN)
    assert found.issuer == ISSUER.subject
    assert found.next_update == found.made + timedelta(days=365)


def test_a_refusal_is_no_answer() -> None:
    with pytest.raises(MalformedError, match="try_later"):
        load_ocsp(tlv(0x30, b"\x0a\x01\x03"))


@pytest.mark.parametrize(("load_it", "raw"), [(load_crl, LIST), (load_ocsp, ANSWER)])
def test_no_bent_bit_is_believed(load_it: Callable[[bytes], Crl | Ocsp], raw: bytes) -> None:
    """Whatever bit is bent: refused, or not by the issuer, or the same statement."""
    for bit in range(0, len(raw) * 8, 3):
        bent = bytearray(raw)
        bent[bit // 8] ^= 1 << bit % 8
        try:
            found = load_it(bytes(bent))
        except MalformedError:
            continue
        if isinstance(found, Crl) and found.made_by(ISSUER.public_key):
            assert found.entry(ISSUER.subject_key, OWN.serial) is not None
        elif isinstance(found, Ocsp) and found.made_by(ISSUER):
            assert [answer.says for answer in found.answers] == ["revoked"]


@given(st.binary(max_size=200), st.sampled_from(["CRL", "OCSP"]))
def test_any_bytes_are_read_or_refused(raw: bytes, form: str) -> None:
    for data in (raw, tlv(0x30, raw), LIST[:40] + raw):
        try:
            Carried(form, data).load()  # type: ignore[arg-type]
        except MalformedError:
            continue


def test_attributes_with_anything_in_them() -> None:
    good = parse(archive([LIST, LIST], [ANSWER]))
    kinds = [one.form for one in of_attributes({REVOCATION_ARCHIVAL: [good]})]
    assert kinds == ["CRL", "CRL", "OCSP"]
    chance = random.Random(5126)
    raw = archive([LIST], [ANSWER])
    for _ in range(300):
        bent = bytearray(raw)
        bent[chance.randrange(60)] = chance.randrange(256)
        try:
            value = parse(bytes(bent))
        except ValueError:
            continue
        list(of_attributes({REVOCATION_ARCHIVAL: [value]}))


def test_only_so_many_lists_are_read() -> None:
    many = parse(archive([LIST] * 500))
    assert len(list(of_attributes({REVOCATION_ARCHIVAL: [many, many]}))) == 64
    assert len(list(of_message(parse(tlv(0xA1, *[LIST] * 500))))) == 64


def test_many_entries_are_looked_up_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dten_audit.readers.signing.crl._ENTRIES", 0)
    found = load_crl(LIST)
    entry = found.entry(ISSUER.subject_key, OWN.serial)
    assert entry is not None
    assert entry.reason == "key_compromise"
    assert found.entry(ISSUER.subject_key, 7) is None
    assert not found.conclusive
