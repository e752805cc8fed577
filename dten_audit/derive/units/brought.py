"""Which units a package brings to the host: shipped, installed by a step, or by another package."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.derive.arguments import separate, split_arguments, written_paths
from dten_audit.derive.units.tables import in_unit_folder, in_user_folder, package_managers
from dten_audit.links.package import Install, Package
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.units import Provided, UnitFile
from dten_audit.model.location import Location
from dten_audit.readers.systemd.names import split_name, unit_of_path

_VERSION: Final = re.compile(r"(?:[-_]v?[0-9]|[=:<>]|\.(?:rpm|deb|apk)$).*")
_MAX_PARTS: Final = 8
_LINKING: Final = frozenset(("link", "enable", "reenable"))


class Step(NamedTuple):
    """A step that puts a unit file or drop-in at ``target``.

    ``document`` and ``order`` say which command of which script does it; -1 for a file whose place
    in the package's own tree says where it lands, and in functions that nothing here calls.
    ``file`` is the unit file that lands there, if the package ships it.
    """

    unit: str
    drop_in: bool
    target: str
    at: Location
    document: str
    order: int
    file: UnitFile | None = None


class Brought:
    """The units that a package brings. Built once for all derivers of units."""

    def __init__(self, package: Package) -> None:
        self._files = {unit.document: unit for unit in package.of(UnitFile)}
        self._writers = _writers(package)
        commands = package.of(Command)
        self._uncalled = {(c.document, c.order) for c in commands if not c.called}
        self._steps: dict[str, list[Step]] = defaultdict(list)
        self._shipped: dict[str, list[UnitFile]] = defaultdict(list)
        self._installed: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for name, document, order in _package_names(package):
            parts = name.split("-")
            for end in range(1, min(len(parts), _MAX_PARTS) + 1):
                self._installed["-".join(parts[:end])].append((document, order))
        for unit in self._files.values():
            if not unit.drop_in_of:
                self._shipped[unit.name].append(unit)
        seen: set[tuple[str, str, int]] = set()
        for step in self._all_steps(package):
            key = (step.target, step.document, step.order)
            if key not in seen:
                seen.add(key)
                self._steps[step.unit].append(step)

    @property
    def steps(self) -> Iterator[Step]:
        """All steps, drop-ins too."""
        for steps in self._steps.values():
            yield from steps

    def provided(self, unit: str, document: str = "", order: int = -1) -> Provided:
        """Say how the package brings a unit, seen from a command of a script; empty: not at all."""
        template = split_name(unit).template
        names = (unit, template) if template else (unit,)
        steps = [s for name in names for s in self._steps.get(name, ()) if not s.drop_in]
        own = [s for s in steps if s.document == document and s.order >= 0 and order >= 0]
        if any(step.order <= order for step in own):
            return "before"
        if any(step.document not in ("", document) for step in steps):
            return "somewhere"
        if own:
            return "later"
        if steps or any(name in self._shipped for name in names):
            return "somewhere"
        return "package-manager" if self._by_manager(unit, document, order) else ""

    def file_of(self, unit: str) -> UnitFile | None:
        """Return the unit file that the package ships for a unit or its template."""
        for name in (unit, split_name(unit).template):
            found = [step.file for step in self._steps.get(name, ()) if not step.drop_in]
            found += self._shipped.get(name, [])
            for file in found:
                if file is not None:
                    return file
        return None

    def places(self, unit: str) -> tuple[Location, ...]:
        """Return where a unit is brought: its file, else the steps."""
        file = self.file_of(unit)
        steps = tuple(step.at for step in self._steps.get(unit, ()) if not step.drop_in)
        return ((file.at,) if file is not None else ()) + steps[:3]

    def _by_manager(self, unit: str, document: str, order: int) -> bool:
        """Say whether a package of the unit's name, or one that starts so, is installed."""
        stem = unit.rpartition(".")[0].partition("@")[0]
        return any(
            where != document or rank < 0 or order < 0 or rank < order
            for where, rank in self._installed.get(stem, ())
        )

    def _all_steps(self, package: Package) -> Iterator[Step]:
        links_away = _masks(package)
        for install in package.installs:
            owner = unit_of_path(install.target)
            if owner and _lands(install.target) and _key(install) not in links_away:
                step = self._step(install, owner)
                uncalled = (step.document, step.order) in self._uncalled
                yield step._replace(order=-1) if uncalled else step
        for command in package.of(Command):
            order = command.order if command.called else -1
            for word in (*written_paths(command), *_linked(command)):
                owner = unit_of_path(word.text)
                if owner and (_lands(word.text) or command.program == "systemctl"):
                    yield Step(*owner, word.text, command.at, command.document, order)

    def _step(self, install: Install, owner: tuple[str, bool]) -> Step:
        file = self._files.get(install.source)
        writer = self._writers.get(install.source)
        if writer is not None:
            at = file.at if file else writer.at
            return Step(*owner, install.target, at, writer.document, writer.order, file)
        if file is not None and not install.script:
            return Step(*owner, install.target, file.at, "", -1, file)
        return Step(*owner, install.target, install.at, install.script, install.order, file)


def _lands(path: str) -> bool:
    """A folder that only the run tells is taken for one of systemd's: nothing else is said."""
    folder = posixpath.dirname(path)
    return in_unit_folder(path) or in_user_folder(path) or folder.startswith("$")


def _key(install: Install) -> tuple[str, int, str]:
    return install.script, install.order, install.target


def _masks(package: Package) -> set[tuple[str, int, str]]:
    """Return the steps that link a unit to ``/dev/null``: they take it away."""
    return {
        (command.document, command.order, command.argv[-1].text)
        for command in package.of(Command)
        if command.program == "ln" and "/dev/null" in command.arguments
    }


def _writers(package: Package) -> dict[str, Command]:
    """Return the command that writes each embedded text."""
    found: dict[str, Command] = {}
    for command in package.of(Command):
        for document in (command.stdin, *command.documents):
            if document:
                found.setdefault(document, command)
    return found


def _linked(command: Command) -> Iterator[Word]:
    """Yield the unit files that ``systemctl enable /path/x.service`` makes known to systemd."""
    if command.program == "systemctl":
        operands = split_arguments(command.argv[1:]).operands
        if operands and operands[0].text in _LINKING:
            yield from (word for word in operands[1:] if "/" in word.text)


def _package_names(package: Package) -> Iterator[tuple[str, str, int]]:
    """Yield the names of packages that commands install, with script and order."""
    for command in package.of(Command):
        install_verbs = package_managers().get(command.program)
        if install_verbs is None:
            continue
        words = list(separate(command.argv[1:]))
        if not any(word.text in install_verbs for word in words):
            continue
        order = command.order if command.called else -1
        for word in words:
            if not word.text.startswith("-") and word.text not in install_verbs:
                yield _VERSION.sub("", posixpath.basename(word.text)), command.document, order
