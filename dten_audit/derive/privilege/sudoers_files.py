"""Which files of a package sudo reads, where they land, and what is wrong with their modes."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from dten_audit.derive.arguments import elsewhere, split_arguments
from dten_audit.derive.privilege.tables import writers
from dten_audit.documents.document import Document
from dten_audit.links.installs import layout_target
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.privilege import (
    AdminGrant,
    SudoersDefault,
    SudoersInclude,
    SudoersRule,
)

SUDOERS: Final = "/etc/sudoers"
_RIGHT: Final = (0o440, 0o400)
_OTHERS_WRITE: Final = 0o022
_MAX_BYTES: Final = 1 << 20
_MODED: Final = frozenset(("chmod", "install"))


def is_sudoers(path: str) -> bool:
    """Say whether sudo reads a file at this path of a host."""
    return path == SUDOERS or path.startswith(f"{SUDOERS}.d/")


def landings(package: Package) -> dict[str, str]:
    """Return where the documents that land as sudoers files do, by their ids.

    Of several copies, one that sudo reads.
    """
    found = [
        (install.source, install.target)
        for install in package.installs
        if install.source and is_sudoers(install.target)
    ]
    return dict(sorted(found, key=lambda one: not ignored(one[1])))


def included(package: Package) -> Iterator[SudoersRule | SudoersDefault]:
    """Yield what stands in files that only become sudoers files: installed, linked or included."""
    from dten_audit.readers.sudoers import read

    wanted = landings(package)
    by_target = {i.target: i.source for i in package.installs if i.source}
    for line in package.of(SudoersInclude):
        folder = posixpath.dirname(wanted.get(line.document, "") or layout_target(line.path))
        target = posixpath.join(folder or "/etc", line.target)
        for path, source in by_target.items():
            if path == target or (line.folder and posixpath.dirname(path) == target.rstrip("/")):
                wanted.setdefault(source, path)
    files = [
        info
        for info in map(package.documents.get, wanted)
        if info and info.kind != "sudoers" and not info.host and info.size <= _MAX_BYTES
    ]
    found = dict(package.contents([info.id for info in files])) if files else {}
    for info in files:
        if info.id not in found:
            continue
        document = info.id
        for fact in read(Document(info.address, wanted[document], "sudoers", found[document])):
            if isinstance(fact, SudoersRule | SudoersDefault):
                yield fact._replace(document=document)


def ignored(path: str) -> str:
    """Say why sudo does not read a drop-in (sudoers(5), ``@includedir``)."""
    folder, _, name = path.rpartition("/")
    if not folder.endswith("sudoers.d"):
        return ""
    if "." in name:
        return "its name has a dot"
    return "its name ends in ~" if name.endswith("~") else ""


def modes(package: Package) -> Iterator[tuple[str, AdminGrant]]:
    """Yield sudoers files with another mode than 0440, each with the document that sets it."""
    for install in package.installs:
        info = package.documents.get(install.source)
        if info is not None and not install.script and is_sudoers(install.target):
            mode = None if info.mode is None else info.mode & 0o7777
            why = _wrong(mode)
            if why and mode is not None:
                what = f"{mode:04o}"
                grant = AdminGrant(install.at, "mode", "", what, why=why, path=install.target)
                yield info.id, grant._replace(as_root=bool(mode & _OTHERS_WRITE))
    for command in package.of(Command):
        if command.program not in _MODED or elsewhere(command):
            continue
        arguments = split_arguments(command.argv[1:], writers()[command.program].takes)
        words = [word.text for word in arguments.operands]
        mode_text = arguments.value("-m", "--mode") if command.program == "install" else ""
        if command.program == "chmod":
            mode_text, words = (words or [""])[0], words[1:]
        mode = int(mode_text, 8) if _is_octal(mode_text) else None
        why = _wrong(mode)
        for path in words[-1:] if command.program == "install" else words:
            if why and mode is not None and is_sudoers(path):
                grant = AdminGrant(command.at, "mode", "", mode_text, why=why, path=path)
                yield command.document, grant._replace(as_root=bool(mode & _OTHERS_WRITE))


def _is_octal(text: str) -> bool:
    return bool(text) and len(text) <= 5 and set(text) <= set("01234567")  # noqa: PLR2004


def _wrong(mode: int | None) -> str:
    """Say what is wrong with a mode (sudoers(5), ``sudoers_mode``); empty for a right one."""
    if mode is None or mode in _RIGHT:
        return ""
    if mode & _OTHERS_WRITE:
        return "sudo refuses a file that others than root may write"
    return "everybody may read what is allowed to whom"
