"""Reads XML settings: elements by their path, attributes, and the usual lists of named values.

``<property><name>K</name><value>V</value></property>`` (Hadoop), ``<add key="K" value="V"/>`` of
.NET and ``<entry key="K">V</entry>`` of Java are the key K below the element that holds the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.readers.config.keys import Broken, Setting, joined
from dten_audit.readers.xml_nodes import XmlError, XmlNode, parse_xml

_NAMES: Final = ("key", "name")


def scan(text: str) -> Iterator[Setting | Broken]:
    """Yield the settings of an XML text."""
    try:
        root = parse_xml(text)
    except XmlError as error:
        yield Broken(error.line, error.reason)
        return
    work = [(root, root.name)]
    while work:
        node, path = work.pop()
        named = _named(node)
        if named is not None:
            parent = path.rpartition(".")[0]
            yield Setting(node.line, 1, "", joined(parent, named[0]), named[1])
            continue
        for name, value in node.attributes.items():
            yield Setting(node.line, 1, "", f"{path}@{name}", value)
        if node.text or not (node.children or node.attributes):
            yield Setting(node.text_line, 1, "", path, node.text)
        work += reversed([(child, joined(path, child.name)) for child in node.children])


def _named(node: XmlNode) -> tuple[str, str] | None:
    """Return name and value of an element that says both itself."""
    for name in _NAMES:
        if name not in node.attributes or node.children:
            continue
        if "value" in node.attributes:
            return node.attributes[name], node.attributes["value"]
        if node.text:
            return node.attributes[name], node.text
    key = node.value("name")
    if key and node.child("value") is not None:
        return key, node.value("value")
    return None
