"""Facts about Windows: scheduled tasks as a package defines them, and what takes more rights."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.location import Location

TriggerKind = Literal[
    "once", "minute", "hourly", "daily", "weekly", "monthly", "boot", "logon", "other"
]
TaskSource = Literal["schtasks", "powershell", "xml", "registry", "at"]
Elevates = Literal[
    "runas", "saved-password", "elevated-start", "manifest", "policy", "access", "ownership"
]


class TaskTrigger(NamedTuple):
    """When a task runs. ``text`` is the same as written or in words.

    ``start`` is the time of day (``03:00``), ``date`` the first day (ISO), both empty where they
    are not told or computed. ``every`` counts minutes, hours, days or weeks between runs, by kind.
    ``weekdays`` count from Monday 0; ``days`` are days of the month, negative ones from its end
    (-1 the last); ``weeks`` which of the weekday's in the month (5: the last). ``repeat`` are the
    minutes after which it runs again on its day, for ``lasting`` minutes (0: for the whole day).
    """

    kind: TriggerKind
    text: str
    start: str = ""
    date: str = ""
    every: int = 1
    weekdays: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    repeat: int = 0
    lasting: int = 0
    certainty: Certainty = "exact"


class TaskDefinition(NamedTuple):
    """A task of the Windows Task Scheduler that a script or a file defines.

    ``command`` is its command line. ``user`` is who runs it (``SYSTEM``), empty where nobody tells.
    ``highest``: with all rights that the user has. ``password``: the password of its account
    stands in the script. ``catches_up``: it makes up for missed runs. ``overlaps`` is False where a
    second run waits or is dropped. ``elsewhere`` is the host that it is set up on.
    """

    at: Location
    document: str
    name: str
    command: str
    triggers: tuple[TaskTrigger, ...]
    source: TaskSource
    user: str = ""
    highest: bool = False
    enabled: bool = True
    password: bool = False
    catches_up: bool = False
    overlaps: bool = False
    elsewhere: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} task {self.name} {self.command}"


class Elevation(NamedTuple):
    """Something that asks Windows for more rights, or hands them out.

    ``how``: ``runas`` as another user, ``saved-password`` the same with a password kept by Windows,
    ``elevated-start`` with the question of User Account Control, ``manifest`` a program that asks
    whenever it starts, ``policy`` scripts without signature are let run, ``access`` everybody may
    change a folder, ``ownership`` of files of Windows is taken. ``what`` is the program, folder or
    policy, ``who`` the user or group, ``level`` the manifest's level or the policy's scope.
    ``guarded``: only where the script is not an administrator's. ``itself``: the script starts
    itself again.
    """

    at: Location
    document: str
    how: Elevates
    what: str
    who: str = ""
    level: str = ""
    guarded: bool = False
    itself: bool = False
    system: bool = False
    role: ScriptRole = "script"
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.how} {self.what} {self.who}".rstrip()

    @property
    def spoken(self) -> str:
        """What it does, as a sentence."""
        return _SPOKEN[self.how].format(
            what=self.what,
            who=self.who or "another user",
            level=self.level,
            asks=_ASKS.get(self.level, "asks for more rights"),
            unless=" unless it has them" if self.guarded else "",
            start="the script starts itself again" if self.itself else f"{self.what} is started",
        )


_ASKS = {
    "requireAdministrator": "asks for an administrator's rights",
    "highestAvailable": "asks for all rights of its user",
}
_SPOKEN: dict[Elevates, str] = {
    "runas": "{what}: is run as {who}, whose password runas asks for",
    "saved-password": "{what}: is run as {who} with a password that Windows keeps (/savecred)",
    "elevated-start": "{start} with an administrator's rights{unless}: User Account Control asks",
    "manifest": "{what} {asks} whenever it starts",
    "policy": "{what} for {level}",
    "access": "{who} may change {what} ({level})",
    "ownership": "the script takes the ownership of {what}",
}
