"""Reads compound commands: ``if``, loops, ``case``, groups, ``((…))``, functions."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from dten_audit.readers.shell.nodes import (
    Arm,
    Body,
    Calculation,
    Case,
    For,
    Function,
    Group,
    If,
    Loop,
    Node,
    Shape,
    Simple,
)
from dten_audit.readers.shell.scanner import Shared
from dten_audit.readers.shell.simple_syntax import GAP, IDENTIFIER, SimpleSyntax

CLOSERS: Final = frozenset("then elif else fi do done esac }".split())
_NAMED_FUNCTION: Final = re.compile(r"[ \t\r\n]*+([^ \t\r\n(){};]++)(?:[ \t]*+\([ \t]*+\))?+")
_CALCULATED: Final = re.compile(
    r"([A-Za-z_]\w*+)\s*+(?:[-+*/%&|^]|<<|>>)?+=(?!=)"
    r"|(?:\+\+|--)\s*+([A-Za-z_]\w*+)|([A-Za-z_]\w*+)\s*+(?:\+\+|--)",
    re.ASCII,
)


class CompoundSyntax(SimpleSyntax):
    """Reads compound commands.

    ``_awaited`` counts the closing words that enclosing constructs wait for: a closing word that
    none of them waits for is noted and passed over.
    """

    __slots__ = ("_awaited",)

    def __init__(
        self, text: str, base: int = 0, depth: int = 0, shared: Shared | None = None
    ) -> None:
        super().__init__(text, base, depth, shared)
        self._awaited: defaultdict[str, int] = defaultdict(int)

    def _list(self, closers: frozenset[str]) -> Body:
        """Read commands up to one of ``closers``, which is left where it stands."""
        raise NotImplementedError

    def _command(self) -> Node | None:
        """Read one command with its redirections."""
        raise NotImplementedError

    def _compound(self, word: str, start: int) -> Node:
        self.pos = start + len(word)
        self.depth += 1
        self.shared.commands += 1
        offset = self.base + start
        if word == "if":
            node: Node = self._if(offset)
        elif word in ("while", "until"):
            node = self._while(word, offset)
        elif word in ("for", "select"):
            node = self._for(offset)
        elif word == "case":
            node = self._case(offset)
        elif word == "function":
            self.depth -= 1
            return self._function(start)
        else:
            node = Group(self._closed(frozenset("}"), start), subshell=False, redirects=(),
                         offset=offset)  # fmt: skip
        self.depth -= 1
        return self._with_redirects(node)

    def _closed(self, closers: frozenset[str], start: int) -> Body:
        """Read a list and the single word that closes it."""
        body = self._list(closers)
        self._take(closers, start)
        return body

    def _take(self, words: frozenset[str], start: int) -> str:
        """Pass over one of ``words`` and return it; empty, and noted, where none stands here."""
        for word in words:
            if self.text.startswith(word, self.pos) and (
                word == ")" or self._is_word_end(self.pos + len(word))
            ):
                self.pos += len(word)
                return word
        self.problem(start, f"{'/'.join(sorted(words))} is missing")
        return ""

    def _parenthesised(self, start: int) -> Node:
        """Read ``((…))`` or ``( … )``."""
        offset = self.base + start
        if self.spent():
            return Simple((), (), (), (), offset)
        if self.text.startswith("((", start):
            end = self.arithmetic_end(start + 2)
            if end is not None:
                self.pos = end
                return self._with_redirects(self._calculation(start, end))
        self.pos = start + 1
        if self.too_deep(start):
            return Simple((), (), (), (), offset)
        self.depth += 1
        body = self._closed(frozenset(")"), start)
        self.depth -= 1
        return self._with_redirects(Group(body, subshell=True, redirects=(), offset=offset))

    def _calculation(self, start: int, end: int) -> Calculation:
        text = self.text[start + 2 : end - 2]
        names = {next(filter(None, found)) for found in _CALCULATED.findall(text)}
        self.shared.assigned.extend(names)
        inner = self.calculation_parts(start + 2, end - 2)
        return Calculation(inner, text, frozenset(names), self.base + start)

    def _if(self, offset: int) -> If:
        start = offset - self.base
        condition = self._closed(frozenset(("then",)), start)
        then = self._list(frozenset(("elif", "else", "fi")))
        otherwise: Body = ()
        word = self._take(frozenset(("elif", "else", "fi")), start)
        if word == "elif" and not self.too_deep(start):
            self.depth += 1
            otherwise = (self._if(self.base + self.pos - len(word)),)
            self.depth -= 1
        elif word in ("else", "elif"):
            otherwise = self._closed(frozenset(("fi",)), start)
        return If(condition, then, otherwise, offset)

    def _while(self, word: str, offset: int) -> Loop:
        start = offset - self.base
        mark, before = len(self.shared.assigned), self.shared.commands
        condition = self._closed(frozenset(("do",)), start)
        body = self._closed(frozenset(("done",)), start)
        size = self.shared.commands - before
        return Loop(condition, body, word == "until", self._assigned(mark), size, offset)

    def _assigned(self, mark: int) -> frozenset[str]:
        return frozenset(self.shared.assigned[mark:])

    def _for(self, offset: int) -> Node:
        start = offset - self.base
        mark, before = len(self.shared.assigned), self.shared.commands
        self._skip_blanks()
        name = ""
        words: tuple[tuple[Shape, int], ...] | None = None
        if self.text.startswith("((", self.pos):
            end = self.arithmetic_end(self.pos + 2)
            if end is not None:
                self.shared.assigned.extend(self._calculation(self.pos, end).assigned)
                words, self.pos = (), end
        else:
            shape = self.word()
            name = shape.text or "" if shape else ""
            words = self._for_words()
        self._skip_separators()
        if self.text.startswith("{", self.pos):
            self.pos += 1
            body = self._closed(frozenset("}"), start)
        else:
            self._take(frozenset(("do",)), start)
            body = self._closed(frozenset(("done",)), start)
        if name:
            self.shared.assigned.append(name)
        size = self.shared.commands - before
        return For(name, words, body, self._assigned(mark), size, offset)

    def _for_words(self) -> tuple[tuple[Shape, int], ...] | None:
        self._skip_separators(";")
        if not (self.text.startswith("in", self.pos) and self._is_word_end(self.pos + 2)):
            return None
        self.pos += 2
        words: list[tuple[Shape, int]] = []
        while self.pos < self.end:
            match = GAP.match(self.text, self.pos)
            if match is not None:
                self.pos = match.end()
                continue
            start = self.pos
            if self.text[start] in "\n;&|":
                break
            shape = self.word()
            if shape is None:
                self.stray(1)
            else:
                words.append((shape, self.base + start))
        return tuple(words)

    def _skip_separators(self, beyond: str = "") -> None:
        """Skip newlines, comments and one ``;`` before ``do``."""
        self._skip_space()
        if not beyond and self.text.startswith(";", self.pos):
            self.pos += 1
            self._skip_space()

    def _case(self, offset: int) -> Case:
        """Read ``case WORD in … esac``, or as ksh also has it, ``case WORD { … }``."""
        start = offset - self.base
        self._skip_blanks()
        at = self.pos
        subject = self.word() or Shape("", (), quoted=False)
        self._skip_space()
        end = "}" if self._take(frozenset(("in", "{")), start) == "{" else "esac"
        arms: list[Arm] = []
        while True:
            self._skip_space()
            if self.pos >= self.end or self._at_word(end):
                break
            before = self.pos
            arms.append(self._arm(end))
            if self.pos == before or self._ended_elsewhere(end):
                break
        self._take(frozenset((end,)), start)
        return Case(subject, self.base + at, tuple(arms), offset)

    def _at_word(self, word: str) -> bool:
        return self.text.startswith(word, self.pos) and self._is_word_end(self.pos + len(word))

    def _ended_elsewhere(self, end: str) -> bool:
        """An arm ended by a word that an enclosing construct waits for: the case is not closed."""
        match = IDENTIFIER.match(self.text, self.pos)
        word = match[0] if match else self.text[self.pos : self.pos + 1]
        return word != end and word in CLOSERS and self._awaited[word] > 0

    def _arm(self, end: str) -> Arm:
        offset = self.base + self.pos
        patterns = self._patterns()
        body = self._list(frozenset((";;", end)))
        if self.text.startswith(";;&", self.pos):
            self.pos += 3
        elif self.text.startswith((";;", ";&", ";|"), self.pos):
            self.pos += 2
        return Arm(patterns, body, offset)

    def _patterns(self) -> tuple[Shape, ...]:
        patterns: list[Shape] = []
        if self.text.startswith("(", self.pos):
            self.pos += 1
        while self.pos < self.end:
            self._skip_blanks()
            char = self.text[self.pos : self.pos + 1]
            if char == ")":
                self.pos += 1
                break
            if char == "|":
                self.pos += 1
                continue
            if char in ("", "\n", ";"):
                self.problem(self.pos, "case pattern without )")
                break
            shape = self.word()
            if shape is None:
                self.pos += 1
            else:
                patterns.append(shape)
        return tuple(patterns)

    def _function(self, start: int) -> Node:
        """Read ``function name …`` from after the word ``function``."""
        match = _NAMED_FUNCTION.match(self.text, self.pos)
        if match is None:
            return Simple((), (), (), (), self.base + start)
        self.pos = match.end()
        return self._function_body(match[1], start)

    def _function_body(self, name: str, start: int) -> Node:
        self._skip_space()
        if self.too_deep(start):
            return Simple((), (), (), (), self.base + start)
        self.depth += 1
        before = self.shared.commands
        body = self._command() if self.pos < self.end else None
        self.depth -= 1
        if body is None:
            self.problem(start, "function without body")
            body = Simple((), (), (), (), self.base + start)
        self.shared.functions.add(name)
        size = self.shared.commands - before
        return Function(name, body, size, self.base + start, self.base + self.pos)
