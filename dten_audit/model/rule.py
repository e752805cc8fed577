"""A rule as its file states it: which fact it judges, when, how bad it is, what to say."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.finding import Confidence, Severity


class SeverityCase(NamedTuple):
    """``severity`` holds where ``when`` (plain condition data, empty: always) is true."""

    when: dict[str, object]
    severity: Severity


class Rule(NamedTuple):
    """A rule, validated.

    ``when`` is plain condition data; ``judge/conditions.py`` compiles it. ``when_unknown`` is what
    an unsettled condition is worth, None to say nothing. ``repeat`` is what to say of each further
    place of a bundle; without it, the places alone are listed. ``related`` maps a field that holds
    places to what to say of them. ``examples`` are ("bad" or "good", examples). ``source`` is the
    rule's file.
    """

    id: str
    name: str
    title: str
    fact: str
    when: dict[str, object]
    severity: tuple[SeverityCase, ...]
    when_unknown: Severity | None
    message: str
    why: str
    fix: str
    question: str = ""
    repeat: str = ""
    confidence: Confidence = "high"
    supersedes: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    related: tuple[tuple[str, str], ...] = ()
    references: tuple[str, ...] = ()
    examples: tuple[tuple[str, tuple[dict[str, object], ...]], ...] = ()
    source: str = ""

    @property
    def family(self) -> str:
        """The letters of the id (``CRON``)."""
        return self.id.rstrip("0123456789")


class RuleError(ValueError):
    """A rule that cannot be used: where, and what to do about it."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason
