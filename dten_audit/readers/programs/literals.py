"""The exact text of a literal: escapes read, holes named, each character's place known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from dten_audit.readers.programs.languages import Language, Quote
from dten_audit.readers.programs.lexing import Literal
from dten_audit.readers.programs.values import Number, Value
from dten_audit.readers.shell.values import Field, Mark, Source, weaker

Resolve = Callable[[str, int], "Field | None"]
"""Returns the value of an expression in a hole, written at an offset; None where it is unknown."""

MAX_TEXT: Final = 1 << 20
"""Longer literals carry data; they are cut."""
_SIMPLE: Final = {
    "n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
    "e": "\x1b", "s": " ", "\n": "",
}  # fmt: skip
_NAMES: Final = re.compile(r"[A-Za-z_]\w*+", re.ASCII)
_PHP_VARIABLE: Final = re.compile(r"\$[A-Za-z_]\w*+(?:->\w++|\[[^\]\n]*+\])?")
_PERL_VARIABLE: Final = re.compile(
    r"[$@](?:\w++|\{\w++\})(?:(?:->)?(?:\{[^}\n]*+\}|\[[^\]\n]*+\]))*+"
)
_KOTLIN_VARIABLE: Final = re.compile(r"\$[A-Za-z_]\w*+")
_VARIABLES: Final = {
    "php": _PHP_VARIABLE, "perl": _PERL_VARIABLE, "kotlin": _KOTLIN_VARIABLE,
    "groovy": re.compile(r"\$[A-Za-z_][\w.]*+"),
}  # fmt: skip
_NOT_IN: Final = {"ruby": "", "perl": "s", "php": "sab", "csharp": "s"}
"""Letters that stand for themselves behind a backslash; the others have no ``\\e`` and ``\\s``."""
_OCTAL: Final = re.compile(r"[0-7]{1,3}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{1,2}")
_UNICODE: Final = re.compile(r"\{?([0-9A-Fa-f]{1,8})\}?")
_NO_NAMES: Final = frozenset("self this str String if else and or not in is".split())


def hole(expression: str) -> str:
    """Return how a value that only the run tells stands in a text."""
    names = _NAMES.findall(expression)
    calls = [name for name in names if name not in _NO_NAMES]
    return "${" + (calls[-1] if calls else "value") + "}"


class Builder:
    """Builds a text out of parts, each with its place."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._texts: list[str] = []
        self._marks: list[Mark] = []
        self._length = 0
        self._certainty: Field = Field("")

    def plain(self, text: str, offset: int, *, verbatim: bool = True) -> None:
        """Add a text that is written at an offset, character by character if ``verbatim``."""
        if text:
            self._marks.append(Mark(self._length, self._source, offset, verbatim))
            self._texts.append(text)
            self._length += len(text)

    def value(self, field: Field, offset: int) -> None:
        """Add a value that is used at an offset."""
        self.plain(field.text, offset, verbatim=False)
        known = field.certainty
        self._certainty = Field("", weaker(self._certainty.certainty, known))

    def field(self, start: int) -> Field:
        """Return the text; an empty one stands at ``start``."""
        marks = tuple(self._marks) or (Mark(0, self._source, start, verbatim=False),)
        return Field("".join(self._texts), self._certainty.certainty, marks=marks)


class Texts:
    """Reads literals of one program."""

    def __init__(self, source: Source, language: Language, resolve: Resolve) -> None:
        self._source = source
        self._language = language
        self._resolve = resolve

    def field(self, literal: Literal) -> Field:
        """Return the value of a literal."""
        builder = Builder(self._source)
        stop = min(literal.stop, literal.body + MAX_TEXT)
        quote = literal.quote
        indent = self._indent(literal.body, stop) if quote.indented else 0
        body = literal.body
        if quote.indented and quote.opener and self._source.text.startswith("\n", body):
            body += 1
        if quote.indented and self._language.name == "php" and stop > body:
            stop -= 1
        if indent:
            for start, end in self._lines(body, stop, indent):
                self._part(builder, start, end, quote)
        else:
            self._part(builder, body, stop, quote)
        return builder.field(literal.body)

    def as_text(self, value: Value) -> Field:
        """Return a value as text; what only the run tells stands as ``${name}``."""
        if isinstance(value, Field):
            return value
        if isinstance(value, Number):
            return self._placed(Field(value.text), value.offset)
        written = getattr(value, "path", "") or getattr(value, "text", "")
        offset = getattr(value, "offset", 0)
        return self._placed(Field(hole(written), "computed", loose=True), offset)

    def _placed(self, field: Field, offset: int) -> Field:
        return field._replace(marks=(Mark(0, self._source, offset, verbatim=False),))

    def _indent(self, body: int, stop: int) -> int:
        """Return the indentation that all lines of a text share, that of its closer included."""
        text = self._source.text
        lines = text[body:stop].split("\n")
        if not lines[0].strip() and len(lines) > 1:
            lines = lines[1:]
        depths = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
        if lines and not lines[-1].strip() and self._language.name in ("java", "csharp"):
            depths.append(len(lines[-1]))
        return min(depths, default=0)

    def _lines(self, body: int, stop: int, indent: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of lines behind their indentation, line ends included."""
        text, at = self._source.text, body
        while at < stop:
            end = text.find("\n", at, stop)
            end = stop if end < 0 else end + 1
            blank = len(text[at:end]) - len(text[at:end].lstrip(" \t"))
            yield at + min(indent, blank), end
            at = end

    def _part(self, builder: Builder, start: int, stop: int, quote: Quote) -> None:
        text = self._source.text
        pattern = _inner(quote, self._language.name)
        at = start
        if pattern is not None:
            for match in pattern.finditer(text, start, stop):
                if match.start() < at:
                    continue
                builder.plain(text[at : match.start()], at)
                at = self._one(builder, match, stop, quote)
        builder.plain(text[at:stop], at)

    def _one(self, builder: Builder, match: re.Match[str], stop: int, quote: Quote) -> int:
        """Add an escape or a hole; return where the text goes on."""
        text, at, kind = self._source.text, match.start(), match.lastgroup
        if kind == "escape":
            value, end = self._escaped(at, stop, quote)
            builder.plain(value, at, verbatim=False)
            return min(end, stop)
        if kind in ("double", "brace"):
            builder.plain(match.group()[0], at, verbatim=False)
            return match.end()
        if kind == "name":
            end = match.end()
            expression = match.group().strip("${}@")
        else:
            end = _closing(text, match.end(), stop)
            expression = text[match.end() : end - 1]
            if self._language.name in ("python", "csharp"):
                expression = _without_format(expression)
        found = self._resolve(expression.strip(), at)
        builder.value(found or Field(hole(expression), "computed"), at)
        return end

    def _escaped(self, at: int, stop: int, quote: Quote) -> tuple[str, int]:
        """Return what a backslash sequence stands for, and where it ends."""
        text = self._source.text
        after = text[at + 1 : at + 2]
        if quote.escape == "quote":
            known = after in ("\\", quote.closer, quote.opener) and after
            return (after if known else "\\" + after), at + 2
        if after == "x" and (match := _HEX.match(text, at + 2, stop)):
            return chr(int(match[0], 16)), match.end()
        if after in ("u", "U") and (match := _UNICODE.match(text, at + 2, self._wide(at, after))):
            number = int(match[1], 16)
            legal = number < 0x110000 and not 0xD800 <= number < 0xE000  # noqa: PLR2004 (Unicode)
            return (chr(number) if legal else "\ufffd"), match.end()
        if after in "01234567" and after and (match := _OCTAL.match(text, at + 1, stop)):
            return chr(int(match[0], 8)), match.end()
        simple = _SIMPLE.get(after)
        if simple is not None and after not in _NOT_IN.get(self._language.name, "es"):
            return simple, at + 2
        named = "\\'\"" if self._language.name == "python" else '\\"`$'
        keeps = self._language.name in ("python", "php") and after not in named
        return ("\\" + after if keeps else after), at + 2

    def _wide(self, at: int, letter: str) -> int:
        braces = self._source.text.startswith("{", at + 2)
        return at + 12 if braces or letter == "U" else at + 6


def _closing(text: str, at: int, stop: int) -> int:
    """Return where the braces of a hole close, behind the last one."""
    level = 1
    for position in range(at, min(stop, at + 4096)):
        if text[position] == "{":
            level += 1
        elif text[position] == "}":
            level -= 1
            if not level:
                return position + 1
    return min(stop, at + 4096)


def _without_format(expression: str) -> str:
    """Return the expression of ``{expression!r:>10}`` alone."""
    return re.split(r"(?:![ras])?(?::(?![^\[(]*[\])])|=?$|$)", expression, maxsplit=1)[0]


@cache
def _inner(quote: Quote, language: str) -> re.Pattern[str] | None:
    """Return the pattern of what is not itself in a text of this form."""
    parts = []
    if quote.escape in ("c", "quote"):
        parts.append(r"(?P<escape>\\)")
    elif quote.escape == "doubled":
        parts.append(rf"(?P<double>{re.escape(quote.closer * 2)})")
    if quote.holes == "{":
        parts.append(r"(?P<brace>\{\{|\}\})")
        parts.append(r"(?P<hole>\{)")
    elif quote.holes:
        parts.append(
            r"(?P<hole>\{(?=\$))" if quote.holes == "{$" else f"(?P<hole>{re.escape(quote.holes)})"
        )
    if quote.names:
        parts.append(f"(?P<name>{_VARIABLES[language].pattern})")
    return re.compile("|".join(parts)) if parts else None
