"""Facts about the package as a container: its links, what is wrong with it, what was not read."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location, inner


class ContainerIssue(NamedTuple):
    """Something about an archive or a member that a careful reader does not accept in silence.

    ``issue`` is a name from ``documents/issues.py`` (``path-traversal``, ``hidden-data``, …),
    ``meaning`` what it means in one line, ``detail`` what was found here. ``container`` is the
    address of the archive or folder that shows it.
    """

    at: Location
    issue: str
    detail: str = ""
    certainty: Certainty = "exact"
    meaning: str = ""
    container: str = ""

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.issue}"

    @property
    def what(self) -> str:
        """The meaning, with the detail if there is one."""
        return f"{self.meaning} ({self.detail})" if self.detail else self.meaning


class CoverageGap(NamedTuple):
    """A document that was not covered, or not to its end.

    ``reason`` is a name from ``documents/issues.py`` (``encrypted``, ``limit-ratio``, …),
    ``meaning`` the same in words. ``kind`` is what the document seems to be, ``unknown`` where its
    name does not tell; ``size`` its bytes as far as known. ``container`` is the address of what
    holds it. ``remedy`` says how to have it covered all the same.
    """

    at: Location
    reason: str
    kind: str
    size: int
    certainty: Certainty = "exact"
    meaning: str = ""
    container: str = ""
    remedy: str = ""

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.reason}"


class LinkEntry(NamedTuple):
    """A symbolic or hard link of an archive or a folder, as written.

    ``path`` is where it lies in its container, ``target`` what it leads to: seen from its own
    folder if symbolic, a path in the container if ``hard``. ``container`` is the address of the
    archive or folder. Packages may have very many: the place is made when it is asked for.
    """

    path: str
    target: str
    hard: bool
    container: str
    certainty: Certainty = "exact"

    @property
    def at(self) -> Location:
        return Location(inner(self.container, self.path))

    @property
    def subject(self) -> str:
        return f"{self.at.member} -> {self.target}"
