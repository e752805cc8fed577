"""Reads cron tables: /etc/crontab and /etc/cron.d (with a user field), and users' crontabs."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import CronJob
from dten_audit.readers.cron.lines import Assignment, Fault, Job, read_line

# Debian's cron 3.0pl1-162 ignores a longer table as a whole.
DEBIAN_MAX_LINES: Final = 10_000
MAX_SETTINGS: Final = 64
_WHOLE_LINE: Final = "it writes this line as a whole, so that its jobs are not known"
_ZONES: Final = ("CRON_TZ", "TZ")
_SHELLS: Final = frozenset(("", "sh", "bash", "dash", "ash", "ksh", "zsh", "rbash", "busybox"))


class _Settings(NamedTuple):
    """The assignments in force, and those of them that change how a job is read."""

    all: tuple[tuple[str, str], ...] = ()
    zone: str = ""
    shell: str = ""


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the jobs of a table, their commands as shell texts, and what no cron understands."""
    user_field = document.kind == "cron"
    returns = carriage_returns(document.data)
    of_file = file_traps(document)
    environment: dict[str, str] = {}
    settings = _Settings()
    for number, text in enumerate(_lines(document.text), start=1):
        if _is_all_template(text):
            yield Unreadable(document.location(number), "cron template", _WHOLE_LINE)
            continue
        line = read_line(text, user_field=user_field)
        if line is None:
            continue
        if isinstance(line, Assignment):
            if len(environment) == MAX_SETTINGS and line.name not in environment:
                reason = f"more than {MAX_SETTINGS} settings"
                yield Unreadable(document.location(number), "cron", reason)
                continue
            environment[line.name] = line.value
            zone = next((environment[name] for name in _ZONES if environment.get(name)), "")
            shell = environment.get("SHELL", "")
            settings = _Settings(tuple(environment.items()), zone, shell)
        elif isinstance(line, Fault):
            yield Unreadable(document.location(number), "cron", line.reason)
        else:
            part = command_text(line.command, number, line.column, line.user, settings.shell)
            traps = line.traps + of_file
            if number in returns:
                traps += ("carriage-return",)
            yield _job(document, number, line, settings, traps, part)
            if part:
                yield part


def _lines(text: str) -> list[str]:
    """Return the lines of a table, without what a template only says to itself.

    ``{# … #}``, ``{% … %}`` and ``<% … %>`` are blank; ``{{ … }}`` over several lines is one line.
    """
    for start, end in (("{#", "#}"), ("{%", "%}"), ("<%", "%>")):
        if start in text:
            text = _without(text, start, end)
    if "{{" in text:
        text = _on_one_line(text)
    return text.split("\n")


def _without(text: str, start: str, end: str) -> str:
    first, *parts = text.split(start)
    kept = [first]
    for part in parts:
        inside, found, rest = part.partition(end)
        silent = found and not inside.startswith("=")
        kept.append("\n" * inside.count("\n") + rest if silent else start + part)
    return "".join(kept)


def _on_one_line(text: str) -> str:
    first, *parts = text.split("{{")
    kept, owed = [first], 0
    for part in parts:
        inside, found, rest = part.partition("}}")
        if not found:
            inside, rest = "", part
        owed += inside.count("\n")
        if "\n" in rest:
            rest = rest.replace("\n", "\n" * (owed + 1), 1)
            owed = 0
        kept += ("{{", inside.replace("\n", " "), found, rest)
    return "".join(kept)


def _is_all_template(text: str) -> bool:
    """Say whether an expression of a template (``{{ … }}``, ``<%= … %>``) is the whole line."""
    body = text.strip(" \t")
    return any(
        body.startswith(start) and body.find(end) == len(body) - len(end)
        for start, end in (("{{", "}}"), ("<%=", "%>"))
    )


def _job(
    document: Document,
    number: int,
    job: Job,
    settings: _Settings,
    traps: tuple[str, ...],
    part: Embedded | None,
) -> CronJob:
    return CronJob(
        document.location(number),
        document.id,
        document.path,
        "cron.d" if document.kind == "cron" else "crontab",
        job.expression,
        job.user,
        job.command,
        normal=job.normal,
        otherwise=job.otherwise,
        refused=job.refused,
        environment=settings.all,
        zone=settings.zone,
        stdin=job.stdin,
        traps=(*traps, "zone-setting") if settings.zone else traps,
        script=document.embedded_id(part) if part else "",
        certainty="computed" if job.computed else "exact",
        cronie=job.cronie or "",
        busybox=job.busybox or "",
    )


def command_text(command: str, line: int, column: int, user: str, shell: str) -> Embedded | None:
    """Return a job's command as an embedded shell text; None where no shell runs it."""
    if not command or shell.rpartition("/")[2] not in _SHELLS:
        return None
    hints = (("deferred", "cron"), ("user", user))
    return Embedded("shell", command, (line,), column, hints=hints)


def carriage_returns(data: bytes) -> frozenset[int]:
    """Return the numbers of the lines that end in a carriage return and a newline."""
    if b"\r\n" not in data:
        return frozenset()
    ends = re.finditer(rb"\r\n|\n|\r", data)
    return frozenset(number for number, end in enumerate(ends, start=1) if len(end[0]) > 1)


def file_traps(document: Document) -> tuple[str, ...]:
    """Return the traps of a table as a whole. A text embedded in a script has none of its own."""
    if document.host is not None:
        return ()
    traps = []
    if document.data.startswith(codecs.BOM_UTF8):
        traps.append("byte-order-mark")
    last = document.text.rpartition("\n")[2].strip()
    if last and not last.startswith("#"):
        traps.append("no-final-newline")
    if document.text.count("\n") > DEBIAN_MAX_LINES:
        traps.append("too-many-lines")
    return tuple(traps)
