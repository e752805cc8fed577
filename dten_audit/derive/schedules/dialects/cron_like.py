"""Dialects that look like cron: Kubernetes, Quartz, Spring, EventBridge, Jenkins and others."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import Final

from dten_audit.derive.schedules.clock import Every
from dten_audit.derive.schedules.dialects.fields import FIVE, FieldError, Grammar, read_fields
from dten_audit.derive.schedules.dialects.rates import duration, read_rate
from dten_audit.derive.schedules.dialects.reading import Reading, fault, rate

_SIX: Final = ("second", *FIVE)
_SEVEN: Final = (*_SIX, "year")
_AND_YEAR: Final = (*FIVE, "year")
_CLOUD: Final = {6: _AND_YEAR}

GRAMMARS: Final[dict[str, Grammar]] = {
    "unix": Grammar({5: FIVE}),
    # robfig/cron v3, ParseStandard; k8s.io: spec.schedule
    "kubernetes": Grammar({5: FIVE}, week=(0, 6), marks="?", blank=FIVE),
    # robfig/cron v1 and those who give v3 a field of seconds: ofelia, Go programs
    "robfig": Grammar({5: FIVE, 6: _SIX}, week=(0, 6), marks="?", blank=_SIX),
    # org.quartz.CronExpression of Quartz 2.3
    "quartz": Grammar(
        {6: _SIX, 7: _SEVEN}, sunday=1, week=(1, 7), marks="?LW#", both="question", wraps=True
    ),
    # org.springframework.scheduling.support.CronExpression of Spring 5.3
    "spring": Grammar({6: _SIX}, marks="?LW#", both="and", wraps=False),
    "eventbridge": Grammar(_CLOUD, sunday=1, week=(1, 7), marks="?LW#", both="question"),
    "node": Grammar({5: FIVE, 6: _SIX}, marks="?L#W", wraps=True),
    # croniter takes seconds last; a seventh field are years
    "croniter": Grammar({5: FIVE, 6: (*FIVE, "second"), 7: (*FIVE, "second", "year")}, marks="L#"),
    "fugit": Grammar({5: FIVE, 6: _SIX}, marks="L#", wraps=True),
    "jenkins": Grammar({5: FIVE}, marks="H"),
    "pg_cron": Grammar({5: FIVE}, marks="L"),
}
"""How the schedulers write times. Celery and others whose calls have named arguments: elsewhere."""

_WORDS: Final[dict[str, str]] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@quarterly": "0 0 1 */3 *",
}
_HASHED: Final = {
    "@yearly": "H H H H *",
    "@annually": "H H H H *",
    "@monthly": "H H H * *",
    "@weekly": "H H * * H",
    "@daily": "H H * * *",
    "@midnight": "H H(0-2) * * *",
    "@hourly": "H * * * *",
}
_KNOWS_WORDS: Final = frozenset(
    "unix kubernetes robfig spring node croniter fugit jenkins pg_cron".split()
)
_OFF: Final = {"spring": "-", "croniter": "none"}


@cache
def _zone() -> re.Pattern[str]:
    return re.compile(r"(?:CRON_)?TZ=([\w+/-]{1,60})\s+")


@cache
def _zone_behind() -> re.Pattern[str]:
    return re.compile(r"\s+([A-Z][A-Za-z]+(?:/[\w+-]+)+|UTC|Z)")


@cache
def _cloud() -> re.Pattern[str]:
    return re.compile(r"(?:cron|rate|at)\((.{0,200})\)")


def read_cron(notation: str, expression: str) -> Reading:
    """Read an expression of one of ``GRAMMARS``."""
    text = expression.strip()
    if _OFF.get(notation) == text.lower():
        return Reading(off=True)
    if notation == "eventbridge":
        return _eventbridge(text)
    if notation == "jenkins":
        return _jenkins(text)
    text, zone = _without_zone(notation, text)
    if text.startswith("@"):
        return _word(notation, text)._replace(zone=zone)
    special = _special(notation, text)
    if special is not None:
        return special._replace(zone=zone)
    return _fields(notation, text)._replace(zone=zone)


def _fields(notation: str, text: str) -> Reading:
    try:
        found = read_fields(text, GRAMMARS[notation])
    except FieldError as error:
        return fault(str(error))
    return Reading((found.clock,), spread=found.spread, traps=found.traps)


def _without_zone(notation: str, text: str) -> tuple[str, str]:
    before = _zone().match(text)
    if before is not None:
        return text[before.end() :], before[1]
    if notation in ("fugit", "robfig"):
        behind = _zone_behind().search(text)
        if behind is not None and behind.end() == len(text):
            return text[: behind.start()], behind[1]
    return text, ""


def _word(notation: str, text: str) -> Reading:
    word, _, value = text.partition(" ")
    if word == "@every" and notation in ("kubernetes", "robfig"):
        seconds = duration(value)
        return fault(f"bad duration {value[:40]}") if seconds is None else rate(seconds, text[1:])
    if word in ("@reboot", "@once", "@continuous"):
        return _moment(notation, word)
    if notation not in _KNOWS_WORDS or word not in _WORDS or value:
        return fault(f"unknown time word {text[:40]}")
    return _fields("unix", _WORDS[word])


def _moment(notation: str, word: str) -> Reading:
    """Read the words that name no time of the clock."""
    if word == "@reboot" and notation in ("unix", "node"):
        return Reading(at_boot=True)
    if notation == "croniter" and word == "@once":
        return Reading(text="once, as soon as it is turned on")
    if notation == "croniter" and word == "@continuous":
        return rate(60, "again as soon as the last run has ended")
    return fault(f"unknown time word {word}")


def _special(notation: str, text: str) -> Reading | None:
    """Read what one scheduler writes beside its fields; None where it is fields."""
    if notation == "pg_cron":
        if text.lower().endswith(("second", "seconds")):
            return read_rate(text)
        words = text.split()
        if len(words) == len(FIVE) and words[2] == "$":
            last = read_fields(
                " ".join([*words[:2], "L", *words[3:]]), Grammar({5: FIVE}, marks="L")
            )
            return Reading((last.clock,))
    if notation == "fugit" and text.lower().startswith("every"):
        from dten_audit.derive.schedules.dialects.plain_words import read_words

        return read_words(text)
    return None


def _eventbridge(text: str) -> Reading:
    """Read rate(…), cron(…) or at(…) of Amazon's EventBridge."""
    match = _cloud().fullmatch(text)
    if match is None:
        return fault(f"neither rate(…), cron(…) nor at(…): {text[:40]}")
    inner = match[1].strip()
    if text.startswith("rate"):
        return read_rate(inner)
    if text.startswith("cron"):
        return _fields("eventbridge", inner)
    try:
        return Reading((Every(datetime.fromisoformat(inner)),))
    except ValueError:
        return fault(f"bad time {inner[:40]}")


def _jenkins(text: str) -> Reading:
    """Read a table of Jenkins: several lines, H for a value that it chooses, ``TZ=`` above."""
    lines = [line.strip() for line in text[:4000].splitlines()]
    found: list[Reading] = []
    zone = ""
    for line in lines:
        if not line or line[0] == "#":
            continue
        if line.startswith("TZ="):
            zone = line[3:]
        elif line[0] == "@":
            hashed = _HASHED.get(line)
            found.append(_fields("jenkins", hashed) if hashed else fault(f"unknown word {line}"))
        else:
            found.append(_fields("jenkins", line))
    if not found:
        return Reading(off=True)
    bad = next((reading for reading in found if reading.fault), None)
    if bad is not None:
        return bad
    recurrences = tuple(clock for reading in found for clock in reading.recurrences)
    spread = any(reading.spread for reading in found)
    traps = dict.fromkeys(trap for reading in found for trap in reading.traps)
    return Reading(recurrences, zone=zone, spread=spread, traps=tuple(traps))
