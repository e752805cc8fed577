"""Which commands the package's own sudoers files allow without a password."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from dten_audit.links.package import Package
from dten_audit.model.facts.privilege import SudoersRule

_COMPUTED = "$"


class OwnGrants(NamedTuple):
    """Programs that any arguments are allowed for, and programs with the arguments allowed."""

    programs: frozenset[str]
    calls: frozenset[tuple[str, str]]

    def cover(self, command: str) -> bool:
        """Say whether a command line is allowed; where its program is computed, by the rest."""
        path, _, arguments = command.partition(" ")
        program = posixpath.basename(path)
        if program.startswith(_COMPUTED):
            return bool(arguments) and any(given == arguments for _, given in self.calls)
        return program in self.programs or (program, arguments) in self.calls


def own_grants(package: Package) -> OwnGrants:
    """Return what the sudoers files of a package allow without a password, to anybody."""
    allowed = [
        command.command.partition(" ")
        for rule in package.of(SudoersRule)
        for command in rule.commands
        if command.nopasswd and command.command.startswith("/")
    ]
    return OwnGrants(
        frozenset(posixpath.basename(path) for path, _, arguments in allowed if not arguments),
        frozenset((posixpath.basename(path), given) for path, _, given in allowed if given),
    )
