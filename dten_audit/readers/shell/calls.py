"""Function calls and shell texts: bound to their parameters, walked through in place."""

from __future__ import annotations

from typing import Final

from dten_audit.documents.document import Document
from dten_audit.readers.shell.context import Context, Ending, Run
from dten_audit.readers.shell.meanings import MAX_CALLS, Meanings
from dten_audit.readers.shell.nodes import (
    COMPOUND,
    Body,
    Function,
    Node,
    Simple,
    Substitution,
)
from dten_audit.readers.shell.record import at_its_use, placed
from dten_audit.readers.shell.state import Frame, Procedure, State
from dten_audit.readers.shell.syntax import Parser
from dten_audit.readers.shell.values import Field, Source, Value, outermost, plain
from dten_audit.readers.shell.wrappers import Peeled

MAX_NESTED: Final = 8
"""How deep shell texts may stand in each other (``ssh host "sh -c '…'"``)."""
MAX_AGAIN: Final = 4_000
"""So many commands are walked through in texts that have been walked through before."""
AGAIN: Final = "more calls of functions than are followed"
_TEXT_ALLOWANCE: Final = 8
_TEXT_FLOOR: Final = 200_000
_MOST_TEXT: Final = 2_000_000
_MOST_PRINTED: Final = 1_000
_Values = dict[str, Value | None]


class Calls(Meanings):
    """Calls of functions, and of texts by ``eval``, ``sh -c``, ``ssh`` and their kin."""

    def __init__(self, document: Document, commands: int) -> None:
        super().__init__(document, commands)
        self.nested = 0
        self.text_left = min(_TEXT_ALLOWANCE * len(document.text) + _TEXT_FLOOR, _MOST_TEXT)
        self.again_left = MAX_AGAIN
        self._walked_texts: set[tuple[str, tuple[str, int, int] | None]] = set()
        self._parsed: dict[str, tuple[Body, int]] = {}
        self._walked: dict[int, tuple[Ending, _Values]] = {}
        self._untold: set[int] = set()
        self._printed: dict[
            tuple[int, tuple[Field, ...], str], tuple[_Values, list[Field | None]]
        ] = {}

    def call(self, procedures: tuple[Procedure, ...], run: Run) -> Ending:
        """Walk through a function with its parameters bound."""
        name = run.argv[0].text
        if any(frame.name == name for frame in self.chain):
            return Ending.NEXT
        said = self._says(procedures, run)
        if said is not None:
            return said
        size = sum(p.definition.size for p in procedures if id(p.definition) in self.visited)
        if len(self.chain) >= MAX_CALLS or not self.charge(size):
            self.gap(run.offset, AGAIN)
            return Ending.NEXT
        self.push(name, run)
        if run.streams.stdin is not None and not run.streams.stdin.frame:
            run.streams.stdin.frame = self.serial
        saved, source = (self.context, self.guards, self.lasting), self.source
        capture = self.context.capture
        before = (0, 0) if capture is None else (len(capture), capture.never)
        self.lasting = ()
        self.context = self._called_in(run)
        for variable, value in run.environment:
            self.state.set(variable, value)
        ending = Ending.NEXT
        for procedure in procedures:
            self.visited.add(id(procedure.definition))
            self.switch_source(procedure.source)
            ending = self.body((procedure.definition.body,))
        self.switch_source(source)
        self.pop()
        self.context, self.guards, lasting = saved
        gained, self.lasting = self.lasting, lasting
        self.gain(gained, lasting=True)
        ending = Ending.EXIT if ending is Ending.EXIT and len(procedures) == 1 else Ending.NEXT
        self._note_walk(procedures[0], run, ending, before)
        return ending

    def _called_in(self, run: Run) -> Context:
        """Return what a function finds around it that is called so."""
        return self.context._replace(
            stdin=run.streams.stdin,
            feeds=run.streams.feeds,
            redirections=run.streams.redirections,
            layers=self.context.layers + run.layers,
            capture=self.context.capture if run.streams.captured else None,
        )

    def _note_walk(
        self, procedure: Procedure, run: Run, ending: Ending, before: tuple[int, int]
    ) -> None:
        """Note how a call ended, what it printed, and the variables that the function deals with.

        ``before`` is how much had been printed until then, and how much of it nobody can know.
        """
        message = self.messages.message(procedure)
        if message is None:
            return
        key, get = id(procedure.definition), self.state.variables.get
        self._walked[key] = ending, {name: get(name) for name in message.sets}
        capture = self.context.capture
        if capture is not None and run.streams.captured and len(self._printed) < _MOST_PRINTED:
            read = {name: get(name) for name in message.reads}
            arguments = (key, tuple(run.argv[1:]), self.state.folder)
            self._printed[arguments] = read, capture[before[0] :]
            if capture.never > before[1]:
                self._untold.add(key)

    def _says(self, procedures: tuple[Procedure, ...], run: Run) -> Ending | None:
        """State a further call of a function that only prints as what it comes to, one ``echo``.

        None where the call may come to something else.
        """
        definition, source = procedures[0]
        walked = self._walked.get(id(definition))
        if walked is None or len(procedures) > 1:
            return None
        if run.environment or run.streams.target is not None or run.streams.stdin is not None:
            return None
        ending, values = walked
        if not self._holds(values) or self.messages.message(procedures[0]) is None:
            return None
        if run.streams.captured and not self._printed_again(definition, run):
            return None
        if len(run.argv) > 1:
            self.push(definition.name, run)
            previous = self.source
            self.switch_source(source)
            arguments = list(self.state.arguments or ())
            self.state_command(Run([plain("echo"), *arguments], definition.offset, run.streams))
            self.switch_source(previous)
            self.pop()
        return ending

    def _printed_again(self, definition: Function, run: Run) -> bool:
        """Print what the same call has printed before; False where that may differ.

        What no call of the function tells makes the whole of a substitution unknown.
        """
        capture = self.context.capture
        if capture is not None and capture.whole and id(definition) in self._untold:
            capture.add_unknown()
            return True
        known = self._printed.get((id(definition), tuple(run.argv[1:]), self.state.folder))
        if known is None or capture is None or not self._holds(known[0]):
            return False
        capture.extend(known[1])
        return True

    def forget_messages(self) -> None:
        """Find out anew which functions only print, and what: one has been replaced by another."""
        self.messages.forget()
        self._untold.clear()

    def _holds(self, values: _Values) -> bool:
        get = self.state.variables.get
        return all(get(name) == value for name, value in values.items())

    def uncalled(self) -> None:
        """Walk once through functions that nothing has called, their parameters unknown."""
        self.reached = self.dynamic and self.reached
        waiting = [p for p in self.defined if id(p.definition) not in self.visited]
        mentioned: set[str] = set()
        for procedure in waiting:
            mentioned |= set(_mentions(procedure.definition.body)) - {procedure.definition.name}
        for first in (True, False):
            for procedure in waiting:
                if id(procedure.definition) in self.visited:
                    continue
                if not first or procedure.definition.name not in mentioned:
                    self._alone(procedure)

    def _alone(self, procedure: Procedure) -> None:
        self.visited.add(id(procedure.definition))
        self.switch_source(procedure.source)
        definition = procedure.definition
        frame = Frame(0, definition.name, None, procedure.source, definition.offset)
        self.state.frames.append(frame)
        self.chain.append(frame)
        self.repeats += 1
        mark, saved = self.state.mark(), (self.guards, self.lasting, self.state.folder, self.locks)
        self.body((definition.body,))
        self.state.undo(mark)
        self.guards, self.lasting, self.state.folder, self.locks = saved
        self.repeats -= 1
        self.chain.pop()
        self.state.frames.pop()

    # shell texts

    def code(self, peeled: Peeled, run: Run) -> Ending:
        """Walk through the shell text that a wrapper runs; state the wrapper where it has none."""
        code = peeled.code
        assert code is not None
        before = self.stated
        self.encoded(code, "shell", run, peeled.tool)
        self._walk_text(code, peeled, run)
        if self.stated == before:
            argv = [*peeled.used, code]
            self.state_command(run._replace(argv=argv, layers=run.layers[:-1]))
        return Ending.NEXT

    def _walk_text(self, code: Field, peeled: Peeled, run: Run) -> None:
        body = self._parse(code, run.offset)
        if not body:
            return
        if not code.known and _is_output(body):
            self.state_command(run._replace(argv=[code]))
            return
        saved = self.context, self.source, self.state, self.guards, self.lasting
        self.context = self.context._replace(
            layers=self.context.layers + run.layers,
            deferred=self.context.deferred or run.deferred,
            stdin=run.streams.stdin,
            feeds=run.streams.feeds,
            redirections=run.streams.redirections,
        )
        frame = code.frame
        code = at_its_use(self._in_library(code, run.offset), self.source, run.offset)
        self.switch_source(Source(code.text, self.source.document, code.marks))
        if peeled.tool != "eval" and peeled.wrapper.layer != "deferred":
            stops = self.state.errexit and len(body) == 1
            self.switch_state(self._fresh_state(peeled, run))
            self.state.errexit = stops
        self.nested += 1
        text_frame, self.text_frame = self.text_frame, outermost(self.text_frame, frame)
        self.body(body)
        self.text_frame = text_frame
        self.nested -= 1
        self.context, source, state, self.guards, self.lasting = saved
        self.switch_source(source)
        self.switch_state(state)

    def _in_library(self, code: Field, offset: int) -> Field:
        """Return a text with marks of one document only: its own, or that of the place of use."""
        code = placed(code, self.source, offset)
        origin = code.marks[0].source.origin
        if all(mark.source.origin is origin for mark in code.marks):
            return code
        return placed(code._replace(marks=()), self.source, offset)

    def _parse(self, code: Field, offset: int) -> Body:
        """Return a text's commands; nothing where it may not be walked through (once more)."""
        text = code.text
        known = self._parsed.get(text)
        if known is not None:
            if not self._may_walk(code, known[1]):
                self.gap(offset, AGAIN)
                return ()
            return known[0]
        self.text_left -= len(text)
        if self.nested >= MAX_NESTED or self.text_left < 0:
            self.gap(offset, "more shell text inside texts than is read")
            return ()
        parser = Parser(text)
        body = parser.script()
        self._parsed[text] = body, parser.shared.commands
        self._may_walk(code, 0)
        if parser.shared.problems and code.known:
            self.gap(offset, parser.shared.problems[0].reason)
        return body

    def _may_walk(self, code: Field, commands: int) -> bool:
        """Charge a text that was walked through before: the very one, where its place is known."""
        mark = code.marks[0] if code.marks else None
        written = (
            None if mark is None else (mark.source.origin.id, *mark.source.position(mark.offset))
        )
        if (code.text, written) in self._walked_texts:
            self.again_left -= commands
        self._walked_texts.add((code.text, written))
        return self.again_left >= 0

    def _fresh_state(self, peeled: Peeled, run: Run) -> State:
        """Return the state of a new shell: what is exported, for shells of this host and user."""
        state = State(self.live_frames, self.state.allowance)
        state.folder = self.state.folder if peeled.wrapper.layer == "shell" else ""
        arguments = peeled.code_arguments[1:]
        state.positional = arguments if peeled.code_arguments else None
        if peeled.wrapper.layer == "shell":
            for name in self.state.exported:
                value = self.state.variables.get(name)
                if value is not None:
                    state.set(name, value)
                if name in self.state.functions:
                    state.functions[name] = self.state.functions[name]
            for name, field in run.environment:
                state.set(name, field)
        return state


def _is_output(body: Body) -> bool:
    """Say whether a text is nothing but what a command prints, which has been run for it."""
    node = body[0]
    if len(body) != 1 or not isinstance(node, Simple) or len(node.words) != 1:
        return False
    parts = node.words[0].parts
    return len(parts) == 1 and isinstance(parts[0], Substitution)


def _mentions(node: Node) -> list[str]:
    """Return the first words of all commands in a tree, without recursion."""
    found: list[str] = []
    waiting: list[object] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Simple):
            if item.words and item.words[0].text:
                found.append(item.words[0].text)
        elif isinstance(item, tuple):
            waiting.extend(item)
        elif isinstance(item, COMPOUND):
            waiting.extend(getattr(item, name) for name in type(item).__slots__)
    return found
