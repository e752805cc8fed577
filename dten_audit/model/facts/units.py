"""Facts about units: unit files, what controls them, what they depend on, what replaces them."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location


class UnitEntry(NamedTuple):
    """One assignment of a unit file, continuation lines joined, specifiers (``%i``) kept."""

    section: str
    key: str
    value: str
    at: Location


class UnitFile(NamedTuple):
    """A unit file or a drop-in, read as systemd.syntax(7) says.

    ``name`` is the unit's name (``x.service``), for a drop-in that of the unit it changes, which
    ``drop_in_of`` repeats; a drop-in for a whole type (``service.d/``) has the type as its name.
    ``template`` is ``x@.service`` for a template and its instances, ``instance`` what stands after
    the ``@``. ``masked`` says that the file is empty or a link to ``/dev/null``: its unit cannot
    be started. ``path`` is where the file lies in the package, or where a script writes it.
    """

    at: Location
    document: str
    name: str
    path: str
    entries: tuple[UnitEntry, ...] = ()
    drop_in_of: str = ""
    template: str = ""
    instance: str = ""
    masked: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.name}"

    @property
    def type(self) -> str:
        """The unit's type: ``service``, ``timer``, …."""
        return self.name.rpartition(".")[2]

    def values(self, section: str, key: str) -> tuple[UnitEntry, ...]:
        """Return the assignments of a key that count: those after the last empty one."""
        found: list[UnitEntry] = []
        for entry in self.entries:
            if entry.key == key and entry.section == section:
                if entry.value:
                    found.append(entry)
                else:
                    found.clear()
        return tuple(found)

    def value(self, section: str, key: str) -> str:
        """Return the last value of a key that counts; empty where it is not set."""
        found = self.values(section, key)
        return found[-1].value if found else ""
