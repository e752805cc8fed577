"""Reads jobs of PHP, JavaScript and Ruby: Laravel, node-cron and its kin, whenever, Sidekiq."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.model.facts.schedules import Notation, ScheduledEntry
from dten_audit.readers.cron.laravel import times_of
from dten_audit.readers.cron.program_calls import (
    Text,
    calls,
    chain,
    entry,
    first_text,
    has,
    name_of,
    tail,
    text_of,
)
from dten_audit.readers.cron.stating import looks_like_cron
from dten_audit.readers.cron.whenever import times_of_every
from dten_audit.readers.programs.program import Call, Program
from dten_audit.readers.programs.values import Name, Value


def read_php(program: Program) -> Iterator[ScheduledEntry]:
    """State the tasks of Laravel's scheduler and the events of WordPress."""
    for call in calls(program, r"\b(?:command|job|call|exec)\b"):
        first = re.split(r"->|::", call.path)[0].lstrip("\\$").lower()
        if first.rpartition("\\")[2] == "schedule":
            yield from _laravel(program, call)
    for call in calls(program, r"\bwp_schedule_event\b"):
        when = first_text(program, call, 1)
        runs = text_of(program, call.arguments.get(2)).text
        if when is not None:
            known = {"hourly": "1 hour", "twicedaily": "12 hours", "daily": "1 day",
                     "weekly": "1 week"}  # fmt: skip
            times = Text(known.get(when.text, when.text), when.known)
            notation: Notation = "rate" if when.text in known else "unseen"
            job = entry(program, call.at, "wordpress", notation, times, runs)
            yield job._replace(command=runs)


def _laravel(program: Program, call: Call) -> Iterator[ScheduledEntry]:
    """State one task: what it runs, and what the chained calls say of its times."""
    links = list(chain(program, call.arguments.end, r"->"))
    options = {link.name: link.arguments for link in links}
    times = times_of(
        [
            (link.name, [text_of(program, value) for value in link.arguments.positional])
            for link in links
        ]
    )
    if times is None:
        return
    kind = call.path.rpartition("->")[2].rpartition("::")[2]
    runs = text_of(program, call.arguments.get(0))
    name = runs.text if runs.known else name_of(call.arguments.get(0))
    zone = text_of(program, options["timezone"].get(0)) if "timezone" in options else Text()
    shell = kind == "exec" and runs.known
    prefix = "php artisan " if kind == "command" and runs.known else ""
    title = name.split()[0] if name and not shell else ""
    yield entry(program, call.at, "laravel", "unix", times, title)._replace(
        command=f"{prefix}{name}",
        shell=shell,
        zone=zone.text if zone.known else "",
        overlap="forbid" if "withoutOverlapping" in options else "",
    )


_SCRIPT_CALLS: Final = (
    r"\b(?:schedule|scheduleJob|CronJob|Cron|every|add|Interval|upsertJobScheduler)\b"
)


def read_script(program: Program) -> Iterator[ScheduledEntry]:
    """State the jobs of a JavaScript or TypeScript program."""
    for call in calls(program, _SCRIPT_CALLS):
        job = _script_job(program, call)
        if job is not None:
            yield job


def _script_job(program: Program, call: Call) -> ScheduledEntry | None:
    last = re.split(r"[.\s]", call.path)[-1]
    when = first_text(program, call, 0)
    if when is None:
        return None
    if call.name == "node-cron.schedule" or (last == "schedule" and has(program, "node-cron")):
        return _timed(program, call, "node-cron", when)
    if last == "CronJob" and (call.name.startswith("cron.") or has(program, "'cron'", '"cron"')):
        return _timed(program, call, "node-cron", when)
    if last == "Cron" and has(program, "croner"):
        return _timed(program, call, "croner", when)
    if last == "scheduleJob" and has(program, "node-schedule"):
        named = call.arguments.positional[1:2]
        second = text_of(program, named[0]) if named else Text()
        named_job = not looks_like_cron(when.text) and looks_like_cron(second.text)
        return _timed(program, call, "node-schedule", second if named_job else when)
    if last == "every" and "." in call.path and has(program, "agenda", "Agenda"):
        runs = text_of(program, call.arguments.get(1)).text
        notation: Notation = "node" if looks_like_cron(when.text) else "plain-words"
        return entry(program, call.at, "agenda", notation, when, runs)._replace(command=runs)
    if has(program, "@nestjs/schedule"):
        return _nest(program, call, last, when)
    return _bull(program, call) if last in ("add", "upsertJobScheduler") else None


def _timed(program: Program, call: Call, scheduler: str, when: Text) -> ScheduledEntry | None:
    """Return a job whose times are a cron expression; None for what is none."""
    if not looks_like_cron(when.text):
        return None
    last = tail(program, call)
    runs = name_of(call.arguments.get(1))
    return entry(program, call.at, scheduler, "node", when, runs)._replace(
        command=runs, zone=last.zone, enabled=not _NOT_STARTED.search(last.code)
    )


_NOT_STARTED: Final = re.compile(r"\bscheduled[\"']?\s*:\s*false\b")


_NEST: Final = {
    "SECOND": "*/{n} * * * * *", "MINUTE": "0 */{n} * * * *", "HOUR": "0 0 */{n} * * *",
}  # fmt: skip


def _nest(program: Program, call: Call, last: str, when: Text) -> ScheduledEntry | None:
    """Return the job of ``@Cron(…)`` or ``@Interval(…)`` of NestJS."""
    before = program.code[max(0, call.start - 1) : call.start]
    if before != "@":
        return None
    if last == "Interval":
        text = Text(f"{when.text} ms", when.known)
        return entry(program, call.at, "nestjs", "rate", text)
    value = call.arguments.get(0)
    if isinstance(value, Name) and value.path.startswith("CronExpression."):
        when = _cron_expression(value.path.partition(".")[2])
    zone = text_of(program, call.arguments.option("timeZone"))
    job = entry(program, call.at, "nestjs", "node", when)
    return job._replace(zone=zone.text if zone.known else "")


def _cron_expression(name: str) -> Text:
    """Return the times of a constant of NestJS: ``EVERY_30_SECONDS``, ``EVERY_DAY_AT_3AM``."""
    every = re.fullmatch(r"EVERY_(?:(\d+)_)?(SECOND|MINUTE|HOUR)S?", name)
    if every is not None:
        return Text(_NEST[every[2]].format(n=every[1] or 1))
    daily = re.fullmatch(r"EVERY_DAY_AT_(\d+|MIDNIGHT|NOON)(AM|PM)?", name)
    if daily is not None:
        hour = {"MIDNIGHT": 0, "NOON": 12}.get(daily[1])
        hour = int(daily[1]) % 12 + 12 * (daily[2] == "PM") if hour is None else hour
        return Text(f"0 0 {hour} * * *")
    return Text(f"CronExpression.{name}", known=False)


def _bull(program: Program, call: Call) -> ScheduledEntry | None:
    """Return a repeatable job of Bull: ``{repeat: {cron: '…'}}``."""
    for value in call.arguments.positional:
        repeat = _field(value, "repeat")
        when = _field(repeat, "cron") or _field(repeat, "pattern")
        if when is not None:
            text = text_of(program, when)
            name = text_of(program, call.arguments.get(0)).text
            if not text.known or looks_like_cron(text.text):
                return entry(program, call.at, "bull", "node", text, name)
    return None


def _field(value: Value | None, name: str) -> Value | None:
    pairs = getattr(value, "pairs", ())
    return next((inner for key, inner in pairs if key == name), None)


def read_ruby(program: Program) -> Iterator[ScheduledEntry]:
    """State the jobs of whenever's schedule.rb, Sidekiq's cron jobs and rufus-scheduler."""
    if program.document.path.endswith("schedule.rb"):
        yield from _whenever(program)
    for call in calls(program, r"\b(?:create|new|load_from_hash)\b"):
        if call.path.startswith("Sidekiq::Cron::Job"):
            when = text_of(program, call.arguments.option("cron"))
            name = text_of(program, call.arguments.option("name")).text
            runs = name_of(call.arguments.option("class", "klass"))
            if when.text:
                job = entry(program, call.at, "sidekiq", "fugit", when, name)
                yield job._replace(command=runs)
    if has(program, "rufus"):
        yield from _rufus(program)


def _rufus(program: Program) -> Iterator[ScheduledEntry]:
    for call in calls(program, r"(?<=\.)(?:cron|every|interval)\b"):
        when = first_text(program, call, 0)
        if when is not None:
            notation: Notation = "fugit" if call.path.endswith("cron") else "rate"
            yield entry(program, call.at, "rufus", notation, when)


_WHENEVER: Final = re.compile(r"(?m)^[ \t]*+every\b\s*+\(?")
_DO: Final = re.compile(r"[ \t]*+(?:\bdo\b|\{|\n)")
_TASK: Final = r"\b(?:runner|rake|command|script)\b"


def _whenever(program: Program) -> Iterator[ScheduledEntry]:
    """State each task of an ``every … do`` block; whenever puts them into the host's crontab."""
    blocks = list(_WHENEVER.finditer(program.code))
    tasks = list(calls(program, _TASK))
    for number, block in enumerate(blocks):
        end = blocks[number + 1].start() if number + 1 < len(blocks) else len(program.code)
        do = _DO.search(program.code, block.end(), end)
        arguments = program.expressions.arguments(block.end(), do.start() if do else end)
        at = text_of(program, arguments.option("at")).text
        source = program.document.text[block.start() : arguments.end].strip()
        times, boot = times_of_every(source, text_of(program, arguments.get(0)), at)
        for task in tasks:
            if arguments.end <= task.at < end:
                runs = text_of(program, task.arguments.get(0))
                kind = task.path.rpartition(".")[2]
                shell = kind == "command" and runs.known
                name = "" if kind == "command" else runs.text
                yield entry(program, task.at, "whenever", "unix", times, name)._replace(
                    command=runs.text if shell else f"{kind} {runs.text}",
                    shell=shell,
                    at_boot=boot,
                )
