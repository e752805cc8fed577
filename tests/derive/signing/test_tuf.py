"""Repositories of The Update Framework: what holds, what does not, and who vouches for it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.derive.signing import tuf_roots
from dten_audit.examples import tuf_writer as made
from dten_audit.examples.signed_tree import TRUST
from dten_audit.examples.signed_tuf import signed_tuf
from dten_audit.links.package import Package
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signatures import SignatureCoverage
from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.model.facts.tuf import TufDefect, TufRepository
from dten_audit.model.unknown import Unknown
from dten_audit.readers.signing import tuf
from dten_audit.site.trust import TrustStore
from dten_audit.site.trust_loading import load_trust
from tests.derive.signed import package

LATER = "2027-01-01T00:00:00Z"


def store_of(tree: Mapping[str, bytes], folder: Path) -> TrustStore | None:
    found = {path.removeprefix(TRUST): data for path, data in tree.items() if path[:7] == TRUST}
    for path, data in found.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return load_trust(folder) if found else None


def judged(folder: Path, at: str | None = None, **params: Any) -> Package:
    tree = signed_tuf(params)
    return package(tree, store_of(tree, folder), at)


def defects(found: Package) -> set[tuple[str, str]]:
    return {(own.kind, own.role) for own in found.of(TufDefect)}


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384", "rsa2048"])
@pytest.mark.parametrize("consistent", [False, True])
def test_honest_ones(tmp_path: Path, kind: str, consistent: bool) -> None:
    found = judged(tmp_path, kind=kind, consistent=consistent, agent=True)
    assert not defects(found)
    (own,) = found.of(TufRepository)
    assert (own.trust, own.roles, own.sound, own.version, own.last) == ("trusted", 5, 5, 1, 1)
    assert [(one.status, one.signed) for one in found.of(ManifestEntry)] == [("matches", True)] * 3
    (coverage,) = found.of(SignatureCoverage)
    assert (coverage.signatures, coverage.trusted) == (1, 1)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"tamper": ["timestamp"]}, {("forged", "timestamp"), ("changed", "snapshot")}),
        ({"tamper": ["snapshot"]}, {("forged", "snapshot"), ("changed", "snapshot"),
                                    ("changed", "targets")}),
        ({"tamper": ["targets"]}, {("forged", "targets"), ("changed", "targets")}),
        ({"resign": ["targets"]}, {("changed", "targets")}),
        ({"resign": ["snapshot"]}, {("changed", "snapshot")}),
        ({"resign": ["timestamp"]}, set()),
        ({"older": ["targets"]}, {("older", "targets")}),
        ({"older": ["targets"], "consistent": True}, {("older", "targets"), ("name", "targets")}),
        ({"signs": ["alice"]}, {("too-few", "root")}),
        ({"twin": True}, {("too-few", "root")}),
        ({"rotate": ["carol"], "rotated_by": ["alice"]}, {("root-not-continued", "root")}),
        ({"rotate": ["carol"], "rotated_by": ["alice", "bob"]}, set()),
        ({"rotate": ["carol"], "rotated_by": ["alice", "bob"], "gap": 2}, {("root-gap", "root")}),
        ({"store": "before"}, {("root-conflict", "root")}),
        ({"drop": ["metadata/1.root.json"]}, set()),
        ({"drop": ["metadata/1.root.json"], "store": "none"}, {("missing", "root")}),
        ({"drop": ["metadata/timestamp.json"]}, {("missing", "timestamp")}),
        ({"drop": ["metadata/snapshot.json"]}, {("missing", "snapshot")}),
        ({"drop": ["metadata/targets.json"]}, {("missing", "targets")}),
        ({"stray": "nightly"}, {("not-delegated", "nightly")}),
        ({"agent": True, "reach": "*"}, {("outside", "agent")}),
        ({"agent": True, "reach": "*/*.conf"}, set()),
        ({"expires": {"snapshot": "2026-11-20T00:00:00Z"}}, {("expired", "snapshot")}),
    ],
)  # fmt: skip
def test_what_is_wrong(
    tmp_path: Path, params: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    assert defects(judged(tmp_path, **params)) == expected


@pytest.mark.parametrize(
    ("params", "trust"),
    [
        ({}, "trusted"),
        ({"store": "keys"}, "trusted"),
        ({"store": "keys", "kind": "p256"}, "trusted"),
        ({"store": "keys", "record": {"state": "revoked"}}, "revoked"),
        ({"store": "keys", "record": {"state": "retired"}}, "retired"),
        ({"store": "other"}, "unknown"),
        ({"record": {"scope": "['x*']"}}, "out-of-scope"),
        ({"rotate": ["carol"], "rotated_by": ["alice", "bob"], "drop": ["metadata/1.root.json"]},
         "trusted"),
    ],
)  # fmt: skip
def test_who_vouches(tmp_path: Path, params: dict[str, Any], trust: str) -> None:
    (own,) = judged(tmp_path, **params).of(TufRepository)
    assert own.trust == trust


def test_without_a_store_it_is_a_question(tmp_path: Path) -> None:
    (own,) = judged(tmp_path, store="none").of(TufRepository)
    assert own.trust == Unknown("trust.keys")


def test_one_key_of_two_in_the_store_is_not_enough(tmp_path: Path) -> None:
    tree = signed_tuf({"store": "keys"})
    del tree[TRUST + "bob.pem"]
    (own,) = package(tree, store_of(tree, tmp_path)).of(TufRepository)
    assert own.trust == "unknown"


def test_targets_are_compared_and_others_told(tmp_path: Path) -> None:
    after = {"targets/install/upgrade.sh": "#!/bin/sh\n", "targets/bin/more": "x"}
    found = judged(tmp_path, after=after, drop=["targets/db/0042_orders.sql"])
    told = {(own.path, own.status, own.at.line) for own in found.of(ManifestEntry)}
    assert told == {("install/upgrade.sh", "differs", 19), ("bin/more", "uncovered", None)}


def test_a_changed_byte_of_the_same_length_is_seen(tmp_path: Path) -> None:
    text = "ALTER TABLE orders ADD COLUMN source text,\n"
    found = judged(tmp_path, after={"targets/db/0042_orders.sql": text})
    told = [(own.status, own.algorithm) for own in found.of(ManifestEntry)]
    assert told == [("differs", "sha256"), ("matches", "sha256")]


def bins(bits: int, path: str, where: str) -> dict[str, bytes]:
    """Return a repository whose targets are in numbered bins, ``path`` in the bin ``where``."""
    one = made.Signer("one")
    roles = dict.fromkeys(made.TOP, ([one], 1))
    listed = made.targets(1, LATER, {})
    succinct = {**made.role([one]), "bit_length": bits, "name_prefix": "bin"}
    listed["delegations"] = {"keys": {one.keyid: one.stated}, "succinct_roles": succinct}
    parts = {"targets": listed, where: made.targets(1, LATER, {path: b"payload"})}
    files = {name: made.metadata(own, [one]) for name, own in parts.items()}
    known = {name: (data, 1) for name, data in files.items()}
    files["snapshot"] = made.metadata(made.snapshot(1, LATER, known), [one])
    stamp = made.timestamp(1, LATER, files["snapshot"], 1)
    files["timestamp"] = made.metadata(stamp, [one])
    files["root"] = made.metadata(made.root(1, LATER, roles), [one])
    found = {f"repo/{name}.json": data for name, data in files.items()}
    return {**found, f"repo/targets/{path}": b"payload"}


@pytest.mark.parametrize(
    ("bits", "where", "status"),
    [(8, "bin-bc", "matches"), (9, "bin-178", "matches"), (1, "bin-1", "matches"),
     (8, "bin-bd", "uncovered"), (9, "bin-179", "uncovered"),
     (8, "bin-0bc", "uncovered"), (32, "bin-bc5b940e", "uncovered")],
)  # fmt: skip
def test_bins(bits: int, where: str, status: str) -> None:
    path = "a/b/file-1.bin"
    assert tuf.path_digest(path)[:8] == "bc5b940f"
    found = package(bins(bits, path, where))
    assert [own.status for own in found.of(ManifestEntry)] == [status]
    assert bool(defects(found)) == (status != "matches")


def test_what_is_malformed_is_said() -> None:
    tree = signed_tuf({"store": "none"})
    text = tree["tuf/metadata/targets.json"].replace(b'"length": 43', b'"length": 4.3')
    tree["tuf/metadata/targets.json"] = text
    found = package(tree)
    assert "whole numbers" in found.of(Unreadable)[0].reason
    assert ("missing", "targets") in defects(found)


def test_cycles_end() -> None:
    one = made.Signer("one")
    files = {}
    for name, other in (("targets", "a"), ("a", "b"), ("b", "a")):
        own = made.targets(1, LATER, {})
        keys, stated = made.delegation(other, [one], ["*"])
        own["delegations"] = {"keys": keys, "roles": [stated]}
        files[f"r/{name}.json"] = made.metadata(own, [one])
    roles = dict.fromkeys(made.TOP, ([one], 1))
    files["r/root.json"] = made.metadata(made.root(1, LATER, roles), [one])
    files["r/targets/x"] = b"x"
    found = package(files)
    assert defects(found) == {("missing", "timestamp")}
    assert [own.status for own in found.of(ManifestEntry)] == ["uncovered"]


def test_no_more_than_some_signatures_are_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuf_roots, "_VERIFICATIONS", 3)
    found = package(signed_tuf({"store": "none"}))
    assert {own.kind for own in found.of(TufDefect)} == {"unchecked"}


def test_floods_end_soon() -> None:
    """Many signatures over much, many targets, names that are written otherwise than one writes."""
    one = made.Signer("one")
    roles = dict.fromkeys(made.TOP, ([made.Signer(f"k{n}") for n in range(400)], 1))
    root = made.root(1, LATER, roles) | {"x-fill": "x" * (4 << 20)}
    message = json.dumps({"signatures": [{"keyid": keyid, "sig": "00" * 64}
                                         for keyid in root["keys"]], "signed": root})  # fmt: skip
    listed = made.targets(1, LATER, {f"{'d/' * 9}t-{n:06}": b"x" for n in range(20_000)})
    targets = made.metadata(listed, [one]).replace(b"t-", b"\\u0074-")
    begun = time.process_time()
    found = package(
        {f"{'a/' * 40}root.json": message.encode(), f"{'a/' * 40}targets.json": targets}
    )
    assert time.process_time() - begun < 6
    assert {own.kind for own in found.of(TufDefect)} >= {"missing"}


@given(st.data())
def test_no_change_of_a_byte_goes_unseen(data: st.DataObject) -> None:
    """A bent file is malformed, fails its signatures, or means what it meant before."""
    tree = signed_tuf({"store": "none", "agent": True})
    path = data.draw(st.sampled_from([own for own in tree if own.endswith(".json")]))
    raw = bytearray(tree[path])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    tree[path] = bytes(raw)
    found = package(tree)
    told = bool(found.of(TufDefect)) or bool(found.of(Unreadable))
    told = told or any(own.status != "matches" for own in found.of(ManifestEntry))
    if not told and b'"_type"' in raw:
        try:
            before = json.loads(signed_tuf({"store": "none", "agent": True})[path])
            assert json.loads(bytes(raw))["signed"] == before["signed"]
        except (ValueError, KeyError):
            assert len(found.of(TufRepository)) == 1
