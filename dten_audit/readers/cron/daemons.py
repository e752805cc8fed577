"""How cronie and busybox's crond read the time fields, where Debian's cron reads them otherwise.

Source: crontab(5) of cronie 1.7; the verdicts and bitmaps of ``crontab -T`` and ``cronnext`` of
cronie 1.7.2-4 and of ``crond -l 0`` of busybox 1.35.0-4, asked 2026-11-21 (tests/oracles).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from dten_audit.readers.cron.fields import BOUNDS, LONGEST, MONTH_DAY, WEEK_DAY, joined, value_of

_DIGITS: Final = 9
_BUSYBOX: Final = (60, 24, 32, 12, 7)
"""How many values each field of busybox holds; days of the month start at a 0 that never comes."""
_WEEK: Final = 7


class Readings(NamedTuple):
    """An expression as the two daemons read it, in the notation that all engines share.

    Empty where it never fires, None where the daemon refuses the line.
    """

    cronie: str | None
    busybox: str | None


@lru_cache(maxsize=4096)
def readings(expression: str) -> Readings:
    """Read five fields as cronie and as busybox do. Linear in their length."""
    words = expression.split(" ")
    if any(len(word) > LONGEST for word in words):
        return Readings(None, None)
    places = list(enumerate(words))
    return Readings(
        joined([_cronie(word, place) for place, word in places]),
        joined([_busybox(word, place) for place, word in places]),
    )


@cache
def _parts() -> re.Pattern[str]:
    word = "[0-9]+|[A-Za-z]+"
    return re.compile(
        rf"(?:(?P<star>\*)|(?P<low>{word})?(?P<random>~)(?P<top>{word})?"
        rf"|(?P<first>{word})(?:-(?P<last>{word}))?)(?:/(?P<step>[0-9]+))?"
    )


def _number(text: str | None, position: int, default: int) -> int | None:
    """Return a number or a name as a value of the field; None for what is neither."""
    if not text:
        return default
    return value_of(text.lstrip("0") or "0" if text.isdecimal() else text, position)


def _cronie(text: str, position: int) -> str | None:
    """Read a field as cronie does: strictly, with ``~`` for a random value."""
    low, high = BOUNDS[position]
    found: list[str] = []
    for part in text.split(","):
        match = _parts().fullmatch(part)
        step = int(match["step"][:_DIGITS]) if match is not None and match["step"] else 1
        if match is None or not step or (match["step"] and match["first"] and not match["last"]):
            return None
        if match["star"]:
            found.append("*" if step == 1 else f"*/{step}" if step <= high - low else str(low))
            continue
        if match["random"]:
            first = _number(match["low"], position, low)
            last = _number(match["top"], position, high)
        else:
            first = _number(match["first"], position, low)
            last = _number(match["last"], position, low) if match["last"] else first
        if first is None or last is None or not low <= first <= high or not low <= last <= high:
            return None
        if match["random"] and (first > last or match["step"]):
            return None
        found += [] if first > last else [_span(first, last, step)]
    return ",".join(found)


def _span(first: int, last: int, step: int) -> str:
    if first == last or step > last - first:
        return str(first)
    return f"{first}-{last}" if step == 1 else f"{first}-{last}/{step}"


def _busybox(text: str, position: int) -> str | None:
    """Read a field as busybox does: ranges run over the end, 7 is no day, ``5/15`` is 5."""
    modulus = _BUSYBOX[position]
    offset = 1 if position not in (0, 1, MONTH_DAY, WEEK_DAY) else 0
    values: set[int] = set()
    for part in text.split(","):
        match = _parts().fullmatch(part)
        if match is None or match["random"]:
            return None
        step = int(match["step"][:_DIGITS]) if match["step"] else 1
        first, last = 0, modulus - 1
        if not match["star"]:
            one = _number(match["first"], position, 0)
            other = _number(match["last"], position, 0) if match["last"] else one
            if one is None or other is None:
                return None
            first, last = one - offset, other - offset
        if first < 0 or not 0 <= last < modulus:
            return None
        first %= modulus
        length = (last - first) % modulus + 1
        values |= {(first + n) % modulus for n in range(0, length, step or length)}
    if len(values) == modulus:
        return "*"
    kept = sorted(value + offset for value in values if value or position != MONTH_DAY)
    return ",".join(map(str, kept))
