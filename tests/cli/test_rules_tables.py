"""``dten-audit rules tables``, the page about tables of names, and how many examples there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dten_audit.cli.main import main
from dten_audit.judge.loading import load_rules
from dten_audit.proof.examples import FEWEST, too_few

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder that the page describes."""
    folder = tmp_path / "own" / "knowledge"
    folder.mkdir(parents=True)
    blocks = re.findall(r"```yaml\n# knowledge/(\S+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for name, text in blocks:
        (folder / name).write_text(text, encoding="utf-8")
    return folder.parent


def test_the_example_of_the_page_holds(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "upgrade.sh").write_text("#!/bin/sh\nasroot acmectl bounce billing\n")
    assert main(["check", str(tmp_path / "package"), "--rules", str(own)]) == 0
    shown = capsys.readouterr().out
    assert "UNIT001" in shown
    assert "PRIV001" in shown
    assert (
        main(["facts", str(tmp_path / "package"), "--rules", str(own), "--type", "unit_use"]) == 0
    )
    assert "billing.service" in capsys.readouterr().out
    main(["check", str(tmp_path / "package")])
    assert "UNIT001" not in capsys.readouterr().out


def test_the_tables_are_listed(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "tables"]) == 0
    shown = capsys.readouterr().out
    assert "\nunit_verbs         programs that control units" in shown
    assert "--rules DIR" in shown
    assert "shapes" not in shown
    assert main(["rules", "tables", "--rules", str(own)]) == 0
    assert f"; and {own / 'knowledge' / 'wrappers.yaml'}" in capsys.readouterr().out


def test_a_table_is_printed_with_its_sources(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "tables", "unit_verbs", "--rules", str(own)]) == 0
    shown = capsys.readouterr().out
    assert "Sources: systemctl(1)" in shown
    assert "acmectl" in shown
    assert "asroot" not in shown


@pytest.mark.parametrize("command", ["check", "facts"])
def test_a_row_that_does_not_fit_ends_with_status_2(
    command: str, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = own / "knowledge" / "wrappers.yaml"
    path.write_text("wrappers:\n  - names: [asroot]\n    leyer: privilege\n", encoding="utf-8")
    assert main([command, str(tmp_path), "--rules", str(own)]) == 2
    shown = capsys.readouterr()
    assert f"{path}:3: there is no key leyer here; did you mean layer?" in shown.err
    assert shown.out == ""
    assert main(["rules", "tables", "--rules", str(own)]) == 2


def test_a_table_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "tables", "wrapers"]) == 2
    assert "there is no table wrapers; did you mean wrappers?" in capsys.readouterr().err


def test_rules_about_hosts_have_three_examples_of_each_kind() -> None:
    rules = load_rules()
    assert [failure for rule in rules for failure in too_few(rule)] == []
    thin = next(rule for rule in rules if rule.family == "CRON")
    thin = thin._replace(examples=tuple((kind, some[: FEWEST - 1]) for kind, some in thin.examples))
    assert [failure.reason for failure in too_few(thin)] == [
        "has 2 bad examples; rules of CRON have 3",
        "has 2 good examples; rules of CRON have 3",
    ]
    other = next(rule for rule in rules if rule.family == "ARC")
    assert not list(too_few(other._replace(examples=thin.examples)))
