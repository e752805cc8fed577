"""Scripts that source shipped libraries: what those define, for the scripts to be read with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from dten_audit.documents.document import Document
from dten_audit.links.package import Package

if TYPE_CHECKING:
    from dten_audit.readers.shell.reader import Definitions

MAX_CHAIN: Final = 8
"""How deep libraries may source libraries."""


def sourced_libraries(package: Package) -> dict[str, list[str]]:
    """Return, by script, the shipped shell documents that it sources, in order."""
    found: dict[str, list[str]] = {}
    for library, calls in package.calls.items():
        if package.documents[library].kind != "shell":
            continue
        for call in calls:
            if call.how == "sources":
                found.setdefault(call.command.document, []).append(library)
    order = {
        (call.command.document, library): call.command.order
        for library, calls in package.calls.items()
        for call in calls
    }
    return {
        script: sorted(dict.fromkeys(libraries), key=lambda library: order[script, library])
        for script, libraries in found.items()
        if not package.documents[script].host
    }


class Preludes:
    """What each script finds defined by the libraries that it sources; each library walked once."""

    def __init__(
        self, documents: Mapping[str, Document], libraries: Mapping[str, list[str]]
    ) -> None:
        self._documents = documents
        self._libraries = libraries
        self._known: dict[str, Definitions] = {}
        self._open: set[str] = set()

    def of(self, script: str) -> tuple[Definitions, ...]:
        """Return the definitions that ``script`` finds, in the order in which it sources them."""
        found = (self._defines(library) for library in self._libraries.get(script, ()))
        return tuple(definitions for definitions in found if definitions is not None)

    def _defines(self, library: str) -> Definitions | None:
        from dten_audit.readers.shell.reader import definitions

        document = self._documents.get(library)
        if document is None or library in self._open or len(self._open) >= MAX_CHAIN:
            return None
        if library not in self._known:
            self._open.add(library)
            self._known[library] = definitions(document, self.of(library))
            self._open.discard(library)
        return self._known[library]
