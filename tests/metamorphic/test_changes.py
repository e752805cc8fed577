"""What means the same is told the same: every bad example of CRON, UNIT and PRIV, changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.model.finding import Finding
from tests.metamorphic.changes import CHANGES, Changed
from tests.metamorphic.packages import (
    Case,
    Told,
    audited,
    cases,
    findings_of,
    fingerprints,
    of_families,
    told,
)

FORMS: Final = ("zip", "reversed", "tar.gz", "nested")
EXAMPLES: Final = 6
"""So many of each kind in the suite; ``make test-oracle`` tries all."""
NUMBERS: Final = st.integers(0, 1_000_000)


@cache
def applicable(name: str) -> tuple[tuple[Case, Changed], ...]:
    """Return the examples that a change changes, and what comes out."""
    found = ((case, CHANGES[name](case.files)) for case in cases())
    return tuple((case, changed) for case, changed in found if changed is not None)


@cache
def before(name: str) -> tuple[Finding, ...]:
    """Return what is found in an example as it stands."""
    case = next(case for case in cases() if case.name == name)
    return audited(case, case.files)


def placed(found: frozenset[Told], shift: Mapping[str, int], moved: int) -> frozenset[Told]:
    """Return findings with their lines moved; what stands for a whole file stays at line 1."""

    def place(line: int | None, by: int) -> int | None:
        if line is None:
            return None
        return 1 if line in (1, 1 + by * (1 - moved)) else line + by * moved

    return frozenset(
        finding._replace(
            lines=tuple(
                sorted({place(n, shift.get(finding.member, 0)) or 0 for n in finding.lines})
            )
        )
        for finding in found
    )


SAYS_MORE: Final = {"carriage returns in tables": "CRON109"}
"""The rule that speaks of a change itself, where that has a meaning of its own."""


def check_change(name: str, case: Case, changed: Changed) -> None:
    own = SAYS_MORE.get(name, "")
    was, now = (
        tuple(finding for finding in found if finding.rule != own)
        for found in (before(case.name), audited(case, changed.files))
    )
    expected = placed(told(was), changed.shift, 1)
    assert placed(told(now), changed.shift, 0) == expected, (name, case.name)
    computed = name == "renamed variables"
    assert fingerprints(now, computed=not computed) == fingerprints(was, computed=not computed)


@pytest.mark.parametrize("name", CHANGES)
@settings(max_examples=EXAMPLES)
@given(number=NUMBERS)
def test_a_change_of_no_meaning_changes_no_finding(name: str, number: int) -> None:
    """A variable's name is a computed fact's subject: only there it may change a fingerprint."""
    found = applicable(name)
    check_change(name, *found[number % len(found)])


@pytest.mark.oracle
@pytest.mark.parametrize("name", CHANGES)
def test_no_change_of_no_meaning_changes_any_finding(name: str) -> None:
    found = applicable(name)
    assert found
    for case, changed in found:
        check_change(name, case, changed)


def check_form(form: str, case: Case) -> None:
    now = audited(case, case.files, form)
    assert told(now) == told(before(case.name)), (form, case.name)
    if form != "nested":
        assert fingerprints(now) == fingerprints(before(case.name)), (form, case.name)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=EXAMPLES)
@given(number=NUMBERS)
def test_packing_changes_no_finding(form: str, number: int) -> None:
    check_form(form, cases()[number % len(cases())])


def check_irrelevant(case: Case) -> None:
    more = {"docs/logo.png": b"\x89PNG\r\n\x1a\n", "docs/thanks.txt": b"Thanks to all.\n"}
    now = audited(case, {**more, **case.files})
    assert told(now) == told(before(case.name)), case.name
    assert fingerprints(now) == fingerprints(before(case.name)), case.name


@settings(max_examples=2 * EXAMPLES)
@given(number=NUMBERS)
def test_an_irrelevant_file_changes_no_finding(number: int) -> None:
    check_irrelevant(cases()[number % len(cases())])


def check_twice(case: Case) -> None:
    """The second of two identical packages is named beside what is found in the first."""
    was, now = before(case.name), audited(case, case.files, "twice")
    assert told(now) == told(was), case.name
    for finding in of_families(now):
        copies = [r for r in finding.related if r.message == "the same, in an identical archive"]
        assert any("/second/" in related.at.path for related in copies), case.name


@settings(max_examples=2 * EXAMPLES)
@given(number=NUMBERS)
def test_an_identical_package_beside_it_adds_only_its_places(number: int) -> None:
    check_twice(cases()[number % len(cases())])


def places(found: tuple[Finding, ...], *, more: bool = True) -> set[tuple[str, str, int | None]]:
    """Return each certain finding's rule and place, with ``more`` those of its repeats too."""
    return {
        (finding.rule, place.path.rpartition("!/")[2], place.line)
        for finding in of_families(found)
        if finding.certainty == "certain"
        for place in (finding.at, *(related.at for related in finding.related if more))
    }


OTHERWISE: Final = ("UNIT008", "UNIT009", "UNIT010", "UNIT016")
"""Rules that copies change with reason: another script is one more that starts the unit, reloads or
installs before (009, 010, 016); two files for one place on the host are told once (008)."""


def check_copies(case: Case) -> None:
    """A copy of each file at another place takes nothing away."""
    copies = {f"backup/{path}": data for path, data in case.files.items() if path[0] != "@"}
    now = audited(case, {**case.files, **copies})
    lost = places(before(case.name), more=False) - places(now)
    assert not [place for place in lost if place[0] not in OTHERWISE], case.name


@settings(max_examples=2 * EXAMPLES)
@given(number=NUMBERS)
def test_copies_of_files_take_nothing_away(number: int) -> None:
    check_copies(cases()[number % len(cases())])


# --- what the user knows -----------------------------------------------------------------------

MORE: Final[dict[str, object]] = {
    "units": ["zz-unrelated.service"],
    "users": ["zz-unrelated"],
    "packages": ["pkg:deb/debian/zz-unrelated@1.0"],
}


def with_more(site: Mapping[str, object], more: Mapping[str, object]) -> dict[str, object]:
    """Return a site with further entries in its lists."""
    merged = dict(site)
    for key, value in more.items():
        old = merged.get(key)
        if isinstance(old, list) and isinstance(value, list):
            merged[key] = [*old, *value]
        elif old is None:
            merged[key] = value
    return merged


def check_more_knowledge(case: Case) -> None:
    now = findings_of(case, with_more(case.site, MORE))
    assert told(now, certain=True) >= told(before(case.name), certain=True), case.name


@settings(max_examples=2 * EXAMPLES)
@given(number=NUMBERS)
def test_more_knowledge_changes_no_certain_finding(number: int) -> None:
    check_more_knowledge(cases()[number % len(cases())])


ANSWERS: Final[dict[str, dict[str, object]]] = {
    "site.units": {
        "complete": ["units"],
        "units": ["zz-unrelated.service", {"name": "zz", "manager": "windows"}],
    },
    "site.users": {"complete": ["users"]},
    "site.packages": {"complete": ["packages"]},
    "site.sudo": {"sudo": {"policy": "nopasswd"}},
    "site.timezone": {"timezone": "Europe/Berlin"},
}
"""What settles a question: the section that it asks for."""


@cache
def asking() -> tuple[Case, ...]:
    """Return the examples of which some question needs what ``ANSWERS`` gives."""
    return tuple(
        case
        for case in cases()
        if any(need in ANSWERS for finding in before(case.name) for need in finding.needs)
    )


def check_answers(case: Case) -> None:
    """With an answer given, nothing asks for it any more."""
    for need, answer in ANSWERS.items():
        now = findings_of(case, answered(case.site, answer))
        open_still = [f for f in of_families(now) if need in f.needs and not unanswerable(f)]
        assert not open_still, (need, case.name)


def unanswerable(finding: Finding) -> bool:
    """Say whether a site file has no words for the answer.

    It tells the policy of sudo only; a package that this one needs may bring a unit later.
    """
    other_tool = finding.facts.get("tool") in ("doas", "su", "pkexec", "run0")
    return other_tool or (finding.rule == "UNIT007" and "does not bring" in finding.message)


def answered(site: Mapping[str, object], answer: Mapping[str, object]) -> dict[str, object]:
    """Return a site that says what was asked."""
    more = {key: value for key, value in answer.items() if key not in ("complete", "timezone")}
    merged = with_more(site, more)
    head = dict(cast("Mapping[str, object]", merged.get("site", {})))
    known = cast("list[str]", head.get("complete", []))
    head["complete"] = [*known, *cast("list[str]", answer.get("complete", []))]
    head.update({key: answer[key] for key in ("timezone",) if key in answer})
    return {**merged, "site": head}


@settings(max_examples=2 * EXAMPLES)
@given(number=NUMBERS)
def test_an_answer_settles_its_question(number: int) -> None:
    check_answers(asking()[number % len(asking())])


CHECKS: Final[tuple[Callable[[Case], None], ...]] = (
    check_irrelevant, check_twice, check_copies, check_more_knowledge, check_answers,
    *(lambda case, form=form: check_form(form, case) for form in FORMS),
)  # fmt: skip


@pytest.mark.oracle
@pytest.mark.parametrize("check", CHECKS)
def test_every_example_holds(check: Callable[[Case], None]) -> None:
    for case in cases():
        check(case)
