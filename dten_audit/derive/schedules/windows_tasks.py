"""Tasks of the Windows Task Scheduler: defined by commands, by XML files, by Run keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.derive.arguments import elsewhere
from dten_audit.derive.roles import Roles
from dten_audit.derive.schedules.building import NOT_SEEN, Builder
from dten_audit.derive.schedules.paths import role_of
from dten_audit.derive.schedules.timers import period_of
from dten_audit.derive.schedules.windows_times import times_of
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.facts.schedules import Role, Schedule
from dten_audit.model.facts.windows import TaskDefinition, TaskTrigger
from dten_audit.model.location import Location
from dten_audit.readers.windows.run_keys import run_key
from dten_audit.readers.windows.schtasks import Task, read_at, read_schtasks

_KINDS: Final = frozenset(("powershell", "batch"))
_ROLES: Final[dict[ScriptRole, Role]] = {
    "documentation": "documentation", "example": "example", "test": "example", "ci": "ci",
}  # fmt: skip
_XML_FILE: Final = re.compile(r"[^\s\"'()|;]{1,300}\.xml", re.IGNORECASE)
_TITLE: Final = "the Windows Task Scheduler"


def windows_tasks(builder: Builder) -> Iterator[Schedule]:
    """Yield a schedule for each task that the package defines, each file's task once."""
    roles = Roles(builder.package)
    files = _installed_files(builder.package)
    for task in builder.package.of(TaskDefinition):
        by = files.get(task.document, ())
        yield _schedule(builder, task, roles, by)
    for command in builder.package.of(Command):
        made = _defined(builder.package, command) if command.called else None
        if made is not None:
            yield _schedule(builder, made, roles, ())


def _defined(package: Package, command: Command) -> TaskDefinition | None:
    """Return the task that a command defines; None for all other commands."""
    read: Task | None = None
    source = "schtasks"
    if command.program == "schtasks":
        read = read_schtasks(command.argv)
        if read is not None and read.file:
            return None
    elif command.program == "at" and is_windows(package, command.document):
        read, source = read_at(command.argv), "at"
    elif command.program in ("reg", "set-itemproperty", "new-itemproperty"):
        entry = run_key(command.argv)
        if entry is not None:
            trigger = TaskTrigger("logon", "whenever a user logs on")
            return TaskDefinition(
                command.at, command.document, entry.name, entry.command, (trigger,), "registry",
                elsewhere=elsewhere(command),
            )  # fmt: skip
    if read is None:
        return None
    return TaskDefinition(
        command.at, command.document, read.name, read.command, read.triggers,
        "at" if source == "at" else "schtasks", read.user, read.highest, password=read.password,
        elsewhere=f"host {read.elsewhere}" if read.elsewhere else elsewhere(command),
        certainty=read.certainty,
    )  # fmt: skip


def is_windows(package: Package, document: str) -> bool:
    """Say whether a document is a script of Windows."""
    info = package.documents.get(document)
    return info is not None and info.kind in _KINDS


def _installed_files(package: Package) -> dict[str, tuple[Location, ...]]:
    """Return, by XML document, the commands that register it as a task."""
    found: dict[str, tuple[Location, ...]] = {}
    for command in package.of(Command):
        near = package.documents.get(command.document)
        if near is None or command.program not in ("schtasks", "register-scheduledtask"):
            continue
        for word in command.argv[1:]:
            if ".xml" in word.text.lower():
                match = _XML_FILE.search(word.text)
                text = match[0].replace("\\", "/") if match is not None else ""
                for info in package.index.find(text, near):
                    found[info.id] = (*found.get(info.id, ()), command.at)
    return found


def _schedule(
    builder: Builder, task: TaskDefinition, roles: Roles, by: tuple[Location, ...]
) -> Schedule:
    name = task.name.lstrip("\\")
    at_logon = any(trigger.kind == "logon" for trigger in task.triggers)
    base = Schedule(
        task.at,
        "windows-task",
        task.document,
        "",
        _place(task, name),
        "; ".join(trigger.text for trigger in task.triggers),
        "task-scheduler",
        task.user,
        task.command,
        "",
        role=_role(builder, task, roles),
        installed_by=by,
        enabled=task.enabled if task.source != "xml" or by else NOT_SEEN,
        at_boot=any(trigger.kind == "boot" for trigger in task.triggers),
        persistent=task.catches_up,
        hold_with=_hold_with(task, name),
        scheduler="task-scheduler",
        scheduler_title=_TITLE,
        name=name,
        certainty=task.certainty,
    )
    zone = builder.timetable.zone("")
    times, text = times_of(builder, task.triggers, zone)
    base = base._replace(zone=zone, next_text=text, period_minutes=period_of(times))
    steps = builder.scripts.steps_from(
        builder.scripts.read_command(task.command, task.at, task.document, "batch")
    ) if task.command and task.certainty != "computed" else []  # fmt: skip
    full = builder.complete(base, times, steps)
    return _told(full, _actor(task, at_logon=at_logon))._replace(
        overlap_guard=full.overlap_guard or not task.overlaps, target="", target_present=True
    )


def _told(full: Schedule, actor: str) -> Schedule:
    """Return a schedule whose words name who runs it as Windows does."""
    if not full.actor:
        return full._replace(actor=actor)
    return full._replace(
        actor=actor,
        brief=full.brief.replace(full.actor, actor),
        summary=full.summary.replace(full.actor, actor),
    )


def _role(builder: Builder, task: TaskDefinition, roles: Roles) -> Role:
    script = roles.of(task.document)
    if script in _ROLES:
        return _ROLES[script]
    if str(script) == "library":
        return "library"
    info = builder.package.documents.get(task.document)
    return role_of(info.path) if info else "live"


def _place(task: TaskDefinition, name: str) -> str:
    if task.source == "registry":
        return f"the Run key {name}".rstrip()
    where = f" on {task.elsewhere}" if task.elsewhere else ""
    return f"the task {name} of Windows{where}" if name else f"a task of Windows{where}"


def _actor(task: TaskDefinition, *, at_logon: bool) -> str:
    rights = " with the highest rights" if task.highest and task.user != "SYSTEM" else ""
    if task.user:
        return f"as {task.user}{rights}"
    if task.source == "registry" or at_logon:
        return f"as the user who logs on{rights}"
    return f"as the user who runs the script{rights}"


def _hold_with(task: TaskDefinition, name: str) -> str:
    if task.source == "registry":
        return "take the value out of the Run key"
    if task.source == "at":
        return "at shows the job, at NUMBER /delete removes it"
    plain = name if name and all(char.isalnum() or char in " _-.\\" for char in name) else "NAME"
    return f'schtasks /change /tn "{plain}" /disable'
