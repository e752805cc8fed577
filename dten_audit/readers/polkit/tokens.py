"""The words of a polkit rules file: as much of JavaScript as such files use."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

Kind = Literal["name", "text", "sign", "number"]


class Token(NamedTuple):
    """``text`` is the value of a string or regular expression, else the word itself."""

    kind: Kind
    text: str
    offset: int


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(
        r"""(?P<skip>\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z))"""
        r"""|"(?P<double>(?:[^"\\\n]|\\.)*+)"|'(?P<single>(?:[^'\\\n]|\\.)*+)'"""
        r"""|`(?P<quoted>(?:[^`\\]|\\.)*+)`"""
        r"""|(?P<name>[A-Za-z_$][\w$]*+(?:\s*+\.\s*+[A-Za-z_$][\w$]*+)*+)|(?P<number>\d[\w.]*+)"""
        r"""|(?:(?<=[(,=&|!:])|(?<=[(,=&|!:]\s))/(?P<regex>(?:[^/\\\n]|\\.)++)/[a-z]*+"""
        r"""|(?P<sign>===|!==|==|!=|<=|>=|&&|\|\||=>|.)""",
        re.DOTALL,
    )


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text; comments and white space are left out. Linear, total."""
    found: list[Token] = []
    for match in _pattern().finditer(text):
        kind = match.lastgroup or ""
        if kind == "skip":
            continue
        value = match[kind]
        if kind == "name":
            found.append(Token("name", "".join(value.split()), match.start()))
        elif kind in ("number", "sign"):
            found.append(Token("number" if kind == "number" else "sign", value, match.start()))
        else:
            found.append(Token("text", value, match.start()))
    return found
