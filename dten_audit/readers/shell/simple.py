"""Runs simple commands: words, redirections, wrappers."""

from __future__ import annotations

from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Redirection
from dten_audit.readers.knowledge import from_tables
from dten_audit.readers.shell.builtins import GUARDING
from dten_audit.readers.shell.context import Context, Ending, Input, Run, Streams
from dten_audit.readers.shell.inner import fed
from dten_audit.readers.shell.nodes import Parameter, Redirect, Shape, Simple
from dten_audit.readers.shell.programs import PASSES_ON, SOURCES, Programs
from dten_audit.readers.shell.record import without_tabs
from dten_audit.readers.shell.tables import special_names
from dten_audit.readers.shell.texts import SHELLS
from dten_audit.readers.shell.values import Choice, Field, joined
from dten_audit.readers.shell.wrappers import UNKNOWN_PREFIX, Peeled, assignments, base_name, peel

MAX_LAYERS: Final = 12
_KEEPS_FUNCTIONS: Final = frozenset(("time", "noglob", "exec"))
_QUIET: Final = frozenset((":", "true", "false", "[", "[[", "test"))
_TELLS: Final = frozenset("echo pwd dirname basename realpath readlink".split())
"""What these print may be known, whatever they read."""
_TAKES_PART: Final = PASSES_ON | SHELLS | GUARDING
"""In a pipeline or a substitution, more than the words of these matters."""


class SimpleCommands(Programs):
    """Simple commands; control flow is in the child class."""

    def __init__(self, document: Document, commands: int) -> None:
        super().__init__(document, commands)
        self._special = _more_than_words()
        self._streams: tuple[Context, Streams] | None = None
        self._named: dict[int, tuple[Simple, tuple[str, ...]]] = {}

    def simple(self, node: Simple) -> Ending:
        """Run a simple command."""
        if self.state.choices and (node.assignments or node.redirects or not node.plain):
            ending = self._by_choice(node)
            if ending is not None:
                return ending
        if not node.words:
            return self._bare(node)
        if node.name in _QUIET and not (node.runs or node.redirects or node.assignments):
            if self.state.errexit and not self.context.tested:
                self.gain_by_errexit(node, node.name)
            return Ending.NEXT
        declare = self.declarations.get(node.name)
        if declare is not None:
            return declare(self, node)
        argv = self.expander.fields(node.words, node.starts)
        if not argv:
            return self._bare(node)
        if not node.redirects and not node.assignments and self._is_ordinary(argv[0]):
            return self._ordinary(Run(argv, node.offset, self._inherited(self.context)))
        streams = self.streams(node.redirects)
        environment = tuple(
            [(item.name, self.expander.text(item.value, item.start)) for item in node.assignments]
        )
        if self.state.errexit and not self.context.tested:
            self.gain_by_errexit(node, argv[0].text)
        return self.invoke(Run(argv, node.offset, streams, environment))

    def _is_ordinary(self, first: Field) -> bool:
        """Say whether a command is a program of which nothing but its words matters here."""
        if first.certainty == "computed" or first.decoded or first.text in self.state.functions:
            return False
        context, name = self.context, base_name(first.text)
        if name in self._special:
            return False
        return (context.capture is None and context.stdin is None) or name not in _TAKES_PART

    def _ordinary(self, run: Run) -> Ending:
        """State a program of which nothing but its words matters; pass on what it prints."""
        capture = self.context.capture
        if capture is not None:
            name = base_name(run.argv[0].text)
            if name in _TELLS:
                self.output(name, run)
            else:
                capture.add_unknown()
        self.state_command(run)
        return Ending.NEXT

    def each_choice(self, node: Simple, name: str, choice: Choice) -> Ending:
        """Run a command once for each value of a variable."""
        raise NotImplementedError

    # variables set in exclusive branches

    def _by_choice(self, node: Simple) -> Ending | None:
        """Run a command for each value of the first variable that has several; None without one."""
        name = next(iter(self.names_with_choice(node)), None)
        if name is None:
            return None
        choice = self.state.variables[name]
        assert isinstance(choice, Choice)
        first = node.words[0].parts if node.words else ()
        if len(first) == 1 and isinstance(first[0], Parameter) and first[0].name == name:
            texts = [value.text for value, _ in choice.options if isinstance(value, Field)]
            if "" in texts:
                return self._optional_prefix(node, name, choice)
        return self.each_choice(node, name, choice)

    def names_with_choice(self, node: Simple) -> list[str]:
        """Return the variables with several values that a command's own words name, in order."""
        known = self._named.get(id(node))
        if known is None:
            # the node is kept: a text that is read later could get its place in memory, and id
            known = self._named[id(node)] = node, _names_in(node)
        _, names = known
        variables = self.state.variables
        return [name for name in names if type(variables.get(name)) is Choice]

    def _optional_prefix(self, node: Simple, name: str, choice: Choice) -> Ending:
        """Run ``$SUDO command`` where ``$SUDO`` is empty in one branch and a wrapper in another."""
        mark = self.state.mark()
        ending = Ending.NEXT
        for value, guards in choice.options:
            if isinstance(value, Field) and value.text:
                self.state.set(name, value)
                self.prefix_guards = guards
                ending = self.simple(node)
                self.prefix_guards = ()
                self.state.undo(mark)
        return ending

    # redirections

    def streams(self, redirects: tuple[Redirect, ...]) -> Streams:
        """Expand redirections, and join them with those of the constructs around."""
        context = self.context
        if not redirects:
            return self._inherited(context)
        found: list[Redirection] = []
        stdin, feeds, own = context.stdin, context.feeds, False
        target: Field | None = None
        append, elsewhere = False, False
        for redirect in redirects:
            operator = redirect.operator
            if operator in ("<<", "<<-", "<<<"):
                stdin, feeds, own = Input(self._here(redirect)), (), True
                continue
            field = self.expander.text(redirect.target, redirect.start)
            if operator in (">&", "<&"):
                if field.text.isdigit() or field.text in ("-", "") or operator == "<&":
                    if operator == ">&" and redirect.descriptor in (-1, 1):
                        elsewhere = field.text != "1"
                    continue
                operator = "&>"
            found.append(Redirection(operator, field.word, redirect.descriptor))
            if operator == "<" and redirect.descriptor in (-1, 0):
                held = self.expander.files.get(field.text)
                stdin, feeds, own = None if held is None else Input(held), (), True
            elif operator != "<" and redirect.descriptor in (-1, 1):
                target, append = field, operator in (">>", "&>>")
        own_streams = {_descriptor(redirection) for redirection in found}
        inherited = [
            outer for outer in context.redirections if _descriptor(outer) not in own_streams
        ]
        captured = target is None and not elsewhere and context.capture is not None
        return Streams((*found, *inherited), stdin, feeds, own, target, captured, append)

    def _inherited(self, context: Context) -> Streams:
        if self._streams is None or self._streams[0] is not context:
            streams = Streams(
                context.redirections, context.stdin, context.feeds, own_stdin=False, target=None,
                captured=context.capture is not None,
            )  # fmt: skip
            self._streams = context, streams
        return self._streams[1]

    def _here(self, redirect: Redirect) -> Field:
        """Return the text of a here-document or here-string."""
        heredoc = redirect.heredoc
        if heredoc is None:
            return joined([self.expander.text(redirect.target, redirect.start)], "", "\n")
        text = self.expander.text(heredoc.body, heredoc.start)
        return without_tabs(text, self.source) if heredoc.strip else text

    def _bare(self, node: Simple) -> Ending:
        """Run assignments and redirections without a command."""
        for item in node.assignments:
            self.assign(item)
        if node.redirects:
            streams = self.streams(node.redirects)
            self.keep_unused(streams.stdin if streams.own_stdin else None, node.offset)
            if streams.redirections:
                self.state_command(Run([], node.offset, streams))
        return Ending.NEXT

    # invocation

    def invoke(self, run: Run) -> Ending:
        """Run expanded words: a builtin, a function, or a program behind its wrappers."""
        first = run.argv[0]
        if run.in_shell and first.known:
            builtin = None if run.layers else self.builtins.get(first.text)
            if builtin is not None:
                ending = builtin(self, run)
                if ending is not None:
                    return ending
            procedures = self.state.functions.get(first.text)
            if procedures is not None:
                return self.call(procedures, run)
            if first.decoded:
                self.encoded(joined(run.argv, " "), "shell", run, "the shell")
        elif run.in_shell and not self.chain and first.text.strip("${}") in ("@", "*", "1"):
            self.dynamic = True
        peeled = peel(run.argv) if len(run.layers) < MAX_LAYERS else None
        if peeled is None or (peeled.code is None and not peeled.rest):
            return self.program(run, peeled)
        if peeled.itself:
            self.program(run, None)
        if peeled.wrapper.reads:
            peeled = fed(peeled, self.used(run.streams.stdin))
        inner = run._replace(
            layers=(*run.layers, self.layer(peeled, run.offset)),
            environment=run.environment + assignments(peeled.environment),
            in_shell=run.in_shell and _keeps_shell(peeled),
            deferred=run.deferred or peeled.deferred,
        )
        if peeled.code is not None:
            for code in (peeled.code, *peeled.more_code):
                self.code(peeled._replace(code=code), inner)
            return Ending.NEXT
        ending = Ending.NEXT
        for rest in (peeled.rest, *peeled.more):
            ending = self.invoke(inner._replace(argv=rest))
        return Ending.EXIT if peeled.tool == "exec" and not run.layers else ending


@from_tables
def _more_than_words() -> frozenset[str]:
    """Return the names of all commands that are more than their words to a reader of scripts."""
    return special_names() | Programs.builtins.keys() | Programs.declarations.keys() | SOURCES


def _names_in(node: Simple) -> tuple[str, ...]:
    """Return the variables that a command's own words name, in order."""
    shapes: list[Shape] = [shape for shape in node.words if shape.text is None]
    shapes += [item.value for item in node.assignments]
    for redirect in node.redirects:
        shapes.append(redirect.heredoc.body if redirect.heredoc else redirect.target)
    parts = [part for shape in shapes for part in shape.parts]
    return tuple(dict.fromkeys([part.name for part in parts if type(part) is Parameter]))


def _keeps_shell(peeled: Peeled) -> bool:
    return peeled.wrapper is UNKNOWN_PREFIX or peeled.tool in _KEEPS_FUNCTIONS


def _descriptor(redirection: Redirection) -> int:
    if redirection.descriptor >= 0:
        return redirection.descriptor
    return 0 if redirection.operator.startswith("<") else 1
