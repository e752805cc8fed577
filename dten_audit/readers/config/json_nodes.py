"""Reads JSON (RFC 8259) into the nodes that YAML is read into, with the line of each value."""

from __future__ import annotations

import re
from functools import cache
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final

from dten_audit.documents.text import LineIndex
from dten_audit.readers.config.yaml_nodes import MAX_DEPTH, MAX_NODES, Node, YamlError

_CLOSING: Final = {"[": "]", "{": "}"}


@cache
def _blank() -> re.Pattern[str]:
    return re.compile(r"[ \t\r\n]*+")


@cache
def _word() -> re.Pattern[str]:
    return re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null")


def parse_json(text: str, *, max_nodes: int = MAX_NODES) -> Node:
    """Return the value that ``text`` holds. Raises ``YamlError``, bounded in depth and number."""
    return _Parser(text, max_nodes).whole()


class _Open:
    """An array or object that has not ended."""

    __slots__ = ("mark", "nodes", "start")

    def __init__(self, mark: str, start: int) -> None:
        self.mark, self.start = mark, start
        self.nodes: list[Node] = []

    def node(self, line: int, column: int) -> Node:
        """Return it as a node."""
        if self.mark == "[":
            return Node("sequence", tuple(self.nodes), line, column)
        pairs = tuple(zip(self.nodes[0::2], self.nodes[1::2], strict=True))
        return Node("mapping", pairs, line, column)


class _Parser:
    def __init__(self, text: str, max_nodes: int) -> None:
        self._text = text
        self._left = max_nodes
        self._index = LineIndex(text)
        self._at = 1 if text.startswith("\ufeff") else 0
        self._stack: list[_Open] = []

    def whole(self) -> Node:
        """Return the only value of the text."""
        while True:
            node = self._step()
            while node is not None:
                if not self._stack:
                    if self._peek():
                        raise self._error("something follows the value")
                    return node
                self._stack[-1].nodes.append(node)
                node = self._after()

    def _peek(self) -> str:
        match = _blank().match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _error(self, reason: str) -> YamlError:
        at = min(self._at, max(len(self._text) - 1, 0))
        return YamlError(reason, self._index.position(at)[0] if self._text else 1)

    def _step(self) -> Node | None:
        """Read a value, or the start of one (None)."""
        mark = self._peek()
        start = self._at
        self._left -= 1
        if self._left < 0:
            raise self._error("too many nodes")
        if mark == '"':
            return self._string()
        if mark and mark in "[{":
            if len(self._stack) >= MAX_DEPTH:
                raise self._error("nested too deep")
            self._stack.append(_Open(mark, start))
            self._at += 1
            if self._peek() == _CLOSING[mark]:
                return self._close()
            if mark == "{":
                self._key()
            return None
        match = _word().match(self._text, start)
        if match is None:
            raise self._error("a value is missing" if mark else "ends too early")
        self._at = match.end()
        return Node("scalar", match[0], *self._index.position(start))

    def _after(self) -> Node | None:
        """Go on behind a value: to the next one, or return the collection that ends here."""
        top = self._stack[-1]
        mark = self._peek()
        if mark == ",":
            self._at += 1
            if top.mark == "{":
                self._key()
            return None
        if mark == _CLOSING[top.mark]:
            return self._close()
        raise self._error(f"a comma or {_CLOSING[top.mark]} is missing")

    def _close(self) -> Node:
        self._at += 1
        top = self._stack.pop()
        return top.node(*self._index.position(top.start))

    def _key(self) -> None:
        if self._peek() != '"':
            raise self._error("a key is missing")
        self._stack[-1].nodes.append(self._string())
        if self._peek() != ":":
            raise self._error("a colon is missing")
        self._at += 1

    def _string(self) -> Node:
        start = self._at
        try:
            value, self._at = scanstring(self._text, start + 1, True)
        except ValueError:
            raise self._error("a string that does not end, or is not written as JSON wants") from (
                None
            )
        return Node("scalar", value, *self._index.position(start), plain=False)
