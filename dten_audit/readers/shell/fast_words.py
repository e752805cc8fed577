"""Words that one regular expression reads, kept from script to script; and ``$'…'``."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.shell.nodes import Literal, Parameter, Part, Shape

_SIMPLE_PARTS: Final = (
    r"[^ \t\r\n;&|()<>\"'`$\\]++"
    r"|'[^']*+'"
    r"|\"(?:[^\"\\$`]++|\$(?:[A-Za-z_]\w*+|[0-9@*#?]|\{\w++\}))*+\""
    r"|\$(?:[A-Za-z_]\w*+|[0-9@*#?]|\{\w++\})"
)
FAST: Final = re.compile(rf"(?:{_SIMPLE_PARTS})++", re.ASCII)
"""A word without commands inside it and without escapes: nearly every word of real scripts."""
TOKEN: Final = re.compile(rf"(?:[ \t\r]++|\\\n)*+((?:{_SIMPLE_PARTS})++)?+", re.ASCII)
"""The same after blanks, if there is one: group 1."""
_PIECE: Final = re.compile(
    r"(?P<plain>[^\"'$]++)|'(?P<single>[^']*+)'|(?P<name>\$(?:[A-Za-z_]\w*+|[0-9@*#?]|\{\w++\}))|(?P<double>\")",
    re.ASCII,
)
_DOUBLE_PIECE: Final = re.compile(
    r"(?P<plain>[^\"$]++)|(?P<name>\$(?:[A-Za-z_]\w*+|[0-9@*#?]|\{\w++\}))|\"", re.ASCII
)
ASSIGNMENT: Final = re.compile(
    r"([A-Za-z_]\w*+)"
    r"(?:\[((?:[^\[\]\s\"]|\[[^\[\]\s]*+\]|\"[^\"\n]*+\")*+)\])?+"
    r"(\+?)=",
    re.ASCII,
)
_ANSI: Final = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|(.))", re.DOTALL
)
_ANSI_CHARS: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f",
                      "v": "\v"}  # fmt: skip

_CACHE_SIZE: Final = 20_000
_CACHED_LENGTH: Final = 120
_shapes: dict[str, Shape] = {}


def name_part(source: str, offset: int, *, quoted: bool) -> Parameter:
    """Return the parameter that ``$name`` or ``${name}`` is."""
    return Parameter(source.strip("${}") or source[1:], "", None, "", source, offset, quoted)


def _fast_parts(source: str) -> tuple[tuple[Part, ...], bool]:
    """Return the parts of a word that ``FAST`` matches, and whether any of it is quoted."""
    parts: list[Part] = []
    quoted = False
    pos, end = 0, len(source)
    while pos < end:
        match = _PIECE.match(source, pos)
        if match is None:
            break
        kind = match.lastgroup
        if kind == "plain":
            parts.append(Literal(match[0], pos, quoted=False))
        elif kind == "name":
            parts.append(name_part(match[0], pos, quoted=False))
        else:
            quoted = True
            if kind == "single":
                parts.append(Literal(match["single"], pos + 1, quoted=True))
            else:
                pos = _fast_double(source, match.end(), parts)
                continue
        pos = match.end()
    return tuple(parts), quoted


def _fast_double(source: str, pos: int, parts: list[Part]) -> int:
    """Add the parts of a double-quoted string to ``parts``; return where it ends."""
    start = pos
    while True:
        match = _DOUBLE_PIECE.match(source, pos)
        if match is None or match.lastgroup is None:
            if pos == start:
                parts.append(Literal("", pos, quoted=True))
            return pos + 1
        if match.lastgroup == "plain":
            parts.append(Literal(match[0], pos, quoted=True))
        else:
            parts.append(name_part(match[0], pos, quoted=True))
        pos = match.end()


def fast_shape(source: str) -> Shape:
    """Return the shape of a word that ``FAST`` matches, the same object for the same text."""
    shape = _shapes.get(source)
    if shape is None:
        parts, quoted = _fast_parts(source)
        shape = Shape(source, parts, quoted=quoted)
        if len(source) <= _CACHED_LENGTH:
            if len(_shapes) >= _CACHE_SIZE:
                _shapes.clear()
            _shapes[source] = shape
    return shape


def plain_shape(source: str) -> Shape:
    """Return the shape of a word that means nothing but itself."""
    return Shape(source, (Literal(source, 0, quoted=False),), quoted=False)


def ansi_text(body: str) -> str:
    r"""Return what stands between ``$'`` and ``'`` with its escapes (``\n``, ``\x41``) applied."""

    def char(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code:
            number = int(code, 16)
            return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"  # noqa: PLR2004 (the bounds of Unicode)
        if match[4]:
            return chr(int(match[4], 8) & 0xFF)
        return _ANSI_CHARS.get(match[5], match[5] if match[5] in "\\'\"?" else match[0])

    return _ANSI.sub(char, body)
