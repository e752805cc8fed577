"""Ansible's privilege escalation, knowing which plays and command lines include its tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from dten_audit.derive.privilege.contexts import is_privilege
from dten_audit.derive.roles import Roles
from dten_audit.documents.text import decode
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.orchestration import BecomeSetting, BecomeUse
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate

_TOOLS: Final = frozenset(("ansible-playbook", "ansible", "ansible-pull"))
_MAX_BYTES: Final = 1 << 20
_MAX_STEPS: Final = 200
_SHOWN: Final = 3


@cache
def _enabled() -> re.Pattern[str]:
    return re.compile(r"(?im)^[ \t]*become[ \t]*=[ \t]*(?:true|yes|on|1)\b")


def derive(package: Package, estate: Estate) -> Iterable[BecomeUse]:
    """Yield the settings of privilege escalation that need a second look, callers known."""
    del estate  # what a playbook says of itself is the same at every site
    settings = package.of(BecomeSetting)
    if not settings:
        return
    roles = Roles(package)
    everywhere = _everywhere(package)
    for setting in settings:
        becomes, places = _becomes(package, setting)
        yield BecomeUse(
            setting.at,
            setting.what,
            setting.scope,
            setting.user,
            setting.method,
            becomes=True if everywhere else becomes,
            role=roles.of(setting.document),
            included_by=places,
            certainty=setting.certainty,
        )


def _everywhere(package: Package) -> bool:
    """Say whether the package turns ``become`` on for all plays: ``ansible.cfg``, or ``-b``."""
    for command in package.of(Command):
        if command.program in _TOOLS and {"-b", "--become"} & set(command.arguments):
            return True
    settings = [
        info.id
        for info in package.documents.values()
        if info.path.endswith("ansible.cfg") and not info.host and info.size <= _MAX_BYTES
    ]
    found = package.contents(settings) if settings else ()
    return any(_enabled().search(decode(data).text) is not None for _, data in found)


def _becomes(
    package: Package, setting: BecomeSetting
) -> tuple[bool | Unknown, tuple[Location, ...]]:
    """Say whether those who include a file of tasks become somebody, and where they stand."""
    if not setting.fragment:
        return False, ()
    places: list[Location] = []
    seen, queue = {setting.document}, [setting.document]
    answer: bool | Unknown = Unknown("package.caller")
    while queue and len(seen) < _MAX_STEPS:
        calls = package.callers(queue.pop())
        for call in calls:
            command = call.command
            places.append(command.at)
            if any(map(is_privilege, command.layers)):
                return True, ()
            if command.document not in seen:
                seen.add(command.document)
                queue.append(command.document)
            if _is_playbook(package, command.document):
                answer = False
    return answer, tuple(places[:_SHOWN])


def _is_playbook(package: Package, document: str) -> bool:
    """Say whether a document is a play, and not one more file that something else includes."""
    info = package.documents.get(document)
    path = f"/{info.path}" if info is not None else ""
    return not package.callers(document) and "/tasks/" not in path and "/handlers/" not in path
