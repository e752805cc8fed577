"""From an unknown root to a recorded decision, with the commands that an operator types."""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import click
import pytest

from dten_audit.cli.main import main
from dten_audit.cli.trust_reading import usual_scope
from dten_audit.examples import key_signing, pki
from dten_audit.examples.signed_tree import signed_tree
from dten_audit.readers.signing.certificates import grouped, load
from fixtures.build import build

AT = ["--at", "2026-11-21T03:00:00Z"]
NEW = "CN=DTEN Root CA 2026,O=DTEN Systems GmbH"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        name: build("story", tmp_path_factory.mktemp(name), "" if name == "story" else name)
        for name in ("story", "cross-signed")
    }


@pytest.fixture
def story(built: dict[str, Path], tmp_path: Path) -> tuple[str, str]:
    """The package, and a trust store of its own that holds the old root."""
    shutil.copytree(built["story"].parent / "trust", tmp_path / "trust")
    return str(built["story"]), str(tmp_path / "trust")


@pytest.fixture
def crossed(built: dict[str, Path], tmp_path: Path) -> tuple[str, str]:
    shutil.copytree(built["cross-signed"].parent / "trust", tmp_path / "trust")
    return str(built["cross-signed"]), str(tmp_path / "trust")


class Terminal:
    """Runs commands and remembers what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        status = main([*arguments])
        self.out, self.err = self._capsys.readouterr()
        return status

    def findings(self, package: str, store: str, *more: str) -> dict[str, Any]:
        """Audit; return the findings of SIGN by rule."""
        self("check", package, "--trust", store, "--select", "SIGN", "-f", "json", *more, *AT)
        report = json.loads(self.out)
        return {own["rule"]: own for own in report["packages"][0]["findings"]}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def root_of(run: Terminal, package: str) -> str:
    assert run("trust", "show", package, "-f", "json", *AT) == 0
    return str(json.loads(run.out)["signatures"][0]["chain"][0]["sha256"])


def add(package: str, store: str, who: str, *more: str) -> list[str]:
    return ["trust", "add-root", package, "--trust", store, "--vendor", "DTEN Systems",
            "--evidence", "phone", "--by", who, *more, *AT]  # fmt: skip


def hearing(monkeypatch: pytest.MonkeyPatch, sha256: str) -> list[str]:
    """Answer questions for groups as a vendor with that root reads them out."""
    asked: list[str] = []

    def answer(text: str, **_: Any) -> str:
        asked.append(text)
        return grouped(sha256).split()[int(re.findall(r"\d+", text)[0]) - 1].lower()

    monkeypatch.setattr(click, "prompt", answer)
    return asked


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


# --- add-root: other sources, refusals -----------------------------------------------------------


ROOT = pki.issue("Acme Root CA 2014", None, pki.ROOT)
MIDDLE = pki.issue("Acme Code Signing CA 1", ROOT, pki.INTERMEDIATE)
LEAF = pki.issue("Acme Release", MIDDLE, pki.LEAF)


def acme(source: Path, store: Path, *more: str) -> list[str]:
    return ["trust", "add-root", str(source), "--trust", str(store), "--vendor", "acme",
            "--evidence", "letter", "--by", "jd", "--approve", "mk", *more, *AT]  # fmt: skip


@pytest.mark.parametrize(
    ("own", "more", "status", "says"),
    [
        (ROOT, (), 0, ""),
        (MIDDLE, (), 1, "which is to be trusted instead"),
        (LEAF, (), 1, "no authority"),
        (LEAF, ("--pin",), 0, ""),
    ],
)
def test_only_roots_are_roots_unless_pinned(
    own: pki.Identity, more: tuple[str, ...], status: int, says: str, run: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "cert.pem"
    file.write_bytes(pki.pem(own.certificate))
    sha256 = load(pki.der(own.certificate)).sha256
    store = tmp_path / "trust"
    assert run(*acme(file, store, "--fingerprint", sha256, *more)) == status
    assert says in run.err
    assert store.exists() is (status == 0)


def test_of_several_roots_one_is_chosen_by_number(
    run: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = pki.issue("Acme Root CA 2024", None, pki.ROOT)
    file = tmp_path / "roots.pem"
    file.write_bytes(pki.pem(ROOT.certificate, other.certificate))
    sha256 = load(pki.der(other.certificate)).sha256

    def answer(text: str, **_: Any) -> object:
        if text == "Which one":
            return 2
        return grouped(sha256).split()[int(re.findall(r"\d+", text)[0]) - 1]

    monkeypatch.setattr(click, "prompt", answer)
    assert run(*acme(file, tmp_path / "trust")) == 0
    assert "1  CN=Acme Root CA 2014" in run.out
    assert (tmp_path / "trust/certs" / f"{sha256}.der").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["show", "/no/such.zip"], 3, "no such file"),
        (["show", "/no/such.zip", "--trust", "/no/store"], 2, "no such trust store"),
        (["list", "--trust", "/no/store"], 2, "no such trust store"),
        (["check", "--trust", "/no/store"], 2, "no such trust store"),
        (["chek"], 2, "No such command"),
        (["rotate", "x.zip"], 2, "--trust"),
        (["retire", "00", "--trust", "/no/store"], 2, "no such trust store"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], status: int, says: str, run: Terminal
) -> None:
    assert run("trust", *arguments) == status
    assert says in run.err
    assert len(run.err.strip().split("\n")) == 1


def test_names_of_the_package_reach_the_terminal_safely(run: Terminal, tmp_path: Path) -> None:
    root = pki.issue("Acme \x1b[2J Root\u202e", None, pki.ROOT)
    leaf = pki.issue("Acme Release", root, pki.LEAF)
    package = tmp_path / "package"
    package.mkdir()
    (package / "data.bin").write_bytes(b"data")
    (package / "data.bin.p7s").write_bytes(
        pki.sign_detached(b"data", leaf, (root.certificate,), at="2026-10-01T12:00:00Z")
    )
    assert run("trust", "show", str(package), *AT) == 0
    assert "\x1b" not in run.out
    assert "\u202e" not in run.out
    assert "\\x1b[2J" in run.out


# --- list, retire, revoke, check ------------------------------------------------------------------


@pytest.fixture
def signed(tmp_path: Path) -> tuple[str, Path]:
    """A package signed below a root that a record of acme names."""
    tree = signed_tree({"vendor": {"scope": '["package*"]'}})
    for path, data in tree.items():
        target = tmp_path / path.replace("@trust/", "trust/")
        if not path.startswith("@"):
            target = tmp_path / "package" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return str(tmp_path / "package"), tmp_path / "trust"


def test_trust_is_taken_back(signed: tuple[str, Path], run: Terminal) -> None:
    package, store = signed
    assert not {"SIGN017", "SIGN022"} & set(run.findings(package, str(store)))
    assert run("trust", "list", "--trust", str(store), "-f", "json") == 0
    (row,) = json.loads(run.out)["roots"]
    assert (row["vendor"], row["state"], row["accepted"]) == ("acme", "active", True)
    sha256 = row["sha256"]
    until = ["--accept-until", "2026-12-01", "--trust", str(store)]
    assert run("trust", "retire", sha256[:16], *until) == 0
    assert "SIGN022" not in run.findings(package, str(store))
    assert run("trust", "retire", sha256, "--trust", str(store)) == 0
    assert run.findings(package, str(store))["SIGN022"]["severity"] == "high"
    assert run("trust", "revoke", sha256, "--trust", str(store), "--reason", "key stolen") == 0
    assert run.findings(package, str(store))["SIGN022"]["severity"] == "critical"
    text = (store / "vendors/acme.yaml").read_text()
    assert "version: 4\n" in text
    assert "note: key stolen" in text
    command = acme(Path(package), store, "--fingerprint", sha256)
    assert run(*command) == 2
    assert "is revoked: take it back there first" in run.err
    assert run("trust", "list", "--trust", str(store)) == 0
    assert "revoked, not accepted" in run.out


def test_check_is_for_a_nightly_job(signed: tuple[str, Path], run: Terminal) -> None:
    _, store = signed
    check = ["trust", "check", "--trust", str(store)]
    assert run(*check, *AT) == 0
    assert run.out == "nothing is due\n"
    assert run(*check, "--at", "2033-11-01", "--within", "90d") == 1
    assert "expires on 2034-01-01" in run.out
    assert run(*check, "--at", "2033-11-01", "--within", "30d") == 0
    assert run(*check, "--within", "soon") == 2
    assert run(*check, "--record", *AT) == 0
    record = store / "vendors/acme.yaml"
    text = record.read_text()
    record.write_text(text.replace("[jd, mk]", "[jd]"))
    assert run(*check, "-f", "json", *AT) == 1
    assert [own["kind"] for own in json.loads(run.out)] == ["lacks", "version"]
    record.write_text(text.replace("version: 1", "version: 3"))
    assert run(*check, *AT) == 1
    assert "jumped from version 1 to 3" in run.out
    record.write_text(text.replace("version: 1", "version: 2"))
    assert run(*check, *AT) == 0


def test_our_own_changes_are_no_surprise_to_check(signed: tuple[str, Path], run: Terminal) -> None:
    _, store = signed
    assert run("trust", "check", "--trust", str(store), "--record", *AT) == 0
    assert run("trust", "list", "--trust", str(store), "-f", "json") == 0
    sha256 = json.loads(run.out)["roots"][0]["sha256"]
    for _ in range(3):
        assert run("trust", "retire", sha256, "--trust", str(store)) == 0
    assert run("trust", "check", "--trust", str(store), *AT) == 0
