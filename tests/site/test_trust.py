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
