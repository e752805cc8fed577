"""Repositories that python-tuf makes and judges, and real ones that packages on PyPI carry."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.model.facts.tuf import TufDefect, TufMetadata, TufRepository
from dten_audit.readers.signing.canonical_json import encode
from dten_audit.site.trust_loading import load_trust
from tests.derive.signed import AT, documents, package, read

pytestmark = pytest.mark.oracle
Tree = dict[str, bytes]


class Made:
    """A repository by python-tuf: top-level roles with thresholds, a delegation, targets."""

    def __init__(self) -> None:
        from securesystemslib.signer import CryptoSigner
        from tuf.api import metadata as api

        self.api = api
        make = (CryptoSigner.generate_ed25519, CryptoSigner.generate_ecdsa,
                CryptoSigner.generate_rsa)  # fmt: skip
        self.keys = {
            "root": [make[0](), make[1](), make[2]()], "timestamp": [make[0]()],
            "snapshot": [make[1]()], "targets": [make[2](), make[0]()], "agent": [make[1]()],
        }  # fmt: skip
        later = AT + timedelta(days=200)
        self.files = {"a/one.bin": b"one" * 50, "agent/two.conf": b"two"}
        root = api.Root(consistent_snapshot=False, expires=later)
        for role in ("root", "timestamp", "snapshot", "targets"):
            for key in self.keys[role]:
                root.add_key(key.public_key, role)
            root.roles[role].threshold = 2 if role in ("root", "targets") else 1
        agent = api.Targets(expires=later)
        agent.targets["agent/two.conf"] = self._file("agent/two.conf")
        targets = api.Targets(expires=later)
        targets.targets["a/one.bin"] = self._file("a/one.bin")
        key = self.keys["agent"][0].public_key
        role = api.DelegatedRole("agent", [key.keyid], 1, True, paths=["agent/*"])
        targets.delegations = api.Delegations({key.keyid: key}, {"agent": role})
        snapshot = api.Snapshot(expires=later)
        snapshot.meta["agent.json"] = api.MetaFile(1)
        self.signed: dict[str, Any] = {
            "root": root, "targets": targets, "agent": agent, "snapshot": snapshot,
            "timestamp": api.Timestamp(expires=later),
        }  # fmt: skip

    def _file(self, path: str) -> Any:
        return self.api.TargetFile.from_data(path, self.files[path])

    def tree(self, keys: dict[str, list[Any]] | None = None) -> Tree:
        """Sign everything, and return the repository."""
        files = {}
        for role, own in self.signed.items():
            made = self.api.Metadata(own)
            for key in {**self.keys, **(keys or {})}[role]:
                made.sign(key, append=True)
            files[f"{role}.json"] = json.dumps(json.loads(made.to_bytes()), indent=1).encode()
        return files | {f"targets/{path}": data for path, data in self.files.items()}


def accepted(tree: Tree, first: bytes) -> bool:
    """Say whether an update of python-tuf takes all targets, from the root ``first`` on."""
    from tuf.api.exceptions import RepositoryError
    from tuf.api.metadata import Root, Targets
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
    from tuf.ngclient.config import EnvelopeType

    try:
        trusted = TrustedMetadataSet(first, EnvelopeType.METADATA)
        trusted.reference_time = AT
        for version in range(2, 5):
            if f"{version}.root.json" in tree:
                trusted.update_root(tree[f"{version}.root.json"])
        trusted.update_timestamp(tree["timestamp.json"])
        trusted.update_snapshot(tree["snapshot.json"])
        found: list[Targets] = [
            trusted.update_delegated_targets(tree["targets.json"], "targets", Root.type)
        ]
        if "agent.json" in tree:
            own = trusted.update_delegated_targets(tree["agent.json"], "agent", "targets")
            found.append(own)
        for one in found:
            for path, target in one.targets.items():
                target.verify_length_and_hashes(tree[f"targets/{path}"])
    except RepositoryError:
        return False
    return True


def ours(tree: Tree, first: bytes, folder: Path) -> bool:
    """Say whether nothing is wrong with it for us."""
    (folder / "acme.root.json").write_bytes(first)
    found = package({f"r/{path}": data for path, data in tree.items()}, load_trust(folder))
    stated = {own.status for own in found.of(ManifestEntry)}
    return not found.of(TufDefect) and stated <= {"matches"} and bool(found.of(TufRepository))


def _bend(path: str, old: bytes, new: bytes) -> Callable[[Tree], Tree]:
    def change(tree: Tree) -> Tree:
        assert old in tree[path], path
        return {**tree, path: tree[path].replace(old, new, 1)}

    return change


BENT: dict[str, Callable[[Tree], Tree]] = {
    "nothing": lambda tree: tree,
    "a target": _bend("targets/a/one.bin", b"one", b"eno"),
    "a longer target": _bend("targets/agent/two.conf", b"two", b"twoo"),
    "length in targets": _bend("targets.json", b'"length": 150', b'"length": 151'),
    "paths of the agent": _bend("targets.json", b'"agent/*"', b'"*/*"'),
    "threshold in root": _bend("root.json", b'"threshold": 2', b'"threshold": 1'),
    "a key id in root": _bend("root.json", b'"keyids": [\n', b'"keyids": ["00",\n'),
    "version in timestamp": _bend("timestamp.json", b'"version": 1', b'"version": 2'),
    "expiry of snapshot": _bend("snapshot.json", b'"expires": "20', b'"expires": "21'),
    "a version in snapshot": _bend("snapshot.json", b'"version": 1', b'"version": 7'),
    "the agent's digest": _bend("agent.json", b'"sha256": "', b'"sha256": "0'),
    "a signature of agent": _bend("agent.json", b'"sig": "30', b'"sig": "31'),
    "a signature of timestamp gone": lambda tree: {
        **tree, "timestamp.json": _without(tree["timestamp.json"], 0)},
    "one signature of targets gone": lambda tree: {
        **tree, "targets.json": _without(tree["targets.json"], 0)},
    "one signature of root gone": lambda tree: {
        **tree, "root.json": _without(tree["root.json"], 0)},
    "two signatures of root gone": lambda tree: {
        **tree, "root.json": _without(_without(tree["root.json"], 0), 0)},
    "layout of targets": lambda tree: {
        **tree, "targets.json": json.dumps(json.loads(tree["targets.json"])).encode()},
    "an unknown field": _bend("agent.json", b'"signed": {', b'"signed": {"x": 1,'),
    "an unknown field outside": _bend("agent.json", b'"signed": {', b'"x": 1, "signed": {'),
}  # fmt: skip


def _without(raw: bytes, number: int) -> bytes:
    root = json.loads(raw)
    del root["signatures"][number]
    return json.dumps(root, indent=1).encode()


@pytest.fixture(scope="module")
def made() -> Made:
    pytest.importorskip("tuf", reason="needs python-tuf")
    return Made()


@pytest.mark.parametrize("name", BENT)
def test_the_same_verdicts(made: Made, tmp_path: Path, name: str) -> None:
    honest = made.tree()
    tree = BENT[name](honest)
    first = tree["root.json"]
    assert ours(tree, first, tmp_path) == accepted(tree, first)
    if name == "nothing":
        assert accepted(tree, first)


def _expired(made: Made, role: str) -> None:
    made.signed[role].expires = AT - timedelta(seconds=1)


def _older(made: Made, role: str) -> None:
    made.signed["snapshot"].meta[f"{role}.json"].version = 2


@pytest.mark.parametrize(
    ("change", "role"),
    [(_expired, role) for role in ("root", "timestamp", "snapshot", "targets", "agent")]
    + [(_older, role) for role in ("targets", "agent")],
)
def test_the_same_of_what_the_vendor_did(
    tmp_path: Path, change: Callable[[Made, str], None], role: str
) -> None:
    pytest.importorskip("tuf", reason="needs python-tuf")
    own = Made()
    change(own, role)
    tree = own.tree()
    assert ours(tree, tree["root.json"], tmp_path) == accepted(tree, tree["root.json"]) == False  # noqa: E712


@pytest.mark.parametrize(
    ("old", "new", "holds"),
    [((0, 1), (0, 1, 2), True), ((0, 1, 2), (3,), False), ((0,), (3, 4), False),
     ((0, 2), (3, 4), True), ((), (3, 4), False), ((1, 2), (4,), False)],
)  # fmt: skip
def test_rotations(tmp_path: Path, old: tuple[int, ...], new: tuple[int, ...], holds: bool) -> None:
    """A new root of three keys, two of which must sign, and two of the old three."""
    pytest.importorskip("tuf", reason="needs python-tuf")
    from securesystemslib.signer import CryptoSigner
    from tuf.api.metadata import Metadata

    own = Made()
    first = own.tree()["root.json"]
    keys = [*own.keys["root"], CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa()]
    root = own.signed["root"]
    root.version = 2
    if max(new) > 2:
        for key in keys[:3]:
            root.revoke_key(key.keyid if hasattr(key, "keyid") else key.public_key.keyid, "root")
        for key in keys[3:]:
            root.add_key(key.public_key, "root")
    second = Metadata(root)
    for number in {*old, *new}:
        second.sign(keys[number], append=True)
    tree = own.tree()
    tree["2.root.json"] = second.to_bytes()
    tree["root.json"] = first
    assert ours(tree, first, tmp_path) == accepted(tree, first) == holds


@pytest.mark.parametrize(
    "value",
    [{}, [], {"b": 1, "a": [True, None, "x"]}, 'q"\\\n\t\x00ü€𝄞', -5, 10**30, {"ä": {"": [[]]}}],
)
def test_one_canonical_form(value: object) -> None:
    formats = pytest.importorskip("securesystemslib.formats", reason="needs python-tuf")
    assert encode(value) == formats.encode_canonical(value).encode()


# --- real ones ---------------------------------------------------------------------------------


def _fetched(folder: Path, *wanted: str) -> Path:
    command = [sys.executable, "-m", "pip", "download", "-q", "-d", str(folder), "--no-deps"]
    subprocess.run([*command, *wanted], check=False, capture_output=True, timeout=180)
    found = next((own for own in folder.iterdir() if own.suffix in (".gz", ".whl")), None)
    if found is None:
        pytest.skip(f"pip cannot fetch {wanted[-1]}")
    return found


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            yield from ((name, opened.read(name)) for name in opened.namelist())
        return
    with tarfile.open(archive) as packed:
        for own in packed:
            file = packed.extractfile(own)
            if own.isfile() and file is not None:
                yield own.name.partition("/")[2], file.read()


def test_the_fixtures_of_python_tuf(tmp_path: Path) -> None:
    """All its metadata holds at its time, but for what it has as bad on purpose."""
    archive = _fetched(tmp_path, "--no-binary", ":all:", "tuf==7.0.1")
    tree = {name: data for name, data in _members(archive) if name.endswith((".json", ".txt"))}
    stated = [fact for own in documents(tree) for fact in read(own)]
    assert sum(isinstance(fact, TufMetadata) for fact in stated) >= 15
    found = package(tree, at="2021-01-01T00:00:00Z")
    told = {(own.at.member.rpartition("/repository_data/")[2], own.kind) for own in
            found.of(TufDefect)}  # fmt: skip
    assert {(path, kind) for path, kind in told if kind != "expired"} <= EXPLAINED
    sound = {own.at.member: own.roles - own.sound for own in found.of(TufRepository)}
    assert all(not bad for path, bad in sound.items() if "fishy" not in path), sound


EXPLAINED = {
    # Metadata alone, in a folder without anything that leads to it.
    ("fishy_rolenames/1.a.json", "missing"),
    ("tests/generated_data/ed25519_metadata/snapshot_with_ed25519.json", "missing"),
}


def test_the_roots_of_sigstore(tmp_path: Path) -> None:
    """Each holds by its own keys; a root of the store makes it a trusted one."""
    archive = _fetched(tmp_path, "sigstore==4.5.1")
    roots = {name: data for name, data in _members(archive) if name.endswith("/root.json")}
    assert len(roots) == 2
    for name, data in roots.items():
        store = tmp_path / name.partition("%2F%2F")[2].replace("/", "-")
        store.mkdir()
        (store / "root.json").write_bytes(data)
        found = package({name: data}, load_trust(store), "2026-01-01T00:00:00Z")
        (own,) = found.of(TufRepository)
        assert (own.trust, own.roles, own.sound) == ("trusted", 1, 1)
        assert own.threshold > 1
        bent = data.replace(b'"consistent_snapshot": true', b'"consistent_snapshot": false')
        assert bent != data
        found = package({name: bent}, load_trust(store), "2026-01-01T00:00:00Z")
        assert {"forged", "root-conflict"} & {one.kind for one in found.of(TufDefect)}
