"""Times given as named arguments: Celery's crontab(), APScheduler's triggers, launchd's keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Final

from dten_audit.derive.schedules.clock import Clock, Every, MonthDays, WeekDays
from dten_audit.derive.schedules.dialects.fields import FIVE, FieldError, Grammar, read_fields
from dten_audit.derive.schedules.dialects.rates import read_rate
from dten_audit.derive.schedules.dialects.reading import Reading, fault

_CELERY: Final = Grammar({5: FIVE}, week=(0, 6), both="and", wraps=True)
_CELERY_NAMES: Final = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
_APS: Final = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
_APS_GRAMMAR: Final = Grammar(
    {8: ("second", *FIVE, "year", "week")}, sunday=6, week=(0, 6), both="and", steps=False
)
_APS_FIVE: Final = Grammar({5: FIVE}, sunday=6, week=(0, 6), both="and", steps=False)
_RANKS: Final = ("1st", "2nd", "3rd", "4th", "5th")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LAUNCHD: Final = {"Minute": (0, 59), "Hour": (0, 23), "Day": (1, 31), "Weekday": (0, 7),
                   "Month": (1, 12)}  # fmt: skip
_SUNDAY: Final = 7


@cache
def _argument() -> re.Pattern[str]:
    return re.compile(r"\s*([A-Za-z_]{1,30})\s*=\s*((?:[^=,]|,(?!\s*[A-Za-z_]+\s*=))*),?")


def arguments(text: str) -> dict[str, str] | None:
    """Return ``name=value, …`` as a mapping; None where the text is something else."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _argument().match(text, position)
        if match is None:
            return None
        found[match[1]] = match[2].strip().strip("'\"")
        position = match.end()
    return found


def read_celery(expression: str) -> Reading:
    """Read the arguments of celery.schedules.crontab; all of its fields must match."""
    found = arguments(expression[:500])
    if found is None or not set(found) <= set(_CELERY_NAMES):
        return fault(f"bad arguments of crontab(): {expression[:40]}")
    text = " ".join(re.sub(r"\s+", "", found.get(name, "*")) or "*" for name in _CELERY_NAMES)
    return _by_fields(text, _CELERY)


def read_apscheduler(expression: str) -> Reading:
    """Read a cron trigger, an interval or a date of APScheduler 3."""
    if "=" not in expression:
        return _by_fields(expression, _APS_FIVE)
    found = arguments(expression[:500])
    if found is None:
        return fault(f"bad arguments of the trigger: {expression[:40]}")
    if "run_date" in found:
        return _once(found["run_date"])
    if set(found) <= {"weeks", "days", "hours", "minutes", "seconds"}:
        return read_rate(expression)
    return _aps_cron(found)


def _once(text: str) -> Reading:
    try:
        return Reading((Every(datetime.fromisoformat(text)),))
    except ValueError:
        return fault(f"bad date {text[:40]}")


def _aps_cron(found: dict[str, str]) -> Reading:
    """Read a cron trigger: fields finer than the finest one named start at their lowest value."""
    unknown = next((name for name in found if name not in _APS), "")
    if unknown:
        return fault(f"unknown field {unknown[:40]}")
    if found.get("week", "*") != "*":
        return Reading(text="in the weeks of the year that it names")
    finest = max((_APS.index(name) for name in found), default=-1)
    lowest = {"month": "1", "day": "1", "day_of_week": "*"}
    values = {
        name: found.get(name) or ("*" if place < finest else lowest.get(name, "0"))
        for place, name in enumerate(_APS)
    }
    day = values["day"].lower()
    if not re.fullmatch(r"[0-9*/,-]+", day):
        values["day"] = "*"
    order = ("second", "minute", "hour", "day", "month", "day_of_week", "year")
    grammar = _APS_GRAMMAR._replace(fields={7: ("second", *FIVE, "year")})
    reading = _by_fields(" ".join(values[name].replace(" ", "") for name in order), grammar)
    return reading if values["day"] == day or reading.fault else _with_day(reading, day)


def _by_fields(text: str, grammar: Grammar) -> Reading:
    try:
        found = read_fields(text, grammar)
    except FieldError as error:
        return fault(str(error))
    return Reading((found.clock,), traps=found.traps)


def _with_day(reading: Reading, day: str) -> Reading:
    """Add the days that APScheduler writes in words: ``last``, ``2nd fri``, ``last sun``."""
    clock = reading.recurrences[0]
    if not isinstance(clock, Clock):
        return reading
    if day == "last":
        return Reading((clock._replace(month_days=MonthDays(frozenset(), frozenset({0}))),))
    rank, _, name = day.partition(" ")
    if name.strip()[:3] not in _DAYS or (rank != "last" and rank not in _RANKS):
        return fault(f"bad day {day[:40]}")
    weekday = _DAYS.index(name.strip()[:3])
    if rank == "last":
        days = WeekDays(frozenset(), last=frozenset({weekday}))
    else:
        days = WeekDays(frozenset(), frozenset({(weekday, _RANKS.index(rank) + 1)}))
    return Reading((clock._replace(week_days=days),))


def read_launchd(expression: str) -> Reading:
    """Read StartCalendarInterval's dictionaries, parted by ``;``, or StartInterval's seconds."""
    found = arguments(expression)
    if found is not None and set(found) == {"StartInterval"}:
        return read_rate(f"{found['StartInterval']} seconds")
    clocks: list[Clock] = []
    for part in expression.split(";")[:1000]:
        keys = arguments(part)
        if keys is None:
            return fault(f"bad calendar interval {part.strip()[:40]}")
        bad = next((k for k, v in keys.items() if not _launchd_value(k, v)), "")
        if bad:
            return fault(f"bad {bad[:40]} {keys[bad][:40]}")
        clocks.append(_launchd_clock({key: int(value) for key, value in keys.items()}))
    return Reading(tuple(clocks))


def _launchd_value(key: str, value: str) -> bool:
    low, high = _LAUNCHD.get(key, (1, 0))
    return value.isdecimal() and len(value) <= 2 and low <= int(value) <= high  # noqa: PLR2004


def _launchd_clock(keys: dict[str, int]) -> Clock:
    """A key that is missing is a wildcard; Day and Weekday are alternatives as in crontab(5)."""

    def only(key: str) -> frozenset[int] | None:
        return frozenset({keys[key]}) if key in keys else None

    def times(key: str, every: Iterable[int]) -> tuple[int, ...]:
        return (keys[key],) if key in keys else tuple(every)

    weekday = frozenset({keys["Weekday"] % _SUNDAY}) if "Weekday" in keys else None
    return Clock(
        times("Hour", range(24)),
        times("Minute", range(60)),
        month_days=MonthDays(only("Day")),
        week_days=WeekDays(weekday),
        months=only("Month"),
        both=not ("Day" in keys and "Weekday" in keys),
    )
