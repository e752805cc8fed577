"""Reads YAML: each key with its path and line, several documents, anchors, merge keys, templates.

Configuration files inside a Kubernetes ConfigMap are documents of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Embedded
from dten_audit.documents.kinds import kind_of
from dten_audit.readers.config.keys import MAX_DEPTH, Broken, Setting, joined
from dten_audit.readers.config.templates import has_templates, hide, restore
from dten_audit.readers.config.yaml_nodes import Node, parse_partly

_MAX_NODES: Final = 200_000
_HEAD: Final = 4096


def scan(text: str) -> Iterator[Setting | Broken | Embedded]:
    """Yield the keys of a YAML text, and what embedded files it holds."""
    expressions: list[str] = []
    if has_templates(text):
        text, expressions = hide(text)
    roots, error = parse_partly(text, max_nodes=_MAX_NODES)
    if error is not None and not roots and error.line > 1:
        before = "\n".join(text.split("\n")[: error.line - 1])
        roots, _ = parse_partly(before, max_nodes=_MAX_NODES)
    for root in roots:
        yield from _config_map(root, text, expressions)
        for found in walk(root):
            if expressions and isinstance(found, Setting):
                key, value = (restore(text, expressions) for text in (found.key, found.value))
                yield found._replace(key=key, value=value)
            else:
                yield found
    if error is not None:
        yield Broken(error.line, error.reason)


def walk(root: Node) -> Iterator[Setting | Broken]:
    """Yield each key that has a scalar or an empty collection as its value.

    Aliases are followed, so depth is bounded here once more; the caller bounds the number.
    """
    yield from _node(root, "", root, 0)


def _node(node: Node, path: str, place: Node, depth: int) -> Iterator[Setting | Broken]:
    """Yield the keys below ``node``; ``place`` is the node of its key."""
    if depth > MAX_DEPTH:
        yield Broken(place.line, "nested too deep")
    elif node.kind == "mapping" and node.value:
        yield from _mapping(node, path, depth)
    elif node.kind == "sequence" and node.value:
        for number, item in enumerate(node.items):
            yield from _node(item, joined(path, f"[{number}]"), item, depth + 1)
    elif path:
        empty = {"mapping": "{}", "sequence": "[]"}
        yield Setting(place.line, place.column, "", path, empty.get(node.kind, node.text))


def _mapping(node: Node, path: str, depth: int) -> Iterator[Setting | Broken]:
    own = {key.text for key, _ in node.pairs}
    for key, value in node.pairs:
        if key.text == "<<" and key.plain:
            yield from _merged(value, path, own, depth)
        else:
            label = key.text if key.kind == "scalar" else "?"
            yield from _node(value, joined(path, label), key, depth + 1)


def _merged(value: Node, path: str, own: set[str], depth: int) -> Iterator[Setting | Broken]:
    """Yield what a merge key brings and the mapping itself does not set (YAML merge key type)."""
    sources = value.items if value.kind == "sequence" else (value,)
    for source in sources:
        pairs = tuple(pair for pair in source.pairs if pair[0].text not in own)
        own = own | {key.text for key, _ in pairs}
        if pairs:
            yield from _node(source._replace(value=pairs), path, source, depth + 1)


def _config_map(root: Node, source: str, expressions: list[str]) -> Iterator[Embedded]:
    fields = {key.text: value for key, value in root.pairs}
    if "kind" not in fields or fields["kind"].text != "ConfigMap" or "data" not in fields:
        return
    lines = source.split("\n")
    for key, value in fields["data"].pairs:
        text = restore(value.text, expressions)
        if value.block and "." in key.text and text.strip():
            kind = kind_of(key.text, text[:_HEAD].encode("utf-8", "replace"))
            line = lines[value.line] if value.line < len(lines) else ""
            column = len(line) - len(line.lstrip()) + 1
            yield Embedded(kind, text, (value.line + 1,), column, path=key.text)
