"""Links a package, reads what turned out to matter, and links it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from dten_audit.documents.budget import Budget
from dten_audit.documents.document import Document
from dten_audit.links.identity import identity
from dten_audit.links.libraries import Runs
from dten_audit.links.linking import link
from dten_audit.links.package import Package
from dten_audit.links.refetching import Refetch
from dten_audit.links.sourcing import Preludes, sourced_libraries
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command
from dten_audit.model.location import Location
from dten_audit.readers.reading import Reading


def link_package(path: str | Path, reading: Reading, budget: Callable[[], Budget]) -> Package:
    """Link what was read; then read what turned out to matter, and link again.

    That is what the gate held back although something runs it, and scripts that source shipped
    libraries, this time with what those define.
    """
    refetch = Refetch(path, budget, reading.kept)
    package = link(reading.documents, reading.facts, refetch.one)
    held = reading.skipped & set(package.calls)
    for document in refetch.documents(package, held).values():
        reading.read_skipped(document)
    if held:
        package = link(reading.documents, reading.facts, refetch.one, index=package.index)
    libraries = sourced_libraries(package)
    if libraries:
        wanted = {*libraries, *(name for names in libraries.values() for name in names)}
        read_with_libraries(reading, refetch.documents(package, wanted), libraries)
        package = link(reading.documents, reading.facts, refetch.one, index=package.index)
    package.contents = refetch.several
    runs = _imported(package) if package.libraries else {}
    if runs:
        package = link(reading.documents, reading.facts, refetch.one, runs, package.index)
        package.contents = refetch.several
    package.identity = identity(package, reading.kept, Path(path).name)
    return package


def _imported(package: Package) -> Runs:
    from dten_audit.links.importing import imported

    return imported(package)


def read_with_libraries(
    reading: Reading, documents: Mapping[str, Document], libraries: Mapping[str, list[str]]
) -> None:
    """Read the scripts that source shipped libraries again, knowing what those define."""
    from dten_audit.readers.shell.reader import read

    preludes = Preludes(documents, libraries)
    scripts = {script: documents[script] for script in libraries if script in documents}
    again = {
        script: (document, partial(read, prelude=preludes.of(script)))
        for script, document in scripts.items()
    }
    reading.read_again(again, "shell")
    reading.facts = without_echoes(reading.facts)


def without_echoes(facts: list[Fact]) -> list[Fact]:
    """Drop what a library states of a function that nothing in it calls, but a script does.

    The script states the same command, and knows what it is called with.
    """
    commands = [fact for fact in facts if isinstance(fact, Command)]
    called = {_innermost(command) for command in commands if command.called}
    return [
        fact
        for fact in facts
        if not isinstance(fact, Command) or fact.called or _innermost(fact) not in called
    ]


def _innermost(command: Command) -> Location:
    return command.via[-1] if command.via else command.at
