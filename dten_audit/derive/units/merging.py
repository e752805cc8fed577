"""Unit files with their drop-ins in force."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from dten_audit.model.facts.units import UnitFile


class DropIns:
    """The drop-ins of a package, by the unit or type that they change."""

    def __init__(self, files: Iterable[UnitFile]) -> None:
        self._of: dict[str, dict[str, UnitFile]] = {}
        for file in sorted(files, key=lambda file: "/etc/" in f"/{file.path}"):
            if file.drop_in_of:
                name = posixpath.basename(file.path)
                self._of.setdefault(file.drop_in_of, {})[name] = file

    def merged(self, file: UnitFile) -> UnitFile:
        """Return a unit file with the drop-ins of the package in force: in order of their names.

        Of two with one name, that below ``/etc`` counts (systemd.unit(5)).
        """
        if file.drop_in_of:
            return file
        names = (file.type, file.template, file.name)
        found = {n: f for owner in names for n, f in self._of.get(owner, {}).items()}
        added = (entry for name in sorted(found) for entry in found[name].entries)
        return file._replace(entries=(*file.entries, *added)) if found else file
