"""Which units a package stops, and whether it starts them again anywhere."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from dten_audit.derive.arguments import split_arguments
from dten_audit.derive.units.tables import package_managers
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.units import UnitFile, UnitStop, UnitUse
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.readers.systemd.names import split_name
from dten_audit.site.estate import Estate

_FOR_GOOD: Final = frozenset(("disable", "mask"))
_PULLS: Final = ("Requires", "Wants", "BindsTo", "Requisite", "Upholds", "Sockets")
_REBOOTING: Final = frozenset(("reboot", "shutdown", "init", "telinit"))
_SCOPES: Final = ("system", "windows")
_MOST: Final = 5


def derive(package: Package, estate: Estate) -> Iterable[UnitStop]:
    """Yield each stop of a unit on this host, with what becomes of the unit afterwards."""
    del estate  # what the site has is in the unit uses
    uses = [use for use in package.of(UnitUse) if not use.elsewhere and use.scope in _SCOPES]
    started = _started(package, uses)
    retired = _retired(package, uses)
    open_end = _open_end(package, uses)
    for use in uses:
        if use.verb != "stop" or use.certainty == "computed" or use.pattern or use.deferred:
            continue  # a unit or a job that stops another one does so whenever it runs
        starts = [start for name in _names(use.unit) for start in started.get(name, ())]
        later = [start for start in starts if start.may_follow(use)]
        yield UnitStop(
            use.at,
            use.unit,
            restarted=True if later else open_end,
            retired=use.unit in retired,
            present=use.present,
            role=use.role,
            started=tuple(start.at for start in later)[:_MOST],
            certainty=use.certainty,
        )


class _Start(NamedTuple):
    """Where a unit is started: by which command of which script; ``deferred``: by a trap."""

    at: Location
    document: str
    order: int
    deferred: bool

    def may_follow(self, stop: UnitUse) -> bool:
        """Say whether a start can come after a stop: order is known within one script only."""
        return self.document != stop.document or self.deferred or self.order > stop.order


def _started(package: Package, uses: Iterable[UnitUse]) -> dict[str, list[_Start]]:
    """Return where units are started, also by units that pull them in."""
    found: dict[str, list[_Start]] = defaultdict(list)
    for use in uses:
        if use.starts and use.certainty != "computed":
            found[use.unit].append(_Start(use.at, use.document, use.order, use.deferred))
    for file in package.of(UnitFile):
        for place in tuple(found.get(file.name, ()))[:1]:
            for key in _PULLS:
                for entry in file.values("Unit", key):
                    for unit in entry.value.split():
                        found[unit].append(place)
    return found


def _names(unit: str) -> tuple[str, ...]:
    """A unit's own name, and those of the socket, timer or path that starts it."""
    stem = unit.rpartition(".")[0]
    template = split_name(unit).template
    kin = tuple(f"{stem}.{kind}" for kind in ("socket", "timer", "path", "target"))
    return (unit, *kin, template) if template else (unit, *kin)


def _retired(package: Package, uses: Iterable[UnitUse]) -> set[str]:
    """Return the units that are stopped for good."""
    found = {use.unit for use in uses if use.verb in _FOR_GOOD}
    for command in package.of(Command):
        if command.program in ("rm", "unlink"):
            operands = split_arguments(command.argv[1:]).operands
            found |= {posixpath.basename(word.text) for word in operands}
    return found


def _open_end(package: Package, uses: Iterable[UnitUse]) -> bool | Unknown:
    """Return unknown where the package may start units in a way that is not seen here."""
    if any(use.starts and (use.certainty == "computed" or use.pattern) for use in uses):
        return Unknown("package.value")
    if any(use.verb == "computed" for use in uses):
        return Unknown("package.value")
    for command in package.of(Command):
        installs = package_managers().get(command.program, frozenset())
        if command.program in _REBOOTING or installs.intersection(command.arguments):
            return Unknown("package.value")
    return False
