"""Splits a Puppet manifest into tokens, in one pass and in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

MAX_TOKENS: Final = 500_000


class Token(NamedTuple):
    """``kind``: name, type, variable, string, text (with variables), number, regex, or the sign.

    ``text`` is a string's own text. ``line`` and ``column`` are 1-based; ``end`` is the offset
    behind it. ``lines`` are the lines of a string's text, the last counting on.
    """

    kind: str
    text: str
    start: int
    end: int
    lines: tuple[int, ...] = ()


@cache
def _token() -> re.Pattern[str]:
    return re.compile(
        r"(?P<blank>[ \t\n\r\f\v\ufeff]+)|(?P<comment>\#[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)"
        r"|(?P<string>'(?:[^'\\]|\\.)*+'?)"
        r"|(?P<text>\"(?:[^\"\\]|\\.)*+\"?)"
        r"|(?P<variable>\$(?:::)?[A-Za-z_]\w*(?:::\w+)*)"
        r"|(?P<number>[0-9][\w.]*)"
        r"|(?P<name>(?:::)?[a-z_][\w-]*(?:::\w+)*)"
        r"|(?P<type>(?:::)?[A-Z]\w*(?:::\w+)*)"
        r"|(?P<heredoc>@\([^)\n]{1,80}\))"
        r"|(?P<sign>=>|\+>|->|~>|<-|<~|==|!=|=~|!~|<=|>=|<<\||\|>>|<\||\|>|\+=|-=|@@|.)",
        re.ASCII | re.DOTALL,
    )


@cache
def _heredoc() -> re.Pattern[str]:
    return re.compile(r"@\(\s*(\"?)([^\":/)]+)\"?\s*(?::[^/)]*)?(/[^)]*)?\)")


@cache
def _regex() -> re.Pattern[str]:
    return re.compile(r"/(?:[^/\\\n]|\\.)++/")


_BEFORE_REGEX: Final = frozenset(("=~", "!~", "(", ",", "{", "}", "node", ":", "[", "=>", "?"))
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "s": " "}


class Tokens:
    """The tokens of a text, in order; texts of heredocs stand where they are named."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all: list[Token] = list(self._scan())
        self.complete = len(self.all) < MAX_TOKENS

    def _scan(self) -> Iterator[Token]:
        text, at, count = self.text, 0, 0
        resume, end_of_line, before = 0, -1, ""
        while at < len(text) and count < MAX_TOKENS:
            match = _token().match(text, at)
            if text[at] == "/" and before in _BEFORE_REGEX:
                match = _regex().match(text, at) or match
            assert match is not None
            kind, at = match.lastgroup or "regex", match.end()
            if kind in ("blank", "comment"):
                if 0 <= end_of_line < at:
                    at, end_of_line = resume, -1
                continue
            count += 1
            before = match[0]
            if kind == "heredoc":
                token, resume, end_of_line = self._here(match, max(resume, at))
                yield token
            else:
                yield _made(kind, match)

    def _here(self, match: re.Match[str], after: int) -> tuple[Token, int, int]:
        """Return a heredoc's token, where the text goes on behind it, and where its line ends."""
        text = self.text
        head = _heredoc().fullmatch(match[0])
        line_end = text.find("\n", match.end())
        if head is None or line_end < 0:
            return Token("text", "", match.start(), match.end()), 0, -1
        start = max(line_end + 1, after if after > line_end else 0)
        tag = re.escape(head[2].strip())
        closing = re.compile(rf"^[ \t]*(\|?)[ \t]*-?[ \t]*{tag}[ \t]*$", re.MULTILINE)
        end = closing.search(text, start)
        stop = end.start() if end else len(text)
        body = text[start:stop]
        if end is not None and end[1]:
            margin = end[0].index("|")
            body = "\n".join(
                line[min(margin, len(line) - len(line.lstrip(" \t"))) :]
                for line in body.split("\n")
            )
        resume = end.end() if end else len(text)
        kind = "text" if head[1] else "string"
        return Token(kind, body, match.start(), match.end(), (start,)), resume, line_end


def _made(kind: str, match: re.Match[str]) -> Token:
    text = match[0]
    if kind in ("string", "text"):
        quote = text[0]
        inside = text[1:-1] if len(text) > 1 and text.endswith(quote) else text[1:]
        if "\\" in inside:
            inside = _ESCAPE.sub(_single if kind == "string" else _double, inside)
        return Token(kind, inside, match.start(), match.end())
    return Token(text if kind == "sign" else kind, text, match.start(), match.end())


def _single(match: re.Match[str]) -> str:
    return match[1] if match[1] in "'\\" else match[0]


def _double(match: re.Match[str]) -> str:
    char = match[1]
    if char == "$":
        return "\ue000"
    return _ESCAPES.get(char, char if char in "\"'\\" else match[0])


ESCAPED_DOLLAR: Final = "\ue000"
r"""Stands for ``\$`` in a text: no variable follows it."""
