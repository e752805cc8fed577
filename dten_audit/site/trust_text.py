"""Edits a vendor's record in its own text: comments, order and style of the rest stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import yaml

from dten_audit.site.trust_records import bare_fingerprint

Item = Mapping[str, object]


class RecordText:
    """The text of a record. It has been read before, so that it is known to be sound."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _top(self) -> yaml.MappingNode:
        return cast("yaml.MappingNode", yaml.compose(self.text, Loader=yaml.SafeLoader))

    def next_version(self) -> None:
        """Count the change."""
        node = _value(self._top(), "version")
        if node is None:
            self._insert_line(0, "version: 1")
        else:
            self._replace(node, str(int(node.value) + 1))

    def add_root(self, root: Item) -> None:
        """Add a root at the end of the list."""
        self._add(self._top(), "roots", root)

    def add_rotation(self, rotation: Item) -> None:
        """Add a rotation at the end of the list."""
        self._add(self._top(), "rotations", rotation)

    def add_to_root(self, sha256: str, key: str, value: object) -> None:
        """Add an entry to a list of a root, such as its approvals."""
        self._add(self._root(sha256), key, value)

    def set_of_root(self, sha256: str, key: str, value: str) -> None:
        """Set a field of a root."""
        root = self._root(sha256)
        node = _value(root, key)
        if node is None:
            self._add_key(root, key, value)
        else:
            self._replace(node, _flow(value))

    def _root(self, sha256: str) -> yaml.MappingNode:
        roots = cast("yaml.SequenceNode", _value(self._top(), "roots"))
        for root in roots.value:
            named = _value(root, "sha256")
            if named is not None and bare_fingerprint(str(named.value)) == sha256:
                return cast("yaml.MappingNode", root)
        raise KeyError(sha256)

    def _add(self, parent: yaml.MappingNode, key: str, value: object) -> None:
        node = _value(parent, key)
        if node is None or not isinstance(node, yaml.SequenceNode):
            if node is not None:
                self._replace(node, f"[{_flow(value)}]")
            else:
                self._add_key(parent, key, [value])
        elif node.flow_style:
            comma = ", " if node.value else ""
            self._splice(node.end_mark.index - 1, f"{comma}{_flow(value)}")
        else:
            self._insert_line(_last(node), *_item(value, node.start_mark.column))

    def _add_key(self, parent: yaml.MappingNode, key: str, value: object) -> None:
        if parent.flow_style:
            comma = ", " if parent.value else ""
            self._splice(parent.end_mark.index - 1, f"{comma}{key}: {_flow(value)}")
        else:
            lines = _field(key, value, parent.start_mark.column)
            self._insert_line(_last(parent), *lines)

    def _replace(self, node: yaml.Node, text: str) -> None:
        before, after = self.text[: node.start_mark.index], self.text[node.end_mark.index :]
        self.text = before + text + after

    def _splice(self, at: int, text: str) -> None:
        self.text = self.text[:at] + text + self.text[at:]

    def _insert_line(self, at: int, *lines: str) -> None:
        """Insert lines behind the line that holds the character before ``at``; 0 for the start."""
        end = self.text.find("\n", at - 1) + 1 if at else 0
        if at and not end:
            self.text, end = f"{self.text}\n", len(self.text) + 1
        newline = "\r\n" if "\r\n" in self.text else "\n"
        self._splice(end, "".join(f"{line}{newline}" for line in lines))


def _value(node: yaml.Node, key: str) -> yaml.Node | None:
    for name, value in cast("yaml.MappingNode", node).value:
        if name.value == key:
            return cast("yaml.Node", value)
    return None


def _last(node: yaml.Node) -> int:
    """Return where the last character of a node ends, not what follows it up to the next one."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def fields(values: Item, indent: int = 0) -> list[str]:
    """Return a mapping as lines of YAML, each list of mappings one a line."""
    return [line for key, value in values.items() for line in _field(key, value, indent)]


def _field(key: str, value: object, indent: int) -> list[str]:
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], Mapping):
        lines = [line for item in value for line in _entry(item, indent)]
        return [f"{' ' * indent}{key}:", *lines]
    return [f"{' ' * indent}{key}: {_flow(value)}"]


def _entry(item: object, indent: int) -> list[str]:
    if isinstance(item, Mapping) and "sha256" in item and "channel" not in item:
        return _item(item, indent)
    return [f"{' ' * indent}- {_flow(item)}"]


def _item(item: object, indent: int) -> list[str]:
    """Return an entry of a list; a root over several lines, anything else on one."""
    if not isinstance(item, Mapping) or "sha256" not in item or "channel" in item:
        return [f"{' ' * indent}- {_flow(item)}"]
    first, *rest = fields(item, indent + 2)
    return [f"{' ' * indent}- {first.lstrip()}", *rest]


class _Dumper(yaml.SafeDumper):
    """Writes texts that hold line ends or the like with escapes: names come from packages too."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _flow(value: object) -> str:
    """Return a value as YAML on one line."""
    text: str = yaml.dump(
        [_plain(value)], Dumper=_Dumper, default_flow_style=True, width=1 << 30,
        allow_unicode=True, sort_keys=False,
    )  # fmt: skip
    return text.strip()[1:-1]


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(own) for key, own in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(own) for own in value]
    return value
