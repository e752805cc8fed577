"""Bare keys in the trust store: loose files, and records that say more of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dten_audit.examples.key_signing import minisign_public, pem_public, ssh_public
from dten_audit.examples.pki import ROOT, issue, pem
from dten_audit.site.trust_loading import load_trust
from dten_audit.site.trust_records import TrustError

AT = datetime(2026, 11, 21, tzinfo=UTC)
RECORD = "schema: 1\nversion: 1\nvendor: acme\nkeys:\n- file: keys/acme.pub\n"


def store(folder: Path, **files: bytes | str) -> Path:
    for path, data in files.items():
        file = folder / path.replace("__", "/").replace("_DOT_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def test_loose_files_of_every_form(tmp_path: Path) -> None:
    root = issue("Acme Root CA 2014", None, ROOT)
    made = load_trust(
        store(
            tmp_path,
            a_DOT_pub=minisign_public("release"),
            b_DOT_pub=ssh_public("release"),
            c_DOT_pem=pem_public("release"),
            d_DOT_pem=pem(root.certificate),
            allowed_signers=b"r@acme " + ssh_public("other"),
        )
    )
    assert sorted(own.key.form for own in made.keys) == ["PEM", "SSH", "SSH", "minisign"]
    assert len(made.roots) == 1


def test_one_file_may_be_the_store(tmp_path: Path) -> None:
    file = tmp_path / "acme.pub"
    file.write_bytes(minisign_public("release"))
    made = load_trust(file)
    assert (len(made.keys), made.roots) == (1, ())


@pytest.mark.parametrize(
    ("more", "package", "standing"),
    [
        ("", "full.zip", "trusted"),
        ("  state: retiring\n", "full.zip", "trusted"),
        ("  state: retired\n", "full.zip", "retired"),
        ("  state: revoked\n", "full.zip", "revoked"),
        ("  accept_until: 2026-11-20\n", "full.zip", "retired"),
        ("  accept_until: 2026-11-22T00:00:00+01:00\n", "full.zip", "trusted"),
        ("scope: ['full*']\n", "full.zip", "trusted"),
        ("scope: ['full*']\n", "other.zip", "out-of-scope"),
    ],
)
def test_records_say_more_of_a_key(tmp_path: Path, more: str, package: str, standing: str) -> None:
    own = store(
        tmp_path,
        keys__acme_DOT_pub=minisign_public("release"),
        vendors__acme_DOT_yaml=RECORD + more,
        loose_DOT_pub=minisign_public("release"),
    )
    (key,) = load_trust(own).keys
    assert key.standing((package,), AT) == standing
    assert key.vendor.name == "acme"
    assert key.at.path.endswith("acme.yaml")


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (RECORD + "  state: gone\n", "state is one of"),
        (RECORD + "  accept_until: soon\n", "is a date"),
        (RECORD + "  fingerprint: x\n", "fingerprint"),
        (RECORD.replace("keys/acme.pub", "keys/none.pub"), "names its file"),
        (RECORD.replace("keys/acme.pub", "../outside.pub"), "names its file|leads out"),
        (RECORD.replace("file:", "state:"), "state is one of|names its file"),
        (RECORD.partition("keys:")[0], "has roots"),
    ],
)
def test_what_a_record_may_not_say(tmp_path: Path, record: str, says: str) -> None:
    (tmp_path / "outside.pub").write_bytes(minisign_public("other"))
    own = store(
        tmp_path / "store",
        keys__acme_DOT_pub=minisign_public("release"),
        vendors__acme_DOT_yaml=record,
    )
    with pytest.raises((TrustError, ValueError), match=says):
        load_trust(own)


def test_files_that_hold_no_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="no public key"):
        load_trust(store(tmp_path, acme_DOT_pub="nothing here\n"))


def test_links_out_of_the_store_are_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.pub").write_bytes(minisign_public("release"))
    (tmp_path / "store").mkdir()
    (tmp_path / "store/acme.pub").symlink_to(tmp_path / "outside.pub")
    with pytest.raises(TrustError, match="leads out"):
        load_trust(tmp_path / "store")
