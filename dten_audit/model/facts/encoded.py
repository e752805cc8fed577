"""Facts about texts that scripts decode before they use them."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location


class EncodedText(NamedTuple):
    """A text that a script decodes and runs, or decodes and writes to a file.

    ``encoding`` are the steps (``base64``, ``base64, gzip``, ``rot13``), ``kind`` is that of the
    decoded text (``shell``, ``sql``, ``cron``, …). ``runner`` is the program that runs it (``sh``,
    ``eval``, ``psql``), empty where it is only written to the file at ``path``. ``start`` is the
    first line of the decoded text, cut off. Where the certainty is computed, the package does not
    tell what the script decodes, and ``start`` is empty.
    """

    at: Location
    encoding: str
    kind: str
    runner: str
    path: str
    start: str
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.encoding} {self.runner or self.path} {self.start}"

    @property
    def use(self) -> str:
        """What is done with the text."""
        return f"run by {self.runner}" if self.runner else f"written to {self.path}"
