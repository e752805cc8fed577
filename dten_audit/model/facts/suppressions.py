"""Facts about comments that silence other auditing tools."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location


class Suppression(NamedTuple):
    """A comment, or an annotation, that tells an auditing tool to pass over what stands there.

    ``tool`` is a row of ``rules/knowledge/suppressions.yaml``, ``text`` the marker as written, cut
    off, ``kind`` that of the document. ``at`` is the first one of this tool in it.
    """

    at: Location
    tool: str
    text: str
    kind: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.tool}"
