"""Reads schedules in Terraform: the blocks that name a resource, and their plain attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple, cast

from dten_audit.documents.document import Document
from dten_audit.model.facts.schedules import Notation, Overlap, ScheduledEntry
from dten_audit.model.unknown import Unknown
from dten_audit.readers.cron.stating import negated, switched

_MAX_BLOCK: Final = 20_000
_MAX_DEPTH: Final = 50


class Kind(NamedTuple):
    """A type of resource: who runs it, its notation, and where its times and its zone stand."""

    scheduler: str
    notation: Notation
    times: str
    zone: str = ""


_KINDS: Final[dict[str, Kind]] = {
    "aws_cloudwatch_event_rule": Kind("eventbridge", "eventbridge", "schedule_expression"),
    "aws_scheduler_schedule": Kind(
        "eventbridge-scheduler", "eventbridge", "schedule_expression",
        "schedule_expression_timezone",
    ),
    "google_cloud_scheduler_job": Kind("cloud-scheduler", "unix", "schedule", "time_zone"),
    "kubernetes_cron_job": Kind("kubernetes", "kubernetes", "schedule", "timezone"),
    "kubernetes_cron_job_v1": Kind("kubernetes", "kubernetes", "schedule", "timezone"),
}  # fmt: skip


@cache
def _resource() -> re.Pattern[str]:
    kinds = "|".join(_KINDS)
    return re.compile(
        rf'^[ \t]*+resource[ \t]++"({kinds})"[ \t]++"([^"\n]{{1,200}})"[ \t]*+\{{', re.MULTILINE
    )


@cache
def _token() -> re.Pattern[str]:
    """Return the pattern of what matters inside a block: texts, comments, braces, attributes."""
    return re.compile(
        r"(?P<comment>#[^\n]*+|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)"
        r'|(?P<key>[A-Za-z_]\w*+)[ \t]*+=[ \t]*+(?P<value>"(?:[^"\\\n]|\\.)*+"|[\w.]++)'
        r'|"(?:[^"\\\n]|\\.)*+"|(?P<open>[{\[(])|(?P<close>[}\])])'
    )


def fits(document: Document) -> bool:
    """Say whether a text is Terraform with a resource that runs by itself."""
    if not document.path.endswith((".tf", ".tofu")):
        return False
    return b"schedule" in document.data and b"resource" in document.data


def read(document: Document) -> Iterator[ScheduledEntry]:
    """State the scheduled resources of a Terraform file."""
    text = document.text
    for match in _resource().finditer(text):
        kind = _KINDS[match[1]]
        attributes = _attributes(text, match.end())
        if kind.times in attributes:
            yield _entry(document, kind, match[2], attributes)


class Value(NamedTuple):
    """An attribute's value as written, without its quotes; computed where it is no plain text."""

    text: str
    offset: int
    computed: bool


def _attributes(text: str, start: int) -> dict[str, Value]:
    """Return the plain attributes of a block, those of blocks inside it behind its own."""
    found: dict[str, Value] = {}
    depth = 1
    for match in _token().finditer(text, start, min(len(text), start + _MAX_BLOCK)):
        if match["open"]:
            depth += 1
        elif match["close"]:
            depth -= 1
        elif match["key"]:
            value = match["value"]
            quoted = value.startswith('"')
            plain = value[1:-1].replace('\\"', '"') if quoted else value
            computed = "${" in plain or "%{" in plain or (not quoted and not _literal(value))
            found.setdefault(match["key"], Value(plain, match.start("value"), computed))
        if not depth or depth > _MAX_DEPTH:
            break
    return found


def _literal(value: str) -> bool:
    return value in ("true", "false", "null") or value.replace(".", "").isdecimal()


def _entry(
    document: Document, kind: Kind, name: str, attributes: dict[str, Value]
) -> ScheduledEntry:
    when = attributes[kind.times]
    title = attributes.get("name")
    zone = attributes.get(kind.zone)
    policy = _text(attributes, "concurrency_policy").lower()
    return ScheduledEntry(
        document.location_at(when.offset),
        document.id,
        kind.scheduler,
        kind.notation,
        when.text,
        title.text if title and not title.computed else name,
        _text(attributes, "uri"),
        zone=zone.text if zone and not zone.computed else "",
        enabled=_enabled(attributes),
        overlap=cast("Overlap", policy) if policy in ("allow", "forbid", "replace") else "",
        catches_up="starting_deadline_seconds" in attributes,
        certainty="computed" if when.computed else "exact",
    )


def _text(attributes: dict[str, Value], key: str) -> str:
    value = attributes.get(key)
    return value.text if value and not value.computed else ""


def _enabled(attributes: dict[str, Value]) -> bool | Unknown:
    state = _text(attributes, "state").upper()
    if state:
        return state != "DISABLED"
    for key in ("suspend", "paused"):
        if key in attributes:
            return negated(switched(attributes[key].text, default=False))
    enabled = attributes.get("is_enabled")
    return switched(enabled.text, default=True) if enabled else True
