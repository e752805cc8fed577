"""Runs lists: ``&&`` and ``||`` chains, pipelines, substitutions; branches and what they change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Failure
from dten_audit.readers.shell.conditions import Guards, combined
from dten_audit.readers.shell.context import Context, Ending, Input, Printed, in_test
from dten_audit.readers.shell.decoding import is_text
from dten_audit.readers.shell.nodes import (
    AndOr,
    Background,
    Body,
    Node,
    Not,
    Pipeline,
    Simple,
    Substitution,
)
from dten_audit.readers.shell.simple import SimpleCommands
from dten_audit.readers.shell.state import Outcome
from dten_audit.readers.shell.values import Choice, Field, joined, plain, unknown

MAX_FEEDS: Final = 8
"""How many of the commands that pipe into a command it names."""
_MAX_CHOICES: Final = 3
_WORTH: Final = 100


class Lists(SimpleCommands):
    """How commands are joined.

    ``run_of`` runs a node by its type. ``branches`` counts the branches around.
    """

    run_of: ClassVar[dict[type, Callable[[Any, Any], Ending]]]

    def __init__(self, document: Document, commands: int) -> None:
        super().__init__(document, commands)
        self.branches = 0
        self._choosing = 0

    def branch(self, body: Body, guards: Guards) -> tuple[Outcome, Ending]:
        """Run a list under tests; its changes are undone and returned."""
        if not body:
            return Outcome({}, guards), Ending.NEXT
        mark = self.state.mark()
        saved = self.guards, self.lasting
        self.guards += guards
        self.branches += 1
        ending = self.body(body)
        self.branches -= 1
        self.guards, self.lasting = saved
        return Outcome(self.state.undo(mark), guards), ending

    def isolated(self, body: Body, context: Context) -> Ending:
        """Run a list in a subshell: nothing that it sets lasts."""
        state = self.state
        saved = self.context, self.guards, self.lasting, state.folder, state.errexit, self.locks
        mark = state.mark()
        self.context = context
        ending = self.body(body)
        state.undo(mark)
        self.context, self.guards, self.lasting, state.folder, state.errexit, self.locks = saved
        return ending

    def _under(self, context: Context, node: Node) -> Ending:
        saved, self.context = self.context, context
        ending = self.run_of[type(node)](self, node)
        self.context = saved
        return ending

    def negated(self, node: Not) -> Ending:
        """Run ``! command``."""
        self._under(in_test(self.context), node.command)
        return Ending.NEXT

    def background(self, node: Background) -> Ending:
        """Run ``command &``."""
        self.isolated((node.command,), self.context._replace(capture=None))
        return Ending.NEXT

    def and_or(self, node: AndOr) -> Ending:
        """Run ``a && b || c``."""
        context, failures, last = self.context, self._failures(node), node.rest[-1][1]
        tested = self.conditions.tells(node.first)
        ending = self._under(in_test(context, failures[0]), node.first)
        if ending:
            return ending
        for (operator, right), failure in zip(node.rest, failures[1:], strict=True):
            guards, others = tested if operator == "&&" else tested.inverted
            folder = self.state.folder
            if right is not last:
                self.context = in_test(context, failure)
            outcome, ending = self.branch((right,), guards)
            self.context = context
            if operator == "||":
                self.state.folder = folder
            if ending:
                self.gain(others, lasting=ending is Ending.EXIT)
            else:
                self.state.merge([outcome, Outcome({}, others)])
            if right is not last:
                tested = combined(tested, operator, self.conditions.tells(right))
        return Ending.NEXT

    def _failures(self, node: AndOr) -> list[Failure | None]:
        """Say of each command in a chain what the next ``||`` makes of its failure."""
        found: list[Failure | None] = []
        following = self.context.failure
        for operator, right in reversed(node.rest):
            found.append(following)
            if operator == "||":
                following = self._failure(right)
        found.append(following)
        return found[::-1]

    def _failure(self, right: Node) -> Failure | None:
        """Say what ``|| right`` makes of a failure."""
        if self.ends(right):
            return "stops"
        return "ignored" if self.is_harmless(right) else None

    def pipeline(self, node: Pipeline) -> Ending:
        """Run ``a | b``."""
        context = self.context
        stdin, feeds = context.stdin, context.feeds
        last = len(node.commands) - 1
        ending = Ending.NEXT
        for number, command in enumerate(node.commands):
            inner = context._replace(stdin=stdin, feeds=feeds)
            if number < last:
                capture = Printed()
                inner = inner._replace(capture=capture)
                if self.state.errexit and not self.state.pipefail and not context.failure:
                    inner = inner._replace(failure="ignored")
            before = self.stated
            ending = self.isolated((command,), inner)
            if number < last:
                stdin = _input(self.known_output(capture))
                feeds = (self.stated_since(before) + feeds)[:MAX_FEEDS]
        return Ending.NEXT if last else ending

    @staticmethod
    def known_output(capture: Printed) -> Field | None:
        """Return what is known of a captured output; None where nothing is.

        An unknown value without text says what it was decoded from.
        """
        known = [field for field in capture if field is not None and (field.known or field.text)]
        if not known:
            return next((field for field in capture if field is not None), None)
        text = joined(known, "")
        return text if len(known) == len(capture) else text._replace(loose=True)

    def substitution(self, part: Substitution) -> Field | None:
        """Run ``$(…)``; return what it prints, if all of that is known."""
        capture = Printed(whole=True)
        context = self.context._replace(capture=capture, tested=True, redirections=())
        self.isolated(part.body, context)
        if not capture or any(field is None for field in capture):
            return None
        text = joined([field for field in capture if field is not None], "")
        if not text.known and text.text != "$0":
            return text if text.decoded and not text.text else None
        if not is_text(text):
            return Field("", "computed", decoded=text.decoded)
        if len(capture) == 1 and capture[0] is not None and capture[0].lookup:
            return capture[0]
        return text._replace(text=text.text.rstrip("\n")) if text.text else plain("")

    def each_choice(self, node: Simple, name: str, choice: Choice) -> Ending:
        """Run a command once for each value that a variable has in exclusive branches."""
        outcomes = []
        saved = self.guards, self.lasting
        options = choice.options
        if self._choosing >= _MAX_CHOICES or not self.charge(len(options) * _cost(node)):
            return self._undecided(node)
        self.repeats += 1
        self._choosing += 1
        if any(not self._contradicts(guards) for _, guards in options):
            options = tuple(o for o in options if not self._contradicts(o[1]))
        for value, guards in options:
            mark = self.state.mark()
            self.state.set(name, value)
            self.gain(guards, lasting=False)
            self.simple(node)
            self.guards, self.lasting = saved
            changes = self.state.undo(mark)
            changes.pop(name, None)
            outcomes.append(Outcome(changes, guards))
        self._choosing -= 1
        self.repeats -= 1
        self.state.merge(outcomes)
        return Ending.NEXT

    def _undecided(self, node: Simple) -> Ending:
        """Run a command once, all variables unknown that have several values."""
        saved, mark = (self.guards, self.lasting), self.state.mark()
        names = self.names_with_choice(node)
        for name in names:
            self.state.set(name, unknown(name))
        self.repeats += 1
        self.simple(node)
        self.repeats -= 1
        self.guards, self.lasting = saved
        changes = self.state.undo(mark)
        for name, value in changes.items():
            if name not in names:
                self.state.set(name, value)
        return Ending.NEXT

    def _contradicts(self, guards: Guards) -> bool:
        """Say whether one of some tests has already come out the other way."""
        against = {(guard.kind, guard.subject, not guard.holds) for guard in guards}
        return any((guard.kind, guard.subject, guard.holds) in against for guard in self.guards)


def _cost(node: Simple) -> int:
    """Return how many plain commands a command is worth whose words may run others."""
    size = sum(len(shape.source) for shape in node.words)
    size += sum(len(item.value.source) for item in node.assignments)
    size += sum(len(r.heredoc.body.source) for r in node.redirects if r.heredoc is not None)
    return 1 + size // _WORTH


def _input(text: Field | None) -> Input:
    """Return what a command of a pipeline reads."""
    if text is None or text.known or text.text:
        return Input(text)
    return Input(None, text.decoded)
