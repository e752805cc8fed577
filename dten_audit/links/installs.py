"""What lands where: install steps of scripts, files they write, and the tree's own layout."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from dten_audit.links.calls import in_folder
from dten_audit.links.package import DocumentInfo, Install, Package
from dten_audit.links.resolving import PathIndex
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.container import LinkEntry
from dten_audit.model.location import Location

ROOTS: Final = frozenset("etc usr opt var srv boot".split())
"""Folders that no product has for itself; a ``lib`` counts only with ``systemd`` below it."""
_COPIERS: Final = frozenset("cp mv install rsync ln scp".split())
_WITH_ARGUMENT: Final = {
    "install": frozenset(("-m", "-o", "-g", "-S", "--mode", "--owner", "--group", "-t")),
    "cp": frozenset(("-t", "-S")),
    "mv": frozenset(("-t", "-S")),
    "ln": frozenset(("-t", "-S")),
}
_ROOT_DEPTH: Final = 3
_FILE_FOLDERS: Final = frozenset(
    "bin sbin default sysconfig init.d cron.hourly cron.daily cron.weekly cron.monthly".split()
)
"""Folders that hold files and no folders."""


def installs(package: Package, index: PathIndex) -> Iterator[Install]:
    """Yield what is known to land on the host: the layout first, then steps in their order."""
    landed: dict[str, str] = {}
    made: dict[tuple[str, str], str] = {}
    for document in package.documents.values():
        target = layout_target(document.path)
        if document.host:
            if document.path.startswith("/"):
                at = Location(document.address)
                made.setdefault((document.host, document.path), document.id)
                yield Install(document.id, document.path, at, 0, document.host)
        elif target:
            landed[target] = document.id
            yield Install(document.id, target, Location(document.address))
    for link in package.of(LinkEntry):
        target = layout_target(link.path)
        if target:
            yield Install(landed.get(leads_to(link), ""), target, link.at)
    for command in package.of(Command):
        near = package.documents.get(command.document)
        if near is not None and command.program in _COPIERS:
            script = near.host or near.id
            for step in _copies(command, near, index):
                word = step.source
                source = word if word in package.documents else made.get((script, word), "")
                made[script, step.target] = source
                yield step._replace(source=source)


def layout_target(path: str) -> str:
    """Return where a file of a root-like tree lands (``payload/etc/cron.d/x`` → ``/etc/cron.d/x``).

    Empty where no component within the first ones names a root directory.
    """
    parts = path.lstrip("./").split("/")
    for number, part in enumerate(parts[:_ROOT_DEPTH]):
        below = parts[number + 1 : number + 2]
        if (part in ROOTS and below) or (part == "lib" and below == ["systemd"]):
            return "/" + "/".join(parts[number:])
    return ""


def leads_to(link: LinkEntry) -> str:
    """Return the path on the host that a link of a root-like tree leads to; empty for others."""
    if link.hard:
        return layout_target(link.target)
    folder = posixpath.dirname(layout_target(link.path))
    return posixpath.normpath(posixpath.join(folder, link.target)) if folder else ""


def _copies(command: Command, near: DocumentInfo, index: PathIndex) -> Iterator[Install]:
    """Yield what a copier puts where; a source that is not shipped is stated by its path."""
    words, target = _operands(command)
    if not target:
        if len(words) < 2:  # noqa: PLR2004 (a source and a target)
            return
        target = words.pop()
    several = len(words) > 1 or target.endswith("/")
    for word in words:
        path = in_folder(word, command.folder)
        found = index.find(path, near)
        into = several or len(found) > 1
        for document in found:
            name = posixpath.basename(document.path)
            yield Install(
                document.id,
                posixpath.join(target, name) if into or _is_folder(target, name) else target,
                command.at,
                command.order,
                command.document,
            )
        if not found:
            name = posixpath.basename(word)
            landing = posixpath.join(target, name) if into or _is_folder(target, name) else target
            yield Install(path, landing, command.at, command.order, command.document)


def _is_folder(target: str, name: str) -> bool:
    """A target without a suffix that differs from the source's name is a folder, as a rule.

    Not so below a folder that holds files only (``/etc/cron.d/x``).
    """
    above, last = posixpath.split(target)
    if last in _FILE_FOLDERS or last.endswith(".d"):
        return True
    if posixpath.basename(above) in _FILE_FOLDERS or above.endswith(".d"):
        return False
    return "." in name and "." not in last and last != name.partition(".")[0]


def _operands(command: Command) -> tuple[list[str], str]:
    """Return a copier's operands, and the folder given with ``-t``."""
    words: list[str] = []
    folder = ""
    takes = _WITH_ARGUMENT.get(command.program, frozenset())
    arguments = iter(command.arguments)
    for word in arguments:
        if word in ("-d", "--directory") and command.program == "install":
            return [], ""
        if word in takes:
            value = next(arguments, "")
            folder = value if word == "-t" else folder
        elif word.startswith("--target-directory="):
            folder = word.partition("=")[2]
        elif not word.startswith("-"):
            words.append(word)
    return words, folder
