"""Text, JSON and SARIF: the contracts, the order of the text, and hostile names in each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dten_audit.judge.loading import load_rules
from dten_audit.model.report import Report
from dten_audit.report import as_json, as_sarif, as_site, as_text
from tests.report.samples import EVIL, HOSTILE, QUESTION, finding, report

PLAIN = as_text.Style()
RULES = load_rules()


def sarif(of: Report) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(as_sarif.render(of, RULES))["runs"][0]
    return run


def test_json_holds_the_contract() -> None:
    data = json.loads(as_json.render(report(finding(), QUESTION)))
    assert data["schema"] == "dten-report/1"
    assert data["tool"] == {"name": "dten-audit", "version": "0.1.0"}
    (package,) = data["packages"]
    assert set(package) == {"path", "sha256", "identity", "coverage", "findings"}
    assert package["coverage"]["not_covered"] == [
        {"path": "p.zip!/x.7z", "reason": "unsupported-format"}
    ]
    first, second = package["findings"]
    assert set(first) == {
        "rule", "name", "severity", "confidence", "certainty", "needs", "message", "why", "fix",
        "question", "location", "related", "facts", "fingerprint", "waived",
    }  # fmt: skip
    assert list(first["location"]) == [
        "path", "line", "column", "end_line", "byte_offset", "snippet",
    ]  # fmt: skip
    assert set(first["related"][0]) == {"side", "path", "line", "message"}
    assert second["needs"] == ["site.units"]
    assert data["summary"] == {
        "critical": 0, "high": 1, "medium": 1, "low": 0, "info": 0, "waived": 0, "not_covered": 1,
    }  # fmt: skip


def test_text_goes_from_verdict_to_next_command() -> None:
    text = as_text.render(report(finding(), QUESTION), PLAIN)
    marks = [
        "p.zip  dten 9.4",
        "verdict: 1 high; 1 open questions",
        "HIGH ARC090 etc/cron.d/x:3",
        "fix: disable it",
        "see in.tar.gz!/bin/up.sh:9: the caller",
        "\nquestions\n",
        "Does the site have the unit dten-queue.service?",
        "(needs site.units)",
        "coverage: 4 documents",
        "not covered: x.7z (unsupported-format)",
        "next: dten-audit inventory --for p.zip -o site.yaml",
    ]
    places = [text.find(mark) for mark in marks]
    assert -1 not in places
    assert places == sorted(places)


def test_text_shows_more_or_less() -> None:
    mild = finding(severity="info", message="only context")
    assert "only context" not in as_text.render(report(mild), PLAIN)
    assert "only context" in as_text.render(report(mild), as_text.Style(floor="info"))
    assert "why: it runs" in as_text.render(report(finding()), as_text.Style(verbose=True))
    assert "HIGH" not in as_text.render(report(finding()), as_text.Style(quiet=True))
    assert "\x1b[31m" in as_text.render(report(finding()), as_text.Style(colour=True))


def test_a_package_that_could_not_be_opened_is_said() -> None:
    assert "could not be opened: no such file" in as_text.render(
        report(error="no such file"), PLAIN
    )
    assert sarif(report(error="no such file"))["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize(
    "render", [lambda r: as_text.render(r, PLAIN), as_json.render, as_sarif.render]
)
def test_hostile_names_stay_data(render: Any) -> None:
    text = render(report(HOSTILE))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [line for line in text.split("\n") if line.startswith("::")]


def test_sarif_points_at_the_package_and_relates_the_member() -> None:
    run = sarif(report(finding(), QUESTION))
    result = run["results"][0]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "p.zip"
    assert physical["region"] == {"startLine": 1}
    related = result["relatedLocations"]
    assert related[0]["physicalLocation"]["region"]["startLine"] == 3
    artifacts = run["artifacts"]
    member = artifacts[related[1]["physicalLocation"]["artifactLocation"]["index"]]
    assert member["location"]["uri"] == "bin/up.sh"
    assert artifacts[member["parentIndex"]]["location"]["uri"] == "in.tar.gz"
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == "ARC090"
    assert {"shortDescription", "fullDescription", "help", "properties"} <= set(rule)
    assert run["results"][1]["properties"]["needs"] == ["site.units"]


def test_sarif_marks_what_is_waived() -> None:
    waived = finding(waived={"reason": "CHG-1", "owner": "ops", "expires": "2027-01-01"})
    assert sarif(report(waived))["results"][0]["suppressions"] == [
        {"kind": "external", "justification": "CHG-1"}
    ]


def test_the_questions_make_a_site_file_that_loads() -> None:
    from dten_audit.readers.config.yaml_nodes import parse_yaml
    from dten_audit.site.loading import site_from

    asked = [
        QUESTION._replace(facts={"unit": "dten-queue.service"}),
        QUESTION._replace(needs=("site.hosts",), facts={"hosts": [EVIL, "sftp.example"]}),
        QUESTION._replace(needs=("site.packages",), facts={"component": "pkg:generic/dten"}),
    ]
    text = as_site.render(report(*asked).packages[0])
    site = site_from(next(parse_yaml(text)), "site.yaml")
    assert [unit.name for unit in site.units] == ["dten-queue.service"]
    assert [host.match for host in site.retired_hosts] == [EVIL, "sftp.example"]
    assert site.packages[0].purl == "pkg:generic/dten"
