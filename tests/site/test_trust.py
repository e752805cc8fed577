"""The trust store: loose roots, vendor records, and what is refused with file, line and advice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dten_audit.examples import pki
from dten_audit.examples.signed_tree import signed_tree
from dten_audit.readers.signing.certificates import load
from dten_audit.site.schema import SiteFileError
from dten_audit.site.trust_loading import load_trust
from dten_audit.site.trust_records import TrustError

ROOT = pki.issue("Acme Root CA 2014", None, pki.ROOT).certificate
OTHER = pki.issue("Acme Root CA 2024", None, pki.ROOT).certificate
OWN = load(pki.der(ROOT))
SHA = OWN.sha256


def write(folder: Path, files: dict[str, bytes | str]) -> Path:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


NEW = load(pki.der(OTHER))
CROSS = pki.cross_sign(
    pki.issue("Acme Root CA 2024", None, pki.ROOT), pki.issue("Acme Root CA 2014", None, pki.ROOT)
)
CROSS_SHA = load(pki.der(CROSS)).sha256
HEARD = "  approvals: [jd]\n  evidence:\n  - {channel: phone, by: jd}\n"
READ = "  approvals: [jd]\n  evidence: [{channel: advisory, by: jd, id: A, signed_by: CN=PSIRT}]\n"
APPROVED = "  approvals: [jd, mk]\n  evidence: [{channel: phone, by: jd}]\n"


def record(more: str = "", root: str = "") -> str:
    return f"schema: 1\nversion: 3\nvendor: acme\n{more}roots:\n- sha256: {SHA}\n{root}"


CERT: dict[str, bytes | str] = {f"certs/{SHA}.der": pki.der(ROOT)}


@pytest.mark.parametrize(
    "files",
    [
        {"a.pem": pki.pem(ROOT)},
        {"a.der": pki.der(ROOT)},
        {"a.crt": b"subject= Acme\r\n" + pki.pem(ROOT).replace(b"\n", b"\r\n")},
        {"a.cer": pki.der(ROOT), "README.md": b"ours", "advisories/x.yaml": b"id: 1"},
        CERT | {"vendors/acme.yaml": record()},
        CERT | {"vendors/acme.yaml": record(), "a.pem": pki.pem(ROOT)},
        {f"certs/{SHA}.pem": pki.pem(ROOT), "vendors/acme.yaml": record()},
    ],
)
def test_one_root(tmp_path: Path, files: dict[str, bytes | str]) -> None:
    (root,) = load_trust(write(tmp_path, files)).roots
    assert (root.sha256, root.state) == (SHA, "active")
    assert root.certificate == OWN


def test_bundles_and_single_files(tmp_path: Path) -> None:
    write(tmp_path, {"all.pem": pki.pem(ROOT, OTHER)})
    second = pki.pem(ROOT).count(b"\n") + 1
    for path in (tmp_path, tmp_path / "all.pem"):
        store = load_trust(path)
        assert [root.at.line for root in store.roots] == [1, second]
        assert store.named(OWN.subject_key) == [store.roots[0]]


def test_a_record_speaks_before_a_loose_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        CERT | {"vendors/acme.yaml": record(root="  state: retired\n"), "a.pem": pki.pem(ROOT)},
    )
    (root,) = load_trust(tmp_path).roots
    assert root.state == "retired"
    assert not root.accepted(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_whole_record(tmp_path: Path) -> None:
    more = (
        'scope: ["dten-*", "Full-*.zip"]\nidentities: ["O=ACME  Vendor GmbH"]\nlevel: permissive\n'
    )
    root = (
        "  use: [package, timestamp]\n  state: retiring\n  accept_until: 2034-01-01\n"
        "  review_by: 2027-06-01\n  approvals: [jd, mk]\n"
        "  evidence:\n  - {channel: phone, by: jd}\n"
    )
    write(tmp_path, CERT | {"vendors/acme.yaml": record(more, root).replace(SHA, SHA.upper())})
    store = load_trust(tmp_path)
    (found,) = store.roots
    assert found.accept_until == datetime(2034, 1, 1, tzinfo=UTC)
    assert found.use == {"package", "timestamp"}
    assert (found.at.line, found.vendor.level) == (8, "permissive")
    assert [found.vendor.covers(name) for name in ("dten-1.zip", "x.zip")] == [True, False]
    assert found.vendor.names(load(pki.der(pki.issue("Anybody").certificate)))
    assert not found.vendor.names(load(pki.der(pki.issue(pki.name("A", "Other")).certificate)))
    assert store.vendor_of("dten-1.zip") == found.vendor
    assert store.vendor_of("x.zip") is None


def test_a_fingerprint_is_enough_to_revoke(tmp_path: Path) -> None:
    write(
        tmp_path, {"vendors/acme.yaml": record(root="  state: revoked\n"), "a.pem": pki.pem(OTHER)}
    )
    store = load_trust(tmp_path)
    assert store.revoked(OWN)
    assert not store.revoked(load(pki.der(OTHER)))


@pytest.mark.parametrize(
    ("files", "where", "says"),
    [
        ({}, "", "is empty"),
        ({"a.txt": b"x"}, "", "is empty"),
        ({"a.pem": b"x"}, "a.pem:1", "no certificate in PEM or DER"),
        ({"a.pem": pki.private_pem(pki.key("k"))}, "a.pem:1", "no certificate"),
        ({"a.pem": b"#\n#\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"},
         "a.pem:3", "no certificate"),
        ({"vendors/a.yaml": record()}, "a.yaml:5", "the certificate is missing: put it at"),
        ({"vendors/a.yaml": record(), f"certs/{SHA}.der": pki.der(OTHER)}, f"{SHA}.der:1",
         "not what its name says"),
        (CERT | {"vendors/a.yaml": record("rots: []\n")}, "a.yaml:4", "has no key rots"),
        (CERT | {"vendors/a.yaml": record("level: lax\n")}, "a.yaml:4", "level is one of"),
        (CERT | {"vendors/a.yaml": record('identities: ["nonsense"]\n')}, "a.yaml:4",
         "an identity is written like"),
        (CERT | {"vendors/a.yaml": record(root="  state: dead\n")}, "a.yaml:6", "state is one of"),
        (CERT | {"vendors/a.yaml": record(root="  use: [mail]\n")}, "a.yaml:6", "use is one of"),
        (CERT | {"vendors/a.yaml": record(root="  accept_until: soon\n")}, "a.yaml:6", "is a date"),
        (CERT | {"vendors/a.yaml": record().replace("schema: 1", "schema: 9")}, "a.yaml:1",
         "the schema is 1"),
        (CERT | {"vendors/a.yaml": record().replace("vendor: acme\n", "")}, "a.yaml:1",
         "names its vendor"),
        (CERT | {"vendors/a.yaml": "vendor: acme\n"}, "a.yaml:1", "has roots"),
        (CERT | {"vendors/a.yaml": "vendor: a\nroots:\n- sha256: 12\n"}, "a.yaml:3",
         "64 hexadecimal"),
        (CERT | {"vendors/a.yaml": "vendor: a\nroots: [\n"}, "a.yaml:", "a.yaml"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, files: dict[str, bytes | str], where: str, says: str) -> None:
    with pytest.raises(SiteFileError, match=says) as caught:
        load_trust(write(tmp_path, files))
    assert where in str(caught.value)


def test_links_may_not_leave_the_store(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"root.pem": pki.pem(ROOT)}) / "root.pem"
    store = write(tmp_path / "trust", {"own.pem": pki.pem(OTHER)})
    (store / "link.pem").symlink_to(outside)
    with pytest.raises(TrustError, match="leads out of the trust store"):
        load_trust(store)
    (store / "link.pem").unlink()
    (store / "link.pem").symlink_to(store / "own.pem")
    assert len(load_trust(store).roots) == 2


def test_no_such_store(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="no such trust store"):
        load_trust(tmp_path / "nowhere")


def test_example_trees_bring_their_store(tmp_path: Path) -> None:
    tree = signed_tree({"vendor": {"state": "retired", "scope": '["*"]'}})
    files: dict[str, bytes | str] = {
        path.removeprefix("@trust/"): data
        for path, data in tree.items()
        if path.startswith("@trust/")
    }
    (root,) = load_trust(write(tmp_path, files)).roots
    assert (root.state, root.vendor.name) == ("retired", "acme")


# --- approvals, evidence, rotations ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "lacks"),
    [
        (APPROVED, ""),
        ("", "0 of 2 approvals, no evidence from outside the package and the web"),
        ("  approvals: [jd]\n  evidence: [{channel: phone, by: jd}]\n", "1 of 2 approvals"),
        ("  approvals: [jd, ' jd']\n  evidence: [{channel: letter, by: jd}]\n", ""),
        ("  approvals: [jd, JD]\n  evidence: [{channel: letter, by: jd}]\n", "1 of 2 approvals"),
        ("  approvals: [jd, mk]\n  evidence: [{channel: web, by: jd}]\n", "no evidence from"),
        (HEARD + "  - {channel: advisory, by: jd, id: A, signed_by: CN=PSIRT}\n", ""),
        (HEARD + "  - {channel: advisory, by: jd, id: A}\n", "1 of 2 approvals"),
        (READ, "no evidence from"),
        ("  state: retired\n", ""),
        ("  use: [timestamp]\n", ""),
    ],
)  # fmt: skip
def test_what_a_root_lacks(tmp_path: Path, root: str, lacks: str) -> None:
    write(tmp_path, CERT | {"vendors/acme.yaml": record(root=root)})
    (found,) = load_trust(tmp_path).roots
    assert bool(found.lacks) == bool(lacks)
    assert lacks in found.lacks
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert found.accepted(at) is (not lacks and found.state == "active")
    write(tmp_path, {"vendors/acme.yaml": record("level: permissive\n", root)})
    assert load_trust(tmp_path).roots[0].accepted(at) is (found.state == "active")


ROTATED: dict[str, bytes | str] = CERT | {
    f"certs/{NEW.sha256}.der": pki.der(OTHER),
    f"certs/{CROSS_SHA}.der": pki.der(CROSS),
}
FROM_TO = f"from: {SHA}, to: {NEW.sha256}"


def rotated(rotation: str, old: str = APPROVED) -> str:
    new = f"- sha256: {NEW.sha256}\n  approvals: [jd]\n"
    return f"{record(root=old)}{new}rotations:\n- {{{rotation}}}\n"


@pytest.mark.parametrize(
    ("rotation", "old", "lacks"),
    [
        (f"{FROM_TO}, via: cross-signature, cert: {CROSS_SHA}", APPROVED, ""),
        (f"{FROM_TO}, via: dual-signature, seen_in: full.zip", APPROVED, "1 of 2 approvals"),
        (f"{FROM_TO}, cert: {CROSS_SHA}", "  state: retired\n", ""),
        (f"{FROM_TO}, cert: {CROSS_SHA}", "  state: revoked\n", "1 of 2 approvals, no evidence"),
    ],
)
def test_a_trusted_root_stands_for_the_second_person(
    tmp_path: Path, rotation: str, old: str, lacks: str
) -> None:
    store = load_trust(write(tmp_path, ROTATED | {"vendors/a.yaml": rotated(rotation, old)}))
    (new,) = store.of(NEW.sha256)
    assert bool(new.lacks) == bool(lacks)
    assert lacks in new.lacks


@pytest.mark.parametrize(
    ("rotation", "says"),
    [
        (f"from: {SHA}, to: {'0' * 64}, cert: {CROSS_SHA}", "to 000.* knows nothing"),
        (f"from: {'0' * 64}, to: {NEW.sha256}, cert: {CROSS_SHA}", "from 000.* knows nothing"),
        (f"{FROM_TO}, cert: {'1' * 64}", "the cross-certificate 111.* is missing in certs"),
        (f"{FROM_TO}, cert: {SHA}", "is no certificate by the old root for the new root's key"),
        (f"{FROM_TO}, cert: {NEW.sha256}", "is no certificate by the old root"),
        (f"from: {NEW.sha256}, to: {SHA}, cert: {CROSS_SHA}", "is no certificate by the old root"),
        (f"{FROM_TO}", "a cross-certificate is named by its SHA-256"),
        (f"{FROM_TO}, via: e-mail", "via is one of cross-signature, dual-signature"),
    ],
)
def test_a_rotation_must_be_what_it_says(tmp_path: Path, rotation: str, says: str) -> None:
    write(tmp_path, ROTATED | {"vendors/a.yaml": rotated(rotation)})
    with pytest.raises(SiteFileError, match=says) as caught:
        load_trust(tmp_path)
    assert caught.value.line == 11


@pytest.mark.parametrize(
    ("root", "says"),
    [
        ("  evidence: [{channel: forum, by: jd}]\n", "channel is one of phone"),
        ("  evidence: [{channel: phone}]\n", "evidence names who confirmed it"),
        ("  evidence: [{channel: phone, by: jd, on: 1}]\n", "evidence has no key on"),
        ("  evidence: [{channel: phone, by: jd, at: soon}]\n", "at is a date"),
        (f"- sha256: {SHA}\n", "stands here twice"),
    ],
)
def test_evidence_is_checked(tmp_path: Path, root: str, says: str) -> None:
    write(tmp_path, CERT | {"vendors/a.yaml": record(root=root)})
    with pytest.raises(SiteFileError, match=says) as caught:
        load_trust(tmp_path)
    assert caught.value.line == 6


@pytest.mark.parametrize("what", ["certs", "vendors", f"certs/{SHA}.der", "vendors/acme.yaml"])
def test_records_and_what_they_name_are_no_links(tmp_path: Path, what: str) -> None:
    store = write(tmp_path / "trust", CERT | {"vendors/acme.yaml": record()})
    load_trust(store)
    (store / what).rename(store / "moved")
    (store / what).symlink_to(store / "moved")
    with pytest.raises(TrustError, match="is a link"):
        load_trust(store)


def test_scope_is_that_of_the_package_or_of_an_archive_around(tmp_path: Path) -> None:
    text = record('scope: ["Full-*.zip"]\n')
    store = load_trust(write(tmp_path, CERT | {"vendors/acme.yaml": text}))
    vendor = store.roots[0].vendor
    assert vendor.covers("delivery.tar.gz", "Full-9.zip")
    assert not vendor.covers("delivery.tar.gz", "other.zip")
    assert store.vendor_of("delivery.tar.gz", "Full-9.zip") == vendor
