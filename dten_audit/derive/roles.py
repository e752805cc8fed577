"""What a script of the package is for: by its path, and by what it is embedded in."""

from __future__ import annotations

import re
from collections import defaultdict
from fnmatch import translate
from functools import cached_property
from typing import Final, NamedTuple, cast

from dten_audit.derive.debhelper import unpacked
from dten_audit.derive.units.tables import in_unit_folder, in_user_folder
from dten_audit.documents.document import DocumentInfo
from dten_audit.links.package import Call, Package
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.facts.units import UnitFile
from dten_audit.model.location import MEMBER
from dten_audit.readers.knowledge import from_tables, knowledge

_MAX_HOSTS: Final = 20
_NEVER_RUN: Final = ("documentation", "test", "example")
"""Roles that a reader's word (the hint ``role``) does not change: the file is not used as it is."""

_PATH_TESTS: Final = ("AssertPathExists", "ConditionPathExists")
_INITRD: Final = "/etc/initrd-release"
"""What only an initrd has (os-release(5))."""

_UNLESS_USED: Final = ("build", "library")
"""Roles of what no host runs, unless a script that one does run asks for it."""


class _Row(NamedTuple):
    role: ScriptRole
    kinds: frozenset[str]
    folders: frozenset[str]
    names: re.Pattern[str] | None
    paths: tuple[re.Pattern[str], ...]

    def fits(self, folders: list[str], name: str, path: str, kinds: set[str]) -> bool:
        """Tell whether the row speaks of a file."""
        return bool(
            self.kinds & kinds
            or self.folders.intersection(folders)
            or (self.names is not None and self.names.match(name))
            or any(known.search(path) for known in self.paths)
        )


@from_tables
def _rows() -> tuple[_Row, ...]:
    table = cast("dict[str, list[dict[str, list[str]]]]", knowledge("script_roles"))
    return tuple(
        _Row(
            cast("ScriptRole", row["role"]),
            frozenset(row.get("kinds", ())),
            frozenset(row.get("folders", ())),
            _any_of(row["names"]) if "names" in row else None,
            tuple(map(re.compile, row.get("paths", ()))),
        )
        for row in table["roles"]
    )


def _any_of(globs: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(glob) for glob in globs))


class Roles:
    """Says what the documents of a package are for; each is looked at once for all who ask."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._documents = package.documents
        self._calls = package.calls
        self._libraries = package.libraries
        self._found: dict[str, ScriptRole] = package.memory.setdefault("roles", {})

    def of(self, document: str) -> ScriptRole:
        """Return what the document with this id is for; ``script`` where nothing says otherwise."""
        role = self._first(document)
        if role == "script" and self._unread(document):
            return "example"
        if role in _UNLESS_USED and not self._used.isdisjoint(self._lineage(document)):
            return "script"
        return role

    def _unread(self, document: str) -> bool:
        """Tell whether dpkg puts a unit file where the host's systemd never reads or starts it."""
        info = self._documents.get(document)
        while info is not None and info.host:
            info = self._documents.get(info.host)
        return (
            info is not None
            and info.kind == "systemd-unit"
            and info.address.startswith(self._unpacked)
            and (info.id not in self._unit_files or info.id in self._of_initrd)
        )

    @cached_property
    def _of_initrd(self) -> frozenset[str]:
        """Units that assert that they run in an initrd."""
        return frozenset(
            unit.document
            for unit in self._package.of(UnitFile)
            if any(entry.key in _PATH_TESTS and entry.value == _INITRD for entry in unit.entries)
        )

    @cached_property
    def _unpacked(self) -> tuple[str, ...]:
        return unpacked(self._package) or ("\0",)

    @cached_property
    def _unit_files(self) -> frozenset[str]:
        """Files that come to lie where systemd looks for units, also under a computed name."""
        return frozenset(
            install.source
            for install in self._package.installs
            if in_unit_folder(install.target)
            or in_user_folder(install.target)
            or "$" in install.target
        )

    def _first(self, document: str) -> ScriptRole:
        """Return what a document is for by itself, whoever uses it."""
        if document not in self._found:
            self._found[document] = self._of(document)
        return self._found[document]

    @cached_property
    def _used(self) -> frozenset[str]:
        memory = self._package.memory
        if "used libraries" not in memory:
            memory["used libraries"] = self._uses()
        return cast("frozenset[str]", memory["used libraries"])

    def _uses(self) -> frozenset[str]:
        """Return recipes that a script makes, and files of libraries that one includes, anyhow."""
        uses: dict[str, list[str]] = defaultdict(list)
        reached: list[str] = []
        for callee, calls in self._calls.items():
            for user in {call.command.document for call in calls if self._counts(call)}:
                if self._first(user) in ("script", "maintainer"):
                    reached.append(callee)
                for part in self._lineage(user):
                    uses[part].append(callee)
        used: set[str] = set()
        while reached:
            document = reached.pop()
            if document not in used:
                used.add(document)
                reached += uses[document]
        return frozenset(used)

    def _counts(self, call: Call) -> bool:
        """Tell whether a call makes of a recipe, or of a library's file, what hosts run."""
        if call.how == "recipe":
            return self._first(call.callee) == "build"
        info = self._documents.get(call.callee)
        return info is not None and not info.host and _role(info, {info.kind}) == "library"

    def _lineage(self, document: str) -> list[str]:
        """Return a document and what it is embedded in."""
        found: list[str] = []
        while document and len(found) < _MAX_HOSTS:
            found.append(document)
            info = self._documents.get(document)
            document = info.host if info is not None else ""
        return found

    def _of(self, document: str) -> ScriptRole:
        info = self._documents.get(document)
        kinds: set[str] = set()
        stated = ""
        for _ in range(_MAX_HOSTS):
            if info is None:
                break
            kinds.add(info.kind)
            stated = stated or dict(info.hints).get("role", "")
            if not info.host:
                found = _role(info, kinds)
                if found == "script" and info.id in self._libraries:
                    return "library"
                sharper = stated and found not in _NEVER_RUN
                return cast("ScriptRole", stated) if sharper else found
            info = self._documents.get(info.host)
        return "script"


@from_tables
def build_tools() -> frozenset[str]:
    """Return the names of scripts that compile programs and are not run by an upgrade."""
    table = cast("dict[str, list[str]]", knowledge("script_roles"))
    return frozenset(table["build_tools"])


def role_of(package: Package, document: str) -> ScriptRole:
    """Return what one document is for; ``Roles`` is quicker for many."""
    return Roles(package).of(document)


def _role(info: DocumentInfo, kinds: set[str]) -> ScriptRole:
    *folders, name = info.path.split("/")
    for outer in info.address.split(MEMBER)[1:-1]:
        folders += outer.split("/")[:-1]
    for row in _rows():
        if row.fits(folders, name, info.path, kinds):
            return row.role
    return "script"
