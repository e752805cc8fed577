"""The page of hostile archives says what the code says today, and nothing fails open."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.hostile.case import CANARY, GROUPS, HostileCase
from benchmarks.hostile.cases import all_cases
from benchmarks.hostile.imported import HARMLESS
from benchmarks.hostile.table import Row, audited, committed, our_words
from dten_audit.documents.errors import PackageError
from dten_audit.model.report import PackageReport

from .opening import Opening, open_bytes

CASES = all_cases()
FAST = [case for case in CASES if not case.slow]
SLOW = [case for case in CASES if case.slow]
LEAST = 120


def opened(case: HostileCase, folder: Path) -> tuple[set[str], Opening]:
    """Return all words that are told of a case, and what came out."""
    try:
        opening = open_bytes(case.data(), folder, "package")
    except PackageError:
        return {"error"}, Opening([], [], [], [], [])
    return opening.names | opening.reasons, opening


def wrong(case: HostileCase, report: PackageReport, rows: dict[str, Row]) -> str:
    """Return what the page or the report gets wrong."""
    words = our_words(report)
    if case.name not in rows:
        return f"{case.name}: not on the page"
    if rows[case.name].ours != words:
        return f"{case.name}: the page says {rows[case.name].ours}, we say {words}"
    mild = set(case.says.split()) <= HARMLESS
    loud = [finding for finding in report.findings if mild or finding.severity != "info"]
    return "" if report.error or loud else f"{case.name}: fails open"


def check(cases: list[HostileCase]) -> None:
    reports, rows = audited(cases), committed()
    mistakes = [wrong(case, reports[case.name], rows) for case in cases]
    assert [mistake for mistake in mistakes if mistake] == []


def test_the_page_says_what_we_say() -> None:
    check(FAST)


@pytest.mark.oracle
def test_the_page_says_what_we_say_of_bombs() -> None:
    check(SLOW)


def test_every_class_is_on_the_page() -> None:
    assert len(CASES) >= LEAST
    assert {case.group for case in CASES} == set(GROUPS)
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert set(committed()) == set(names)


@pytest.mark.parametrize("case", FAST, ids=[case.name for case in FAST])
def test_each_flaw_is_told_and_what_lies_behind_it_is_read(
    case: HostileCase, tmp_path: Path
) -> None:
    told, opening = opened(case, tmp_path)
    assert set(case.says.split()) <= told
    assert any(CANARY in document.data for document in opening.documents) == case.found
