"""From the unit files of a package: what they run, what they replace."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from dten_audit.derive.requirements import completing_packages
from dten_audit.derive.roles import Roles
from dten_audit.derive.units.brought import Brought, Step, brought_by
from dten_audit.derive.units.calls import reloads
from dten_audit.derive.units.merging import DropIns
from dten_audit.derive.units.tables import in_unit_folder, shared
from dten_audit.derive.units.uses import site_lines, site_unit
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.units import (
    UnitEntry,
    UnitFile,
    UnitInstall,
    UnitProgram,
    UnitUse,
)
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.site import UnitRecord

PROGRAMS: Final = (
    "ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop",
    "ExecStopPost",
)  # fmt: skip
_PREFIXES: Final = "@-:+!|"
SYSTEM_FOLDERS: Final = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/libexec/", "/usr/lib/")
_NEAR: Final = 3
_ALIKE: Final = 0.8
_MOST_COMPARED: Final = 50_000
"""So many names are compared in a package: which one may be meant is a hint, and no more."""


def derive(package: Package, estate: Estate) -> Iterable[Fact]:
    """Yield the programs and installations of the package's unit files."""
    brought = brought_by(package)
    shipped = _Shipped(package)
    roles = Roles(package)
    drop_ins = DropIns(package.of(UnitFile))
    for file in package.of(UnitFile):
        for program in _programs(file, shipped, drop_ins):
            yield program._replace(role=roles.of(file.document))
    for step, install in _installs(package, estate, brought, shipped):
        file_id = step.file.document if step.file else ""
        yield install._replace(role=roles.of(step.document or file_id))


class _Shipped:
    """Which files the package puts on the host, and into which trees."""

    def __init__(self, package: Package) -> None:
        self.names = {posixpath.basename(info.path) for info in package.documents.values()}
        self.targets = {install.target for install in package.installs}
        self.names |= {posixpath.basename(target) for target in self.targets}
        self.trees = {_tree(target) for target in self.targets} - {""}
        self._completed = bool(completing_packages(package))
        self._alike: dict[int, list[str]] = {}
        self._compared = 0
        self.product = package.identity.get("name", "").lower()

    def own_unit(self, unit: str, file: UnitFile | None) -> bool:
        """Say whether a unit is the product's: by its name, or because it runs what is shipped."""
        stem = unit.partition(".")[0].lower()
        if len(self.product) > 1 and self.product in stem:
            return True
        entries = file.values("Service", "ExecStart") if file is not None else ()
        return any(self._has(path) for entry in entries if (path := _program(entry)))

    def _has(self, path: str) -> bool:
        return path in self.targets or (
            not path.startswith(SYSTEM_FOLDERS) and posixpath.basename(path) in self.names
        )

    def program(self, path: str) -> tuple[bool | Unknown, bool]:
        """Say whether a program is shipped, and whether its tree is the package's.

        Unknown where other packages of the same product come with this one.
        """
        missing = Unknown("package.value") if self._completed else False
        return self._has(path) or missing, _tree(path) in self.trees

    def near(self, path: str) -> tuple[str, ...]:
        """Return the names of shipped files that may be meant, as long as so many are compared."""
        name = posixpath.basename(path)
        names = self._by_length(len(name))
        self._compared += len(names)
        if self._compared > _MOST_COMPARED:
            return ()
        return tuple(get_close_matches(name, names, _NEAR, _ALIKE))

    def _by_length(self, length: int) -> list[str]:
        """Return the names that are long enough and short enough to be like one of a length."""
        if length not in self._alike:
            self._alike[length] = [
                name for name in self._sorted
                if 2 * min(len(name), length) >= round(_ALIKE * (len(name) + length), 6)
            ]  # fmt: skip
        return self._alike[length]

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.names)


def _tree(path: str) -> str:
    """Return the product's tree that a path lies in (``/opt/dten``); empty for system folders."""
    parts = path.split("/")
    own = path.startswith(("/opt/", "/srv/", "/usr/local/", "/usr/share/", "/var/lib/"))
    depth = 3 if path.startswith(("/opt/", "/srv/")) else 4
    return "/".join(parts[:depth]) if own and len(parts) > depth else ""


def _programs(file: UnitFile, shipped: _Shipped, drop_ins: DropIns) -> Iterator[UnitProgram]:
    owner = file.drop_in_of or file.name
    own = {entry.at for entry in file.entries}
    for key in PROGRAMS:
        in_force = drop_ins.merged(file).values("Service", key)
        for entry in (entry for entry in in_force if entry.at in own):
            path = _program(entry)
            if path:
                has, own_tree = shipped.program(path)
                yield UnitProgram(
                    entry.at,
                    owner,
                    key,
                    path,
                    shipped=has,
                    system=path.startswith(SYSTEM_FOLDERS),
                    own_folder=own_tree,
                    optional="-" in entry.value[: entry.value.find("/")],
                    near=() if has is True else shipped.near(path),
                )


def _program(entry: UnitEntry) -> str:
    """Return the absolute path of the program that a line runs; empty where it is computed."""
    words = entry.value.lstrip(_PREFIXES).split(maxsplit=1)
    path = words[0].strip("\"'") if words else ""
    return path if path.startswith("/") and not set(path) & set("%$@") else ""


def _installs(
    package: Package, estate: Estate, brought: Brought, shipped: _Shipped
) -> Iterator[tuple[Step, UnitInstall]]:
    starts = _Later()
    for use in package.of(UnitUse):
        if use.starts and not use.elsewhere:
            starts.add(use.unit, use.document, use.order)
    reloading = _Later()
    for command in package.of(Command):
        if reloads(command):
            reloading.add("", command.document, command.order)
    for step in brought.steps:
        if in_unit_folder(step.target):
            record = site_unit(estate.site, step.unit)
            others = shared(step.unit)
            install = UnitInstall(
                step.at,
                step.unit,
                step.target,
                drop_in=step.drop_in,
                administrator=step.target.startswith("/etc/"),
                present=record if isinstance(record, Unknown) else record is not None,
                state=record.state if isinstance(record, UnitRecord) else _unknown_or(record),
                own=shipped.own_unit(step.unit, brought.file_of(step.unit)),
                impact=others.impact,
                loses=others.loses,
                by_script=bool(step.document),
                reloaded=reloading.after("", step),
                used=starts.after(step.unit, step),
                site_lines=site_lines(estate.site, record),
            )
            yield step, install


class _Later:
    """Whether something happens after a step: order is known within one script only."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, int]] = {}

    def add(self, what: str, document: str, order: int) -> None:
        """Note that ``what`` happens in a script."""
        last = self._last.setdefault(what, {})
        last[document] = max(order, last.get(document, -1))

    def after(self, what: str, step: Step) -> bool:
        """Say whether ``what`` may happen after ``step``."""
        last = self._last.get(what, {})
        own = last.get(step.document)
        if own is not None and (step.order < 0 or own > step.order):
            return True
        return len(last) > (own is not None)


def _unknown_or(record: Unknown | None) -> str | Unknown:
    return "" if record is None else record
