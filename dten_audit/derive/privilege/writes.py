"""Which commands change what only root may change, and which give rights away by a mode."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Final

from dten_audit.derive.arguments import Arguments, elsewhere, split_arguments, written_paths
from dten_audit.derive.debhelper import asks_debconf
from dten_audit.derive.jobs import JOB_KINDS
from dten_audit.derive.privilege.contexts import is_privilege, root_checked, root_documents
from dten_audit.derive.privilege.tables import Writer, area, names, writers
from dten_audit.derive.reach import Reach
from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.privilege import ModeChange, SystemWrite, Write
from dten_audit.site.estate import Estate

_OCTAL: Final = re.compile(r"0*([0-7]{1,5})")
_SYMBOLIC: Final = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_SETUID: Final = 0o4000
_SETGID: Final = 0o2000
_STICKY: Final = 0o1000
_WORLD_WRITES: Final = 0o002
_CAPABILITY: Final = re.compile(r"[a-z_]+")
_SHORTEST_NAME: Final = 3
_PROGRAM_FOLDERS: Final = frozenset(("bin", "sbin", "libexec", "games"))
"""On a folder the setgid bit only hands its group down to new files; programs lie in these."""
_DATA: Final = (
    "/var/lib/",
    "/var/spool/",
    "/var/cache/",
    "/var/log/",
    "/var/mail/",
    "/srv/",
    "/run/",
)
"""Below these lie data, and the folders that hold them (FHS 3.0, chapter 5, 3.15 and 3.17)."""
_MODE_PROGRAMS: Final = frozenset(("chmod", "install", "mkdir", "setcap"))
_OWNER_GROUP_MODE_PATH: Final = 4


def derive(package: Package, estate: Estate) -> Iterable[Fact]:
    """Yield system writes and mode changes."""
    del estate  # whether the operator is root is no fact of the site
    seen: set[Fact] = set()
    for fact in _all_writes(package):
        alike = fact._replace(document="") if isinstance(fact, SystemWrite) else fact
        if alike not in seen:  # a library is read with each script that sources it
            seen.add(alike)
            yield fact


def _all_writes(package: Package) -> Iterator[ModeChange | SystemWrite]:
    roles, reach = Roles(package), Reach(package)
    as_root = root_documents(package, roles)
    product = package.identity.get("name", "").lower()
    landing = frozenset(install.source for install in package.installs if install.source)
    for command in package.of(Command):
        if elsewhere(command):
            continue
        role = roles.of(command.document)
        for change in _mode_changes(command):
            yield change._replace(
                role=role,
                asked=any(map(asks_debconf, command.guards)),
                by_hand=reach.by_hand(command.document),
            )
        if any(map(is_privilege, command.layers)):
            continue
        for what, word in changes(command):
            place = area(word.text)
            if place:
                yield SystemWrite(
                    command.at,
                    command.document,
                    command.program,
                    what,
                    word.text,
                    place,
                    own=len(product) >= _SHORTEST_NAME and product in word.text.lower(),
                    root_checked=root_checked(command),
                    as_root=command.document in as_root,
                    started=_is_started(package, command.document, landing),
                    failure=command.failure,
                    role=role,
                    via=command.via,
                )


def _is_started(package: Package, document: str, landing: frozenset[str]) -> bool:
    """Say whether a document is a script that is started from the package.

    Others are only sourced, or land on the host and are started there by what they belong to.
    """
    info = package.documents.get(document)
    while info is not None and info.host and info.host in package.documents:
        info = package.documents[info.host]
    if info is None or info.id in landing:
        return False
    return info.kind in JOB_KINDS or info.shebang or bool((info.mode or 0) & 0o111)


def changes(command: Command) -> Iterator[tuple[Write, Word]]:
    """Yield what a command changes: by its redirections, and by what its program does."""
    writer = writers().get(command.program)
    for word in written_paths(command):
        yield "writes", word
    if writer is None or command.program == "tee":
        return
    arguments = split_arguments(command.argv[1:], writer.takes)
    asked = not writer.only or arguments.has(*writer.only) or _old_tar(command, writer)
    if asked and not arguments.has(*writer.not_):
        for word in _targets(writer, arguments):
            yield writer.what, word


def _old_tar(command: Command, writer: Writer) -> bool:
    """``tar xzf x``: the first word holds the options without a dash."""
    return (
        "-x" in writer.only
        and "x" in "".join(command.arguments[:1])
        and not (command.arguments[0].startswith("-"))
    )


def _targets(writer: Writer, arguments: Arguments) -> Iterator[Word]:
    target = arguments.value(*writer.target)
    operands = arguments.operands
    if target:
        yield Word(target)
    elif writer.operands == "last":
        yield from operands[-1:] if len(operands) > 1 else ()
    elif writer.operands == "all":
        yield from operands
    elif writer.operands == "rest":
        scripted = arguments.has("-e", "--expression", "-f", "--file", "--reference")
        yield from operands if scripted else operands[1:]


def _mode_changes(command: Command) -> Iterator[ModeChange]:
    """Yield the modes that a command sets, as far as they give rights away."""
    if command.program == "dpkg-statoverride":
        yield from _overridden(command)
    if command.program not in _MODE_PROGRAMS:
        return
    takes = writers()[command.program].takes
    arguments = split_arguments(command.argv[1:], takes)
    if command.program in ("install", "mkdir"):
        mode, paths = arguments.value("-m", "--mode"), arguments.operands[-1:]
    else:
        operands = [word for word in command.argv[1:] if not _is_option(word.text)]
        mode, paths = (operands[0].text, tuple(operands[1:])) if operands else ("", ())
    folder = command.program == "mkdir" or arguments.has("-d", "--directory")
    for word in paths:
        change = ModeChange(command.at, word.text, mode, recursive=arguments.has("-R"))
        change = _capabilities(change) if command.program == "setcap" else _bits(change)
        if folder:
            change = change._replace(setuid=False, setgid=False)
        elif posixpath.basename(posixpath.dirname(word.text)) not in _PROGRAM_FOLDERS:
            change = change._replace(setgid=False)
        change = _of_programs(change)
        if change.setuid or change.setgid or change.world_writable or change.capabilities:
            yield change


def _of_programs(change: ModeChange) -> ModeChange:
    """Return a change without the bits that do nothing where no programs lie."""
    data = change.path.startswith(_DATA)
    return change._replace(setuid=False, setgid=False) if data else change


def _overridden(command: Command) -> Iterator[ModeChange]:
    """Yield the mode that ``dpkg-statoverride --add OWNER GROUP MODE PATH`` registers."""
    arguments = split_arguments(command.argv[1:], ("--admindir", "--instdir", "--root"))
    words = [word.text for word in arguments.operands]
    if arguments.has("--add") and len(words) == _OWNER_GROUP_MODE_PATH:
        change = _of_programs(_bits(ModeChange(command.at, words[3], words[2])))
        if change.setuid or change.setgid or change.world_writable:
            yield change


def _is_option(text: str) -> bool:
    """``chmod -x file`` takes a right away: ``-x`` is a mode, not an option."""
    return text.startswith("--") or (
        text.startswith("-") and not set(text[1:]) <= set("rwxXst,") and len(text) > 1
    )


def _bits(change: ModeChange) -> ModeChange:
    octal = _OCTAL.fullmatch(change.mode)
    if octal:
        bits = int(octal[1], 8)
        world = bool(bits & _WORLD_WRITES) and not bits & _STICKY
        return change._replace(
            setuid=bool(bits & _SETUID), setgid=bool(bits & _SETGID), world_writable=world
        )
    setuid = setgid = world = sticky = False
    for clause in change.mode.split(","):
        match = _SYMBOLIC.fullmatch(clause)
        if match and match[2] != "-":
            who, rights = match[1] or "a", match[3]
            everybody = "a" in who
            setuid |= "s" in rights and ("u" in who or everybody)
            setgid |= "s" in rights and ("g" in who or everybody)
            world |= "w" in rights and bool(match[1]) and ("o" in who or everybody)
            sticky |= "t" in rights
    return change._replace(setuid=setuid, setgid=setgid, world_writable=world and not sticky)


def _capabilities(change: ModeChange) -> ModeChange:
    """Read ``cap_a,cap_b+ep``; ``-r`` in its place takes all away."""
    found = tuple(name for name in _CAPABILITY.findall(change.mode) if name.startswith("cap_"))
    powerful = names("powerful_capabilities")
    return change._replace(capabilities=found, powerful=any(name in powerful for name in found))
