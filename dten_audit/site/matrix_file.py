"""Loads a matrix file of the user's: checked strictly, all as texts, with each entry's line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

from dten_audit.model.facts.config import Effect
from dten_audit.model.suggestion import suggestion
from dten_audit.readers.config.yaml_nodes import Node, scalar
from dten_audit.site.foreign.told import Told
from dten_audit.site.matrix import USES, Matrix, matrix_from
from dten_audit.site.schema import SiteFileError, read_documents
from dten_audit.site.versions import SCHEMES

_OURS: Final = re.compile(r"(?m)^entries:|^component:")
SCHEMA: Final = "dten-config-matrix/1"
FORMATS: Final = (
    "ini", "properties", "yaml", "json", "toml", "env", "xml", "hcl", "apache", "nginx",
    "postgresql", "redis", "sshd", "php", "systemd", "ruby-dsl", *sorted(USES),
)  # fmt: skip

Spec = str | dict[str, "Spec"]
"""``text``, ``texts``, a mapping; or ``text|mapping`` by way of the key ``""`` (its short form)."""

_NORMALISE: Final[Spec] = {
    "dash_underscore": "text", "case": "text", "camel_case": "text", "strip_prefix": "texts",
    "tolerated_prefix": "texts",
}  # fmt: skip
_ENTRY: Final[dict[str, Spec]] = {
    "key": "text", "section": "text", "deprecated": "version", "removed": "version",
    "renamed": {
        "": "to", "to": "text", "in": "version", "since": "version", "transform": "text",
    },
    "moved": {"to_section": "text", "to_key": "text", "in": "version", "since": "version"},
    "default": {"from": "text", "to": "text", "in": "version"},
    "values": {"allowed": "texts", "refused": "texts", "in": "version"},
    "effect": "text", "only_if_value": "text", "separator": "text", "transform": "text",
    "unless_set": "texts", "note": "text", "source": "text", "retrieved": "text",
}  # fmt: skip
_TOP: Final[dict[str, Spec]] = {
    "schema": "text", "component": "text", "scheme": "text", "files": "texts", "format": "text",
    "sections": "texts", "except_sections": "texts", "normalise": _NORMALISE,
    "env": {"": "form", "form": "text", "prefixes": "texts"}, "packages": "texts",
    "instead": "texts", "programs": "texts", "variables": "texts", "unset": "texts",
    "entries": "entries",
    "source": {"url": "text", "name": "text", "commit": "text", "licence": "text",
               "retrieved": "text"},
}  # fmt: skip
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "schema": (SCHEMA,), "scheme": SCHEMES, "format": FORMATS, "effect": get_args(Effect),
    "dash_underscore": ("same",), "case": ("lower",), "camel_case": ("same",),
}  # fmt: skip
_CHANGES: Final = ("deprecated", "removed", "renamed", "moved", "default", "values")


def load_matrix(path: Path) -> Matrix:
    """Load a matrix of the user's, in our own form or in one that products ship.

    Raises ``SiteFileError`` with the line of what is wrong.
    """
    return _foreign(path) or matrix_from(checked(path), str(path))


def _foreign(path: Path) -> Matrix | None:
    """Return a matrix in a form of somebody else's; None where it is in ours, or in none."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if SCHEMA in source or _OURS.search(source):
        return None
    from dten_audit.site.foreign.forms import foreign_matrix

    return foreign_matrix(source, Told(str(path), product=path.name.partition(".")[0]))


def checked(path: Path) -> dict[str, object]:
    """Return the data of a matrix file. Raises ``SiteFileError`` with the line of what is wrong."""
    nodes = list(read_documents(path, "config matrix"))
    if len(nodes) != 1:
        raise SiteFileError(str(path), 1, "a config matrix holds one mapping")
    check = _Check(str(path))
    data = check.mapping(nodes[0], _TOP, "a config matrix")
    for key in ("component", "files", "entries"):
        if not data.get(key):
            raise SiteFileError(str(path), 1, f"the key {key} is missing")
    if not str(data["component"]).startswith("pkg:"):
        line = check.lines["component"]
        raise SiteFileError(str(path), line, "component is a purl: pkg:TYPE/NAME")
    return data


class _Check:
    """Walks nodes along a specification. ``lines`` are those of the last mapping's keys."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.lines: dict[str, int] = {}

    def mapping(self, node: Node, spec: dict[str, Spec], what: str) -> dict[str, object]:
        """Return a mapping as data."""
        if node.kind == "scalar" and isinstance(spec.get(""), str):
            return {str(spec[""]): self._text(node, what)}
        known = tuple(key for key in spec if key)
        if node.kind != "mapping":
            raise self._error(node, f"{what} is a mapping of {', '.join(known)}")
        data: dict[str, object] = {}
        for key, value in node.pairs:
            if key.text not in known:
                hint = suggestion(key.text, known)
                raise self._error(key, f"{what} has no key {key.text}{hint}")
            if key.text in data:
                raise self._error(key, f"the key {key.text} is there twice")
            data[key.text] = self._value(value, spec[key.text], key.text)
        self.lines = {key.text: key.line for key, _ in node.pairs}
        return data

    def _error(self, node: Node, reason: str) -> SiteFileError:
        return SiteFileError(self._path, node.line, reason)

    def _value(self, node: Node, spec: Spec, key: str) -> object:
        if node.kind == "scalar" and node.plain and scalar(node) is None:
            return None
        if isinstance(spec, dict):
            return self.mapping(node, spec, key)
        if spec == "entries":
            return list(self._entries(node))
        if spec == "texts":
            return self._texts(node, key)
        text = self._text(node, key)
        if spec == "version" and not any(char.isdigit() for char in text):
            raise self._error(node, f"{key} is a version: {text} holds no number")
        choices = _CHOICES.get(key)
        if choices and text not in choices:
            hint = suggestion(text, choices)
            raise self._error(node, f"{key} is one of {', '.join(choices)}{hint}")
        return text

    def _text(self, node: Node, key: str) -> str:
        if node.kind != "scalar":
            raise self._error(node, f"{key} is a text")
        return node.text

    def _texts(self, node: Node, key: str) -> list[str]:
        nodes = node.items if node.kind == "sequence" else (node,)
        texts = [self._text(item, key) for item in nodes]
        if key.endswith("_prefix"):
            for item in nodes:
                try:
                    re.compile(item.text)
                except re.error as error:
                    raise self._error(item, f"not a regular expression: {error}") from None
        return texts

    def _entries(self, node: Node) -> Iterator[dict[str, object]]:
        if node.kind != "sequence":
            raise self._error(node, "entries is a list")
        for item in node.items:
            entry = self.mapping(item, _ENTRY, "an entry")
            if not entry.get("key"):
                raise self._error(item, "an entry has a key")
            if not any(entry.get(change) for change in _CHANGES):
                raise self._error(item, f"an entry states one of {', '.join(_CHANGES)}")
            for change in ("default", "values"):
                table = entry.get(change)
                if isinstance(table, dict) and not table.get("in"):
                    raise self._error(item, f"{change} says since when: in")
            new = entry.get("renamed") or entry.get("moved")
            dated = entry.get("removed") or entry.get("deprecated")
            if isinstance(new, dict) and not (new.get("in") or dated):
                raise self._error(item, "say since when: in, removed or deprecated")
            yield {**entry, "line": item.line}
