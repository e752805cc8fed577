"""Jobs of cron tables: shipped ones, those that scripts write, and run-parts scripts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from dten_audit.derive.schedules.building import COMPUTED, Builder
from dten_audit.derive.schedules.moments import Daemon, Times, shortest_gap
from dten_audit.derive.schedules.paths import how_often, landing_path, path_traps, read_by, role_of
from dten_audit.links.package import DocumentInfo, Install
from dten_audit.model.facts.schedules import CronDialect, CronJob, Dialect, Schedule, ScheduleKind
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.cron.anacrontab import PERIODS

_KINDS: Final[dict[CronDialect, str]] = {
    "cron.d": "cron",
    "crontab": "crontab",
    "anacrontab": "anacrontab",
}
_DAY: Final = 24 * 60
_LAYOUT: Final = -1
_BUSYBOX: Final = "/etc/crontabs/"
"""Where busybox's crond looks on Alpine Linux and OpenWrt, and no other cron."""
_MANAGERS: Final = frozenset(("yaml", "json", "chef", "puppet", "salt"))
"""Kinds of documents in which configuration tools are told what to write."""


_NO_USER: Final = "no-user-field"


class Landing(NamedTuple):
    """Where a table comes to lie on the host, and which commands put it there.

    ``user`` is whose crontab it becomes; ``replaces`` that it takes the place of all jobs there.
    """

    path: str
    dialect: CronDialect
    place: str = ""
    user: str = ""
    by: tuple[Location, ...] = ()
    replaces: bool = False
    shipped_so: bool = False


def landings(builder: Builder) -> dict[str, Landing]:
    """Return where documents land as tables, by their ids, as far as files are copied."""
    found: dict[str, Landing] = {}
    for install in builder.package.installs:
        target = landed_at(builder, install)
        reads = read_by(target)
        if not install.source or reads in ("", "script"):
            continue
        dialect: CronDialect = "cron.d" if reads == "table" else "crontab"
        if reads == "anacrontab":
            dialect = "anacrontab"
        user = posixpath.basename(target) if reads == "spool" else ""
        place = f"the crontab of {user}" if user else target
        before = found.get(install.source)
        if before and "name-ignored" in path_traps(target, None):
            continue  # a copy that is set aside
        by = (*(before.by if before else ()), *installed_at(install))
        layout = install.order == _LAYOUT
        found[install.source] = Landing(target, dialect, place, user, by, shipped_so=layout)
    return found


def landed_at(builder: Builder, install: Install) -> str:
    """Return the path that a step gives to the file that it installs."""
    info = builder.package.documents.get(install.source)
    return landing_path(install.target, posixpath.basename(info.path) if info else "")


def installed_at(install: Install) -> tuple[Location, ...]:
    """Return where a command installs; nothing where the layout or the text itself does."""
    return () if install.order == _LAYOUT or install.at.line is None else (install.at,)


def jobs(builder: Builder, landed: Mapping[str, Landing]) -> Iterator[Schedule]:
    """Yield the schedule of each line of each table, once, however many ways see it."""
    by_document: dict[str, list[CronJob]] = {}
    for job in builder.package.of(CronJob):
        by_document.setdefault(job.document, []).append(job)
    for document in dict.fromkeys((*by_document, *landed)):
        landing = landed.get(document)
        found = by_document.get(document, [])
        if landing is not None and (not found or found[0].dialect != landing.dialect):
            found = builder.scripts.read_table(document, _KINDS[landing.dialect]) or found
        for job in found:
            yield _schedule(builder, job, landing)


def _schedule(builder: Builder, job: CronJob, landing: Landing | None) -> Schedule:
    info = builder.package.documents.get(job.document)
    written = info is not None and bool(info.host)
    kind: ScheduleKind = "crontab-command" if written else "file"
    host = builder.package.documents.get(info.host) if info is not None else None
    if host is not None and host.kind in _MANAGERS:
        kind = "managed"
    lands = landing is not None or (written and read_by(job.path) != "")
    named = "a file that is named when the script runs" if job.path.startswith("$") else job.path
    landing = landing or Landing(job.path if lands else "", job.dialect, named)
    traps = (*job.traps, *_path_traps(landing, info))
    base = Schedule(
        job.at,
        kind,
        job.document,
        landing.path,
        landing.place,
        job.expression,
        job.dialect,
        job.user or (landing.user if job.dialect == "crontab" else ""),
        job.command,
        "",
        role="live" if landing.by else role_of(_file_of(builder, job)),
        installed_by=landing.by,
        enabled=_runs(builder, job, traps, lands=lands),
        replaces=landing.replaces,
        traps=traps,
        certainty=job.certainty,
    )
    base, times = timed(builder, base, job)
    steps = builder.steps(job.script, job.command, base)
    return builder.complete(base, times, steps, job.environment)


def _runs(builder: Builder, job: CronJob, traps: tuple[str, ...], *, lands: bool) -> bool | Unknown:
    """Say whether cron runs a job: not where its table names no user (crontab(5))."""
    if not lands:
        return builder.otherwise(job.at)
    return _NO_USER not in traps and not builder.skipped(traps)


def _file_of(builder: Builder, job: CronJob) -> str:
    """Return the path of the file that holds a job, also where a script writes the table."""
    info = builder.package.documents.get(job.document)
    host = builder.package.documents.get(info.host) if info and info.host else info
    return host.path if host else job.path


def _path_traps(landing: Landing, info: DocumentInfo | None) -> tuple[str, ...]:
    if not landing.path:
        return ()
    mode = info.mode if info is not None and landing.shipped_so else None
    return path_traps(landing.path, mode)


def timed(builder: Builder, base: Schedule, job: CronJob) -> tuple[Schedule, Times]:
    """Return a schedule with its zone and period, and the times of its line."""
    timetable = builder.timetable
    if job.dialect == "anacrontab":
        days = PERIODS.get(job.expression) or int(job.expression)
        often = f"every {days} days" if days > 1 else "every day"
        text = f"{often}, {job.delay} minutes after anacron starts"
        window = _regular(builder, days * _DAY)
        return base._replace(next_text=text, period_minutes=days * _DAY), Times(in_window=window)
    if job.expression == "@reboot":
        return base._replace(at_boot=True), Times()
    if job.certainty == "computed":
        return base._replace(next_text="at times that are computed"), Times(in_window=COMPUTED)
    daemon = timetable.daemon or ("busybox" if base.path_on_host.startswith(_BUSYBOX) else "")
    own = job.zone if daemon in ("", "cronie") else ""
    zone = timetable.zone(own)
    normal, otherwise = _read_by(job, daemon)
    base = base._replace(zone=zone, period_minutes=shortest_gap(normal or otherwise))
    if not normal and not otherwise:
        undecided = job.refused and not daemon
        return base, Times(
            never=not undecided, in_window=_undecided(builder) if undecided else False
        )
    times = timetable.either(normal, otherwise, zone)
    if own and zone != timetable.zone("") and not daemon:
        host = timetable.either(normal, otherwise, timetable.zone(""))
        if host.in_window != times.in_window:
            times = times._replace(in_window=_undecided(builder))
    if "random-range" in job.traps and times.in_window is True and daemon != "debian":
        times = times._replace(in_window=_undecided(builder))
    return base, times


def _read_by(job: CronJob, daemon: Daemon) -> tuple[str, str]:
    """Return how the daemon reads a line, and how another one does where nobody tells which."""
    if daemon == "debian":
        return job.normal, ""
    if daemon == "cronie":
        return job.cronie, ""
    if daemon == "busybox":
        return job.busybox, ""
    return job.normal, job.otherwise


def _undecided(builder: Builder) -> Unknown:
    """Which cron the host runs decides; without a window that is asked first."""
    return Unknown("option.window" if builder.timetable.window is None else "site.cron")


def _regular(builder: Builder, minutes: int) -> bool | Unknown:
    """Judge a job of which only the period is known: a window as long certainly holds a run."""
    window = builder.timetable.window
    if window is None:
        return Unknown("option.window")
    return True if window.duration.total_seconds() >= minutes * 60 else Unknown("site.cron")


def run_parts(builder: Builder) -> Iterator[Schedule]:
    """Yield a schedule for each script that lands in cron.hourly, cron.daily and their kin."""
    seen: dict[tuple[str, str], Schedule] = {}
    often: dict[tuple[str, str, str], set[str]] = {}
    for step in builder.package.installs:
        install = step._replace(target=landed_at(builder, step))
        if read_by(install.target) != "script" or not install.source:
            continue
        info = builder.package.documents.get(install.source)
        if info is None or info.kind == "empty":
            continue
        # Texts inside a script that is written there have the path of that script.
        key = (info.host or info.id, install.target)
        by = installed_at(install)
        if key in seen:
            seen[key] = seen[key]._replace(installed_by=(*seen[key].installed_by, *by))
        else:
            seen[key] = _script(builder, install, info, by)
        name = (key[0], install.script, posixpath.basename(install.target))
        often.setdefault(name, set()).add(install.target)
    choices = {target for targets in often.values() if len(targets) > 1 for target in targets}
    for (_, target), schedule in seen.items():
        # One command links the same script into cron.daily, cron.weekly … : into one of them.
        chosen = target in choices and bool(schedule.installed_by)
        yield schedule._replace(certainty="computed") if chosen else schedule


def _script(
    builder: Builder, install: Install, info: DocumentInfo, by: tuple[Location, ...]
) -> Schedule:
    often = how_often(install.target)
    mode = info.mode if install.order == _LAYOUT else None
    dialect: Dialect = "run-parts"
    traps = path_traps(install.target, mode)
    base = Schedule(
        Location(info.address, 1 if not info.host else install.at.line),
        "cron-script",
        info.id,
        install.target,
        install.target,
        often.word,
        dialect,
        "root",
        install.target,
        posixpath.basename(install.target),
        role="live" if by else role_of(info.path),
        installed_by=by,
        period_minutes=often.minutes,
        next_text=f"{often.word}, when the host's cron or anacron says so",
        traps=traps,
        enabled=not builder.skipped(traps),
    )
    window = _regular(builder, often.minutes)
    steps = builder.scripts.steps(info.id)
    full = builder.complete(base, Times(in_window=window), steps)
    return full._replace(target=install.target, target_present=True)
