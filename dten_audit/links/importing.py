"""Which functions of a package's own modules its programs come to, by what they import and name."""

from __future__ import annotations

import posixpath
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, DocumentInfo
from dten_audit.links.libraries import PROGRAMS, Libraries, Runs
from dten_audit.links.package import Package
from dten_audit.model.location import MEMBER
from dten_audit.readers.programs.program import Program

MAX_PROGRAMS: Final = 400
MAX_BYTES: Final = 16 << 20
MAX_VISITS: Final = 1_500
_SCRIPTED: Final = PROGRAMS - {"java", "kotlin", "go", "csharp", "groovy"}
_ENDINGS: Final = {
    "python": (".py", "/__init__.py"),
    "javascript": ("", ".js", ".cjs", ".mjs", ".ts", "/index.js", "/index.ts"),
    "typescript": ("", ".ts", ".js", "/index.ts", "/index.js"),
    "ruby": ("", ".rb"),
    "php": ("",),
    "perl": ("", ".pm"),
}
_INSTALLED: Final = ("site-packages", "dist-packages", "perl5", "ruby", "vendor_ruby", "lib")


def imported(package: Package) -> Runs:
    """Return, for library files, the names of their functions that entry points come to.

    A function counts as reached where its name stands in code that runs and imports its file.
    """
    if not package.libraries:
        return {}
    entries = [info.id for info in _entries(package)]
    return _Walk(package).run(entries) if entries else {}


def _entries(package: Package) -> Iterator[DocumentInfo]:
    known = Libraries(package)
    for info in package.documents.values():
        if info.kind not in _SCRIPTED or info.host or info.id in package.libraries:
            continue
        if package.calls.get(info.id) or known.starts(info, guarded=True):
            yield info


class _Walk:
    """Goes from programs to what they import, with the names that each file is asked for."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._left = MAX_BYTES
        self._programs: dict[str, Program | None] = {}
        self._targets: dict[str, list[str]] = {}
        self._by_name: dict[str, list[DocumentInfo]] = defaultdict(list)
        for info in package.documents.values():
            if info.kind in _SCRIPTED and not info.host:
                self._by_name[info.path.rpartition("/")[2]].append(info)

    def run(self, entries: list[str]) -> Runs:
        """Return the reached functions of library files."""
        asked: dict[str, set[str]] = {entry: set() for entry in entries}
        found: dict[str, frozenset[str]] = {}
        waiting = deque(entries)
        self._fetch(entries)
        for _ in range(MAX_VISITS):
            if not waiting:
                break
            document = waiting.popleft()
            program = self._programs.get(document)
            if program is None:
                continue
            numbers = program.functions.reached(asked[document])
            functions = program.functions.all
            if document in self._package.libraries:
                found[document] = frozenset(functions[n].name for n in numbers if n >= 0)
            words = program.functions.words(numbers) | asked[document]
            self._look_ahead([document, *waiting])
            for target in self._targets[document]:
                known = asked.setdefault(target, set())
                new = words - known if target in self._programs else set()
                if (target not in found and target not in entries) or new:
                    known |= words
                    if target not in waiting:
                        waiting.append(target)
                    found.setdefault(target, frozenset())
        return {name: names for name, names in found.items() if name in self._package.libraries}

    def _look_ahead(self, waiting: list[str]) -> None:
        """Find what all programs that wait import, and fetch it in one pass over the package."""
        if waiting[0] in self._targets:
            return
        fresh = []
        for document in waiting:
            program = self._programs.get(document)
            if program is not None and document not in self._targets:
                near = self._package.documents[document]
                self._targets[document] = list(self._imports(program, near))
                fresh += self._targets[document]
        self._fetch(list(dict.fromkeys(fresh)))

    def _fetch(self, documents: list[str]) -> None:
        wanted = [name for name in documents if name not in self._programs]
        wanted = wanted[: max(0, MAX_PROGRAMS - len(self._programs))]
        for name in wanted:
            self._programs[name] = None
        for name, data in self._package.contents(wanted) if wanted else ():
            info = self._package.documents[name]
            self._left -= len(data)
            if self._left > 0:
                document = Document(info.address, info.path, info.kind, data, mode=info.mode)
                self._programs[name] = Program(document)

    def _imports(self, program: Program, near: DocumentInfo) -> Iterator[str]:
        seen: set[str] = set()
        for module in program.imports.modules:
            for path in _paths(module, near):
                found = self._find(path, near)
                if found and found not in seen:
                    seen.add(found)
                    yield found
                if found:
                    break

    def _find(self, path: str, near: DocumentInfo) -> str:
        """Return the document at a path: beside the program, at the root, among installed ones."""
        container = near.address.rpartition(MEMBER)[0]
        here = posixpath.normpath(posixpath.join(posixpath.dirname(near.path), path))
        same = [
            info for info in self._by_name.get(posixpath.basename(path), ())
            if info.address.rpartition(MEMBER)[0] == container and info.id != near.id
        ]  # fmt: skip
        for wanted in (here, posixpath.normpath(path)):
            exact = [info.id for info in same if info.path == wanted]
            if exact:
                return exact[0]
        if path.startswith("."):
            return ""
        ending = [info for info in same if info.path.endswith("/" + path)]
        if "/" not in path:
            ending = [info for info in ending if _above(info.path) in _INSTALLED]
        return ending[0].id if len(ending) == 1 else ""


def _above(path: str) -> str:
    return posixpath.basename(posixpath.dirname(path))


def _paths(module: str, near: DocumentInfo) -> Iterator[str]:
    """Yield the paths at which a module may lie."""
    kind = near.kind
    if not module or (kind in ("javascript", "typescript") and not module.startswith(".")):
        return
    base = module
    if kind == "python":
        name = module.lstrip(".")
        dots = len(module) - len(name)
        base = name.replace(".", "/")
        if dots:
            base = "./" + "../" * (dots - 1) + base
    elif kind == "perl":
        base = module.replace("::", "/")
    elif kind == "php":
        base = module.lstrip("/")
    for ending in _ENDINGS.get(kind, ()):
        yield (base.rstrip("/") or ".") + ending
