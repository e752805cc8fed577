"""The page on archives says what the code does: formats, limits and their options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dten_audit.cli.check import command
from dten_audit.documents.budget import Limits
from dten_audit.documents.formats import FORMATS
from dten_audit.documents.issues import ISSUES
from dten_audit.documents.kinds import CONTAINERS
from dten_audit.documents.remedies import remedy
from dten_audit.judge.conditions import quantity
from dten_audit.judge.loading import load_rules

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "archives.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> dict[str, list[str]]:
    """Return the further cells of each row of a section's table, by the names in the first."""
    found = re.findall(r"^\| (`[^|]+`) \|(.*)\|$", section(title), re.MULTILINE)
    return {
        name: [cell.strip() for cell in cells.split("|")]
        for names, cells in found
        for name in re.findall(r"`([^`]+)`", names)
    }


def test_the_table_of_formats_is_that_of_the_code() -> None:
    formats = [name for name in rows("Formats that are read") if not name.startswith("@")]
    assert sorted(formats) == sorted(known.kind for known in FORMATS)


def test_every_address_that_the_code_makes_is_explained() -> None:
    explained = set(re.findall(r"`(@[a-z-]+)", section("Formats that are read")))
    made = set()
    for module in (ROOT / "dten_audit" / "documents").rglob("*.py"):
        literals = re.findall(r"""["'](?:{[^}]*})?(@[a-z]+)[^"' ]*["']""", module.read_text())
        made.update(literals)
    assert made
    assert made <= explained


def test_what_is_recognised_and_not_read_is_listed() -> None:
    listed = set(re.findall(r"`([^`]+)`", section("Formats that are recognised, and not read")))
    assert listed & CONTAINERS == CONTAINERS - {known.kind for known in FORMATS}


@pytest.mark.parametrize("name", Limits._fields)
def test_each_limit_has_its_default_and_its_option(name: str) -> None:
    default, option, _ = rows("Limits")[name]
    assert quantity(default) == Limits._field_defaults[name]
    options = {text: found for found in command.params for text in found.opts}
    if option.strip("`").startswith("--max-"):
        assert option.strip("`") in options
    else:
        assert option == f"`--limit {name}=`"
        assert name in str(getattr(options["--limit"], "help", ""))


def test_the_table_of_limits_has_no_others() -> None:
    assert set(rows("Limits")) == set(Limits._fields)


def test_the_remedy_of_each_limit_is_an_option() -> None:
    options = {option.strip("`") for _, option, _ in rows("Limits").values()}
    for issue in ISSUES:
        if issue.startswith("limit-") and issue not in ("limit-issues", "limit-disk"):
            named = re.findall(r"--max-[a-z]+|--limit [a-z_]+=", remedy(issue, "zip"))
            assert named
            assert set(named) <= options, issue


def test_every_rule_of_the_open_stage_is_named() -> None:
    judged = {
        rule.id for rule in load_rules(()) if rule.fact in ("container_issue", "coverage_gap")
    }
    assert judged <= set(re.findall(r"ARC\d{3}", section("What is said of an archive")))
