"""Reads logrotate(8) configuration as far as it says which files are rotated."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.schedules import LogRotation
from dten_audit.model.location import Location

_SCRIPTS = frozenset("prerotate postrotate firstaction lastaction preremove".split())


def read(document: Document) -> Iterator[LogRotation | Unreadable]:
    """State each block of the file with the path patterns in front of its brace."""
    waiting: list[str] = []
    start: Location | None = None
    inside = script = False
    for number, text in enumerate(document.text.split("\n"), start=1):
        line = text.strip()
        if script:
            script = line != "endscript"
        elif inside:
            script = line.partition(" ")[0] in _SCRIPTS
            inside = not line.startswith("}")
        elif line and line[0] != "#":
            head, brace, _ = line.partition("{")
            if waiting or brace or line[0] in "/\"'":
                start = start or document.location(number)
                waiting += _words(head)
            if brace and start is not None:
                yield LogRotation(start, tuple(waiting))
                waiting, start, inside = [], None, not line.endswith("}")
    if waiting or inside:
        yield Unreadable(start or document.location(1), "logrotate", "a block without its end")


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
