"""Lines and values of Ruby, as far as recipes use them: texts, symbols, lists, here-documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.readers.orchestration.resources import Value

_MAX_ITEMS: Final = 100
_MAX_JOINED: Final = 50
_MAX_LINE: Final = 4000
_CLOSING: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}


class Line(NamedTuple):
    """A line of code without its comment; ``body`` is the text of the here-document that it opens.

    ``column`` is where the part in question starts, ``body_line`` where the text does. ``literal``:
    nothing is computed in the text.
    """

    number: int
    code: str
    column: int = 1
    body: str | None = None
    body_line: int = 0
    literal: bool = False


@cache
def _heredoc() -> re.Pattern[str]:
    return re.compile(r"<<([-~]?)(['\"]?)([A-Z_][A-Za-z0-9_]*)\2")


@cache
def _comment() -> re.Pattern[str]:
    return re.compile(r"(?:[^'\"#]|'(?:[^'\\]|\\.)*+'?|\"(?:[^\"\\]|\\.)*+\"?|(?<!\s)#)*+")


class Lines:
    """The lines of a program: comments cut off, lists over several lines joined, texts taken."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._at = 0

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        while self._at < len(self._lines):
            number = self._at + 1
            code = self._take()
            if code.startswith("=begin"):
                while self._at < len(self._lines) and not self._take().startswith("=end"):
                    pass
                continue
            if code == "__END__":
                self._at = len(self._lines)
                break
            if not code.strip():
                continue
            joined = 0
            while code.rstrip().endswith((",", "[", "\\", "&&", "||")) and joined < _MAX_JOINED:
                if self._at >= len(self._lines):
                    break
                code = f"{code.rstrip().rstrip(chr(92))} {self._take().strip()}"
                joined += 1
            return self._with_text(number, code)
        raise StopIteration

    def _take(self) -> str:
        line = self._lines[self._at]
        self._at += 1
        if "#" not in line:
            return line
        match = _comment().match(line[:_MAX_LINE])
        return line[: match.end()] if match is not None else line

    def _with_text(self, number: int, code: str) -> Line:
        opened = _heredoc().search(code)
        if opened is None:
            return Line(number, code)
        start = self._at
        body: list[str] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if line.strip() == opened[3]:
                break
            body.append(line)
        if opened[1] == "~" and body:
            margin = min((len(x) - len(x.lstrip()) for x in body if x.strip()), default=0)
            body = [line[margin:] for line in body]
        text = "".join(f"{line}\n" for line in body)
        return Line(number, code, 1, text, start + 1, opened[2] == "'")


@cache
def _scalar() -> re.Pattern[str]:
    return re.compile(
        r"'((?:[^'\\]|\\.)*+)'|\"((?:[^\"\\]|\\.)*+)\"|:([A-Za-z_]\w*)|:\"([^\"\n]*)\""
        r"|(true|false|[0-9][0-9_.]*)"
    )


@cache
def _interpolation() -> re.Pattern[str]:
    return re.compile(r"#\{([^{}]{0,400}(?:\{[^{}]{0,200}\}[^{}]{0,200})?)\}")


_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def values_of(text: str, line: Line) -> tuple[Value, ...]:
    """Return the values that an expression lists; one that is computed for any other."""
    text = text.strip().removesuffix(",").strip()
    if line.body is not None and text.startswith("<<"):
        return (_body(line),)
    if text[:2] in ("%w", "%W", "%i") and len(text) > 2:  # noqa: PLR2004 (the sign and its bracket)
        close = _CLOSING.get(text[2], text[2])
        words = text[3:].partition(close)[0].split()
        return tuple(Value(word, "exact", line.number, line.column) for word in words[:_MAX_ITEMS])
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if text.startswith("["):
        inside = text[1:].rpartition("]")[0]
        matches = list(_scalar().finditer(inside))[:_MAX_ITEMS]
        rest = _scalar().sub("", inside).replace(",", "").strip()
        if matches and not rest:
            return tuple(_value(match, line) for match in matches)
        return (_unknown(text, line),)
    match = _scalar().match(text)
    if match is not None and not text[match.end() :].strip(" ,)"):
        return (_value(match, line),)
    if match is not None and text[match.end() :].lstrip().startswith((",", "if ", "unless ")):
        return (_value(match, line),)
    return (_unknown(text, line),)


def _body(line: Line) -> Value:
    assert line.body is not None
    if line.literal:
        return Value(line.body, "exact", line.body_line, 1, (line.body_line,))
    text, unknown = _filled(line.body)
    sure = "computed" if unknown else "exact"
    return Value(text, sure, line.body_line, 1, (line.body_line,), unknown=unknown)  # type: ignore[arg-type]


def _value(match: re.Match[str], line: Line) -> Value:
    if match[1] is not None:
        text = match[1].replace("\\'", "'").replace("\\\\", "\\")
        return Value(text, "exact", line.number, line.column + 1)
    if match[2] is not None:
        text, unknown = _filled(match[2])
        text = text.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t")
        sure = "computed" if unknown else "exact"
        return Value(text, sure, line.number, line.column + 1, (line.number,), unknown=unknown)  # type: ignore[arg-type]
    text = next(group for group in match.groups()[2:] if group is not None)
    return Value(text, "exact", line.number, line.column)


def _filled(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a text with its interpolations as ``${name}``, and these names."""
    unknown: list[str] = []

    def name(match: re.Match[str]) -> str:
        words = [word for word in _NAME.findall(match[1]) if word not in ("node", "new_resource")]
        found = words[-1] if words else "expression"
        unknown.append(found)
        return f"${{{found}}}"

    return _interpolation().sub(name, text), tuple(dict.fromkeys(unknown))


def _unknown(text: str, line: Line) -> Value:
    words = [word for word in _NAME.findall(text[:400]) if word not in ("node", "new_resource")]
    name = words[-1] if words else "expression"
    raw = text if text.startswith(("{", "lazy", "proc")) else ""
    return Value(raw or f"${{{name}}}", "computed", line.number, line.column, unknown=(name,))
