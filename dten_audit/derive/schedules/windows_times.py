"""When a Windows task runs: its triggers as recurrences of the wall clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from dten_audit.derive.schedules.building import COMPUTED, Builder
from dten_audit.derive.schedules.calendar import Calendar
from dten_audit.derive.schedules.moments import Times
from dten_audit.model.facts.windows import TaskTrigger

_DAY: Final = 24 * 60
_WEEK: Final = 7


def calendars(trigger: TaskTrigger) -> tuple[Calendar, ...]:
    """Return the times of a trigger; nothing where they do not follow from what it says."""
    if trigger.certainty == "computed" or trigger.kind in ("boot", "logon", "other"):
        return ()
    if trigger.every > 1 and trigger.kind in ("daily", "weekly"):
        return ()
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for hour, minutes in _hours(trigger):
        groups[minutes].append(hour)
    return tuple(
        Calendar(
            _weekdays(trigger), _years(trigger), _months(trigger), _days(trigger), _left(trigger),
            tuple(hours), minutes, 0, "",
        )
        for minutes, hours in groups.items()
    )  # fmt: skip


def _hours(trigger: TaskTrigger) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the hours in which it runs, each with its minutes."""
    step = {"minute": trigger.every, "hourly": 60 * trigger.every}.get(trigger.kind, trigger.repeat)
    if trigger.kind not in ("minute", "hourly") and not trigger.start:
        return
    if trigger.kind in ("minute", "hourly") and not trigger.start and _DAY % max(step, 1):
        return
    hour, _, minute = (trigger.start or "00:00").partition(":")
    first = int(hour) * 60 + int(minute)
    if not step or step >= _DAY:
        moments = [first]
    else:
        whole = trigger.kind in ("minute", "hourly") or not trigger.lasting
        lasting = _DAY if whole else min(trigger.lasting, _DAY)
        moments = sorted({(first + gone) % _DAY for gone in range(0, lasting, step)})
    by_hour: dict[int, list[int]] = defaultdict(list)
    for moment in moments:
        by_hour[moment // 60].append(moment % 60)
    yield from ((hour, tuple(minutes)) for hour, minutes in by_hour.items())


def _weekdays(trigger: TaskTrigger) -> frozenset[int] | None:
    return frozenset(trigger.weekdays) if trigger.weekdays else None


def _years(trigger: TaskTrigger) -> frozenset[int] | None:
    if trigger.kind != "once" or not trigger.date:
        return None
    return frozenset((int(trigger.date[:4]),))


def _months(trigger: TaskTrigger) -> frozenset[int] | None:
    if trigger.kind == "once" and trigger.date:
        return frozenset((int(trigger.date[5:7]),))
    return frozenset(trigger.months) if trigger.months else None


def _days(trigger: TaskTrigger) -> frozenset[int] | None:
    if trigger.kind == "once" and trigger.date:
        return frozenset((int(trigger.date[8:10]),))
    if trigger.weeks and 5 not in trigger.weeks:  # noqa: PLR2004 - 5 stands for the last
        weeks = (range(_WEEK * week - 6, _WEEK * week + 1) for week in trigger.weeks)
        return frozenset(day for week in weeks for day in week)
    days = frozenset(day for day in trigger.days if day > 0)
    if not days and trigger.kind == "monthly" and not trigger.weekdays and not _left(trigger):
        return frozenset((1,))
    return days or None


def _left(trigger: TaskTrigger) -> frozenset[int] | None:
    if 5 in trigger.weeks:  # noqa: PLR2004 - 5 stands for the last
        return frozenset(range(1, _WEEK + 1))
    return frozenset(-day for day in trigger.days if day < 0) or None


def times_of(builder: Builder, triggers: tuple[TaskTrigger, ...], zone: str) -> tuple[Times, str]:
    """Return when a task runs, and in words what no date can be given for."""
    found = [calendar for trigger in triggers for calendar in calendars(trigger)]
    words = [trigger.text for trigger in triggers if not calendars(trigger)]
    clockless = [t for t in triggers if not calendars(t) and t.kind not in ("boot", "logon")]
    if not found:
        return Times(in_window=COMPUTED if clockless else False), "; ".join(words)
    times = builder.timetable.union(found, zone)
    if triggers[0].kind == "once" and len(triggers) == 1 and not triggers[0].repeat:
        times = times._replace(next=times.next[:1])
    if clockless and times.in_window is False:
        times = times._replace(in_window=COMPUTED)
    return times, ""
