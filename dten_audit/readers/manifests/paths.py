"""Finds nodes of a manifest by the keys that lead to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dten_audit.readers.config.yaml_nodes import MAX_DEPTH, Node
from dten_audit.readers.manifests.manifest import fields


class Found(NamedTuple):
    """A node, and the mappings around it, the nearest last."""

    node: Node
    around: tuple[Node, ...]


def select(root: Node, keys: tuple[str, ...]) -> Iterator[Found]:
    """Yield the nodes to which ``keys`` lead: names, ``*``, ``[]``, ``*_suffix``, or ``**``.

    Each node is found once, however many aliases name it.
    """
    yield from _select(root, keys, (), set(), 0)


def _select(
    node: Node,
    keys: tuple[str, ...],
    around: tuple[Node, ...],
    seen: set[tuple[int, int]],
    depth: int,
) -> Iterator[Found]:
    mark = (id(node), len(keys))
    if depth > MAX_DEPTH or mark in seen:
        return
    seen.add(mark)
    if not keys:
        yield Found(node, around)
        return
    first, rest = keys[0], keys[1:]
    if first == "**":
        yield from _select(node, rest, around, seen, depth + 1)
        for below in _below(node):
            inside = (*around, node) if node.kind == "mapping" else around
            yield from _select(below, keys, inside, seen, depth + 1)
    elif first == "[]":
        for item in node.items:
            yield from _select(item, rest, around, seen, depth + 1)
    elif node.kind == "mapping":
        for name, value in fields(node).items():
            if first in ("*", name) or (first[0] == "*" and name.endswith(first[1:])):
                yield from _select(value, rest, (*around, node), seen, depth + 1)


def _below(node: Node) -> Iterator[Node]:
    yield from node.items
    yield from fields(node).values()
