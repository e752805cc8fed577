"""Arguments of SQL routines that set up jobs: by position, by name, T-SQL's ``@name = value``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.tokens import Token, content_of, parts, tokenise

_MAX_ARGUMENTS: Final = 2000
_MAX_DOTS: Final = 4


class Value(NamedTuple):
    """An argument: its text (of a string, what is inside), and whether only a run computes it."""

    text: str
    start: int
    computed: bool = False


class Call(NamedTuple):
    """A call of a routine: its dotted name in lower case, and its arguments."""

    name: str
    start: int
    positional: tuple[Value, ...]
    named: dict[str, Value]

    def value(self, name: str, position: int = -1) -> Value | None:
        """Return an argument by its name, else by its position."""
        if name in self.named:
            return self.named[name]
        return self.positional[position] if 0 <= position < len(self.positional) else None

    def text(self, name: str, position: int = -1) -> str:
        """Return an argument's text, empty where it is missing or computed."""
        found = self.value(name, position)
        return found.text if found and not found.computed else ""


def tokens_of(text: str, dialect: Dialect, start: int, end: int) -> list[Token]:
    """Return a statement's tokens; a body in dollar quotes is opened where it holds statements."""
    tokens = tokenise(text, dialect, start, end)
    if not any(token.text.startswith("$") for token in tokens if token.kind == "string"):
        return tokens
    found: list[Token] = []
    for number, token in enumerate(tokens):
        body = token.kind == "string" and token.text.startswith("$")
        before = tokens[number - 1].text if number else ""
        if body and before in ("do", "as"):
            inside = content_of(token)
            found += tokenise(text, dialect, inside.start, inside.start + len(inside.text))
        else:
            found.append(token)
    return found


def calls(tokens: Sequence[Token], names: frozenset[str]) -> Iterator[Call]:
    """Yield the calls of routines whose dotted name, or its end, is one of ``names``."""
    behind = 0
    for number, token in enumerate(tokens[:-1]):
        if token.kind not in ("word", "name") or tokens[number + 1].text != "(" or number < behind:
            continue
        name = _dotted(tokens, number)
        known = next((end for end in _ends(name) if end in names), "")
        if known:
            behind = _closing(tokens, number + 1)
            yield _call(known, token.start, list(tokens[number + 2 : behind]))


def _dotted(tokens: Sequence[Token], number: int) -> str:
    """Return a name with what stands before its dots."""
    words = [tokens[number].text.lower()]
    while (
        number >= 2  # noqa: PLR2004 (a name and a dot)
        and tokens[number - 1].text == "."
        and tokens[number - 2].kind in ("word", "name")
        and len(words) < _MAX_DOTS
    ):
        number -= 2
        words.insert(0, tokens[number].text.lower())
    return ".".join(words)


def _ends(name: str) -> Iterator[str]:
    """Yield a dotted name, and what is left of it without its first parts."""
    while name:
        yield name
        name = name.partition(".")[2]


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for number in range(opening, min(len(tokens), opening + _MAX_ARGUMENTS)):
        if tokens[number].kind == "mark":
            depth += (tokens[number].text == "(") - (tokens[number].text == ")")
            if not depth:
                return number
    return min(len(tokens), opening + _MAX_ARGUMENTS)


def _call(name: str, start: int, inside: list[Token]) -> Call:
    positional: list[Value] = []
    named: dict[str, Value] = {}
    for part in parts(inside):
        texts = [token.text for token in part[:3]]
        if len(part) > 3 and texts[1:] in (["=", ">"], [":", "="]):  # noqa: PLR2004 (name => value)
            named[texts[0].lower()] = value_of(part[3:])
        elif len(part) > 2 and texts[1] in ("=>", ":="):  # noqa: PLR2004
            named[texts[0].lower()] = value_of(part[2:])
        else:
            positional.append(value_of(part))
    return Call(name, start, tuple(positional), named)


def value_of(part: Sequence[Token]) -> Value:
    """Return what an argument is: a text, a number, ``INTERVAL '1 day'``, else its source."""
    start = part[0].start
    strings = [token for token in part if token.kind == "string"]
    if len(strings) == 1 and all(
        token.kind in ("word", "string") or token.text in ("::", "(", ")") for token in part
    ):
        return Value(content_of(strings[0]).text.strip(), start)
    if len(part) == 1 and part[0].kind in ("number", "word", "name"):
        token = part[0]
        plain = token.kind == "number" or token.text in ("true", "false", "null")
        return Value(token.text, start, not plain)
    return Value(" ".join(token.text for token in part), start, computed=True)


def executed(tokens: Sequence[Token], names: frozenset[str]) -> Iterator[Call]:
    """Yield T-SQL's ``EXEC name @parameter = value, …``."""
    for number, token in enumerate(tokens):
        if token.text.lower() not in names or (number and tokens[number - 1].text == "@"):
            continue
        end = number + 1
        named: dict[str, Value] = {}
        while end + 2 < len(tokens) and tokens[end].text.startswith("@"):
            if tokens[end + 1].text != "=":
                break
            last = end + 3
            if tokens[end + 2].text in ("-", "+"):
                last += 1
            named[tokens[end].text[1:]] = value_of(tokens[end + 2 : last])
            end = last
            if end < len(tokens) and tokens[end].text in ("output", "out"):
                end += 1
            if end >= len(tokens) or tokens[end].text != ",":
                break
            end += 1
        if named:
            yield Call(token.text.lower(), token.start, (), named)
