"""Every end of the command line: its exit status, one clear line, and never a traceback."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

from dten_audit.cli.main import main

CRON = "0 3 * * * root /opt/dten/bin/import >> /var/log/dten.log\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "vendor.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.md", "# Vendor\n")
        archive.writestr("etc/cron.d/dten", CRON)
    return path


def lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("dten-audit ")


def test_a_package_alone_is_checked(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(package), "--fail-on", "medium"]) == 1
    assert "CRON001 etc/cron.d/dten:1" in capsys.readouterr().out
    assert main(["check", str(package), "--fail-on", "never"]) == 0


def test_standard_input_is_a_package(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr("sums/SHA256SUMS", "0" * 64 + "  ../README.md\n")
    main([str(package), "-f", "json", "--at", "2026-11-21T00:00:00Z"])
    named = json.loads(capsys.readouterr().out)["packages"][0]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(package.read_bytes())))
    main(["-", "-f", "json", "--at", "2026-11-21T00:00:00Z"])
    piped = json.loads(capsys.readouterr().out)["packages"][0]
    assert [f["fingerprint"] for f in piped["findings"]] == [
        f["fingerprint"] for f in named["findings"]
    ]
    assert piped["findings"]


def test_reports_go_where_they_are_sent(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "report.json"
    assert main([str(package), "-o", f"json={target}", "--fail-on", "never"]) == 0
    assert capsys.readouterr().out.startswith(str(package))
    assert json.loads(target.read_text())["schema"] == "dten-report/1"


def test_the_same_input_gives_the_same_bytes(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = set()
    for _ in range(2):
        main([str(package), "--at", "2026-11-21T00:00:00Z", "-f", "json"])
        outputs.add(capsys.readouterr().out)
    assert len(outputs) == 1


def test_select_and_ignore(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(package), "-f", "json", "--select", "UNIT"])
    assert json.loads(capsys.readouterr().out)["packages"][0]["findings"] == []
    main([str(package), "-f", "json", "--ignore", "CRON"])
    found = json.loads(capsys.readouterr().out)["packages"][0]["findings"]
    assert not [finding for finding in found if finding["rule"].startswith("CRON")]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["/no/such/package.zip"], 3, "no such file"),
        (["fatcs"], 3, "did you mean facts?"),
        (["--fromat", "json", "x.zip"], 2, "--format"),
        (["x.zip", "--format", "jsn"], 2, "'jsn' is not one of"),
        (["x.zip", "--fail-on", "hihg"], 2, "hihg"),
        (["x.zip", "--at", "yesterday"], 2, "not a time such as"),
        (["x.zip", "--window", "tonight"], 2, "not a window such as"),
        (["x.zip", "--window", "2026-11-22T02:00:00Z/soon"], 2, "not a duration such as"),
        (["x.zip", "--max-total", "many"], 2, "not a number"),
        (["x.zip", "--limit", "memry=1MiB"], 2, "did you mean memory?"),
        (["x.zip", "--limit", "memory"], 2, "no limit such as memory"),
        (["x.zip", "--select", "CRN001"], 2, "there is no rule or family CRN001"),
        (["x.zip", "--site", "/no/site.yaml"], 2, "no such site file"),
        (["x.zip", "--rules", "/no/rules"], 2, "no such folder of rules"),
        (["x.zip", "--trust", "/no/trust"], 2, "/no/trust"),
        (["x.zip", "--matrix", "/no/matrix.yaml"], 2, "/no/matrix.yaml"),
        (["x.zip", "-o", "text"], 2, "--output takes FMT=FILE"),
        (["check"], 2, "Missing argument"),
        (["explain", "CRON01"], 2, "did you mean CRON"),
        (["facts", "x.zip", "--type", "comand"], 2, "did you mean command?"),
        (["cat", "x.zip"], 2, "not an address"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    complaint = capsys.readouterr().err
    assert said in complaint
    assert len(lines(complaint)) == 1
    assert "Traceback" not in complaint


def test_a_bad_rule_and_a_bad_site_are_named_with_their_line(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "ZZZ001-x.yaml").write_text("id: ZZZ001\nnam: x\n")
    assert main([str(package), "--rules", str(rules)]) == 2
    assert "ZZZ001-x.yaml:2: unknown key nam; did you mean name?" in capsys.readouterr().err
    site = tmp_path / "site.yaml"
    site.write_text("schema: dten-site/1\nunit: []\n")
    assert main([str(package), "--site", str(site)]) == 2
    assert "site.yaml:2: a site file has no key unit" in capsys.readouterr().err


def test_several_packages_are_all_reported(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(package), "/no/such.zip", "-f", "json", "--fail-on", "never"]) == 3
    first, second = json.loads(capsys.readouterr().out)["packages"]
    assert first["findings"]
    assert second["error"]


def test_nothing_to_audit_is_never_a_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty")]) == 2
    assert "nothing to audit" in capsys.readouterr().err


def test_a_package_of_which_nothing_came_out_has_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb = tmp_path / "dump.sql.gz"
    bomb.write_bytes(gzip.compress(bytes(5_000_000)))
    assert main([str(bomb), "--limit", "ratio_from=1MiB"]) == 1
    assert "limit-ratio" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    assert main([str(bomb), str(tmp_path / "empty"), "--limit", "ratio_from=1MiB"]) == 2


def test_the_gate_fails_on_open_questions(package: Path) -> None:
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr("bin/up.sh", "#!/bin/sh\nsystemctl restart dten-queue\n")
    arguments = [str(package), "--select", "UNIT001"]
    assert main(arguments) == 0
    assert main([*arguments, "--profile", "gate"]) == 1


def test_facts_cat_and_explain(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", str(package), "--type", "cron_job"]) == 0
    (line,) = lines(capsys.readouterr().out)
    fact = json.loads(line)
    assert (fact["fact"], fact["at"]["line"], fact["user"]) == ("cron_job", 1, "root")
    assert main(["explain", "CRON001"]) == 0
    assert "why:" in capsys.readouterr().out
    assert main(["rules", "list"]) == 0
    assert "CRON001" in capsys.readouterr().out


def test_cat_prints_the_bytes(package: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["cat", f"{package}!/etc/cron.d/dten"]) == 0
    assert capfdbinary.readouterr().out == CRON.encode()
    assert main(["cat", f"{package}!/etc/cron.d/dtne"]) == 3
    assert b"did you mean" in capfdbinary.readouterr().err


def test_the_inventory_asks_what_the_package_asks(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr("bin/up.sh", "#!/bin/sh\nsystemctl restart dten-queue\n")
    target = tmp_path / "site.yaml"
    assert main(["inventory", "--for", str(package), "-o", str(target)]) == 0
    assert "dten-queue.service" in target.read_text()
    assert main([str(package), "--site", str(target), "--fail-on", "never"]) == 0
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "wanted"),
    [
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {}, False, False),
    ],
)
def test_colour(
    choice: str,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    terminal: bool,
    wanted: bool,
) -> None:
    from dten_audit.cli.options import wants_colour

    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert wants_colour(choice) is wanted


def test_an_empty_name_is_no_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", ""]) == 2
    assert "the name of a package is empty" in capsys.readouterr().err
