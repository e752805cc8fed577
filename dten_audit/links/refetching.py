"""Reads documents of a package once more, after their bytes are gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from dten_audit.documents.budget import Budget
from dten_audit.documents.cat import content, contents
from dten_audit.documents.document import Document
from dten_audit.documents.errors import PackageError
from dten_audit.documents.root import base_name, map_package
from dten_audit.documents.source import Data
from dten_audit.links.package import Package


class Refetch:
    """Reads documents of a package once more, each time under a budget of its own.

    ``budget`` makes them. ``kept`` are the bytes of documents that are still there.
    """

    def __init__(
        self, path: str | Path, budget: Callable[[], Budget], kept: Mapping[str, bytes]
    ) -> None:
        self._path = path
        self._kept = kept
        self._own, self._base = len(str(path)), base_name(path)
        self._budget = budget

    @cached_property
    def _mapped(self) -> Data | None:
        """The package's bytes: what its format lists is then read once."""
        return map_package(self._path)

    def one(self, document: str) -> bytes | None:
        """Return the bytes of one document, None where they cannot be had."""
        if document in self._kept:
            return self._kept[document]
        try:
            address = self._base + document[self._own :]
            return content(self._path, address, self._budget(), self._mapped)
        except PackageError:
            return None

    def several(self, documents: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield ids and bytes of documents, in one pass over the package."""
        left = [document for document in documents if document not in self._kept]
        yield from ((name, self._kept[name]) for name in documents if name in self._kept)
        wanted = {self._base + document[self._own :]: document for document in left}
        found = contents(self._path, wanted, self._budget(), self._mapped) if wanted else ()
        for address, data in found:
            yield wanted[address], data

    def documents(self, package: Package, ids: Collection[str]) -> dict[str, Document]:
        """Return documents as they were when they were read first."""
        found = {}
        for name, data in self.several(ids) if ids else ():
            info = package.documents[name]
            found[name] = Document(info.address, info.path, info.kind, data, info.mode)
        return found
