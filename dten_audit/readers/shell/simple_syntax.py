"""Reads simple commands: assignments, words, redirections, ``[[ … ]]``."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.shell.fast_words import ASSIGNMENT, TOKEN, fast_shape, plain_shape
from dten_audit.readers.shell.nodes import Assignment, Group, Heredoc, Node, Redirect, Shape, Simple
from dten_audit.readers.shell.words import WordScanner

_BLANK: Final = re.compile(r"(?:[ \t\r]++|\\\n)++")
GAP: Final = re.compile(r"(?:[ \t\r]++|\\\n|#[^\n]*+)++")
_SPACE: Final = re.compile(r"(?:[ \t\r\n]++|\\\n|#[^\n]*+)++")
_REDIRECT: Final = re.compile(r"(\d++|\{\w++\})?+(<<<|<<-?|<>|<&|>&|>>|>\||&>>|&>|<(?!\()|>(?!\())")
_FUNCTION: Final = re.compile(r"[ \t]*+\([ \t]*+\)")
_AFTER_WORD: Final = frozenset(" \t\n;&|")
IDENTIFIER: Final = re.compile(r"[A-Za-z_]\w*+", re.ASCII)
_INDEXED: Final = re.compile(r"[A-Za-z_]\w*+(?=\[)", re.ASCII)
_CONTINUED: Final = re.compile(r"(?:\\\n)++(?=\()")
_EQUALS: Final = re.compile(r"\+?=")
_RUNS: Final = re.compile(r"\$\(|`")
_REGEX_WORD: Final = re.compile(r"(?:[^ \t\r\n\\'\"()$`]++|\\.)++", re.DOTALL)
_TEST_OPERATOR: Final = re.compile(r"&&|\|\||[()<>!](?=[\s(!)]|$)|[<>]")
_WORD_END: Final = frozenset(" \t\r\n;&|()<>")

_SETTERS: Final = frozenset(
    "read getopts mapfile readarray printf local declare typeset export readonly unset let"
    " shift".split()
)


def _command(
    words: list[Shape],
    starts: list[int],
    assignments: list[Assignment],
    redirects: list[Redirect],
    offset: int,
) -> Simple:
    is_plain, runs = True, False
    for shape in words:
        if shape.plain is None:
            is_plain = False
            runs = runs or shape.runs
    name = words[0].text or "" if words else ""
    return Simple(
        tuple(words),
        tuple(starts),
        tuple(assignments),
        tuple(redirects),
        offset,
        name,
        is_plain,
        runs,
    )


class SimpleSyntax(WordScanner):
    """Reads one simple command, or ``[[ … ]]``."""

    __slots__ = ()

    def _function_body(self, name: str, start: int) -> Node:
        """Read the body of a function."""
        raise NotImplementedError

    def _skip_blanks(self) -> None:
        match = _BLANK.match(self.text, self.pos)
        if match is not None:
            self.pos = match.end()

    def _skip_space(self) -> None:
        """Skip blanks, newlines and comments where a command must follow."""
        while self.pos < self.end:
            match = GAP.match(self.text, self.pos)
            if match is not None:
                self.pos = match.end()
            elif self.text[self.pos] == "\n":
                self.pos += 1
                if self.pending:
                    self.heredoc_bodies()
            else:
                break

    def _is_word_end(self, pos: int) -> bool:
        text = self.text
        return pos >= self.end or text[pos] in _WORD_END or text.startswith("\\\n", pos)

    def _with_redirects(self, node: Node) -> Node:
        """Read the redirections after a compound command."""
        redirects: list[Redirect] = []
        while True:
            self._skip_blanks()
            match = _REDIRECT.match(self.text, self.pos)
            if match is None:
                break
            self._redirect(match, redirects)
        if not redirects:
            return node
        if isinstance(node, Simple):
            return node._replace(redirects=tuple(redirects))
        if isinstance(node, Group) and not node.redirects:
            return Group(node.body, node.subshell, tuple(redirects), node.offset)
        return Group((node,), subshell=False, redirects=tuple(redirects), offset=node.offset)

    def _simple(self, start: int) -> Node:
        """Read assignments, words and redirections up to the end of the command."""
        text, end_of_text, base = self.text, self.end, self.base
        words: list[Shape] = []
        starts: list[int] = []
        assignments: list[Assignment] = []
        redirects: list[Redirect] = []
        pos = start
        while pos < end_of_text:
            match = TOKEN.match(text, pos)
            assert match is not None
            word, end = match[1], match.end()
            after = text[end] if end < end_of_text else "\n"
            if word is not None:
                pos = end - len(word)
                if after in _AFTER_WORD and (words or "=" not in word) and word[0] != "#":
                    words.append(fast_shape(word))
                    starts.append(base + pos)
                    pos = end
                    continue
            else:
                pos = end
            char = text[pos] if pos < end_of_text else "\n"
            if char in "\n;|)" or (char == "&" and not text.startswith("&>", pos)):
                break
            if char == "#":
                pos = self.line_end(pos)
                break
            self.pos = pos
            if not self._word_or_redirect(words, starts, assignments, redirects):
                function = self._maybe_function(words, start)
                if function is not None:
                    return function
            pos = self.pos
        self.pos = pos
        self.shared.commands += 1
        if assignments or (words and words[0].source in _SETTERS):
            self._note_assigned(words, assignments)
        return _command(words, starts, assignments, redirects, base + start)

    def _note_assigned(self, words: list[Shape], assignments: list[Assignment]) -> None:
        names = self.shared.assigned
        names += [assignment.name for assignment in assignments]
        if words and words[0].source == "shift":
            names.append("@")
        for word in words[1:]:
            match = IDENTIFIER.match(word.source)
            if match is not None:
                names.append(match[0])

    def _word_or_redirect(
        self,
        words: list[Shape],
        starts: list[int],
        assignments: list[Assignment],
        redirects: list[Redirect],
    ) -> bool:
        """Read what stands at the position; False at a ``(`` that belongs to no word."""
        start = self.pos
        match = _REDIRECT.match(self.text, start)
        if match is not None:
            self._redirect(match, redirects)
            return True
        assignment = None if words else self._assigned_here()
        if assignment is not None:
            assignments.append(assignment)
            return True
        shape = self.word()
        if shape is None:
            return False
        words.append(shape)
        starts.append(self.base + start)
        return True

    def _maybe_function(self, words: list[Shape], start: int) -> Node | None:
        match = _FUNCTION.match(self.text, self.pos)
        if match is not None and len(words) == 1:
            self.pos = match.end()
            return self._function_body(words[0].source, start)
        self.problem(self.pos, "unexpected parenthesis")
        if not self.spent():
            self.pos += 1
        return None

    def _assigned_here(self) -> Assignment | None:
        """Read the assignment that starts here, if there is one."""
        match = ASSIGNMENT.match(self.text, self.pos)
        if match is not None and not (match[2] and _RUNS.search(match[2])):
            self.pos = match.end()
            return self._assignment(match[1], match[2] or "", None, append=match[3] == "+")
        start = self.pos
        match = _INDEXED.match(self.text, start)
        if match is None or self.shared.rescans < 0:
            return None
        waiting, problems = len(self.pending), len(self.shared.problems)
        self.pos = match.end()
        subscript, key = self.index()
        closed = self.text.startswith("]", self.pos - 1)
        sign = _EQUALS.match(self.text, self.pos) if closed else None
        if sign is None:
            self.may_rescan(self.pos - start)
            del self.pending[waiting:], self.shared.problems[problems:]
            self.pos = start
            return None
        self.pos = sign.end()
        return self._assignment(match[0], subscript, key, append=sign[0] == "+=")

    def _assignment(
        self, name: str, subscript: str, key: Shape | None, *, append: bool
    ) -> Assignment:
        """Read the value of an assignment, whose ``=`` has been read."""
        continued = _CONTINUED.match(self.text, self.pos)
        if not self.spent() and continued is not None:
            self.pos = continued.end()
        at = self.base + self.pos
        value: Shape | None
        if self.text.startswith("(", self.pos):
            literal = self.array(self.pos)
            value = Shape(literal.source, (literal,), quoted=False)
        else:
            value = self.word()
        value = value or Shape("", (), quoted=False)
        return Assignment(name, subscript, append, value, at, key)

    def _redirect(self, match: re.Match[str], redirects: list[Redirect]) -> None:
        digits, operator = match[1] or "", match[2]
        descriptor = int(digits[:9]) if digits.isdigit() else -1
        self.pos = match.end()
        self._skip_blanks()
        start = self.pos
        target = self.word() or Shape("", (), quoted=False)
        heredoc = None
        if operator in ("<<", "<<-"):
            delimiter = target.text if target.text is not None else target.source
            heredoc = Heredoc(delimiter, quoted=target.quoted, strip=operator == "<<-")
            self.pending.append(heredoc)
        redirects.append(Redirect(operator, descriptor, target, self.base + start, heredoc))

    def _test(self, start: int) -> Simple:
        """Read ``[[ … ]]`` as a simple command whose operators are words."""
        words, starts = [plain_shape("[[")], [self.base + start]
        self.pos = start + 2
        regex = False
        while self.pos < self.end:
            match = _SPACE.match(self.text, self.pos)
            if match is not None:
                self.pos = match.end()
                continue
            at = self.pos
            match = None if regex else _TEST_OPERATOR.match(self.text, at)
            if match is not None and not self.text.startswith(("<(", ">("), at):
                self.pos = match.end()
                shape: Shape | None = plain_shape(match[0])
            else:
                shape = self._regex() if regex else self.word()
            if shape is None:
                self.pos = at + 1
                if self.text[at] in ";\n":
                    self.problem(start, "]] is missing")
                    break
                shape = plain_shape(self.text[at])
            words.append(shape)
            starts.append(self.base + at)
            regex = shape.source == "=~"
            if shape.source == "]]":
                break
        self.shared.commands += 1
        return _command(words, starts, [], [], self.base + start)

    def _regex(self) -> Shape:
        """Read the right side of ``=~``: blanks end it, except inside parentheses."""
        start, level = self.pos, 0
        parts: list[Shape] = []
        while self.pos < self.end:
            match = _REGEX_WORD.match(self.text, self.pos)
            if match is not None:
                self.pos = match.end()
                continue
            char = self.text[self.pos]
            if char in "()":
                level += 1 if char == "(" else -1
                self.pos += 1
            elif char == "\n" or (char in " \t\r" and level <= 0):
                break
            elif char in "\"'$`":
                before = self.pos
                shape = self.word()
                if shape is not None:
                    parts.append(shape)
                self.pos = max(self.pos, before + 1)
            else:
                self.pos += 1
        inner = tuple(part for shape in parts for part in shape.parts)
        source = self.text[start : self.pos]
        return Shape(source, inner, quoted=True) if parts else plain_shape(source)
