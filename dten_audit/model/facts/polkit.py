"""Facts about polkit: who may do what without being asked."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location


class PolkitRule(NamedTuple):
    """A rule of polkit that says yes without asking for a password.

    ``actions`` are the ids that it says yes to, with ``*`` where only their start is compared;
    none: every action. ``who`` are users (``unix-user:dten``) and groups (``unix-group:dten``);
    none: everybody. ``conditions`` are what must hold besides, in words. ``administrators``: it
    says instead who counts as an administrator when a password is asked for. ``certainty`` is
    computed where a test was not understood.
    """

    at: Location
    document: str
    path: str
    actions: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    administrators: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {' '.join(self.who)} {' '.join(self.actions)}"


class PolkitAction(NamedTuple):
    """An action that a ``.policy`` file declares, and who may do it by default (polkit(8)).

    ``any``, ``inactive`` and ``active`` are the defaults for everybody, and for those with a
    session on this host: ``yes``, ``no``, ``auth_admin``, …. ``program`` is what pkexec runs for
    it, if it does.
    """

    at: Location
    document: str
    path: str
    action: str
    any: str = "no"
    inactive: str = "no"
    active: str = "no"
    program: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.action}"
