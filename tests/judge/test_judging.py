"""Severity by first match, the ceiling of unknowns, supersession, bundles, fingerprints."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dten_audit.judge.judging import MOST_APART, judge
from dten_audit.links.package import Package
from dten_audit.model.facts.container import CoverageGap
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.finding import Finding
from dten_audit.model.location import Location
from dten_audit.model.rule import Rule, SeverityCase
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site

ESTATE = Estate(Site(), datetime(2026, 11, 21, tzinfo=UTC))


def rule(number: int, **changes: object) -> Rule:
    base = Rule(
        id=f"ARC{number:03}",
        name="sample",
        title="A sample",
        fact="unreadable",
        when={"language": "shell"},
        severity=(
            SeverityCase({"reason": "hidden"}, "critical"),
            SeverityCase({}, "high"),
        ),
        when_unknown="medium",
        message="{language}: {reason} ({count})",
        why="why",
        fix="fix",
    )
    return base._replace(**changes)  # type: ignore[arg-type]


def fact(line: int, reason: str = "odd", member: str = "a.sh", **changes: object) -> Unreadable:
    at = Location(f"p.zip!/{member}", line)
    return Unreadable(at, "shell", reason)._replace(**changes)  # type: ignore[arg-type]


def findings(facts: list[Unreadable], *rules: Rule) -> tuple[Finding, ...]:
    return judge(Package([], facts), rules, ESTATE)


def test_severity_is_the_first_case_that_holds() -> None:
    found = findings([fact(1), fact(2, "hidden")], rule(1))
    assert [(f.severity, f.at.line) for f in found] == [("critical", 2), ("high", 1)]
    assert found[0].message == "shell: hidden (1)"


def test_a_computed_fact_is_a_question_of_at_most_medium() -> None:
    (found,) = findings([fact(1, "hidden", certainty="computed")], rule(1))
    assert (found.severity, found.certainty, found.needs) == (
        "medium",
        "unknown",
        ("package.value",),
    )


def test_a_rule_may_say_nothing_where_it_cannot_know() -> None:
    assert not findings([fact(1, certainty="computed")], rule(1, when_unknown=None))


def test_the_sharper_rule_speaks() -> None:
    sharper = rule(2, when={"reason": "hidden"}, supersedes=("ARC001",))
    found = findings([fact(1, "hidden"), fact(2)], rule(1), sharper)
    assert sorted(f.rule for f in found) == ["ARC001", "ARC002"]
    assert next(f for f in found if f.rule == "ARC001").at.line == 2


def test_a_question_silences_no_certainty() -> None:
    sure, asked = fact(1, "same"), fact(1, "same", certainty="computed")
    sharper = rule(2, supersedes=("ARC001",))
    found = findings([asked], rule(1), sharper)
    assert [f.rule for f in found] == ["ARC002"]
    blunt = rule(1, when={"certainty": "exact"})
    found = findings([asked, sure], blunt, rule(2, supersedes=("ARC001",), when={"reason": "x"}))
    assert [f.rule for f in found] == ["ARC001"]


def test_repeats_bundle_with_their_places() -> None:
    bundling = rule(1, group_by=("at.path",))
    found = findings([fact(3), fact(1), fact(9, member="b.sh")], bundling)
    assert [(f.at.member, f.at.line, [r.at.line for r in f.related]) for f in found] == [
        ("a.sh", 1, [3]),
        ("b.sh", 9, []),
    ]
    assert found[0].message == "shell: odd (2)"


def test_fingerprints_survive_shifted_lines_and_other_file_names() -> None:
    before = findings([fact(1), fact(5, "b")], rule(1))
    moved = [
        f._replace(at=Location("q.zip!/a.sh", (f.at.line or 0) + 40))
        for f in (fact(1), fact(5, "b"))
    ]
    after = findings(moved, rule(1))
    assert [f.fingerprint for f in before] == [f.fingerprint for f in after]


def test_fingerprints_are_unique() -> None:
    found = findings([fact(line) for line in range(1, 40)], rule(1))
    assert len({f.fingerprint for f in found}) == 39


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_facts_does_not_matter(order: int) -> None:
    facts = [fact(line, reason) for line, reason in ((1, "a"), (2, "hidden"), (3, "c"))]
    assert findings(facts[::order], rule(1)) == findings(facts, rule(1))


def test_facts_of_other_types_are_left_alone() -> None:
    gap = CoverageGap(Location("p.zip!/x"), "encrypted", "zip", 1)
    assert not judge(Package([], [gap]), [rule(1)], ESTATE)


def test_the_worst_of_one_file_are_told_apart_and_the_rest_is_one_finding() -> None:
    many = [fact(line) for line in range(1, MOST_APART + 11)]
    worst = fact(MOST_APART + 20, "hidden")
    found = findings([*many, worst, fact(1, member="b.sh")], rule(1))
    assert len(found) == MOST_APART + 2
    assert (found[0].severity, found[0].at.line) == ("critical", MOST_APART + 20)
    rest = [f for f in found if "not told apart" in f.message]
    assert [f.message for f in rest] == [
        "shell: odd (11) (10 more places of this file are not told apart)"
    ]
    assert rest[0].at.line == MOST_APART
    assert [r.at.line for r in rest[0].related] == list(range(MOST_APART + 1, MOST_APART + 11))


def test_so_many_are_told_apart_that_nothing_is_left() -> None:
    found = findings([fact(line) for line in range(1, MOST_APART + 1)], rule(1))
    assert len(found) == MOST_APART
    assert not any("told apart" in f.message for f in found)


def test_one_more_than_is_told_apart_is_a_finding_like_others() -> None:
    found = findings([fact(line) for line in range(1, MOST_APART + 2)], rule(1))
    assert len(found) == MOST_APART + 1
    assert not any("told apart" in f.message for f in found)


def test_questions_are_counted_by_themselves() -> None:
    sure = [fact(line) for line in range(1, MOST_APART + 1)]
    asked = [fact(line, certainty="computed") for line in range(1, MOST_APART + 1)]
    found = findings([*sure, *asked], rule(1, group_by=("at.line",)))
    assert len(found) == 2 * MOST_APART
