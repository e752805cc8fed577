"""Links among units: other names, masks and what is enabled; shipped, or made by a script."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from dten_audit.derive.arguments import elsewhere, split_arguments
from dten_audit.derive.units.tables import in_unit_folder
from dten_audit.links.installs import layout_target
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.container import LinkEntry
from dten_audit.model.facts.units import UnitFile
from dten_audit.model.location import Location
from dten_audit.readers.systemd.names import canonical, is_unit_name, split_name

PULLING: Final = {".wants": "Wants", ".requires": "Requires", ".upholds": "Upholds"}
"""Folders whose links are dependencies of the unit that they are named after (systemd.unit(5))."""
_LN_TAKES: Final = ("-t", "--target-directory", "-S", "--suffix")

Kind = Literal["mask", "alias", "enables", "brings"]


class UnitLink(NamedTuple):
    """A link in a folder of units, at ``target``.

    ``mask``: it leads to ``/dev/null``. ``alias``: ``unit`` is another name of ``real``.
    ``enables``: ``owner`` pulls ``unit`` in, by the relation ``Wants`` or ``Requires``. ``brings``:
    it makes a unit file of another folder known. ``document`` and ``order`` say which command of
    which script makes it; -1 for one that the package ships.
    """

    kind: Kind
    unit: str
    real: str
    target: str
    at: Location
    owner: str = ""
    relation: str = ""
    document: str = ""
    order: int = -1


def unit_links(package: Package) -> Iterator[UnitLink]:
    """Yield the links among units: those of the package's tree, those that scripts make."""
    for entry in package.of(LinkEntry):
        place = layout_target(entry.path)
        if in_unit_folder(place):
            yield from _link(place, entry.target, entry.at)
    for command in package.of(Command):
        if command.program == "ln" and not elsewhere(command):
            for place, leads_to in _linked(command):
                if in_unit_folder(place):
                    for link in _link(place, leads_to, command.at):
                        order = command.order if command.called else -1
                        yield link._replace(document=command.document, order=order)


def declared_aliases(package: Package) -> dict[str, str]:
    """Return the names that unit files have besides their own once they are enabled."""
    found: dict[str, str] = {}
    for file in package.of(UnitFile):
        for entry in file.values("Install", "Alias") if not file.drop_in_of else ():
            for name in entry.value.split():
                if is_unit_name(name) and "%" not in name and name != file.name:
                    found.setdefault(name, file.name)
    return found


def is_pulling(path: str) -> bool:
    """Say whether a path lies in a folder such as ``multi-user.target.wants``."""
    return posixpath.dirname(path).endswith(tuple(PULLING))


def _linked(command: Command) -> Iterator[tuple[str, str]]:
    """Yield place and target of the links that an ``ln`` makes, as far as they are known."""
    arguments = split_arguments(command.argv[1:], _LN_TAKES)
    words = [word.text for word in arguments.operands]
    folder = arguments.value("-t", "--target-directory")
    if not arguments.has("-s", "--symbolic"):
        return
    if folder:
        yield from ((posixpath.join(folder, posixpath.basename(word)), word) for word in words)
    elif len(words) > 1:
        *targets, place = words
        inside = place.endswith(("/", *PULLING)) or len(targets) > 1
        for target in targets:
            name = posixpath.basename(target)
            yield (posixpath.join(place, name) if inside else place), target


def _link(place: str, leads_to: str, at: Location) -> Iterator[UnitLink]:
    folder, _, unit = place.rpartition("/")
    if not is_unit_name(unit):
        return
    real = posixpath.basename(leads_to)
    parent = posixpath.basename(folder)
    for ending, relation in PULLING.items():
        owner = parent.removesuffix(ending)
        if parent.endswith(ending) and is_unit_name(canonical(owner)):
            yield UnitLink("enables", unit, real, place, at, owner, relation)
            return
    if leads_to == "/dev/null":
        yield UnitLink("mask", unit, "", place, at)
    elif is_unit_name(real) and real not in (unit, split_name(unit).template):
        yield UnitLink("alias", unit, real, place, at)
    else:
        yield UnitLink("brings", unit, real, place, at)
