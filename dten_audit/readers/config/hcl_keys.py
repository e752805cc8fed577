"""Reads HCL: attributes by the path of their blocks (Consul, Nomad, Vault, Terraform).

Source: developer.hashicorp.com, "HCL native syntax specification"; read 2026-11-21. Labels of a
block are left out of the path: ``job "web" { group "a" { … } }`` holds ``job.group.…``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.text import LineIndex
from dten_audit.readers.config.keys import MAX_DEPTH, MAX_VALUE, Broken, Setting, joined

_OPEN: Final = {"{": "}", "[": "]", "(": ")"}


@cache
def _token() -> re.Pattern[str]:
    return re.compile(
        r"(?P<blank>(?:[ \t\r]|\#[^\n]*+|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)++)"
        r"|(?P<heredoc><<-?(?P<end>[A-Za-z_]\w*+)[^\n]*+\n)"
        r"|(?P<text>\"(?:[^\"\\\n]|\\.)*+\")|(?P<word>[A-Za-z_][\w-]*+(?:\.[\w-]++)*+)"
        r"|(?P<line>\n)|(?P<set>=(?![=>]))|(?P<mark>[{}\[\]()])|(?P<other>.)",
        re.DOTALL,
    )


def scan(text: str, index: LineIndex) -> Iterator[Setting | Broken]:
    """Yield the attributes of a text."""
    yield from _Reader(text, index).read()


class _Reader:
    """Goes through the tokens. ``blocks`` are the names of the blocks around them."""

    def __init__(self, text: str, index: LineIndex) -> None:
        self._text = text
        self._index = index
        self._at = 0
        self._endless: set[str] = set()

    def read(self) -> Iterator[Setting | Broken]:
        """Yield what blocks hold; an attribute's value ends with its line, or its brackets."""
        blocks: list[str] = []
        words: list[re.Match[str]] = []
        while (token := self._next()) is not None:
            if token["mark"] == "{":
                if len(blocks) >= MAX_DEPTH:
                    yield Broken(self._line(token.start()), "nested too deep")
                    return
                blocks.append(joined(blocks[-1] if blocks else "", _name(words)))
                words = []
            elif token["mark"] == "}":
                if not blocks:
                    yield Broken(self._line(token.start()), "} closes nothing")
                    return
                blocks.pop()
                words = []
            elif token["set"] is not None and words:
                path = joined(blocks[-1] if blocks else "", _name(words[-1:]))
                yield from self._attribute(path, words[-1].start())
                words = []
            elif token["word"] is not None or token["text"] is not None:
                words.append(token)
            elif token["line"] is not None:
                words = []
        if blocks:
            yield Broken(self._line(len(self._text)), "a block does not end")

    def _attribute(self, path: str, start: int) -> Iterator[Setting]:
        """Yield an attribute: its literal, or its source where it is computed."""
        waiting: list[str] = []
        first, last, only = -1, self._at, 0
        literal = ""
        while (token := self._next()) is not None:
            if token["line"] is not None and not waiting:
                break
            if token["mark"] in _OPEN:
                waiting.append(_OPEN[token["mark"]])
            elif token["mark"] is not None:
                if not waiting:
                    self._at = token.start()
                    break
                waiting.pop()
            first = token.start() if first < 0 else first
            last, only = self._at, only + (token["line"] is None)
            literal = _literal(token) if only == 1 else ""
        source = self._text[first:last].strip()[:MAX_VALUE] if first >= 0 else ""
        value = literal or source
        computed = only != 1 and not _number(source) and not source.startswith("[")
        line, column = self._index.position(start)
        yield Setting(line, column, "", path, value, computed)

    def _next(self) -> re.Match[str] | None:
        """Return the next token that says something; a here-document's text is passed over."""
        while (token := _token().match(self._text, self._at)) is not None:
            self._at = token.end()
            if token["heredoc"] is not None:
                self._at = self._end_of(token["end"], token.end())
            if token["blank"] is None:
                return token
        return None

    def _end_of(self, name: str, at: int) -> int:
        """Return where a here-document ends; one that never does is no here-document."""
        if name in self._endless:
            return at
        end = re.compile(rf"(?m)^[ \t]*+{name}[ \t]*+$").search(self._text, at)
        if end is None:
            self._endless.add(name)
            return at
        return end.end()

    def _line(self, offset: int) -> int:
        return self._index.position(min(offset, max(len(self._text) - 1, 0)))[0]


def _name(words: list[re.Match[str]]) -> str:
    """Return a block's type, or an attribute's name."""
    return words[0][0].strip('"') if words else ""


def _literal(token: re.Match[str]) -> str:
    return token["text"][1:-1] if token["text"] is not None else token["word"] or ""


def _number(source: str) -> bool:
    return re.fullmatch(r"-?[0-9.eE+]++", source) is not None
