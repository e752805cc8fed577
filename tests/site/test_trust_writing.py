"""Records are changed in their own text, as a whole or not at all, and only inside the store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.examples import pki
from dten_audit.readers.config.yaml_nodes import Node, parse_yaml, plain
from dten_audit.readers.signing.certificates import load
from dten_audit.site.schema import SiteFileError
from dten_audit.site.trust_loading import load_trust, read_records
from dten_audit.site.trust_records import TrustError
from dten_audit.site.trust_review import LOCK, due, due_versions, remember, remember_change
from dten_audit.site.trust_text import RecordText, fields
from dten_audit.site.trust_writing import NewRoot, change_root, record_root, replace_file

OLD = load(pki.der(pki.issue("Acme Root CA 2014", None, pki.ROOT).certificate))
NEW = load(pki.der(pki.issue("Acme Root CA 2024", None, pki.ROOT).certificate))
EVIDENCE = {"channel": "phone", "by": "jd", "at": "2026-11-21T09:12:00Z", "groups": [3, 9]}
A, B = OLD.sha256, NEW.sha256


def new(own: object = NEW, vendor: str = "acme", **more: object) -> NewRoot:
    made = NewRoot(own, vendor, (EVIDENCE,), ("jd",), date(2027, 6, 1))  # type: ignore[arg-type]
    return made._replace(**more)  # type: ignore[arg-type]


def data(text: str) -> object:
    (node,) = parse_yaml(text)
    return plain(node)


BLOCK = f"""# ours
schema: 1   # never mind
version: 7  # raise it
vendor: acme
roots:
# the old one
- sha256: {A}
  state: active   # for now
  approvals:
  - jd   # the first
  evidence: []
# that is all

rotations: []
# the end
"""
INDENTED = f"""vendor: acme
version: 7
roots:
  - {{sha256: {A}, approvals: [jd], state: active}}  # short
level: strict
"""
FLOW = f"{{vendor: acme, version: 7, roots: [{{sha256: {A}, approvals: [jd], state: active}}]}}"
BARE = f"vendor: acme\nroots:\n- sha256: {A}\n  approvals: [jd]\n  state: active"
CRLF = BLOCK.replace("\n", "\r\n")


@pytest.mark.parametrize("text", [BLOCK, INDENTED, FLOW, BARE, CRLF])
def test_edits_change_only_what_they_mean(text: str) -> None:
    own = RecordText(text)
    own.add_root({"sha256": B, "use": ["package"], "evidence": [EVIDENCE]})
    own.add_to_root(A, "approvals", "mk")
    own.add_to_root(A, "evidence", EVIDENCE)
    own.set_of_root(A, "state", "retiring")
    own.set_of_root(A, "note", "to be replaced: see #7")
    own.add_rotation({"from": A, "to": B, "via": "dual-signature"})
    own.next_version()
    wanted = data(text)
    assert isinstance(wanted, dict)
    old = wanted["roots"][0]
    old |= {"approvals": ["jd", "mk"], "evidence": [EVIDENCE], "state": "retiring"}
    old["note"] = "to be replaced: see #7"
    wanted["roots"].append({"sha256": B, "use": ["package"], "evidence": [EVIDENCE]})
    wanted["rotations"] = [{"from": A, "to": B, "via": "dual-signature"}]
    wanted["version"] = wanted.get("version", 0) + 1
    assert data(own.text) == wanted
    kept = [line for line in text.splitlines() if "#" in line]
    for line in kept:
        assert line[line.index("#") :] in own.text
    assert own.text.count("\r\n") in (0, own.text.count("\n"))


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.lists(st.text())))
def test_whatever_is_written_is_read_back(values: dict[str, object]) -> None:
    text = "\n".join(fields({"note": values, "list": [values]})) + "\n"
    (node,) = parse_yaml(text)
    (_, note), (_, listed) = node.pairs
    for own in (note, listed.items[0]):
        assert {key.text: texts(value) for key, value in own.pairs} == {
            key: list(value) if isinstance(value, list) else str(value)
            for key, value in values.items()
        }


def texts(node: Node) -> object:
    return [item.text for item in node.items] if node.kind == "sequence" else node.text


def test_a_first_root_makes_the_store(tmp_path: Path) -> None:
    store = tmp_path / "new" / "trust"
    made = record_root(store, new(scope=("dten-*",), identities=("O=Acme",)))
    assert made.file == store / "vendors" / "acme.yaml"
    (root,) = load_trust(store).roots
    assert (root.certificate, root.vendor.scope, root.lacks) == (
        NEW,
        ("dten-*",),
        "1 of 2 approvals",
    )
    assert root.review_by == datetime(2027, 6, 1, tzinfo=UTC)
    assert sorted(p.name for p in store.rglob("*") if p.is_file()) == [f"{B}.der", "acme.yaml"]


def test_names_lead_nowhere(tmp_path: Path) -> None:
    made = record_root(tmp_path / "trust", new(vendor="../../Acme / \x00 Österreich: [x]\n"))
    assert made.file.parent == tmp_path / "trust" / "vendors"
    assert load_trust(tmp_path / "trust").roots[0].vendor.name.startswith("../../Acme")


def test_the_second_person_adds_to_the_record(tmp_path: Path) -> None:
    record_root(tmp_path, new())
    made = record_root(tmp_path, new(vendor="ACME", approvals=("mk", "JD")))
    assert made.version == 2
    (root,) = load_trust(tmp_path).roots
    assert root.approvals == ("jd", "mk")
    assert (len(root.evidence), root.lacks) == (2, "")


def test_states(tmp_path: Path) -> None:
    record_root(tmp_path, new(approvals=("jd", "mk")))
    change_root(tmp_path, B, "retiring", date(2030, 1, 1))
    assert load_trust(tmp_path).roots[0].accept_until == datetime(2030, 1, 1, tzinfo=UTC)
    change_root(tmp_path, B, "revoked", note="stolen")
    assert load_trust(tmp_path).revoked(NEW)
    with pytest.raises(TrustError, match="is revoked: take it back there first"):
        record_root(tmp_path, new())
    with pytest.raises(TrustError, match="no vendor record names"):
        change_root(tmp_path, A, "retired")


# --- all or nothing ------------------------------------------------------------------------------


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vendor: acme\nroots: []\n---\nvendor: b\nroots: []\n", "has roots"),
        (f"vendor: acme\nroots:\n- sha256: {A}\nrots: 1\n", "has no key rots"),
        (f"vendor: x\nroots: [{{sha256: {A}}}]\n---\nvendor: acme\nroots: [{{sha256: {A}}}]\n",
         "several records"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_stays(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "vendors").mkdir()
    (tmp_path / "certs").mkdir()
    (tmp_path / "vendors/acme.yaml").write_text(text)
    (tmp_path / f"certs/{A}.der").write_bytes(OLD.der)
    before = snapshot(tmp_path)
    with pytest.raises(SiteFileError, match=says):
        record_root(tmp_path, new())
    assert snapshot(tmp_path) == before


def test_a_false_rotation_leaves_nothing(tmp_path: Path) -> None:
    record_root(tmp_path, new(OLD, approvals=("jd", "mk")))
    before = snapshot(tmp_path)
    false = {"from": A, "to": B, "via": "cross-signature", "cert": B}
    with pytest.raises(TrustError, match="is no certificate by the old root"):
        record_root(tmp_path, new(rotation=false))
    assert snapshot(tmp_path) == before


def test_a_failing_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_root(tmp_path, new(OLD))
    before = snapshot(tmp_path)

    def full(*_: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TrustError, match="cannot be written: No space left"):
        record_root(tmp_path, new())
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("what", ["certs", "vendors"])
def test_nothing_is_written_outside(tmp_path: Path, what: str) -> None:
    outside, store = tmp_path / "outside", tmp_path / "trust"
    outside.mkdir()
    store.mkdir()
    (store / what).symlink_to(outside)
    with pytest.raises(TrustError, match="is a link"):
        record_root(store, new())
    with pytest.raises(TrustError, match="leads out of the trust store"):
        replace_file(store / what / "x", b"x", store)
    with pytest.raises(TrustError, match="leads out of the trust store"):
        replace_file(store / ".." / "x", b"x", store)
    assert not list(outside.iterdir())
    assert not (tmp_path / "x").exists()


# --- what is due ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "days", "kinds"),
    [
        ("2026-11-21", 90, []),
        ("2033-12-01", 90, ["expires", "ends", "review"]),
        ("2033-12-01", 10, ["ends", "review"]),
        ("2035-01-01", 0, ["expired", "ends", "review"]),
        ("2028-01-01", 90, ["review"]),
    ],
)
def test_due(tmp_path: Path, at: str, days: int, kinds: list[str]) -> None:
    record_root(tmp_path, new(OLD, approvals=("jd", "mk")))
    change_root(tmp_path, A, "retiring", date(2033, 6, 1))
    found = due(load_trust(tmp_path), pki.moment(at), timedelta(days=days))
    assert [own.kind for own in found] == kinds
    change_root(tmp_path, A, "retired")
    assert due(load_trust(tmp_path), pki.moment(at), timedelta(days=days)) == []


def test_versions(tmp_path: Path) -> None:
    lock = tmp_path / LOCK
    record_root(tmp_path, new(OLD))
    assert due_versions(read_records(tmp_path), lock) == []
    remember(read_records(tmp_path), lock)
    made = record_root(tmp_path, new())
    remember_change(tmp_path, made.file, made.version)
    assert due_versions(read_records(tmp_path), lock) == []
    text = made.file.read_text()

    def words(changed: str) -> list[str]:
        made.file.write_text(changed)
        return [own.words for own in due_versions(read_records(tmp_path), lock)]

    assert words(text.replace("version: 2", "version: 1")) == ["went back from version 2 to 1"]
    assert words(text.replace("version: 2", "version: 4")) == ["jumped from version 2 to 4"]
    assert words(text + "# x\n") == ["was changed, but its version is still 2"]
    assert words(text.replace("version: 2", "version: 3")) == []
    made.file.rename(made.file.with_name("b.yaml"))
    assert [own.words for own in due_versions(read_records(tmp_path), lock)] == [
        "is new here", "is gone",
    ]  # fmt: skip
    lock.write_text("[]")
    with pytest.raises(TrustError, match="is no list of versions"):
        due_versions(read_records(tmp_path), lock)
