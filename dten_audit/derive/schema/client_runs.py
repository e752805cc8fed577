"""Derives what database clients that scripts start do where a statement fails."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import cast

from dten_audit.derive.schema.contexts import clients, has_option
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Certainty, Fact
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.sql import ClientRun, SchemaChange, SqlScript, SqlStatement
from dten_audit.model.location import Location
from dten_audit.readers.knowledge import from_tables
from dten_audit.readers.sql.dialect import of_client
from dten_audit.site.estate import Estate


@from_tables
def _stops_by(client: str) -> re.Pattern[str] | None:
    text = cast("dict[str, str]", clients()[client]).get("stops_by")
    return re.compile(text) if text else None


def derive(package: Package, _estate: Estate) -> Iterable[Fact]:
    """Yield a fact for each client that reads statements which change a schema."""
    reads = _inputs(package)
    changes: dict[Location, list[SchemaChange]] = defaultdict(list)
    for change in package.of(SchemaChange):
        if change.alters and change.table_from == "site":
            for place in dict.fromkeys((*change.callers, *change.safe_callers)):
                changes[place].append(change)
    scripts = {script.document: script for script in package.of(SqlScript)}
    said = _said(package)
    for command in package.of(Command):
        inputs = reads.get((command.document, command.order, command.at), [])
        found = changes.get(command.at, [])
        if inputs and found and command.program in clients():
            fact = _run(command, [scripts[i] for i in inputs if i in scripts], said)
            if fact is not None:
                host = package.documents[command.document]
                yield fact._replace(
                    changes=len(found), role=found[0].role, script=host.path.rpartition("!/")[2]
                )


def _inputs(package: Package) -> dict[tuple[str, int, Location], list[str]]:
    """Return, by command, the files and texts that it reads: not the texts of its options."""
    found: dict[tuple[str, int, Location], list[str]] = defaultdict(list)
    for callee, calls in package.calls.items():
        for call in calls:
            command = call.command
            if command.program in clients() and callee not in command.documents:
                found[command.document, command.order, command.at].append(callee)
    return found


def _said(package: Package) -> dict[str, list[str]]:
    """Return, by document, what it tells its client."""
    found: dict[str, list[str]] = defaultdict(list)
    for statement in package.of(SqlStatement):
        if any(action.verb == "client_set" for action in statement.actions):
            found[statement.document].append(" ".join(statement.text.split()))
    return found


def _run(
    command: Command, scripts: list[SqlScript], said: dict[str, list[str]]
) -> ClientRun | None:
    if not scripts:
        return None
    row = clients()[command.program]
    words = list(_words(command))
    words += [text for script in scripts for text in said.get(script.document, ())]
    pattern = _stops_by(command.program)
    goes_on = bool(row.get("goes_on")) or has_option(command, row.get("goes_on_by", []))
    computed = any(
        "$" in word and (pattern is None or not pattern.search(word)) and "ON_ERROR" in word
        for word in words
    )
    if pattern is not None and any(pattern.search(word) for word in words):
        goes_on = False
    certainty: Certainty = "computed" if computed or command.certainty == "computed" else "exact"
    return ClientRun(
        command.at,
        command.program,
        of_client(command.program) or "generic",
        goes_on,
        bool(row.get("silent")),
        has_option(command, row.get("single", [])),
        sum(script.statements for script in scripts),
        inputs=tuple(script.at for script in scripts),
        certainty=certainty,
    )


def _words(command: Command) -> Iterator[str]:
    """Yield the words of a command, and of those that pipe into it what they print."""
    yield from command.arguments
    for producer in command.feeds:
        yield from (word.text for word in producer[1:])
