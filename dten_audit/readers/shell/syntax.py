"""Reads scripts: lists and pipelines of commands. Never fails, whatever the text."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.shell.compound_syntax import CLOSERS, CompoundSyntax
from dten_audit.readers.shell.fast_words import FAST
from dten_audit.readers.shell.nodes import AndOr, Background, Body, Node, Not, Pipeline, Simple
from dten_audit.readers.shell.scanner import MAX_COMMANDS, TOO_MANY, Shared
from dten_audit.readers.shell.simple_syntax import GAP, IDENTIFIER

_OPENERS: Final = frozenset("if while until for select case { function [[ ! time coproc".split())
_BETWEEN: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+|;(?![;&|])|\\\n)++")
"""What stands between commands, where no here-document waits for the end of the line."""
_OPERATORS: Final = frozenset("\n);|&")
_TIME_PROGRAM: Final = re.compile(r"time[ \t]+-")


class Parser(CompoundSyntax):
    """Reads a whole script, or a text inside one."""

    __slots__ = ()

    def script(self) -> Body:
        """Read everything."""
        return self.body("")

    def inside(self, text: str, base: int, shared: Shared) -> Parser:
        return Parser(text, base, self.depth + 1, shared)

    def body(self, closer: str) -> Body:
        return self._list(frozenset((closer,)))

    def _list(self, closers: frozenset[str]) -> Body:
        """Read commands up to one of ``closers``, which is left where it stands."""
        nodes: list[Node] = []
        awaited = self._awaited
        for closer in closers:
            awaited[closer] += 1
        while self._at_command():
            if self.shared.commands >= MAX_COMMANDS:
                self.problem(self.pos, TOO_MANY)
                self.pos = self.end
                break
            node = self._and_or()
            if node is not None:
                nodes.append(node)
            elif self._closes(closers):
                break
        for closer in closers:
            awaited[closer] -= 1
        if self.pos >= self.end and self.pending:
            self.heredoc_bodies()
        return tuple(nodes)

    def _at_command(self) -> bool:
        """Go to the next command; False at the end of this list."""
        text = self.text
        while self.pos < self.end:
            match = (GAP if self.pending else _BETWEEN).match(text, self.pos)
            if match is not None:
                self.pos = match.end()
                if self.pos >= self.end:
                    return False
            char = text[self.pos]
            if char not in _OPERATORS:
                return True
            if char == "\n":
                self.pos += 1
                self.heredoc_bodies()
            elif char == ")":
                if self._awaited[")"]:
                    return False
                self.stray(1)
            elif char == ";":
                if text.startswith((";;", ";&", ";|"), self.pos):
                    if self._awaited[";;"]:
                        return False
                    self.stray(2)
                else:
                    self.pos += 1
            elif text.startswith("&>", self.pos):
                return True
            else:
                self.stray(1)
        return False

    def _closes(self, closers: frozenset[str]) -> bool:
        """Say whether a closing word ends this list; pass over one that nobody waits for."""
        match = IDENTIFIER.match(self.text, self.pos)
        word = match[0] if match else self.text[self.pos : self.pos + 1]
        if word in closers or self._awaited[word] > 0:
            return True
        self.problem(self.pos, f"unexpected {word!r}")
        self.pos += len(word) or 1
        return False

    def _and_or(self) -> Node | None:
        """Read pipelines joined by ``&&`` and ``||``, up to the separator after them."""
        node = self._pipeline()
        if node is None:
            return None
        text = self.text
        rest: list[tuple[str, Node]] = []
        while self.shared.commands < MAX_COMMANDS:
            self._skip_blanks()
            operator = text[self.pos : self.pos + 2]
            if operator not in ("&&", "||"):
                break
            start = self.pos
            self.pos += 2
            self._skip_space()
            right = self._pipeline() if self.pos < self.end else None
            if right is None:
                self.problem(start, f"nothing after {operator}")
                break
            rest.append((operator, right))
        if rest:
            node = AndOr(node, tuple(rest), node.offset)
        if text.startswith("&", self.pos) and not text.startswith(("&&", "&>"), self.pos):
            self.pos += 1
            node = Background(node, node.offset)
        return node

    def _pipeline(self) -> Node | None:
        first = self._command()
        if first is None or not self.text.startswith("|", self.pos):
            return first
        commands = [first]
        while (
            self.text.startswith("|", self.pos)
            and not self.text.startswith("||", self.pos)
            and self.shared.commands < MAX_COMMANDS
        ):
            self.pos += 2 if self.text.startswith("|&", self.pos) else 1
            self._skip_space()
            command = self._command() if self.pos < self.end else None
            if command is None:
                break
            commands.append(command)
        return first if len(commands) == 1 else Pipeline(tuple(commands), first.offset)

    def _command(self) -> Node | None:
        """Read one command with its redirections; None at a closing word or operator."""
        text, start = self.text, self.pos
        match = FAST.match(text, start)
        word = match[0] if match else ""
        if word in CLOSERS and self._is_word_end(start + len(word)):
            return None
        if word in _OPENERS and self._is_word_end(start + len(word)):
            if word == "[[":
                return self._with_redirects(self._test(start))
            if word == "!" or word in ("time", "coproc"):
                return self._prefixed(word, start)
            if not self.too_deep(start):
                return self._compound(word, start)
            self.pos = start + len(word)
            return Simple((), (), (), (), self.base + start)
        if text.startswith("(", start):
            return self._parenthesised(start)
        return self._simple(start)

    def _prefixed(self, word: str, start: int) -> Node | None:
        """Read what follows ``!``, ``time`` or ``coproc``."""
        if word == "time" and _TIME_PROGRAM.match(self.text, start):
            return self._simple(start)
        self.pos = start + len(word)
        self._skip_blanks()
        if self.pos >= self.end or self.text[self.pos] in "\n;&|)":
            return Simple((), (), (), (), self.base + start)
        if self.too_deep(start):
            return Simple((), (), (), (), self.base + start)
        self.depth += 1
        command = self._command()
        self.depth -= 1
        if command is None or word != "!":
            return command
        return Not(command, self.base + start)
