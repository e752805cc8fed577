"""What every step of walking through a script needs: state, places, budget, stating commands."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.commands import Command, Layer, Word
from dten_audit.model.facts.encoded import EncodedText
from dten_audit.model.location import Location
from dten_audit.readers.shell.conditions import Conditions, Guards, Tested
from dten_audit.readers.shell.context import Context, Ending, Input, Run
from dten_audit.readers.shell.decoding import is_text
from dten_audit.readers.shell.expand import Expander
from dten_audit.readers.shell.nodes import Body, Simple, Substitution
from dten_audit.readers.shell.record import Recorder, placed
from dten_audit.readers.shell.state import Allowance, Frame, Procedure, State
from dten_audit.readers.shell.texts import Hints
from dten_audit.readers.shell.values import Field, Source, outermost
from dten_audit.readers.shell.wrappers import base_name

MAX_DEPTH: Final = 80
"""How deep constructs, calls and texts may stand in each other when walked through."""
MAX_GUARDS: Final = 40
"""More tests than this are not kept for one command."""
MAX_START: Final = 80
"""So much of a decoded text is shown."""
MAX_EXPORTED: Final = 100
"""More exported variables than this are not told of each command."""
_REPEATS: Final = 2
_REPEATS_FLOOR: Final = 6_000
_MOST_REPEATS: Final = 12_000
_LIBRARY_REPEATS: Final = 8


class Walk:
    """The state of a walk through one document.

    ``steps`` are the commands that may be walked through more than once: further turns of loops and
    calls of functions are charged before they begin, so that the whole stays linear. ``chain`` are
    the calls in progress, outermost first, across texts built by the script. ``guards`` are the
    tests in force, ``lasting`` those of them that outlive the current function, because the script
    would have ended. ``locks`` are layers of locks taken by file descriptor. ``repeats`` counts
    enclosing turns and calls that may state the same command again. ``text_frame`` is the outermost
    call whose parameters the shell text being read needs. ``reached`` is False in what is only
    defined, or stands behind a final ``exit``.
    """

    max_depth = MAX_DEPTH

    def __init__(self, document: Document, commands: int) -> None:
        self.recorder = Recorder(document)
        self.source = Source(document.text, document)
        self.live_frames: set[int] = set()
        self.state = State(self.live_frames, Allowance(len(document.text)))
        self._exports: tuple[State, int, tuple[tuple[str, Word], ...]] = self.state, 0, ()
        self.context = Context()
        self.chain: list[Frame] = []
        self.guards: Guards = ()
        self.lasting: Guards = ()
        self.locks: tuple[Layer, ...] = ()
        self.steps = min(_REPEATS * commands + _REPEATS_FLOOR, _MOST_REPEATS)
        self.depth = 0
        self.repeats = 0
        self.serial = 0
        self.reached = True
        self.defined: list[Procedure] = []
        self.visited: set[int] = set()
        self.dynamic = False
        self.text_frame = 0
        self.expander = Expander(self.state, self.substitution)
        self.expander.source = self.source
        self.conditions = Conditions(
            self.peek, self.line, lambda name: name in self.state.functions, self.predicate
        )

    # what the other parts provide

    def body(self, body: Body) -> Ending:
        """Run a list."""
        raise NotImplementedError

    def substitution(self, part: Substitution) -> Field | None:
        """Run a substitution; return its known output."""
        raise NotImplementedError

    def predicate(self, fields: list[Field]) -> Tested | None:
        """Return the condition that a call of a function stands for."""
        raise NotImplementedError

    # places

    def line(self, offset: int) -> int:
        """Return the file's line of an offset of the current source."""
        source = self.source
        return source.origin.host_line(source.position(offset)[0])

    def gap(self, offset: int, reason: str) -> None:
        """Note what was not walked through."""
        if self.source.origin is self.recorder.document:
            self.recorder.unreadable(self.source.position(offset)[0], reason, once=True)

    def allow(self, sizes: Iterable[int]) -> None:
        """Add allowance for functions that came with a prelude."""
        self.steps += _LIBRARY_REPEATS * sum(sizes)

    def charge(self, steps: int) -> bool:
        """Take the allowance for going once more through so many commands; False without it."""
        if self.steps < steps:
            return False
        self.steps -= steps
        return True

    def gain(self, guards: Guards, *, lasting: bool) -> None:
        """Note tests that hold from here on, because the other case has left.

        ``lasting``: it has left the whole script, not just the function.
        """
        known = {(guard.kind, guard.subject, guard.holds) for guard in self.guards}
        room = MAX_GUARDS - len(known)
        new = [g for g in guards if (g.kind, g.subject, g.holds) not in known]
        if len(new) > room:
            new = [guard for guard in new if guard.kind != "other"][: max(room, 0)]
        self.guards += tuple(new)
        if lasting:
            self.lasting += tuple(new)

    def forget(self, names: frozenset[str]) -> None:
        """Make unknown what a loop may change."""
        self.state.forget(names)
        if "@" in names:
            self.state.arguments = None

    def peek(self, node: Simple) -> list[Field]:
        """Expand a command's words without running anything; unknown parts as computed."""
        if node.plain:
            return [shape.plain for shape in node.words if shape.plain is not None]
        expander = self.expander
        run, raw = expander.run, expander.parameters.raw
        expander.run, expander.parameters.raw = _nothing, True
        fields = expander.fields(node.words, node.starts)
        expander.run, expander.parameters.raw = run, raw
        return fields

    def switch_source(self, source: Source) -> None:
        """Read from another source from here on."""
        self.source = self.expander.source = source

    def switch_state(self, state: State) -> None:
        """Use another set of variables from here on."""
        self.state = self.expander.state = self.expander.parameters.state = state

    # calls

    def push(self, name: str, run: Run) -> None:
        """Begin a function call, its parameters bound."""
        self.serial += 1
        live = self.state.live
        arguments = tuple(
            field if live(field.frame) else field._replace(frame=self.serial)
            for field in run.argv[1:]
        )
        frame = Frame(self.serial, name, arguments, self.source, run.offset)
        self.state.frames.append(frame)
        self.chain.append(frame)
        self.live_frames.add(self.serial)
        self.repeats += 1

    def pop(self) -> None:
        """End a function call."""
        frame = self.state.frames.pop()
        self.chain.pop()
        self.live_frames.discard(frame.serial)
        self.repeats -= 1
        for name, old in frame.saved.items():
            self.state.set(name, old)

    # stating

    @property
    def stated(self) -> int:
        """How many commands have been stated so far."""
        return len(self.recorder.commands)

    def stated_since(self, before: int) -> tuple[tuple[Word, ...], ...]:
        """Return the words of the commands stated since, the last first."""
        found = [command.argv for command in self.recorder.commands[before:][-8:]]
        return tuple(argv for argv in reversed(found) if argv)

    def anchored(self, text: Field, offset: int) -> Field:
        """Return a text whose place is in one document, if need be where a library is called."""
        text = placed(text, self.source, offset)
        document = self.recorder.document
        if len({id(mark.source.origin) for mark in text.marks}) == 1:
            return text
        for frame in reversed(self.chain):
            if frame.source.origin is document:
                return placed(text._replace(marks=()), frame.source, frame.offset)
        return placed(text._replace(marks=()), Source(document.text, document), 0)

    def embed(
        self,
        kind: str,
        text: Field,
        offset: int,
        path: str = "",
        hints: Hints = (),
        *,
        append: bool = False,
    ) -> str:
        """State an embedded text and return its id; empty for an empty text."""
        if not text.text.strip() or not is_text(text):
            return ""
        text = self.anchored(text, offset)
        return self.recorder.embed(kind, text, path, hints, append=append)

    def encoded(self, text: Field, kind: str, run: Run, runner: str, path: str = "") -> None:
        """State that a text was decoded, if it was, before it is run or written to a file."""
        if text.decoded and is_text(text):
            at, _ = self.places(run, reads=True)
            start = next((line.strip() for line in text.text.split("\n") if line.strip()), "")
            certainty: Certainty = "exact" if text.known else "computed"
            shown = start[:MAX_START] if text.known else ""
            self.recorder.encoded[
                EncodedText(at, text.decoded, kind, runner, path, shown, certainty)
            ] = None

    def places(self, run: Run, *, reads: bool) -> tuple[Location, tuple[Location, ...]]:
        """Return the outermost place where a command's words stand, and the inner ones.

        ``reads``: so does the text that it reads.
        """
        own = self.recorder.location(self.source, run.offset)
        if not self.chain:
            return own, ()
        frame = self.text_frame
        if reads and run.streams.stdin is not None:
            frame = outermost(frame, self.state.live(run.streams.stdin.frame))
        for field in run.argv:
            frame = outermost(frame, field.frame)
        if not frame or frame not in self.live_frames:
            return own, ()
        calls = [call for call in self.chain if call.serial >= frame]
        found = [self.recorder.location(call.source, call.offset) for call in calls]
        return found[0], (*found[1:], own)

    def state_command(
        self,
        run: Run,
        *,
        stdin: str = "",
        documents: tuple[str, ...] = (),
    ) -> None:
        """State a command in the current context."""
        argv, state, context = run.argv, self.state, self.context
        at, via = self.places(run, reads=bool(stdin))
        first = argv[0] if argv else None
        self.recorder.command(
            Command(
                at,
                self.recorder.document.id,
                len(self.recorder.commands),
                base_name(first.text) if first is not None and first.known else "",
                tuple([tuple.__new__(Word, field[:2]) for field in argv]),
                context.layers + self.locks + run.layers,
                self.guards,
                run.streams.redirections,
                self.environment(run) if state.exported or run.environment else (),
                self.chain[-1].name if self.chain else "",
                self.reached,
                context.failure or ("stops" if state.errexit and not context.tested else "default"),
                context.deferred or run.deferred,
                stdin,
                documents,
                run.streams.feeds,
                state.folder,
                via,
                _certainty(run),
            ),
            repeated=self.repeats > 0,
        )

    def environment(self, run: Run) -> tuple[tuple[str, Word], ...]:
        """Return the variables known to be exported, then those set for this command alone."""
        state, exports, found = self._exports
        if state is not self.state or exports != state.exports:
            state = self.state
            values = [
                (name, state.variables.get(name)) for name in islice(state.exported, MAX_EXPORTED)
            ]
            found = tuple([(name, value.word) for name, value in values if type(value) is Field])
            self._exports = state, state.exports, found
        if not run.environment:
            return found
        return found + tuple([(name, value.word) for name, value in run.environment])

    def exported_value(self, name: str) -> tuple[tuple[str, Field], ...]:
        """Return an exported variable, if it is."""
        value = self.state.variables.get(name) if name in self.state.exported else None
        return ((name, value),) if isinstance(value, Field) else ()

    def used(self, stdin: Input | None) -> Field | None:
        """Return the text on a standard input, and note that somebody wants it."""
        if stdin is None or stdin.text is None:
            return None
        stdin.used = True
        return stdin.text


def _certainty(run: Run) -> Certainty:
    """Return how surely a command is one: behind a prefix of unknown value it may be none."""
    if run.layers and any(layer.tool.startswith("$") for layer in run.layers):
        return "computed"
    return run.argv[0].certainty if run.argv else "exact"


def _nothing(_: Substitution) -> Field | None:
    return None
