"""Reads Java properties as ``java.util.Properties.load`` does: escapes, continued lines, blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.readers.config.keys import Broken, Setting, sound

_BLANK: Final = " \t\f"
_LETTERS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


@cache
def _key() -> re.Pattern[str]:
    """The key, up to the first separator that is not escaped; then the separator."""
    return re.compile(r"((?:[^\\=: \t\f]|\\.)*+)[ \t\f]*+[=:]?[ \t\f]*+", re.DOTALL)


@cache
def _escape() -> re.Pattern[str]:
    return re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)


@cache
def _bad_escape() -> re.Pattern[str]:
    return re.compile(r"\\(?:\\|[^u\\]|u[0-9A-Fa-f]{4}|(u))")


def scan(text: str) -> Iterator[Setting | Broken]:
    """Yield the keys of a text."""
    for line, column, logical in _logical_lines(text):
        bad = next((m for m in _bad_escape().finditer(logical) if m[1]), None)
        if bad is not None:
            yield Broken(line, "a \\u escape has no four hexadecimal digits")
        match = _key().match(logical)
        if match is None or not logical:
            continue
        yield Setting(line, column, "", _plain(match[1]), _plain(logical[match.end() :]))


def _logical_lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and text of each line, continued lines joined, comments left out."""
    parts: list[str] = []
    start, column = 0, 1
    for number, line in enumerate(text.split("\n"), 1):
        rest = line.lstrip(_BLANK)
        if not parts:
            if not rest or rest[0] in "#!":
                continue
            start, column = number, len(line) - len(rest) + 1
        backslashes = len(rest) - len(rest.rstrip("\\"))
        if backslashes % 2:
            parts.append(rest[:-1])
            continue
        parts.append(rest)
        yield start, column, "".join(parts)
        parts = []
    if parts:
        yield start, column, "".join(parts)


def _plain(text: str) -> str:
    if "\\" not in text:
        return text

    def letter(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else _LETTERS.get(match[2], match[2])

    return sound(_escape().sub(letter, text))
