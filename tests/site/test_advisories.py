"""Advisories: each form, where fingerprints and versions stand, who signed, what is refused."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.derive.signing.anchors import Anchors
from dten_audit.derive.signing.notices import weigh
from dten_audit.examples import key_signing, pki
from dten_audit.readers.config.json_nodes import parse_json
from dten_audit.readers.config.yaml_nodes import YamlError, plain
from dten_audit.readers.signing.certificates import grouped, load
from dten_audit.readers.signing.fingerprints import fingerprints
from dten_audit.site.advisories import load_advisories, load_advisory
from dten_audit.site.advisory import AdvisoryError
from dten_audit.site.advisory_forms import told
from dten_audit.site.schema import SiteFileError
from dten_audit.site.trust_loading import load_trust
from dten_audit.site.vers import check_vers, contains

ROOT = pki.issue("Acme Root CA 2014", None, pki.ROOT)
SHA = load(pki.der(ROOT.certificate)).sha256
AT = datetime(2026, 11, 21, tzinfo=UTC)
OURS = "schema: dten-advisory/1\nid: A\nkind: eol\n"


def csaf(**document: Any) -> dict[str, Any]:
    """A CSAF 2.0 document as a vendor publishes it; ``document`` overrides or adds fields."""
    return {
        "document": {
            "category": "csaf_informational_advisory",
            "csaf_version": "2.0",
            "title": "New certification authority",
            "publisher": {
                "category": "vendor",
                "name": "Acme",
                "namespace": "https://acme.example",
            },
            "tracking": {"id": "ACME-2026-1", "status": "final", "version": "1"},
        }
        | document
    }


def product(ident: str, **helper: Any) -> dict[str, Any]:
    return {"product_id": ident, "name": "x", "product_identification_helper": helper}


HASHES = [{"filename": "root.der", "file_hashes": [{"algorithm": "sha256", "value": SHA.upper()}]}]
URIS = [{"namespace": "https://acme.example/ca", "uri": f"urn:sha256:{SHA}"}]
BRANCHES = [
    {"category": "vendor", "name": "Acme", "branches": [
        {"category": "product_name", "name": "dten", "branches": [
            {"category": "product_version", "name": "9.4.0", "product": product("A")},
            {"category": "product_version_range", "name": "vers:generic/>=9.1|<9.3",
             "product": product("B")},
            {"category": "product_version_range", "name": "all before spring",
             "product": product("C")},
        ]},
    ]},
]  # fmt: skip


def written(tmp_path: Path, content: object, name: str = "a.json") -> Path:
    file = tmp_path / name
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("content", "says", "where"),
    [
        (csaf(notes=[{"category": "details", "text": f"SHA-256:\n {grouped(SHA)}"}]), "named",
         "notes"),
        (csaf() | {"product_tree": {"full_product_names": [product("P", hashes=HASHES)]}}, "named",
         "product_identification_helper.hashes"),
        (csaf() | {"product_tree": {"full_product_names": [product("P", x_generic_uris=URIS)]},
                   "vulnerabilities": [{"product_status": {"fixed": ["P"]}}]}, "new",
         "product_identification_helper.x_generic_uris"),
        (csaf() | {"product_tree": {"full_product_names": [product("P", hashes=HASHES)]},
                   "vulnerabilities": [{"product_status": {"known_affected": ["P"]}}]}, "retired",
         "product_identification_helper.hashes"),
        ({"id": "A-1", "modified": "2026-01-01T00:00:00Z", "details": f"`{SHA}`"}, "named",
         "details"),
        ({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "u", "statements": [
            {"vulnerability": {"name": "CVE-1"}, "status": "affected",
             "products": [{"@id": "x", "hashes": {"sha-256": SHA}}]}]}, "retired",
         "products.hashes"),
    ],
)  # fmt: skip
def test_fingerprints_are_found_and_their_place_is_said(
    tmp_path: Path, content: dict[str, Any], says: str, where: str
) -> None:
    file = written(tmp_path, content)
    (root,) = load_advisory(file).told.roots
    assert (root.sha256, root.says, root.where) == (SHA, says, where)
    line = file.read_text().split("\n")[(root.at.line or 0) - 1]
    assert SHA in line.lower() or grouped(SHA)[:9] in line


def test_our_own_form(tmp_path: Path) -> None:
    text = (
        "schema: dten-advisory/1\nid: A-1\nkind: key-rotation\ntitle: News\n"
        "applies: {purl: pkg:generic/dten, vers: 'vers:pypi/>=9.4.0'}\n"
        f"keys:\n  new_roots:\n  - {{sha256: '{grouped(SHA)}', file: x.pem}}\n"
        "  confirmed_out_of_band: {by: jd, how: phone, on: 2026-11-20}\n"
    )
    told = load_advisory(written(tmp_path, text, "a.yaml")).told
    assert [(own.sha256, own.says, own.at.line) for own in told.roots] == [(SHA, "new", 8)]
    assert told.confirmed == "confirmed by jd by phone on 2026-11-20"
    assert told.versions == ()
    told = load_advisory(written(tmp_path, text.replace("key-rotation", "eol"), "a.yaml")).told
    assert [own.ranges for own in told.versions] == [("vers:pypi/>=9.4.0",)]


def test_versions_of_csaf_trees(tmp_path: Path) -> None:
    bad = [{"cve": "CVE-2026-1", "title": "Events are lost",
            "product_status": {"known_affected": [*"ABCD"], "fixed": ["E"]}}]  # fmt: skip
    purl = product("D", purl="pkg:generic/dten-agent@2.3?arch=amd64")
    tree = {"branches": BRANCHES, "full_product_names": [purl]}
    file = written(tmp_path, csaf() | {"product_tree": tree, "vulnerabilities": bad})
    found = [(own.product, own.versions, own.ranges) for own in load_advisory(file).told.versions]
    assert found == [
        ("dten", ("9.4.0",), ()),
        ("dten", (), ("vers:generic/>=9.1|<9.3",)),
        ("pkg:generic/dten-agent", ("2.3",), ()),
    ]
    assert load_advisory(file).told.versions[0].problem == "CVE-2026-1 Events are lost"


@pytest.mark.parametrize(
    ("events", "ranges"),
    [
        ([{"introduced": "0"}, {"fixed": "2.1"}], ("vers:semver/<2.1",)),
        ([{"introduced": "1.0"}, {"last_affected": "1.9"}], ("vers:semver/>=1.0|<=1.9",)),
        ([{"introduced": "0"}], ("vers:semver/*",)),
        ([{"introduced": "1"}, {"fixed": "2"}, {"introduced": "3"}],
         ("vers:semver/>=1|<2", "vers:semver/>=3")),
    ],
)  # fmt: skip
def test_ranges_of_osv(tmp_path: Path, events: list[Any], ranges: tuple[str, ...]) -> None:
    affected = [{"package": {"ecosystem": "npm", "name": "acme"},
                 "ranges": [{"type": "SEMVER", "events": events}, {"type": "GIT"}]}]  # fmt: skip
    osv = {"id": "A-1", "modified": "2026-01-01T00:00:00Z", "affected": affected}
    (own,) = load_advisory(written(tmp_path, osv)).told.versions
    assert (own.product, own.ranges) == ("acme", ranges)
    gone = load_advisory(written(tmp_path, osv | {"withdrawn": "2026-02-01T00:00:00Z"})).told
    assert (gone.versions, gone.doubt) == ((), "it was withdrawn")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("vers:semver/>=1.0.0|<2.0.0", ("1.0.0", "1.9.9"), ("0.9.9", "2.0.0", "2.0.1")),
        ("vers:pypi/>9.4|!=9.4.3|<=9.5", ("9.4.1", "9.5"), ("9.4", "9.4.3", "9.6")),
        ("vers:generic/<2|>=3|<4", ("1", "3", "3.9"), ("2", "2.5", "4")),
        ("vers:deb/1.0-1|2.0-1", ("1.0-1", "2.0-1"), ("1.5-1",)),
        ("vers:generic/!=9.4.0", ("9.4.1",), ("9.4.0", "9.4")),
        ("vers:rpm/*", ("1", "99"), ()),
    ],
)
def test_version_ranges(text: str, inside: tuple[str, ...], outside: tuple[str, ...]) -> None:
    assert not check_vers(text)
    assert [contains(text, version) for version in inside] == [True] * len(inside)
    assert [contains(text, version) for version in outside] == [False] * len(outside)
    if "*" not in text:
        assert contains(text, "soon") is None


# --- who signed -----------------------------------------------------------------------------------


def signed(tmp_path: Path, name: str, signature: bytes, **document: Any) -> str:
    note = [{"category": "details", "text": SHA}]
    file = written(tmp_path, csaf(notes=note, **document))
    (tmp_path / f"a.json{name}").write_bytes(signature)
    store = tmp_path / "trust"
    store.mkdir()
    (store / "root.pem").write_bytes(pki.pem(ROOT.certificate))
    (store / "psirt.pub").write_bytes(key_signing.minisign_public("psirt"))
    weight = weigh(load_advisory(file), Anchors(load_trust(store), "full.zip", AT))
    assert bool(weight.signed_by) != bool(weight.doubt)
    return weight.signed_by or weight.doubt


def bytes_of(tmp_path: Path, **document: Any) -> bytes:
    note = [{"category": "details", "text": SHA}]
    return written(tmp_path, csaf(notes=note, **document)).read_bytes()


@pytest.mark.parametrize(
    ("year", "document", "says"),
    [
        (2014, {}, "CN=PSIRT"),
        (2024, {}, "is not below a root that you trust"),
        (2014, {"tracking": {"id": "A", "status": "draft"}}, "its status is draft, not final"),
        (2014, {"publisher": {"category": "coordinator"}}, "a coordinator, not the vendor"),
    ],
)
def test_a_chain_to_a_trusted_root_counts(
    tmp_path: Path, year: int, document: dict[str, Any], says: str
) -> None:
    above = pki.issue(f"Acme Root CA {year}", None, pki.ROOT)
    own = pki.issue("PSIRT", above)
    data = bytes_of(tmp_path, **document)
    assert says in signed(
        tmp_path, ".p7s", pki.sign_detached(data, own, (above.certificate,)), **document
    )


def test_other_signatures(tmp_path: Path) -> None:
    data = bytes_of(tmp_path)
    for number, (name, signature, says) in enumerate(
        [
            (".minisig", key_signing.minisign(data, "psirt"), "minisign key"),
            (".minisig", key_signing.minisign(data, "stranger"), "by no minisign key"),
            (".minisig", key_signing.minisign(data + b" ", "psirt"), "by no minisign key"),
            (".asc", b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n", "by no OpenPGP key"),
            (".p7s", b"0\x82", "cannot be read"),
            (".txt", b"", "nobody signed it"),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert says in signed(folder, name, signature)


def test_openpgp_as_csaf_wants_it(tmp_path: Path) -> None:
    pysequoia = pytest.importorskip("pysequoia")
    own = pysequoia.Tsk.generate("PSIRT <psirt@acme.example>")
    data = bytes_of(tmp_path)
    mode = pysequoia.SignatureMode.DETACHED
    (tmp_path / "a.json.asc").write_bytes(pysequoia.sign(own.signer(), data, mode=mode))
    store = tmp_path / "trust"
    store.mkdir()
    (store / "psirt.gpg").write_bytes(bytes(own.extract_certificate()))
    anchors = Anchors(load_trust(store), "full.zip", datetime.now(UTC))
    assert weigh(load_advisory(tmp_path / "a.json"), anchors).signed_by.startswith("OpenPGP key")
    (tmp_path / "a.json").write_bytes(data.replace(b"final", b"final "))
    assert not weigh(load_advisory(tmp_path / "a.json"), anchors).signed_by


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "line", "says"),
    [
        ("a.json", "{}", 1, "no advisory of a form that is read here"),
        ("a.json", "[" * 200_000, 1, "nested too deep"),
        ("a.json", '{\n"a": 1,\n"b" 2}', 3, "a colon is missing"),
        ("a.json", '{"a": "x', 1, "a string that does not end"),
        ("a.json", "", 1, "ends too early"),
        ("a.json", '{"document": {"csaf_version": "2.0"}}', 1, "the CSAF advisory has no id"),
        ("a.yaml", "schema: dten-advisory/2\n", 1, "the schema is dten-advisory/1"),
        ("a.yaml", "schema: dten-advisory/1\nid: A\nkind: news\n", 3, "kind is one of"),
        ("a.yaml", OURS + "key: {}\n", 4, "did you mean keys"),
        ("a.yaml", OURS + "keys: {retired: [{sha256: 12}]}\n", 4,
         "64 hexadecimal digits"),
        ("a.yaml", OURS + "applies: {purl: dten}\n", 4,
         "applies names a purl"),
        ("a.yaml", OURS + "applies: {purl: pkg:generic/dten, vers: '>=1'}\n", 4,
         "a range is written like"),
        ("a.yaml", "a: 1\n---\nb: 2\n", 1, "one document"),
        ("a.yaml", "\n- [\n", 3, "a.yaml:3"),
    ],
)  # fmt: skip
def test_refused_with_file_and_line(
    tmp_path: Path, name: str, text: str, line: int, says: str
) -> None:
    with pytest.raises(SiteFileError, match=says) as caught:
        list(load_advisories(written(tmp_path, text, name).parent))
    assert caught.value.path.endswith(name)
    assert caught.value.line == line


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    written(tmp_path / "2026", csaf())
    (tmp_path / "README.md").write_text("ours")
    (tmp_path / "provider.pem").write_bytes(b"x")
    assert [own.told.id for own in load_advisories(tmp_path)] == ["ACME-2026-1"]
    with pytest.raises(AdvisoryError, match="no such folder"):
        list(load_advisories(tmp_path / "nowhere"))
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    with pytest.raises(AdvisoryError, match="not UTF-8"):
        list(load_advisories(tmp_path))


# --- JSON and fingerprints ------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda own: st.lists(own) | st.dictionaries(st.text(), own),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_is_read_as_json_is(value: object, indent: Any, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert _same(plain(parse_json(text)), json.loads(text))


def _same(ours: object, theirs: object) -> bool:
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(_same(ours[str(key)], theirs[key]) for key in theirs)
    if isinstance(theirs, list):
        return isinstance(ours, list) and all(map(_same, ours, theirs))
    return ours == theirs


@given(st.text(alphabet='{}[]",:01e-.tfn \n\\u"'))
@settings(max_examples=300)
def test_any_text_is_json_or_an_error_as_for_others(text: str) -> None:
    try:
        theirs = json.loads(text)
    except ValueError:
        with pytest.raises(YamlError):
            parse_json(text)
    else:
        assert _same(plain(parse_json(text)), theirs)


@pytest.mark.parametrize(
    "text",
    [
        SHA,
        SHA.upper(),
        f"SHA-256: {grouped(SHA)}",
        f"SHA256 Fingerprint={':'.join(SHA[n : n + 2].upper() for n in range(0, 64, 2))}",
        f"first half {grouped(SHA)[:39]}\n      {grouped(SHA)[40:]}.",
        f"urn:sha256:{SHA}/x",
    ],
)
def test_fingerprints_as_people_write_them(text: str) -> None:
    assert [own for own, _ in fingerprints(text)] == [SHA]


@pytest.mark.parametrize(
    "text", [SHA[:-1], SHA + "a", SHA + SHA, grouped(SHA)[:-5], "x" + SHA, SHA.replace("a", "g", 1)]
)
def test_what_is_no_fingerprint(text: str) -> None:
    assert list(fingerprints(text)) == []


@pytest.mark.parametrize("text", ["ab " * 300_000, "a" * 1_000_000, "ab:" * 300_000, " " * 900_000])
def test_hostile_texts_take_linear_time(text: str) -> None:
    started = time.monotonic()
    for _ in fingerprints(text):
        pass
    assert time.monotonic() - started < 3


SHAPES = st.dictionaries(
    st.sampled_from(
        "document product_tree branches product full_product_names product_id category name notes "
        "text vulnerabilities product_status known_affected fixed affected package purl ranges "
        "events introduced versions statements products status hashes id modified @id".split()
    ),
    VALUES,
    max_size=6,
)


@given(SHAPES, SHAPES, st.sampled_from(["csaf", "osv", "vex", "ours"]))
def test_whatever_else_it_holds_an_advisory_is_read(
    more: dict[str, Any], inside: dict[str, Any], form: str
) -> None:
    starts: dict[str, dict[str, Any]] = {
        "csaf": {"document": inside | {"csaf_version": "2.0", "tracking": {"id": "A"}}},
        "osv": {"affected": [inside], "id": "A", "modified": "x"},
        "vex": {"statements": [inside], "@context": "https://openvex.dev/ns", "@id": "A"},
        "ours": inside | {"schema": "dten-advisory/1", "id": "A", "kind": "eol"},
    }
    text = json.dumps(more | starts[form])
    try:
        found = told("a.json", parse_json(text))
    except SiteFileError:
        assert form == "ours"
    else:
        assert found.id == "A"
