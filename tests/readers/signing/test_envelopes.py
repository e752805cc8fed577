"""Signatures that are JSON: recognised by what they hold, whoever they name."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.documents.document import Embedded
from dten_audit.examples.key_signing import bare_value, bundle, envelope, pem_public, statement
from dten_audit.model.facts.base import Fact, fact_type
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.key_signatures import KeySignature, KeySignatureCheck
from dten_audit.model.facts.signing import ManifestEntry, UncheckedSignature
from dten_audit.readers.signing import dsse, sigstore_log
from dten_audit.readers.signing.certificates import MalformedError
from dten_audit.readers.signing.reader import read_embedded_keys
from tests.derive.signed import package
from tests.readers.signing.stating import document

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def facts(value: object, path: str = "bin/dten.sigstore.json") -> list[Fact]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    found = read_embedded_keys(document(data, path, "json"))
    return [fact for fact in found if not isinstance(fact, Embedded)]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ({"mediaType": BUNDLE, "messageSignature": {}}, "sigstore bundle"),
        ({"mediaType": BUNDLE, "verificationMaterial": {"certificate": {"rawBytes": "AA=="}}},
         "sigstore bundle"),
        ({"version": 1, "verification_material": {"certificate": "MIIB"}, "envelope": {}},
         "PEP 740 attestation"),
        ({"attestations": [{"bundle": {"dsseEnvelope": {"payloadType": "x"}}}]}, "sigstore bundle"),
        ({"base64Signature": "AA==", "rekorBundle": {}, "cert": "AA=="}, "cosign bundle"),
        ({"signed": {"_type": "Targets"}, "signatures": []}, "Notary metadata"),
        ({"signed": {"_type": "link"}, "signatures": []}, "in-toto metadata"),
    ],
)  # fmt: skip
def test_what_is_recognised(value: object, form: str) -> None:
    (fact,) = facts(value)
    assert isinstance(fact, UncheckedSignature)
    assert fact.format == form
    assert fact.unread.endswith("looked at")


@pytest.mark.parametrize(
    "value",
    [
        {"signatures": ["J. Doe"]},
        {"signed": True, "signatures": []},
        {"text": "the payloadType is said elsewhere", "signatures": 3},
        ["signatures"],
    ],
)
def test_what_is_none(value: object) -> None:
    assert facts(value) == []


@pytest.mark.parametrize(
    "value",
    [
        {"payloadType": "x", "payload": "!", "signatures": []},
        {"payloadType": "x", "payload": "AAAA", "signatures": []},
        {"payloadType": "x", "payload": "AAAA", "signatures": [{"keyid": "a"}]},
        {"payloadType": 3, "payload": "AAAA", "signatures": []},
        {"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {}}},
        {"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {}},
         "messageSignature": {"signature": "!"}},
    ],
)  # fmt: skip
def test_damaged_ones_are_said(value: object) -> None:
    (fact,) = facts(value)
    assert isinstance(fact, Unreadable)


def test_several_envelopes_in_lines() -> None:
    line = json.dumps(json.loads(envelope(statement([]), ["release"]))).encode()
    found = facts(line + b"\n" + line + b"\n{\n", "build.intoto.jsonl")
    assert [fact_type(fact) for fact in found] == ["key_signature"] * 2
    assert [fact.at.line for fact in found] == [1, 2]


@pytest.mark.parametrize("inner", ["messageSignature", "dsseEnvelope"])
def test_bundles_by_bare_keys_are_verified(inner: str) -> None:
    value = json.loads(envelope(statement([("dten", b"payload")]), ["release"]))
    if inner == "messageSignature":
        value = {"signature": b64encode(bare_value(b"payload", "release")).decode()}
    bundle = {"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {}}, inner: value}
    tree = {
        "dten": b"payload",
        "dten.sigstore.json": json.dumps(bundle).encode(),
        "keys/release.pem": pem_public("release"),
    }
    (check,) = package(tree).of(KeySignatureCheck)
    assert check.verdict == "genuine"


@given(st.recursive(st.none() | st.text() | st.integers(), lambda own: st.lists(own)
       | st.dictionaries(st.sampled_from(["payloadType", "payload", "signatures", "sig", "signed",
       "mediaType", "verificationMaterial", "publicKey", "dsseEnvelope"]), own)))  # fmt: skip
def test_any_json_gives_facts(value: object) -> None:
    for fact in facts({"mediaType": BUNDLE, "payloadType": "x", "verificationMaterial": value}):
        assert isinstance(fact, (KeySignature, UncheckedSignature, Unreadable))
    try:
        dsse.parse(value)
    except MalformedError:
        return


@given(st.binary(max_size=200))
def test_any_payload_is_a_statement_or_none(data: bytes) -> None:
    assert dsse.statement(data) is None


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ([], "no attestation in it"),
        ([3, {"attestations": 3}, {"attestations": [4]}], "no attestation in it"),
        ([{"attestations": [{}] * 200}], "more attestations than are looked at"),
    ],
)
def test_what_is_left_of_a_provenance_is_said(stated: list[object], says: str) -> None:
    found = facts({"attestation_bundles": stated, "verification_material": 1})
    assert [own.reason for own in found if isinstance(own, Unreadable)] == [says]
    assert len(found) <= 101


def test_deep_nesting_is_survived() -> None:
    deep = b'{"payloadType": ' + b"[" * 200_000
    assert facts(deep) == []


def test_attestations_say_whose_they_are_and_what_they_cover(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sigstore_log, "is_installed", lambda: False)
    own = json.loads(bundle(b"payload", "release"))
    certificate = own["verificationMaterial"]["certificate"]["rawBytes"]
    payload = statement([("dten.whl", b"payload")])
    kind = b"application/vnd.in-toto+json"
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    inner = {
        "statement": b64encode(payload).decode(),
        "signature": b64encode(bare_value(signed, "release")).decode(),
    }
    material = {"certificate": certificate, "transparency_entries": [{}]}
    value = {"version": 1, "verification_material": material, "envelope": inner}
    name = "dten.whl.publish.attestation.json"
    found = package({"dten.whl": b"payload", name: json.dumps(value).encode()})
    (check,) = found.of(KeySignatureCheck)
    assert (check.verdict, check.attached) == ("genuine", True)
    assert check.signer.startswith("https://ci.acme.example/acme/dten/")
    assert check.signer.endswith(" (says https://ci.acme.example)")
    assert (check.vouched, check.lacks) == ("unchecked", "sigstore")
    stated = [(entry.path, entry.status, entry.signed) for entry in found.of(ManifestEntry)]
    assert stated == [("dten.whl", "matches", True)]
    both = {"version": 1, "attestation_bundles": [{"attestations": [value, value]}]}
    found = package({"dten.whl": b"payload", "dten.whl.provenance": json.dumps(both).encode()})
    assert [check.verdict for check in found.of(KeySignatureCheck)] == ["genuine"] * 2
    inner["signature"] = b64encode(bare_value(signed + b"x", "release")).decode()
    (check,) = package({name: json.dumps(value).encode()}).of(KeySignatureCheck)
    assert check.verdict == "forged"
