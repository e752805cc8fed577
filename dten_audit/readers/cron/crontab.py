"""Reads cron tables: /etc/crontab and /etc/cron.d (with a user field), and users' crontabs."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import CronJob
from dten_audit.readers.cron.lines import Assignment, Fault, Job, read_line

# Debian's cron 3.0pl1-162 ignores a longer table as a whole.
DEBIAN_MAX_LINES: Final = 10_000
_ZONES: Final = ("CRON_TZ", "TZ")
_SHELLS: Final = frozenset(("", "sh", "bash", "dash", "ash", "ksh", "zsh", "rbash", "busybox"))


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the jobs of a table, their commands as shell texts, and what no cron understands."""
    user_field = document.kind == "cron"
    returns = carriage_returns(document.data)
    of_file = file_traps(document)
    environment: dict[str, str] = {}
    settings: tuple[tuple[str, str], ...] = ()
    for number, text in enumerate(document.text.split("\n"), start=1):
        line = read_line(text, user_field=user_field)
        if line is None:
            continue
        if isinstance(line, Assignment):
            environment[line.name] = line.value
            settings = tuple(environment.items())
        elif isinstance(line, Fault):
            yield Unreadable(document.location(number), "cron", line.reason)
        else:
            traps = (*line.traps, *of_file, *(("carriage-return",) if number in returns else ()))
            yield from _states(document, number, line, settings, traps)


def _states(
    document: Document,
    number: int,
    job: Job,
    settings: tuple[tuple[str, str], ...],
    traps: tuple[str, ...],
) -> Iterator[Fact | Embedded]:
    environment = dict(settings) if settings else {}
    zone = next((environment[name] for name in _ZONES if environment.get(name)), "")
    if zone:
        traps = (*traps, "zone-setting")
    part = command_text(job.command, number, job.column, job.user, environment.get("SHELL", ""))
    yield CronJob(
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
        environment=settings,
        zone=zone,
        stdin=job.stdin,
        traps=traps,
        script=document.embedded_id(part) if part else "",
    )
    if part:
        yield part


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
