"""Jobs of schedulers other than the host's cron: Kubernetes, Quartz, Celery, databases, clouds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple, cast

from dten_audit.derive.roles import Roles
from dten_audit.derive.schedules.building import COMPUTED, Builder
from dten_audit.derive.schedules.dialects.reading import Reading
from dten_audit.derive.schedules.dialects.reading_all import read_expression
from dten_audit.derive.schedules.moments import Times, in_words
from dten_audit.derive.schedules.paths import role_of
from dten_audit.derive.schedules.scripts import Step
from dten_audit.derive.schedules.timers import period_of
from dten_audit.model.facts.general import ScriptRole, Unreadable
from dten_audit.model.facts.schedules import Role, Schedule, ScheduledEntry, ScheduleKind
from dten_audit.model.unknown import Unknown
from dten_audit.readers.knowledge import from_tables, knowledge

_SETTING: Final = "?"
"""Stands for a time zone that a setting of the application names, wherever that is."""
_CHOSEN: Final = Unknown("package.value")
_ROLES: Final[dict[ScriptRole, Role]] = {
    "documentation": "documentation",
    "example": "example",
    "test": "example",
    "ci": "ci",
}


_OF_OTHERS: Final = frozenset(
    "site-packages dist-packages node_modules vendor gems third_party bower_components".split()
)
"""Folders into which package managers put the code that an application only uses."""


class Scheduler(NamedTuple):
    """A row of ``rules/knowledge/cron_schedulers.yaml``, which explains it."""

    title: str
    kind: ScheduleKind
    zone: str
    overlap: str
    what: str
    hold: str
    host: bool


@from_tables
def schedulers() -> dict[str, Scheduler]:
    """Return the table of schedulers."""
    table = cast("dict[str, dict[str, str]]", knowledge("cron_schedulers"))
    return {
        name: Scheduler(
            row["title"],
            cast("ScheduleKind", row["kind"]),
            row["zone"],
            row["overlap"],
            row["what"],
            row["hold"],
            bool(row.get("host", False)),
        )
        for name, row in table.items()
    }


def entries(builder: Builder) -> Iterator[Schedule | Unreadable]:
    """Yield a schedule for each job, and what its scheduler would not understand."""
    roles = Roles(builder.package)
    for entry in builder.package.of(ScheduledEntry):
        row = schedulers()[entry.scheduler]
        computed = entry.certainty == "computed"
        reading = Reading() if computed else read_expression(entry.notation, entry.expression)
        role = _role(builder, entry, row, roles)
        if reading.fault:
            if role == "live":
                yield Unreadable(entry.at, row.title, reading.fault)
            continue
        if not reading.off:
            yield _schedule(builder, entry, row, reading, role)


def _role(builder: Builder, entry: ScheduledEntry, row: Scheduler, roles: Roles) -> Role:
    if row.kind == "ci":
        return "ci"
    script = roles.of(entry.document)
    if script in _ROLES:
        return _ROLES[script]
    info = builder.package.documents.get(entry.document)
    if info and _OF_OTHERS.intersection(info.path.split("/")[:-1]):
        return "library"
    return role_of(info.path) if info else "live"


def _schedule(
    builder: Builder, entry: ScheduledEntry, row: Scheduler, reading: Reading, role: Role
) -> Schedule:
    place = f"{row.what} {entry.name} of {row.title}" if entry.name else f"a job of {row.title}"
    base = Schedule(
        entry.at,
        row.kind,
        entry.document,
        "",
        place,
        entry.expression,
        entry.notation,
        entry.user,
        entry.command,
        "" if entry.shell else entry.command,
        role=role,
        enabled=entry.enabled,
        at_boot=entry.at_boot or reading.at_boot,
        persistent=entry.catches_up,
        hold_with=hold_with(row, entry),
        actor=f"as {entry.user}" if entry.user else f"under {row.title}",
        scheduler=entry.scheduler,
        scheduler_title=row.title,
        name=entry.name,
        traps=reading.traps,
        certainty=entry.certainty,
    )
    base, times = timed(builder, base, entry, row, reading)
    steps: list[Step] = []
    if entry.shell and entry.command:
        steps = builder.steps("", entry.command, base)
    full = builder.complete(base, times, steps, entry.environment)
    overlap = entry.overlap or row.overlap
    full = full._replace(overlap_guard=full.overlap_guard or overlap in ("forbid", "replace"))
    return full if row.host else _elsewhere(full)


def _elsewhere(full: Schedule) -> Schedule:
    """Forget paths that are not of the host: of a container, or of the machine of somebody else."""
    return full._replace(
        target="",
        target_present=True,
        log_path="",
        log_rotated=True,
        log_rotation_shipped=True,
    )


@cache
def _plain_name() -> re.Pattern[str]:
    return re.compile(r"[\w./:@-]{1,100}")


@cache
def _quoted_name() -> re.Pattern[str]:
    return re.compile(r"[\w./:@ -]{1,100}")


def hold_with(row: Scheduler, entry: ScheduledEntry) -> str:
    """Return how to hold a job. A name that a shell would not take as one word stays out of it."""
    pattern = _quoted_name() if row.kind == "database-job" else _plain_name()
    name = entry.name if pattern.fullmatch(entry.name) else "NAME"
    return row.hold.format(name=name)


def timed(
    builder: Builder, base: Schedule, entry: ScheduledEntry, row: Scheduler, reading: Reading
) -> tuple[Schedule, Times]:
    """Return a schedule with its zone and period, and the times of its expression."""
    if entry.certainty == "computed":
        return base._replace(next_text="at times that are computed"), Times(in_window=COMPUTED)
    own = entry.zone or reading.zone
    set_elsewhere = row.zone == _SETTING and not own
    zone = "" if set_elsewhere else builder.timetable.zone(own or row.zone)
    if reading.recurrences:
        times = builder.timetable.union(reading.recurrences, zone)
        if set_elsewhere:
            base = base._replace(next_text=in_words(times.next, "in the application's time zone"))
            if times.in_window == Unknown("site.timezone"):
                times = times._replace(in_window=COMPUTED)
        period = max(period_of(times), int(len(times.next) > 1))
        base = base._replace(zone=zone, period_minutes=period)
        if not reading.spread:
            return base, times
        text = f"at times that {row.title} chooses ({entry.expression})"
        chosen = _CHOSEN if times.in_window is True else times.in_window
        return base._replace(next_text=text), Times(in_window=chosen)
    if reading.every:
        period = max(1, int(reading.every // 60))
        base = base._replace(next_text=reading.text, period_minutes=period)
        return base, Times(in_window=_rate_window(builder, reading.every))
    if reading.delay:
        window = builder.timetable.relative(reading.delay)
        return base._replace(next_text=reading.text), Times(in_window=window)
    if base.at_boot:
        return base, Times()
    return base._replace(next_text=reading.text or "at times not seen"), Times(in_window=COMPUTED)


def _rate_window(builder: Builder, seconds: float) -> bool | Unknown:
    """Judge what repeats from a start that nobody sees: a window as long holds a run for sure."""
    window = builder.timetable.window
    if window is None:
        return Unknown("option.window")
    return True if window.duration.total_seconds() >= seconds else COMPUTED
