"""Walks through a script as the shell would, every branch once, and states what it runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, Final

from dten_audit.model.facts.commands import Guard
from dten_audit.readers.shell.conditions import Guards, is_root, opposite
from dten_audit.readers.shell.context import Ending, Printed, Run, Streams, in_test
from dten_audit.readers.shell.lists import Lists
from dten_audit.readers.shell.nodes import (
    AndOr,
    Background,
    Body,
    Calculation,
    Case,
    For,
    Function,
    Group,
    If,
    Loop,
    Not,
    Pipeline,
    Simple,
    Substitution,
)
from dten_audit.readers.shell.reading import names_read, shared_out
from dten_audit.readers.shell.state import Outcome, Procedure
from dten_audit.readers.shell.values import Field, cut, unknown

MAX_TURNS: Final = 32
"""A loop over more words than this is walked through once, its variable unknown."""
_MAX_DEFINITIONS: Final = 4
_MAX_READ: Final = 4_000
_LINE: Final = re.compile(r"[^\n]++")


class Machine(Lists):
    """Control flow; simple commands and lists are in the parent classes.

    Everything runs once per context that makes a difference: a function at each call (its commands
    are stated once unless they need the parameters), a loop for each literal word.
    """

    def script(self, body: Body, problem: int) -> int:
        """Run a whole script; return the offset behind which nothing was read.

        ``problem`` is the first thing that was not understood. Behind a final ``exit`` or ``exec``
        it shows that what follows is no shell text: an archive, another language.
        """
        for number, node in enumerate(body):
            if self.body((node,)) is not Ending.EXIT:
                continue
            rest = body[number + 1 :]
            if rest and problem >= rest[0].offset:
                line, _ = self.source.position(rest[0].offset)
                if problem < len(self.source.text):
                    self.recorder.unreadable(line, "behind the script's end stands no shell text")
                    return rest[0].offset
            self.reached = False
            self.body(rest)
            break
        self.early_traps()
        self.guards = self.lasting = ()
        self.reached = True
        return len(self.source.text)

    def body(self, body: Body) -> Ending:
        """Run a list; what follows an unconditional end is read as not called."""
        if self.recorder.full:
            return Ending.NEXT
        if self.depth >= self.max_depth:
            self.gap(body[0].offset if body else 0, "calls nested too deep")
            return Ending.NEXT
        self.depth += 1
        result, reached = Ending.NEXT, self.reached
        for node in body:
            ending = self.run_of[type(node)](self, node)
            if ending and not result:
                result = ending
                self.reached = False
        self.reached = reached
        self.depth -= 1
        return result

    # compound commands

    def _if(self, node: If) -> Ending:
        tested = self.conditions.of_body(node.condition)
        saved, self.context = self.context, in_test(self.context, self.context.failure)
        self.body(node.condition)
        self.context = saved
        folder = self.state.folder
        then, then_ending = self.branch(node.then, tested.true)
        self.state.folder = folder
        other, other_ending = self.branch(node.otherwise, tested.false)
        self.state.folder = folder
        staying = [
            outcome
            for outcome, ending in ((then, then_ending), (other, other_ending))
            if not ending
        ]
        self.state.merge(staying or [then, other])
        if then_ending and other_ending:
            return min(then_ending, other_ending)
        if then_ending:
            self.gain(tested.false, lasting=then_ending is Ending.EXIT)
        elif other_ending:
            self.gain(tested.true, lasting=other_ending is Ending.EXIT)
        return Ending.NEXT

    def _loop(self, node: Loop) -> Ending:
        lines = self._lines_read(node)
        if lines is not None and self.charge(node.size * (len(lines) - 1)):
            return self._each_line(node, lines)
        mark = self.state.mark()
        self.forget(node.assigned)
        tested = self.conditions.of_body(node.condition)
        inner = self.context._replace(feeds=())
        saved, self.context = self.context, in_test(inner, inner.failure)
        self.body(node.condition)
        self.context = inner
        outcome, _ = self.branch(node.body, tested.false if node.until else tested.true)
        self.context = saved
        self._leave_loop(outcome, mark, options="@" in node.assigned or _takes_options(node))
        return Ending.NEXT

    def _lines_read(self, node: Loop) -> list[Field] | None:
        """Return the lines that ``while read NAME`` goes through; None where they are not known."""
        stdin = self.context.stdin
        if node.until or stdin is None or stdin.text is None or not stdin.text.known:
            return None
        if len(node.condition) != 1 or not names_read(node.condition[0]):
            return None
        text = stdin.text
        lines = [
            cut(text, *match.span()) for match in _LINE.finditer(text.text[:_MAX_READ])
            if match[0].strip()
        ]  # fmt: skip
        if not 0 < len(lines) <= MAX_TURNS or len(text.text) > _MAX_READ:
            return None
        return lines

    def _each_line(self, node: Loop, lines: list[Field]) -> Ending:
        """Run a loop over known lines, once for each."""
        names = names_read(node.condition[0])
        saved = self.context, self.guards, self.lasting
        self.context = self.context._replace(feeds=(), stdin=None)
        self.repeats += len(lines) > 1
        for line in lines:
            for name, value in shared_out(line, names):
                self.state.set(name, value.resolved)
            self.body(node.body)
            self.guards, self.lasting = saved[1:]
        self.repeats -= len(lines) > 1
        self.context, self.guards, self.lasting = saved
        for name in names:
            self.state.set(name, Field("", "resolved"))
        return Ending.NEXT

    def _leave_loop(self, outcome: Outcome, mark: int, *, options: bool) -> None:
        """Set what holds after a loop that may have run any number of times.

        A loop over the script's options leaves defaults as they are when no option is given; what
        another loop changes is unknown afterwards.
        """
        if options:
            self.state.undo(mark)
        self.state.merge([outcome, Outcome({}, ())])

    def _for(self, node: For) -> Ending:
        words = self._loop_words(node)
        saved = self.context, self.guards, self.lasting
        self.context = self.context._replace(feeds=())
        turns = len(words) if words else 0
        if words is None or not 0 < turns <= MAX_TURNS or not self.charge(node.size * (turns - 1)):
            mark = self.state.mark()
            self.forget(node.assigned)
            if node.name:
                self.state.set(node.name, unknown(node.name))
            outcome, _ = self.branch(node.body, ())
            self._leave_loop(outcome, mark, options=words is None and _over_arguments(node))
        else:
            self.repeats += len(words) > 1
            for word in words:
                self.state.set(node.name, word.resolved)
                self.body(node.body)
                self.guards, self.lasting = saved[1:]
            self.repeats -= len(words) > 1
        self.context, self.guards, self.lasting = saved
        return Ending.NEXT

    def _loop_words(self, node: For) -> list[Field] | None:
        """Return the values that a loop goes through; None where they are not all known."""
        if node.words is None:
            arguments = self.state.arguments
            return None if arguments is None else list(arguments)
        shapes = tuple(shape for shape, _ in node.words)
        fields = self.expander.fields(shapes, tuple(start for _, start in node.words))
        return fields if all(field.known for field in fields) else None

    def _case(self, node: Case) -> Ending:
        subject = self.expander.text(node.subject, node.start)
        outcomes: list[Outcome] = []
        endings: list[Ending] = []
        staying: list[Guards] = []
        others: Guards = ()
        default = False
        folder, reached = self.state.folder, self.reached
        for arm in node.arms:
            patterns = [shape.text or shape.source for shape in arm.patterns]
            default = default or "*" in patterns
            test = f"{subject.text} in {'|'.join(patterns)}"[:160]
            own = self._arm_guards(subject, patterns, test, arm.offset)
            guards = own + others
            others += opposite(tuple([guard for guard in own if guard.kind != "other"]))
            self.reached = reached and not self._excluded(subject, patterns)
            outcome, ending = self.branch(arm.body, guards)
            self.state.folder, self.reached = folder, reached
            endings.append(ending)
            if not ending:
                outcomes.append(outcome)
                staying.append(guards)
        if default and len(staying) == 1 and len(endings) > 1:
            least = min(ending for ending in endings if ending)
            self.gain(staying[0], lasting=least is Ending.EXIT)
        if not default:
            outcomes.append(Outcome({}, ()))
        self.state.merge(outcomes)
        return min(endings) if default and endings else Ending.NEXT

    def _arm_guards(self, subject: Field, patterns: list[str], test: str, offset: int) -> Guards:
        """Return what holds in an arm: ``case $(id -u) in 0)`` asks for root."""
        line = self.line(offset)
        if len(patterns) == 1 and is_root(subject.text, patterns[0]):
            return (Guard("root-check", "root", line),)
        return (Guard("other", test, line),)

    @staticmethod
    def _excluded(subject: Field, patterns: list[str]) -> bool:
        """Say whether a call's own argument rules an arm out."""
        if not subject.frame or not subject.known:
            return False
        return all(
            not set(pattern) & set("*?[$`\\") and pattern != subject.text for pattern in patterns
        )

    def _group(self, node: Group) -> Ending:
        context = self.context
        streams = self.streams(node.redirects)
        inner = context._replace(
            stdin=streams.stdin,
            feeds=streams.feeds,
            redirections=streams.redirections,
            capture=self._captured(streams),
        )
        if node.subshell:
            ending = self.isolated(node.body, inner)
        else:
            locks = self.locks
            self.context = inner
            ending = self.body(node.body)
            self.context = context
            if node.redirects:
                self.locks = locks
        if streams.own_stdin:
            self.keep_unused(streams.stdin, node.offset)
        if streams.target is not None and inner.capture:
            self._write_captured(inner.capture, streams, node.offset)
        return Ending.NEXT if node.subshell else ending

    def _captured(self, streams: Streams) -> Printed | None:
        """Return where the output of a group is collected, if it is."""
        if streams.target is not None:
            return Printed()
        return self.context.capture if streams.captured else None

    def _write_captured(self, capture: Printed, streams: Streams, offset: int) -> None:
        text = self.known_output(capture)
        if text is not None and streams.target is not None:
            self.write(text, streams.target, Run([], offset, streams), append=streams.append)

    def _function(self, node: Function) -> Ending:
        procedure = Procedure(node, self.source)
        known = self.state.functions.get(node.name, ())
        if known:
            self.forget_messages()
        if self.branches and known and len(known) < _MAX_DEFINITIONS:
            self.state.functions[node.name] = (*known, procedure)
        else:
            self.state.functions[node.name] = (procedure,)
        self.defined.append(procedure)
        return Ending.NEXT

    def _calculation(self, node: Calculation) -> Ending:
        for part in node.inner:
            if isinstance(part, Substitution):
                self.substitution(part)
        self.state.forget(node.assigned)
        return Ending.NEXT

    run_of: ClassVar[dict[type, Callable[[Any, Any], Ending]]] = {
        Simple: Lists.simple,
        Pipeline: Lists.pipeline,
        Not: Lists.negated,
        AndOr: Lists.and_or,
        Background: Lists.background,
        If: _if,
        Loop: _loop,
        For: _for,
        Case: _case,
        Group: _group,
        Function: _function,
        Calculation: _calculation,
    }


def _takes_options(node: Loop) -> bool:
    first = node.condition[0] if node.condition else None
    return isinstance(first, Simple) and first.name == "getopts"


def _over_arguments(node: For) -> bool:
    if node.words is None:
        return True
    return [shape.source.strip('"') for shape, _ in node.words] in (["$@"], ["$*"])
