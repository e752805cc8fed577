"""Sigstore certificates: whom a record names, what nobody could look at, and no network at all."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from dten_audit.examples.key_signing import bundle
from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.readers.signing import bundles, sigstore_log
from dten_audit.readers.signing.proofs import Content
from dten_audit.site.trust_loading import load_trust
from dten_audit.site.trust_records import TrustError
from tests.derive.signed import package

WORKFLOW = "https://ci.acme.example/acme/dten/"
ISSUER = "https://ci.acme.example"


def record(folder: Path, text: str) -> Path:
    file = folder / "vendors" / "acme.yaml"
    file.parent.mkdir()
    file.write_text(f"schema: 1\nversion: 1\nvendor: acme\n{text}")
    return folder


@pytest.mark.parametrize(
    ("identity", "issuer", "scope", "trust", "vendor"),
    [
        (WORKFLOW + "release.yaml@refs/tags/v9.4", ISSUER, "full*", "shipped", "acme"),
        (WORKFLOW + "*", ISSUER, "full*", "shipped", "acme"),
        (WORKFLOW + "release.yaml", ISSUER, "full*", "other-identity", "acme"),
        ("https://ciXacme.example/*", ISSUER, "full*", "other-identity", "acme"),
        (WORKFLOW + "*", ISSUER + "/", "full*", "other-identity", "acme"),
        (WORKFLOW + "*", ISSUER, "other*", "out-of-scope", ""),
        ("a@b.example", ISSUER, "other*", "unknown", ""),
    ],
)
def test_who_signs(
    tmp_path: Path, identity: str, issuer: str, scope: str, trust: str, vendor: str
) -> None:
    text = f"scope: ['{scope}']\nsigstore:\n- identity: '{identity}'\n  issuer: {issuer}\n"
    store = load_trust(record(tmp_path, text))
    tree = {"a.bin": b"payload", "a.bin.sigstore.json": bundle(b"payload", "release")}
    (check,) = package(tree, store).of(KeySignatureCheck)
    assert (check.verdict, check.trust, check.vendor) == ("genuine", trust, vendor)
    assert (check.vouched, check.target) == ("unchecked", "a.bin")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sigstore:\n- issuer: https://x.example\n", "names who signs"),
        ("sigstore:\n- identity: '*'\n  issuer: https://x.example\n", "names who signs"),
        ("sigstore:\n- identity: a@b.example\n", "names who vouches for it"),
        ("sigstore: a@b.example\n", "sigstore is a list"),
        ("sigstore:\n- a@b.example\n", "a sigstore identity"),
        ("sigstore:\n- identity: a@b.example\n  isuer: x\n", "isuer"),
    ],
)
def test_records_that_say_too_little(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Exception, match=says) as caught:
        load_trust(record(tmp_path, text))
    assert isinstance(caught.value, TrustError | ValueError)


def logged(entries: object) -> bytes:
    own = json.loads(bundle(b"payload", "release"))
    own["verificationMaterial"]["tlogEntries"] = entries
    return json.dumps(own).encode()


def test_without_the_extra_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigstore_log, "is_installed", lambda: False)
    raw = logged([{"logIndex": "1"}])
    assert sigstore_log.vouched(raw, Content(b"payload")) == (
        "unchecked",
        sigstore_log.MISSING,
        True,
    )


@pytest.mark.parametrize("entries", [[{}], [{"logIndex": "1"}], [3], {"a": 1}, "x"])
def test_a_made_up_log_entry_is_never_proof(
    monkeypatch: pytest.MonkeyPatch, entries: object
) -> None:
    pytest.importorskip("sigstore", reason="needs the extra `sigstore`")
    monkeypatch.setattr(socket.socket, "connect", _no_network)
    monkeypatch.setattr(socket, "getaddrinfo", _no_network)
    found = sigstore_log.vouched(logged(entries), Content(b"payload"))
    assert found.verdict in ("refused", "unchecked")
    assert found.problem


def _no_network(*_arguments: object) -> None:
    raise AssertionError("a network was asked")


def test_identities_are_in_words() -> None:
    own = bundles.load(bundle(b"payload", "release"))
    assert own.identity == f"{WORKFLOW}release.yaml@refs/tags/v9.4 (says {ISSUER})"
    assert own._replace(issuer="").identity == own.names[0]
