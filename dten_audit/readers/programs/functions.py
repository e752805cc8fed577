"""Which functions a program defines, where, and which of them its own code reaches."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from functools import cache, cached_property
from itertools import pairwise
from sys import intern
from typing import Final, NamedTuple

from dten_audit.readers.programs.languages import Language
from dten_audit.readers.programs.lexing import Lexer

_WORD: Final = re.compile(r"[A-Za-z_]\w*+[!?]?")
_PARAMETER: Final = re.compile(r"[$*&]*+(?:\w++[ \t]++)*?(\w++)[ \t]*+(?::[^,=]*+)?(?:=[^,]*+)?\Z")
_BRACE: Final = re.compile(r"[{}]")
_RETURNS: Final = re.compile(r"\s*+(?::[ \t]*+[\w\\?|& \t]{1,200}+\s*+)?(?![^{])")
"""Between a header and its body: nothing, or the type that a function of PHP returns."""
MAX_PLACES: Final = 12
_MAX_FUNCTIONS: Final = 20_000


class Function(NamedTuple):
    """A function: its name, its parameters, and its text, the header included."""

    name: str
    parameters: tuple[str, ...]
    start: int
    body: int
    end: int


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


class Functions:
    """The functions of a program, inner ones after those around them."""

    def __init__(self, lexer: Lexer) -> None:
        self._code = lexer.code
        self._language = lexer.language

    @cached_property
    def all(self) -> list[Function]:
        """All functions, in the order of their headers."""
        ends = _indented if self._language.blocks == "indent" else _braced
        return ends(self._code, self._language)[:_MAX_FUNCTIONS]

    @cached_property
    def _starts(self) -> list[int]:
        return [function.start for function in self.all]

    @cached_property
    def _around(self) -> list[int]:
        """For each function, the number of the one around it, or -1."""
        around: list[int] = []
        stack: list[int] = []
        for number, function in enumerate(self.all):
            while stack and self.all[stack[-1]].end <= function.start:
                stack.pop()
            around.append(stack[-1] if stack else -1)
            stack.append(number)
        return around

    def at(self, offset: int) -> int:
        """Return the number of the innermost function around an offset; -1 outside of all."""
        number = bisect_right(self._starts, offset) - 1
        while number >= 0 and self.all[number].end <= offset:
            number = self._around[number]
        return number

    def outside(self, number: int) -> int:
        """Return the number of the function around another one; -1 where there is none."""
        return self._around[number]

    def reached(self, asked: Collection[str] = ()) -> dict[int, tuple[int, ...]]:
        """Return what the program itself runs, and when: -1 for what is outside of functions.

        A function counts as run where its name stands in code that runs: whoever hands it on
        (callbacks, tables of commands) means it to be called. ``asked`` are names that others
        call. The value is the place of the first mention, its caller's place before it.
        """
        by_name: dict[str, list[int]] = {}
        for number, function in enumerate(self.all):
            by_name.setdefault(function.name, []).append(number)
        roots = self._language.roots.union(asked)
        found: dict[int, tuple[int, ...]] = {-1: ()}
        waiting = [-1]
        for number, function in enumerate(self.all):
            if function.name in roots:
                found[number] = (function.start,)
                waiting.append(number)
        while waiting:
            caller = waiting.pop()
            for word, at in self._mentions.get(caller, {}).items():
                for number in by_name.get(word, ()):
                    if number not in found:
                        found[number] = (*found[caller][:MAX_PLACES], at)
                        waiting.append(number)
        return found

    def words(self, numbers: Collection[int]) -> set[str]:
        """Return all names in the code of some functions."""
        found: set[str] = set()
        for start, end in self._segments:
            if self.at(start) in numbers:
                found.update(map(intern, _WORD.findall(self._named, start, end)))
        return found

    @cached_property
    def _named(self) -> str:
        """The code without its imports: to import a function is not to call it."""
        if not self._language.imports:
            return self._code
        pattern = _pattern(self._language.imports)
        return pattern.sub(lambda match: " " * len(match.group()), self._code)

    @cached_property
    def _segments(self) -> list[tuple[int, int]]:
        """The parts of the code that belong to one function each, headers left out."""
        edges = {0, len(self._code)}
        headers = set()
        for function in self.all:
            edges.update((function.start, function.body, function.end))
            headers.add(function.start)
        return [pair for pair in pairwise(sorted(edges)) if pair[0] not in headers]

    @cached_property
    def _mentions(self) -> dict[int, dict[str, int]]:
        """The names of functions in each function's own code, and where each first stands."""
        names = {function.name for function in self.all}
        found: dict[int, dict[str, int]] = {}
        for start, end in self._segments:
            mine = found.setdefault(self.at(start), {})
            for match in _WORD.finditer(self._named, start, end):
                if match.group() in names:
                    mine.setdefault(match.group(), match.start())
        return found


def _indented(code: str, language: Language) -> list[Function]:
    """Return functions that end where the indentation does."""
    found: list[Function] = []
    stack: list[tuple[int, re.Match[str]]] = []
    headers = list(_pattern(language.functions).finditer(code))
    lines = re.compile(r"(?m)^([ \t]*+)[^\s#)\]}]")
    position = 0
    for number, match in enumerate(headers):
        depth = len(match["indent"])
        limit = headers[number + 1].start() if number + 1 < len(headers) else len(code)
        stack.append((depth, match))
        position = match.end()
        for line in lines.finditer(code, position, limit + 1):
            level = len(line[1])
            while stack and stack[-1][0] >= level and line.start() > stack[-1][1].end():
                opened = stack.pop()[1]
                found.append(_function(opened, line.start(), language))
            if not stack:
                break
        if number + 1 < len(headers):
            level = len(headers[number + 1]["indent"])
            while stack and stack[-1][0] >= level:
                found.append(_function(stack.pop()[1], limit, language))
    found += [_function(match, len(code), language) for _, match in stack]
    return sorted(found, key=lambda function: (function.start, -function.end))


def _braced(code: str, language: Language) -> list[Function]:
    """Return functions that end at their closing brace."""
    closing = braces(code)
    found: list[Function] = []
    for match in _pattern(language.functions).finditer(code):
        opener = code.find("{", match.end(), match.end() + 1)
        if opener < 0:
            opener = code.find("{", match.end())
            if opener < 0 or not _RETURNS.match(code, match.end(), opener):
                continue
        found.append(
            _function(match, closing.get(opener, len(code)), language)._replace(body=opener)
        )
    return found


def braces(code: str) -> dict[int, int]:
    """Return the closing brace of each opening one."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for match in _BRACE.finditer(code):
        if match.group() == "{":
            stack.append(match.start())
        elif stack:
            found[stack.pop()] = match.end()
    return found


def _function(match: re.Match[str], end: int, language: Language) -> Function:
    groups = match.groupdict()
    name = next(filter(None, (groups.get(key) for key in ("name", "variable", "key"))), "")
    texts = (groups.get("parameters") or "").split(",")
    kotlin = language.name == "kotlin"
    parameters = tuple(_parameter(text.strip(), kotlin=kotlin) for text in texts if text.strip())
    if language.name == "python" and parameters[:1] in (("self",), ("cls",)):
        parameters = parameters[1:]
    if language.name == "go":
        parameters = tuple(text.split()[0].strip(".") for text in texts if text.strip())
    return Function(name.strip("#"), parameters, match.start(), match.end(), end)


def _parameter(text: str, *, kotlin: bool) -> str:
    if kotlin:
        return text.partition(":")[0].strip()
    match = _PARAMETER.match(text)
    return match[1] if match else text
