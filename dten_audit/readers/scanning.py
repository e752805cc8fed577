"""Scans whole documents once: words that matter in scripts, silenced tools, encoded text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, Final, NamedTuple, cast

from dten_audit.documents.blobs import GATE, SCRIPTS, SOURCES
from dten_audit.documents.document import Document
from dten_audit.documents.kind_tables import words
from dten_audit.documents.text import line_at
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.mentions import Mention
from dten_audit.model.facts.suppressions import Suppression
from dten_audit.readers.gate import Trigger
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.words import bytes_of, places_of, words_of

_READ: Final = SOURCES | SCRIPTS | words("sql sudoers logrotate")
"""Kinds that are scanned although a reader has read them: comments are nothing to readers."""
_ENCODED: Final = "an encoded text"
_MOST: Final = 200
"""So many places of a marker are looked at before it counts as no comment."""
_LINE: Final = 400
_SHOWN: Final = 80


class Marker(NamedTuple):
    """How a comment to an auditing tool starts, and the word by which the gate finds it.

    A ``key`` stands outside of comments.
    """

    tool: str
    word: bytes
    pattern: bytes
    key: bool


class Scanner:
    """Finds in a document's bytes what a gate can find. It needs no reader for the language."""

    def __init__(self) -> None:
        self._topics = set(_topics())
        self._known = {trigger.topic for trigger in triggers()}

    def scan(self, document: Document, *, read: bool) -> tuple[list[Fact], bool]:
        """Return what a document states, and whether it may carry encoded text.

        ``read``: a reader has read it; then words that only matter in scripts are not told.
        """
        kind = document.kind
        if read and kind not in _READ:
            return [], False
        if self._known.isdisjoint(words_of(document)):
            return [], False
        data = bytes_of(document)
        hits = places_of(document, data, self._known)
        carries = hits.pop(_ENCODED, None) is not None
        facts: list[Fact] = []
        for topic, start in sorted(hits.items()):
            if topic not in self._topics:
                facts += _suppression(document, data, topic, start)
            elif not read:
                facts.append(Mention(document.location(line_at(data, start)), topic, kind))
        return facts, carries and kind in SOURCES


def _topics() -> dict[str, list[str]]:
    return cast("dict[str, list[str]]", knowledge("gate"))


def triggers() -> list[Trigger]:
    """Return what is looked for in every document."""
    return [
        *(Trigger(topic, text.encode()) for topic, texts in _topics().items() for text in texts),
        *(Trigger(marker.tool, re.escape(marker.word)) for marker in markers()),
        *(Trigger(_ENCODED, re.escape(word)) for word in GATE),
    ]


@from_tables
def markers() -> tuple[Marker, ...]:
    """Return how comments to auditing tools start."""
    rows = cast("dict[str, list[dict[str, Any]]]", knowledge("suppressions"))["markers"]
    return tuple(
        Marker(row["tool"], row["word"].encode(), row["pattern"].encode(), row.get("key", False))
        for row in rows
    )


@cache
def _opener() -> re.Pattern[bytes]:
    """Return the pattern of what opens a comment in a line, or goes on in one."""
    return re.compile(
        rb"(?:^|[\s;,(){}\[\]>])(?:#|//|/\*|<!--|\{\{!)|(?:^|\s)(?:--|;|REM|rem|::)\s|^\s*[*%]"
    )


def _suppression(document: Document, data: bytes, tool: str, start: int) -> Iterator[Suppression]:
    """Yield the first comment to a tool, from where the gate has seen its marker."""
    places = [place for marker in markers() if marker.tool == tool
              for place in islice(_places(data, marker, start), 1)]  # fmt: skip
    if places:
        at = min(places)
        end = data.find(b"\n", at, at + _SHOWN)
        text = data[at : end if end >= 0 else at + _SHOWN].decode("utf-8", "replace").strip()
        yield Suppression(document.location(line_at(data, at)), tool, text, document.kind)


def _places(data: bytes, marker: Marker, start: int) -> Iterator[int]:
    """Yield where a marker stands in a comment, or as a key."""
    line = data.rfind(b"\n", max(0, start - _LINE), start) + 1 or max(0, start - _LINE)
    for match in islice(re.compile(marker.pattern).finditer(data, line), _MOST):
        first = max(data.rfind(b"\n", 0, match.start()) + 1, match.start() - _LINE)
        if marker.key or _opener().search(data[first : match.start()]) is not None:
            yield match.start()
