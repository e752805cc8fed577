"""Facts about the package as a container: what is wrong with it and what was not read."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location


class ContainerIssue(NamedTuple):
    """Something about an archive or a member that a careful reader does not accept in silence.

    ``issue`` is a name from ``documents/issues.py`` (``path-traversal``, ``encrypted-member``, …).
    """

    at: Location
    issue: str
    detail: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.issue}"


class CoverageGap(NamedTuple):
    """A document that was not covered, with the reason; ``kind`` is what it seems to be."""

    at: Location
    reason: str
    kind: str
    size: int
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.reason}"
