"""The lowest level of PowerShell's syntax: blanks, comments, quotes, and where blocks end.

Source: about_Quoting_Rules, about_Parsing, about_Comments and the language specification of
Windows PowerShell 3.0, chapter 2.
"""

from __future__ import annotations

import re
from typing import Final

_LOOKALIKES: Final = {
    0x2018: "'", 0x2019: "'", 0x201A: "'", 0x201B: "'", 0x201C: '"', 0x201D: '"', 0x201E: '"',
    0x2013: "-", 0x2014: "-", 0x2015: "-", 0xA0: " ",
}  # fmt: skip
"""Quotes and dashes of typesetters, which PowerShell takes for the plain ones."""
_COMMENT: Final = r"<\#(?:[^\#]++|\#(?!>))*+(?:\#>|\Z)"
BLANK: Final = re.compile(rf"(?:[ \t\f\v]++|`\n|{_COMMENT})*+")
"""Blanks inside a line."""
BLANKS: Final = re.compile(rf"(?:\s++|`\n|{_COMMENT}|\#[^\n]*+)*+")
"""Blanks, line ends and comments."""
GAP: Final = re.compile(rf"(?:[\s;]++|`\n|{_COMMENT}|\#[^\n]*+)*+")
"""What stands between two statements."""
SINGLE: Final = re.compile(r"'((?:[^']++|'')*+)'")
DOUBLE: Final = re.compile(r'"((?:[^"`$]++|`.|""|\$(?!\())*+)"', re.DOTALL)
"""A string in double quotes without ``$( )``."""
HERE: Final = re.compile(r"@(['\"])[ \t]*+\n")
VARIABLE: Final = re.compile(
    r"\$(?:([A-Za-z_][\w]*+(?::\w++)?)|([?$^])|\{((?:[^}`]++|`.)*+)\})", re.ASCII
)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "\n": ""}
_ESCAPE: Final = re.compile(r"`(.)|\"\"", re.DOTALL)
_BLOCK_COMMENT: Final = re.compile(_COMMENT)
_INSIDE: Final = re.compile(r'[^"`$]++')
_LINE: Final = re.compile(r"[^\n]*+")
SIMPLE: Final = re.compile(
    r"(?:'([^'\n]*+)'(?!')|\"([^\"`$\n]*+)\"(?!\")|(\$\w++)|(\d{1,9}))[ \t]*+(?=[\n;}]|\Z)"
)
"""A value of one word at the end of its line or list."""
DULL: Final = re.compile(
    r"\((?:\s*+(?:\$[\w:.]++|-\w++|'[^'\n]*+'|\"[^\"`$\n]*+\"|\d++|,|!))++\s*+\)"
)
"""A condition of variables and literals, in which nothing is called."""
BLANK_STARTS: Final = frozenset(" \t\f\v\n\r`<#\xa0")
MAX_DEPTH: Final = 48


def normal(text: str) -> str:
    """Return a script with plain quotes and dashes; offsets stay."""
    return text if text.isascii() else text.translate(_LOOKALIKES)


def unescaped(text: str) -> str:
    """Return what stands between double quotes, escapes resolved."""
    if "`" not in text and '""' not in text:
        return text
    return _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[1]) if m[1] else '"', text)


def here_end(text: str, start: int, quote: str) -> int:
    """Return where the text of a here-string ends: before the line of its closing mark; or -1."""
    if text.startswith(f"{quote}@", start):
        return start
    return text.find(f"\n{quote}@", start - 1)


def string_end(text: str, at: int, depth: int = 0) -> int:
    """Return the offset behind the string in double quotes at ``at``.

    -1 where it does not end, or is nested deeper than is read.
    """
    match = DOUBLE.match(text, at)
    if match is not None:
        return match.end()
    at, end = at + 1, len(text)
    while at < end:
        match = _INSIDE.match(text, at)
        if match is not None:
            at = match.end()
            continue
        char = text[at]
        if char == '"':
            if text[at + 1 : at + 2] != '"':
                return at + 1
            at += 2
        elif char == "`":
            at += 2
        elif text.startswith("$(", at):
            at = closing(text, at + 1, depth + 1) if depth < MAX_DEPTH else -1
            if at < 0:
                return -1
        else:
            at += 1
    return -1


_NESTED: Final = re.compile(r"""[^(){}\[\]"'\#`@<\n]++""")


def closing(text: str, at: int, depth: int = 0) -> int:
    """Return the offset behind the bracket that closes the one at ``at``; -1 where none does."""
    level, end = 0, len(text)
    word = False
    while at < end:
        match = _NESTED.match(text, at)
        if match is not None:
            at = match.end()
            word = not text[at - 1].isspace()
            continue
        char = text[at]
        if char in "({[":
            level += 1
        elif char in ")}]":
            level -= 1
            if level <= 0:
                return at + 1
        else:
            behind = _opaque(text, at, word=word, depth=depth)
            if behind < 0:
                return -1
            at = behind
            word = char in "\"'"
            continue
        word = char not in "({[\n"
        at += 1
    return -1


def _opaque(text: str, at: int, *, word: bool, depth: int) -> int:
    """Return the offset behind a quote, comment or single sign; -1 where a quote does not end."""
    char = text[at]
    if char == "'":
        single = SINGLE.match(text, at)
        return single.end() if single is not None else -1
    if char == '"':
        return string_end(text, at, depth)
    if char == "@":
        here = HERE.match(text, at)
        if here is None:
            return at + 1
        stop = here_end(text, here.end(), here[1])
        return text.find(f"{here[1]}@", stop) + 2 if stop >= 0 else -1
    if char == "`":
        return at + 2
    if char == "<":
        comment = _BLOCK_COMMENT.match(text, at)
        return comment.end() if comment is not None else at + 1
    if char == "#" and not word:
        line = _LINE.match(text, at)
        return line.end() if line is not None else at + 1
    return at + 1
