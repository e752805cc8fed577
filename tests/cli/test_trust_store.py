"""Whom the trust commands let in, whom not, and what is due."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from dten_audit.examples import pki
from dten_audit.examples.signed_tree import signed_tree
from dten_audit.readers.signing.certificates import grouped, load

from .trusting import AT, Terminal

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
