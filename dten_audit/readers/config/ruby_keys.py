"""Reads settings written in Ruby: ``gitlab_rails['smtp_enable'] = true``, ``external_url 'x'``.

Source: gitlab.rb.template of GitLab Omnibus. The file is a program: only assignments of literals to
subscripts, and calls with one literal, at the start of a line are settings; a literal hash is its
keys, and what is nil is not set. What else is computed is stated as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.readers.config.keys import MAX_DEPTH, Broken, Setting, joined

_WORDS: Final = frozenset(("true", "false", "nil"))
_BEHIND: Final = 99
"""How much of what follows a literal on its line is looked at."""


@cache
def _start() -> re.Pattern[str]:
    """A subscripted name that is assigned to, or a call with one argument."""
    subscript = r"\[[ \t]*+(?:'[^'\n]*+'|\"[^\"\n]*+\"|:\w++)[ \t]*+\]"
    return re.compile(
        rf"(?P<name>[a-z_]\w*+)(?P<keys>(?:{subscript})++)[ \t]*+(?P<way>\|\|=|\+=|<<|=(?![=~>]))"
        r"[ \t]*+|(?P<call>[a-z_]\w*+)(?:[ \t]++(?=['\"])|\([ \t]*+(?=[{{'\"\[]))"
    )


@cache
def _label() -> re.Pattern[str]:
    return re.compile(r"'([^'\n]*+)'|\"([^\"\n]*+)\"|:(\w++)")


@cache
def _token() -> re.Pattern[str]:
    """A blank or comment, a key of a hash, a string, a word, a mark."""
    return re.compile(
        r"(?P<blank>(?:\s|\#[^\n]*+\n?)++)"
        r"|(?P<key>(?:\"[^\"\n]*+\"|'[^'\n]*+'|:?\w++)[ \t]*+=>|\w++:(?!:)|\"[^\"\n]*+\":)"
        r"|(?P<text>\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+')"
        r"|(?P<word>:?[\w.+-]++)|(?P<mark>[{}\[\],])|(?P<other>.)",
        re.DOTALL,
    )


def scan(text: str) -> Iterator[Setting | Broken]:
    """Yield the settings of a text."""
    lines = text.split("\n")
    place = offset = 0
    inside = ""
    for number, line in enumerate(lines, 1):
        start, offset = offset, offset + len(line) + 1
        if inside:
            inside = "" if line.startswith("=end") else inside
            continue
        if line.startswith("=begin"):
            inside = "=begin"
        elif start >= place:
            found = _start().match(line)
            if found is not None:
                settings, place = _assigned(text, start + found.end(), found, number)
                yield from settings
    if inside:
        yield Broken(len(lines), "=begin without =end")


def _assigned(text: str, at: int, found: re.Match[str], line: int) -> tuple[list[Setting], int]:
    """Return the settings of one assignment or call, and where it ends."""
    if found["call"]:
        path = found["call"]
    else:
        labels = [next(filter(None, groups), "") for groups in _label().findall(found["keys"])]
        path = found["name"]
        for label in labels:
            path = joined(path, label)
    value = _Value(text, at, line)
    settings = list(value.read(path))
    if found["way"] not in ("=", None):
        settings = [each._replace(computed=True) for each in settings]
    return settings, value.at


class _Value:
    """A literal: a text, a word, a hash, an array. ``at`` is where it ends."""

    def __init__(self, text: str, at: int, line: int) -> None:
        self._text = text
        self._following = line
        self._line = line
        self.at = at

    def read(self, path: str, depth: int = 0) -> Iterator[Setting]:
        """Yield the settings below ``path``."""
        token = self._next()
        line = self._line
        if token is None or depth > MAX_DEPTH:
            return
        if token["mark"] == "{":
            yield from self._hash(path, depth)
        elif token["mark"] == "[":
            yield from self._array(path, depth)
        else:
            value, computed = self._scalar(token)
            if value == "nil" and not computed and token["word"] is not None:
                return  # what is nil is not set
            yield Setting(line, 1, "", path, value, computed)

    def _hash(self, path: str, depth: int) -> Iterator[Setting]:
        empty, line = True, self._line
        while (token := self._next()) is not None and token["mark"] != "}":
            if token["key"] is not None:
                empty = False
                label = token["key"].removesuffix("=>").strip().strip("\"':")
                yield from self.read(joined(path, label), depth + 1)
        if empty:
            yield Setting(line, 1, "", path, "{}")

    def _array(self, path: str, depth: int) -> Iterator[Setting]:
        number, line = 0, self._line
        while (token := self._next()) is not None and token["mark"] != "]":
            if token["mark"] == ",":
                continue
            self.at, self._following = token.start(), self._line
            yield from self.read(joined(path, f"[{number}]"), depth + 1)
            number += 1
        if not number:
            yield Setting(line, 1, "", path, "[]")

    def _scalar(self, token: re.Match[str]) -> tuple[str, bool]:
        """Return the text of a literal; what follows it on its line makes it computed."""
        end = self._text.find("\n", token.end())
        rest = self._text[
            token.end() : min(end if end >= 0 else len(self._text), token.end() + _BEHIND)
        ]
        more = rest.strip().partition("#")[0].strip()
        if token["text"] is not None:
            value = token["text"][1:-1]
            computed = "#{" in value and token["text"][0] == '"'
        else:
            value = token[0]
            computed = token["other"] is not None or (value[:1].isalpha() and value not in _WORDS)
        return value, computed or (bool(more) and more[0] not in ",}])")

    def _next(self) -> re.Match[str] | None:
        """Return the next token, and count the lines that blanks pass."""
        while (token := _token().match(self._text, self.at)) is not None:
            self.at, self._line = token.end(), self._following
            self._following += token[0].count("\n")
            if token["blank"] is None:
                return token
        return None
