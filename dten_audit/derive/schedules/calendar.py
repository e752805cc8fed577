"""Reads systemd's calendar expressions (``OnCalendar=``) and time spans (``OnBootSec=``).

Source: systemd.time(7), sections CALENDAR EVENTS and PARSING TIME SPANS, of systemd 252.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

_NAMED: Final[dict[str, str]] = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
}
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL_DAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_SPAN_UNITS: Final[dict[str, float]] = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("us", "usec", "µs"), 1e-6),
    **dict.fromkeys(("ms", "msec"), 1e-3),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
    **dict.fromkeys(("M", "month", "months"), 2629800.0),
    **dict.fromkeys(("y", "year", "years"), 31557600.0),
}
_LONGEST: Final = 400
_HORIZON_DAYS: Final = 366 * 9


class Calendar(NamedTuple):
    """A calendar expression as sets of values; None stands for every value.

    ``days_left`` are days counted from the month's end, 1 for the last. ``zone`` is the name of
    the time zone that the expression ends in, else empty.
    """

    weekdays: frozenset[int] | None
    years: frozenset[int] | None
    months: frozenset[int] | None
    days: frozenset[int] | None
    days_left: frozenset[int] | None
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    second: int
    zone: str

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after ``moment``, in its zone; None where there is none soon.

        The wall clock decides; a time that daylight saving skips is moved over the gap.
        """
        zone, day = moment.tzinfo, moment.date()
        for _ in range(_HORIZON_DAYS):
            if self._on(day):
                found = self._on_day(day, moment, zone)
                if found is not None:
                    return found
            if day == date.max:
                break
            day += timedelta(days=1)
        return None

    def _on_day(self, day: date, moment: datetime, zone: tzinfo | None) -> datetime | None:
        for hour in self.hours:
            if day == moment.date() and hour < moment.hour - 1:
                continue
            for minute in self.minutes:
                wall = datetime(
                    day.year, day.month, day.day, hour, minute, self.second, tzinfo=zone
                )
                found = existing(wall)
                if found > moment:
                    return found
        return None

    def _on(self, day: date) -> bool:
        if self.weekdays is not None and day.weekday() not in self.weekdays:
            return False
        if self.years is not None and day.year not in self.years:
            return False
        if self.months is not None and day.month not in self.months:
            return False
        if self.days is not None and day.day not in self.days:
            return False
        if self.days_left is None:
            return True
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return (following - day).days in self.days_left


def existing(wall: datetime) -> datetime:
    """Return ``wall``, moved forward where daylight saving skips it."""
    if wall.tzinfo is None:
        return wall
    from datetime import UTC

    return wall.astimezone(UTC).astimezone(wall.tzinfo)


@lru_cache(maxsize=1024)
def read_calendar(text: str) -> Calendar | None:
    """Read a calendar expression; None for what systemd refuses or this reader does not know."""
    words = text.split()
    if not words or len(text) > _LONGEST:
        return None
    zone = words.pop() if len(words) > 1 and _is_zone(words[-1]) else ""
    if len(words) == 1:
        words = _NAMED.get(words[0].lower(), words[0]).split()
    weekdays = _weekdays(words[0])
    if weekdays is not None:
        words.pop(0)
    time = words.pop() if words and ":" in words[-1] else "00:00:00"
    day = words.pop() if words else "*-*-*"
    if words:
        return None
    return _calendar(weekdays, day, time, zone)


def _calendar(weekdays: frozenset[int] | None, day: str, time: str, zone: str) -> Calendar | None:
    clock = [*time.split(":"), "00"] if time.count(":") == 1 else time.split(":")
    head, tilde, left = day.partition("~")
    parts = [*head.split("-"), left] if tilde else head.split("-")
    if len(parts) == len("MD"):
        parts = ["*", *parts]
    if len(parts) != len("YMD") or len(clock) != len("HMS"):
        return None
    bounds = ((1970, 2200), (1, 12), (1, 31), (0, 23), (0, 59), (0, 59))
    read = [
        _component(p, low, high) for p, (low, high) in zip((*parts, *clock), bounds, strict=True)
    ]
    if any(values is not None and not values for values in read):
        return None
    years, months, days, hours, minutes, seconds = read
    return Calendar(
        weekdays, years, months, None if tilde else days, days if tilde else None,
        tuple(range(24)) if hours is None else tuple(sorted(hours)),
        tuple(range(60)) if minutes is None else tuple(sorted(minutes)),
        0 if seconds is None else min(seconds), zone,
    )  # fmt: skip


def _component(text: str, low: int, high: int) -> frozenset[int] | None:
    """Return the values of a component: None for all, an empty set for what is no component."""
    if text == "*":
        return None
    values: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,4})(?:\.\.([0-9]{1,4}))?(?:/([0-9]{1,4}))?", part)
        if match is None:
            return frozenset()
        first = int(match[1])
        step = int(match[3] or 1)
        last = int(match[2]) if match[2] else high if match[3] else first
        if not low <= first <= last <= high or not step:
            return frozenset()
        values.update(range(first, last + 1, step))
    return frozenset(values)


def _weekdays(text: str) -> frozenset[int] | None:
    """Return the days that a word such as ``Mon..Fri,Sun`` names; None where it names none."""
    found: set[int] = set()
    for part in text.lower().rstrip(",").split(","):
        first, dots, last = part.partition("..")
        if not dots:
            first, dots, last = part.partition("-")
        start, end = _weekday(first), _weekday(last) if dots else _weekday(first)
        if start is None or end is None:
            return None
        found.update(d % 7 for d in range(start, end + 1 if end >= start else end + 8))
    return frozenset(found)


def _weekday(text: str) -> int | None:
    for names in (_DAYS, _FULL_DAYS):
        if text in names:
            return names.index(text)
    return None


def _is_zone(word: str) -> bool:
    return word == "UTC" or (word[:1].isalpha() and "/" in word and ":" not in word)


def read_span(text: str) -> float | None:
    """Return a time span (``1h 30min``, ``900``) in seconds; None for what is none."""
    total, end = 0.0, 0
    stripped = text.strip()
    for match in re.finditer(r"([0-9]+(?:\.[0-9]+)?) *+([A-Za-zµ]*+) *+", stripped[:_LONGEST]):
        if match.start() != end or match[2] not in _SPAN_UNITS or len(match[1]) > len("1" * 12):
            return None
        total += float(match[1]) * _SPAN_UNITS[match[2]]
        end = match.end()
    return total if end and end == len(stripped) else None
