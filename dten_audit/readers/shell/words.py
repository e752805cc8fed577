"""Reads words: parameters, substitutions, array literals."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.shell.fast_words import (
    ASSIGNMENT,
    FAST,
    fast_shape,
    name_part,
)
from dten_audit.readers.shell.nodes import (
    Arithmetic,
    ArrayLiteral,
    Body,
    Literal,
    Parameter,
    Part,
    Shape,
    Substitution,
)
from dten_audit.readers.shell.quotes import QuoteScanner
from dten_audit.readers.shell.scanner import Shared

_PLAIN: Final = re.compile(r"[^ \t\r\n;&|()<>\"'`$\\]++")
_BODY_PLAIN: Final = re.compile(r"[^\\$`]++")
_AFTER_WORD: Final = frozenset(" \t\n;&|)")
_NAME: Final = re.compile(r"[A-Za-z_]\w*+|[0-9@*#?$!_-]", re.ASCII)
_BRACE: Final = re.compile(r"([#!]?)([A-Za-z_]\w*+|[0-9]++|[@*#?$!-])", re.ASCII)
_OPERATOR: Final = re.compile(r":?[-=+?]|##?|%%?|/[/#%]?|\^\^?|,,?|:|@")
_OPERAND_PLAIN: Final = re.compile(r"[^}\"'`$\\]++")
_INDEX_PLAIN: Final = re.compile(r"[^\]\[\"'`$\\}\n]++")
_BACKQUOTE_ESCAPE: Final = re.compile(r"\\([`\\$])")
_QUOTED_ESCAPE: Final = re.compile(r'\\([`\\$"])')
_BACKQUOTE_END: Final = re.compile(r"(?:[^`\\]++|\\.)*+`", re.DOTALL)
_BLANKS: Final = re.compile(r"(?:[ \t\r\n]++|\\\n|#[^\n]*+)++")


class WordScanner(QuoteScanner):
    """Reads one word at a time."""

    __slots__ = ()

    def body(self, closer: str) -> Body:
        """Read commands up to ``closer``."""
        raise NotImplementedError

    def inside(self, text: str, base: int, shared: Shared) -> WordScanner:
        """Return a reader for a text inside this one."""
        raise NotImplementedError

    def word(self) -> Shape | None:
        """Read the word at the position; None where none starts there."""
        text, start = self.text, self.pos
        match = FAST.match(text, start)
        if match is not None:
            end = match.end()
            if end >= self.end or text[end] in _AFTER_WORD:
                self.pos = end
                return fast_shape(match[0])
        return self._slow_word(start)

    def _slow_word(self, start: int) -> Shape | None:
        text, quoted = self.text, False
        found: list[Part] = []
        while self.pos < self.end:
            match = _PLAIN.match(text, self.pos)
            if match is not None:
                found.append(Literal(match[0], self.pos - start, quoted=False))
                self.pos = match.end()
                continue
            char = text[self.pos]
            if char in "\"'":
                quoted = True
                self._quoted(char, start, found)
            elif char == "\\":
                quoted = True
                self._escape(start, found)
            elif char == "$":
                quoted = self._dollar(start, found, quoted=False) or quoted
            elif char == "`":
                self._backquote(start, found, quoted=False)
            elif char in "<>" and text.startswith("(", self.pos + 1):
                self._commands(start, found, 2, quoted=False)
            elif char == "(" and self.pos > start:
                if not self._parenthesis(start, found):
                    break
            else:
                break
        if self.pos == start:
            return None
        return Shape(text[start : self.pos], tuple(found), quoted=quoted)

    def _dollar(self, start: int, parts: list[Part], *, quoted: bool) -> bool:
        """Read what ``$`` begins; return True if that is a quoted string."""
        text, pos = self.text, self.pos
        if self.spent():
            return False
        char = text[pos + 1 : pos + 2]
        if char == "(":
            self._dollar_parenthesis(start, parts, quoted=quoted)
        elif char == "{":
            self._brace(start, parts, quoted=quoted)
        elif char == "[" and self._dollar_bracket(start, parts, quoted=quoted):
            pass
        elif char == "'" and not quoted:
            return self._ansi(start, parts)
        elif char == '"' and not quoted:
            self.pos += 1
            self._double(start, parts)
            return True
        else:
            match = _NAME.match(text, pos + 1)
            if match is None:
                parts.append(Literal("$", pos - start, quoted=quoted))
                self.pos += 1
            else:
                source = text[pos : match.end()]
                parts.append(name_part(source, pos - start, quoted=quoted))
                self.pos = match.end()
        return False

    def _dollar_parenthesis(self, start: int, parts: list[Part], *, quoted: bool) -> None:
        pos = self.pos
        if self.text.startswith("(", pos + 2):
            end = self.arithmetic_end(pos + 3)
            if end is not None:
                source = self.text[pos:end]
                inner = self.calculation_parts(pos + 3, end - 2)
                parts.append(Arithmetic(inner, source, pos - start, quoted))
                self.pos = end
                return
        self._commands(start, parts, 2, quoted=quoted)

    def _dollar_bracket(self, start: int, parts: list[Part], *, quoted: bool) -> bool:
        """Read ``$[…]``, the old form of ``$((…))``; False where it is none."""
        pos = self.pos
        end = self.bracket_end(pos + 2)
        if end is None:
            return False
        inner = self.calculation_parts(pos + 2, end - 1)
        parts.append(Arithmetic(inner, self.text[pos:end], pos - start, quoted))
        self.pos = end
        return True

    def _commands(self, start: int, parts: list[Part], skip: int, *, quoted: bool) -> None:
        """Read ``$(…)``, ``<(…)`` or ``>(…)``; ``skip`` is the length of the opening."""
        pos = self.pos
        self.pos = pos + skip
        if self.too_deep(pos):
            parts.append(Literal(self.text[pos : self.pos], pos - start, quoted=quoted))
            return
        self.depth += 1
        body = self.body(")")
        self.depth -= 1
        if self.text.startswith(")", self.pos):
            self.pos += 1
        else:
            self.problem(pos, "command substitution without end")
        parts.append(Substitution(body, self.text[pos : self.pos], pos - start, quoted))

    def _backquote(
        self, start: int, parts: list[Part], *, quoted: bool, document: bool = False
    ) -> None:
        """Read commands between backquotes; ``document``: in a here-document."""
        pos = self.pos
        if self.spent():
            return
        match = _BACKQUOTE_END.match(self.text, pos + 1)
        if match is None:
            self.pos = self._recover(pos)
            parts.append(Literal(self.text[pos : self.pos], pos - start, quoted=quoted))
            return
        self.pos = match.end()
        source = self.text[pos : self.pos]
        if self.too_deep(pos):
            parts.append(Literal(source, pos - start, quoted=quoted))
            return
        escape = _QUOTED_ESCAPE if quoted and not document else _BACKQUOTE_ESCAPE
        code = escape.sub(r"\1", source[1:-1])
        reader = self.inside(code, self.base + pos + 1, self.shared)
        parts.append(Substitution(reader.body(""), source, pos - start, quoted))

    def _brace(self, start: int, parts: list[Part], *, quoted: bool) -> None:
        """Read ``${…}``."""
        text, pos = self.text, self.pos
        match = _BRACE.match(text, pos + 2)
        if match is None or self.too_deep(pos):
            self.pos = pos + 2
            parts.append(Literal("${", pos - start, quoted=quoted))
            return
        prefix, name = match[1], match[2]
        self.pos = match.end()
        self.depth += 1
        index, key = self.index() if text.startswith("[", self.pos) else ("", None)
        operator, operand = {"#": "length", "!": "indirect"}.get(prefix, ""), None
        if not text.startswith("}", self.pos):
            found = _OPERATOR.match(text, self.pos)
            sign = found[0] if found else "?"
            self.pos = found.end() if found else self.pos
            operator = operator or sign
            operand = self._operand(quoted=quoted and sign[0] not in "#%/^,")
        self.depth -= 1
        if text.startswith("}", self.pos):
            self.pos += 1
        else:
            self.pos = self._recover(pos)
            parts.append(Literal(text[pos : self.pos], pos - start, quoted=quoted))
            return
        source = text[pos : self.pos]
        parts.append(Parameter(name, operator, operand, index, source, pos - start, quoted, key))

    def index(self) -> tuple[str, Shape | None]:
        """Read ``[…]`` after a name; return what stands inside, as a word if commands run in it."""
        start, level, text = self.pos + 1, 0, self.text
        parts: list[Part] = []
        while self.pos < self.end:
            char = text[self.pos]
            if char in "}\n":
                break
            if char == '"' or (char == "'" and text.find("'", self.pos + 1) >= 0):
                self._quoted(char, start, parts)
            elif char == "$":
                self._dollar(start, parts, quoted=True)
            elif char == "`":
                self._backquote(start, parts, quoted=True)
            else:
                level += (char == "[") - (char == "]")
                self.pos += 1
                if level == 0:
                    return self._key(start, self.pos - 1, parts)
                match = _INDEX_PLAIN.match(text, self.pos)
                if match is not None:
                    self.pos = match.end()
        return self._key(start, self.pos, parts)

    def _key(self, start: int, end: int, parts: list[Part]) -> tuple[str, Shape | None]:
        source = self.text[start:end]
        if "$(" not in source and "`" not in source:
            return source, None
        return source, Shape(source, tuple(parts), quoted=True)

    def _operand(self, *, quoted: bool) -> Shape:
        """Read what follows the operator of ``${name:-…}``, up to the closing brace."""
        start, text = self.pos, self.text
        parts: list[Part] = []
        any_quoted = False
        while self.pos < self.end:
            match = _OPERAND_PLAIN.match(text, self.pos)
            if match is not None:
                parts.append(Literal(match[0], self.pos - start, quoted=quoted))
                self.pos = match.end()
                continue
            char = text[self.pos]
            if char == "}":
                break
            if char == '"' or (char == "'" and not quoted and text.find("'", self.pos + 1) >= 0):
                any_quoted = True
                self._quoted(char, start, parts)
            elif char == "\\":
                any_quoted = True
                self._escape(start, parts)
            elif char == "$":
                any_quoted = self._dollar(start, parts, quoted=quoted) or any_quoted
            elif char == "`":
                self._backquote(start, parts, quoted=quoted)
            else:
                parts.append(Literal(char, self.pos - start, quoted=quoted))
                self.pos += 1
        return Shape(text[start : self.pos], tuple(parts), quoted=any_quoted or quoted)

    def _parenthesis(self, start: int, parts: list[Part]) -> bool:
        """Read an array literal or an extended glob; False where ``(`` is neither."""
        before = self.text[self.pos - 1]
        if self.spent():
            return True
        if before == "=" and ASSIGNMENT.fullmatch(self.text, start, self.pos):
            if self.too_deep(self.pos):
                return False
            parts.append(self.array(start))
            return True
        if before in "?*+@!":
            end = self.balanced(self.pos)
            parts.append(Literal(self.text[self.pos : end], self.pos - start, quoted=False))
            self.pos = end
            return True
        return False

    def array(self, start: int) -> ArrayLiteral:
        """Read ``(…)`` after ``name=``."""
        text, opened = self.text, self.pos
        items: list[tuple[Shape, int]] = []
        self.pos += 1
        self.depth += 1
        while self.pos < self.end:
            match = _BLANKS.match(text, self.pos)
            if match is not None:
                self.pos = match.end()
                continue
            if text[self.pos] == ")":
                self.pos += 1
                break
            at = self.pos
            shape = self.word()
            if shape is None:
                self.problem(at, "array literal not understood")
                self.pos += 1
            else:
                items.append((shape, self.base + at))
        else:
            self.problem(opened, "array literal without end")
        self.depth -= 1
        return ArrayLiteral(tuple(items), text[opened : self.pos], opened - start, quoted=False)

    def calculation_parts(self, start: int, end: int) -> tuple[Part, ...]:
        """Return what is expanded inside an arithmetic expression."""
        code = self.text[start:end]
        if "$(" not in code and "`" not in code:
            return ()
        return self.expansions(code, self.base + start)

    def expansions(self, text: str, base: int) -> tuple[Part, ...]:
        if self.too_deep(self.pos):
            return (Literal(text, 0, quoted=True),)
        return self.inside(text, base, self.shared).expanded()

    def expanded(self) -> tuple[Part, ...]:
        """Read the whole text as the body of a here-document."""
        text = self.text
        parts: list[Part] = []
        while self.pos < self.end:
            match = _BODY_PLAIN.match(text, self.pos)
            if match is not None:
                parts.append(Literal(match[0], self.pos, quoted=True))
                self.pos = match.end()
            elif text[self.pos] == "\\":
                self._double_escape(0, parts, "\\$`")
            elif text[self.pos] == "$":
                self._dollar(0, parts, quoted=True)
            else:
                self._backquote(0, parts, quoted=True, document=True)
        return tuple(parts)
