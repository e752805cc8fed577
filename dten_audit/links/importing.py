"""Which functions of a package's own modules its programs come to, by what they import and name."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from dten_audit.documents.document import Document, DocumentInfo
from dten_audit.links.libraries import PROGRAMS, Libraries, Runs
from dten_audit.links.package import Package
from dten_audit.model.location import MEMBER
from dten_audit.readers.programs.functions import Functions
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
    entries = [info.id for info in _entries(package)]
    return _Walk(package).run(entries) if entries else {}


def _entries(package: Package) -> Iterator[DocumentInfo]:
    known = Libraries(package)
    for info in package.documents.values():
        if info.kind not in _SCRIPTED or info.host or info.id in package.libraries:
            continue
        if package.calls.get(info.id) or known.starts(info, guarded=True):
            yield info


class _NameSets:
    """Sets of names, each an integer whose bits are names: hundreds of large ones stay small."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def pack(self, names: Iterable[str]) -> int:
        """Return the set of some names."""
        numbers = [self._numbers.setdefault(name, len(self._numbers)) for name in names]
        bits = bytearray(len(self._numbers) // 8 + 1)
        for number in numbers:
            bits[number >> 3] |= 1 << (number & 7)
        return int.from_bytes(bits, "little")

    def among(self, names: Iterable[str], packed: int) -> set[str]:
        """Return those of some names that are in a set."""
        bits = packed.to_bytes(len(self._numbers) // 8 + 1, "little")
        numbers = ((name, self._numbers.get(name)) for name in names)
        return {name for name, n in numbers if n is not None and bits[n >> 3] >> (n & 7) & 1}


class _Walk:
    """Goes from programs to what they import, with the names that each file is asked for."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._left = MAX_BYTES
        self._functions: dict[str, Functions | None] = {}
        self._targets: dict[str, list[str]] = {}
        self._by_ending: dict[tuple[str, str], list[DocumentInfo]] = defaultdict(list)
        for info in package.documents.values():
            if info.kind in _SCRIPTED and not info.host:
                container = info.address.rpartition(MEMBER)[0]
                for ending in {_ending(info.path, 1), _ending(info.path, 2)}:
                    self._by_ending[container, ending].append(info)

    def run(self, entries: list[str]) -> Runs:
        """Return the reached functions of library files."""
        names = _NameSets()
        asked = dict.fromkeys(entries, 0)
        told: dict[str, int] = defaultdict(int)
        seen: dict[str, set[int]] = defaultdict(set)
        found: dict[str, frozenset[str]] = {}
        waiting = dict.fromkeys(entries)
        self._fetch(entries)
        for _ in range(MAX_VISITS):
            if not waiting:
                break
            document = next(iter(waiting))
            del waiting[document]
            functions = self._functions.get(document)
            if functions is None:
                continue
            own = (function.name for function in functions.all)
            numbers = functions.reached(names.among(own, asked[document]))
            if document in self._package.libraries:
                found[document] = frozenset(functions.all[n].name for n in numbers if n >= 0)
            words = names.pack(functions.words(numbers.keys() - seen[document]))
            words = (words | asked[document]) & ~told[document]
            seen[document].update(numbers)
            told[document] |= words
            self._look_ahead([document, *waiting])
            for target in self._targets[document]:
                new = words & ~asked.get(target, 0) if target in self._functions else 0
                if (target not in found and target not in entries) or new:
                    asked[target] = asked.get(target, 0) | words
                    waiting.setdefault(target)
                    found.setdefault(target, frozenset())
        return {name: names for name, names in found.items() if name in self._package.libraries}

    def _look_ahead(self, waiting: list[str]) -> None:
        """Fetch what all programs that wait import, in one pass over the package."""
        targets = [target for document in waiting for target in self._targets.get(document, ())]
        full = len(self._functions) >= MAX_PROGRAMS
        if not full and not self._functions.keys() >= set(self._targets[waiting[0]]):
            self._fetch(list(dict.fromkeys(targets)))

    def _fetch(self, documents: list[str]) -> None:
        """Read programs; only their functions, and what they import, are kept."""
        wanted = [name for name in documents if name not in self._functions]
        wanted = wanted[: max(0, MAX_PROGRAMS - len(self._functions))]
        for name in wanted:
            self._functions[name] = None
        for name, data in self._package.contents(wanted) if wanted else ():
            info = self._package.documents[name]
            self._left -= len(data)
            if self._left > 0:
                document = Document(info.address, info.path, info.kind, data, mode=info.mode)
                program = Program(document)
                self._functions[name] = program.functions
                self._targets[name] = list(self._imports(program, info))

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
        for wanted in (here, posixpath.normpath(path)):
            for info in self._by_ending.get((container, _ending(wanted, 2)), ()):
                if info.path == wanted and info.id != near.id:
                    return info.id
        if path.startswith("."):
            return ""
        same = self._by_ending.get((container, _ending(path, 2)), ())
        ending = [i for i in same if i.path.endswith("/" + path) and i.id != near.id]
        if "/" not in path:
            ending = [info for info in ending if _above(info.path) in _INSTALLED]
        return ending[0].id if len(ending) == 1 else ""


def _ending(path: str, parts: int) -> str:
    """Return the last components of a path."""
    return "/".join(path.rsplit("/", parts)[-parts:])


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
