"""Everything that the open stage can say is judged by a rule, and shown by an example of it."""

from __future__ import annotations

import errno
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from dten_audit.documents.budget import Limits
from dten_audit.documents.issues import ISSUES, REASONS
from dten_audit.examples.archives import zip_bytes
from dten_audit.judge.judging import verdicts
from dten_audit.judge.loading import load_rules
from dten_audit.model.facts.container import ContainerIssue, CoverageGap
from dten_audit.model.rule import Rule
from dten_audit.proof.examples import prepare

from .opening import open_bytes

TWINS = {
    "encrypted-member", "unsupported-method", "corrupt-member", "truncated-member",
    "member-missing", "no-directory", "truncated-archive", "corrupt-archive", "corrupt-header",
    "truncated-stream", "corrupt-stream", "unreadable-file", "plugin-failed",
}  # fmt: skip
"""Issues that always come with a coverage gap, which is what the rules judge."""

LIMITS = {issue for issue in ISSUES if issue.startswith("limit-")} - {"limit-issues"}

NO_EXAMPLE = {"limit-disk", "plugin-failed"}
"""An example cannot fill the disk of whoever runs it, nor name a plugin; tests do."""


@cache
def archive_rules() -> tuple[Rule, ...]:
    return tuple(rule for rule in load_rules(()) if rule.family == "ARC")


def judged(fact: str, field: str) -> Iterator[str]:
    for rule in load_rules(()):
        condition = rule.when.get(field) if rule.fact == fact else None
        if isinstance(condition, dict):
            yield str(condition["glob"])
        elif isinstance(condition, list):
            yield from map(str, condition)
        elif condition is not None:
            yield str(condition)


@cache
def shown() -> dict[str, frozenset[str]]:
    """Return, by rule, the issues or reasons it reports in its bad examples; all of them at ''."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in archive_rules():
        if rule.fact not in ("container_issue", "coverage_gap"):
            continue
        for example in dict(rule.examples)["bad"]:
            prepared = prepare(example)
            for verdict in verdicts(prepared.package, [rule], prepared.estate):
                fact = verdict.fact
                if isinstance(fact, ContainerIssue):
                    found[rule.id].add(fact.issue)
                elif isinstance(fact, CoverageGap):
                    found[rule.id].add(fact.reason)
            found[""] |= {issue.issue for issue in prepared.package.of(ContainerIssue)}
            found[""] |= {gap.reason for gap in prepared.package.of(CoverageGap)}
    return {rule: frozenset(names) for rule, names in found.items()}


def test_every_issue_is_judged_once() -> None:
    found = list(judged("container_issue", "issue"))
    assert len(found) == len(set(found))
    assert set(found) | TWINS | LIMITS == set(ISSUES)
    assert not set(found) & (TWINS | LIMITS)


def test_every_reason_is_judged_once() -> None:
    found = list(judged("coverage_gap", "reason"))
    for reason in (*REASONS, *LIMITS):
        assert len([pattern for pattern in found if fnmatchcase(reason, pattern)]) == 1, reason


def test_every_issue_is_shown_by_a_bad_example_of_its_rule() -> None:
    missing = {}
    for rule in archive_rules():
        names = rule.when.get("issue", rule.when.get("reason"))
        if rule.fact in ("container_issue", "coverage_gap") and not isinstance(names, dict):
            listed = set(names) if isinstance(names, list) else {names}
            if listed - shown()[rule.id] - NO_EXAMPLE:
                missing[rule.id] = sorted(map(str, listed - shown()[rule.id]))
    assert missing == {}


def test_every_issue_and_reason_comes_up_in_an_example() -> None:
    assert sorted({*ISSUES, *REASONS} - shown()[""] - NO_EXAMPLE) == []


@pytest.mark.parametrize("rule", archive_rules(), ids=lambda rule: rule.id)
def test_a_rule_speaks_in_sentences(rule: Rule) -> None:
    for text in (rule.why, rule.fix):
        assert text.endswith("."), f"ends with {text[-40:]!r}: is there a # in it?"
    assert not rule.title.endswith(".")


def test_a_full_disk_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _chunk: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    data = zip_bytes({"members": [{"path": "db/dump.sql", "zeros": 300_000}]})
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    opening = open_bytes(data, tmp_path, limits=Limits(memory=1000))
    assert opening.reasons == {"limit-disk"}
