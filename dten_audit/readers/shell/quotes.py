"""Reads quoted strings and escapes, and goes on after quotes that never end."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.shell.fast_words import ansi_text
from dten_audit.readers.shell.nodes import Literal, Part
from dten_audit.readers.shell.scanner import NO_END_OF_QUOTE, Scanner

_DOUBLE_PLAIN: Final = re.compile(r'[^"\\$`]++')
_ANSI_END: Final = re.compile(r"(?:[^'\\]++|\\.)*+'", re.DOTALL)


class QuoteScanner(Scanner):
    """Reads what quotes enclose: ``start`` is where the word begins, ``parts`` gets the pieces."""

    __slots__ = ()

    def _dollar(self, start: int, parts: list[Part], *, quoted: bool) -> bool:
        """Read what ``$`` begins; return True if that is a quoted string."""
        raise NotImplementedError

    def _backquote(self, start: int, parts: list[Part], *, quoted: bool) -> None:
        """Read commands between backquotes."""
        raise NotImplementedError

    def _quoted(self, quote: str, start: int, parts: list[Part]) -> None:
        if quote == '"':
            self._double(start, parts)
            return
        end = self.text.find("'", self.pos + 1)
        if end < 0:
            end = self._recover(self.pos)
        parts.append(Literal(self.text[self.pos + 1 : end], self.pos + 1 - start, quoted=True))
        self.pos = min(end + 1, self.end) if self.text.startswith("'", end) else end

    def _escape(self, start: int, parts: list[Part]) -> None:
        char = self.text[self.pos + 1 : self.pos + 2]
        if char != "\n":
            parts.append(Literal(char or "\\", self.pos + bool(char) - start, quoted=True))
        self.pos = min(self.pos + 2, self.end)

    def _recover(self, start: int) -> int:
        """Return where to go on after a quote that never ends: the end of its line, if we may."""
        self.problem(start, NO_END_OF_QUOTE)
        end = self.line_end(start)
        return end if self.may_rescan(max(self.pos, self.end) - end) else self.end

    def _double(self, start: int, parts: list[Part]) -> None:
        text, opened = self.text, self.pos
        count, waiting = len(parts), len(self.pending)
        self.pos += 1
        while self.pos < self.end:
            match = _DOUBLE_PLAIN.match(text, self.pos)
            if match is not None:
                parts.append(Literal(match[0], self.pos - start, quoted=True))
                self.pos = match.end()
                continue
            char = text[self.pos]
            if char == '"':
                self.pos += 1
                if len(parts) == count:
                    parts.append(Literal("", self.pos - start - 1, quoted=True))
                return
            if char == "\\":
                self._double_escape(start, parts, '"\\$`')
            elif char == "$":
                self._dollar(start, parts, quoted=True)
            else:
                self._backquote(start, parts, quoted=True)
        end = self._recover(opened)
        if end < self.end or self.pos > end:
            del parts[count:]
            del self.pending[waiting:]
            parts.append(Literal(text[opened + 1 : end], opened + 1 - start, quoted=True))
            self.pos = end

    def _double_escape(self, start: int, parts: list[Part], special: str) -> None:
        char = self.text[self.pos + 1 : self.pos + 2]
        if char and char in special:
            parts.append(Literal(char, self.pos + 1 - start, quoted=True))
        elif char != "\n":
            parts.append(Literal("\\" + char, self.pos - start, quoted=True))
        self.pos = min(self.pos + 2, self.end)

    def _ansi(self, start: int, parts: list[Part]) -> bool:
        match = _ANSI_END.match(self.text, self.pos + 2)
        end = match.end() if match else self._recover(self.pos)
        body = self.text[self.pos + 2 : end - 1 if match else end]
        parts.append(Literal(ansi_text(body), self.pos + 2 - start, quoted=True))
        self.pos = end
        return True
