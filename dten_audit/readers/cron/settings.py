"""Reads settings that hold the times of Java's schedulers: application.yml and .properties."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, cast

from dten_audit.documents.document import Document
from dten_audit.model.facts.schedules import Notation, ScheduledEntry
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.cron.stating import java_notation, looks_like_cron
from dten_audit.readers.manifests.manifest import Manifest, fields

_FEWEST: Final = 6
_MOST: Final = 5_000
_DEPTH: Final = 20


@cache
def _line() -> re.Pattern[str]:
    return re.compile(
        r"^[ \t]*+(?![#!])(?P<key>[^\s:=]{1,200})[ \t]*+[:=][ \t]*+(?P<value>[^\n]{9,120})$",
        re.MULTILINE,
    )


@cache
def _named() -> re.Pattern[str]:
    return re.compile(r"(?i)cron|schedul|quartz|trigger")


def read_yaml(manifest: Manifest) -> Iterator[ScheduledEntry]:
    """State the settings whose key speaks of cron and whose value has six or seven fields."""
    for root in manifest.roots:
        yield from _below(manifest, root, "", _DEPTH)


def _below(manifest: Manifest, node: Node, key: str, depth: int) -> Iterator[ScheduledEntry]:
    for name, value in fields(node).items() if depth else ():
        path = f"{key}.{name}" if key else name
        if value.kind == "scalar":
            text = manifest.text(value)
            if _named().search(path) and looks_like_cron(text, _FEWEST):
                yield _entry(manifest.document, manifest.at(value).line or 1, path, text)
        else:
            yield from _below(manifest, value, path, depth - 1)


def read_properties(document: Document) -> Iterator[ScheduledEntry]:
    """State the same of a .properties file."""
    text = document.text
    if "*" not in text and "?" not in text:
        return
    for match in _line().finditer(text):
        value = match["value"].strip().replace("\\:", ":")
        if looks_like_cron(value, _FEWEST) and _named().search(match["key"]):
            line = document.index.position(match.start("key"))[0]
            yield _entry(document, line, match["key"], value)


def _entry(document: Document, line: int, key: str, text: str) -> ScheduledEntry:
    notation = cast("Notation", java_notation(text))
    return ScheduledEntry(document.location(line), document.id, notation, notation, text, key)
