"""As whom scripts run, as far as the package shows it, and which users it makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.derive.arguments import elsewhere, split_arguments
from dten_audit.derive.privilege.tables import names, tools
from dten_audit.derive.roles import Roles
from dten_audit.documents.document import DocumentInfo
from dten_audit.documents.text import decode
from dten_audit.links.installs import layout_target
from dten_audit.links.package import Call, Package
from dten_audit.model.facts.commands import Command, Guard, Layer

_ROOT: Final = ("", "root", "0")
_INIT_SCRIPTS: Final = ("/etc/init.d/", "/etc/rc.d/init.d/")
_ROUNDS: Final = 20
_MAX_BYTES: Final = 1 << 20
_MAKERS: Final = frozenset(("useradd", "adduser"))
_USER_OPTIONS: Final = frozenset((
    "-b", "--base-dir", "-c", "--comment", "-d", "--home", "--home-dir", "-e", "--expiredate",
    "-f", "--inactive", "-g", "--gid", "-G", "--groups", "-k", "--skel", "-K", "--key",
    "-p", "--password", "-s", "--shell", "-u", "--uid", "--ingroup", "--gecos", "-h",
    "--firstuid", "--lastuid",
))  # fmt: skip
_SYSUSER: Final = re.compile(r"u!?[ \t]+([\w$.-]+)([^\n]*)", re.ASCII)
_REFUSING: Final = ("nologin", "/false")


class Made(NamedTuple):
    """A user that the package makes; ``no_login``: with a shell that refuses logins."""

    name: str
    no_login: bool


def root_checked(command: Command) -> bool:
    """Say whether a test makes sure that a command only runs as root."""
    return any(guard.kind == "root-check" and guard.holds for guard in command.guards)


def escalation(command: Command) -> int:
    """Return the number of the layer that makes a command run as root; -1 where none does."""
    for number, layer in enumerate(command.layers):
        if is_privilege(layer) and layer.target in _ROOT:
            return number
    return -1


def is_privilege(layer: Layer) -> bool:
    """Say whether a layer changes the user."""
    return layer.kind == "privilege" and layer.tool in tools()


def not_root(guard: Guard) -> bool:
    """Say whether a test makes sure that the user is not root."""
    return guard.kind == "root-check" and not guard.holds


def root_documents(package: Package, roles: Roles) -> set[str]:
    """Return the documents that are only seen to be run as root.

    Maintainer scripts and container builds run as root by definition (Debian Policy 6.1, RPM), as
    do root's own jobs and init scripts; others where every call of them is made as root.
    """
    found = {
        document
        for document in {command.document for command in package.of(Command)}
        if roles.of(document) in ("maintainer", "container-build")
        or ("user", "root") in package.documents[document].hints
        or layout_target(package.documents[document].path).startswith(_INIT_SCRIPTS)
    }
    for _ in range(_ROUNDS):
        more = {
            callee
            for callee, calls in package.calls.items()
            if callee not in found and calls and all(_as_root(call, found) for call in calls)
        }
        if not more:
            break
        found |= more
    return found


def _as_root(call: Call, known: set[str]) -> bool:
    command = call.command
    if command.document in known and not any(map(is_privilege, command.layers)):
        return True
    return root_checked(command) or escalation(command) >= 0


def made_users(package: Package) -> dict[str, Made]:
    """Return the users that the package makes: with useradd, or through sysusers.d."""
    found: dict[str, Made] = {}
    for command in package.of(Command):
        if command.program in _MAKERS and not elsewhere(command):
            arguments = split_arguments(command.argv[1:], _USER_OPTIONS)
            shell = arguments.value("-s", "--shell")
            closed = command.program == "adduser" and arguments.has("--system", "-S")
            refused = shell.endswith(_REFUSING) or (closed and not shell)
            for word in arguments.operands[:1]:
                found[word.text] = Made(word.text, refused)
    for _, _, line in sysusers_lines(package):
        match = _SYSUSER.match(line)
        if match:
            refused = "/bin/" not in match[2].replace("/bin/false", "")
            found[match[1]] = Made(match[1], refused)
    return found


def sysusers_lines(package: Package) -> Iterator[tuple[DocumentInfo, int, str]]:
    """Yield the lines of all sysusers.d(5) files, with their documents and numbers."""
    files = [
        info
        for info in package.documents.values()
        if "sysusers.d/" in info.path and info.size <= _MAX_BYTES and not info.host
    ]
    found = dict(package.contents([info.id for info in files])) if files else {}
    for info in files:
        text = decode(found.get(info.id, b"")).text
        for number, line in enumerate(text.split("\n"), start=1):
            yield info, number, line


def refuses_login(user: str, made: dict[str, Made]) -> bool:
    """Say whether a user's login shell refuses logins: as the package makes it, else as usual."""
    return made[user].no_login if user in made else user in names("no_login")
