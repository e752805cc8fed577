"""YAML through guarded events: nodes with lines, bounded in depth and number.

The C composer of libyaml overflows the stack on 100,000 ``[``; events do not, so nodes are built
here, from events, and the guards stop hostile input first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

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

    ``plain`` says that a scalar stands without quotes, so that its type is resolved from its text.
    """

    kind: str
    value: str | tuple[Node, ...] | tuple[tuple[Node, Node], ...]
    line: int
    column: int
    tag: str = ""
    plain: bool = True

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
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from _nodes(yaml.parse(text, Loader=loader), max_nodes)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable as YAML"
        raise YamlError(str(problem), mark.line + 1 if mark else 1) from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, YamlError):
            raise
        raise YamlError("not readable as YAML", 1) from None


def _nodes(events: Iterator[yaml.Event], max_nodes: int) -> Iterator[Node]:
    stack: list[_Open] = []
    anchors: dict[str, Node] = {}
    count = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
            if len(stack) >= MAX_DEPTH:
                raise YamlError("nested too deep", _line(event))
            stack.append(_Open(kind, event))
            continue
        node, anchor = _finished(event, stack, anchors)
        if node is None:
            if isinstance(event, yaml.DocumentStartEvent):
                anchors = {}
            continue
        count += 1
        if count > max_nodes:
            raise YamlError("too many nodes", node.line)
        if anchor:
            anchors[anchor] = node
        if stack:
            stack[-1].nodes.append(node)
        else:
            yield node


def _finished(
    event: yaml.Event, stack: list[_Open], anchors: dict[str, Node]
) -> tuple[Node | None, str | None]:
    """Return the node that ``event`` completes, and its anchor."""
    if isinstance(event, yaml.CollectionEndEvent):
        opened = stack.pop()
        return opened.close(), opened.anchor
    if isinstance(event, yaml.ScalarEvent):
        bare = bool(event.implicit[0])
        tag = event.tag or ""
        return Node("scalar", event.value, _line(event), _column(event), tag, bare), event.anchor
    if isinstance(event, yaml.AliasEvent):
        node = anchors.get(event.anchor or "")
        if node is None:
            raise YamlError("alias without an anchor", _line(event))
        return node, None
    return None, None


_WORDS: Final[dict[str, object]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def scalar(node: Node) -> object:
    """Return a scalar as Python has it: null, true/false (not yes/no), numbers, else text."""
    text = node.text
    if not node.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
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
