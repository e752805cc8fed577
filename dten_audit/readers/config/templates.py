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


def decides(text: str) -> bool:
    """Say whether tags of a template choose what the text will hold; until then it is in none."""
    return has_templates(text) and _tag().search(text) is not None


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


@cache
def _tag() -> re.Pattern[str]:
    """A tag that opens or ends something: of Jinja and Twig, of ERB, of Go's templates."""
    return re.compile(
        r"\{%[-+]?\s*+(?P<jinja>if|elif|elseif|endif)\b"
        r"|<%-?\s*+(?P<erb>if|elsif|unless|case|when|end)\b|<%[^%\n]{0,400}?\b(?P<do>do)\b[^%\n]{0,80}%>"
        r"|\{\{-?\s*+(?P<go>if|else\s++if|range|with|define|block|end)\b"
    )


@cache
def _version() -> re.Pattern[str]:
    return re.compile(
        r"(?i)version|semver|major(?![a-z])|codename|lsb_release|distribution_release"
        r"|(?:^|[^a-z])ver(?:$|[^a-z])|(?:java|jdk|pg|php|py|os|my)_?ver\b"
    )


def asks_version(test: str) -> bool:
    """Say whether a test of a template or a script is about a version, by its words."""
    return _version().search(test) is not None


_LONGEST_TAG: Final = 400
_CONDITIONS: Final = frozenset(("if", "unless", "case"))
_BRANCHES: Final = frozenset(("elif", "elseif", "elsif", "else", "when"))
_ENDS: Final = frozenset(("endif", "end"))
_CLOSING: Final = re.compile(r"%\}|\}\}|%>|\n")


def conditional_lines(text: str, *, versions: bool = False) -> list[tuple[int, int]]:
    """Return the lines that stand under a condition of the template: first and last, in order.

    Which of them a file will hold is known only when it is filled in. A condition within one line
    makes its value computed, and no line conditional. With ``versions``, only conditions about one
    count, from the branch on that names it.
    """
    found: list[tuple[int, int]] = []
    waiting: list[tuple[bool, int]] = []
    line, offset, deciding = 1, 0, 0
    for match in _tag().finditer(text) if has_templates(text) else ():
        line += text.count("\n", offset, match.start())
        offset = match.start()
        verb = match[match.lastgroup or 0].partition(" ")[0]
        if verb in _ENDS:
            if waiting:
                decides, first = waiting.pop()
                deciding -= decides
                if decides and first < line and not deciding:
                    found.append((first, line))
            continue
        tag = _CLOSING.split(text[offset : offset + _LONGEST_TAG], maxsplit=1)[0]
        decides = not versions or asks_version(tag)
        if verb not in _BRANCHES:
            decides = decides and verb in _CONDITIONS
            waiting.append((decides, line))
            deciding += decides
        elif waiting and decides and not waiting[-1][0]:
            waiting[-1] = True, line
            deciding += 1
    open_ended = next((first for decides, first in waiting if decides), None)
    return found if open_ended is None else [*found, (open_ended, line + text.count("\n", offset))]


@cache
def _long_expression() -> re.Pattern[str]:
    return re.compile(r"\{\{[^{}\n]*+\n[^{}]*+\}\}")


def without_long_expressions(text: str) -> str:
    """Return a text without the expressions that take several lines, every line in its place.

    What they hand to a function (``{{ wrapped('Require all granted', …) }}``) sets nothing here.
    """
    if "{{" not in text:
        return text
    return _long_expression().sub(lambda match: "\n" * match[0].count("\n"), text)


def restore(text: str, found: list[str]) -> str:
    """Put the expressions back."""

    def expression(match: re.Match[str]) -> str:
        number = (ord(match[1]) - _DIGIT) * _BASE + ord(match[2]) - _DIGIT
        return found[number] if number < len(found) else match[0]

    return _hidden().sub(expression, text) if _MARK in text else text
