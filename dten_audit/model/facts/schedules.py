"""Facts about schedules: cron lines as written, and each scheduled job with all that it means."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

CronDialect = Literal["cron.d", "crontab", "anacrontab"]
Notation = Literal[
    "unix", "kubernetes", "robfig", "quartz", "spring", "eventbridge", "node", "croniter", "fugit",
    "jenkins", "celery", "apscheduler", "launchd", "rate", "plain-words", "mysql-event",
    "oracle-calendar", "sql-agent", "pg_cron", "task-scheduler", "unseen",
]  # fmt: skip
"""How schedulers other than cron write times; ``unseen`` where only the setting up is seen."""
Dialect = Literal["cron.d", "crontab", "anacrontab", "run-parts", "at", "systemd", Notation]
ScheduleKind = Literal[
    "file",
    "cron-script",
    "crontab-command",
    "crontab-wipe",
    "at-command",
    "systemd-run",
    "timer",
    "managed",
    "cluster-job",
    "application-job",
    "ci",
    "launchd",
    "database-job",
    "cloud-job",
    "container-label",
    "windows-task",
]
HostStatus = Literal["none", "in-service", "unlisted", "retired"]
Role = Literal["live", "example", "documentation", "ci", "library"]
Overlap = Literal["", "allow", "forbid", "replace"]


class CronJob(NamedTuple):
    """An active line of a cron table, as written. Commented lines are no jobs.

    ``document`` is the id of the table, ``path`` where it lies in the package or where a script
    writes it. ``expression`` is the time as written; ``normal`` is how Debian's cron reads it, in
    the notation that all engines share, empty where it never fires or is a time word without one
    (``@reboot``); ``refused`` that Debian's cron takes the line for an error and ignores the table;
    ``otherwise`` how a cron with more notation reads it, empty where that is the same or not
    computed. ``cronie`` and ``busybox`` are how these two daemons read it, empty where they never
    run it. ``user`` is empty where the table names none. ``command`` is what the shell gets,
    ``stdin`` what stands after the first ``%``, ``script`` the id of the command as a shell
    document, empty where no shell runs it. ``environment`` are the assignments in force, ``zone``
    the one of ``CRON_TZ`` or ``TZ``. ``traps`` are names from ``rules/knowledge/cron_traps.yaml``.
    Where a template fills in the times, ``certainty`` is computed and ``normal`` empty.
    ``name`` and ``delay`` (minutes) are those of an anacrontab, whose ``expression`` is in days.
    """

    at: Location
    document: str
    path: str
    dialect: CronDialect
    expression: str
    user: str
    command: str
    normal: str = ""
    otherwise: str = ""
    refused: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    zone: str = ""
    stdin: str = ""
    traps: tuple[str, ...] = ()
    script: str = ""
    name: str = ""
    delay: int = 0
    certainty: Certainty = "exact"
    cronie: str = ""
    busybox: str = ""

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.expression} {self.command}"


class ScheduledEntry(NamedTuple):
    """A job of a scheduler that is not the host's cron, as a file of its own language states it.

    ``scheduler`` is its name in ``rules/knowledge/cron_schedulers.yaml``, ``notation`` how its
    ``expression`` is read, which stands as written (``rate(5 minutes)``; arguments of a call as
    ``hour=3, minute=0``). ``name`` is the job's. ``command`` is what runs: a shell text where
    ``shell`` is true, else the name of a class, function, procedure or endpoint. ``zone`` is the
    time zone that it names, empty for none. ``user`` is empty where nobody tells. ``enabled`` is
    False for what is switched off where it stands. ``overlap`` is what it says about a run that
    starts while the last one goes on, ``catches_up`` that missed runs are made up for.
    ``environment`` are variables of the job. ``at_boot``: it runs whenever its scheduler starts.
    Where the time is filled in at run time, ``certainty`` is computed.
    """

    at: Location
    document: str
    scheduler: str
    notation: Notation
    expression: str
    name: str = ""
    command: str = ""
    shell: bool = False
    zone: str = ""
    user: str = ""
    enabled: bool | Unknown = True
    overlap: Overlap = ""
    catches_up: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    at_boot: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        name = self.name or self.command
        return f"{self.at.member} {self.scheduler} {name} {self.expression}"


class LogRotation(NamedTuple):
    """A block of a logrotate file: ``paths`` are the patterns of the files that it rotates."""

    at: Location
    paths: tuple[str, ...]
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {' '.join(self.paths)}"


class RetiredUse(NamedTuple):
    """A host that a job calls and that the site lists as retired, in its line ``site_at``."""

    host: str
    match: str
    site_at: Location
    since: str = ""
    reason: str = ""
    replaced_by: str = ""

    @property
    def text(self) -> str:
        """The host with what the site says of it."""
        notes = [
            f"retired {self.since}" if self.since else "retired",
            self.reason,
            f"replaced by {self.replaced_by}" if self.replaced_by else "",
        ]
        return f"{self.host} ({', '.join(note for note in notes if note)})"


class Schedule(NamedTuple):
    """A job that runs by itself at some time, with what it does and when it next does it.

    What it is:
    ``kind`` says how it comes about: ``file`` a line of a shipped table, ``cron-script`` a script
    in cron.daily and its kin, ``crontab-command`` a line that a script installs, ``crontab-wipe`` a
    command that deletes a crontab, ``at-command``, ``systemd-run``, ``timer``, ``managed`` a cron
    line that Ansible and its kin set up; the others are jobs of other schedulers. ``scheduler``
    is who runs it, ``scheduler_title`` the same for people, ``name`` the job's name there.
    ``document`` is the id of what holds it, ``path_on_host`` where it lands (empty where nothing is
    seen to install it), ``place`` the same in words. ``installed_by`` are the commands that install
    it. ``enabled`` is True unless something must still turn it on; ``without_systemd`` says that
    its command does nothing where systemd runs, ``only_where`` what else a timer needs to start.
    ``replaces`` says that the command replaces all jobs that a user's crontab held. ``role`` is
    what the package ships it for.

    When it runs:
    ``expression`` is the time as written, ``zone`` the time zone it is read in (empty: that of the
    host, which the site does not tell). ``next_fires`` are the next three times from the moment of
    the audit (RFC 3339, without an offset where the zone is unknown); ``next_text`` is the same in
    words. ``fires_in_window`` compares with the change window, ``window_fire`` is the first time
    inside it. ``never_fires``: no cron that reads the line ever runs it. ``at_boot``: it runs when
    the host starts. ``persistent``: missed runs are made up for. ``period_minutes`` is the shortest
    time between two runs, 0 for what does not repeat.

    What it does:
    ``user`` is who runs it, empty where the package does not tell; ``program`` is the base name of
    the first command; ``starts`` is the unit that a timer starts, where it is no service.
    ``target`` is the file that it runs, ``target_present`` whether that is shipped,
    ``target_guarded`` that a test for it comes first. ``hosts`` are the hosts that it or
    the shipped script that it runs calls, at ``calls_at``; ``calls_retired`` compares them with the
    site, and so does ``hosts_are``, which takes the worst of them (``unlisted``: the site does not
    tell, or the name is computed). ``log_path`` is the file that its output grows, ``log_rotated``
    whether anything rotates it, ``log_rotation_shipped`` whether a shipped logrotate file does.
    ``silenced``: neither output nor errors reach anybody.
    ``overlap_guard``: a lock keeps two runs apart. ``traps`` are notations that cron daemons read
    differently, ``trap_note`` explains them.

    In words: ``actor`` ("as root"), ``brief`` (what runs, as whom, when), ``summary`` (that, and
    what it does), ``calls_text`` (the hosts, with what the site says of retired ones),
    ``window_text`` and ``window_question`` (how it lies to the change window, and what to ask where
    that is open), and ``hold_with``, how to keep it from running.
    """

    at: Location
    kind: ScheduleKind
    document: str
    path_on_host: str
    place: str
    expression: str
    dialect: Dialect
    user: str
    command: str
    program: str
    role: Role = "live"
    installed_by: tuple[Location, ...] = ()
    enabled: bool | Unknown = True
    without_systemd: bool = False
    replaces: bool = False
    zone: str = ""
    next_fires: tuple[str, ...] = ()
    next_text: str = ""
    fires_in_window: bool | Unknown = False
    window_fire: str = ""
    window_question: str = ""
    never_fires: bool = False
    at_boot: bool = False
    persistent: bool = False
    period_minutes: int = 0
    target: str = ""
    target_present: bool | Unknown = True
    target_guarded: bool = False
    hosts: tuple[str, ...] = ()
    calls_at: tuple[Location, ...] = ()
    calls_retired: bool | Unknown = False
    hosts_are: HostStatus = "none"
    retired_hosts: tuple[RetiredUse, ...] = ()
    calls_text: str = ""
    log_path: str = ""
    log_rotated: bool | Unknown = True
    log_rotation_shipped: bool = True
    silenced: bool = False
    overlap_guard: bool = False
    traps: tuple[str, ...] = ()
    trap_note: str = ""
    runs_as_root: bool | Unknown = False
    actor: str = ""
    brief: str = ""
    summary: str = ""
    window_text: str = ""
    hold_with: str = ""
    scheduler: str = "cron"
    scheduler_title: str = "cron"
    name: str = ""
    job: str = ""
    starts: str = ""
    only_where: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        place = f"{self.at.member} {self.kind} {self.expression} {self.user} {self.command}"
        return f"{place} {self.name}".rstrip()
