"""Reads which rights a program for Windows asks for: its manifest, as a file or inside it.

Source: "Application manifests", element requestedExecutionLevel (learn.microsoft.com).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.documents.text import line_at
from dten_audit.model.facts.windows import Elevation

_KEY: Final = b"requestedExecutionLevel"
_NEAR: Final = 400


@cache
def _level() -> re.Pattern[bytes]:
    return re.compile(rb"""\blevel\s{0,9}=\s{0,9}["'](requireAdministrator|highestAvailable)["']""")


def read(document: Document) -> Iterator[Elevation]:
    """State that a program asks for an administrator's rights whenever it starts."""
    if document.host is not None:
        return
    data = document.data
    at = data.find(_KEY)
    seen = 0
    while at >= 0 and seen < _NEAR:
        match = _level().match(data, at + len(_KEY)) or _level().search(
            data, at, min(at + _NEAR, _end(data, at))
        )
        if match is not None and not _in_comment(data, at):
            level = match[1].decode()
            place = (
                document.whole(at)
                if document.kind == "pe"
                else document.location(line_at(data, at))
            )
            yield Elevation(place, document.id, "manifest", document.name, level=level)
            return
        at = data.find(_KEY, at + 1)
        seen += 1


def _end(data: bytes, at: int) -> int:
    end = data.find(b">", at, at + _NEAR)
    return end if end >= 0 else at + _NEAR


def _in_comment(data: bytes, at: int) -> bool:
    """Say whether a place stands in a comment: the templates of Visual Studio show all levels."""
    opened = data.rfind(b"<!--", max(0, at - 4000), at)
    return opened >= 0 and data.find(b"-->", opened, at) < 0
