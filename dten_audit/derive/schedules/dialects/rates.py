"""Reads time between runs: ``5 minutes``, ``1h30m``, ``PT5M``, ``@every 90s``, plain numbers."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from dten_audit.derive.schedules.dialects.reading import Reading, fault, rate

_UNITS: Final[dict[str, float]] = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds", "millis"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
    **dict.fromkeys(("month", "months", "mon"), 2629800.0),
    **dict.fromkeys(("quarter", "quarters"), 7889400.0),
    **dict.fromkeys(("y", "year", "years"), 31557600.0),
}
_SHOWN: Final = 40
_LONGEST: Final = 100


@cache
def _part() -> re.Pattern[str]:
    return re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([a-z]{1,12})?\s*(?:,|and\b)?")


@cache
def _iso() -> re.Pattern[str]:
    return re.compile(
        r"P(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9.]{1,9})S)?)?"
    )


@cache
def _named() -> re.Pattern[str]:
    return re.compile(r"\s*([a-z]{3,12})\s*=\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*,?")


@cache
def _clock() -> re.Pattern[str]:
    return re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])(?:\.[0-9]+)?")


def duration(text: str) -> float | None:
    """Return a time span in seconds; None for what is none. A bare number is in seconds."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    iso = _iso().fullmatch(text)
    if iso is not None and any(iso.groups()):
        return _weighed(iso.groups(), (86400.0, 3600.0, 60.0, 1.0))
    clock = _clock().fullmatch(text)
    if clock is not None:
        return _weighed(clock.groups(), (3600.0, 60.0, 1.0))
    return _parts(text.lower())


def _weighed(values: tuple[str | None, ...], weights: tuple[float, ...]) -> float | None:
    try:
        return sum(float(v or 0) * weight for v, weight in zip(values, weights, strict=True))
    except ValueError:
        return None


def _parts(text: str) -> float | None:
    """Read ``hours=1, minutes=30`` or ``1 hour 30 min``."""
    named = _named().match(text)
    pattern, unit, number = (_named(), 1, 2) if named else (_part(), 2, 1)
    total, position = 0.0, 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None or (unit_name := match[unit] or "s") not in _UNITS:
            return None
        total += float(match[number]) * _UNITS[unit_name]
        position = match.end()
    return total


def read_rate(text: str) -> Reading:
    """Read a time between runs."""
    seconds = duration(text)
    if seconds is None or seconds <= 0:
        return fault(f"bad time span {text[:_SHOWN]}")
    return rate(seconds, f"every {in_units(seconds)}")


def in_units(seconds: float) -> str:
    """Return a time span for people: ``5 minutes``, ``1 day``, ``1.5 seconds``."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and not seconds % size:
            number = int(seconds // size)
            return f"{number} {unit}{'s' * (number != 1)}"
    return f"{seconds:g} second{'s' * (seconds != 1)}"
