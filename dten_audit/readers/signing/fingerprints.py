"""Finds SHA-256 fingerprints in text, however people write them: in groups, with colons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

_DIGITS: Final = 64
_SIZES: Final = frozenset((2, 4, 8, 16, 32, 64))
_GAP: Final = 40


@cache
def _token() -> re.Pattern[str]:
    return re.compile(r"[0-9A-Za-z]++")


@cache
def _group() -> re.Pattern[str]:
    return re.compile(r"[0-9A-Fa-f]++")


@cache
def _between() -> re.Pattern[str]:
    return re.compile(r"[\s:]{1,40}")


def fingerprints(text: str) -> Iterator[tuple[str, int]]:
    """Yield each SHA-256 of a text, in lower case, with the offset of its first digit.

    It is written as groups of one length (2, 4, 8, 16, 32 or all 64 digits) with nothing but
    blanks, line ends and colons between them. Linear in the length of the text.
    """
    groups: list[str] = []
    first = end = 0
    for match in _token().finditer(text):
        word = match[0]
        good = len(word) in _SIZES and _group().fullmatch(word) is not None
        near = match.start() - end <= _GAP and _between().fullmatch(text, end, match.start())
        if groups and not (good and near and len(word) == len(groups[0])):
            yield from _whole(groups, first)
            groups = []
        if good:
            if not groups:
                first = match.start()
            groups.append(word)
            if len(groups) * len(word) == _DIGITS:
                yield from _whole(groups, first)
                groups = []
        end = match.end()
    yield from _whole(groups, first)


def _whole(groups: list[str], first: int) -> Iterator[tuple[str, int]]:
    digits = "".join(groups).lower()
    if len(digits) == _DIGITS:
        yield digits, first
