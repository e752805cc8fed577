"""Reads jobs of Java, Kotlin, Groovy, C# and Go: Spring, Quartz, Jenkins, Hangfire, Go's cron."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.model.facts.schedules import Notation, ScheduledEntry
from dten_audit.readers.cron.program_calls import (
    Text,
    calls,
    entry,
    first_text,
    has,
    name_of,
    text_of,
)
from dten_audit.readers.cron.stating import looks_like_cron
from dten_audit.readers.cron.xml_jobs import milliseconds
from dten_audit.readers.programs.program import Call, Program
from dten_audit.readers.programs.values import Value

_SIX: Final = 6


def read_java(program: Program) -> Iterator[ScheduledEntry]:
    """State the scheduled methods and the triggers of a Java or Kotlin program."""
    for call in calls(program, r"(?<=@)Scheduled\b"):
        yield from _annotation(program, call)
    for call in calls(program, r"\b(?:cronSchedule|setCronExpression|CronExpression)\b"):
        when = first_text(program, call, 0)
        if when is not None and when.known and looks_like_cron(when.text, _SIX):
            yield entry(program, call.at, "quartz", "quartz", when)


def _framework(program: Program) -> str:
    """Return whose annotation ``@Scheduled`` is, by what is imported."""
    if has(program, "io.quarkus"):
        return "quarkus"
    return "micronaut" if has(program, "io.micronaut") else "spring"


@cache
def _method() -> re.Pattern[str]:
    return re.compile(r"\b(\w++)[ \t]*+\((?!\s*+\x02)")


def _annotation(program: Program, call: Call) -> Iterator[ScheduledEntry]:
    """State what one ``@Scheduled(…)`` says, with the method that it stands before."""
    options = call.arguments.option
    framework = _framework(program)
    name = _method_after(program, call.arguments.end)
    zone = text_of(program, options("zone", "zoneId", "timeZone"))
    value = options("cron")
    if value is not None:
        text = _own_default(text_of(program, value))
        notation: Notation = "quartz" if framework == "quarkus" else "spring"
        if framework == "micronaut" and len(text.text.split()) < _SIX:
            notation = "unix"
        job = entry(program, call.at, framework, notation, text, name)
        yield job._replace(zone=zone.text if zone.known else "")
        return
    for key in ("fixedRate", "fixedDelay", "fixedRateString", "fixedDelayString", "every"):
        value = options(key)
        if value is not None:
            yield entry(program, call.at, framework, "rate", _rate(program, value), name)
            return


def _own_default(text: Text) -> Text:
    """Return the default of a placeholder (``${dten.cron:0 0 3 * * *}``): others may set it."""
    match = re.fullmatch(r"\$\{[\w.\-]{1,200}:(.{1,100})\}", text.text)
    return Text(match[1]) if match else Text(text.text, text.known and "${" not in text.text)


def _rate(program: Program, value: Value) -> Text:
    """Return a rate in seconds: bare numbers are milliseconds."""
    text = _own_default(text_of(program, value))
    product = re.fullmatch(r"[\d_]{1,12}[lL]?(?:\s*\*\s*[\d_]{1,12}[lL]?){1,6}", text.text)
    if product is not None:
        total = 1
        for factor in re.findall(r"\d[\d_]*", text.text):
            total *= int(factor)
        return Text(milliseconds(str(total)))
    return Text(milliseconds(text.text), text.known)


def _method_after(program: Program, end: int) -> str:
    match = _method().search(program.code, end, end + 600)
    return match[1] if match else ""


def read_groovy(program: Program) -> Iterator[ScheduledEntry]:
    """State the triggers of a Jenkins pipeline: ``cron('H 4 * * *')`` and ``pollSCM('…')``."""
    if "jenkinsfile" not in program.document.path.lower() and not has(program, "pipeline"):
        yield from read_java(program)
        return
    for call in calls(program, r"(?<![\w.])(?:cron|pollSCM)\b"):
        when = first_text(program, call, 0, "spec", "scmpoll_spec")
        if when is not None and (not when.known or when.text.strip()):
            name = program.document.name
            yield entry(program, call.at, "jenkins", "jenkins", when, name)


_CRON_NAMES: Final = {
    "cron.minutely": "* * * * *", "cron.hourly": "0 * * * *", "cron.daily": "0 0 * * *",
    "cron.weekly": "0 0 * * 1", "cron.monthly": "0 0 1 * *", "cron.yearly": "0 0 1 1 *",
}  # fmt: skip


def read_csharp(program: Program) -> Iterator[ScheduledEntry]:
    """State the recurring jobs of Hangfire and the cron triggers of Quartz.NET."""
    for call in calls(program, r"\b(?:AddOrUpdate|WithCronSchedule|CronSchedule)\b"):
        if not call.path.endswith("AddOrUpdate"):
            when = first_text(program, call, 0)
            if when is not None:
                yield entry(program, call.at, "quartz", "quartz", when)
            continue
        if not has(program, "Hangfire"):
            continue
        for number in range(len(call.arguments.positional) - 1, 0, -1):
            found = _hangfire(program, call.arguments.positional[number])
            if found is not None:
                name = text_of(program, call.arguments.positional[0])
                title = name.text if name.known else ""
                yield entry(program, call.at, "hangfire", "node", found, title)
                break


def _hangfire(program: Program, value: Value) -> Text | None:
    text = text_of(program, value)
    plain = text.text.replace("()", "").lower()
    if plain in _CRON_NAMES:
        return Text(_CRON_NAMES[plain])
    return text if text.known and looks_like_cron(text.text) else None


def read_go(program: Program) -> Iterator[ScheduledEntry]:
    """State the jobs of robfig/cron and gocron."""
    for call in calls(program, r"\b(?:AddFunc|AddJob|Cron)\b"):
        when = first_text(program, call, 0)
        if when is None or not when.known:
            continue
        if when.text.startswith("@") or looks_like_cron(when.text):
            runs = name_of(call.arguments.get(1))
            job = entry(program, call.at, "go-cron", "robfig", when, runs)
            yield job._replace(command=runs)
