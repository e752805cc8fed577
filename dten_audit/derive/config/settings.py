"""Configuration keys that commands set: in files, in servers, in the environment, as options.

Text that a script writes to a file (``echo key=value >> x.conf``, heredocs) is a document of its
own and needs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dten_audit.derive.arguments import elsewhere
from dten_audit.derive.config.conditions import condition_of, condition_of_option
from dten_audit.derive.config.editors import EDITORS, Change
from dten_audit.derive.config.flags import Spoken, flags
from dten_audit.derive.config.includes import includes
from dten_audit.derive.config.sed_edits import sed
from dten_audit.derive.config.variables import variables
from dten_audit.documents.kinds import kind_of
from dten_audit.links.package import Package
from dten_audit.links.resolving import PathIndex, known_part
from dten_audit.model.facts.base import Certainty, Fact
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.facts.sql import SqlStatement
from dten_audit.model.facts.units import UnitFile
from dten_audit.readers.config.config import KINDS
from dten_audit.readers.config.keys import MAX_VALUE
from dten_audit.site.estate import Estate


def derive(package: Package, estate: Estate) -> Iterable[Fact]:
    """Return the keys that included files and the package's commands, units and SQL set.

    A command that several scripts reach sets its key once.
    """
    yield from includes(package)
    seen: set[ConfigKey] = set()
    for key in _stated(package, Spoken(estate)):
        if key not in seen:
            seen.add(key)
            yield key


def _stated(package: Package, spoken: Spoken) -> Iterator[ConfigKey]:
    for command in package.of(Command):
        for option in flags(command, spoken):
            yield option._replace(condition=condition_of_option(command))
        edits = sed if command.program == "sed" else EDITORS.get(command.program)
        if edits is not None and not elsewhere(command):
            for change in edits(command):
                yield _key(package, package.index, command, change)
    yield from variables(package, spoken)
    for unit in package.of(UnitFile):
        yield from _directives(unit, spoken)
    for statement in package.of(SqlStatement):
        yield from _sql(statement)


def _directives(unit: UnitFile, spoken: Spoken) -> Iterator[ConfigKey]:
    """Yield the assignments of a unit file that a matrix of systemd's directives speaks of."""
    for entry in unit.entries:
        if entry.key in spoken.directives:
            yield ConfigKey(
                entry.at, "systemd", unit.path, entry.section, entry.key, entry.value[:MAX_VALUE]
            )


def _key(package: Package, index: PathIndex, command: Command, change: Change) -> ConfigKey:
    path = _path(package, index, command, change.file)
    kind = change.kind or kind_of(path, b"key = value\n")
    certainty: Certainty = "computed" if change.value.certainty == "computed" else "resolved"
    return ConfigKey(
        command.at,
        kind if kind in KINDS else "ini",
        path,
        change.section,
        change.key[:MAX_VALUE],
        change.value.text[:MAX_VALUE],
        certainty,
        command.program,
        condition_of(command.guards),
    )


def _path(package: Package, index: PathIndex, command: Command, file: str) -> str:
    """Return the file's path; where its start is computed, that of the shipped file it means."""
    known, whole = known_part(file)
    near = package.documents.get(command.document)
    if whole or near is None:
        return known
    found = index.find(file, near)
    return found[0].path if len(found) == 1 else known


def _sql(statement: SqlStatement) -> Iterator[ConfigKey]:
    """Yield settings of a server: PostgreSQL's ALTER SYSTEM SET, MySQL's SET GLOBAL or PERSIST."""
    for action in statement.actions:
        if action.verb == "set_default_for" and action.constraint == "system":
            path, section, kind = "postgresql.auto.conf", "", "properties"
        elif action.verb == "set" and "global" in action.flags:
            path, section, kind = "my.cnf", "mysqld", "ini"
        else:
            continue
        yield ConfigKey(
            action.at, kind, path, section, action.name, action.value, action.certainty, "sql"
        )
