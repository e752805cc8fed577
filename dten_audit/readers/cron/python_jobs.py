"""Reads jobs of Python programs: Celery beat, APScheduler, Airflow, django-crontab, schedule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final

from dten_audit.model.facts.schedules import Notation, ScheduledEntry
from dten_audit.readers.cron.program_calls import (
    Text,
    calls,
    chain,
    entry,
    has,
    keywords,
    name_of,
    table,
    text_of,
)
from dten_audit.readers.cron.stating import COMPUTED, looks_like_cron
from dten_audit.readers.programs.program import Call, Program
from dten_audit.readers.programs.values import Called, Items, Name, Number, Value, is_true
from dten_audit.readers.shell.values import Field

_MAX_TABLES: Final = 20
_CELERY: Final = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
_APS_CRON: Final = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
_SPANS: Final = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds")


def read(program: Program) -> Iterator[ScheduledEntry]:
    """State the jobs of a program."""
    if has(program, "elery", "CELERY", "beat_schedule"):
        yield from _beat(program)
    if has(program, "CRONJOBS"):
        yield from _django(program)
    if has(program, "apscheduler"):
        yield from _apscheduler(program)
    if has(program, "airflow"):
        yield from _airflow(program)
    if has(program, "schedule.every"):
        yield from _schedule(program)


@cache
def _beat_table() -> re.Pattern[str]:
    names = "CELERY_?BEAT_SCHEDULE|[Bb][Ee][Aa][Tt]_[Ss][Cc][Hh][Ee][Dd][Uu][Ll][Ee]"
    return re.compile(
        rf"(?:{names})\s*+(?::[^=\n]{{1,80}})?=\s*+(?=\{{)|(?:{names})\.update\(\s*+(?=\{{)"
    )


@cache
def _zone() -> re.Pattern[str]:
    return re.compile(
        r"(?m)^[ \t]*+(?:\w+\.){0,4}(?:CELERY_TIMEZONE|timezone)[ \t]*+=[ \t]*+(?=(\x02\x01*+))"
    )


def _beat(program: Program) -> Iterator[ScheduledEntry]:
    """State the entries of ``beat_schedule`` and the periodic tasks that calls add."""
    found = _zone().search(program.code)
    zone = ""
    if found is not None:
        value, _ = program.expressions.expression(found.end(), found.end(1))
        zone = text_of(program, value).text
    for match in islice(_beat_table().finditer(program.code), _MAX_TABLES):
        for row in table(program, match.end()):
            if "schedule" in row.values:
                at, when = row.values["schedule"]
                task = name_of(row.values.get("task", (0, None))[1])
                job = _celery(program, at, when, row.name)
                if job is not None:
                    yield job._replace(command=task, zone=zone)
    for call in calls(program, r"\b(?:add_periodic_task|periodic_task)\b"):
        times = call.arguments.get(0, ("run_every", "schedule"))
        if times is not None:
            name = text_of(program, call.arguments.get(-1, ("name",))).text
            job = _celery(program, call.at, times, name)
            if job is not None:
                task = name_of(call.arguments.get(1, ("sig",)))
                yield job._replace(command=task, zone=zone)


def _celery(program: Program, at: int, when: Value, name: str) -> ScheduledEntry | None:
    """Return the job of a schedule of Celery: crontab(…), timedelta(…) or seconds."""
    if isinstance(when, Called) and when.path.rpartition(".")[2] == "crontab":
        times = keywords(program, when.arguments, _CELERY)
        first = when.arguments.positional
        if first and "minute=" not in times.text:
            text = text_of(program, first[0])
            times = Text(f"minute={text.text}, {times.text}".rstrip(", "), text.known)
        return entry(program, at, "celery", "celery", times, name)
    rate = _span(program, when)
    if rate is not None:
        return entry(program, at, "celery", "rate", rate, name)
    return entry(
        program, at, "celery", "unseen", Text(text_of(program, when).text, known=False), name
    )


def _span(program: Program, value: Value | None) -> Text | None:
    """Return a number of seconds or a timedelta as text; None for what is neither."""
    if isinstance(value, Number):
        return Text(f"{value.text} s")
    if isinstance(value, Called) and value.path.rpartition(".")[2] in ("timedelta", "schedule"):
        found = keywords(program, value.arguments, (*_SPANS, "run_every"))
        if found.text:
            return found
        first = value.arguments.get(0)
        if isinstance(first, Number):
            unit = "days" if value.path.endswith("timedelta") else "seconds"
            return Text(f"{unit}={first.text}")
        return Text(text_of(program, first).text, known=False)
    return None


@cache
def _cronjobs() -> re.Pattern[str]:
    return re.compile(r"(?m)^[ \t]*+CRONJOBS\s*+\+?=\s*+")


def _django(program: Program) -> Iterator[ScheduledEntry]:
    """State the tuples of django-crontab's CRONJOBS."""
    for match in _cronjobs().finditer(program.code):
        value, _ = program.expressions.expression(match.end(), len(program.code))
        for item in value.items if isinstance(value, Items) else ():
            if not isinstance(item, Items) or len(item.items) < 2:  # noqa: PLR2004 (time and function)
                continue
            first = item.items[0]
            at = match.start()
            if isinstance(first, Field) and first.marks:
                at = first.marks[0].offset
            runs = name_of(item.items[1])
            job = entry(program, at, "django-crontab", "unix", text_of(program, first), runs)
            yield job._replace(command=f"python manage.py crontab run {runs}")


def _apscheduler(program: Program) -> Iterator[ScheduledEntry]:
    """State the jobs that are added to a scheduler of APScheduler, by call or decorator."""
    for call in calls(program, r"\b(?:add_job|scheduled_job|add_schedule)\b"):
        decorator = call.path.endswith("scheduled_job")
        runs = "" if decorator else name_of(call.arguments.get(0, ("func",)))
        trigger = call.arguments.get(0 if decorator else 1, ("trigger",))
        job = _trigger(program, call, trigger)
        if job is not None:
            name = text_of(program, call.arguments.get(-1, ("id", "name"))).text
            yield job._replace(name=name or runs, command=runs)


def _trigger(program: Program, call: Call, trigger: Value | None) -> ScheduledEntry | None:
    """Return the job of a trigger, by its name or as an object."""
    arguments, kind = call.arguments, text_of(program, trigger).text
    if isinstance(trigger, Called):
        arguments, kind = trigger.arguments, trigger.path
    short = kind.rpartition(".")[2].lower().removesuffix("trigger")
    zone = text_of(program, arguments.get(-1, ("timezone",)))
    notation: Notation = "apscheduler"
    if kind.endswith("from_crontab"):
        when = text_of(program, arguments.get(0))
    elif short == "cron":
        when = keywords(program, arguments, _APS_CRON)
    elif short == "interval":
        when = keywords(program, arguments, _SPANS)
        notation = "rate"
    elif short == "date":
        when = keywords(program, arguments, ("run_date",))
    else:
        return None
    if not when.text:
        return None
    return entry(program, call.at, "apscheduler", notation, when)._replace(
        zone=zone.text if zone.known else ""
    )


def _airflow(program: Program) -> Iterator[ScheduledEntry]:
    """State the DAGs with a schedule. Airflow starts none before somebody unpauses it."""
    for call in calls(program, r"\b(?:DAG|dag)\b"):
        value = call.arguments.option("schedule", "schedule_interval")
        if value is None:
            continue
        name = text_of(program, call.arguments.get(0, ("dag_id",)))
        paused = call.arguments.option("is_paused_upon_creation")
        job = _dag(program, call.at, value, name.text if name.known else "")
        if job is not None:
            catches = is_true(call.arguments.option("catchup")) is True
            on = paused is not None and is_true(paused) is False
            yield job._replace(catches_up=catches, enabled=True if on else COMPUTED)


def _dag(program: Program, at: int, value: Value, name: str) -> ScheduledEntry | None:
    """Return the job of a DAG; None where data or people start it, not the clock."""
    span = _span(program, value)
    if span is not None:
        return entry(program, at, "airflow", "rate", span, name)
    if isinstance(value, Name) and value.path == "None":
        return None
    if isinstance(value, (Items, Called)):
        return None
    text = text_of(program, value, at)
    if text.known and not (text.text.startswith("@") or looks_like_cron(text.text)):
        return None
    return entry(program, at, "airflow", "croniter", text, name)


_UNITS: Final = frozenset("second seconds minute minutes hour hours day days week weeks".split())
_DAYS: Final = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())


def _schedule(program: Program) -> Iterator[ScheduledEntry]:
    """State the jobs of the package schedule: ``schedule.every().day.at("10:30").do(job)``."""
    for call in calls(program, r"\bevery\b"):
        if call.name != "schedule.every":
            continue
        number = text_of(program, call.arguments.get(0, ("interval",)))
        unit = at = runs = ""
        for link in chain(program, call.arguments.end, r"\."):
            if link.name in _UNITS or link.name in _DAYS:
                unit = link.name
            elif link.name == "at":
                at = text_of(program, link.arguments.get(0)).text
            elif link.name == "do":
                runs = name_of(link.arguments.get(0))
        if unit and runs:
            text = f"every {number.text or 1} {unit}"
            if at and at[0].isdecimal() and (unit in _DAYS or number.text in ("", "1")):
                text = f"every {unit.removesuffix('s')} {at[:5]}"
            elif unit in _DAYS:
                text = f"every {unit} 00:00"
            job = entry(program, call.at, "schedule", "plain-words", Text(text, number.known), runs)
            yield job._replace(command=runs)
