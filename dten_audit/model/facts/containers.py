"""Facts about containers: what they are given of the host they run on."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.location import Location

ContainerFile = Literal["image", "compose", "kubernetes", "command"]
Right = Literal[
    "root-user",
    "no-user",
    "privileged",
    "host-path",
    "runtime-socket",
    "host-pid",
    "host-ipc",
    "host-network",
    "capability",
    "device",
    "escalation",
    "unconfined",
]


class ContainerSetting(NamedTuple):
    """What a file says that a container may do, as it stands there.

    ``container`` is the name of the container, service or build stage. ``right`` is what it gets:
    ``root-user`` (its processes are root by an explicit word), ``no-user`` (an image that names no
    user), ``escalation`` (setuid programs work in a pod that is otherwise not root),
    ``unconfined`` (without seccomp or AppArmor). ``value`` is the path, capability, device or user.
    ``writable`` is False for host paths that are mounted for reading only.
    """

    at: Location
    document: str
    file: ContainerFile
    container: str
    right: Right
    value: str = ""
    writable: bool = True
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.container} {self.right} {self.value}"


class ContainerRight(NamedTuple):
    """A right over its host that a container of the package gets.

    ``grade`` says what it amounts to: ``root`` (whoever is in the container is root of the host),
    ``wide`` (a good part of it), ``narrow``, or ``none``. ``meaning`` says it in words. The other
    fields are those of ``ContainerSetting``; ``role`` is that of the file.
    """

    at: Location
    document: str
    file: ContainerFile
    container: str
    right: Right
    value: str
    grade: Literal["root", "wide", "narrow", "none"]
    meaning: str
    writable: bool = True
    role: ScriptRole = "script"
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.container} {self.right} {self.value}"
