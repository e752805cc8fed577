"""Reads our own YAML files (site, matrix, trust records) strictly: an unknown key is an error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dten_audit.model.suggestion import suggestion
from dten_audit.readers.config.yaml_nodes import Node, YamlError, parse_yaml, scalar


class SiteFileError(ValueError):
    """A file of the user's that cannot be used: which, where, and what to do about it."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


class Table:
    """A mapping of such a file, with the line of each entry."""

    def __init__(self, path: str, node: Node, known: tuple[str, ...], what: str) -> None:
        self.path = path
        self.line = node.line
        if node.kind != "mapping":
            raise SiteFileError(path, node.line, f"{what} is a mapping of {', '.join(known)}")
        self.nodes = {key.text: value for key, value in node.pairs}
        for key, _ in node.pairs:
            if known and key.text not in known:
                hint = suggestion(key.text, known)
                raise SiteFileError(path, key.line, f"{what} has no key {key.text}{hint}")

    def text(self, key: str, default: str = "") -> str:
        """Return a scalar as text."""
        node = self.nodes.get(key)
        if node is None:
            return default
        if node.kind != "scalar":
            raise SiteFileError(self.path, node.line, f"{key} is a text")
        return "" if node.plain and scalar(node) is None else node.text

    def number(self, key: str) -> int:
        """Return a whole number, 0 where there is none."""
        node = self.nodes.get(key)
        value = 0 if node is None else scalar(node)
        if isinstance(value, bool) or not isinstance(value, int):
            line = node.line if node else self.line
            raise SiteFileError(self.path, line, f"{key} is a whole number")
        return value

    def items(self, key: str) -> tuple[Node, ...]:
        """Return the entries of a list, none where it is absent."""
        node = self.nodes.get(key)
        if node is None or (node.kind == "scalar" and scalar(node) is None):
            return ()
        if node.kind != "sequence":
            raise SiteFileError(self.path, node.line, f"{key} is a list")
        return node.items

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the entries of a list of texts."""
        for node in self.items(key):
            if node.kind != "scalar":
                raise SiteFileError(self.path, node.line, f"{key} is a list of texts")
        return tuple(node.text for node in self.items(key))

    def table(self, key: str, known: tuple[str, ...]) -> Table | None:
        """Return the mapping at ``key``; without ``known``, any keys are accepted."""
        node = self.nodes.get(key)
        return None if node is None else Table(self.path, node, known, key)


def read_documents(path: Path, what: str) -> Iterator[Node]:
    """Yield the documents of a YAML file of the user's. Raises ``SiteFileError``."""
    try:
        yield from parse_yaml(path.read_text(encoding="utf-8"))
    except YamlError as error:
        raise SiteFileError(str(path), error.line, error.reason) from None
    except FileNotFoundError:
        raise SiteFileError(str(path), 1, f"no such {what}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise SiteFileError(str(path), 1, f"cannot be read: {reason}") from None
