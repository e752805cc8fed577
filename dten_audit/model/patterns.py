"""The subset of regular expressions that every engine here reads alike, in linear time."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_OUTSIDE: Final = re.compile(r"\(\?(?![:i)])|\\[1-9]|\(\?P=")


def check_pattern(pattern: str) -> None:
    """Raise ``ValueError`` where a pattern leaves the subset that every engine agrees on.

    No look-around, no back-references, no flags but a leading ``(?i)``.
    """
    if _OUTSIDE.search(pattern):
        message = "the pattern uses look-around, a back-reference or flags other than (?i)"
        raise ValueError(message)
    compiled(pattern)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern with ASCII classes. Raises ``ValueError`` where it is none."""
    try:
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        message = f"not a regular expression: {error}"
        raise ValueError(message) from None
