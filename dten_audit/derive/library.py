"""What library code could run: said in one line, and judged as nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple, cast

from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import LibraryCommand, LibraryUse
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.site.estate import Estate


class _Topic(NamedTuple):
    name: str
    programs: frozenset[str]
    paths: tuple[str, ...]


@from_tables
def _topics() -> tuple[_Topic, ...]:
    table = cast("dict[str, dict[str, dict[str, list[str]]]]", knowledge("process_calls"))
    return tuple(
        _Topic(name, frozenset(row["programs"]), tuple(row["paths"]))
        for name, row in table["topics"].items()
    )


def derive(package: Package, _estate: Estate) -> Iterable[LibraryUse]:
    """Yield the first command of each topic in each library file."""
    roles = Roles(package)
    seen: set[tuple[str, str]] = set()
    for command in package.of(LibraryCommand):
        for topic, program in _about(command):
            if (command.document, topic) not in seen:
                seen.add((command.document, topic))
                kind = package.documents[command.document].kind
                role = roles.of(command.document)
                yield LibraryUse(command.at, topic, program, kind, command.certainty, role)


def _about(command: LibraryCommand) -> Iterator[tuple[str, str]]:
    programs = (*(layer.tool for layer in command.layers), command.program)
    written = [item.target.text for item in command.redirections if ">" in item.operator]
    for topic in _topics():
        found = next((program for program in programs if program in topic.programs), "")
        path = next(
            (path for path in written for glob in topic.paths if fnmatchcase(path, glob)), ""
        )
        if found or path:
            yield topic.name, found or path
