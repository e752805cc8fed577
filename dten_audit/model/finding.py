"""A finding: what a rule says of a fact, with everything a reader needs to act on it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.location import Location

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
Confidence = Literal["high", "medium", "low"]
Side = Literal["package", "site", "previous"]


class Related(NamedTuple):
    """A second place that belongs to the finding: the caller, the site's line, a repeat."""

    side: Side
    at: Location
    message: str


class Finding(NamedTuple):
    """One line of the verdict.

    ``certainty`` is ``unknown`` where a condition could not be settled; ``needs`` then names what
    would settle it. ``question`` is what to ask in that case. ``facts`` are the fact's own fields,
    ready for JSON. ``fingerprint`` holds no line number, offset or time.
    """

    rule: str
    name: str
    severity: Severity
    confidence: Confidence
    certainty: Literal["certain", "unknown"]
    needs: tuple[str, ...]
    message: str
    why: str
    fix: str
    question: str
    at: Location
    related: tuple[Related, ...]
    facts: dict[str, object]
    fingerprint: str = ""
    waived: dict[str, str] | None = None


def severity_rank(severity: Severity) -> int:
    """Return 0 for critical up to 4 for info."""
    return SEVERITIES.index(severity)
