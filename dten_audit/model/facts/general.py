"""Facts that any reader may state."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location


class Unreadable(NamedTuple):
    """A part of a document that its reader could not make sense of, and why."""

    at: Location
    language: str
    reason: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.language} {self.reason}"
