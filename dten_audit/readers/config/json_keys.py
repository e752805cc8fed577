"""Reads JSON, and what is nearly JSON (comments, trailing commas, bare words), key by key.

Its own scanner, because the ones at hand give no places, recurse, or give up on a comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from dten_audit.documents.text import LineIndex
from dten_audit.readers.config.keys import MAX_DEPTH, Broken, Setting, joined

Expected = Literal["key", "colon", "value", "comma"]
_STRING, _WORD, _MARK, _LINE_COMMENT, _COMMENT, _END = range(1, 7)


@cache
def _piece() -> re.Pattern[str]:
    """One alternative for each of the group numbers above."""
    return re.compile(
        r"[\s\ufeff]*+(?:"
        r'("[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|'
        r"'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+')"
        r'|(\{\{[^{}\n]*+\}\}|\$\{[^{}\n]*+\}|[^\s,:\[\]{}"\'/#][^\s,:\[\]{}"\']*+)'
        r"|([{}\[\],:])"
        r"|(//[^\n]*+|\#[^\n]*+)"
        r"|(/\*)"
        r"|(\Z))"
    )


class Event(NamedTuple):
    """A key with its value at an offset; or, with a reason, the place where reading ends."""

    offset: int
    path: str
    value: str
    reason: str = ""


class _Open:
    """An object or array that has not ended. ``label`` waits for its value at ``place``."""

    __slots__ = ("entries", "expected", "is_object", "label", "label_place", "path", "place")

    def __init__(self, path: str, place: int, *, is_object: bool) -> None:
        self.path = path
        self.place = place
        self.is_object = is_object
        self.expected: Expected = "key" if is_object else "value"
        self.label = ""
        self.label_place = place
        self.entries = 0


def scan(text: str, index: LineIndex) -> Iterator[Setting | Broken]:
    """Yield each key that has a scalar or an empty collection as its value.

    A file may hold several values, one after another (JSON lines).
    """
    for event in _Scanner(text).run():
        line, column = index.position(event.offset)
        if event.reason:
            yield Broken(line, event.reason)
        else:
            yield Setting(line, column, "", event.path, event.value)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._stack: list[_Open] = []

    def run(self) -> Iterator[Event]:
        text, match_at, offset = self._text, _piece().match, 0
        while True:
            match = match_at(text, offset)
            if match is None:
                yield self._stop(offset)
                return
            offset, group = match.end(), match.lastindex or 0
            start = match.start(group)
            if group == _COMMENT:
                offset = text.find("*/", offset) + 2
                if offset < len("*/"):
                    yield Event(start, "", "", "a comment does not end")
                    return
            elif group != _LINE_COMMENT:
                event = self._take(group, match[group], start)
                if event is not None:
                    yield event
                if group == _END or (event is not None and event.reason):
                    return

    def _stop(self, offset: int) -> Event:
        while self._text[offset].isspace() or self._text[offset] == "\ufeff":
            offset += 1
        what = "a string does not end" if self._text[offset] in "\"'" else "unexpected character"
        return Event(offset, "", "", what)

    def _take(self, group: int, piece: str, start: int) -> Event | None:
        top = self._stack[-1] if self._stack else None
        if group == _END:
            return None if top is None else Event(start, "", "", "ends inside an object or array")
        if group == _MARK:
            return self._mark(piece, start, top)
        text = _unquoted(piece) if group == _STRING else piece
        if top is not None and top.expected == "key":
            top.label, top.label_place, top.expected = text, start, "colon"
            return None
        if top is not None and top.expected != "value":
            return Event(start, "", "", f"a {top.expected} is missing")
        path, place = self._target(top, start)
        return Event(place, path, text) if path else None

    def _mark(self, mark: str, start: int, top: _Open | None) -> Event | None:
        if mark in "{[" and (top is None or top.expected == "value"):
            if len(self._stack) >= MAX_DEPTH:
                return Event(start, "", "", "nested too deep")
            path, place = self._target(top, start)
            self._stack.append(_Open(path, place, is_object=mark == "{"))
            return None
        if top is None:
            return None if mark == "," else Event(start, "", "", f"unexpected {mark}")
        if mark in "}]" and top.is_object is (mark == "}") and self._may_close(top):
            return self._close()
        if mark == ":" and top.expected == "colon":
            top.expected = "value"
        elif mark == "," and top.expected == "comma":
            top.expected = "key" if top.is_object else "value"
        else:
            return Event(start, "", "", f"unexpected {mark}")
        return None

    def _may_close(self, top: _Open) -> bool:
        """Say whether an object or array may end here; a comma before its end is tolerated."""
        return top.expected in ("comma", "key" if top.is_object else "value")

    def _target(self, top: _Open | None, start: int) -> tuple[str, int]:
        """Return the path that the next value has, and where its key stands."""
        if top is None:
            return "", start
        top.expected = "comma"
        top.entries += 1
        if top.is_object:
            return joined(top.path, top.label), top.label_place
        return joined(top.path, f"[{top.entries - 1}]"), start

    def _close(self) -> Event | None:
        top = self._stack.pop()
        if top.entries or not top.path:
            return None
        return Event(top.place, top.path, "{}" if top.is_object else "[]")


def _unquoted(piece: str) -> str:
    if piece[0] == '"' and "\\" in piece:
        try:
            return str(json.loads(piece, strict=False))
        except ValueError:
            return piece[1:-1]
    return piece[1:-1]
