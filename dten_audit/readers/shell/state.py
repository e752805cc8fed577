"""What a script has set so far: variables, functions, working folder, options."""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.model.facts.commands import Guard
from dten_audit.readers.shell.nodes import Function
from dten_audit.readers.shell.tables import wrappers
from dten_audit.readers.shell.values import Array, Choice, Field, Source, Value, unknown

MAX_OPTIONS: Final = 6
"""How many values a variable may have in exclusive branches; with more, it counts as unknown."""
_COPIES: Final = 16
_COPIES_FLOOR: Final = 400_000
_MARK_COST: Final = 8


class Procedure(NamedTuple):
    """A shell function and the text it stands in."""

    definition: Function
    source: Source


class Frame:
    """A function call in progress; ``source`` and ``offset`` are the call site."""

    __slots__ = ("name", "offset", "positional", "saved", "serial", "source")

    def __init__(
        self,
        serial: int,
        name: str,
        positional: tuple[Field, ...] | None,
        source: Source,
        offset: int,
    ) -> None:
        self.serial = serial
        self.name = name
        self.positional = positional
        self.source = source
        self.offset = offset
        self.saved: dict[str, Value | None] = {}


class Outcome(NamedTuple):
    """What a branch has changed, and the tests that lead into it."""

    changes: dict[str, Value | None]
    guards: tuple[Guard, ...]


class Allowance:
    """How many characters may still be copied out of variables.

    A script can double a variable in each line: what would take gigabytes stays a name.
    """

    __slots__ = ("left",)

    def __init__(self, size: int) -> None:
        self.left = _COPIES * size + _COPIES_FLOOR

    def take(self, value: Field) -> bool:
        """Charge a copy of a value; False once the allowance is used up."""
        self.left -= len(value.text) + _MARK_COST * len(value.marks) + 1
        return self.left >= 0


class State:
    """Variables with a journal, so that a branch can be undone at the cost of its own changes.

    ``live_frames`` are the serial numbers of the calls in progress. All states of a run share them
    and the allowance. ``exports`` counts the changes of what is exported.
    """

    __slots__ = (
        "_journal", "allowance", "choices", "errexit", "exported", "exports", "folder", "frames",
        "functions", "live_frames", "pipefail", "positional", "variables",
    )  # fmt: skip

    def __init__(self, live_frames: set[int], allowance: Allowance) -> None:
        self.live_frames = live_frames
        self.allowance = allowance
        self.variables: dict[str, Value] = {}
        self._journal: list[tuple[str, Value | None]] = []
        self.choices = 0
        self.exported: dict[str, None] = {}
        self.exports = 0
        self.functions: dict[str, tuple[Procedure, ...]] = {}
        self.frames: list[Frame] = []
        self.positional: tuple[Field, ...] | None = None
        self.folder = ""
        self.errexit = False
        self.pipefail = False

    # variables

    def set(self, name: str, value: Value | None) -> None:
        """Set a variable, or unset it with None."""
        old = self.variables.get(name)
        self._journal.append((name, old))
        if value is None:
            self.variables.pop(name, None)
        else:
            self.variables[name] = value
        self.choices += (type(value) is Choice) - (type(old) is Choice)
        self.exports += name in self.exported

    def export(self, name: str) -> None:
        """Export a variable."""
        self.exported[name] = None
        self.exports += 1

    def unexport(self, name: str) -> None:
        """No longer export a variable."""
        self.exported.pop(name, None)
        self.exports += 1

    def local(self, name: str) -> None:
        """Make a variable local to the current function call."""
        if self.frames and name not in self.frames[-1].saved:
            self.frames[-1].saved[name] = self.variables.get(name)

    def live(self, frame: int) -> int:
        """Return a frame's number if its call is still in progress, else 0."""
        return frame if frame in self.live_frames else 0

    @property
    def arguments(self) -> tuple[Field, ...] | None:
        """The positional parameters; None where they are unknown."""
        return self.frames[-1].positional if self.frames else self.positional

    @arguments.setter
    def arguments(self, value: tuple[Field, ...] | None) -> None:
        if self.frames:
            self.frames[-1].positional = value
        else:
            self.positional = value

    # branches

    def mark(self) -> int:
        """Return a point to go back to."""
        return len(self._journal)

    def undo(self, mark: int) -> dict[str, Value | None]:
        """Go back to a mark; return what had been changed since, with the last values."""
        changes: dict[str, Value | None] = {}
        while len(self._journal) > mark:
            name, old = self._journal.pop()
            current = self.variables.get(name)
            changes.setdefault(name, current)
            self.choices += (type(old) is Choice) - (type(current) is Choice)
            self.exports += name in self.exported
            if old is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = old
        return changes

    def merge(self, outcomes: list[Outcome]) -> None:
        """Set what holds after exclusive branches."""
        names = {name for outcome in outcomes for name in outcome.changes}
        for name in sorted(names):
            before = self.variables.get(name)
            options = [(outcome.changes.get(name, before), outcome.guards) for outcome in outcomes]
            self.set(name, _merged(name, options))

    def forget(self, names: frozenset[str]) -> None:
        """Make variables unknown that a loop may change."""
        for name in names:
            if name in self.variables:
                self.set(name, unknown(name))


def _merged(name: str, options: list[tuple[Value | None, tuple[Guard, ...]]]) -> Value | None:
    first = options[0][0]
    if all(_same(value, first) for value, _ in options[1:]):
        return first
    known: list[tuple[Field | Array, tuple[Guard, ...]]] = []
    doubtful = False
    for value, guards in options:
        if isinstance(value, Choice):
            known += [(option, guards + own) for option, own in value.options]
        elif value is None or (isinstance(value, Field) and not value.known):
            doubtful = True
        else:
            known.append((value, guards))
    if doubtful:
        known = [(value, own) for value, own in known if not _is_empty(value)]
    if any(_decorates(value) for value, _ in known):
        return unknown(name)
    if doubtful and len(known) == 1 and _wraps(known[0][0]):
        return Choice(((Field(""), ()), known[0]))
    distinct = {_text(value): (value, guards) for value, guards in reversed(known)}
    if not distinct or len(distinct) > MAX_OPTIONS:
        return unknown(name)
    if len(distinct) == 1:
        value, _ = next(iter(distinct.values()))
        return value._replace(certainty="resolved") if isinstance(value, Field) else value
    return Choice(tuple(reversed(distinct.values())))


def _same(one: Value | None, other: Value | None) -> bool:
    if one is None or other is None or type(one) is not type(other):
        return one is other
    if isinstance(one, Choice):
        return one == other
    return _text(one) == _text(other)


def _text(value: Value) -> tuple[str, ...]:
    if isinstance(value, Field):
        return (value.text,)
    if isinstance(value, Array):
        return ("", *(item.text for item in value.items))
    return ()


def _decorates(value: Field | Array) -> bool:
    """Say whether a value colours messages on a terminal: which one is of no interest."""
    return isinstance(value, Field) and "\x1b" in value.text


def _wraps(value: Field | Array) -> bool:
    """Say whether a value is a wrapper: without it, the variable is nothing but empty."""
    words = value.text.split() if isinstance(value, Field) else []
    return bool(words) and words[0].rpartition("/")[2] in wrappers()


def _is_empty(value: Field | Array) -> bool:
    return not (value.text if isinstance(value, Field) else value.items)
