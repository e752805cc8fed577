"""XML as nodes with lines, bounded in depth and number; no entity is ever expanded or fetched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

MAX_DEPTH: Final = 200
MAX_NODES: Final = 200_000
_MAX_TEXT: Final = 100_000


class XmlError(ValueError):
    """The text is no XML, or more of it than is safe to read. ``line`` is 1-based."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class XmlNode:
    """An element: its name without prefix, attributes, children, and the text directly in it.

    ``line`` is where its start tag ends up, ``text_line`` where its text starts.
    """

    __slots__ = ("attributes", "children", "line", "name", "parts", "text_line")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.text_line = line
        self.children: list[XmlNode] = []
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        """The text directly in the element, without the blanks around it."""
        return "".join(self.parts).strip()

    def child(self, name: str) -> XmlNode | None:
        """Return the first child of this name."""
        return next((node for node in self.children if node.name == name), None)

    def value(self, name: str) -> str:
        """Return the text of the first child of this name; empty where there is none."""
        node = self.child(name)
        return node.text if node else ""

    def walk(self) -> Iterator[XmlNode]:
        """Yield the element and all below it, in the document's order."""
        work = [self]
        while work:
            node = work.pop()
            yield node
            work += reversed(node.children)


class _Builder:
    """Builds nodes of expat's events."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.root: XmlNode | None = None
        self._parser = parser
        self._stack: list[XmlNode] = []
        self._left = MAX_NODES

    def start(self, name: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        self._left -= 1
        if self._left < 0 or len(self._stack) >= MAX_DEPTH:
            reason = "too many elements" if self._left < 0 else "nested too deep"
            raise XmlError(reason, line)
        node = XmlNode(name.rpartition(":")[2], attributes, line)
        if self._stack:
            self._stack[-1].children.append(node)
        elif self.root is None:
            self.root = node
        self._stack.append(node)

    def end(self, _name: str) -> None:
        self._stack.pop()

    def text(self, data: str) -> None:
        if not self._stack:
            return
        node = self._stack[-1]
        if not node.parts and not data.strip():
            return
        if not node.parts:
            blank = data[: len(data) - len(data.lstrip())]
            after = data.count("\n") - blank.count("\n")
            node.text_line = self._parser.CurrentLineNumber - after
        if len(node.parts) < _MAX_TEXT:
            node.parts.append(data)

    def refuse(self, *_entity: object) -> None:
        raise XmlError("entities are not read", self._parser.CurrentLineNumber)


def parse_xml(text: str) -> XmlNode:
    """Return the root element. Raises ``XmlError``."""
    parser = expat.ParserCreate("utf-8")
    builder = _Builder(parser)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.EntityDeclHandler = builder.refuse
    parser.buffer_text = True
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise XmlError(expat.ErrorString(error.code), error.lineno) from None
    if builder.root is None:
        raise XmlError("no element", 1)
    return builder.root
