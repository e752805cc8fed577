"""Reads the fields of cron-like expressions, by the grammar of the scheduler that runs them.

Sources: the manuals named in ``rules/knowledge/cron_schedulers.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, NamedTuple

from dten_audit.derive.schedules.clock import Clock, MonthDays, WeekDays

Both = Literal["star", "and", "question"]
"""When a day must be in both day fields: if one starts with a star, always, or one must be ?."""

BOUNDS: Final[dict[str, tuple[int, int]]] = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "day of month": (1, 31),
    "month": (1, 12),
    "day of week": (0, 7),
    "year": (1970, 2199),
}
FIVE: Final = ("minute", "hour", "day of month", "month", "day of week")
_MONTHS: Final = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_DAYS: Final = tuple("sun mon tue wed thu fri sat".split())
_WEEK: Final = 7
_LONGEST: Final = 400
_MOST_NTH: Final = 5


class Grammar(NamedTuple):
    """How a scheduler writes times.

    ``fields`` are the names of the fields by their number. ``sunday`` is its number in the field
    of week days, ``week`` the lowest and highest number there. ``marks`` are the signs beyond
    numbers, names, ``*``, ``,``, ``-`` and ``/`` that it knows. ``wraps``: a range may run over
    the end. ``steps``: ``5/15`` means from 5 on. ``blank`` are fields in which ``?`` may stand.
    """

    fields: Mapping[int, tuple[str, ...]]
    sunday: int = 0
    week: tuple[int, int] = (0, 7)
    marks: str = ""
    both: Both = "star"
    wraps: bool = False
    steps: bool = True
    blank: tuple[str, ...] = ("day of month", "day of week")


class Fields(NamedTuple):
    """An expression read; ``spread`` where the scheduler chooses one of the times.

    ``traps`` say where it means something else than the same fields mean to cron.
    """

    clock: Clock
    spread: bool = False
    traps: tuple[str, ...] = ()


class FieldError(ValueError):
    """A field means nothing to this scheduler."""


class _Field:
    """What one field has been read into."""

    __slots__ = ("every", "from_end", "last", "last_working", "nearest", "nth", "spread", "values")

    def __init__(self) -> None:
        self.every = False
        self.spread = False
        self.values: set[int] = set()
        self.from_end: set[int] = set()
        self.nearest: set[int] = set()
        self.last_working = False
        self.nth: set[tuple[int, int]] = set()
        self.last: set[int] = set()


@cache
def _element() -> re.Pattern[str]:
    word = "[0-9]{1,4}|[A-Za-z]{3,9}"
    return re.compile(
        rf"(?:(?P<all>[*?])|(?P<hash>H)(?:\((?P<from>[0-9]{{1,2}})-(?P<to>[0-9]{{1,2}})\))?"
        rf"|(?P<low>{word})(?:-(?P<high>{word}))?)(?:/(?P<step>[0-9]{{1,4}}))?",
        re.IGNORECASE,
    )


def read_fields(expression: str, grammar: Grammar) -> Fields:
    """Read an expression. Raises ``FieldError`` with what the scheduler does not understand."""
    words = expression.split()
    names = grammar.fields.get(len(words))
    if names is None or len(expression) > _LONGEST:
        most = " or ".join(str(number) for number in grammar.fields)
        raise FieldError(f"{len(words)} fields where {most} are due")
    read = {name: _field(word, name, grammar) for name, word in zip(names, words, strict=True)}
    texts = dict(zip(names, words, strict=True))
    month, week = texts["day of month"], texts["day of week"]
    if grammar.both == "question" and (month == "?") == (week == "?"):
        why = "none of them" if month != "?" else "both of them"
        raise FieldError(f"day of month and day of week: one must be ?, and {why} is")
    starred = month[0] in "*?" or week[0] in "*?"
    return Fields(
        _clock(read, both=grammar.both == "and" or starred),
        any(field.spread for field in read.values()),
        _traps(texts, grammar, starred=starred),
    )


_WEEK_TRAPS: Final = {1: "weekday-from-sunday-1", 6: "weekday-from-monday-0"}


def _traps(texts: dict[str, str], grammar: Grammar, *, starred: bool) -> tuple[str, ...]:
    """Return what somebody who knows cron's fields would take for something else."""
    traps = []
    if grammar.sunday and texts["day of week"][0].isdecimal():
        traps.append(_WEEK_TRAPS[grammar.sunday])
    if not starred:
        traps.append("both-day-fields-and" if grammar.both == "and" else "both-day-fields")
    if "second" in texts and next(iter(texts)) != "second" and len(texts) == len(FIVE) + 1:
        traps.append("seconds-last")
    return tuple(traps)


def _clock(read: dict[str, _Field], *, both: bool) -> Clock:
    def times(name: str) -> tuple[int, ...]:
        if name not in read:
            return (0,)
        low, high = BOUNDS[name]
        return tuple(range(low, high + 1)) if read[name].every else tuple(sorted(read[name].values))

    def some(name: str) -> frozenset[int] | None:
        if name not in read or read[name].every:
            return None
        return frozenset(read[name].values)

    days, week = read["day of month"], read["day of week"]
    return Clock(
        times("hour"),
        times("minute"),
        times("second"),
        MonthDays(
            some("day of month"),
            frozenset(days.from_end),
            frozenset(days.nearest),
            days.last_working,
        ),
        WeekDays(some("day of week"), frozenset(week.nth), frozenset(week.last)),
        some("month"),
        some("year"),
        both,
    )


def _field(text: str, name: str, grammar: Grammar) -> _Field:
    field = _Field()
    for part in text.split(","):
        if not _special(part.upper(), name, grammar, field):
            _plain(part, name, grammar, field)
    return field


def _plain(part: str, name: str, grammar: Grammar, field: _Field) -> None:
    """Read a star, a value or a range, with its step."""
    match = _element().fullmatch(part)
    if match is None or (match["hash"] and ("H" not in grammar.marks or "-" in part[:2])):
        raise FieldError(f"bad {name} {part[:40]}")
    if match["all"] == "?" and ("?" not in grammar.marks or name not in grammar.blank):
        raise FieldError(f"bad {name} ?")
    low, high = grammar.week if name == "day of week" else BOUNDS[name]
    step = int(match["step"] or 1)
    if not step:
        raise FieldError(f"bad {name} {part[:40]}: a step of 0")
    if match["all"]:
        field.every = field.every or step == 1
        _add(field, range(low, high + 1, step), name, grammar)
        return
    if match["hash"]:
        field.spread = True
        first, last = int(match["from"] or low), int(match["to"] or high)
        span = range(first, last + 1)
        _add(field, [value for value in span if low <= value <= high], name, grammar)
        return
    first = _value(match["low"], name, grammar)
    last = _value(match["high"], name, grammar) if match["high"] else first
    if match["step"] and not match["high"]:
        if not grammar.steps:
            raise FieldError(f"bad {name} {part[:40]}: a step needs a range")
        last = high
    _add(field, _span(first, last, step, (low, high), part, name, grammar), name, grammar)


def _span(
    first: int,
    last: int,
    step: int,
    bounds: tuple[int, int],
    part: str,
    name: str,
    grammar: Grammar,
) -> list[int]:
    if first <= last:
        return list(range(first, last + 1, step))
    if not grammar.wraps:
        raise FieldError(f"bad {name} {part[:40]}: the range runs backwards")
    low, high = bounds
    top = low + _WEEK - 1 if name == "day of week" else high
    return [*range(first, top + 1), *range(low, last + 1)][::step]


def _value(text: str, name: str, grammar: Grammar) -> int:
    low, high = grammar.week if name == "day of week" else BOUNDS[name]
    if text.isdecimal():
        value = int(text)
        if low <= value <= high:
            return value
    elif name == "month" and text[:3].lower() in _MONTHS:
        return _MONTHS.index(text[:3].lower()) + 1
    elif name == "day of week" and text[:3].lower() in _DAYS:
        return (_DAYS.index(text[:3].lower()) + grammar.sunday - low) % _WEEK + low
    raise FieldError(f"bad {name} {text[:40]}")


def _add(field: _Field, values: range | list[int], name: str, grammar: Grammar) -> None:
    if name == "day of week":
        field.values.update((value - grammar.sunday) % _WEEK for value in values)
    else:
        field.values.update(values)


def _special(part: str, name: str, grammar: Grammar, field: _Field) -> bool:
    """Read L, W and # of Quartz and its kin; False for what is none of them."""
    if name == "day of month":
        return _special_day(part, grammar, field)
    if name != "day of week":
        return False
    if "#" in part and "#" in grammar.marks:
        day, _, rank = part.partition("#")
        value = _value(day, name, grammar)
        if not (rank.isdecimal() and 1 <= int(rank) <= _MOST_NTH):
            raise FieldError(f"bad {name} {part[:40]}")
        field.nth.add(((value - grammar.sunday) % _WEEK, int(rank)))
        return True
    if part.endswith("L") and "L" in grammar.marks:
        if part == "L":
            field.values.add(6)
        else:
            field.last.add((_value(part[:-1], name, grammar) - grammar.sunday) % _WEEK)
        return True
    return False


def _special_day(part: str, grammar: Grammar, field: _Field) -> bool:
    if "W" in grammar.marks and part in ("LW", "WL"):
        field.last_working = True
    elif "L" in grammar.marks and part[0:1] == "L" and (part == "L" or part[1:2] == "-"):
        back = part[2:] or "0"
        if not back.isdecimal() or int(back) >= BOUNDS["day of month"][1]:
            raise FieldError(f"bad day of month {part[:40]}")
        field.from_end.add(int(back))
    elif "W" in grammar.marks and part.endswith("W"):
        field.nearest.add(_value(part[:-1], "day of month", grammar))
    else:
        return False
    return True
