"""A declared resource, the context that it runs in, and the values of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.commands import Failure, Guard, Layer, Word
from dten_audit.readers.config.yaml_nodes import Node

_RANK: Final[dict[Certainty, int]] = {"exact": 0, "resolved": 1, "computed": 2}


def weakest(values: Iterable[Certainty]) -> Certainty:
    """Return the least sure of some certainties; exact for none."""
    return max(values, key=_RANK.__getitem__, default="exact")


class Value(NamedTuple):
    """A value as written, computed parts as ``${name}``.

    ``node`` is the YAML scalar that it is, if it is one: it knows the lines of a folded text.
    ``lines`` are those of its text, the last counting on. ``unknown`` are the names of its
    computed parts; ``raw`` is the text with its template expressions, where it has any.
    """

    text: str
    certainty: Certainty
    line: int
    column: int = 1
    lines: tuple[int, ...] = ()
    node: Node | None = None
    unknown: tuple[str, ...] = ()
    raw: str = ""

    @property
    def word(self) -> Word:
        """The value as an argument."""
        return Word(self.text, self.certainty)


class Context(NamedTuple):
    """What a resource inherits from what it stands in.

    ``folder`` is the folder of the commands that it runs. ``files`` and ``templates`` are the
    folders in which the files that it names are looked for.
    """

    layers: tuple[Layer, ...] = ()
    guards: tuple[Guard, ...] = ()
    failure: Failure = "stops"
    called: bool = True
    environment: tuple[tuple[str, Word], ...] = ()
    function: str = ""
    folder: str = ""
    files: str = ""
    templates: str = ""


class Resource(NamedTuple):
    """A module call or resource: its type's short name, parameters, and where it stands."""

    type: str
    parameters: Mapping[str, tuple[Value, ...]]
    line: int
    column: int = 1

    def first(self, name: str) -> Value | None:
        """Return the first value of a parameter; None where it is not given."""
        values = self.parameters.get(name, ())
        return values[0] if values else None

    def text(self, name: str) -> str:
        """Return a parameter's text where it is known, else nothing."""
        value = self.first(name)
        return value.text if value is not None and value.certainty != "computed" else ""
