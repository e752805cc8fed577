"""Reads a file as an audit does and shows the commands found, in a short form for tables."""

from __future__ import annotations

from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.general import Unreadable
from tests.derive.trees import package_of
from tests.readers.shell.helpers import shown


def package(path: str, text: str) -> Package:
    return package_of({path: text})


def commands(path: str, text: str) -> list[str]:
    """Return ``LINE layers | words`` of each command, in the order of lines."""
    found = package(path, text).of(Command)
    return [f"{command.at.line} {shown(command)}" for command in sorted(found, key=_place)]


def roles(path: str, text: str) -> set[str]:
    """Return the roles of the documents whose commands were found."""
    known = package(path, text)
    of = Roles(known).of
    return {of(command.document) for command in known.of(Command)}


def unreadable(path: str, text: str) -> list[str]:
    found = package(path, text).of(Unreadable)
    return [f"{gap.at.line} {gap.language}: {gap.reason}" for gap in found]


def _place(command: Command) -> tuple[int, str, int]:
    return command.at.line or 0, command.document, command.order
