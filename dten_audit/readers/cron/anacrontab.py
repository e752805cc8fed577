"""Reads anacrontab(5): jobs by a period in days, a delay in minutes and a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import CronJob
from dten_audit.readers.cron.crontab import MAX_SETTINGS, command_text
from dten_audit.readers.cron.lines import read_assignment

PERIODS: Final[dict[str, int]] = {
    "@daily": 1, "@weekly": 7, "@monthly": 30, "@yearly": 365, "@annually": 365,
}  # fmt: skip
"""The period words of anacrontab(5) in days."""
_FIELDS: Final = 4


@cache
def _blank() -> re.Pattern[str]:
    return re.compile(r"[ \t]+")


def read(document: Document) -> Iterator[Fact | Embedded]:
    """State the jobs of an anacrontab, their commands as shell texts, and unreadable lines."""
    environment: dict[str, str] = {}
    for number, text in enumerate(document.text.split("\n"), start=1):
        body = text.strip(" \t")
        if not body or body[0] == "#":
            continue
        assignment = read_assignment(body) if "=" in body else None
        if assignment is not None:
            if len(environment) == MAX_SETTINGS and assignment.name not in environment:
                reason = f"more than {MAX_SETTINGS} settings"
                yield Unreadable(document.location(number), "cron", reason)
            else:
                environment[assignment.name] = assignment.value
            continue
        words = _blank().split(body, _FIELDS - 1)
        reason = _fault(words)
        if reason:
            yield Unreadable(document.location(number), "cron", reason)
            continue
        period, delay, name, command = words
        column = len(text.rstrip(" \t")) - len(command) + 1
        shell = environment.get("SHELL", "")
        part = command_text(command, number, column, "root", shell)
        yield CronJob(
            document.location(number),
            document.id,
            document.path,
            "anacrontab",
            period,
            "root",
            command,
            environment=tuple(environment.items()),
            name=name,
            delay=int(delay),
            script=document.embedded_id(part) if part else "",
        )
        if part:
            yield part


def _fault(words: list[str]) -> str:
    """Return what is wrong with a line's fields, an empty text where nothing is."""
    if len(words) < _FIELDS:
        return "fewer than four fields"
    if words[0] not in PERIODS and not _number(words[0]):
        return f"bad period {words[0][:40]}"
    return "" if _number(words[1]) else f"bad delay {words[1][:40]}"


def _number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < len("100000")
