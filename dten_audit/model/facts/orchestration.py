"""Facts about tools that configure hosts: as whom their steps run."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.general import ScriptRole
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

BecomeWhat = Literal["partial", "password", "method"]
BecomeScope = Literal["play", "role", "block", "task", "variable"]


class PlaybookVariables(NamedTuple):
    """Variables that a role or inventory file sets at its top level to a single value.

    ``values`` are names with texts, template expressions as they stand. ``defaults`` says that
    they hold unless something else sets them. In a file of tasks they are names that a task sets
    (``set_fact``, ``register``), each with an empty text.
    """

    at: Location
    document: str
    path: str
    values: tuple[tuple[str, str], ...]
    defaults: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} variables"


class BecomeSetting(NamedTuple):
    """What an Ansible file says about privilege escalation that needs a second look.

    ``what``: ``partial`` is a ``become_user`` for which nothing in the file sets ``become``;
    ``password`` a password in plain text; ``method`` another way than sudo. ``scope`` is what it is
    set for, ``user`` whom it wants to become, ``method`` the way, or the variable of the password.
    ``fragment``: the file holds tasks without a play, so that ``become`` may come from the play.
    """

    at: Location
    document: str
    what: BecomeWhat
    scope: BecomeScope
    user: str = ""
    method: str = ""
    fragment: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} become {self.what} {self.scope} {self.user} {self.method}"


class BecomeUse(NamedTuple):
    """A setting of privilege escalation, knowing who includes its file.

    ``becomes`` says whether the play that includes the file, a command line or the package's
    ``ansible.cfg`` sets ``become`` for it. ``included_by`` are the places that include it.
    """

    at: Location
    what: BecomeWhat
    scope: BecomeScope
    user: str = ""
    method: str = ""
    becomes: bool | Unknown = False
    role: ScriptRole = "script"
    included_by: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} become {self.what} {self.scope} {self.user} {self.method}"

    @property
    def says(self) -> str:
        """What is wrong, in words."""
        if self.what == "password":
            return f"{self.method} stands here in plain text"
        if self.what == "method":
            return f"this {self.scope} changes the user with {self.method}"
        return (
            f"this {self.scope} has become_user: {self.user} without become: true, "
            "and so runs as the user who connects"
        )
