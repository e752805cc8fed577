"""What a job does: the file that it runs, the hosts that it calls, where its output goes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from functools import cache
from typing import Final, NamedTuple, cast

from dten_audit.derive.schedules.endpoints import calls_of, expand
from dten_audit.derive.schedules.scripts import Scripts, Step
from dten_audit.links.calls import INTERPRETERS
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.schedules import LogRotation, RetiredUse
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.site.site import Site

_TESTS: Final = frozenset(
    "test [ [[ : true false cd export set umask ulimit command type which hash sleep echo printf"
    " date exit . source eval local readonly unset read trap exec".split()
)
_NOWHERE: Final = frozenset(("/dev/null", "/dev/zero"))
_MAX_PLACES: Final = 20
_STANDARD_ERROR: Final = 2


_SEARCHES: Final = frozenset(("grep", "egrep", "fgrep"))
"""What a job asks of a file before it does anything."""


class Work(NamedTuple):
    """See ``Schedule``, whose fields of the same names this fills."""

    program: str = ""
    target: str = ""
    target_present: bool | Unknown = True
    target_guarded: bool = False
    hosts: tuple[str, ...] = ()
    calls_at: tuple[Location, ...] = ()
    hosts_computed: bool = False
    log_path: str = ""
    log_rotated: bool | Unknown = True
    silenced: bool = False
    overlap_guard: bool = False
    without_systemd: bool = False


class Worker:
    """Tells of commands what they do, as far as the package and the site show it."""

    def __init__(self, package: Package, site: Site, scripts: Scripts) -> None:
        self._scripts = scripts
        self._site = site
        self._landed = {install.target for install in package.installs}
        self._paths = {d.path for d in package.documents.values() if not d.host}
        self._tails: set[str] | None = None
        self._rotated = [path for fact in package.of(LogRotation) for path in fact.paths]

    def work(
        self, steps: Sequence[Step], environment: Iterable[tuple[str, str]] = (), text: str = ""
    ) -> Work:
        """Return what a job's steps come to.

        ``environment`` is what its table sets, ``text`` its command as written.
        """
        known = dict(environment)
        own = [step.command for step in steps if step.depth == 0]
        main = next((c for c in own if c.program and c.program not in _TESTS), None)
        if main is None:
            main = own[0] if own else None
        hosts, places, computed = _hosts(steps, known)
        computed = computed or self._scripts.cut
        log_path = next((path for command in own if (path := _log(command, known))), "")
        target = expand(_target(main), known) if main else ""
        target = target if target.startswith("/") and "$" not in target else ""
        return Work(
            main.program if main else "",
            target,
            self._present(target, main) if target and main else True,
            any(guard.subject == target and guard.holds for c in own for guard in c.guards),
            hosts,
            places,
            computed,
            log_path,
            self.rotated(log_path) if log_path else True,
            any(_silenced(command, text) for command in own if command.program not in _TESTS),
            any(_locks(step.command) for step in steps),
            _without_systemd(own),
        )

    def retired(self, hosts: Iterable[str]) -> tuple[RetiredUse, ...]:
        """Return those hosts that the site lists as retired."""
        found = []
        for host in hosts:
            record = self._site.retired_host(host)
            if record is not None and not isinstance(record, Unknown):
                place = Location(self._site.path, record.line or None)
                found.append(
                    RetiredUse(
                        host, record.match, place, record.since, record.reason, record.replaced_by
                    )
                )
        return tuple(found)

    def calls_retired(self, work: Work) -> bool | Unknown:
        """Say whether a job calls a retired host. A host that the site allows is in service."""
        if self.retired(work.hosts):
            return True
        for host in work.hosts:
            allowed = any(fnmatch(host, pattern.lower()) for pattern in self._site.allowed_hosts)
            if not allowed and isinstance(self._site.retired_host(host), Unknown):
                return Unknown("site.hosts")
        return Unknown("package.value") if work.hosts_computed else False

    def _present(self, target: str, command: Command) -> bool | Unknown:
        if self._scripts.callee(command) or target in self._landed or self._shipped(target):
            return True
        return False if "files" in self._site.complete else Unknown("site.files")

    def _shipped(self, target: str) -> bool:
        """Say whether some file of the package ends in this path, whatever tree it lies in."""
        name = posixpath.basename(target)
        if self._tails is None:
            self._tails = {posixpath.basename(path) for path in self._paths}
        if name not in self._tails:
            return False
        return any(("/" + path).endswith(target) for path in self._paths)

    def rotated(self, path: str) -> bool | Unknown:
        """Say whether a shipped logrotate file covers the file at ``path``."""
        if any(fnmatch(path, pattern) for pattern in self._rotated):
            return True
        return False if "logrotate" in self._site.complete else Unknown("site.logrotate")


def _hosts(
    steps: Sequence[Step], environment: dict[str, str]
) -> tuple[tuple[str, ...], tuple[Location, ...], bool]:
    hosts: dict[str, None] = {}
    places: dict[Location, None] = {}
    computed = False
    for step in steps:
        exported = {name: word.text for name, word in step.command.environment}
        calls = calls_of(step.command, {**environment, **exported})
        computed = computed or calls.computed
        hosts.update(dict.fromkeys(calls.hosts))
        if (calls.hosts or calls.computed) and step.depth and len(places) < _MAX_PLACES:
            places[step.command.at] = None
    return tuple(hosts), tuple(places), computed


def _target(command: Command) -> str:
    """Return the file that a command runs: itself, or the script that its interpreter reads."""
    first = command.argv[0].text if command.argv else ""
    if command.program in INTERPRETERS or command.program.rstrip("0123456789.") in INTERPRETERS:
        words = iter(command.arguments)
        for word in words:
            if word in ("-c", "-m", "-e", "-r"):
                return ""
            if word == "-f":
                return next(words, "")
            if not word.startswith(("-", "+")):
                return word
    if command.program == "java" and "-jar" in command.arguments[:-1]:
        return command.arguments[command.arguments.index("-jar") + 1]
    return first if "/" in first else ""


def _log(command: Command, environment: dict[str, str]) -> str:
    """Return the file that a command's output is appended to, empty where there is none."""
    for redirection in command.redirections:
        path = expand(redirection.target.text, environment)
        if redirection.operator in (">>", "&>>") and path.startswith("/") and path not in _NOWHERE:
            return path
    if command.program == "tee" and {"-a", "--append"} & set(command.arguments):
        return next((word for word in command.arguments if word.startswith("/")), "")
    return ""


def _silenced(command: Command, text: str) -> bool:
    """Say whether neither the output nor the errors of a command reach anybody.

    Redirections name files only: that errors follow the output (``2>&1``) stands in ``text``.
    """
    out = error = False
    for redirection in command.redirections:
        to_nowhere = redirection.target.text in _NOWHERE
        if redirection.operator in ("&>", "&>>"):
            return to_nowhere
        if redirection.operator.startswith(">") and redirection.descriptor in (-1, 1):
            out = to_nowhere
        elif redirection.descriptor == _STANDARD_ERROR:
            error = to_nowhere
    return out and (error or _errors_follow().search(text) is not None)


@cache
def _errors_follow() -> re.Pattern[str]:
    return re.compile(r"> ?/dev/null[ \t]{0,9}2> ?&1")


def without_systemd(command: Command) -> bool:
    """Say whether a command stands behind a test that systemd is not running."""
    return any(guard.kind == "systemd-running" and not guard.holds for guard in command.guards)


def _without_systemd(commands: Sequence[Command]) -> bool:
    """Say whether all that a job does stands behind a test that systemd is not running."""
    work = [command for command in commands if command.program not in (_TESTS | _SEARCHES)]
    return bool(work) and all(map(without_systemd, work))


def _locks(command: Command) -> bool:
    return command.program in _lock_programs() or any(
        layer.kind == "lock" or layer.tool in _lock_programs() for layer in command.layers
    )


@from_tables
def _lock_programs() -> frozenset[str]:
    table = cast("dict[str, list[str]]", knowledge("cron_paths"))
    return frozenset(table["locks"])
