"""Turns the chained calls of Laravel's scheduler (``->dailyAt('13:00')``) into five cron fields.

Source: laravel.com/docs, task scheduling: schedule frequency options, read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from dten_audit.readers.cron.program_calls import Text

_FIXED: Final[dict[str, str]] = {
    "everySecond": "* * * * *", "everyTwoSeconds": "* * * * *", "everyFiveSeconds": "* * * * *",
    "everyTenSeconds": "* * * * *", "everyFifteenSeconds": "* * * * *",
    "everyTwentySeconds": "* * * * *", "everyThirtySeconds": "* * * * *",
    "everyMinute": "* * * * *", "everyTwoMinutes": "*/2 * * * *",
    "everyThreeMinutes": "*/3 * * * *", "everyFourMinutes": "*/4 * * * *",
    "everyFiveMinutes": "*/5 * * * *", "everyTenMinutes": "*/10 * * * *",
    "everyFifteenMinutes": "*/15 * * * *", "everyThirtyMinutes": "*/30 * * * *",
    "hourly": "0 * * * *", "everyOddHour": "0 1-23/2 * * *",
    "everyTwoHours": "0 */2 * * *", "everyThreeHours": "0 */3 * * *",
    "everyFourHours": "0 */4 * * *", "everySixHours": "0 */6 * * *", "daily": "0 0 * * *",
    "weekly": "0 0 * * 0", "monthly": "0 0 1 * *", "quarterly": "0 0 1 1-12/3 *",
    "yearly": "0 0 1 1 *",
}  # fmt: skip
_DAYS: Final = {
    "weekdays": "1-5", "weekends": "6,0", "sundays": "0", "mondays": "1", "tuesdays": "2",
    "wednesdays": "3", "thursdays": "4", "fridays": "5", "saturdays": "6",
}  # fmt: skip
_FIELDS: Final = 5
_WEEK_DAY: Final = 4


def times_of(calls: Sequence[tuple[str, Sequence[Text]]]) -> Text | None:
    """Return the cron expression of a task; None where no call says when it runs."""
    fields: list[str] | None = None
    known = True
    for name, arguments in calls:
        known = known and (name not in _TIMED or all(text.known for text in arguments))
        if name == "cron" and arguments:
            words = arguments[0].text.split()
            if len(words) != _FIELDS:
                return Text(arguments[0].text, known and arguments[0].known)
            fields = words
        elif name in _FIXED:
            fields = _FIXED[name].split()
        elif name in _DAYS:
            fields = fields or ["*"] * _FIELDS
            fields[_WEEK_DAY] = _DAYS[name]
        elif name in _TIMED:
            fields = _timed(name, [text.text for text in arguments], fields)
    return Text(" ".join(fields), known) if fields else None


_TIMED: Final = frozenset(
    "dailyAt at twiceDaily twiceDailyAt hourlyAt weeklyOn monthlyOn twiceMonthly lastDayOfMonth"
    " yearlyOn quarterlyOn days cron".split()
)


def _clock(text: str) -> tuple[str, str]:
    """Return minute and hour of ``13:05``."""
    match = re.fullmatch(r"(\d{1,2})(?::(\d{1,2}))?", text)
    if match is None:
        return "0", "0"
    return str(int(match[2] or 0)), str(int(match[1]))


def _timed(name: str, values: list[str], fields: list[str] | None) -> list[str]:
    """Return the fields that a call with arguments sets, on top of those that are there."""
    own = list(fields or ["0", "0", "*", "*", "*"])

    def value(number: int, default: str) -> str:
        return values[number] if number < len(values) else default

    if name in ("dailyAt", "at"):
        own[0], own[1] = _clock(value(0, "0:0"))
    elif name == "twiceDaily":
        own[0], own[1] = "0", f"{value(0, '1')},{value(1, '13')}"
    elif name == "twiceDailyAt":
        own[0], own[1] = value(2, "0"), f"{value(0, '1')},{value(1, '13')}"
    elif name == "hourlyAt":
        own = [value(0, "0"), "*", "*", "*", "*"]
    elif name == "weeklyOn":
        own[_WEEK_DAY] = value(0, "0")
        own[0], own[1] = _clock(value(1, "0:0"))
    elif name in ("monthlyOn", "quarterlyOn"):
        own[2] = value(0, "1")
        own[3] = "1-12/3" if name == "quarterlyOn" else "*"
        own[0], own[1] = _clock(value(1, "0:0"))
    elif name == "twiceMonthly":
        own[2] = f"{value(0, '1')},{value(1, '16')}"
        own[0], own[1] = _clock(value(2, "0:0"))
    elif name == "yearlyOn":
        own[3], own[2] = value(0, "1"), value(1, "1")
        own[0], own[1] = _clock(value(2, "0:0"))
    elif name == "lastDayOfMonth":
        own[2] = "28-31"
        own[0], own[1] = _clock(value(0, "0:0"))
    elif name == "days":
        own[_WEEK_DAY] = ",".join(values) or "*"
    return own
