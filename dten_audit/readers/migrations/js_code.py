"""The shape of JavaScript in a migration: brackets, functions with parameters, chains of calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.readers.programs.names import statement_end

MAX_LINKS: Final = 200
_BRACKET: Final = re.compile(r"[()\[\]{}]")
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_STEP: Final = re.compile(
    r"[\s\x01]*+!?[\s\x01]*+(?:\?\.|\.)[\s\x01]*+(?P<name>[#A-Za-z_$][\w$]*+)"
    r"|(?:<[\w\s,.|\[\]]{0,200}+>)?[\s\x01]*+(?:\?\.)?(?P<open>\()"
)
_HEAD: Final = re.compile(r"(?P<name>[#A-Za-z_$][\w$]*+)[\"']?\s*+(?P<mark>\(|:|=(?![=>]))")
_VALUE: Final = re.compile(
    r"\s*+(?:async\b\s*+)?(?:(?P<function>function\b\s*+\*?\s*+[\w$]*+)\s*+)?"
    r"(?:<[^>(){};]*+>\s*+)?(?:(?P<open>\()|(?P<one>[A-Za-z_$][\w$]*+)\s*+(?==>))"
)
_BEHIND: Final = re.compile(r"\s*+(?::[^={};]{0,300}+)?(?P<arrow>=>)?\s*+")
_STOP: Final = re.compile(r"[()\[\]{},;]")
_PART: Final = re.compile(
    r"(?P<key>[A-Za-z_$][\w$]*+)\s*+(?::\s*+(?:\{(?P<inner>[^{}]*+)\}|(?P<local>[A-Za-z_$][\w$]*+)))?"
    r"(?:\s*+=[^,{}]*+)?"
)
"""A member that is taken out of an object, or those of an object in it."""
_NO_METHODS: Final = frozenset(
    "if for while switch catch with function return await new typeof super".split()
)


class Function(NamedTuple):
    """A function: its parameters (a name, or the names that it takes an object apart into)."""

    parameters: tuple[str | dict[str, str], ...]
    start: int
    end: int


class Link(NamedTuple):
    """A step of a chain; ``open`` is behind its bracket, -1 where it is not called."""

    name: str
    at: int
    open: int
    close: int

    @property
    def called(self) -> bool:
        """Whether it is a call, not only a member."""
        return self.open >= 0


class Chain(NamedTuple):
    """``root.member.call(…).call(…)``; a call of the root itself is a link without a name."""

    root: str
    at: int
    links: tuple[Link, ...]
    end: int


class Code:
    """Covered code of one program, with the closing bracket of each opening one, and back.

    ``heads`` are the ends of functions that are only defined where their name stands.
    """

    def __init__(self, code: str) -> None:
        self.text = code
        self.closing: dict[int, int] = {}
        self.opening: dict[int, int] = {}
        self.heads: dict[int, int] = {}
        stack: list[tuple[str, int]] = []
        for match in _BRACKET.finditer(code):
            mark, at = match.group(), match.start()
            if mark in _CLOSERS:
                stack.append((_CLOSERS[mark], at))
            elif stack and stack[-1][0] == mark:
                opened = stack.pop()[1]
                self.closing[opened] = at
                self.opening[at] = opened

    def close(self, opened: int) -> int:
        """Return where a bracket is closed; the end of the code where it is not."""
        return self.closing.get(opened, len(self.text))

    def chain(self, root: str, at: int) -> Chain:
        """Return the chain of members and calls that begins with a name."""
        links: list[Link] = []
        end = at + len(root)
        while len(links) < MAX_LINKS:
            step = _STEP.match(self.text, end)
            if step is None:
                break
            if step["name"] is not None:
                end = step.end()
                call = _STEP.match(self.text, end)
                if call is None or call["open"] is None:
                    links.append(Link(step["name"], step.start("name"), -1, end))
                    continue
                name, named = step["name"], step.start("name")
                step = call
            else:
                name, named = "", step.start("open")
            close = self.close(step.start("open"))
            links.append(Link(name, named, step.end(), close))
            end = min(close + 1, len(self.text))
        return Chain(root, at, tuple(links), end)

    def function(self, at: int) -> Function | None:
        """Return the function whose text begins at an offset, if one does."""
        match = _VALUE.match(self.text, at)
        if match is None:
            return None
        if match["one"] is not None:
            parameters: tuple[str | dict[str, str], ...] = (match["one"],)
            behind = match.end()
        else:
            close = self.close(match.start("open"))
            parameters = tuple(self._parameters(match.end(), close))
            behind = close + 1
        return self._body(parameters, behind, arrow=match["function"] is None)

    def _body(
        self, parameters: tuple[str | dict[str, str], ...], at: int, *, arrow: bool
    ) -> Function | None:
        behind = _BEHIND.match(self.text, at)
        if behind is None or (arrow and behind["arrow"] is None):
            return None
        start = behind.end()
        if self.text.startswith("{", start):
            return Function(parameters, start + 1, self.close(start))
        return Function(parameters, start, self.end_of_expression(start)) if arrow else None

    def end_of_expression(self, at: int) -> int:
        """Return where an expression ends: at a comma, a bracket that was open before, a line."""
        end, position = statement_end(self.text, at), at
        while match := _STOP.search(self.text, position, end):
            if match.group() not in _CLOSERS:
                return match.start()
            position = self.close(match.start()) + 1
        return end

    def _parameters(self, at: int, close: int) -> Iterator[str | dict[str, str]]:
        for start, end in self.parts(at, close):
            text = self.text[start:end].strip()
            if text.startswith("{"):
                yield taken_apart(text)
            else:
                found = re.match(r"(?:(?:public|private|readonly)\s++)*+(?:\.\.\.)?([\w$]++)", text)
                yield found[1] if found else ""

    def parts(self, at: int, close: int) -> Iterator[tuple[int, int]]:
        """Yield start and end of each of the parts between commas."""
        start = position = at
        while match := _STOP.search(self.text, position, close):
            if match.group() == ",":
                yield start, match.start()
                start = position = match.end()
            elif match.group() in _CLOSERS:
                position = self.close(match.start()) + 1
            else:
                position = match.end()
        if self.text[start:close].strip():
            yield start, close

    def functions(self) -> dict[str, Function]:
        """Return the functions that have a name: defined, set, exported, methods, members."""
        found: dict[str, Function] = {}
        for match in _HEAD.finditer(self.text):
            name = match["name"]
            if match["mark"] == "(":
                function = None if name in _NO_METHODS else self._method(match.start("mark"))
            else:
                function = self.function(match.end())
            if function is not None:
                found.setdefault(name, function)
                if match["mark"] != ":":
                    self.heads[match.start()] = function.end
        return found

    def _method(self, opened: int) -> Function | None:
        close = self.close(opened)
        behind = _BEHIND.match(self.text, close + 1)
        if behind is None or behind["arrow"] or not self.text.startswith("{", behind.end()):
            return None
        parameters = tuple(self._parameters(opened + 1, close))
        return Function(parameters, behind.end() + 1, self.close(behind.end()))


def taken_apart(pattern: str) -> dict[str, str]:
    """Return the local names that ``{ a, b: c, d = 1, e: { f } }`` gives to members."""
    found: dict[str, str] = {}
    for part in _PART.finditer(pattern):
        inner = part["inner"]
        if inner is None:
            found[part["key"]] = part["local"] or part["key"]
        else:
            found.update(taken_apart(inner))
    return found
