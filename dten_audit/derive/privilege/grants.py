"""Who becomes administrator: by sudoers lines, by polkit, by groups, by edits of sudoers."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from dten_audit.derive.arguments import elsewhere, split_arguments
from dten_audit.derive.privilege.memberships import memberships
from dten_audit.derive.privilege.polkit import polkit_grants
from dten_audit.derive.privilege.sudoers_files import (
    SUDOERS,
    ignored,
    included,
    is_sudoers,
    landings,
    modes,
)
from dten_audit.derive.privilege.tables import loosening, names
from dten_audit.derive.privilege.writes import changes
from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.privilege import AdminGrant, SudoersDefault, SudoersRule
from dten_audit.site.estate import Estate

_MOST_SHOWN: Final = 6
_COPIERS: Final = frozenset(("cp", "mv", "install", "rsync"))
_WILD: Final = re.compile(r"(?<!\\)[*?\[]")
_CLASS: Final = re.compile(r"\[(\w)\]")
"""A class of one character: itself, written so that the shell takes no notice."""
_SAYS_WHICH: Final = 4
_ROOTS_OWN: Final = frozenset(("/bin", "/sbin", "/usr/bin", "/usr/sbin"))
"""Folders of programs into which only root can put one (FHS 3.0)."""


def derive(package: Package, estate: Estate) -> Iterable[AdminGrant]:
    """Yield what makes a user an administrator, or nearly."""
    del estate  # a grant is one on any host
    roles = Roles(package)
    found = (
        *_of_files(package),
        *polkit_grants(package),
        *memberships(package),
        *modes(package),
        *_edits(package),
    )
    for document, grant in found:
        yield grant._replace(role=roles.of(document))


def _of_files(package: Package) -> Iterator[tuple[str, AdminGrant]]:
    """Yield what the sudoers files of a package grant, each with its document."""
    land = landings(package)
    stated = (*package.of(SudoersRule), *package.of(SudoersDefault), *included(package))
    for fact in stated:
        path = land.get(fact.document, fact.path)
        grant = _of_rule(fact) if isinstance(fact, SudoersRule) else _of_default(fact)
        if grant is not None:
            yield fact.document, grant._replace(path=path, ignored=ignored(path))


def _of_default(default: SudoersDefault) -> AdminGrant | None:
    why = loosening(default.setting, default.value, negated=default.negated)
    if not why:
        return None
    sign = "!" if default.negated else ""
    setting = f"{sign}{default.setting}{'=' if default.value else ''}{default.value}"
    who = default.scope.lstrip("!:@>") or "everybody"
    return AdminGrant(default.at, "default", who, setting, why=why)


def _of_rule(rule: SudoersRule) -> AdminGrant | None:
    """Return what a user specification grants; root may do everything anyway."""
    who = [name for name in rule.who if name not in ("root", "#0", "%root")]
    allowed = [item for item in rule.commands if not item.command.startswith("!")]
    if not who or not allowed:
        return None
    as_root = any({"root", "ALL", "#0"} & set(item.runas.split(",")) for item in allowed)
    shown = ", ".join(dict.fromkeys(item.command for item in allowed[:_MOST_SHOWN]))
    unlimited = any(item.command == "ALL" for item in allowed)
    taken = (item.command[1:] for item in rule.commands if item.command.startswith("!"))
    return AdminGrant(
        rule.at,
        "rule",
        ", ".join(who),
        shown + (", …" if len(allowed) > _MOST_SHOWN else ""),
        nopasswd=any(item.nopasswd for item in allowed),
        unlimited=unlimited,
        as_root=as_root,
        escapes=tuple(sorted({name for item in allowed if (name := _escape(item.command))})),
        excludes=tuple(dict.fromkeys(taken)) if unlimited else (),
        wildcards=tuple(dict.fromkeys(i.command for i in allowed if _is_wild(i.command))),
        setenv=any(item.setenv for item in allowed),
        tool=rule.tool,
    )


def _escape(command: str) -> str:
    """Return the program of a command if it lets its caller run or write anything."""
    program, _, arguments = command.partition(" ")
    name = posixpath.basename(program)
    fixed = bool(arguments) and "*" not in arguments and not arguments.startswith('""')
    return name if name in names("escapes") and not fixed else ""


def _is_wild(command: str) -> bool:
    """Say whether a wildcard lets more through than it seems to: ``*`` alone is any arguments."""
    program, _, arguments = command.partition(" ")
    if program.startswith("^") or arguments.startswith("^"):
        return False  # a regular expression (sudo 1.9.10)
    return _program_is_wild(program) or bool(arguments != "*" and _WILD.search(arguments))


def _program_is_wild(program: str) -> bool:
    """Say whether a pattern of programs fits more than those of one name that root has put there.

    In a path a wildcard does not match ``/`` (sudoers(5)).
    """
    folder, _, name = program.rpartition("/")
    plain = _CLASS.sub(r"\1", folder)
    named = len(_WILD.sub("", name)) >= _SAYS_WHICH
    return bool(_WILD.search(program)) and not (named and plain in _ROOTS_OWN)


def _edits(package: Package) -> Iterator[tuple[str, AdminGrant]]:
    """Yield commands that change a sudoers file in a way that is not read as lines."""
    written = {(d.host, d.path) for d in package.documents.values() if d.host}
    copied: dict[tuple[str, int], set[str]] = defaultdict(set)
    for install in package.installs:
        if install.source:
            copied[install.script, install.order].add(install.target)
    for command in package.of(Command):
        if elsewhere(command):
            continue
        host = package.documents[command.document].host or command.document
        for path in _edited(command):
            read = (host, path) in written
            if not read and not _copied(command, path, copied.get(_key(command), ())):
                why = "its lines are not known beforehand"
                yield (
                    command.document,
                    AdminGrant(command.at, "edit", "", path, why=why, path=path),
                )


def _edited(command: Command) -> Iterator[str]:
    """Yield the sudoers files that a command writes."""
    for what, word in changes(command) if command.program != "touch" else ():
        if what == "writes" and is_sudoers(word.text):
            yield word.text
    if command.program == "visudo":
        arguments = split_arguments(command.argv[1:], ("-f", "--file", "-x", "--export"))
        if not arguments.has("-c", "--check", "-V", "--version", "-h", "--help", "-x", "--export"):
            yield arguments.value("-f", "--file") or SUDOERS


def _copied(command: Command, path: str, targets: Collection[str]) -> bool:
    """Say whether the package ships the file that a command copies there."""
    if command.program not in _COPIERS:
        return False
    return any(
        target == path or posixpath.dirname(target) == path.rstrip("/") for target in targets
    )


def _key(command: Command) -> tuple[str, int]:
    return command.document, command.order
