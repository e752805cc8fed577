"""Derives ``Schedule`` facts: all that a package makes run by itself, each job once."""

from __future__ import annotations

from collections.abc import Iterator

from dten_audit.derive.schedules.building import Builder
from dten_audit.derive.schedules.crontab_calls import crontab_calls, unseen_tables
from dten_audit.derive.schedules.entries import entries
from dten_audit.derive.schedules.once import at_jobs, transient_timers
from dten_audit.derive.schedules.tables import jobs, landings, run_parts
from dten_audit.derive.schedules.timers import timers
from dten_audit.derive.schedules.windows_tasks import windows_tasks
from dten_audit.links.package import Package
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import Schedule
from dten_audit.site.estate import Estate


def derive(package: Package, estate: Estate) -> Iterator[Schedule | Unreadable]:
    """Yield every schedule that a package ships, installs or deletes.

    What a scheduler would not understand is told beside them, and what was too much to read.
    """
    builder = Builder(package, estate)
    installed = crontab_calls(builder)
    yield from jobs(builder, {**landings(builder), **installed.landings})
    yield from run_parts(builder)
    yield from installed.schedules
    yield from unseen_tables(builder)
    yield from at_jobs(builder)
    yield from transient_timers(builder)
    yield from timers(builder)
    yield from entries(builder)
    yield from windows_tasks(builder)
    yield from builder.jobs.left()
    yield from builder.scripts.texts.left()
