"""Who becomes administrator: by sudoers lines, by groups, by edits of sudoers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final

from dten_audit.derive.arguments import elsewhere, split_arguments
from dten_audit.derive.privilege.tables import admin_groups, loosening, names
from dten_audit.derive.privilege.writes import changes
from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.privilege import AdminGrant, SudoersDefault, SudoersRule
from dten_audit.site.estate import Estate

_SUDOERS: Final = "/etc/sudoers"
_MOST_SHOWN: Final = 6
_GROUP_PROGRAMS: Final = frozenset(("usermod", "useradd", "adduser", "addgroup", "gpasswd"))
_GROUP_OPTIONS: Final = ("-G", "--groups", "-g", "--gid", "--ingroup")
_USERMOD_TAKES: Final = frozenset((
    *_GROUP_OPTIONS, "-c", "--comment", "-d", "--home", "-e", "-f", "-l", "-p", "-s", "--shell",
    "-u", "--uid", "-R", "-P", "-Z", "-b", "-k", "-K", "--gecos",
))  # fmt: skip


def derive(package: Package, estate: Estate) -> Iterable[AdminGrant]:
    """Yield what makes a user an administrator, or nearly."""
    del estate  # a grant is one on any host
    roles = Roles(package)
    for rule in package.of(SudoersRule):
        grant = _of_rule(rule)
        if grant is not None:
            yield grant._replace(role=roles.of(rule.document))
    for default in package.of(SudoersDefault):
        why = loosening(default.setting, default.value, negated=default.negated)
        if why:
            sign = "!" if default.negated else ""
            setting = f"{sign}{default.setting}{'=' if default.value else ''}{default.value}"
            yield AdminGrant(
                default.at, "default", default.scope or "everybody", setting, why=why,
                path=default.path, ignored=_ignored(default.path),
                role=roles.of(default.document),
            )  # fmt: skip
    written = {(d.host, d.path) for d in package.documents.values() if d.host}
    for command in package.of(Command):
        if not elsewhere(command):
            role = roles.of(command.document)
            grants = (*_of_groups(command), *_of_edits(command))
            for grant in grants:
                if (command.document, grant.path) not in written:
                    yield grant._replace(role=role)


def _of_rule(rule: SudoersRule) -> AdminGrant | None:
    """Return what a user specification grants; root may do everything anyway."""
    who = [name for name in rule.who if name not in ("root", "#0", "%root")]
    allowed = [item for item in rule.commands if not item.command.startswith("!")]
    if not who or not allowed:
        return None
    as_root = any({"root", "ALL", "#0"} & set(item.runas.split(",")) for item in allowed)
    shown = ", ".join(dict.fromkeys(item.command for item in allowed[:_MOST_SHOWN]))
    return AdminGrant(
        rule.at,
        "rule",
        ", ".join(who),
        shown + (", …" if len(allowed) > _MOST_SHOWN else ""),
        nopasswd=any(item.nopasswd for item in allowed),
        unlimited=any(item.command == "ALL" for item in allowed),
        as_root=as_root,
        escapes=tuple(sorted({name for item in allowed if (name := _escape(item.command))})),
        path=rule.path,
        ignored=_ignored(rule.path),
    )


def _escape(command: str) -> str:
    """Return the program of a command if it lets its caller run or write anything."""
    program, _, arguments = command.partition(" ")
    name = posixpath.basename(program)
    fixed = bool(arguments) and "*" not in arguments and not arguments.startswith('""')
    return name if name in names("escapes") and not fixed else ""


def _ignored(path: str) -> str:
    """Say why sudo does not read a drop-in (sudoers(5), ``@includedir``)."""
    folder, _, name = path.rpartition("/")
    if not folder.endswith("sudoers.d"):
        return ""
    if "." in name:
        return "its name has a dot"
    return "its name ends in ~" if name.endswith("~") else ""


def _of_groups(command: Command) -> Iterator[AdminGrant]:
    """Yield memberships of groups that are nearly root."""
    if command.program not in _GROUP_PROGRAMS:
        return
    arguments = split_arguments(command.argv[1:], _USERMOD_TAKES)
    operands = [word.text for word in arguments.operands]
    groups: list[str] = []
    user = operands[-1] if operands else ""
    if command.program in ("usermod", "useradd"):
        groups = arguments.value("-G", "--groups").split(",")
        groups += [arguments.value("-g", "--gid")]
    elif command.program in ("adduser", "addgroup"):
        groups = operands[1:2] or [arguments.value("--ingroup", "-G")]
        user = operands[0] if operands else ""
    elif command.program == "gpasswd":
        pair = split_arguments(command.argv[1:], ("-a", "--add", "-M"))
        user = pair.value("-a", "--add", "-M")
        groups = [word.text for word in pair.operands]
    for group in groups:
        if group in admin_groups() and user:
            yield AdminGrant(command.at, "group", user, group, why=admin_groups()[group])


def _of_edits(command: Command) -> Iterator[AdminGrant]:
    """Yield commands that change a sudoers file itself in a way that is not read as lines."""
    for what, word in changes(command):
        inside = word.text == _SUDOERS or word.text.startswith(f"{_SUDOERS}.d/")
        if inside and what == "writes" and command.program not in ("cp", "mv", "install", "rsync"):
            why = "its lines are not known beforehand"
            yield AdminGrant(command.at, "edit", "", word.text, why=why, path=word.text)
