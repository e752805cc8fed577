"""Reads jobs that programs give to schedulers of their own, by calls with literal arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.schedules import ScheduledEntry

_SCRIPT: Final = (b"cron", b"node-schedule", b"agenda", b"@nestjs/schedule", b"repeat")
_JAVA: Final = (b"@Scheduled", b"ronSchedule", b"ronExpression", b"CronTrigger")
_READERS: Final[dict[str, tuple[str, str, tuple[bytes, ...]]]] = {
    "python": (
        "python_jobs", "read", (b"chedul", b"CHEDUL", b"CRONJOBS", b"airflow", b"periodic_task"),
    ),
    "php": ("web_jobs", "read_php", (b"chedule->", b"chedule::", b"wp_schedule_event")),
    "javascript": ("web_jobs", "read_script", _SCRIPT),
    "typescript": ("web_jobs", "read_script", _SCRIPT),
    "ruby": ("web_jobs", "read_ruby", (b"every", b"Sidekiq::Cron", b"ufus")),
    "java": ("java_jobs", "read_java", _JAVA),
    "kotlin": ("java_jobs", "read_java", _JAVA),
    "groovy": ("java_jobs", "read_groovy", (b"cron", b"pollSCM", b"@Scheduled")),
    "csharp": ("java_jobs", "read_csharp", (b"RecurringJob", b"CronSchedule")),
    "go": ("java_jobs", "read_go", (b"robfig/cron",)),
}  # fmt: skip
"""By the kind of program: the reader, and words of which one must occur for it to be asked."""
_SECOND: Final = {
    "javascript": (
        rb"node-cron|node-schedule|[\"']cron[\"']|agenda|@nestjs/schedule|repeat[\"']?:|croner"
    ),
    "python": rb"(?i)beat_?schedule|CRONJOBS|apscheduler|airflow|periodic_task|\bschedule\.every",
}
"""Patterns that must occur as well, where the words are common ones."""
KINDS: Final = frozenset(_READERS)
_MOST: Final = 2_000
_GENERATED: Final = 1 << 20
"""A program of more bytes is a bundle of others' code."""


@cache
def _second(kind: str) -> re.Pattern[bytes]:
    return re.compile(_SECOND.get("javascript" if kind == "typescript" else kind, b""))


def fits(document: Document) -> bool:
    """Say whether a program speaks of a scheduler at all; nothing is parsed for it."""
    if document.host is not None or len(document.data) > _GENERATED:
        return False
    data = document.data
    words = any(word in data for word in _READERS[document.kind][2])
    return words and _second(document.kind).search(data) is not None


def read(document: Document) -> Iterator[ScheduledEntry]:
    """State the jobs of a program."""
    from dten_audit.readers.programs.program import Program

    module, function, _ = _READERS[document.kind]
    reader = getattr(import_module(f"{__package__}.{module}"), function)
    yield from islice(reader(Program(document)), _MOST)
