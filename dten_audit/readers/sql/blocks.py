"""Which statements hold others (routines, triggers, PL/SQL blocks), and where they end."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql import lexicon

_REPLACE: Final = r"create\s++(?:or\s++(?:replace|alter)\s++)?"
_HEADS: Final[dict[Dialect, str]] = {
    "postgres": rf"{_REPLACE}(?:function|procedure|rule)\b",
    "mysql": rf"{_REPLACE}(?:definer\s*+=\s*+\S++\s++)?(?:aggregate\s++)?"
    r"(?:procedure|function|trigger|event)\b|begin\s++not\s++atomic\b",
    "sqlite": r"create\s++(?:temp(?:orary)?\s++)?trigger\b",
    "tsql": rf"(?:{_REPLACE}|alter\s++)(?:proc|procedure|function|trigger)\b",
    "oracle": rf"declare\b|begin\b|{_REPLACE}(?:(?:non)?editionable\s++)?"
    r"(?:procedure|function|package|trigger|type)\b",
    "generic": rf"{_REPLACE}(?:procedure|function|trigger|event)\b",
}
_HEAD_SIZE: Final = 400
_PACKAGE: Final = re.compile(
    rf"{_REPLACE}(?:(?:non)?editionable\s++)?(?:package|type)\b", re.IGNORECASE
)


_RULE: Final = re.compile(rf"{_REPLACE}rule\b", re.IGNORECASE)


@cache
def _head(dialect: Dialect) -> re.Pattern[str]:
    return re.compile(_HEADS[dialect], re.IGNORECASE)


@cache
def _edges(dialect: Dialect) -> re.Pattern[str]:
    string = lexicon.ESCAPED if dialect == "mysql" else lexicon.STANDARD
    begin = r"begin\s++atomic" if dialect == "postgres" else "begin"
    dollar = (
        r"|(?<![\w$])\$(\w*+)\$(?:[^$]|\$(?!\3\$))*+(?:\$\3\$|\Z)"
        if dialect in lexicon.DOLLARS
        else ""
    )
    return re.compile(
        rf"{string}|{lexicon.DOUBLE}|{lexicon.BACKTICK}|--[^\n]*+"
        rf"|/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/|\Z)"
        rf"|\b({begin}|case|end)\b(?:\s++(if|loop|while|repeat|for|case)\b)?+|[()]{dollar}",
        re.IGNORECASE,
    )


def opens_block(text: str, start: int, dialect: Dialect) -> bool:
    """Say whether the statement at ``start`` may hold terminators of its own."""
    return _head(dialect).match(text, start, start + _HEAD_SIZE) is not None


class BlockDepth:
    """Counts BEGIN, CASE and END of one statement as far as it has been seen.

    The actions of ``CREATE RULE`` stand in parentheses, which are counted instead.
    """

    __slots__ = ("_begun", "_depth", "_dialect", "_in_parentheses", "_position", "_text")

    def __init__(self, text: str, start: int, dialect: Dialect) -> None:
        self._text = text
        self._dialect = dialect
        self._position = start
        self._in_parentheses = dialect == "postgres" and bool(
            _RULE.match(text, start, start + _HEAD_SIZE)
        )
        package = dialect == "oracle" and _PACKAGE.match(text, start, start + _HEAD_SIZE)
        self._depth = 1 if package else 0
        self._begun = bool(package)

    def ends_at(self, terminator: int) -> bool:
        """Say whether a terminator at this offset ends the statement. Offsets must grow."""
        for edge in _edges(self._dialect).finditer(self._text, self._position, terminator):
            word = (edge[1] or "").lower()
            if self._in_parentheses:
                self._depth += (edge.group() == "(") - (edge.group() == ")")
            elif word.startswith("begin"):
                self._depth += 1
                self._begun = True
            elif word == "case" and self._begun:
                self._depth += 1
            elif word == "end" and self._depth and (edge[2] or "case").lower() == "case":
                self._depth -= 1
        self._position = terminator
        return self._depth == 0 and (self._begun or self._dialect != "oracle")
