"""Which units a package brings to the host: shipped, installed by a step, or by another package."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.derive.arguments import separate, split_arguments, written_paths
from dten_audit.derive.debhelper import unpacked
from dten_audit.derive.requirements import required_packages
from dten_audit.derive.units.links import UnitLink, declared_aliases, is_pulling, unit_links
from dten_audit.derive.units.merging import DropIns
from dten_audit.derive.units.tables import (
    in_unit_folder,
    in_user_folder,
    package_managers,
    units_of,
)
from dten_audit.links.package import Install, Package
from dten_audit.model.facts.commands import Command, Guard, Word
from dten_audit.model.facts.units import Provided, UnitFile
from dten_audit.model.location import Location
from dten_audit.readers.systemd.names import split_name, unit_of_path

_VERSION: Final = re.compile(r"(?:[-_]v?[0-9]|[=:<>]|\.(?:rpm|deb|apk)$).*")
_MAX_PARTS: Final = 8
_SHORTEST: Final = 4
_DEBIANS: Final = frozenset(("systemd", "udev", "util-linux"))
"""What every host with Debian has that boots with systemd (Priority: important)."""
_MARKS: Final = str.maketrans("", "", "-_.+")
_LINKING: Final = frozenset(("link", "enable", "reenable"))
INIT_FOLDERS: Final = ("/etc/init.d/", "/etc/rc.d/init.d/")
_NO_SCRIPTS: Final = frozenset(("README", "skeleton", "functions"))


class Step(NamedTuple):
    """A step that puts a unit file or drop-in at ``target``.

    ``document`` and ``order`` say which command of which script does it; -1 for a file whose place
    in the package's own tree says where it lands, and in functions that nothing here calls.
    ``file`` is the unit file that lands there, if the package ships it, ``source`` its document.
    """

    unit: str
    drop_in: bool
    target: str
    at: Location
    document: str
    order: int
    file: UnitFile | None = None
    source: str = ""


def brought_by(package: Package) -> Brought:
    """Return what a package brings, found once for all derivers of units."""
    known: Brought | None = package.memory.get("units")
    if known is None:
        known = package.memory["units"] = Brought(package)
    return known


class Brought:
    """The units that a package brings."""

    def __init__(self, package: Package) -> None:
        self._files = {unit.document: unit for unit in package.of(UnitFile)}
        self._drop_ins = DropIns(package.of(UnitFile))
        self._writers = _writers(package)
        self.links = tuple(unit_links(package))
        self._aliases = {link.unit: link.real for link in self.links if link.kind == "alias"}
        for name, real in declared_aliases(package).items():
            self._aliases.setdefault(name, real)
        self._masks = {
            link.unit: link for link in self.links if link.kind == "mask" and not link.document
        }
        self._pulled_in = {link.unit for link in self.links if link.kind == "enables"}
        commands = package.of(Command)
        self._uncalled = {(c.document, c.order) for c in commands if not c.called}
        self._steps: dict[str, list[Step]] = defaultdict(list)
        self._shipped: dict[str, list[UnitFile]] = defaultdict(list)
        self._installed: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._renamed: dict[str, list[tuple[str, int]]] = defaultdict(list)
        always = _DEBIANS if unpacked(package) else frozenset()
        needed = sorted(required_packages(package) | always)
        self._needed = {plain for name in needed if len(plain := _plain(name)) >= _SHORTEST}
        self._families = {name.partition("-")[0] for name in needed}
        sure = required_packages(package, alone=True) | always
        self._by_needed = {beginning for name in needed for beginning in _beginnings(name)}
        self._by_needed.update(unit for name in sure for unit in units_of(name))
        for name, document, order in _package_names(package):
            for beginning in _beginnings(name):
                self._installed[beginning].append((document, order))
            for unit_name in units_of(name):
                self._renamed[unit_name].append((document, order))
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
        names = tuple(self._names(unit))
        steps = [s for name in names for s in self._steps.get(name, ()) if not s.drop_in]
        own = [s for s in steps if s.document == document and s.order >= 0 and order >= 0]
        copied = {step.source for step in own}
        if any(step.order <= order for step in own):
            return "before"
        if any(step.order < 0 and step.source not in copied for step in steps):
            return "somewhere"  # it lies where it belongs, and the script copies another one
        if any(step.document not in ("", document) for step in steps):
            return "somewhere"
        if own:
            return "later"
        if steps or any(name in self._shipped for name in names):
            return "somewhere"
        if self._by_manager(unit, document, order):
            return "package-manager"
        return "dependency" if self._stem(unit) in self._by_needed else ""

    def _names(self, unit: str) -> Iterator[str]:
        """Yield the names under which a unit may be brought: its own, its template's, the real."""
        real = self._aliases.get(unit, "")
        for name in (unit, real):
            if name:
                yield name
                template = split_name(name).template
                if template:
                    yield template

    def alias_of(self, unit: str) -> str:
        """Return the unit that the package makes ``unit`` another name of; empty for no alias."""
        return "" if unit in self._shipped else self._aliases.get(unit, "")

    def written_under(self, document: str) -> tuple[Guard, ...]:
        """Return the tests under which a script writes or runs a text that stands in it."""
        writer = self._writers.get(document)
        return writer.guards if writer is not None else ()

    def perhaps(self, unit: str) -> bool:
        """Say whether a package that this one needs may bring a unit, by the first word of both."""
        return unit.rpartition(".")[0].partition("@")[0].partition("-")[0] in self._families

    def likely(self, unit: str) -> bool:
        """Say whether a package that this one needs has a name that begins like the unit's."""
        name = _plain(unit.rpartition(".")[0].partition("@")[0])
        return len(name) >= _SHORTEST and any(
            name.startswith(needed) or needed.startswith(name) for needed in self._needed
        )

    def pulled_in(self, unit: str) -> bool:
        """Say whether a link of the package already has a unit started at boot."""
        return unit in self._pulled_in

    def mask_of(self, unit: str) -> UnitLink | None:
        """Return the link of the package's tree that masks a unit."""
        return self._masks.get(unit)

    def init_script(self, name: str) -> bool:
        """Say whether the package brings the script of this name in ``/etc/init.d``."""
        steps = self._steps.get(f"{name}.service", ())
        return any(step.target.startswith(INIT_FOLDERS) for step in steps)

    def in_force(self, unit: str) -> UnitFile | None:
        """Return the same with the drop-ins of the package."""
        file = self.file_of(unit)
        return None if file is None else self._drop_ins.merged(file)

    def file_of(self, unit: str) -> UnitFile | None:
        """Return the unit file that the package ships for a unit, its template or its alias."""
        for name in self._names(unit):
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
        """Say whether a package of the unit's name, or one that starts so, is installed.

        One that brings the unit under another name must be installed by the same script.
        """
        stem = self._stem(unit)
        here = [rank for where, rank in self._renamed.get(stem, ()) if document == where]
        return any(rank < 0 or order < 0 or rank < order for rank in here) or any(
            where != document or rank < 0 or order < 0 or rank < order
            for where, rank in self._installed.get(stem, ())
        )

    @staticmethod
    def _stem(unit: str) -> str:
        return unit.rpartition(".")[0].partition("@")[0]

    def _all_steps(self, package: Package) -> Iterator[Step]:
        masks = {(link.document, link.target) for link in self.links if link.kind == "mask"}
        for install in package.installs:
            owner = _owner(install.target)
            if owner and (install.script, install.target) not in masks:
                step = self._step(install, owner)
                uncalled = (step.document, step.order) in self._uncalled
                yield step._replace(order=-1) if uncalled else step
        for command in package.of(Command):
            order = command.order if command.called else -1
            for word in (*written_paths(command), *_linked(command)):
                linking = command.program == "systemctl"
                owner = unit_of_path(word.text) if linking else _owner(word.text)
                if owner:
                    yield Step(*owner, word.text, command.at, command.document, order)

    def _step(self, install: Install, owner: tuple[str, bool]) -> Step:
        file = self._files.get(install.source)
        writer = self._writers.get(install.source)
        if writer is not None:
            at = file.at if file else writer.at
            return Step(*owner, install.target, at, writer.document, writer.order, file)
        at = file.at if file is not None and not install.script else install.at
        source = install.source
        return Step(*owner, install.target, at, install.script, install.order, file, source)


def _owner(path: str) -> tuple[str, bool] | None:
    """Return the unit that a file at ``path`` is for, and whether it is a drop-in.

    systemd-sysv-generator(8) makes a unit of each script in ``/etc/init.d``, named without ``.sh``.
    """
    if path.startswith(INIT_FOLDERS):
        name = posixpath.basename(path).removesuffix(".sh")
        known = name and "." not in name and name not in _NO_SCRIPTS
        return (f"{name}.service", False) if known else None
    owner = unit_of_path(path)
    return owner if owner and _lands(path) and not is_pulling(path) else None


def _beginnings(name: str) -> Iterator[str]:
    """Yield what the units of a package may be called: its name, and how that begins."""
    parts = name.split("-")
    for end in range(1, min(len(parts), _MAX_PARTS) + 1):
        yield "-".join(parts[:end])


def _plain(name: str) -> str:
    return name.lower().translate(_MARKS)


def _lands(path: str) -> bool:
    """A folder that only the run tells is taken for one of systemd's: nothing else is said."""
    folder = posixpath.dirname(path)
    return in_unit_folder(path) or in_user_folder(path) or folder.startswith("$")


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
