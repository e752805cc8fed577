"""From an unknown root to a recorded decision, with the commands that an operator types."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import click
import pytest

from dten_audit.cli.trust_reading import usual_scope
from dten_audit.examples import key_signing, pki
from dten_audit.readers.signing.certificates import grouped

from .trusting import AT, NEW, Terminal, add, hearing, root_of

# --- the story ---------------------------------------------------------------------------------


def test_the_unknown_root_names_the_commands_and_show_is_the_script(
    story: tuple[str, str], run: Terminal
) -> None:
    package, store = story
    found = run.findings(package, store)
    fix = found["SIGN017"]["fix"]
    assert f"`dten-audit trust show {package} --trust {store}`" in fix
    assert f"`dten-audit trust add-root {package} --trust {store} --vendor VENDOR" in fix
    assert run("trust", "show", package, "--trust", store, *AT) == 0
    assert "Call the number in your contract, not one from the package or an e-mail." in run.out
    assert "nobody whom you trust vouches for the signer" in run.out
    tree = [line for line in run.out.split("\n") if "CN=" in line and "Ask" not in line][:3]
    assert [line.strip().split(",")[0] for line in tree] == [
        "CN=DTEN Root CA 2026", "CN=DTEN Code Signing CA 3", "CN=DTEN Release Signing 2026",
    ]  # fmt: skip
    groups = re.findall(r"SHA-256  ((?:[0-9A-F]{4} ?){8})\n +((?:[0-9A-F]{4} ?){8})", run.out)
    assert len(groups) == 3
    assert "".join(groups[0]).replace(" ", "").lower() == root_of(run, package)


def test_two_people_who_heard_the_fingerprint_make_it_pass(
    story: tuple[str, str], run: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, store = story
    sha256 = root_of(run, package)
    asked = hearing(monkeypatch, sha256)
    assert run(*add(package, store, "jd", "--peer", "DTEN PSIRT")) == 0
    shown = run.out.partition("version 1")[0]
    assert len(asked) == 4
    assert not [group for group in grouped(sha256).split() if group in shown]
    assert "1 of 2 approvals" in run.out
    found = run.findings(package, store)
    assert "SIGN017" not in found
    assert "1 of 2 approvals" in found["SIGN065"]["message"]
    assert run(*add(package, store, "mk")) == 0
    assert "trusted from now on" in run.out
    assert not {"SIGN017", "SIGN065", "SIGN021"} & set(run.findings(package, store))
    text = (Path(store) / "vendors/dten-systems.yaml").read_text()
    assert "version: 2\n" in text
    assert "approvals: [jd, mk]" in text
    assert text.count("channel: phone") == 2
    assert "peer: DTEN PSIRT, groups: [" in text


def test_wrong_groups_write_nothing(
    story: tuple[str, str], run: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, store = story
    before = sorted(Path(store).rglob("*"))
    hearing(monkeypatch, "00" * 32)
    assert run(*add(package, store, "jd")) == 1
    assert "nothing was written" in run.err
    assert sorted(Path(store).rglob("*")) == before


@pytest.mark.parametrize(
    ("fingerprint", "status", "says"),
    [
        ("00" * 32, 1, "not this root's fingerprint"),
        ("12", 2, "64 hexadecimal digits"),
    ],
)
def test_a_fingerprint_from_outside_must_match(
    story: tuple[str, str], run: Terminal, fingerprint: str, status: int, says: str
) -> None:
    package, store = story
    assert run(*add(package, store, "ci", "--fingerprint", fingerprint)) == status
    assert says in run.err
    assert not (Path(store) / "vendors").exists()


def test_what_was_said_on_the_web_is_no_evidence(story: tuple[str, str], run: Terminal) -> None:
    package, store = story
    sha256 = root_of(run, package)
    command = add(package, store, "jd", "--approve", "mk", "--fingerprint", sha256)
    command[command.index("phone")] = "web"
    assert run(*command) == 0
    assert "not relied on yet: no evidence" in run.out
    assert "SIGN065" in run.findings(package, store)


def test_a_rotation_is_proposed_and_stored_only_when_confirmed(
    crossed: tuple[str, str], run: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, store = crossed
    found = run.findings(package, store)
    assert "SIGN017" not in found
    assert f"`dten-audit trust rotate {package} --trust {store}`" in found["SIGN021"]["fix"]
    rotate = ["trust", "rotate", package, "--trust", store, "--vendor", "DTEN", "--by", "jd", *AT]
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "something else")
    assert run(*rotate) == 1
    assert NEW in run.out
    assert not (Path(store) / "vendors").exists()
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "dten")
    assert run(*rotate) == 0
    text = (Path(store) / "vendors/dten.yaml").read_text()
    assert re.search(
        r"\n- \{from: ad58.*, to: cb98.*, via: cross-signature, cert: [0-9a-f]{64}", text
    )
    assert "seen_in: Full-upgrade-package-dten.zip, at: " in text
    assert len(list((Path(store) / "certs").iterdir())) == 2
    assert not {"SIGN017", "SIGN021", "SIGN065"} & set(run.findings(package, store))
    assert run(*rotate) == 1
    assert "no trusted root vouches" in run.err


def test_without_a_cross_certificate_there_is_nothing_to_rotate(
    story: tuple[str, str], run: Terminal
) -> None:
    package, store = story
    assert run("trust", "rotate", package, "--trust", store, "--yes", *AT) == 1
    assert "no trusted root vouches for a new one" in run.err
    assert not (Path(store) / "vendors").exists()


def test_advisories_are_named_and_are_only_a_hint(
    built: dict[str, Path], story: tuple[str, str], run: Terminal
) -> None:
    package, store = story
    folder = built["story"].parent / "advisories"
    found = run.findings(package, store, "--advisories", str(folder))
    assert "advisory DTEN-2026-07" in found["SIGN017"]["message"]
    assert "nobody signed it" in found["SIGN017"]["message"]
    assert found["SIGN062"]["related"][0]["path"].endswith("DTEN-2026-07.yaml")
    assert found["SIGN060"]["location"]["path"].endswith("signatures/vendor-advisory.txt")
    assert found["SIGN060"]["severity"] == "low"
    assert "SIGN061" not in found


def test_an_advisory_that_a_known_key_signed_stands_for_the_second_person(
    story: tuple[str, str], run: Terminal, tmp_path: Path
) -> None:
    package, store = story
    sha256 = root_of(run, package)
    folder = tmp_path / "advisories"
    folder.mkdir()
    text = (
        "schema: dten-advisory/1\nid: DTEN-2026-08\nkind: key-rotation\n"
        f"keys: {{new_roots: [{{sha256: {sha256}}}]}}\n"
    ).encode()
    name = pki.name("DTEN Root CA 2014", "DTEN Systems GmbH")
    old = pki.issue(name, None, pki.ROOT._replace(valid=("2014-03-01", "2034-03-01")))
    psirt = pki.issue(pki.name("DTEN PSIRT", "DTEN Systems GmbH"), old)
    (folder / "a.yaml").write_bytes(text)
    (folder / "a.yaml.p7s").write_bytes(pki.sign_detached(text, psirt, (old.certificate,)))
    found = run.findings(package, store, "--advisories", str(folder))
    assert "DTEN PSIRT" in found["SIGN061"]["message"]
    assert "SIGN062" not in found
    assert found["SIGN017"]["severity"] == "high"
    command = add(package, store, "jd", "--fingerprint", sha256, "--advisories", str(folder))
    assert run(*command) == 0
    assert "trusted from now on" in run.out
    assert "SIGN065" not in run.findings(package, store)
    assert "id: DTEN-2026-08, sha256: " in (Path(store) / "vendors/dten-systems.yaml").read_text()


# --- scope: what a delivery wraps is still the vendor's -----------------------------------------


def test_a_wrapped_package_is_known_by_its_own_name(
    story: tuple[str, str], run: Terminal, tmp_path: Path
) -> None:
    package, store = story
    sha256 = root_of(run, package)
    assert run(*add(package, store, "jd", "--approve", "mk", "--fingerprint", sha256)) == 0
    assert "scope: Full-upgrade-package-dten*.zip" in run.out
    delivery = tmp_path / "delivery.tar.gz"
    data = Path(package).read_bytes()
    with tarfile.open(delivery, "w:gz") as archive:
        entry = tarfile.TarInfo("2026/Full-upgrade-package-dten.zip")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    assert not {"SIGN017", "SIGN036"} & set(run.findings(str(delivery), store))
    other = tmp_path / "other.zip"
    shutil.copy(package, other)
    assert "SIGN036" in run.findings(str(other), store)


def test_a_wrapped_package_signed_by_a_bare_key_is_known_too(run: Terminal, tmp_path: Path) -> None:
    store = tmp_path / "trust"
    (store / "vendors").mkdir(parents=True)
    (store / "keys").mkdir()
    (store / "keys/acme.pub").write_bytes(key_signing.minisign_public("acme"))
    (store / "vendors/acme.yaml").write_text(
        "vendor: acme\nscope: [acme-*.zip]\nkeys: [{file: keys/acme.pub}]\n"
    )
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("up.sh", b"exec ./up\n")
        archive.writestr("up.sh.minisig", key_signing.minisign(b"exec ./up\n", "acme"))
    trust = []
    for name in ("acme-1.zip", "other-1.zip"):
        delivery = tmp_path / f"delivery-of-{name}"
        with zipfile.ZipFile(delivery, "w") as archive:
            archive.writestr(name, inner.getvalue())
        command = ("trust", "show", str(delivery), "--trust", str(store))
        assert run(*command, *AT) == 0
        assert "minisign signature of" in run.out
        assert run(*command, "-f", "json", *AT) == 0
        trust.append(json.loads(run.out)["others"][0]["trust"])
    assert trust == ["trusted", "out-of-scope"]


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("dten-9.4.0.zip", "dten*.zip"),
        ("Full-upgrade-package-dten.zip", "Full-upgrade-package-dten*.zip"),
        ("acme_console-v2.1.tar.gz", "acme_console*.tar.gz"),
        ("9.4.zip", "9.4.zip"),
        ("[*].zip", "???*.zip"),
    ],
)
def test_the_usual_scope_leaves_the_version_open(name: str, scope: str) -> None:
    assert usual_scope(f"/srv/in/{name}") == (scope,)
