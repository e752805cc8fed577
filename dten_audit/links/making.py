"""Which recipes ``make TARGET`` runs: those of the makefile that it finds in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.links.package import DocumentInfo, Package
from dten_audit.links.resolving import PathIndex
from dten_audit.model.facts.commands import Command

MAKES: Final = frozenset(("make", "gmake"))
_NAMES: Final = ("GNUmakefile", "makefile", "Makefile")
_WITH_ARGUMENT: Final = frozenset(("-I", "-j", "-l", "-o", "-W", "--include-dir", "--old-file"))


class Recipes:
    """The recipes of a package's makefiles, by makefile and target."""

    def __init__(self, package: Package) -> None:
        self._found: dict[tuple[str, str], list[str]] = {}
        for info in package.documents.values():
            target = dict(info.hints).get("target", "") if info.host else ""
            host = package.documents.get(info.host)
            if target and host is not None and host.kind == "makefile":
                self._found.setdefault((host.id, target), []).append(info.id)

    def run_by(self, command: Command, near: DocumentInfo, index: PathIndex) -> Iterator[str]:
        """Yield the documents of the recipes that a ``make`` command names."""
        if not self._found:
            return
        folder, names, targets = command.folder, list(_NAMES), []
        words = iter(command.arguments)
        for word in words:
            if word in ("-C", "--directory"):
                folder = f"{folder}/{next(words, '')}".lstrip("/") if folder else next(words, "")
            elif word in ("-f", "--file", "--makefile"):
                names = [next(words, "")]
            elif word in _WITH_ARGUMENT:
                next(words, "")
            elif not word.startswith("-") and "=" not in word:
                targets.append(word)
        for name in names:
            path = f"{folder}/{name}" if folder else name
            for makefile in index.find(path, near):
                for target in targets:
                    yield from self._found.get((makefile.id, target), ())
                return
