"""Jobs that scripts hand to at(1), batch(1) and systemd-run(1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from dten_audit.derive.schedules.building import COMPUTED, Builder
from dten_audit.derive.schedules.calendar import Calendar, read_calendar, read_span
from dten_audit.derive.schedules.crontab_calls import user_of
from dten_audit.derive.schedules.moments import Times
from dten_audit.derive.schedules.paths import role_of
from dten_audit.derive.schedules.scripts import Step
from dten_audit.derive.schedules.windows_tasks import is_windows
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.schedules import Role, Schedule

_AT_WITH_VALUE: Final = frozenset(("-f", "-q", "-t"))
_AT_OTHER: Final = frozenset("lrdcV")
_CLOCK: Final[dict[str, str]] = {"noon": "12:00", "midnight": "00:00", "teatime": "16:00"}
_TIMERS: Final[dict[str, str]] = {
    "--on-calendar": "calendar",
    "--on-active": "after it is set up",
    "--on-boot": "after boot",
    "--on-startup": "after systemd starts",
    "--on-unit-active": "after each run",
    "--on-unit-inactive": "after each run ends",
}
_RUN_WITH_VALUE: Final = frozenset(
    "-p --property --unit -u --description --slice --uid --gid --nice --working-directory -E"
    " --setenv -M --machine -H --host --service-type --timer-property -d".split()
)


class AtCall(NamedTuple):
    """A call of at(1): the time as written, and the script given with ``-f``."""

    time: str
    file: str


def read_at(program: str, arguments: Sequence[str]) -> AtCall | None:
    """Read the arguments of at(1) or batch(1); None where the call sets up no job."""
    words = iter(arguments)
    time, file = [], ""
    for word in words:
        if word in _AT_WITH_VALUE:
            value = next(words, "")
            if word == "-f":
                file = value
            elif word == "-t":
                time.append(value)
        elif word.startswith("-") and len(word) > 1:
            if set(word[1:]) & _AT_OTHER:
                return None
        else:
            time.append(word)
    if not time and program != "batch":
        return None
    return AtCall(" ".join(time) or "when the load permits", file)


@cache
def _later() -> re.Pattern[str]:
    return re.compile(r"now *\+ *([0-9]{1,6}) *(minute|min|hour|day|week)s?", re.IGNORECASE)


@cache
def _hour() -> re.Pattern[str]:
    return re.compile(
        r"([01]?[0-9]|2[0-3]):?([0-5][0-9])?(?: *(am|pm))?(?: +today)?", re.IGNORECASE
    )


_SECONDS: Final = {"minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 604800}


def at_times(builder: Builder, time: str, zone: str) -> tuple[Times, str]:
    """Return when an at job runs, and the same in words where there is no date to give."""
    if time.lower() == "now":
        return Times(in_window=True), "at once, while the change runs"
    later = _later().fullmatch(time)
    if later is not None:
        seconds = int(later[1]) * _SECONDS[later[2].lower()]
        window = builder.timetable.relative(seconds)
        return Times(in_window=window), f"{later[1]} {later[2].lower()}s after the script runs it"
    clock = _clock(time)
    if clock is None:
        return Times(in_window=COMPUTED), time
    times = builder.timetable.times(clock, zone)
    return times._replace(next=times.next[:1]), ""


def _clock(time: str) -> Calendar | None:
    """Return a time of day as a calendar; None where ``time`` is more than that."""
    match = _hour().fullmatch(_CLOCK.get(time.lower(), time))
    if match is None or (match[2] is None and match[3] is None):
        return None
    hour = int(match[1])
    if match[3]:
        hour = hour % 12 + (12 if match[3].lower() == "pm" else 0)
    return read_calendar(f"{hour:02}:{match[2] or '00'}")


def at_jobs(builder: Builder) -> Iterator[Schedule]:
    """Yield the jobs that scripts hand to at(1) and batch(1)."""
    for command in builder.package.of(Command):
        if command.program not in ("at", "batch"):
            continue
        if is_windows(builder.package, command.document):
            continue
        call = read_at(command.program, command.arguments)
        if call is None or not builder.jobs.take(command.at):
            continue
        zone = builder.timetable.zone("")
        times, text = at_times(builder, call.time, zone)
        base = _base(builder, command)._replace(
            kind="at-command",
            place="the queue of at",
            dialect="at",
            expression=call.time,
            zone=zone,
            next_text=text,
        )
        steps = _at_steps(builder, command, call, base)
        shown = _shown(command, steps) or call.file
        base = base._replace(command=shown, certainty=command.certainty)
        yield builder.complete(base, times, steps)


def _at_steps(builder: Builder, command: Command, call: AtCall, base: Schedule) -> list[Step]:
    scripts = builder.scripts
    if command.stdin and scripts.of(command.stdin):
        return scripts.steps(command.stdin)
    near = builder.package.documents.get(command.document)
    if call.file and near is not None:
        return [
            step
            for info in builder.package.index.find(call.file, near)
            for step in scripts.steps(info.id)
        ]
    fed = _fed(command.feeds[0]) if command.feeds else ""
    return builder.steps("", fed, base)


def _shown(command: Command, steps: Sequence[Step]) -> str:
    """Return the job's text as it is written into the pipe, else its first command."""
    written = _fed(command.feeds[0]) if command.feeds else ""
    first = steps[0].command.argv if steps else ()
    return written or " ".join(word.text for word in first)


def _fed(words: Sequence[Word]) -> str:
    """Return the text that echo or printf writes into the pipe, empty for other commands."""
    if not words or words[0].text not in ("echo", "printf"):
        return ""
    return " ".join(word.text for word in words[1:] if word.text not in ("-e", "-n"))


def _base(builder: Builder, command: Command) -> Schedule:
    info = builder.package.documents.get(command.document)
    host = builder.package.documents.get(info.host) if info and info.host else info
    return Schedule(
        command.at,
        "systemd-run",
        command.document,
        "",
        "a transient timer",
        "",
        "systemd",
        user_of(command),
        "",
        "",
        role=_role(builder, command, host.path if host else ""),
        certainty=command.certainty,
    )


def _role(builder: Builder, command: Command, path: str) -> Role:
    """Say what a job is for: one that waits until somebody calls the script is none of ours."""
    role = role_of(path)
    by_hand = role == "live" and builder.reach.by_hand(command.document)
    return "library" if by_hand else role


def transient_timers(builder: Builder) -> Iterator[Schedule]:
    """Yield the jobs that scripts hand to systemd-run(1) with a timer option."""
    for command in builder.package.of(Command):
        call = next((x.arguments for x in command.layers if x.tool == "systemd-run"), None)
        inner: tuple[Word, ...] = command.argv
        if call is None and command.program == "systemd-run":
            call, inner = command.argv, ()
        if call is None:
            continue
        options, rest = _options([word.text for word in call[1:]])
        timers = [(name, value) for name, value in options if name in _TIMERS]
        if timers:
            words = [word.text for word in inner] or rest
            yield _transient(builder, command, options, timers, words)


def _options(words: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Split a command line into options with their values, and what follows them."""
    options: list[tuple[str, str]] = []
    for number, word in enumerate(words):
        if options and options[-1][1] == "\0":
            options[-1] = (options[-1][0], word)
        elif not word.startswith("-"):
            return options, list(words[number:])
        else:
            name, equals, value = word.partition("=")
            waits = not equals and (name in _RUN_WITH_VALUE or name in _TIMERS)
            options.append((name, "\0" if waits else value))
    return options, []


def _transient(
    builder: Builder,
    command: Command,
    options: list[tuple[str, str]],
    timers: list[tuple[str, str]],
    words: list[str],
) -> Schedule:
    unit = next((value for name, value in options if name in ("--unit", "-u")), "")
    user = next((value for name, value in options if name == "--uid"), "") or user_of(command)
    base = _base(builder, command)._replace(
        expression=" ".join(f"{name}={value}" for name, value in timers),
        command=" ".join(words),
        user=user,
    )
    if unit:
        base = base._replace(place=f"{unit.removesuffix('.service').removesuffix('.timer')}.timer")
    base, times = _timed(builder, base, timers)
    return builder.complete(base, times, builder.steps("", base.command, base))


def _timed(
    builder: Builder, base: Schedule, timers: list[tuple[str, str]]
) -> tuple[Schedule, Times]:
    name, value = timers[0]
    if name == "--on-calendar":
        calendar = read_calendar(value)
        if calendar is None:
            return base._replace(next_text=value), Times(in_window=COMPUTED)
        zone = builder.timetable.zone(calendar.zone)
        return base._replace(zone=zone), builder.timetable.times(calendar, zone)
    text = f"{value} {_TIMERS[name]}"
    seconds = read_span(value)
    base = base._replace(next_text=text, at_boot=name == "--on-boot")
    if seconds is None:
        return base, Times(in_window=COMPUTED)
    if name in ("--on-boot", "--on-startup"):
        return base, Times()
    repeats = int(seconds // 60) if name.startswith("--on-unit") else 0
    window = builder.timetable.relative(seconds)
    return base._replace(period_minutes=repeats), Times(in_window=window)
