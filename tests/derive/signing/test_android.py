"""Android programs against their signatures: honest, changed, stripped, and signed by another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.examples.signed_apk import signed_apk
from dten_audit.examples.signed_tree import TRUST
from dten_audit.examples.zip_writer import ZipMember, write_zip
from dten_audit.links.package import Package
from dten_audit.model.facts.code_signatures import CodeSignature, StrippedScheme
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.unknown import Unknown


def judged(folder: Path, **params: Any) -> Package:
    tree = signed_apk(params)
    trust = [data for path, data in tree.items() if path.startswith(TRUST)]
    options = Options()
    if trust:
        (folder / "trust").mkdir()
        (folder / "trust" / "app.der").write_bytes(trust[0])
        options = Options(trust=folder / "trust")
    members = [ZipMember(path, data) for path, data in tree.items() if TRUST not in path]
    path = folder / "a.zip"
    path.write_bytes(write_zip(members))
    return examine(path, options)


def results(found: Package) -> list[tuple[str, object, object]]:
    own = [one for one in found.of(CodeSignature) if one.form.startswith("APK")]
    return [(one.form, one.content_matches, one.signature_valid) for one in own]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [("APK 2, 3", True, True)]),
        ({"schemes": [1, 2, 3], "kind": "rsa2048"}, [("APK 2, 3", True, True)]),
        ({"schemes": [3], "by": "New"}, [("APK 3", True, True)]),
        ({"by": "New"}, [("APK 2", True, True), ("APK 3", True, True)]),
        ({"tamper": "content"}, [("APK 2, 3", False, True)]),
        ({"tamper": "signature"}, [("APK 2", True, True), ("APK 3", True, False)]),
        ({"platforms": [1, 2]}, [("APK 2", True, True), ("APK 3", True, False)]),
        ({"by": "New", "forged": True}, [("APK 2", True, True), ("APK 3", True, False)]),
        ({"tamper": "end"}, [("APK 2, 3", Unknown("package.value"), True)]),
    ],
)
def test_what_signers_prove(
    tmp_path: Path, params: dict[str, Any], expected: list[tuple[str, object, object]]
) -> None:
    assert results(judged(tmp_path, **params)) == expected


@pytest.mark.parametrize(
    ("schemes", "strip", "told"),
    [([1, 2, 3], [], []), ([1, 2, 3], [3], [("3", "scheme 1"), ("3", "scheme 2")]),
     ([2, 3], [3], [("3", "scheme 2")]), ([2, 3], [2], []), ([1, 2], [2], [("2", "scheme 1")]),
     ([1, 2, 3], [2, 3], [("2", "scheme 1"), ("3", "scheme 1")]), ([1], [], [])],
)  # fmt: skip
def test_schemes_that_were_taken_away(
    tmp_path: Path, schemes: list[int], strip: list[int], told: list[tuple[str, str]]
) -> None:
    found = judged(tmp_path, schemes=schemes, strip=strip)
    assert [(own.scheme, own.by) for own in found.of(StrippedScheme)] == told


@pytest.mark.parametrize(
    ("params", "trust"),
    [({"store": "signer"}, ["trusted"]), ({"store": "other"}, ["self-signed"]),
     ({"store": "signer", "by": "New"}, ["trusted", "rotated"]),
     ({"store": "signer", "by": "New", "forged": True}, ["trusted", "self-signed"])],
)  # fmt: skip
def test_who_signed(tmp_path: Path, params: dict[str, Any], trust: list[str]) -> None:
    found = judged(tmp_path, **params).of(CodeSignature)
    assert [own.trust for own in found] == trust


@settings(max_examples=60)
@given(st.data())
def test_no_change_of_a_byte_goes_unseen(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """But for what is under no signature: the fields that say how long the block is."""
    ((_, honest),) = signed_apk({"schemes": [2, 3]}).items()
    offset = data.draw(st.integers(0, len(honest) - 1))
    made = bytearray(honest)
    made[offset] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("apk") / "a.zip"
    path.write_bytes(made)
    found = examine(path, Options())
    whole = results(found) == [("APK 2, 3", True, True)] and not found.of(StrippedScheme)
    start = honest.index(b"APK Sig Block 42")
    assert not whole or start - 8 <= offset < start + 16 or found.of(Unreadable)
