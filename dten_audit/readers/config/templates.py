"""Hides template expressions (Jinja, Go, ERB) from a parser that would trip over them."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_MARK: Final = "\ue000"
_FILL: Final = "\uf8ff"
_DIGIT: Final = 0xE100
_BASE: Final = 4096
_SHORTEST: Final = 4
_MARKS: Final = ("{{", "{%", "<%", "{#")


@cache
def _expression() -> re.Pattern[str]:
    return re.compile(
        r"\{\{[^{}\n]*+\}\}|\{%(?:[^%{}\n]|%(?!\}))*+%\}|<%(?:[^%<\n]|%(?!>)|<(?!%))*+%>"
        r"|\{#(?:[^#{}\n]|#(?!\}))*+#\}"
    )


@cache
def _hidden() -> re.Pattern[str]:
    return re.compile(f"{_MARK}([\ue100-\uf0ff])([\ue100-\uf0ff]){_FILL}*+")


def has_templates(text: str) -> bool:
    """Say whether a text may hold template expressions."""
    return any(mark in text for mark in _MARKS)


def hide(text: str) -> tuple[str, list[str]]:
    """Replace each expression by a word of the same length; a line of nothing else becomes blank.

    Returns the text and the expressions, for ``restore``.
    """
    found: list[str] = []

    def word(match: re.Match[str]) -> str:
        number = len(found)
        if number >= _BASE * _BASE:
            return match[0]
        found.append(match[0])
        high, low = divmod(number, _BASE)
        head = _MARK + chr(_DIGIT + high) + chr(_DIGIT + low)
        return head + _FILL * (len(match[0]) - len(head))

    hidden = _expression().sub(word, text)
    if not found:
        return text, found
    return "\n".join(map(_blanked, hidden.split("\n"))), found


def _blanked(line: str) -> str:
    """Return an empty line where only expressions stand on it: they decide, they set nothing."""
    rest = line.strip()
    return "" if rest.startswith(_MARK) and not _hidden().sub("", rest).strip() else line


def restore(text: str, found: list[str]) -> str:
    """Put the expressions back."""

    def expression(match: re.Match[str]) -> str:
        number = (ord(match[1]) - _DIGIT) * _BASE + ord(match[2]) - _DIGIT
        return found[number] if number < len(found) else match[0]

    return _hidden().sub(expression, text) if _MARK in text else text
