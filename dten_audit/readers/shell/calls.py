"""Function calls and shell texts: bound to their parameters, walked through in place."""

from __future__ import annotations

from typing import Final

from dten_audit.documents.document import Document
from dten_audit.readers.shell.conditions import Tested
from dten_audit.readers.shell.context import Ending, Run, Streams
from dten_audit.readers.shell.nodes import (
    COMPOUND,
    AndOr,
    Body,
    Function,
    Group,
    If,
    Literal,
    Node,
    Parameter,
    Redirect,
    Simple,
    Substitution,
)
from dten_audit.readers.shell.record import placed
from dten_audit.readers.shell.state import Frame, Procedure, State
from dten_audit.readers.shell.syntax import Parser
from dten_audit.readers.shell.tables import message_names, stop_names
from dten_audit.readers.shell.values import Field, Source, outermost, plain
from dten_audit.readers.shell.walk import Walk
from dten_audit.readers.shell.wrappers import Peeled

MAX_CALLS: Final = 12
"""How deep functions may call each other."""
MAX_NESTED: Final = 8
"""How deep shell texts may stand in each other (``ssh host "sh -c '…'"``)."""
_PRINTING: Final = frozenset(("echo", "printf", "true", ":"))
_LEAVING: Final = frozenset(("exit", "return"))
_LOOK_DEPTH: Final = 4
_TEXT_ALLOWANCE: Final = 8
_TEXT_FLOOR: Final = 200_000


class Calls(Walk):
    """Calls of functions, and of texts by ``eval``, ``sh -c``, ``ssh`` and their kin."""

    def __init__(self, document: Document, commands: int) -> None:
        super().__init__(document, commands)
        self.nested = 0
        self.text_left = _TEXT_ALLOWANCE * len(document.text) + _TEXT_FLOOR
        self._parsed: dict[str, Body] = {}
        self._exiting: dict[int, bool] = {}
        self._harmless: dict[int, bool] = {}
        self._messages: dict[int, bool] = {}

    def streams(self, redirects: tuple[Redirect, ...]) -> Streams:
        """Expand redirections."""
        raise NotImplementedError

    def call(self, procedures: tuple[Procedure, ...], run: Run) -> Ending:
        """Walk through a function with its parameters bound."""
        name = run.argv[0].text
        if any(frame.name == name for frame in self.chain):
            return Ending.NEXT
        size = sum(p.definition.size for p in procedures if id(p.definition) in self.visited)
        if len(self.chain) >= MAX_CALLS or not self.charge(size):
            self.gap(run.offset, "more calls of functions than are followed")
            return Ending.NEXT
        if self._says(procedures, run):
            return Ending.NEXT
        self._push(name, run)
        saved, source = (self.context, self.guards, self.lasting), self.source
        self.lasting = ()
        self.context = self.context._replace(
            stdin=run.streams.stdin,
            feeds=run.streams.feeds,
            redirections=run.streams.redirections,
            layers=self.context.layers + run.layers,
            capture=self.context.capture if run.streams.captured else None,
        )
        for variable, value in run.environment:
            self.state.set(variable, value)
        ending = Ending.NEXT
        for procedure in procedures:
            self.visited.add(id(procedure.definition))
            self.switch_source(procedure.source)
            ending = self.body((procedure.definition.body,))
        self.switch_source(source)
        self._pop()
        self.context, self.guards, lasting = saved
        gained, self.lasting = self.lasting, lasting
        self.gain(gained, lasting=True)
        return Ending.EXIT if ending is Ending.EXIT and len(procedures) == 1 else Ending.NEXT

    def _says(self, procedures: tuple[Procedure, ...], run: Run) -> bool:
        """State a further call of a function that only prints as what it comes to, one ``echo``."""
        definition, source = procedures[0]
        if len(procedures) > 1 or id(definition) not in self.visited:
            return False
        if run.streams.captured or run.streams.target is not None or run.streams.stdin is not None:
            return False
        if not self._is_message(definition):
            return False
        self._push(definition.name, run)
        previous = self.source
        self.switch_source(source)
        arguments = list(self.state.arguments or ())
        self.state_command(Run([plain("echo"), *arguments], definition.offset, run.streams))
        self.switch_source(previous)
        self._pop()
        return True

    def _is_message(self, definition: Function) -> bool:
        known = self._messages.get(id(definition))
        if known is None:
            body = definition.body
            nodes = body.body if isinstance(body, Group) and not body.redirects else ()
            known = self._messages[id(definition)] = bool(nodes) and all(map(_prints, nodes))
        return known

    def _push(self, name: str, run: Run) -> None:
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

    def _pop(self) -> None:
        frame = self.state.frames.pop()
        self.chain.pop()
        self.live_frames.discard(frame.serial)
        self.repeats -= 1
        for name, old in frame.saved.items():
            self.state.set(name, old)

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
        self._walk_text(code, peeled, run)
        if self.stated == before:
            argv = [*peeled.used, code]
            self.state_command(run._replace(argv=argv, layers=run.layers[:-1]))
        return Ending.NEXT

    def _walk_text(self, code: Field, peeled: Peeled, run: Run) -> None:
        body = self._parse(code, run.offset)
        if not body:
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
        code = self._in_library(code, run.offset)
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
        text = code.text
        body = self._parsed.get(text)
        if body is None:
            self.text_left -= len(text)
            if self.nested >= MAX_NESTED or self.text_left < 0:
                self.gap(offset, "more shell text inside texts than is read")
                return ()
            parser = Parser(text)
            body = self._parsed[text] = parser.script()
            if parser.shared.problems and code.known:
                self.gap(offset, parser.shared.problems[0].reason)
        return body

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

    # what functions mean to conditions and to failures

    def predicate(self, fields: list[Field]) -> Tested | None:
        procedures = self.state.functions.get(fields[0].text) if fields[0].known else None
        if procedures is None or len(procedures) != 1 or len(self.chain) >= MAX_CALLS:
            return None
        name = fields[0].text
        definition, source = procedures[0]
        if any(frame.name == name for frame in self.chain) or not self.charge(definition.size):
            return None
        body = definition.body
        statements = body.body if isinstance(body, Group) else (body,)
        self._push(name, Run(fields, definition.offset, self.streams(())))
        previous = self.source
        self.switch_source(source)
        found = self._succeeds(statements)
        self.switch_source(previous)
        self._pop()
        return found

    def _succeeds(self, statements: Body) -> Tested | None:
        """Return what a function's success tells, where its end is a test or a plain return."""
        true: tuple[Tested, ...] = ()
        last = statements[-1] if statements else None
        for node in statements[:-1]:
            early = self._early_return(node, last)
            if early is not None:
                true = (*true, early)
        end = None
        code = _returned(last) if last is not None else None
        if isinstance(last, If):
            end = self._returns_by_branch(last)
        elif code is None and last is not None:
            end = self.conditions.of(last)
        if code is not None and len(true) == 1:
            return true[0]
        if end is None:
            return true[0] if len(true) == 1 else None
        return Tested(sum((part.true for part in true), end.true), () if true else end.false)

    def _early_return(self, node: Node, last: Node | None) -> Tested | None:
        """Return what holds where the function did not leave at ``node`` with another result."""
        if isinstance(node, AndOr):
            operator, right = node.rest[-1]
            code = _returned(right)
            left = AndOr(node.first, node.rest[:-1], node.offset) if node.rest[1:] else node.first
            tested = self.conditions.tells(left)
            tested = tested if operator == "||" else tested.inverted
        elif isinstance(node, If) and not node.otherwise:
            code = _returned(node.then[-1]) if node.then else None
            tested = self.conditions.of_body(node.condition).inverted
        else:
            return None
        if code is None:
            return None
        if code == 0:
            ends_false = last is not None and _returned(last) not in (None, 0)
            return tested.inverted if ends_false else None
        return tested

    def _returns_by_branch(self, node: If) -> Tested | None:
        tested = self.conditions.of_body(node.condition)
        then = _returned(node.then[-1]) if node.then else None
        other = _returned(node.otherwise[-1]) if node.otherwise else None
        if then == 0 and other not in (0, None):
            return tested
        if other == 0 and then not in (0, None):
            return tested.inverted
        return None

    def ends(self, node: Node, depth: int = _LOOK_DEPTH) -> bool:
        """Say whether a command leaves the function or the script, seen from outside."""
        if depth == 0:
            return False
        if isinstance(node, Group):
            return bool(node.body) and not node.subshell and self.ends(node.body[-1], depth - 1)
        if isinstance(node, If):
            return all(
                branch and self.ends(branch[-1], depth - 1)
                for branch in (node.then, node.otherwise)
            )
        if not isinstance(node, Simple) or not node.words:
            return False
        name = node.words[0].text or ""
        if name in _LEAVING:
            return True
        procedures = self.state.functions.get(name)
        if procedures is None:
            return name in stop_names()
        return all(self._always_exits(p, depth - 1) for p in procedures)

    def _always_exits(self, procedure: Procedure, depth: int) -> bool:
        key = id(procedure.definition)
        if key not in self._exiting:
            self._exiting[key] = False
            self._exiting[key] = self._exits(procedure.definition.body, depth)
        return self._exiting[key]

    def _exits(self, node: Node, depth: int) -> bool:
        if isinstance(node, Simple) and node.words and node.words[0].text == "return":
            return False
        if isinstance(node, Group) and node.body:
            return depth > 0 and self._exits(node.body[-1], depth - 1)
        return self.ends(node, depth)

    def is_harmless(self, node: Node, depth: int = _LOOK_DEPTH) -> bool:
        """Say whether a command only prints or does nothing."""
        if depth == 0:
            return False
        if isinstance(node, Group):
            return all(self.is_harmless(inner, depth - 1) for inner in node.body)
        if not isinstance(node, Simple) or not node.words:
            return isinstance(node, Simple)
        name = node.words[0].text or ""
        procedures = self.state.functions.get(name)
        if procedures is not None:
            return all(self._only_prints(p, depth - 1) for p in procedures)
        return name in ("true", ":", "local") or name in message_names()

    def _only_prints(self, procedure: Procedure, depth: int) -> bool:
        key = id(procedure.definition)
        if key not in self._harmless:
            self._harmless[key] = False
            self._harmless[key] = self.is_harmless(procedure.definition.body, depth)
        return self._harmless[key]

    def ending_of(self, name: str) -> Ending:
        """Return how the script goes on after a program: library functions that stop end it."""
        if name in stop_names() and name not in self.state.functions:
            return Ending.EXIT
        return Ending.NEXT


def _returned(node: Node) -> int | None:
    """Return the number that ``return`` or ``exit`` gives back; None for anything else."""
    if isinstance(node, Group) and node.body and not node.subshell:
        return _returned(node.body[-1])
    if not isinstance(node, Simple) or not node.words or node.words[0].text not in _LEAVING:
        if isinstance(node, Simple) and node.words and node.words[0].text in ("true", "false"):
            return int(node.words[0].text == "false")
        return None
    text = node.words[1].text if len(node.words) > 1 else None
    return int(text) if text is not None and text.isdigit() and len(text) < 4 else None  # noqa: PLR2004 (an exit status has three digits)


def _prints(node: Node) -> bool:
    """Say whether a command prints its arguments and does nothing else."""
    if not isinstance(node, Simple) or node.assignments or node.name not in _PRINTING:
        return False
    if any(redirect.operator != ">&" for redirect in node.redirects):
        return False
    runs = [part for shape in node.words if shape.runs for part in shape.parts]
    return all(
        isinstance(part, Literal)
        or (isinstance(part, Parameter) and part.operand is None)
        or (isinstance(part, Substitution) and part.source.startswith("$(date"))
        for part in runs
    )


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
