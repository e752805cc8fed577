"""Reads the XML files of the Windows Task Scheduler.

Source: [MS-TSCH] Task Scheduler Service Remoting Protocol, section 2.5 (schema of tasks).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.windows import TaskDefinition, TaskTrigger, TriggerKind
from dten_audit.readers.windows.clock import clock, minutes, month, weekday
from dten_audit.readers.windows.schtasks import user_named
from dten_audit.readers.xml_nodes import XmlError, XmlNode, parse_xml

_SPACE: Final = b"schemas.microsoft.com/windows/2004/02/mit/task"
_WIDE: Final = _SPACE.decode().encode("utf-16-le")
_DIGITS: Final = 2
_LOGON: Final = "whenever a user logs on"
_EVENTS: Final = {
    "IdleTrigger": "whenever the host is idle",
    "EventTrigger": "whenever an event is logged",
    "RegistrationTrigger": "as soon as it is registered",
    "SessionStateChangeTrigger": "whenever a session changes",
}  # fmt: skip


def is_task(document: Document) -> bool:
    """Say whether a document may be a task; costs one search."""
    data = document.data
    if document.host is not None:
        return _SPACE.decode() in document.text
    return _SPACE in data or (b"\0" in data[:4] and _WIDE in data)


def read(document: Document) -> Iterator[TaskDefinition | Unreadable]:
    """State the task that an XML file defines."""
    if not is_task(document):
        return
    try:
        root = parse_xml(document.text)
    except XmlError as error:
        yield Unreadable(document.location(error.line), "task", error.reason)
        return
    if root.name == "Task":
        yield _task(document, root)


def _task(document: Document, root: XmlNode) -> TaskDefinition:
    nothing = XmlNode("", {}, root.line)
    info = root.child("RegistrationInfo") or nothing
    settings = root.child("Settings") or nothing
    principal = (root.child("Principals") or nothing).child("Principal") or nothing
    triggers = tuple(
        trigger
        for node in (root.child("Triggers") or nothing).children
        if node.value("Enabled").lower() != "false"
        for trigger in _trigger(node)
    )
    actions = (root.child("Actions") or nothing).children
    run = next((node for node in actions if node.name == "Exec"), nothing)
    command = " ".join(filter(None, (_quoted(run.value("Command")), run.value("Arguments"))))
    user = principal.value("UserId") or principal.value("GroupId")
    name = info.value("URI") or document.name.rpartition(".")[0]
    place = run if run.name else root
    return TaskDefinition(
        document.location(place.line),
        document.id,
        name,
        command,
        triggers,
        "xml",
        user_named(user) if user else "",
        principal.value("RunLevel") == "HighestAvailable",
        enabled=settings.value("Enabled").lower() != "false",
        catches_up=settings.value("StartWhenAvailable").lower() == "true",
        overlaps=settings.value("MultipleInstancesPolicy") == "Parallel",
    )


def _quoted(program: str) -> str:
    return f'"{program}"' if " " in program and not program.startswith('"') else program


def _trigger(node: XmlNode) -> Iterator[TaskTrigger]:
    start, date = clock(node.value("StartBoundary"))
    repetition = node.child("Repetition")
    repeat = minutes(repetition.value("Interval")) if repetition is not None else 0
    lasting = minutes(repetition.value("Duration")) if repetition is not None else 0
    base = TaskTrigger("other", "", start, date, repeat=repeat, lasting=lasting)
    if node.name == "BootTrigger":
        yield base._replace(kind="boot", text="whenever the host starts")
    elif node.name == "LogonTrigger":
        yield base._replace(kind="logon", text=_LOGON)
    elif node.name == "TimeTrigger":
        kind: TriggerKind = "daily" if repeat else "once"
        yield base._replace(kind=kind, text=_often(repeat) or f"once at {date} {start}")
    elif node.name == "CalendarTrigger":
        yield from _calendar(node, base)
    elif node.name in _EVENTS:
        yield base._replace(text=_EVENTS[node.name], certainty="computed")
    elif node.name:
        yield base._replace(text="at times not seen", certainty="computed")


def _often(repeat: int) -> str:
    return f"every {repeat} minutes" if repeat else ""


def _calendar(node: XmlNode, base: TaskTrigger) -> Iterator[TaskTrigger]:
    for plan in node.children:
        if not plan.name.startswith("ScheduleBy"):
            continue
        weekdays = _names(plan, "DaysOfWeek")
        numbers = tuple(n for n in map(weekday, weekdays) if n is not None)
        months = tuple(n for n in map(month, _names(plan, "Months")) if n)
        every = plan.value("DaysInterval") or plan.value("WeeksInterval") or "1"
        step = int(every) if every.isdigit() and len(every) < 6 else 1  # noqa: PLR2004
        shown = " ".join((*weekdays, *_days(plan)))
        found = base._replace(weekdays=numbers, every=step, date="")
        if plan.name == "ScheduleByDay":
            text = f"daily at {base.start}" if step == 1 else f"every {step} days at {base.start}"
            yield found._replace(kind="daily", text=text)
        elif plan.name == "ScheduleByWeek":
            yield found._replace(kind="weekly", text=f"weekly on {shown} at {base.start}")
        else:
            days = tuple(
                -1 if d == "Last" else int(d)
                for d in _days(plan)
                if d == "Last" or (d.isdigit() and len(d) <= _DIGITS)
            )
            weeks = tuple(5 if w == "Last" else int(w) for w in _texts(plan, "Weeks", "Week")
                          if w == "Last" or (w.isdigit() and len(w) == 1))  # fmt: skip
            text = f"monthly on {shown} at {base.start}"
            yield found._replace(kind="monthly", text=text, days=days, weeks=weeks, months=months)


def _names(plan: XmlNode, name: str) -> tuple[str, ...]:
    node = plan.child(name)
    return tuple(child.name for child in node.children) if node is not None else ()


def _texts(plan: XmlNode, name: str, each: str) -> tuple[str, ...]:
    node = plan.child(name)
    return tuple(c.text for c in node.children if c.name == each) if node is not None else ()


def _days(plan: XmlNode) -> tuple[str, ...]:
    return _texts(plan, "DaysOfMonth", "Day")
