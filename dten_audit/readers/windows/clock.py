"""Times, dates, days and spans as Windows' tools and PowerShell write them."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_SHORTEST: Final = 2
_MOST_MINUTES: Final = 10_000_000


@cache
def _clock() -> re.Pattern[str]:
    return re.compile(
        r"(?:(\d{4}-\d\d-\d\d)[T ]|\d{1,2}[/.]\d{1,2}[/.]\d{2,4} +)?"
        r"(\d{1,2})(?::(\d\d))?(?::(\d\d)(?:\.\d{1,9})?)? *([ap]\.?m\.?)?(?:Z|[+-]\d\d:\d\d)?",
        re.IGNORECASE,
    )


def clock(text: str) -> tuple[str, str]:
    """Return the time of day (``03:00``) and the date (ISO) of a text; empty for what is none."""
    match = _clock().fullmatch(text.strip())
    if match is None or not (match[3] or match[5]):
        return "", ""
    hour, minute = int(match[2]), int(match[3] or 0)
    if match[5]:
        hour = hour % 12 + (12 if match[5].lower().startswith("p") else 0)
    if hour > 23 or minute > 59:  # noqa: PLR2004 - the clock's ends
        return "", ""
    return f"{hour:02}:{minute:02}", match[1] or ""


def weekday(text: str) -> int | None:
    """Return a day of the week, Monday 0, by its name or the start of it; also by .NET's number."""
    word = text.strip().lower()
    if word.isdigit() and len(word) == 1 and int(word) < len(DAYS):
        return (int(word) - 1) % 7
    if len(word) < _SHORTEST and word not in ("m", "w", "f"):
        return None
    known = {"th": "thursday", "su": "sunday", "sa": "saturday", "tu": "tuesday", "t": "tuesday"}
    word = known.get(word, word)
    return next((number for number, name in enumerate(DAYS) if name.startswith(word)), None)


def month(text: str) -> int | None:
    """Return a month, January 1, by its name or the first three letters of it."""
    word = text.strip().lower()
    if len(word) <= _SHORTEST:
        return None
    return next((number for number, name in enumerate(MONTHS, 1) if name.startswith(word)), None)


@cache
def _duration() -> re.Pattern[str]:
    return re.compile(
        r"P(?:(\d{1,5})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})D)?"
        r"(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?",
        re.IGNORECASE,
    )


def minutes(text: str) -> int:
    """Return a duration (``PT5M``, ``00:05:00``, ``1.00:00:00``) in minutes; 0 for what is none."""
    match = _duration().fullmatch(text.strip())
    if match is not None:
        years, months, days, hours, mins, seconds = (int(part or 0) for part in match.groups())
        total = ((years * 365 + months * 30 + days) * 24 + hours) * 60 + mins
        return min(total + (seconds + 59) // 60, _MOST_MINUTES)
    span = re.fullmatch(r"(?:(\d{1,5})\.)?(\d{1,3}):(\d\d)(?::(\d\d))?", text.strip())
    if span is None:
        return 0
    days, hours, mins = (int(part or 0) for part in span.groups()[:3])
    return min((days * 24 + hours) * 60 + mins, _MOST_MINUTES)
