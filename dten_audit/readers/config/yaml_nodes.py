"""YAML through guarded events: nodes with lines, bounded in depth and number.

The C composer of libyaml overflows the stack on 100,000 ``[``; events do not, so nodes are built
here, from events, and the guards stop hostile input first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import yaml

MAX_DEPTH: Final = 100
MAX_NODES: Final = 2_000_000


class YamlError(ValueError):
    """The text is no YAML, or more of it than is safe to read. ``line`` is 1-based."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Node(NamedTuple):
    """A YAML node. ``value`` is text, a tuple of nodes, or a tuple of (key, value) node pairs.

    ``plain`` says that a scalar stands without quotes, so that its type is resolved from its text;
    ``block`` that it is a literal block (``|``), whose text starts on the next line.
    """

    kind: str
    value: str | tuple[Node, ...] | tuple[tuple[Node, Node], ...]
    line: int
    column: int
    tag: str = ""
    plain: bool = True
    block: bool = False

    @property
    def text(self) -> str:
        """The scalar's text; empty for collections."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def items(self) -> tuple[Node, ...]:
        """The entries of a sequence; empty for others."""
        return self.value if self.kind == "sequence" else ()  # type: ignore[return-value]

    @property
    def pairs(self) -> tuple[tuple[Node, Node], ...]:
        """The entries of a mapping; empty for others."""
        return self.value if self.kind == "mapping" else ()  # type: ignore[return-value]


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _column(event: yaml.Event) -> int:
    return event.start_mark.column + 1 if event.start_mark else 1


class _Open:
    """A collection under construction."""

    __slots__ = ("anchor", "column", "kind", "line", "nodes", "tag")

    def __init__(self, kind: str, event: yaml.CollectionStartEvent) -> None:
        self.kind = kind
        self.nodes: list[Node] = []
        self.line = _line(event)
        self.column = _column(event)
        self.anchor: str | None = event.anchor
        self.tag = event.tag or ""

    def close(self) -> Node:
        if self.kind == "sequence":
            return Node("sequence", tuple(self.nodes), self.line, self.column, self.tag)
        pairs = tuple(zip(self.nodes[0::2], self.nodes[1::2], strict=False))
        return Node("mapping", pairs, self.line, self.column, self.tag)


def parse_yaml(text: str, *, max_nodes: int = MAX_NODES) -> Iterator[Node]:
    """Yield the root node of each document in ``text``. Raises ``YamlError``.

    An alias is the node it names, shared, not copied; a merge key stays an ordinary key.
    """
    yield from _Builder(max_nodes).roots(text)


def parse_partly(text: str, *, max_nodes: int = MAX_NODES) -> tuple[list[Node], YamlError | None]:
    """Return the root nodes as far as ``text`` can be read, and what stopped the reading."""
    builder = _Builder(max_nodes)
    roots: list[Node] = []
    try:
        roots.extend(builder.roots(text))
    except YamlError as error:
        unfinished = builder.unfinished()
        return (roots if unfinished is None else [*roots, unfinished]), error
    return roots, None


def _unreadable(text: str, error: yaml.YAMLError) -> YamlError:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        problem = getattr(error, "problem", None) or "not readable as YAML"
        return YamlError(str(problem), mark.line + 1)
    reason = getattr(error, "reason", None) or "not readable as YAML"
    return YamlError(str(reason), _line_of_byte(text, error))


def _line_of_byte(text: str, error: yaml.YAMLError) -> int:
    """Return the line of a character that YAML forbids; libyaml counts bytes."""
    position = getattr(error, "position", 0)
    return text.encode("utf-8", "replace")[:position].count(b"\n") + 1


class _Builder:
    """Builds nodes of events, within bounds."""

    def __init__(self, max_nodes: int) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._left = max_nodes

    def roots(self, text: str) -> Iterator[Node]:
        """Yield the root nodes of a text. Raises ``YamlError``."""
        try:
            loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
            yield from self._built(loader.get_event)
        except YamlError:
            raise
        except yaml.YAMLError as error:
            raise _unreadable(text, error) from None
        except (ValueError, RecursionError):
            raise YamlError("not readable as YAML", 1) from None

    def _built(self, next_event: Callable[[], yaml.Event | None]) -> Iterator[Node]:
        stack = self._stack
        while (event := next_event()) is not None:
            if type(event) is yaml.ScalarEvent and (mark := event.start_mark):
                bare, block = bool(event.implicit[0]), event.style == "|"
                tag, line, column = event.tag or "", mark.line + 1, mark.column + 1
                own = Node("scalar", event.value, line, column, tag, bare, block)
                if stack and self._left and not event.anchor:
                    self._left -= 1
                    stack[-1].nodes.append(own)
                    continue
                node = self._add(own, event.anchor, event)
            else:
                node = self._push(event)
            if node is not None:
                yield node

    def _push(self, event: yaml.Event) -> Node | None:
        """Take an event; return the root node that it completes. Raises ``YamlError``."""
        if isinstance(event, yaml.CollectionStartEvent):
            kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
            if len(self._stack) >= MAX_DEPTH:
                raise YamlError("nested too deep", _line(event))
            self._stack.append(_Open(kind, event))
            return None
        node, anchor = self._finished(event)
        if node is None:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
            return None
        return self._add(node, anchor, event)

    def _add(self, node: Node, anchor: str | None, event: yaml.Event) -> Node | None:
        """Put a node where it belongs; return it if it is a root."""
        self._left -= 1
        if self._left < 0:
            raise YamlError("too many nodes", _line(event))
        if anchor:
            self._anchors[anchor] = node
        if not self._stack:
            return node
        self._stack[-1].nodes.append(node)
        return None

    def unfinished(self) -> Node | None:
        """Return the root node as far as it is known, or nothing if none is open."""
        while len(self._stack) > 1:
            opened = self._stack.pop()
            self._stack[-1].nodes.append(opened.close())
        return self._stack.pop().close() if self._stack else None

    def _finished(self, event: yaml.Event) -> tuple[Node | None, str | None]:
        """Return the node that ``event`` completes, and its anchor."""
        if isinstance(event, yaml.CollectionEndEvent):
            opened = self._stack.pop()
            return opened.close(), opened.anchor
        if isinstance(event, yaml.AliasEvent):
            node = self._anchors.get(event.anchor or "")
            if node is None:
                raise YamlError("alias without an anchor", _line(event))
            return node, None
        return None, None


_WORDS: Final[dict[str, object]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


_NUMBERS: Final = frozenset("+-.0123456789iInN")
"""How numbers begin, infinity and what is no number among them."""


def scalar(node: Node) -> object:
    """Return a scalar as Python has it: null, true/false (not yes/no), numbers, else text."""
    text = node.text
    if not node.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBERS:
        return text
    for kind in (int, float):
        try:
            return kind(text) if text.isascii() and "_" not in text else text
        except ValueError:
            continue
    return text


def plain(node: Node) -> object:
    """Return a node as dicts, lists and scalars. For our own files, not for hostile ones."""
    if node.kind == "sequence":
        return [plain(item) for item in node.items]
    if node.kind == "mapping":
        return {str(scalar(key)): plain(value) for key, value in node.pairs}
    return scalar(node)
