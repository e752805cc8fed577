"""A collection's ``meta/runtime.yml``: plugins that are gone, deprecated, or called otherwise now.

Source: Ansible 2.19 developer guide, "Collection structure", meta directory and runtime.yml.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.site.foreign.told import Told, fields, text
from dten_audit.site.matrix import Matrix, MatrixEntry

PATH: Final = r"meta/runtime\.ya?ml"
_KINDS: Final = ("modules", "action")


def matrix(root: Node, told: Told) -> Matrix | None:
    """Return what became of a collection's modules; None where the text routes no plugins."""
    routing = fields(fields(root).get("plugin_routing"))
    if not routing:
        return None
    found: dict[str, MatrixEntry] = {}
    for kind in _KINDS:
        for name, node in fields(routing.get(kind)).items():
            for entry in _entries(f"{told.product}.{name}" if told.product else name, node, told):
                found.setdefault(entry.key, entry)
    return Matrix(
        component=f"pkg:generic/{told.product or 'collection'}",
        scheme="semver",
        files=("**/*.yml", "**/*.yaml"),
        format="ansible",
        entries=tuple(found.values()),
        path=told.path,
        source=told.path,
    )


def _entries(name: str, node: Node, told: Told) -> Iterator[MatrixEntry]:
    own = fields(node)
    new = text(own.get("redirect"))
    for how in ("tombstone", "deprecation"):
        if how not in own:
            continue
        said = fields(own[how])
        version = text(said.get("removal_version"))
        why = text(said.get("warning_text"))
        gone = how == "tombstone"
        yield MatrixEntry(
            name,
            deprecated="" if gone else told.version,
            removed=(version or told.version) if gone else version,
            renamed_to=new,
            changed_in="" if gone else told.version,
            effect="refuses-to-start" if gone else "warns",
            note="" if new and new in why else why,
            source=told.path,
            line=node.line,
        )
