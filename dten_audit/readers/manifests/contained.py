"""States what a container of a manifest runs: commands in the container's layer."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from dten_audit.documents.document import Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Layer, Word
from dten_audit.model.facts.containers import ContainerFile, ContainerSetting, Right
from dten_audit.readers.commands import Listed, stated
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.manifests.expressions import as_shell
from dten_audit.readers.manifests.manifest import Manifest, is_computed, scalars

_MAX_WORDS: Final = 2_000


class Container:
    """A container, service or pod of a manifest: what it runs and which rights it gets.

    ``tool`` is what starts it (``kubernetes``, ``docker compose``), ``root`` the node of the whole
    workload. ``variables`` are the names
    that the manifest itself replaces in words written as ``$(NAME)``.
    """

    def __init__(
        self, manifest: Manifest, file: ContainerFile, tool: str, name: str, root: Node
    ) -> None:
        self.manifest = manifest
        self.root = root
        self.file = file
        self.name = name
        self.layer = Layer(tool, "container", (Word(tool),), name)
        self.system = "compose" if file == "compose" else ""
        self.variables: frozenset[str] = frozenset()
        self.order = 0

    def runs(self, nodes: Sequence[Node]) -> Iterator[Fact | Embedded]:
        """Yield the command whose words are listed."""
        words = list(islice((w for node in nodes for w in scalars(node)), _MAX_WORDS))
        if not words:
            return
        argv = [self._word(node) for node in words]
        places = [self.manifest.lines(node, self.manifest.text(node)) for node in words]
        yield from self._stated(argv, words[0], places)

    def runs_line(self, node: Node) -> Iterator[Fact | Embedded]:
        """Yield the command that a line names, split into words as a shell would (no more)."""
        text = as_shell(self.manifest.text(node), self.system)
        try:
            words = shlex.split(text, comments=False)
        except ValueError:
            return
        if words:
            argv = [Word(word, "computed" if is_computed(word) else "exact") for word in words]
            lines, column = self.manifest.lines(node, text)
            places = [(lines[:1] * (word.count("\n") + 1), column) for word in words]
            yield from self._stated(argv, node, places)

    def runs_text(self, node: Node) -> Iterator[Embedded]:
        """Yield the shell text that a scalar is."""
        text = as_shell(self.manifest.text(node), self.system)
        if text.strip():
            hints = (("client", self.layer.tool), ("layer", "container"), ("target", self.name))
            yield self.manifest.embedded("shell", node, text=text, hints=hints)

    def gets(
        self, node: Node, right: Right, value: str = "", *, writable: bool = True
    ) -> Iterator[ContainerSetting]:
        """Yield a right, unless what it is about is known only at run time."""
        if not is_computed(value):
            perhaps = self.manifest.is_conditional(node, self.root)
            yield ContainerSetting(
                self.manifest.at(node), self.manifest.document.id, self.file, self.name, right,
                value, writable, "computed" if perhaps else "exact",
            )  # fmt: skip

    def is_true(self, node: Node | None) -> bool:
        """Say whether a scalar is true, and not only perhaps."""
        return node is not None and node.text.lower() in ("true", "yes", "on")

    def _word(self, node: Node) -> Word:
        text = as_shell(self.manifest.text(node), self.system)
        for name in self.variables if "$(" in text else ():
            text = text.replace(f"$({name})", f"${{{name}}}")
        return Word(text, "computed" if is_computed(text) else "exact")

    def _stated(
        self, argv: list[Word], node: Node, places: list[tuple[tuple[int, ...], int]]
    ) -> Iterator[Fact | Embedded]:
        self.order += 1
        at = self.manifest.at(node)
        listed = Listed(argv, at, self.order, places, (self.layer,))
        yield from stated(self.manifest.document, listed)
