"""Finds the parameters of a cmdlet among its words: PowerShell takes any unambiguous start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Text(Protocol):
    """Anything with a text: a value or a word."""

    @property
    def text(self) -> str:
        """The text."""


T = TypeVar("T", bound=Text)
_SWITCHES = frozenset(
    "force passthru wait nonewwindow whatif confirm verbose append nonewline recurse asjob"
    " noclobber usenewenvironment daily weekly once atstartup atlogon debug raw".split()
)


def _is_parameter(word: Text) -> bool:
    text = word.text
    plain = text[:1] == "-" and text[1:2].isalpha() and " " not in text
    return plain and not getattr(word, "quoted", False)


def parameter(words: Sequence[T], name: str, others: Sequence[str] = ()) -> T | None:
    """Return the value of ``-name``, or of its unambiguous start; a switch is its own value."""
    for number, word in enumerate(words):
        text = word.text
        if text[:1] != "-" or len(text) < 2:  # noqa: PLR2004 - a dash and a letter
            continue
        key = text[1:].rstrip(":").lower()
        if key == name or key in others or (len(key) > 2 and name.startswith(key)):  # noqa: PLR2004
            value = words[number + 1] if number + 1 < len(words) else None
            if value is None or _is_parameter(value):
                return word
            return value
    return None


def positional(words: Sequence[T], number: int) -> T | None:
    """Return the argument at a place among those without a parameter's name; 0 is the first."""
    count, skip = 0, False
    for word in words[1:]:
        if _is_parameter(word):
            skip = word.text[1:].lower() not in _SWITCHES
            continue
        if skip:
            skip = False
            continue
        if count == number:
            return word
        count += 1
    return None
