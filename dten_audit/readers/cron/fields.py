"""Reads one time field of a cron line: as Debian's cron does, and as the more generous ones do.

Source: crontab(5) and the verdicts of ``crontab -n`` of Debian's cron 3.0pl1-162, which reads the
longest prefix that it understands and skips what is left of the field.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

FIELDS: Final = ("minute", "hour", "day of month", "month", "day of week")
MONTH_DAY: Final = 2
WEEK_DAY: Final = 4
BOUNDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
LONGEST: Final = 1000
_DIGITS: Final = 5
_NAMES: Final[tuple[dict[str, int], ...]] = (
    {}, {}, {},
    {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)},
    {d: n for n, d in enumerate("sun mon tue wed thu fri sat".split())},
)  # fmt: skip


class Field(NamedTuple):
    """A time field.

    ``normal`` is what Debian's cron makes of it, in the plain notation that every engine reads
    alike (``0,15-30/5``): empty where it matches no value, None where the line is refused.
    ``otherwise`` is what a cron with more notation makes of it: empty where that is not computed,
    None where no such reading is known or it is the same. ``traps`` names why the two differ.
    """

    normal: str | None
    otherwise: str | None = None
    traps: tuple[str, ...] = ()

    @property
    def readable(self) -> bool:
        """Some cron runs a line with this field."""
        return self.normal is not None or self.otherwise is not None


class _Element(NamedTuple):
    """One part of a list; ``last`` where Debian's cron skips the rest of the field after it."""

    normal: str | None = None
    otherwise: str | None = None
    trap: str = ""
    last: bool = False


_REFUSED: Final = _Element()


@cache
def _pattern() -> re.Pattern[str]:
    word = "[A-Za-z0-9]+"
    return re.compile(
        rf"(?P<star>\*)(?:/(?P<every>{word}))?"
        rf"|(?P<low>{word})(?:(?P<dash>-)(?P<high>{word})?)?(?:(?P<slash>/)(?P<step>{word})?)?"
    )


@lru_cache(maxsize=4096)
def read_field(text: str, position: int) -> Field:
    """Read the field at ``position`` (0 minute … 4 day of week). Linear in its length."""
    if len(text) > LONGEST:
        return Field(None)
    elements: list[_Element] = []
    for part in text.split(","):
        elements.append(_element(part, position))
        if elements[-1].last:
            break
    traps = tuple(dict.fromkeys(element.trap for element in elements if element.trap))
    normal = _joined([element.normal for element in elements])
    otherwise = _joined([element.otherwise for element in elements]) if traps else None
    return Field(normal, None if otherwise == normal else otherwise, traps)


def joined(fields: Sequence[str | None]) -> str | None:
    """Return five normal fields as one expression: empty where it never fires, None for refused.

    The two day fields are alternatives, unless one starts with a star: a day field that matches
    nothing then leaves the other one to decide.
    """
    if any(field is None for field in fields):
        return None
    minute, hour, month_day, month, week_day = (field or "" for field in fields)
    if not month_day and week_day and not week_day.startswith("*"):
        month_day = "*"
    elif not week_day and month_day and not month_day.startswith("*"):
        week_day = "*"
    parts = (minute, hour, month_day, month, week_day)
    return " ".join(parts) if all(parts) else ""


def _joined(parts: Sequence[str | None]) -> str | None:
    if any(part is None for part in parts):
        return None
    return ",".join(dict.fromkeys(part for part in parts if part))


def _element(part: str, position: int) -> _Element:
    match = _pattern().match(part)
    if match is None:
        return _foreign(part, position)
    element = _starred(match, position) if match["star"] else _ranged(match, position)
    tail = part[match.end() :]
    if element == _REFUSED:
        return _foreign(part, position)
    if not tail:
        return element
    return _REFUSED if element.normal is None else _with_tail(element, tail, position)


def _starred(match: re.Match[str], position: int) -> _Element:
    if match["every"] is None:
        # A slash without a number is refused, anything else behind a star is skipped.
        follower = match.string[match.end() : match.end() + 1]
        return _REFUSED if follower == "/" else _Element("*", "*")
    step = _number(match["every"])
    if not step:
        return _REFUSED
    low, high = BOUNDS[position]
    text = f"*/{step}"
    return _Element(text, text, "step-beyond-range" if step > high - low else "")


def _ranged(match: re.Match[str], position: int) -> _Element:
    low, high = BOUNDS[position]
    first = value_of(match["low"], position)
    last = value_of(match["high"] or "", position) if match["dash"] else first
    step = _number(match["step"] or "") if match["slash"] else 1
    if first is None or last is None or not step:
        return _REFUSED
    if not low <= first <= high or not low <= last <= high:
        return _REFUSED
    if match["slash"] and not match["dash"]:
        return _Element(None, _span(first, high, step), "step-without-range")
    if first > last:
        return _Element("", _wrapped(first, last, step, position), "wrapping-range")
    text = _span(first, last, step)
    beyond = match["slash"] and step > last - first
    return _Element(text, text, "step-beyond-range" if beyond else "")


def _with_tail(element: _Element, tail: str, position: int) -> _Element:
    """Judge an element with text behind it, which Debian's cron skips to the end of the field."""
    normal = element.normal or ""
    if tail[0] == "~":
        end = value_of(tail[1:], position)
        whole = normal.isdecimal() and end is not None and int(normal) <= end
        return _Element(normal, f"{normal}-{end}" if whole else "", "random-range", last=True)
    if tail[0] == "#" and position == WEEK_DAY:
        known = tail[1:] in {"1", "2", "3", "4", "5"} and normal.isdecimal()
        text = f"{normal}#{tail[1:]}" if known else ""
        return _Element(normal, text, "nth-weekday", last=True)
    # A range that goes on (1-2-3), a star that goes on (*5), a step on a step.
    return _Element(normal, None, "ignored-tail", last=True)


def _foreign(part: str, position: int) -> _Element:
    """Judge what Debian's cron refuses but another scheduler has a meaning for."""
    upper = part.upper()
    if part == "~":
        return _Element(None, "*", "random-range")
    if part[0:1] == "~":
        last = value_of(part[1:], position)
        low, high = BOUNDS[position]
        known = last is not None and low <= last <= high
        return _Element(None, f"{low}-{last}", "random-range") if known else _REFUSED
    if part == "?" and position in {MONTH_DAY, WEEK_DAY}:
        return _Element(None, "*", "question-mark")
    if position == MONTH_DAY and upper == "L":
        return _Element(None, "L", "last-day")
    if position == MONTH_DAY and upper == "LW":
        return _Element(None, "LW", "nearest-weekday")
    if position == MONTH_DAY and upper[-1:] == "W":
        day = _number(upper[:-1])
        known = day is not None and 1 <= day <= BOUNDS[MONTH_DAY][1]
        return _Element(None, "", "nearest-weekday") if known else _REFUSED
    day = value_of(part[:-1], position) if upper.endswith("L") else None
    if position == WEEK_DAY and day is not None and day <= BOUNDS[WEEK_DAY][1]:
        return _Element(None, f"{day}L", "last-day")
    return _REFUSED


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= _DIGITS else None


def value_of(text: str, position: int) -> int | None:
    """Return a number or a name (``mon``, ``jan``) as a value; None for what is neither."""
    number = _number(text)
    return _NAMES[position].get(text.lower()) if number is None else number


def _span(first: int, last: int, step: int) -> str:
    if step > last - first:
        return str(first)
    return f"{first}-{last}" if step == 1 else f"{first}-{last}/{step}"


def _wrapped(first: int, last: int, step: int, position: int) -> str:
    """Return the values of a range that runs over the end of its unit (``22-4``)."""
    low, high = BOUNDS[position]
    top = 6 if position == WEEK_DAY else high
    around = [*range(first, top + 1), *range(low, last + 1)]
    return ",".join(map(str, around[::step]))
