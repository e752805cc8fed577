"""Instances of sigstore that the trust store knows: what they vouch for, and every bend of it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dten_audit.examples import sigstore_writer
from dten_audit.examples.key_signing import pem_public
from dten_audit.examples.pki import der, pem
from dten_audit.examples.sigstore_writer import ISSUER, SIGNED, Instance, of_cosign
from dten_audit.links.package import Package
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.readers.signing import sigstore_entry, sigstore_log
from dten_audit.readers.signing.dsse import Envelope
from dten_audit.site.trust import TrustStore
from dten_audit.site.trust_loading import load_trust
from dten_audit.site.trust_records import TrustError
from tests.derive.signed import package

CONTENT = b"payload"
OURS = Instance()
RECORD = f"""\
schema: 1
version: 1
vendor: acme
sigstore:
- identity: https://ci.acme.example/acme/dten/*
  issuer: {ISSUER}
"""


@pytest.fixture(autouse=True)
def _no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigstore_log, "is_installed", lambda: False)


def store(folder: Path, **files: bytes) -> TrustStore:
    (folder / "vendors").mkdir()
    (folder / "vendors" / "acme.yaml").write_text(RECORD)
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    return load_trust(folder)


def judged(stated: dict[str, Any], trust: TrustStore, content: bytes = CONTENT) -> Package:
    return package({"a.bin": content, "a.bin.sigstore.json": json.dumps(stated).encode()}, trust)


def check(stated: dict[str, Any], trust: TrustStore, content: bytes = CONTENT) -> KeySignatureCheck:
    (own,) = judged(stated, trust, content).of(KeySignatureCheck)
    return own


@pytest.mark.parametrize("form", [lambda own: own, of_cosign])
def test_what_the_instance_vouches_for(
    tmp_path: Path, form: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    trust = store(tmp_path, acme__trusted_root__json=OURS.trusted_root())
    own = check(form(OURS.bundle(CONTENT, "release")), trust)
    assert (own.verdict, own.vouched, own.trust, own.problem) == (
        "genuine",
        "proven",
        "trusted",
        "",
    )


def test_its_parts_as_files_will_do(tmp_path: Path) -> None:
    """The log's key as a bare key, the authority as a root."""
    log = pem_public("Acme Sigstore log")
    trust = store(tmp_path, log__pem=log, ca__crt=pem(OURS.authority.certificate))
    own = check(OURS.bundle(CONTENT, "release"), trust)
    assert own.vouched == "proven"


def entry_of(stated: dict[str, Any]) -> dict[str, Any]:
    (own,) = stated["verificationMaterial"]["tlogEntries"]
    assert isinstance(own, dict)
    return own


def _without(field: str) -> Callable[[dict[str, Any]], None]:
    return lambda stated: entry_of(stated).pop(field)


def _both(stated: dict[str, Any]) -> None:
    entry_of(stated).pop("inclusionPromise")
    entry_of(stated).pop("inclusionProof")


def _time(stated: dict[str, Any]) -> None:
    entry_of(stated)["integratedTime"] = str(int(entry_of(stated)["integratedTime"]) + 1)


def _proof(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda stated: entry_of(stated)["inclusionProof"].update(fields)


def _signed_by(name: str) -> Callable[[dict[str, Any]], None]:
    def change(stated: dict[str, Any]) -> None:
        other = Instance(name).entry(b64decode(entry_of(stated)["canonicalizedBody"]))
        entry_of(stated).update(other, logId=entry_of(stated)["logId"])

    return change


def _of(content: bytes, name: str) -> Callable[[dict[str, Any]], None]:
    def change(stated: dict[str, Any]) -> None:
        entry_of(stated).update(entry_of(OURS.bundle(content, name)))

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_time, "promise"),
        (_signed_by("Somebody"), "promise"),
        (_both, "neither a promise nor a proof"),
        (_without("inclusionPromise"), "no time is proven"),
        (_proof(hashes=[]), "does not lead to the head"),
        (_proof(treeSize="3"), "does not lead to the head"),
        (_proof(logIndex="7"), "does not lead to the head"),
        (_proof(checkpoint={"envelope": ""}), "checkpoint is of another tree"),
        (_of(b"other", "release"), "about another"),
        (_of(CONTENT, "somebody"), "another signature or certificate"),
    ],
)
def test_every_bend_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], problem: str
) -> None:
    trust = store(tmp_path, acme__trusted_root__json=OURS.trusted_root())
    stated = OURS.bundle(CONTENT, "release")
    change(stated)
    own = check(stated, trust)
    assert own.verdict == "refused", own
    assert problem in own.problem


def test_without_a_proof_the_promise_is_enough(tmp_path: Path) -> None:
    trust = store(tmp_path, acme__trusted_root__json=OURS.trusted_root())
    stated = OURS.bundle(CONTENT, "release")
    entry_of(stated).pop("inclusionProof")
    assert check(stated, trust).vouched == "proven"


def test_logged_when_the_certificate_had_ended(tmp_path: Path) -> None:
    trust = store(tmp_path, acme__trusted_root__json=OURS.trusted_root())
    own = check(OURS.bundle(CONTENT, "release", "2026-10-01T12:30:00Z"), trust)
    assert own.verdict == "refused"
    assert "expired" in own.problem


def test_another_authority(tmp_path: Path) -> None:
    """A log that takes in whatever it is given does not make a certificate an authority's."""
    root = json.loads(OURS.trusted_root())
    other = json.loads(Instance("Other").trusted_root())
    root["certificateAuthorities"] = other["certificateAuthorities"]
    trust = store(tmp_path, acme__trusted_root__json=json.dumps(root).encode())
    own = check(OURS.bundle(CONTENT, "release"), trust)
    assert (own.verdict, own.vouched) == ("refused", "")


def test_a_log_that_nobody_knows(tmp_path: Path) -> None:
    trust = store(tmp_path, acme__trusted_root__json=Instance("Other").trusted_root())
    own = check(OURS.bundle(CONTENT, "release"), trust)
    assert (own.verdict, own.vouched, own.problem) == ("genuine", "unchecked", sigstore_log.MISSING)


def test_a_log_that_was_closed_before(tmp_path: Path) -> None:
    root = json.loads(OURS.trusted_root())
    root["tlogs"][0]["publicKey"]["validFor"]["end"] = "2026-09-30T00:00:00Z"
    trust = store(tmp_path, acme__trusted_root__json=json.dumps(root).encode())
    assert check(OURS.bundle(CONTENT, "release"), trust).vouched == "unchecked"


def test_certificates_must_be_logged_where_a_log_for_them_is_known(tmp_path: Path) -> None:
    root = json.loads(OURS.trusted_root())
    root["ctlogs"] = root["tlogs"]
    trust = store(tmp_path, acme__trusted_root__json=json.dumps(root).encode())
    own = check(OURS.bundle(CONTENT, "release"), trust)
    assert (own.verdict, "took its certificate in" in own.problem) == ("refused", True)


def test_its_roots_and_keys_are_for_nothing_else(tmp_path: Path) -> None:
    trust = store(tmp_path, acme__trusted_root__json=OURS.trusted_root())
    assert {root.use for root in trust.roots} == {frozenset({"sigstore"})}
    assert {own.key.form for own in trust.keys} == {"log"}


NOTHING_IN_IT = b'{"mediaType": "application/vnd.dev.sigstore.trustedroot", "tlogs": [{}]}'


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"mediaType": "x"}', NOTHING_IN_IT])
def test_a_trusted_root_that_is_none(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(TrustError, match="no trusted root of sigstore"):
        store(tmp_path, acme__trusted_root__json=data)


# --- proofs of inclusion ---------------------------------------------------------------------


def _head(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + _head(leaves[:middle]) + _head(leaves[middle:])).digest()


def _path(number: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    if number < middle:
        return [*_path(number, leaves[:middle]), _head(leaves[middle:])]
    return [*_path(number - middle, leaves[middle:]), _head(leaves[:middle])]


@given(st.integers(1, 40), st.data())
def test_proofs_lead_to_the_head_of_their_tree(size: int, data: st.DataObject) -> None:
    leaves = [sha256(bytes([number])).digest() for number in range(size)]
    number = data.draw(st.integers(0, size - 1))
    way = tuple(_path(number, leaves))
    proof = sigstore_entry.Inclusion(number, size, b"", way, "")
    assert sigstore_entry.tree_head(proof, leaves[number]) == _head(leaves)
    assert sigstore_entry.tree_head(proof, sha256(b"other").digest()) != _head(leaves)
    other = data.draw(st.integers(0, size - 1))
    if other != number:
        assert sigstore_entry.tree_head(proof._replace(number=other), leaves[number]) != _head(
            leaves
        )


# --- what else carries such signatures -------------------------------------------------------


def test_npm_provenance_is_compared_with_the_archive(tmp_path: Path) -> None:
    trust = store(tmp_path, release__pem=pem_public("release"))
    from dten_audit.examples.key_signing import bare_value

    payload = json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "https://slsa.dev/provenance/v1",
            "subject": [
                {
                    "name": "pkg:npm/%40acme/dten@9.4.0",
                    "digest": {"sha256": sha256(CONTENT).hexdigest()},
                }
            ],
        }
    ).encode()
    message = Envelope("application/vnd.in-toto+json", payload, ()).message
    envelope = {
        "payloadType": "application/vnd.in-toto+json",
        "payload": b64encode(payload).decode(),
        "signatures": [{"sig": b64encode(bare_value(message, "release")).decode(), "keyid": ""}],
    }
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "verificationMaterial": {"publicKey": {"hint": "SHA256:x"}, "tlogEntries": []},
        "dsseEnvelope": envelope,
    }
    stated = {
        "attestations": [{"predicateType": "https://slsa.dev/provenance/v1", "bundle": bundle}]
    }
    for content, status in ((CONTENT, "matches"), (b"other", "differs")):
        found = package({"acme-dten-9.4.0.tgz": content,
                         "provenance.json": json.dumps(stated).encode()}, trust)  # fmt: skip
        (own,) = found.of(KeySignatureCheck)
        assert (own.verdict, own.trust) == ("genuine", "trusted")
        assert [(one.path, one.status) for one in found.of(ManifestEntry)] == [
            ("acme-dten-9.4.0.tgz", status)
        ]


def test_cosign_with_a_key_has_no_certificate(tmp_path: Path) -> None:
    from dten_audit.examples.key_signing import bare_value

    trust = store(tmp_path, release__pem=pem_public("release"))
    stated = {"base64Signature": b64encode(bare_value(CONTENT, "release")).decode(), "cert": ""}
    found = package({"a.bin": CONTENT, "a.bin.bundle": json.dumps(stated).encode()}, trust)
    (own,) = found.of(KeySignatureCheck)
    assert (own.format, own.verdict, own.trust) == ("bare", "genuine", "trusted")


@pytest.mark.parametrize("stated", [{"attestations": [3], "payloadType": 1},
                                    {"base64Signature": "!", "rekorBundle": {}}])  # fmt: skip
def test_what_cannot_be_read_is_said(stated: dict[str, Any]) -> None:
    found = package({"a.json": json.dumps(stated).encode()})
    assert len(found.of(Unreadable)) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bent_byte_is_proven(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Unless it stands where nobody looks: names and hints."""
    folder = tmp_path_factory.mktemp("trust")
    trust = store(folder, acme__trusted_root__json=OURS.trusted_root())
    stated = OURS.bundle(CONTENT, "release")
    entry = entry_of(stated)
    field = data.draw(st.sampled_from(["canonicalizedBody", "signedEntryTimestamp", "rootHash"]))
    holder = {"signedEntryTimestamp": entry["inclusionPromise"],
              "rootHash": entry["inclusionProof"]}.get(field, entry)  # fmt: skip
    raw = bytearray(b64decode(holder[field]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    holder[field] = b64encode(raw).decode()
    assert check(stated, trust).vouched != "proven"


def test_the_writer_is_deterministic() -> None:
    assert OURS.bundle(CONTENT, "release") == Instance().bundle(CONTENT, "release", SIGNED)
    assert der(sigstore_writer.Instance().leaf("release").certificate)
