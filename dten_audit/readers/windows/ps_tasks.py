"""Reads PowerShell's cmdlets for scheduled tasks as definitions of tasks.

Source: the module ScheduledTasks (Register-ScheduledTask, New-ScheduledTaskTrigger, …) and
PSScheduledJob of Windows PowerShell 5.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.windows import TaskDefinition, TaskTrigger
from dten_audit.readers.windows.clock import clock, minutes, weekday
from dten_audit.readers.windows.parameters import parameter, positional
from dten_audit.readers.windows.schtasks import user_named
from dten_audit.readers.windows.values import Value, base_name

DEFINING: Final = frozenset(("register-scheduledtask", "register-scheduledjob"))
_UNITS: Final = {"days": 1440, "hours": 60, "minutes": 1, "seconds": 0}
_NO_TRIGGER: Final = TaskTrigger("other", "at times not seen", certainty="computed")


def task_of(
    words: Sequence[Value], fed: Value | None, document: Document, at: int
) -> TaskDefinition | None:
    """Return the task that a command registers; None where a file of its own defines it."""
    if parameter(words, "xml") is not None:
        return None
    given = _given(words)
    whole = parameter(words, "inputobject") or fed
    if whole is not None and whole.call and base_name(whole.call[0].text) == "new-scheduledtask":
        given = {**_given(whole.call), **given}
    principal = given.get("principal")
    held = _given(principal.call) if principal is not None else {}
    user = given.get("user") or held.get("userid") or held.get("groupid")
    level = given.get("runlevel") or held.get("runlevel")
    settings = given.get("settings")
    options = [word.text.lower() for word in settings.call] if settings is not None else []
    command, certainty = _command(given)
    triggers = tuple(_triggers(given.get("trigger")))
    name = given.get("taskname") or given.get("name") or positional(words, 0)
    return TaskDefinition(
        document.location_at(at),
        document.id,
        name.text if name is not None else "",
        command,
        triggers,
        "powershell",
        user_named(user.text) if user is not None and user.known else "",
        level is not None and level.text.lower() == "highest",
        enabled="-disable" not in options,
        password=_shown(given.get("password")),
        catches_up="-startwhenavailable" in options,
        overlaps="parallel" in options,
        certainty=certainty,
    )


_NAMES: Final = (
    "action", "trigger", "principal", "settings", "user", "runlevel", "taskname", "name",
    "password", "userid", "groupid", "execute", "argument", "scriptblock", "filepath",
)  # fmt: skip


def _given(words: Sequence[Value]) -> dict[str, Value]:
    """Return the parameters that tell of a task."""
    found: dict[str, Value] = {}
    for name in _NAMES:
        value = _all_of(words, name)
        if value is not None:
            found[name] = value
    return found


def _all_of(words: Sequence[Value], name: str) -> Value | None:
    """Return a parameter's value; several words of an array as one value."""
    value = parameter(words, name)
    if value is None:
        return None
    number = next(n for n, word in enumerate(words) if word is value)
    items = [value]
    for word in words[number + 1 :]:
        if word.text.startswith("-") and not word.quoted:
            break
        items.append(word)
    if len(items) == 1:
        return value
    return Value(value.text, value.certainty, value.at, items=tuple(items))


def _shown(value: Value | None) -> bool:
    return value is not None and value.known and bool(value.text)


def _command(given: dict[str, Value]) -> tuple[str, Certainty]:
    """Return the command line of a task's first action."""
    action = given.get("action")
    block = given.get("scriptblock") or given.get("filepath")
    if action is None:
        return ("" if block is None or block.block else block.text), "exact"
    first = action.items[0] if action.items else action
    held = _given(first.call)
    execute, argument = held.get("execute"), held.get("argument")
    if execute is None and first.call:
        execute, argument = positional(first.call, 0), argument or positional(first.call, 1)
    if execute is None:
        return "", "computed"
    program = f'"{execute.text}"' if " " in execute.text.strip('"') else execute.text
    parts = [program, argument.text if argument is not None else ""]
    known = execute.known and (argument is None or argument.known)
    return " ".join(filter(None, parts)), execute.certainty if known else "computed"


def _triggers(value: Value | None) -> Iterator[TaskTrigger]:
    if value is None:
        return
    for item in value.items or (value,):
        name = base_name(item.call[0].text) if item.call else ""
        if name in ("new-scheduledtasktrigger", "new-jobtrigger"):
            yield _trigger(item.call)
        else:
            yield _NO_TRIGGER


def _trigger(words: tuple[Value, ...]) -> TaskTrigger:
    switches = {word.text.lower() for word in words if word.text.startswith("-")}
    shown = " ".join(word.text for word in words[1:])
    if "-atstartup" in switches:
        return TaskTrigger("boot", "whenever the host starts")
    if "-atlogon" in switches:
        return TaskTrigger("logon", "whenever a user logs on")
    at = parameter(words, "at")
    start, date = clock(at.text) if at is not None and at.known else ("", "")
    every = parameter(words, "daysinterval") or parameter(words, "weeksinterval")
    days = _all_of(words, "daysofweek")
    names = (days.items or (days,)) if days is not None else ()
    listed = [part for value in names for part in value.text.split(",")]
    repeat = _span(parameter(words, "repetitioninterval"))
    kind = next((k for k in ("daily", "weekly", "once") if f"-{k}" in switches), "other")
    certainty: Certainty = "exact" if start or repeat else "computed"
    return TaskTrigger(
        kind,  # type: ignore[arg-type]
        shown,
        start or ("00:00" if repeat else ""),
        date,
        int(every.text) if every is not None and every.text.isdigit() else 1,
        tuple(n for n in map(weekday, listed) if n is not None),
        repeat=repeat,
        lasting=_span(parameter(words, "repetitionduration")),
        certainty=certainty,
    )


def _span(value: Value | None) -> int:
    """Return a time span in minutes: of ``New-TimeSpan``, or as a text; 0 for what is neither."""
    if value is None:
        return 0
    if not value.call:
        return minutes(value.text) if value.known else 0
    total = 0
    for name, each in _UNITS.items():
        given = parameter(value.call, name)
        if given is not None and given.text.isdigit() and len(given.text) < 8:  # noqa: PLR2004
            total += int(given.text) * each
    return total
