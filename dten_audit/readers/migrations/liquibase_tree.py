"""Changelogs of Liquibase in XML, YAML and JSON as one kind of tree, with lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.readers.config.yaml_nodes import Node, YamlError, parse_yaml
from dten_audit.readers.xml_nodes import XmlNode

MAX_NODES: Final = 100_000
_IN_PLACE: Final = frozenset(("changes", "columns", "changeLog", "databaseChangeLog"))
"""Lists whose items stand directly in the element that XML has for what is around them."""


class Part:
    """An element: its attributes as text, the parts in it, its own text and where that starts."""

    __slots__ = ("attributes", "line", "lines", "name", "parts", "text")

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line = line
        self.attributes: dict[str, str] = {}
        self.lines: dict[str, int] = {}
        self.parts: list[Part] = []
        self.text = ""

    def get(self, *names: str) -> str:
        """Return the first of these attributes that is there, else an empty text."""
        return next((self.attributes[name] for name in names if name in self.attributes), "")

    def is_true(self, name: str, *, default: bool = False) -> bool:
        """Return an attribute that is true or false."""
        given = self.get(name).strip().lower()
        return given == "true" if given in ("true", "false") else default

    def all(self, *names: str) -> list[Part]:
        """Return the parts of these names."""
        return [part for part in self.parts if part.name in names]

    def child(self, name: str) -> Part | None:
        """Return the first part of this name."""
        return next((part for part in self.parts if part.name == name), None)

    def walk(self) -> Iterator[Part]:
        """Yield the part and all in it."""
        work = [self]
        while work:
            part = work.pop()
            yield part
            work += reversed(part.parts)


def tree_of(document: Document) -> Part | None:
    """Return a changelog; None where the document is none.

    Raises ``XmlError`` or ``YamlError`` where it cannot be read.
    """
    if document.kind == "xml":
        from dten_audit.readers.xml_nodes import parse_xml

        root = parse_xml(document.text)
        return _of_xml(root) if root.name == "databaseChangeLog" else None
    if document.kind == "json":
        from dten_audit.readers.config.json_nodes import parse_json

        return _of_roots([parse_json(document.text, max_nodes=MAX_NODES)])
    return _of_roots(list(parse_yaml(document.text, max_nodes=MAX_NODES)))


def _of_xml(root: XmlNode) -> Part:
    top = Part(root.name, root.line)
    work = [(root, top)]
    while work:
        node, part = work.pop()
        part.attributes = dict(node.attributes)
        part.text = "".join(node.parts).rstrip()
        part.lines["#text"] = node.text_line
        for child in node.children:
            inner = Part(child.name, child.line)
            part.parts.append(inner)
            work.append((child, inner))
    return top


def _of_roots(roots: list[Node]) -> Part | None:
    for root in roots:
        for key, value in root.pairs:
            if key.text == "databaseChangeLog":
                top = Part("databaseChangeLog", key.line)
                _Filler(top).fill(value)
                return top
    return None


class _Filler:
    """Fills a tree from nodes; a node that several anchors name counts each time it stands."""

    def __init__(self, top: Part) -> None:
        self._work: list[tuple[Part, Node]] = []
        self._top = top
        self._left = MAX_NODES

    def fill(self, value: Node) -> None:
        """Fill the tree. Raises ``YamlError`` where aliases make too much of it."""
        self._work = [(self._top, value)]
        while self._work:
            self._left -= 1
            if self._left < 0:
                raise YamlError("too many nodes", value.line)
            self._one(*self._work.pop())

    def _one(self, part: Part, node: Node) -> None:
        """Put what a node holds into a part."""
        if node.kind == "scalar":
            part.text = node.text
            part.lines["#text"] = node.line + node.block
        later: list[tuple[Part, Node]] = []
        for item in node.items:
            for key, value in item.pairs:
                later.append((self._inner(part, key), value))
        for key, value in node.pairs:
            if value.kind == "scalar":
                part.attributes[key.text] = value.text
                part.lines[key.text] = value.line + value.block
            elif key.text in _IN_PLACE:
                later.append((part, value))
            else:
                later.append((self._inner(part, key), value))
        self._work += reversed(later)

    @staticmethod
    def _inner(part: Part, key: Node) -> Part:
        inner = Part(key.text, key.line)
        part.parts.append(inner)
        return inner
