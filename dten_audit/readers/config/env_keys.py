"""Reads environment files: ``KEY=value``, ``export KEY=value``, quotes that may span lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.readers.config.keys import Broken, Setting

_ESCAPED: Final = re.compile(r"\\([\\\"$`])")

_LOOK: Final = 300


@cache
def _assignment() -> re.Pattern[str]:
    return re.compile(
        r"[ \t]*+(?:export[ \t]++|set[ \t]++)?([A-Za-z_][A-Za-z0-9_.-]*+)[ \t]*+=[ \t]*+"
    )


@cache
def _computed() -> re.Pattern[str]:
    return re.compile(r"\$[A-Za-z_{(]|`")


def scan(text: str) -> Iterator[Setting | Broken]:
    """Yield the variables that a text sets; the first line that is something else is said."""
    match_at, offset, line, size = _assignment().match, 0, 1, len(text)
    open_ended: set[str] = set()
    said = False
    while offset < size:
        end = text.find("\n", offset)
        end = size if end < 0 else end
        match = match_at(text, offset, end)
        if match is None:
            rest = text[offset : min(end, offset + _LOOK)].strip()
            if rest and not rest.startswith(("#", "export ", "unset ", "set ")) and not said:
                said = True
                yield Broken(line, "a line that sets no variable")
            offset, line = end + 1, line + 1
            continue
        value, stop, computed = _value(text, match.end(), end, open_ended)
        yield Setting(line, match.start(1) - offset + 1, "", match[1], value, computed)
        end = text.find("\n", stop)
        end = size if end < 0 else end
        line += text.count("\n", offset, end) + 1
        offset = end + 1


def _value(text: str, start: int, end: int, open_ended: set[str]) -> tuple[str, int, bool]:
    """Return a value, where it ends, and whether it is computed.

    A quote that nothing closes is text; ``open_ended`` remembers that, so that no file is searched
    twice for the same one.
    """
    quote = text[start : start + 1]
    if quote in ('"', "'") and quote not in open_ended:
        close = _closing(text, start + 1, quote)
        if close >= 0:
            inner = text[start + 1 : close]
            if quote == "'":
                return inner, close + 1, False
            return _ESCAPED.sub(r"\1", inner), close + 1, _computed().search(inner) is not None
        open_ended.add(quote)
    raw = text[start:end]
    cut = raw.find(" #")
    raw = (raw if cut < 0 else raw[:cut]).rstrip()
    return raw, end, _computed().search(raw) is not None


def _closing(text: str, start: int, quote: str) -> int:
    """Return where the quote closes, -1 if it never does; a backslash guards a double quote."""
    at = text.find(quote, start)
    while at > start and quote == '"' and _escaped(text, at):
        at = text.find(quote, at + 1)
    return at


def _escaped(text: str, at: int) -> bool:
    """Say whether an odd number of backslashes stands before ``at``."""
    count = 0
    while at - count > 0 and text[at - count - 1] == "\\":
        count += 1
    return count % 2 == 1
