"""A JSON Schema of a configuration file whose properties say ``deprecated: true``.

Source: JSON Schema 2020-12, Validation, 9.3. A schema says that a key should go, not since when:
the version is the one that it came with.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.site.foreign.told import Told, fields, is_true, text
from dten_audit.site.matrix import Matrix, MatrixEntry

_ENDS: Final = (".schema.json", "-schema.json", "_schema.json", ".json")
_DEEPEST: Final = 40


def matrix(root: Node, told: Told) -> Matrix | None:
    """Return the deprecated keys; None where the text is no schema, or one that names none."""
    own = fields(root)
    if "properties" not in own or not ("$schema" in own or "$id" in own):
        return None
    entries = tuple(_entries(root, "", told, 0))
    name = posixpath.basename(told.path)
    stem = next((name.removesuffix(end) for end in _ENDS if name.endswith(end)), name)
    if not entries:
        return None
    return Matrix(
        component=f"pkg:generic/{told.product or stem}",
        scheme="generic",
        files=tuple(f"**/{stem}.{end}" for end in ("json", "yaml", "yml")),
        entries=entries,
        path=told.path,
        source=told.path,
    )


def _entries(node: Node, path: str, told: Told, depth: int) -> Iterator[MatrixEntry]:
    if depth > _DEEPEST:
        return
    own = fields(node)
    for name, below in fields(own.get("properties")).items():
        key = f"{path}.{name}" if path else name
        said = fields(below)
        if is_true(said.get("deprecated")) and told.version:
            yield MatrixEntry(
                key,
                deprecated=told.version,
                effect="still-bound",
                note=text(said.get("deprecationMessage")) or text(said.get("description")),
                source=told.path,
                line=below.line,
            )
        else:
            yield from _entries(below, key, told, depth + 1)
