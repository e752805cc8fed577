"""What is known of a foreign matrix beside its text, and small steps that its forms share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dten_audit.readers.config.yaml_nodes import Node


class Told(NamedTuple):
    """Where a foreign matrix stands, and the product and version that it came with.

    ``version`` is empty where nobody says; a change without a version of its own then has none.
    """

    path: str
    product: str = ""
    version: str = ""


def fields(node: Node | None) -> dict[str, Node]:
    """Return the values of a mapping by key; nothing of anything else."""
    return {} if node is None else {key.text: value for key, value in node.pairs}


def text(node: Node | None) -> str:
    """Return a scalar's text; empty for null, for collections and for nothing."""
    if node is None or (node.plain and node.text in ("null", "~", "None")):
        return ""
    return node.text


def texts(node: Node | None) -> Iterator[str]:
    """Yield the texts of a list."""
    yield from (item.text for item in (node.items if node else ()) if item.text)


def is_true(node: Node | None) -> bool:
    """Say whether a scalar is true."""
    return node is not None and node.plain and node.text.lower() == "true"
