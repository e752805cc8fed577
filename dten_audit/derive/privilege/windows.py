"""What scripts and programs for Windows ask of rights, and what they give away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, cast

from dten_audit.derive.arguments import elsewhere
from dten_audit.derive.privilege.contexts import not_root, root_checked
from dten_audit.derive.roles import Roles
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import SCRIPT_FOLDER, Command, Word
from dten_audit.model.facts.privilege import AdminGrant
from dten_audit.model.facts.windows import Elevates, Elevation
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.windows.parameters import parameter, positional
from dten_audit.site.estate import Estate

_GRANT: Final = re.compile(r"(?i)^(.{1,200}?):(\((?:OI|CI|IO|NP|I)\))*\(?([A-Z,]{1,40})\)?$")
_CHANGES: Final = frozenset("F M W WD WDAC WO GA GW D DC AD".split())
_SWITCHES_OFF: Final = re.compile(r"(?i)enablelua|consentpromptbehavioradmin")


@from_tables
def _table() -> dict[str, object]:
    return cast("dict[str, object]", knowledge("windows_rights"))


def _names(section: str) -> list[str]:
    return cast("list[str]", _table()[section])


@from_tables
def _groups() -> dict[str, str]:
    return cast("dict[str, str]", _table()["groups"])


def derive(package: Package, estate: Estate) -> Iterable[Elevation | AdminGrant]:
    """Yield what asks Windows for more rights, what hands them out, and new administrators."""
    del estate  # the same on any host
    roles = Roles(package)
    stated = [fact._replace(role=roles.of(fact.document)) for fact in package.of(Elevation)]
    package.replace(Elevation, stated)
    for command in package.of(Command):
        found: list[Elevation | AdminGrant] = list(_of_layers(command))
        reader = _PROGRAMS.get(command.program)
        if reader is not None and not elsewhere(command):
            found += reader(command)
        if found:
            role = roles.of(command.document)
            for fact in found:
                yield fact._replace(role=role)


def _elevation(command: Command, how: Elevates, what: str, **more: object) -> Elevation:
    made = Elevation(
        command.at, command.document, how, what,
        guarded=any(not_root(guard) for guard in command.guards) or root_checked(command),
        certainty=command.certainty,
    )  # fmt: skip
    return made._replace(**more)  # type: ignore[arg-type]


def _of_layers(command: Command) -> Iterator[Elevation]:
    """Yield what ``runas`` and ``Start-Process -Verb RunAs`` around a command ask for."""
    for layer in command.layers:
        options = {word.text.lower() for word in layer.arguments}
        if layer.tool == "runas":
            saved = "/savecred" in options
            how: Elevates = "saved-password" if saved else "runas"
            yield _elevation(command, how, _shown(command), who=layer.target)
        elif layer.tool == "start-process" and "runas" in options:
            yield _elevation(command, "elevated-start", _shown(command), itself=_is_itself(command))


def _shown(command: Command) -> str:
    return " ".join(word.text for word in command.argv)[:160]


def _is_itself(command: Command) -> bool:
    """Say whether a script starts itself again: its own path, or its own arguments."""
    return any(
        word.text.strip("\"'") == f"{SCRIPT_FOLDER}/" or "%*" in word.text for word in command.argv
    )


def _policy(command: Command) -> Iterator[Elevation]:
    """``Set-ExecutionPolicy``; for one process it ends with the script."""
    words = command.argv
    policy = parameter(words, "executionpolicy") or positional(words, 0)
    scope = parameter(words, "scope") or positional(words, 1)
    level = scope.text if scope is not None else "LocalMachine"
    if (
        policy is not None
        and policy.text.lower() in _names("policies")
        and (level.lower() != "process")
    ):
        yield _elevation(command, "policy", f"execution policy {policy.text}", level=level)


def _registry(command: Command) -> Iterator[Elevation]:
    """``reg add … EnableLUA /d 0``: User Account Control is switched off."""
    words = [word.text for word in command.argv]
    line = " ".join(words)
    value = words[-1]
    low = [word.lower() for word in words]
    for option in ("/d", "-value"):
        if option in low[:-1]:
            value = words[low.index(option) + 1]
    if _SWITCHES_OFF.search(line) and value in ("0", "0x0", "00000000"):
        yield _elevation(command, "policy", "User Account Control off", level="LocalMachine",
                         system=True)  # fmt: skip


def _access(command: Command) -> Iterator[Elevation]:
    """``icacls PATH /grant Everyone:(F)``."""
    words = [word.text for word in command.argv[1:]]
    path = next((word for word in words if not word.startswith("/")), "")
    for number, word in enumerate(words):
        if not word.lower().startswith(("/grant", "/g", "/p")):
            continue
        for given in words[number + 1 :]:
            if given.startswith("/"):
                break
            match = _GRANT.match(given)
            if match is None or match[1].strip("\"'").lower() not in _names("everybody"):
                continue
            if _CHANGES & set(match[3].upper().split(",")):
                yield _elevation(command, "access", path, who=match[1], level=match[3],
                                 system=_in_system(path))  # fmt: skip


def _ownership(command: Command) -> Iterator[Elevation]:
    words = [word.text for word in command.argv[1:]]
    low = [word.lower() for word in words]
    path = words[low.index("/f") + 1] if "/f" in low[:-1] else ""
    if path and _in_system(path):
        yield _elevation(command, "ownership", path, system=True)


def _in_system(path: str) -> bool:
    low = path.lower().replace("/", "\\")
    return low.startswith(tuple(_names("system"))) or low.rstrip("\\") in ("c:", "%systemdrive%")


def _net(command: Command) -> Iterator[AdminGrant]:
    """``net localgroup GROUP USER /add``."""
    words = command.argv[1:]
    low = [word.text.lower() for word in words]
    if low[:1] not in (["localgroup"], ["group"]) or "/add" not in low:
        return
    operands = [word for word in words[1:] if not word.text.startswith("/")]
    if len(operands) > 1:
        yield from _grants(command, operands[0], operands[1:])


def _member(command: Command) -> Iterator[AdminGrant]:
    """``Add-LocalGroupMember -Group GROUP -Member USER``."""
    words = command.argv
    group = (parameter(words, "group") or parameter(words, "identity")
             or parameter(words, "sid") or positional(words, 0))  # fmt: skip
    member = parameter(words, "member") or parameter(words, "members") or positional(words, 1)
    if group is not None:
        yield from _grants(command, group, [member] if member is not None else [Word("")])


def _grants(command: Command, group: Word, users: Sequence[Word]) -> Iterator[AdminGrant]:
    why = _groups().get(group.text.lower())
    if why is not None:
        for user in users:
            who = user.text or "an account that the script computes"
            yield AdminGrant(command.at, "group", who, group.text, why=why)


_PROGRAMS: Final[dict[str, Callable[[Command], Iterator[Elevation | AdminGrant]]]] = {
    "set-executionpolicy": _policy,
    "reg": _registry,
    "set-itemproperty": _registry,
    "new-itemproperty": _registry,
    "icacls": _access,
    "cacls": _access,
    "xcacls": _access,
    "takeown": _ownership,
    "net": _net,
    "net1": _net,
    "add-localgroupmember": _member,
    "add-adgroupmember": _member,
}
