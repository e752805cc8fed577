"""The state of reading a script: position, depth, what was not understood, here-documents."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.shell.nodes import Heredoc, Literal, Part, Problem, Shape

MAX_DEPTH: Final = 64
"""How deep constructs may stand in each other; deeper ones are read as flat text."""
MAX_PROBLEMS: Final = 20
MAX_COMMANDS: Final = 30_000
"""So many commands are read of one script: perl's Configure (600 kB) has half of that."""
_RESCAN: Final = 4
_RESCAN_FLOOR: Final = 20_000

MAX_PIECES: Final = 100_000
"""So many expansions, subshells and stray operators: more come from no real script either."""
TOO_MANY: Final = "more commands than are read"
TOO_DEEP: Final = "nested deeper than 64 levels"
NO_END_OF_QUOTE: Final = "quote without end"
NO_END_OF_HEREDOC: Final = "here-document without end"

_PAREN: Final = re.compile(r"[()]")
_BRACKET: Final = re.compile(r"[\[\]]")
_EXPANDS: Final = re.compile(r"[$`\\]")


class Shared:
    """What the readers of one script and of the texts inside it have in common.

    ``commands`` counts simple commands. ``rescans`` is how many characters may still be read a
    second time after a wrong guess: it keeps the whole linear. ``functions`` are the names of those
    that are defined. ``pieces`` counts what costs time without being a command.
    """

    __slots__ = ("assigned", "commands", "functions", "pieces", "problems", "rescans")

    def __init__(self, size: int) -> None:
        self.problems: list[Problem] = []
        self.commands = self.pieces = 0
        self.rescans = _RESCAN * size + _RESCAN_FLOOR
        self.assigned: list[str] = []
        self.functions: set[str] = set()


class Scanner:
    """Where reading stands in ``text``, whose first character has the offset ``base``."""

    __slots__ = ("base", "depth", "end", "pending", "pos", "shared", "text")

    def __init__(
        self, text: str, base: int = 0, depth: int = 0, shared: Shared | None = None
    ) -> None:
        self.text = text
        self.end = len(text)
        self.base = base
        self.pos = 0
        self.depth = depth
        self.shared = shared or Shared(len(text))
        self.pending: list[Heredoc] = []

    def problem(self, pos: int, reason: str) -> None:
        """Note what was not understood at a position."""
        problems = self.shared.problems
        if len(problems) < MAX_PROBLEMS:
            problems.append(Problem(self.base + pos, reason))

    def too_deep(self, pos: int) -> bool:
        """Return True, and note it, where one more level is not read."""
        if self.depth < MAX_DEPTH:
            return False
        problems = self.shared.problems
        if not problems or problems[-1].reason != TOO_DEEP:
            self.problem(pos, TOO_DEEP)
        return True

    def may_rescan(self, size: int) -> bool:
        """Charge a second reading of ``size`` characters; False once the allowance is used up."""
        self.shared.rescans -= size
        return self.shared.rescans >= 0

    def line_end(self, pos: int) -> int:
        """Return the position of the newline that ends the line of ``pos``."""
        found = self.text.find("\n", pos)
        return self.end if found < 0 else found

    def stray(self, size: int) -> None:
        """Pass over an operator where none can stand."""
        self.problem(self.pos, "unexpected operator")
        if not self.spent():
            self.pos += size

    def spent(self) -> bool:
        """Count a piece; return True, and go to the end, once there are too many."""
        self.shared.pieces += 1
        if self.shared.pieces <= MAX_PIECES:
            return False
        if self.shared.pieces == MAX_PIECES + 1:
            self.shared.problems[MAX_PROBLEMS - 1 :] = []
            self.problem(self.pos, TOO_MANY)
        self.pos = self.end
        return True

    def balanced(self, pos: int) -> int:
        """Return the end of the parentheses that open at ``pos``, within their line."""
        level = 0
        limit = self.line_end(pos)
        for match in _PAREN.finditer(self.text, pos, limit):
            level += 1 if match[0] == "(" else -1
            if level == 0:
                return match.end()
        return limit

    def arithmetic_end(self, pos: int) -> int | None:
        """Return the end of the ``))`` that closes arithmetic whose inside starts at ``pos``."""
        level = 0
        if self.shared.rescans < 0:
            return None
        for match in _PAREN.finditer(self.text, pos):
            if match[0] == "(":
                level += 1
            elif level:
                level -= 1
            elif self.text.startswith(")", match.end()):
                self.may_rescan(match.end() - pos)
                return match.end() + 1
            else:
                self.may_rescan(match.end() - pos)
                return None
        self.may_rescan(self.end - pos)
        return None

    def bracket_end(self, pos: int) -> int | None:
        """Return the end of the ``]`` that closes brackets whose inside starts at ``pos``."""
        level = 1
        limit = self.line_end(pos)
        if self.shared.rescans >= 0:
            for match in _BRACKET.finditer(self.text, pos, limit):
                level += 1 if match[0] == "[" else -1
                if level == 0:
                    self.may_rescan(match.end() - pos)
                    return match.end()
            self.may_rescan(limit - pos)
        return None

    def heredoc_bodies(self) -> None:
        """Read the bodies of the here-documents whose line has just ended."""
        waiting, self.pending = self.pending, []
        for heredoc in waiting:
            start = self.pos
            end, after = self._heredoc_end(heredoc)
            if after < 0:
                self.problem(start, NO_END_OF_HEREDOC)
                after = end
            body = self.text[start:end]
            heredoc.start, heredoc.end = self.base + start, self.base + end
            if heredoc.quoted or not _EXPANDS.search(body):
                parts: tuple[Part, ...] = (Literal(body, 0, quoted=True),) if body else ()
            else:
                parts = self.expansions(body, self.base + start)
            heredoc.body = Shape(body, parts, quoted=True)
            self.pos = after

    def expansions(self, text: str, base: int) -> tuple[Part, ...]:
        """Read a text in which only ``$``, backquotes and backslashes mean something."""
        raise NotImplementedError

    def _heredoc_end(self, heredoc: Heredoc) -> tuple[int, int]:
        """Return where the body ends, and where reading goes on; -1 where the end is missing."""
        text, delimiter, size = self.text, heredoc.delimiter, len(heredoc.delimiter)
        search = self.pos
        while True:
            found = text.find(delimiter, search)
            if found < 0:
                return self.end, -1
            line = found
            if heredoc.strip:
                while line > self.pos and text[line - 1] == "\t":
                    line -= 1
            after = found + size
            starts = line == self.pos or text[line - 1] == "\n"
            if starts and (after >= self.end or text[after] == "\n"):
                return line, min(after + 1, self.end)
            search = after if size and after < self.end else found + 1
            if search > self.end:
                return self.end, -1
