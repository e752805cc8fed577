"""Reads TOML: each key with its path and line. tomli says whether the file is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.text import LineIndex
from dten_audit.readers.config.keys import MAX_DEPTH, Broken, Setting, joined, sound
from dten_audit.readers.config.templates import has_templates, hide, restore

_LETTERS: Final = {
    "b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\",
}  # fmt: skip
_QUOTES: Final = ('"""', "'''", '"', "'")


class _TomlError(ValueError):
    """Reading stops at ``offset``."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


def scan(text: str, index: LineIndex) -> Iterator[Setting | Broken]:
    """Yield each key that has a scalar or an empty collection as its value."""
    expressions: list[str] = []
    if has_templates(text):
        text, expressions = hide(text)
        index = LineIndex(text)
    try:
        for offset, path, value in _Scanner(text).run():
            line, column = index.position(offset)
            yield Setting(line, column, "", restore(path, expressions), restore(value, expressions))
    except _TomlError as error:
        yield Broken(index.position(error.offset)[0], error.reason)
        return
    if not expressions:
        yield from _invalid(text)


def _invalid(text: str) -> Iterator[Broken]:
    """Yield what tomli holds against a text; depths are known to be bounded by now."""
    import tomli

    try:
        tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at ")
        digits = re.match(r"line (\d+)", place)
        yield Broken(int(digits[1]) if digits else text.count("\n") + 1, reason or place)
    except (ValueError, RecursionError, OverflowError):
        yield Broken(1, "a value that is out of range")


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {
        "blank": re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+"),
        "space": re.compile(r"[ \t]*+"),
        "bare": re.compile(r"[^\s.=\[\]{},\"'#]++"),
        "value": re.compile(
            r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]++|[^\s,\]}#=\[{\"']++"
        ),
        '"': re.compile(r'"([^"\\\n]*+(?:\\.[^"\\\n]*+)*+)"'),
        "'": re.compile(r"'([^'\n]*+)'"),
        '"""': re.compile(r'"""\n?((?:[^"\\]|\\.|"(?!""))*+"{0,2})"""', re.DOTALL),
        "escape": re.compile(
            r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([ \t]*\n\s*)|(.))",
            re.DOTALL,
        ),
    }  # fmt: skip


_Found = tuple[int, str, str]


class _Scanner:
    """Statement by statement; raises ``_TomlError`` at the first that is none."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._arrays: dict[tuple[str, ...], int] = {}
        self._patterns = _patterns()

    def run(self) -> Iterator[_Found]:
        table = ""
        while True:
            self._skip("blank")
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                table = self._header()
            else:
                place, path = self._assigned(table)
                yield from self._value(place, path, 0)
            self._end_of_line()

    def _skip(self, name: str) -> None:
        match = self._patterns[name].match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _take(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _end_of_line(self) -> None:
        self._skip("space")
        if self._at < len(self._text) and self._text[self._at] not in "#\n":
            raise _TomlError(self._at, "a statement does not end with its line")

    def _header(self) -> str:
        """Read ``[a.b]`` or ``[[a.b]]``; return the path below which keys now stand."""
        start = self._at
        several = self._take("[[") or not self._take("[")
        labels = self._labels()
        if not self._take("]]" if several else "]"):
            raise _TomlError(start, "a table's name does not end")
        if several:
            self._arrays[labels] = self._arrays.get(labels, -1) + 1
        path = ""
        for number, label in enumerate(labels, 1):
            path = joined(path, label)
            entry = self._arrays.get(labels[:number])
            path = path if entry is None else joined(path, f"[{entry}]")
        return path

    def _labels(self) -> tuple[str, ...]:
        """Read a dotted key."""
        labels: list[str] = []
        while True:
            self._skip("space")
            labels.append(self._label())
            if len(labels) > MAX_DEPTH:
                raise _TomlError(self._at, "nested too deep")
            self._skip("space")
            if not self._take("."):
                return tuple(labels)

    def _label(self) -> str:
        quote = self._text[self._at : self._at + 1]
        if quote in ('"', "'"):
            return self._string(quote)
        match = self._patterns["bare"].match(self._text, self._at)
        if match is None:
            raise _TomlError(self._at, "a key is missing")
        self._at = match.end()
        return match[0]

    def _assigned(self, table: str) -> tuple[int, str]:
        """Read ``key =``; return where the key stands, and its path."""
        place, path = self._at, table
        for label in self._labels():
            path = joined(path, label)
        if not self._take("="):
            raise _TomlError(place, "a key without a value")
        self._skip("space")
        return place, path

    def _string(self, quote: str) -> str:
        if quote == "'''":
            return self._literal_lines()
        match = self._patterns[quote].match(self._text, self._at)
        if match is None:
            raise _TomlError(self._at, "a string does not end")
        self._at = match.end()
        return match[1] if quote == "'" else self._plain(match[1])

    def _literal_lines(self) -> str:
        start = self._at + 3
        end = self._text.find("'''", start)
        if end < 0:
            raise _TomlError(self._at, "a string does not end")
        for _ in range(2):
            end += self._text.startswith("'", end + 3)
        self._at = end + 3
        return self._text[start:end].removeprefix("\n")

    def _plain(self, text: str) -> str:
        if "\\" not in text:
            return text

        def letter(match: re.Match[str]) -> str:
            digits = match[1] or match[2] or match[3]
            if digits:
                code = int(digits, 16)
                return chr(code) if code <= 0x10FFFF else "\ufffd"  # noqa: PLR2004 - Unicode's last
            return "" if match[4] else _LETTERS.get(match[5], match[0])

        return sound(self._patterns["escape"].sub(letter, text))

    def _value(self, place: int, path: str, depth: int) -> Iterator[_Found]:
        if depth > MAX_DEPTH:
            raise _TomlError(self._at, "nested too deep")
        quote = next((q for q in _QUOTES if self._text.startswith(q, self._at)), "")
        if quote:
            yield place, path, self._string(quote)
        elif self._take("["):
            yield from self._array(place, path, depth)
        elif self._take("{"):
            yield from self._inline(place, path, depth)
        else:
            match = self._patterns["value"].match(self._text, self._at)
            if match is None:
                raise _TomlError(self._at, "a value is missing")
            self._at = match.end()
            yield place, path, match[0]

    def _array(self, place: int, path: str, depth: int) -> Iterator[_Found]:
        number = 0
        while True:
            self._skip("blank")
            if self._take("]"):
                break
            yield from self._value(self._at, joined(path, f"[{number}]"), depth + 1)
            number += 1
            self._skip("blank")
            if not self._take(",") and not self._text.startswith("]", self._at):
                raise _TomlError(self._at, "an array does not end")
        if not number:
            yield place, path, "[]"

    def _inline(self, place: int, path: str, depth: int) -> Iterator[_Found]:
        number = 0
        while True:
            self._skip("blank")
            if self._take("}"):
                break
            key_place, key_path = self._assigned(path)
            yield from self._value(key_place, key_path, depth + 1)
            number += 1
            self._skip("blank")
            if not self._take(",") and not self._text.startswith("}", self._at):
                raise _TomlError(self._at, "an inline table does not end")
        if not number:
            yield place, path, "{}"
