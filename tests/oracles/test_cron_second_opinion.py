"""Two other engines as second opinion on cron lines: CronSlices of python-crontab, and croniter.

Where they differ from us, the line has a trap that says why; what has no trap must agree.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dten_audit.derive.schedules.dialects.reading_all import read_expression
from dten_audit.derive.schedules.moments import Cron
from dten_audit.readers.cron.lines import Job, read_line
from tests.oracles.test_cron_daemons import rows

if TYPE_CHECKING:
    from collections.abc import Iterator

# ruff: noqa: T201 (how many cases ran is printed)

pytestmark = pytest.mark.oracle
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
OTHERWISE = {
    "step-without-range", "step-beyond-range", "wrapping-range", "random-range", "nth-weekday",
    "last-day", "nearest-weekday", "question-mark", "ignored-tail", "leading-minus", "six-fields",
}  # fmt: skip
"""Traps for which another engine may well have another reading: that is what they say."""


def expressions(chance: random.Random, count: int) -> Iterator[str]:
    """Yield plain expressions of five fields."""
    bounds = [(0, 59), (0, 23), (1, 28), (1, 12), (0, 6)]
    for _ in range(count):
        fields = []
        for low, high in bounds:
            kind = chance.random()
            first = chance.randint(low, high)
            last = chance.randint(first, high)
            if kind < 0.45:
                fields.append("*")
            elif kind < 0.65:
                fields.append(str(first))
            elif kind < 0.8:
                fields.append(f"{first}-{last}" if first < last else str(first))
            elif kind < 0.9:
                fields.append(f"*/{chance.randint(1, high - low)}")
            else:
                fields.append(f"{first},{last}" if first < last else str(first))
        yield " ".join(fields)


def test_cron_slices_agree_on_what_is_a_line() -> None:
    """CronSlices judges the fields alone; lines with a trap are read in several ways."""
    crontab = pytest.importorskip("crontab")
    wrong, asked, failed = [], 0, 0
    lines = [row.line for row in rows()]
    lines += [f"{text} x" for text in expressions(random.Random(11), 500)]
    for line in lines:
        read = read_line(line, user_field=False)
        if not isinstance(read, Job) or read.computed or OTHERWISE & set(read.traps):
            continue
        try:
            valid = crontab.CronSlices.is_valid(read.expression)
        except TypeError:  # it compares a name with a number
            failed += 1
            continue
        asked += 1
        if not valid:
            wrong.append(line)
    print(
        f"\n{asked} lines judged by CronSlices, {failed} fail in it, {len(wrong)} differ: {wrong}"
    )
    assert failed < 5
    assert asked > 500
    assert not wrong


@pytest.mark.parametrize("notation", ["cronsim", "unix", "kubernetes"])
def test_croniter_agrees_on_next_times(notation: str) -> None:
    """Ours, by cronsim and by our own clock, against croniter, in UTC: the clock never jumps."""
    croniter = pytest.importorskip("croniter").croniter
    wrong, asked = [], 0
    for text in expressions(random.Random(12), 400):
        day_fields = text.split()[2::2]
        if any(field.startswith("*/") for field in day_fields) and "*" not in day_fields:
            continue  # croniter knows no starred day that only narrows the other one
        other = croniter(text, AT)
        recurrence = (
            Cron(text) if notation == "cronsim" else read_expression(notation, text).recurrences[0]
        )
        moment = AT
        for _ in range(4):
            mine, theirs = recurrence.after(moment), other.get_next(datetime)
            asked += 1
            if mine != theirs:
                wrong.append((text, mine, theirs))
                break
            moment = theirs
    print(f"\n{asked} next times by {notation} and croniter, {len(wrong)} differ: {wrong[:5]}")
    assert asked > 1000
    assert not wrong


def test_engines_agree_on_quartz() -> None:
    """L, # and names, as far as croniter has them too (it counts Sunday as 0, Quartz as 1)."""
    croniter = pytest.importorskip("croniter").croniter
    chance = random.Random(13)
    asked = 0
    for _ in range(200):
        hour, day, rank = chance.randint(0, 23), chance.randint(0, 6), chance.randint(1, 4)
        pairs = [
            (f"0 0 {hour} ? * {day + 1}#{rank}", f"0 {hour} * * {day}#{rank}"),
            (f"0 0 {hour} ? * {day + 1}L", f"0 {hour} * * L{day}"),
            (f"0 0 {hour} L * ?", f"0 {hour} l * *"),
        ]
        for quartz, other in pairs:
            (clock,) = read_expression("quartz", quartz).recurrences
            mine = clock.after(AT)
            theirs = croniter(other, AT).get_next(datetime)
            assert mine == theirs, (quartz, other)
            asked += 1
    print(f"\n{asked} next times of Quartz and croniter agree")
