"""Completes a schedule: when it runs, what it does, and the same in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Final, cast

from dten_audit.derive.allowance import PerFile
from dten_audit.derive.debhelper import unpacked
from dten_audit.derive.reach import Reach
from dten_audit.derive.roles import Roles
from dten_audit.derive.schedules.moments import Times, Timetable, in_words, stamp
from dten_audit.derive.schedules.scripts import Scripts, Step
from dten_audit.derive.schedules.work import Work, Worker, without_systemd
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.facts.schedules import HostStatus, Role, Schedule
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.site.estate import Estate

NOT_SEEN: Final = Unknown("package.install")
"""Nothing in the package is seen to install or to enable it."""
COMPUTED: Final = Unknown("package.value")
AT_ONCE: Final = "at once, because the package starts it"
"""When a timer that counts from boot elapses, on a host that is up."""
_SHOWN: Final = 100
_MOST_JOBS: Final = 2_000
"""So many jobs of which only the command is seen are told of in one script: no real one has 50."""
TOO_MANY_JOBS: Final = "more commands that set up jobs than are looked at"


_ROLES: Final[dict[ScriptRole, Role]] = {
    "ci": "ci", "build": "ci", "container-build": "ci", "library": "library", "test": "example",
    "example": "example", "documentation": "documentation",
}  # fmt: skip
"""What a job is where the file that holds it, or every script that installs it, has this role."""


_SET_UP: Final = frozenset((
    "at-command", "crontab-command", "crontab-wipe", "database-job", "managed", "windows-task",
))  # fmt: skip
"""Jobs that are there only when somebody runs the script that sets them up."""


class Builder:
    """What the schedules of one package are completed with."""

    def __init__(self, package: Package, estate: Estate) -> None:
        self.package = package
        self.roles = Roles(package)
        self.reach = Reach(package)
        self.timetable = Timetable(estate)
        self.scripts = Scripts(package)
        self.jobs = PerFile(_MOST_JOBS, "shell", TOO_MANY_JOBS)
        self.worker = Worker(package, estate.site, self.scripts)
        self._unpacked = unpacked(package)
        # A site that knows its units runs systemd; then such a job does nothing.
        known = estate.site.units or "units" in estate.site.complete
        self._systemd_runs = False if known else Unknown("site.units")

    def otherwise(self, at: Location) -> bool | Unknown:
        """Say whether a job is on that nothing here installs or enables.

        What dpkg unpacks lies where it says, and dpkg enables nothing: there it is off.
        """
        return False if self._unpacked and at.path.startswith(self._unpacked) else NOT_SEEN

    def skipped(self, traps: Iterable[str]) -> bool:
        """Say whether cron takes a file for no job: Debian's cron and run-parts look at its name.

        On hosts that nobody has told of, so it is for what dpkg unpacks.
        """
        debian = self.timetable.daemon == "debian" or bool(
            self._unpacked and not self.timetable.daemon
        )
        return debian and "name-ignored" in traps

    def only_without_systemd(self, installed_by: Collection[Location]) -> bool:
        """Say whether all commands that put a job in place run where systemd does not."""
        return bool(installed_by) and self._without_systemd.issuperset(installed_by)

    @cached_property
    def _without_systemd(self) -> frozenset[Location]:
        return frozenset(
            command.at for command in self.package.of(Command) if without_systemd(command)
        )

    def _role(self, base: Schedule) -> Role:
        """Say what a job is for, by the file that holds it or by the scripts that install it."""
        scripts = [by.path for by in base.installed_by] or [base.document]
        roles = [_ROLES.get(self.roles.of(script), "live") for script in scripts]
        if base.kind in _SET_UP and all(map(self.reach.by_hand, scripts)):
            roles = ["library"]
        return roles[0] if base.role == "live" and "live" not in roles else base.role

    def steps(self, document: str, command: str, base: Schedule) -> list[Step]:
        """Return what a command comes to: as its reader stated it, else read now."""
        if document and self.scripts.of(document):
            return self.scripts.steps(document)
        found: list[Command] = []
        if command:
            found = self.scripts.read_command(command, base.at, base.document)
        return self.scripts.steps_from(found)

    def complete(
        self,
        base: Schedule,
        times: Times,
        steps: Sequence[Step] = (),
        environment: Iterable[tuple[str, str]] = (),
    ) -> Schedule:
        """Return ``base`` with its times and its work filled in, and told in words."""
        base = base._replace(role=self._role(base))
        work = self.worker.work(steps, environment, base.command)
        calls_retired = self.worker.calls_retired(work)
        idle = work.without_systemd or self.only_without_systemd(base.installed_by)
        full = _with_times(base, times)._replace(
            installed_by=tuple(by for by in base.installed_by if by[:2] != base.at[:2]),
            program=base.program or work.program,
            without_systemd=idle,
            enabled=self._systemd_runs if idle and base.enabled is True else base.enabled,
            target=work.target,
            target_present=work.target_present,
            target_guarded=work.target_guarded,
            hosts=work.hosts,
            calls_at=work.calls_at,
            calls_retired=calls_retired,
            hosts_are=_hosts_are(work, calls_retired),
            retired_hosts=self.worker.retired(work.hosts),
            log_path=work.log_path,
            log_rotated=work.log_rotated,
            log_rotation_shipped=work.log_rotated is True,
            silenced=work.silenced,
            overlap_guard=work.overlap_guard,
            runs_as_root=base.user in ("root", "0") if base.user else COMPUTED,
            actor=base.actor or _actor(base),
            trap_note=trap_note(base.traps),
        )
        return _in_words(base, full, work)


def _in_words(base: Schedule, full: Schedule, work: Work) -> Schedule:
    """Return a schedule told in words, as far as ``base`` has no words of its own."""
    brief = base.summary or _brief(full)
    return full._replace(
        job=base.place if base.scheduler != "cron" else f"the job in {base.place}",
        brief=brief,
        summary=base.summary or "; ".join([brief, *_extras(full)]),
        calls_text=_calls_text(full, work),
        window_text=_window_text(full),
        window_question=_window_question(full),
        hold_with=base.hold_with or _hold_with(full),
    )


def _with_times(base: Schedule, times: Times) -> Schedule:
    """Return a schedule with the times at which it fires."""
    return base._replace(
        next_fires=tuple(stamp(moment) for moment in times.next),
        next_text=base.next_text or in_words(times.next, base.zone),
        fires_in_window=times.in_window,
        window_fire=in_words([times.window_fire], base.zone) if times.window_fire else "",
        never_fires=times.never and not base.at_boot,
    )


def _actor(base: Schedule) -> str:
    if base.user:
        return f"as {base.user}"
    if base.kind == "file" and not base.installed_by:
        return "as the user whose crontab it becomes"
    if base.kind == "timer":
        return "as the user whose systemd runs it"
    return "as the user who runs the script"


@from_tables
def _trap_texts() -> dict[str, str]:
    table = cast("dict[str, dict[str, str]]", knowledge("cron_traps"))
    return {name: row["says"] for name, row in table.items()}


def trap_note(traps: Iterable[str]) -> str:
    """Return what is to be said of some traps, one after the other."""
    return "; ".join(_trap_texts()[trap] for trap in traps)


def shown(text: str) -> str:
    """Return a command for a message: on one line, cut where it is long."""
    line = re.sub(r"\s+", " ", text[: _SHOWN * 4]).strip()
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _brief(schedule: Schedule) -> str:
    command = shown(schedule.command)
    parts = [f"runs `{command}` {schedule.actor}" if command else f"runs {schedule.actor}"]
    if schedule.starts:
        parts = [f"starts {schedule.starts}"]
    if schedule.at_boot and not schedule.next_text.startswith(AT_ONCE):
        cron = schedule.scheduler == "cron"
        parts.append("at every boot" if cron else f"whenever {schedule.scheduler_title} starts")
    elif schedule.never_fires:
        parts.append(f"never fires ({schedule.expression})")
    elif schedule.next_text:
        parts.append(f"next: {schedule.next_text}" if schedule.next_fires else schedule.next_text)
    if schedule.without_systemd:
        parts.append("does nothing where systemd runs")
    pulled_in = schedule.starts and not schedule.starts.endswith(".service")
    if schedule.kind == "timer" and schedule.enabled is not True and not pulled_in:
        parts.append("nothing here enables it")
    if schedule.only_where:
        parts.append(f"only with {shown(schedule.only_where)}")
    return "; ".join(parts)


def _extras(schedule: Schedule) -> list[str]:
    parts = []
    if schedule.persistent:
        parts.append("makes up for missed runs")
    if schedule.hosts:
        parts.append(f"calls {', '.join(schedule.hosts)}")
    if schedule.log_path:
        parts.append(f"appends to {schedule.log_path}")
    if schedule.replaces:
        parts.append(f"replaces all jobs that {schedule.place} holds now")
    return parts


def _hosts_are(work: Work, calls_retired: bool | Unknown) -> HostStatus:
    if calls_retired is True:
        return "retired"
    if isinstance(calls_retired, Unknown):
        return "unlisted"
    return "in-service" if work.hosts else "none"


def _calls_text(schedule: Schedule, work: Work) -> str:
    notes = {use.host: use.text for use in schedule.retired_hosts}
    parts = [notes.get(host, host) for host in work.hosts]
    if work.hosts_computed and (not parts or schedule.calls_retired == COMPUTED):
        parts.append("a host whose name is only computed")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _window_text(schedule: Schedule) -> str:
    if schedule.fires_in_window is True:
        at = f": {schedule.window_fire}" if schedule.window_fire else ""
        return f"inside the change window{at}"
    if isinstance(schedule.fires_in_window, Unknown):
        return "perhaps inside the change window"
    return "outside of the change window"


def _window_question(schedule: Schedule) -> str:
    """Return what to ask so that "inside the window or not" can be settled."""
    missing = schedule.fires_in_window
    if not isinstance(missing, Unknown) and not isinstance(schedule.enabled, Unknown):
        return ""
    if isinstance(missing, Unknown) and missing.needs == "option.window":
        return "When is the change window? (--window START/DURATION)"
    if isinstance(missing, Unknown) and missing.needs == "site.timezone":
        return "Which time zone do the hosts keep? (site: timezone)"
    if schedule.dialect in ("run-parts", "anacrontab") and isinstance(missing, Unknown):
        return f"At what time do the hosts run {schedule.place}? (their crontab or anacrontab says)"
    if isinstance(missing, Unknown) and missing.needs == "site.cron":
        return f"Which cron runs {schedule.place}: Debian's, or one that reads it differently?"
    if schedule.without_systemd:
        return f"Do the hosts run systemd? Then the job in {schedule.place} does nothing."
    if schedule.kind == "timer" and isinstance(schedule.enabled, Unknown):
        return f"Is {schedule.place} enabled on the hosts?"
    if isinstance(schedule.enabled, Unknown):
        if schedule.scheduler != "cron":
            return f"Is {schedule.place} switched on?"
        return f"Does anything install {schedule.place}?"
    command = f"`{shown(schedule.command)}`" if schedule.command else schedule.place
    return f"When does {command} run?"


def _hold_with(schedule: Schedule) -> str:
    """Return how to keep a job from running during the change."""
    path, user = schedule.path_on_host, schedule.user
    if schedule.kind == "cron-script":
        return f"chmod a-x {path}"
    if schedule.kind == "at-command":
        return "atq shows the job, atrm NUMBER removes it"
    if schedule.kind in ("timer", "systemd-run"):
        return f"systemctl mask {schedule.place}"
    if schedule.kind == "crontab-wipe":
        of = f" -u {user}" if user else ""
        return f"save the crontab first: crontab{of} -l > crontab.saved"
    if schedule.dialect == "crontab":
        of = f" -u {user}" if user else ""
        return f"crontab{of} -e, and put a # in front of the line"
    return f"move {path} out of cron's folders" if path else "do not install the table"
