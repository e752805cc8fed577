"""Everything that the open stage can say is judged by a rule."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from dten_audit.documents.issues import ISSUES, REASONS
from dten_audit.judge.loading import load_rules

TWINS = {
    "encrypted-member", "unsupported-method", "corrupt-member", "truncated-member",
    "member-missing", "no-directory", "truncated-archive", "corrupt-archive", "corrupt-header",
    "truncated-stream", "corrupt-stream", "unreadable-file",
}  # fmt: skip
"""Issues that always come with a coverage gap, which is what the rules judge."""


def judged(fact: str, field: str) -> Iterator[str]:
    for rule in load_rules(()):
        condition = rule.when.get(field) if rule.fact == fact else None
        if isinstance(condition, dict):
            yield str(condition["glob"])
        elif isinstance(condition, list):
            yield from map(str, condition)
        elif condition is not None:
            yield str(condition)


def test_every_issue_is_judged_once() -> None:
    found = list(judged("container_issue", "issue"))
    assert len(found) == len(set(found))
    limits = {issue for issue in ISSUES if issue.startswith("limit-")} - {"limit-issues"}
    assert set(found) | TWINS | limits == set(ISSUES)
    assert not set(found) & (TWINS | limits)


def test_every_reason_is_judged_once() -> None:
    found = list(judged("coverage_gap", "reason"))
    reasons = [*REASONS, *(issue for issue in ISSUES if issue.startswith("limit-"))]
    for reason in reasons:
        assert [pattern for pattern in found if fnmatchcase(reason, pattern)] != [], reason
