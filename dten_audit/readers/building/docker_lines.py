"""Splits a Dockerfile into its instructions, as BuildKit's parser does.

Source: the Dockerfile reference (docs.docker.com), format, parser directives, here-documents.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

MAX_HEREDOCS: Final = 50
_TAKES_HEREDOCS: Final = frozenset(("RUN", "COPY", "ADD"))
_DIRECTIVE: Final = re.compile(r"[ \t]*#[ \t]*([A-Za-z][\w]*)[ \t]*=[ \t]*(\S[^\n]*?)[ \t]*\Z")
_WORD: Final = re.compile(r"[ \t]*([A-Za-z]+)(?:[ \t]+|\Z)")
_HEREDOC: Final = re.compile(
    r"(?:(?<=[\s])|\A)\d*<<(-?)([\"']?)([A-Za-z_][\w.-]*)\2(?=[\s;)|&>]|\Z)"
)


class Heredoc(NamedTuple):
    """A here-document: its delimiter's name, the number of its first line, and its lines.

    ``strip``: tabs at the start of its lines are taken away. ``quoted``: no variable is expanded.
    """

    name: str
    line: int
    lines: tuple[str, ...]
    strip: bool
    quoted: bool

    @property
    def text(self) -> str:
        """The text as the command reads it."""
        lines = (line.lstrip("\t") for line in self.lines) if self.strip else self.lines
        return "".join(f"{line}\n" for line in lines)


class Instruction(NamedTuple):
    """An instruction: its name in capitals, and its text line by line.

    ``parts`` are the lines with their numbers, escapes at their ends taken away, comments and
    blank lines among them left out. ``column`` is where the first part starts in its line.
    ``onbuild``: it runs when somebody builds on this image.
    """

    name: str
    parts: tuple[tuple[int, str], ...]
    column: int
    heredocs: tuple[Heredoc, ...] = ()
    end: int = 0
    onbuild: bool = False

    @property
    def line(self) -> int:
        """The number of its first line."""
        return self.parts[0][0]

    @property
    def text(self) -> str:
        """The whole text as one line."""
        return "".join(text for _, text in self.parts).strip()


class Stray(NamedTuple):
    """A line that is no instruction."""

    line: int
    text: str


def instructions(text: str) -> Iterator[Instruction | Stray]:
    """Yield the instructions of a Dockerfile, and the lines that are none."""
    return _Splitter(text).instructions()


def _escape(lines: list[str]) -> str:
    """Return the escape character, which a directive in the first comments may change."""
    for line in lines:
        match = _DIRECTIVE.match(line)
        if match is None:
            break
        if match[1].lower() == "escape" and match[2] in ("\\", "`"):
            return match[2]
    return "\\"


class _Splitter:
    """Goes through the lines of a Dockerfile; ``at`` is the index of the next one."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.escape = _escape(self.lines)
        self.at = 0
        self._ends: dict[tuple[str, bool], list[int]] = {}

    def instructions(self) -> Iterator[Instruction | Stray]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip() or line.lstrip().startswith("#"):
                self.at += 1
                continue
            word = _WORD.match(line)
            if word is None:
                self.at += 1
                yield Stray(self.at, line)
            else:
                yield self._instruction(word)

    def _instruction(self, word: re.Match[str]) -> Instruction:
        """Read the instruction that starts at the next line."""
        column = word.end()
        first, goes_on = self._continued(self.lines[self.at])
        parts = [(self.at + 1, first[column:])]
        self.at += 1
        while goes_on and self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            part, goes_on = self._continued(line)
            parts.append((self.at, part))
        name, onbuild = word[1].upper(), False
        inner = _WORD.match(parts[0][1]) if name == "ONBUILD" else None
        if inner is not None:
            parts[0] = parts[0][0], parts[0][1][inner.end() :]
            name, onbuild, column = inner[1].upper(), True, column + inner.end()
        heredocs = tuple(self._heredocs(parts)) if name in _TAKES_HEREDOCS else ()
        return Instruction(name, tuple(parts), column + 1, heredocs, self.at, onbuild)

    def _continued(self, line: str) -> tuple[str, bool]:
        """Return a line without the escape at its end, and whether there is one."""
        bare = line.rstrip(" \t")
        if bare.endswith(self.escape) and not bare.endswith(self.escape * 2):
            return bare[:-1], True
        return line, False

    def _heredocs(self, parts: list[tuple[int, str]]) -> Iterator[Heredoc]:
        """Read the here-documents that an instruction names; what has no end is none."""
        matches = (match for _, part in parts for match in _HEREDOC.finditer(part))
        for match in islice(matches, MAX_HEREDOCS):
            strip, name = bool(match[1]), match[3]
            end = self._end_of(name, strip=strip)
            if end < 0:
                return
            yield Heredoc(
                name, self.at + 1, tuple(self.lines[self.at : end]), strip, bool(match[2])
            )
            self.at = end + 1

    def _end_of(self, name: str, *, strip: bool) -> int:
        """Return the index of the line that ends a here-document; -1 where there is none."""
        if not self._ends:
            for number, line in enumerate(self.lines):
                self._ends.setdefault((line, False), []).append(number)
                self._ends.setdefault((line.lstrip("\t"), True), []).append(number)
        numbers = self._ends.get((name, strip), [])
        first = bisect_left(numbers, self.at)
        return numbers[first] if first < len(numbers) else -1
