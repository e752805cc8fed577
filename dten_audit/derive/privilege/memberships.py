"""Who is put into groups whose members are root, or nearly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.derive.arguments import elsewhere, split_arguments
from dten_audit.derive.privilege.contexts import sysusers_lines
from dten_audit.derive.privilege.tables import admin_groups, near_groups
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.privilege import AdminGrant
from dten_audit.model.facts.units import UnitFile
from dten_audit.model.location import Location

_GROUP_OPTIONS: Final = ("-G", "--groups", "-g", "--gid", "--ingroup")
_USERMOD_TAKES: Final = frozenset((
    *_GROUP_OPTIONS, "-c", "--comment", "-d", "--home", "-e", "-f", "-l", "-p", "-s", "--shell",
    "-u", "--uid", "-R", "-P", "-Z", "-b", "-k", "-K", "--gecos",
))  # fmt: skip
_MEMBER: Final = re.compile(r"m[ \t]+(\S+)[ \t]+(\S+)")


def memberships(package: Package) -> Iterator[tuple[str, AdminGrant]]:
    """Yield memberships by commands, sysusers.d(5) and units, each with its document."""
    for command in package.of(Command):
        for user, group in () if elsewhere(command) else _members(command):
            yield from _granted(command.document, command.at, user, group)
    for info, number, line in sysusers_lines(package):
        match = _MEMBER.match(line)
        if match:
            at = Location(info.address, number, snippet=line)
            yield from _granted(info.id, at, match[1], match[2])
    for unit in package.of(UnitFile):
        for key in ("SupplementaryGroups", "Group"):
            for entry in unit.values("Service", key):
                for group in entry.value.split():
                    if group != "root":  # what runs as root is in its group
                        who = f"the service {unit.name}"
                        yield from _granted(unit.document, entry.at, who, group)


def _granted(
    document: str, at: Location, user: str, group: str
) -> Iterator[tuple[str, AdminGrant]]:
    near = near_groups().get(group, "")
    why = admin_groups().get(group, "") or near
    if why and user:
        yield document, AdminGrant(at, "group", user, group, as_root=not near, why=why)


def _members(command: Command) -> Iterator[tuple[str, str]]:
    """Yield the users that a command puts into groups."""
    words = command.argv[1:]
    if command.program in ("usermod", "useradd", "adduser", "addgroup"):
        arguments = split_arguments(words, _USERMOD_TAKES)
        operands = [word.text for word in arguments.operands]
        if command.program in ("usermod", "useradd"):
            groups = arguments.value("-G", "--groups").split(",")
            groups += [arguments.value("-g", "--gid")]
            user = operands[-1] if operands else ""
        else:
            groups = operands[1:2] or [arguments.value("--ingroup", "-G")]
            user = operands[0] if operands else ""
        yield from ((user, group) for group in groups)
    elif command.program == "gpasswd":
        arguments = split_arguments(
            words, ("-a", "--add", "-M", "--members", "-A", "-d", "--delete")
        )
        user = arguments.value("-a", "--add", "-M", "--members")
        yield from ((user, word.text) for word in arguments.operands)
    elif command.program == "groupmems":
        arguments = split_arguments(words, ("-a", "--add", "-g", "--group", "-d", "--delete", "-R"))
        yield arguments.value("-a", "--add"), arguments.value("-g", "--group")
    elif command.program == "groupmod":
        arguments = split_arguments(words, ("-U", "--users", "-g", "--gid", "-n", "-p", "-R", "-P"))
        yield from (
            (arguments.value("-U", "--users"), word.text) for word in arguments.operands[-1:]
        )
