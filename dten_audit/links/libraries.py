"""Tells programs that something runs from libraries: what code could do is not what it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

from dten_audit.documents.document import DocumentInfo
from dten_audit.links.package import Call, Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, LibraryCommand, MainGuard
from dten_audit.model.location import MEMBER
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.programs.languages import ORIGIN

PROGRAMS: Final = frozenset(
    "python ruby php javascript typescript java kotlin groovy go csharp perl".split()
)
_COMPILED: Final = frozenset("java kotlin go csharp typescript".split())
_ROUNDS: Final = 20
_DEEPEST: Final = 2
"""Deeper in a tree, a name alone does not make a program one that somebody starts."""
Runs = Mapping[str, frozenset[str]]
"""By document: the functions of it that another program of the package reaches."""
NOTHING: Final[Runs] = {}
Resolve = Callable[[Package], Iterable[Call]]


class _Table(NamedTuple):
    libraries: tuple[re.Pattern[str], ...]
    installers: tuple[re.Pattern[str], ...]
    never: frozenset[str]


@from_tables
def _table() -> _Table:
    data = cast("dict[str, Any]", knowledge("script_roles"))["programs"]
    return _Table(
        tuple(map(re.compile, data["libraries"])),
        tuple(map(re.compile, data["installers"])),
        frozenset(data["never"]),
    )


class Libraries:
    """Which programs of a package are entry points, by what lies around them."""

    def __init__(self, package: Package) -> None:
        self._documents = package.documents
        self._folders: set[tuple[str, str]] = set()
        self._wheels: set[str] = set()
        for info in package.documents.values():
            if info.path.endswith(("__init__.py", ".dist-info/WHEEL")):
                folder, _, name = info.path.rpartition("/")
                container = info.address.rpartition(MEMBER)[0]
                if name == "WHEEL":
                    self._wheels.add(container)
                else:
                    self._folders.add((container, folder))

    def starts(self, info: DocumentInfo, *, guarded: bool) -> bool:
        """Say whether a program is meant to be started as it stands, on a host.

        ``guarded``: it says itself what to do when it is started.
        """
        folder, _, name = info.path.rpartition("/")
        container = info.address.rpartition(MEMBER)[0]
        table = _table()
        if name in table.never or _lies(info.path, table.libraries):
            return False
        if container in self._wheels:
            return ".data/scripts/" in info.path
        executable = bool((info.mode or 0) & 0o111)
        module = (container, folder) in self._folders
        if info.kind in _COMPILED:
            return guarded and _lies(info.path, table.installers)
        if executable and (info.shebang or guarded):
            return True
        if module:
            return False
        if info.shebang:
            return True
        return info.path.count("/") <= _DEEPEST and _lies(info.path, table.installers)


def _lies(path: str, patterns: tuple[re.Pattern[str], ...]) -> bool:
    return any(pattern.search(path) for pattern in patterns)


def root_of(package: Package, document: str) -> DocumentInfo | None:
    """Return the file that a document is, or is embedded in.

    Nothing for a text of which its reader says who runs it (the hint ``role``): a pipeline's step.
    """
    info = package.documents.get(document)
    if info is not None and any(name == "role" for name, _ in info.hints):
        return None
    return package.documents.get(info.host) if info is not None and info.host else info


def settle(package: Package, resolve: Resolve, runs: Runs) -> list[Call]:
    """Keep the commands of programs that run; return the calls that they and scripts make.

    Commands that only library code could run become ``LibraryCommand``. ``resolve`` returns the
    calls of the package's commands.
    """
    suspects = _suspects(package)
    if not suspects:
        return list(resolve(package))
    guarded = frozenset(guard.document for guard in package.of(MainGuard))
    known = Libraries(package)
    started = {
        name for name, info in suspects.items()
        if name in runs or known.starts(info, guarded=name in guarded)
    }  # fmt: skip
    every = package.of(Command)
    for _ in range(_ROUNDS):
        parted = _parted(package, every, suspects, started, runs)
        package.replace(Command, parted.kept)
        calls = list(resolve(package))
        more = {call.callee for call in calls if call.callee in suspects} - started
        if not more:
            break
        started |= more
    package.libraries = frozenset(suspects.keys() - started)
    package.add(_in_library(command, root) for root, command in parted.dropped)
    _forget_embedded(package, parted.kept, [command for _, command in parted.dropped])
    return calls


def _in_library(command: Command, root: str) -> LibraryCommand:
    return LibraryCommand(
        command.at, root, command.program, command.argv, command.layers, command.redirections
    )


class _Parted(NamedTuple):
    kept: list[Command]
    dropped: list[tuple[str, Command]]


def _parted(
    package: Package,
    commands: list[Command],
    suspects: Mapping[str, DocumentInfo],
    started: set[str],
    runs: Runs,
) -> _Parted:
    """Tell commands that something comes to from those of libraries, by the id of their file."""
    parted = _Parted([], [])
    roots: dict[str, str] = {}
    for command in commands:
        root = roots.get(command.document)
        if root is None:
            info = root_of(package, command.document)
            root = roots[command.document] = info.id if info is not None else ""
        if root not in suspects:
            parted.kept.append(command)
        elif root in started and (command.called or command.function in runs.get(root, ())):
            parted.kept.append(command if command.called else command._replace(called=True))
        else:
            parted.dropped.append((root, command))
    return parted


def _suspects(package: Package) -> dict[str, DocumentInfo]:
    """Return the programs that state commands."""
    found: dict[str, DocumentInfo] = {}
    for document in {command.document for command in package.of(Command)}:
        root = root_of(package, document)
        if root is not None and root.kind in PROGRAMS:
            found[root.id] = root
    return found


def _forget_embedded(package: Package, kept: list[Command], dropped: list[Command]) -> None:
    """Drop what texts state that only library code would write or run."""
    used = {text for command in kept for text in (command.stdin, *command.documents)}
    texts = {
        text
        for command in dropped
        for text in (command.stdin, *command.documents)
        if text and text not in used
    }
    if not texts:
        return
    gone = {
        info.id
        for info in package.documents.values()
        if info.host and ORIGIN in info.hints and info.id in texts
    }
    gone |= {info.id for info in package.documents.values() if info.host and "#" in info.id
             and info.id.rpartition("#")[0] in gone}  # fmt: skip
    for document in gone:
        del package.documents[document]
    package.forget(lambda fact: _document_of(fact) in gone)


def _document_of(fact: Fact) -> str:
    return cast("str", getattr(fact, "document", ""))
