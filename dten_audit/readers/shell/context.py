"""What surrounds a command while a script is walked through: streams, wrappers, tests."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from dten_audit.model.facts.commands import Failure, Layer, Redirection, Word
from dten_audit.readers.shell.values import Field


class Ending(IntEnum):
    """How a list of commands goes on, the stronger the higher."""

    NEXT = 0
    BREAK = 1
    RETURN = 2
    EXIT = 3


class Input:
    """What stands on a standard input; ``used`` once a program that runs or keeps it is seen.

    ``frame`` is the serial number of the function call that it is given to, or 0. ``decoded`` names
    what a text that is not known was decoded from, if it was.
    """

    __slots__ = ("decoded", "frame", "text", "used")

    def __init__(self, text: Field | None, decoded: str = "") -> None:
        self.text = text
        self.decoded = decoded or (text.decoded if text is not None else "")
        self.used = False
        self.frame = 0


class Printed(list["Field | None"]):
    """What is printed into a pipe, a file or a substitution, None standing for something unknown.

    ``whole``: one unknown part makes all of it unknown, as in a substitution. ``never`` counts the
    parts that no script tells, whatever is known of its variables: what most programs print.
    """

    __slots__ = ("never", "whole")

    def __init__(self, *, whole: bool = False) -> None:
        super().__init__()
        self.whole = whole
        self.never = 0

    def add_unknown(self) -> None:
        """Add what no script tells."""
        self.append(None)
        self.never += 1


class Context(NamedTuple):
    """What a command inherits from the constructs around it.

    ``capture`` collects what is printed; without it, output goes elsewhere. ``failure`` is set
    where ``|| …`` decides it; ``tested`` in conditions.
    """

    layers: tuple[Layer, ...] = ()
    deferred: bool = False
    stdin: Input | None = None
    feeds: tuple[tuple[Word, ...], ...] = ()
    redirections: tuple[Redirection, ...] = ()
    capture: Printed | None = None
    failure: Failure | None = None
    tested: bool = False


def in_test(context: Context, failure: Failure | None = None) -> Context:
    """Return the context of a condition, whose failure decides what runs."""
    layers, deferred, stdin, feeds, redirections, capture, _, _ = context
    return Context(layers, deferred, stdin, feeds, redirections, capture, failure, tested=True)


class Streams(NamedTuple):
    """A command's redirections: ``target`` is the file of its standard output, if any.

    ``append`` says that it adds to that file.
    """

    redirections: tuple[Redirection, ...]
    stdin: Input | None
    feeds: tuple[tuple[Word, ...], ...]
    own_stdin: bool
    target: Field | None
    captured: bool
    append: bool = False


class Run(NamedTuple):
    """Expanded words about to run.

    ``layers`` are the wrappers peeled off so far; ``in_shell`` says that none of them has left the
    shell, so that functions are still seen.
    """

    argv: list[Field]
    offset: int
    streams: Streams
    environment: tuple[tuple[str, Field], ...] = ()
    layers: tuple[Layer, ...] = ()
    in_shell: bool = True
    deferred: bool = False
