"""Reads devcontainer.json: the commands of its life cycle, and the rights of its container.

Source: containers.dev, "Dev Container metadata reference", read 2026-11-21. It sets up a
developer's machine, so nothing of it runs on the user's hosts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.readers.manifests.contained import Container
from dten_audit.readers.manifests.manifest import Manifest, fields

_COMMANDS: Final = (
    "onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand",
    "postAttachCommand",
)  # fmt: skip


def read(manifest: Manifest) -> Iterator[Fact | Embedded]:
    """State what a development container runs."""
    for root in manifest.roots:
        own = fields(root)
        container = Container(
            manifest, "compose", "devcontainer", manifest.text(own.get("name")), root
        )
        for key in _COMMANDS:
            node = own.get(key)
            if node is None:
                continue
            for command in fields(node).values() or (node,):
                if command.kind == "sequence":
                    yield from container.runs((command,))
                else:
                    yield from container.runs_text(command)
        host = own.get("initializeCommand")
        if host is not None and host.kind == "scalar" and host.text.strip():
            yield manifest.embedded("shell", host, hints=(("role", "build"),))
