"""Pluto's ``versions.yaml``: versions of Kubernetes objects that are deprecated or gone.

Source: Fairwinds Pluto 5.21, "Advanced usage": deprecated-versions, target-versions.
"""

from __future__ import annotations

from typing import Final

from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.site.foreign.told import Told, fields, text
from dten_audit.site.matrix import Matrix, MatrixEntry

_KUBERNETES: Final = "k8s"


def matrix(root: Node, told: Told) -> Matrix | None:
    """Return the versions of one cluster's own objects; None where the text is no such list.

    Rows of other components (cert-manager, istio) count in their own versions and are left out.
    """
    listed = fields(root).get("deprecated-versions")
    if listed is None:
        return None
    entries = []
    for item in listed.items:
        own = {key: text(value) for key, value in fields(item).items()}
        if own.get("component", _KUBERNETES) != _KUBERNETES or "version" not in own:
            continue
        new = own.get("replacement-api", "")
        kind = own.get("kind", "*")
        entries.append(
            MatrixEntry(
                f"{own['version']}/{kind}",
                deprecated=own.get("deprecated-in", ""),
                removed=own.get("removed-in", ""),
                renamed_to=f"{new}/{kind}" if new else "",
                replacement_since=own.get("replacement-available-in", ""),
                effect="refuses-to-start",
                source=told.path,
                line=item.line,
            )
        )
    return Matrix(
        component="pkg:generic/kubernetes",
        scheme="generic",
        files=("**/*.yaml", "**/*.yml", "**/*.json"),
        format="kubernetes",
        entries=tuple(entries),
        path=told.path,
        source=told.path,
    )
