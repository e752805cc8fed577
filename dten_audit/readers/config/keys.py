"""What all readers of configuration share: bounds, templated values, and how a key is stated."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Certainty, Fact
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.config.templates import conditional_lines, decides

MAX_KEYS: Final = 20_000
"""More keys than that are data, not configuration; the rest is said to be unread."""
MAX_BROKEN: Final = 10
"""After so many lines that cannot be read, no further one is named."""
MAX_DEPTH: Final = 100
MAX_VALUE: Final = 500
MAX_PATH: Final = 1_000
"""Longest dotted key: a hostile file nests long labels in long labels."""


class Setting(NamedTuple):
    """A key at a 1-based line and column of a document's text."""

    line: int
    column: int
    section: str
    key: str
    value: str
    computed: bool = False


class Broken(NamedTuple):
    """Where a text stops being readable, and why."""

    line: int
    reason: str


@cache
def _template() -> re.Pattern[str]:
    return re.compile(r"\$\{|\{\{|\{%|<%|%\{|(?:^|[^\w@])@[A-Za-z_][\w.]{1,60}@")


def is_template(text: str) -> bool:
    """Say whether a value or key is filled in later (shell, Jinja, ERB, Puppet, autoconf)."""
    return _template().search(text) is not None


def joined(path: str, label: str) -> str:
    """Return ``path`` with one more label (or ``[0]``), bounded."""
    if len(path) >= MAX_PATH:
        return path
    whole = f"{path}{label}" if label[:1] == "[" or not path else f"{path}.{label}"
    return whole[:MAX_PATH]


def sound(text: str) -> str:
    """Return text without lone surrogates, which no output can encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class Ranges:
    """Lines under conditions of a template; with ``versions``, of those about one only."""

    def __init__(self, text: str, *, versions: bool = False) -> None:
        self._ranges = conditional_lines(text, versions=versions)
        self._firsts = [first for first, _ in self._ranges]

    def __contains__(self, line: int) -> bool:
        place = bisect_right(self._firsts, line)
        return place > 0 and line <= self._ranges[place - 1][1]


def stated(
    document: Document, kind: str, found: Iterable[Setting | Broken | Embedded]
) -> Iterator[Fact | Embedded]:
    """State what a format's scanner found, up to the bounds."""
    count = broken = 0
    conditions, versions = Ranges(document.text), Ranges(document.text, versions=True)
    for item in found:
        if isinstance(item, Embedded):
            yield item
            continue
        if isinstance(item, Broken):
            broken += 1
            if broken > MAX_BROKEN:
                continue
            open_yet: Certainty = "computed" if decides(document.text) else "exact"
            yield Unreadable(document.location(item.line), kind, item.reason, open_yet)
            continue
        count += 1
        if count > MAX_KEYS:
            yield Unreadable(document.location(item.line), kind, f"more than {MAX_KEYS} keys")
            return
        value = sound(item.value[:MAX_VALUE])
        key = sound(item.key[:MAX_PATH])
        computed = item.computed or is_template(value) or is_template(key)
        certainty: Certainty = "computed" if computed else "exact"
        yield ConfigKey(
            document.location(item.line, item.column),
            kind,
            document.path,
            sound(item.section[:MAX_PATH]),
            key,
            value,
            certainty,
            condition="version"
            if item.line in versions
            else "other"
            if item.line in conditions
            else "",
        )
