"""What every fact has in common, and how its type is named."""

from __future__ import annotations

import re
from typing import Literal, Protocol

from dten_audit.model.location import Location

Certainty = Literal["exact", "resolved", "computed"]
"""exact: stands there; resolved: follows from it; computed: known only at run time."""

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Fact(Protocol):
    """A typed, immutable statement of one document, or one derived from several.

    Facts are ``NamedTuple`` classes: they cost nothing to define, compare by value and pickle well.
    """

    @property
    def at(self) -> Location:
        """Where it stands."""

    @property
    def certainty(self) -> Certainty:
        """How surely it was read."""

    @property
    def subject(self) -> str:
        """What it is about (this job, this unit, this statement), without line numbers.

        Rules that judge the same subject supersede each other; fingerprints are built from it.
        """


def fact_type(fact: type[Fact] | Fact) -> str:
    """Return the name that rules use: ``SchemaChange`` is ``schema_change``."""
    cls = fact if isinstance(fact, type) else type(fact)
    return _WORD.sub("_", cls.__name__).lower()
