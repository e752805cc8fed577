"""AppImages that carry a signature over themselves: genuine, changed, by a key of their own."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from dten_audit.model.facts.key_signatures import KeySignatureCheck
from dten_audit.model.facts.signatures import SignatureCoverage
from dten_audit.readers.signing import sequoia
from tests.derive.signing.test_key_signatures import audited, only
from tests.derive.signing.test_openpgp import public, secret, signed
from tests.readers.signing.test_programs import ARMOURED, appimage

PATH = "bin/dten-console.AppImage"
BODY = b"hsqs" + bytes(range(256)) * 40


def made(end: bytes = b"", key: bytes = b"", body: bytes = BODY) -> bytes:
    """Return an AppImage that the release key signed; ``body`` is what it then carries."""
    text = sha256(appimage(b"", body=BODY)).hexdigest().encode() + end
    return appimage(signed(secret(), text), key, body=body)


def check(folder: Path, data: bytes, **stored: bytes) -> KeySignatureCheck:
    trust = {f"@trust/{name}.gpg": own for name, own in stored.items()}
    return only(audited(folder, {PATH: data} | trust))


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_genuine_one(tmp_path: Path, end: bytes) -> None:
    found = check(tmp_path, made(end), acme=public(secret()))
    assert (found.verdict, found.trust, found.target) == ("genuine", "trusted", PATH)
    assert found.inner


def test_a_changed_one(tmp_path: Path) -> None:
    found = check(tmp_path, made(body=BODY[:-1] + b"x"), acme=public(secret()))
    assert found.verdict == "forged"


def test_the_key_inside_proves_nothing(tmp_path: Path) -> None:
    key = str(secret().extract_certificate()).encode()
    found = check(tmp_path, made(key=key), other=public(secret("Other <o@other.example>")))
    assert (found.verdict, found.trust) == ("genuine", "shipped")


def test_a_key_that_nobody_has(tmp_path: Path) -> None:
    other = public(secret("Other <o@other.example>"))
    assert check(tmp_path, appimage(ARMOURED), other=other).verdict == "no-key"


def test_it_does_not_vouch_for_the_delivery(tmp_path: Path) -> None:
    tree = {PATH: made(), "a.sh": b"#!/bin/sh\n", "@trust/acme.gpg": public(secret())}
    (coverage,) = audited(tmp_path, tree).of(SignatureCoverage)
    assert (coverage.signatures, coverage.unchecked) == (0, 0)


def test_without_the_extra_nobody_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, key = made(), public(secret())
    monkeypatch.setattr(sequoia, "is_installed", lambda: False)
    found = check(tmp_path, data, acme=key)
    assert (found.verdict, found.lacks) == ("unchecked", "openpgp")
