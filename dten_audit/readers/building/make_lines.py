"""Splits a makefile into variables, rules and recipe lines.

Source: GNU make manual 4.4, "Writing Makefiles", "Recipe Syntax", "The Two Flavors of Variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_ASSIGN: Final = re.compile(
    r"(?:(?:override|export|private)[ ]++)*+([^\s:#=?+!]++)[ \t]*+(::?:?=|[?+!]?=)([^\n]*+)"
)
_DIRECTIVE: Final = re.compile(
    r"(?:ifeq|ifneq|ifdef|ifndef|else|endif|include|-include|sinclude|vpath|unexport|export|undefine"
    r"|define|endef|load)(?=\s|\(|\Z)"
)
_DEFINE: Final = re.compile(r"(?:override[ ]++)?define[ \t]++(\S++)[ \t]*+([?+:!]*=)?")
_CONDITIONAL: Final = re.compile(r"\s*(?:ifeq|ifneq|ifdef|ifndef|else|endif)(?=\s|\(|\Z)")


class Assignment(NamedTuple):
    """``name operator value``; ``operator`` is ``=``, ``:=``, ``?=``, ``+=`` or ``!=``."""

    name: str
    operator: str
    value: str
    line: int


class RecipeLine(NamedTuple):
    """A line of a recipe: its physical lines with their numbers, the prefix taken away."""

    parts: tuple[tuple[int, str], ...]


class Rule(NamedTuple):
    """A rule: its targets as written, and its recipe."""

    targets: str
    line: int
    recipe: list[RecipeLine]


def statements(text: str) -> Iterator[Assignment | Rule]:
    """Yield the assignments and rules of a makefile; a rule when its recipe has ended."""
    return _Splitter(text).statements()


class _Splitter:
    """Goes through the lines; ``at`` is the index of the next one."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.at = 0
        self.prefix = "\t"
        self.rule: Rule | None = None

    def statements(self) -> Iterator[Assignment | Rule]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if self.rule is not None and line.startswith(self.prefix):
                parts = self._logical(recipe=True)
                self.rule.recipe.append(RecipeLine(tuple(parts)))
                continue
            yield from self._statement()
        if self.rule is not None:
            yield self.rule

    def _statement(self) -> Iterator[Assignment | Rule]:
        """Read what is no recipe line."""
        number = self.at + 1
        parts = self._logical(recipe=False)
        text = " ".join(part.strip() for _, part in parts)
        bare = _without_comment(text).strip()
        if not bare:
            return
        define = _DEFINE.match(bare)
        if define is not None:
            yield Assignment(define[1], define[2] or "=", self._defined(), number)
            return
        assignment = _ASSIGN.match(bare)
        if assignment is not None:
            name, operator, value = assignment.groups()
            if name == ".RECIPEPREFIX":
                self.prefix = value.strip()[:1] or "\t"
            yield Assignment(name, operator.lstrip(":") and operator, value.strip(), number)
            return
        if _DIRECTIVE.match(bare) or ":" not in bare:
            return
        if self.rule is not None:
            yield self.rule
        head, _, recipe = _split(bare)
        targets, _, rest = head.partition(":")
        local = _ASSIGN.match(rest.lstrip(": \t"))
        if local is not None and not recipe:
            self.rule = None
            return
        self.rule = Rule(targets.strip(), number, [])
        if recipe.strip():
            self.rule.recipe.append(RecipeLine(((number, recipe.strip()),)))

    def _logical(self, *, recipe: bool) -> list[tuple[int, str]]:
        """Take a line with its continuations; a recipe keeps its backslashes for the shell."""
        parts: list[tuple[int, str]] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if recipe:
                line = line.removeprefix(self.prefix)
            backslashes = len(line) - len(line.rstrip("\\"))
            goes_on = backslashes % 2 == 1
            parts.append((self.at, line[:-1] if goes_on else line))
            if not goes_on:
                break
        return parts

    def _defined(self) -> str:
        """Take the lines of a ``define`` up to its ``endef``."""
        found: list[str] = []
        depth = 1
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            word = line.split(maxsplit=1)[:1]
            depth += (word == ["define"]) - (word == ["endef"])
            if not depth:
                break
            found.append(line)
        return "\n".join(found)


def is_conditional(text: str) -> bool:
    """Say whether a line is a conditional directive."""
    return _CONDITIONAL.match(text) is not None


def _without_comment(text: str) -> str:
    at = text.find("#")
    while at > 0 and text[at - 1] == "\\":
        at = text.find("#", at + 1)
    return text if at < 0 else text[:at]


def _split(text: str) -> tuple[str, str, str]:
    """Split a rule at the ``;`` that starts its recipe, outside of parentheses."""
    depth = 0
    for number, char in enumerate(text):
        if char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif char == ";" and depth <= 0:
            return text[:number], ";", text[number + 1 :]
    return text, "", ""
