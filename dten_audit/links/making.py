"""Which recipes ``make TARGET`` and ``npm run SCRIPT`` run: those of the file in their folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.links.package import DocumentInfo, Package
from dten_audit.links.resolving import PathIndex
from dten_audit.model.facts.commands import Command

_MAKES: Final = frozenset(("make", "gmake"))
_RUNNERS: Final = {"npm": "package.json", "yarn": "package.json", "pnpm": "package.json",
                   "composer": "composer.json"}  # fmt: skip
MAKERS: Final = _MAKES | _RUNNERS.keys()
_RUN: Final = ("run", "run-script", "rum", "urn")
_ITSELF: Final = {"npm": ("start", "stop", "restart", "test"), "yarn": ("start", "test"),
                  "pnpm": ("start", "stop", "restart", "test")}  # fmt: skip
_NAMES: Final = ("GNUmakefile", "makefile", "Makefile")
_WITH_ARGUMENT: Final = frozenset(("-I", "-j", "-l", "-o", "-W", "--include-dir", "--old-file"))


class Recipes:
    """The recipes of a package's makefiles and package.json files, by file and target."""

    def __init__(self, package: Package) -> None:
        self._found: dict[tuple[str, str], list[str]] = {}
        for info in package.documents.values():
            target = dict(info.hints).get("target", "") if info.host else ""
            host = package.documents.get(info.host)
            if target and host is not None and _holds_recipes(host):
                self._found.setdefault((host.id, target), []).append(info.id)

    def run_by(self, command: Command, near: DocumentInfo, index: PathIndex) -> Iterator[str]:
        """Yield the documents of the recipes that a command names."""
        if not self._found:
            return
        if command.program in _RUNNERS:
            yield from self._script(command, near, index)
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

    def _script(self, command: Command, near: DocumentInfo, index: PathIndex) -> Iterator[str]:
        """Yield the scripts that ``npm run NAME`` runs, with those before and after it."""
        words = [word for word in command.arguments if not word.startswith("-")]
        name = words[1] if words[:1] and words[0] in _RUN and len(words) > 1 else ""
        if not name and words and words[0] in _ITSELF.get(command.program, ()):
            name = words[0]
        file = _RUNNERS[command.program]
        path = f"{command.folder}/{file}" if command.folder else file
        for manifest in index.find(path, near) if name else ():
            for target in (f"pre{name}", name, f"post{name}"):
                yield from self._found.get((manifest.id, target), ())


def _holds_recipes(info: DocumentInfo) -> bool:
    return info.kind == "makefile" or info.path.endswith(("package.json", "composer.json"))
