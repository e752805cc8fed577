"""Times in plain words, as App Engine's cron.yaml, fugit and Agenda know them."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from dten_audit.derive.schedules.clock import Clock, MonthDays, WeekDays
from dten_audit.derive.schedules.dialects.rates import read_rate
from dten_audit.derive.schedules.dialects.reading import Reading, fault

_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_RANKS: Final = {
    "1st": 1, "first": 1, "2nd": 2, "second": 2, "3rd": 3, "third": 3, "4th": 4, "fourth": 4,
    "5th": 5, "fifth": 5,
}  # fmt: skip
_MONTHS: Final = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_FIXED: Final = {"minute": "1 minute", "hour": "1 hour", "second": "1 second"}
_LONGEST: Final = 200


@cache
def _every() -> re.Pattern[str]:
    return re.compile(r"(?:every\s+)?([0-9]{1,6}|a|an|one)?\s*([a-z]+)(?:\s+synchronized)?")


@cache
def _on() -> re.Pattern[str]:
    rank = "(?:[1-5](?:st|nd|rd|th)|first|second|third|fourth|fifth)"
    return re.compile(
        rf"(?:every\s+|each\s+)?(?:(?P<rank>{rank}(?:,{rank})*)\s+)?"
        r"(?P<days>[a-z]+(?:\s*,\s*[a-z]+)*)"
        r"(?:\s+of\s+(?P<months>[a-z,]+))?\s+(?:at\s+)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-5][0-9])"
    )


def read_words(expression: str) -> Reading:
    """Read ``every 5 minutes``, ``every day 09:00``, ``2nd,third mon of march 17:00``."""
    text = re.sub(r"\s+", " ", expression[:_LONGEST]).strip().lower()
    fixed = text.removeprefix("every ")
    if fixed in _FIXED:
        return read_rate(_FIXED[fixed])
    match = _every().fullmatch(text)
    if match is not None and match[1]:
        number = match[1] if match[1].isdecimal() else "1"
        reading = read_rate(f"{number} {match[2]}")
        if not reading.fault:
            return reading
    if fixed in ("day", "midnight"):
        return Reading((Clock((0,)),))
    match = _on().fullmatch(text)
    if match is not None:
        return _on_days(match)
    if " from " in text or text.startswith("every"):
        return Reading(text=text)
    return fault(f"bad time {text[:40]}")


def _on_days(match: re.Match[str]) -> Reading:
    names = re.split(r"\s*,\s*", match["days"])
    ranks = [rank for rank in (match["rank"] or "").split(",") if rank]
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or not all(rank in _RANKS for rank in ranks):  # noqa: PLR2004
        return fault(f"bad time {match[0][:40]}")
    clock = Clock((hour,), (minute,), months=_months(match["months"] or ""))
    if names == ["day"] and not ranks:
        return Reading((clock,))
    if not all(name[:3] in _DAYS for name in names):
        return fault(f"bad day {match['days'][:40]}")
    days = frozenset(_DAYS.index(name[:3]) for name in names)
    if not ranks:
        return Reading((clock._replace(week_days=WeekDays(days)),))
    nth = frozenset((day, _RANKS[rank]) for day in days for rank in ranks)
    return Reading((clock._replace(week_days=WeekDays(frozenset(), nth), month_days=MonthDays()),))


def _months(text: str) -> frozenset[int] | None:
    found = {_MONTHS.index(name[:3]) + 1 for name in text.split(",") if name[:3] in _MONTHS}
    return frozenset(found) or None
