"""Facts about documents that were scanned, not parsed."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location


class Mention(NamedTuple):
    """A document without a reader holds words that would matter in a script.

    ``topic`` is a row of ``rules/knowledge/gate.yaml``, ``kind`` the document's kind. ``at`` is
    the first occurrence.
    """

    at: Location
    topic: str
    kind: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.topic}"
