"""Facts that any reader may state."""

from __future__ import annotations

from typing import Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location

ScriptRole = Literal[
    "script",
    "maintainer",
    "removal",
    "container-build",
    "build",
    "ci",
    "test",
    "example",
    "documentation",
    "library",
]
"""What a script of a package is for. ``script`` is run on the user's hosts; ``maintainer`` is run
there as root by a package manager; ``removal`` takes the product away; ``build`` makes the product
out of its sources; ``library`` is code that others may use, but that nothing in the package is seen
to; the others are not run there as they stand."""


class Unreadable(NamedTuple):
    """A part of a document that its reader could not make sense of, and why.

    ``guessed``: only the text suggested the language; neither ``#!``, nor name or mode says it.
    """

    at: Location
    language: str
    reason: str
    certainty: Certainty = "exact"
    guessed: bool = False

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.language} {self.reason}"


class UnreadPart(NamedTuple):
    """An unreadable part, knowing what its file is for.

    ``role`` is ``script`` as well where another script of the package runs the file, wherever it
    lies. ``compiles``: by its name it is a script of GNU's build system, and nothing runs it but
    to compile.
    """

    at: Location
    language: str
    reason: str
    certainty: Certainty = "exact"
    guessed: bool = False
    role: ScriptRole = "script"
    compiles: bool = False

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.language} {self.reason}"
