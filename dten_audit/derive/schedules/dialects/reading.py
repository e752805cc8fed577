"""What reading an expression of any scheduler comes to."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.derive.schedules.moments import Recurrence


class Reading(NamedTuple):
    """An expression as it was understood.

    ``recurrences`` are the times by the wall clock, in ``zone`` where the expression names one.
    ``every`` is the time between two runs in seconds, for what counts from its own start, ``delay``
    what passes before the first. ``text`` says it in words where no dates can be given. ``fault``
    says why it cannot be read. ``spread``: it runs at one of its times, and only the scheduler
    knows which. ``off``: the expression switches the job off. ``traps`` are names from
    ``rules/knowledge/cron_traps.yaml``.
    """

    recurrences: tuple[Recurrence, ...] = ()
    every: float = 0
    delay: float = 0
    text: str = ""
    fault: str = ""
    zone: str = ""
    spread: bool = False
    off: bool = False
    at_boot: bool = False
    traps: tuple[str, ...] = ()


def rate(seconds: float, text: str) -> Reading:
    """Return a reading of what repeats after ``seconds``."""
    return Reading(every=seconds, text=text)


def fault(reason: str) -> Reading:
    """Return a reading that failed."""
    return Reading(fault=reason)
