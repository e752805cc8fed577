"""The package graph: documents, their facts by type, who calls whom, what lands where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from dten_audit.documents.document import DocumentInfo
from dten_audit.links.resolving import PathIndex
from dten_audit.model.facts.base import Fact, fact_type
from dten_audit.model.facts.commands import Command
from dten_audit.model.location import Location

__all__ = ["Call", "DocumentInfo", "Install", "Package"]

F = TypeVar("F", bound=Fact)


class Call(NamedTuple):
    """``command`` runs the document ``callee`` (a script, an SQL file, an embedded text)."""

    command: Command
    callee: str
    how: str


class Install(NamedTuple):
    """The document ``source`` (its id, or empty) lands at ``target`` on the host.

    ``order`` is the rank of the step in the script that does it; -1 for what the package's own
    layout says (a tree below ``etc/``).
    """

    source: str
    target: str
    at: Location
    order: int = -1
    script: str = ""


class Package:
    """Everything stated about one package; derivers add to ``facts`` and change nothing else.

    ``content`` reads a document's bytes once more, by its id; None where it cannot be had.
    ``contents`` does so for several, in one pass over the package; what cannot be had is left out.
    ``libraries`` are programs that could run commands, but that nothing is seen to run.
    ``memory`` is what derivers keep for each other of the whole package, once it is linked.
    """

    def __init__(
        self,
        documents: Iterable[DocumentInfo],
        facts: Iterable[Fact],
        content: Callable[[str], bytes | None] = lambda _: None,
        index: PathIndex | None = None,
    ) -> None:
        self._index = index
        self.documents = {document.id: document for document in documents}
        self.content = content
        self.contents: Callable[[Collection[str]], Iterator[tuple[str, bytes]]] = self._one_by_one
        self._facts: dict[type, list[Fact]] = defaultdict(list)
        for fact in facts:
            self._facts[type(fact)].append(fact)
        self.calls: dict[str, list[Call]] = defaultdict(list)
        self.installs: list[Install] = []
        self.entry_points: set[str] = set()
        self.identity: dict[str, str] = {}
        self.libraries: frozenset[str] = frozenset()
        self.memory: dict[str, Any] = {}

    def _one_by_one(self, documents: Collection[str]) -> Iterator[tuple[str, bytes]]:
        for document in documents:
            data = self.content(document)
            if data is not None:
                yield document, data

    @property
    def index(self) -> PathIndex:
        """The index that finds documents by the paths that scripts write."""
        if self._index is None:
            self._index = PathIndex(self.documents.values())
        return self._index

    def of(self, fact: type[F]) -> list[F]:
        """Return all facts of a type, in the order of documents and lines."""
        return self._facts.get(fact, [])  # type: ignore[return-value]

    def states(self, facts: Collection[str]) -> bool:
        """Say whether there is a fact of one of some types, by their names in rules."""
        return any(found and fact_type(kind) in facts for kind, found in self._facts.items())

    def replace(self, fact: type[F], facts: Iterable[F]) -> None:
        """Set the facts of a type (a linker that knows more than a single document did)."""
        self._facts[fact] = list(facts)

    def forget(self, gone: Callable[[Fact], bool]) -> None:
        """Drop facts (a linker that knows that nobody runs what states them)."""
        for kind, facts in self._facts.items():
            self._facts[kind] = [fact for fact in facts if not gone(fact)]

    def add(self, facts: Iterable[Fact]) -> None:
        """Add derived facts."""
        for fact in facts:
            self._facts[type(fact)].append(fact)

    def __iter__(self) -> Iterator[Fact]:
        for facts in self._facts.values():
            yield from facts

    def callers(self, document: str) -> list[Call]:
        """Return who runs a document, by its id; empty where nobody is seen to."""
        return self.calls.get(document, [])
