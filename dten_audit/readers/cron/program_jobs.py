"""Reads jobs that programs give to schedulers of their own, by calls with literal arguments."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.schedules import ScheduledEntry
from dten_audit.readers.gate import Trigger
from dten_audit.readers.words import words_of

_SCRIPT: Final = (
    rb"node-cron|node-schedule|[\"']cron[\"']|agenda|@nestjs/schedule|croner"
    rb"|repeat[\"']?\s*:\s*\{[^}]*\b(?:cron|pattern)\b"
)
_JAVA: Final = rb"@Scheduled|[cC]ronSchedule|[cC]ronExpression|CronTrigger"
_PYTHON: Final = rb"(?i)beat_?schedule|CRONJOBS|apscheduler|airflow|periodic_task|\bschedule\.every"
_READERS: Final[dict[str, tuple[str, str, bytes]]] = {
    "python": ("python_jobs", "read", _PYTHON),
    "php": ("web_jobs", "read_php", rb"(?i)schedule(?:->|::)|wp_schedule_event"),
    "javascript": ("web_jobs", "read_script", _SCRIPT),
    "typescript": ("web_jobs", "read_script", _SCRIPT),
    "ruby": ("web_jobs", "read_ruby", rb"\bevery\b|Sidekiq::Cron|[Rr]ufus"),
    "java": ("java_jobs", "read_java", _JAVA),
    "kotlin": ("java_jobs", "read_java", _JAVA),
    "groovy": ("java_jobs", "read_groovy", rb"\bcron\b|pollSCM|@Scheduled"),
    "csharp": ("java_jobs", "read_csharp", rb"RecurringJob|CronSchedule"),
    "go": ("java_jobs", "read_go", rb"robfig/cron"),
}
"""By the kind of program: the reader, and words of which one must occur for it to be asked."""
KINDS: Final = frozenset(_READERS)
_MOST: Final = 2_000
_GENERATED: Final = 1 << 20
"""A program of more bytes is a bundle of others' code."""


def triggers() -> list[Trigger]:
    """Return the words of which one must occur in a program of each kind."""
    return [
        Trigger(_topic(kind), words, frozenset((kind,))) for kind, (_, _, words) in _READERS.items()
    ]


def _topic(kind: str) -> str:
    return f"program-schedules {kind}"


def fits(document: Document) -> bool:
    """Say whether a program speaks of a scheduler at all; nothing is parsed for it."""
    if document.host is not None or len(document.data) > _GENERATED:
        return False
    return _topic(document.kind) in words_of(document)


def read(document: Document) -> Iterator[ScheduledEntry]:
    """State the jobs of a program."""
    from dten_audit.readers.programs.program import Program

    module, function, _ = _READERS[document.kind]
    reader = getattr(import_module(f"{__package__}.{module}"), function)
    yield from islice(reader(Program(document)), _MOST)
