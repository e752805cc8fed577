"""Runs simple commands: words, redirections, wrappers, texts in other languages."""

from __future__ import annotations

from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Layer, Redirection
from dten_audit.readers.shell.builtins import Builtins
from dten_audit.readers.shell.context import Context, Ending, Input, Run, Streams
from dten_audit.readers.shell.decoding import FILTERS, after
from dten_audit.readers.shell.inner import commands_in, fed
from dten_audit.readers.shell.nodes import Parameter, Redirect, Shape, Simple
from dten_audit.readers.shell.output import printed
from dten_audit.readers.shell.record import placed, without_tabs
from dten_audit.readers.shell.tables import inner_languages, special_names
from dten_audit.readers.shell.texts import (
    SHELLS,
    Hints,
    Use,
    resolved_path,
    use,
    written_kind,
    written_to,
)
from dten_audit.readers.shell.values import Choice, Field, joined
from dten_audit.readers.shell.wrappers import UNKNOWN_PREFIX, Peeled, assignments, base_name, peel

MAX_LAYERS: Final = 12
_KEEPS_FUNCTIONS: Final = frozenset(("time", "noglob", "exec"))
_QUIET: Final = frozenset((":", "true", "false", "[", "[[", "test"))
PASSES_ON: Final = frozenset(("cat", "tee")) | FILTERS
_SOURCES: Final = frozenset((".", "source"))
_NOT_WORTH_A_TEXT: Final = frozenset("text prose markdown empty binary csv".split())


class SimpleCommands(Builtins):
    """Simple commands; control flow is in the child class."""

    def __init__(self, document: Document, commands: int) -> None:
        super().__init__(document, commands)
        self._special = special_names() | self.builtins.keys() | self.declarations.keys() | _SOURCES
        self._streams: tuple[Context, Streams] | None = None
        self._named: dict[int, tuple[str, ...]] = {}

    def simple(self, node: Simple) -> Ending:
        """Run a simple command."""
        if self.state.choices:
            ending = self._by_choice(node)
            if ending is not None:
                return ending
        if node.name in _QUIET and not (node.runs or node.redirects or node.assignments):
            if self.state.errexit and not self.context.tested:
                self.gain_by_errexit(node, node.name)
            return Ending.NEXT
        declare = self.declarations.get(node.name)
        if declare is not None:
            return declare(node)
        argv = self.expander.fields(node.words, node.starts)
        if not argv:
            return self._bare(node)
        if not node.redirects and not node.assignments and self._is_ordinary(argv[0]):
            self.state_command(Run(argv, node.offset, self._inherited(self.context)))
            return Ending.NEXT
        streams = self.streams(node.redirects)
        environment = tuple(
            [(item.name, self.expander.text(item.value, item.start)) for item in node.assignments]
        )
        if self.state.errexit and not self.context.tested:
            self.gain_by_errexit(node, argv[0].text)
        return self.invoke(Run(argv, node.offset, streams, environment))

    def _is_ordinary(self, first: Field) -> bool:
        """Say whether a command is a program of which nothing but its words matters here."""
        context, name = self.context, first.text
        return (
            first.certainty != "computed"
            and not first.decoded
            and context.capture is None
            and context.stdin is None
            and name not in self.state.functions
            and (base_name(name) if "/" in name else name) not in self._special
        )

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
        names = self._named.get(id(node))
        if names is None:
            names = self._named[id(node)] = _names_in(node)
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
                ending = builtin(run)
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
            return self._program(run, peeled)
        if peeled.itself:
            self._program(run, None)
        if peeled.wrapper.reads:
            peeled = fed(peeled, self.used(run.streams.stdin))
        inner = run._replace(
            layers=(*run.layers, self._layer(peeled, run.offset)),
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

    def _layer(self, peeled: Peeled, offset: int) -> Layer:
        inner = peeled.rest if peeled.code is None else [peeled.code]
        hidden = self.chain and any(field.frame for field in inner)
        guards, self.prefix_guards = self.prefix_guards, ()
        return Layer(
            peeled.tool,
            "deferred" if peeled.deferred else peeled.wrapper.layer,
            tuple([field.word for field in peeled.used]),
            peeled.target,
            self.chain[-1].name if hidden else "",
            self.line(offset),
            guards,
        )

    # programs

    def _program(self, run: Run, peeled: Peeled | None) -> Ending:
        """State a program that runs, with the texts that it reads, runs and writes.

        ``peeled`` is the wrapper that the program is, where it wraps nothing here.
        """
        argv = run.argv
        name = base_name(argv[0].text) if argv[0].known else ""
        texts = use(argv, run.environment + self.exported_value("PGOPTIONS")) if name else None
        documents = [] if texts is None else [self._code(texts, code, run) for code in texts.code]
        documents += self._output(name, run)
        stdin = self._stdin(name, run, peeled, texts)
        if name in SHELLS or name in _SOURCES:
            documents.append(self._held(name, run))
        if peeled is not None and peeled.deferred:
            run = run._replace(deferred=True)
        self.state_command(run, stdin=stdin, documents=tuple(filter(None, documents)))
        language = inner_languages().get(name)
        if language is not None:
            self._inner(language, name, run)
        if name == "flock" and peeled is not None:
            self.lock_descriptor(peeled, run)
        return self.ending_of(name) if not run.layers else Ending.NEXT

    def _inner(self, language: str, name: str, run: Run) -> None:
        """Run the commands in a program's text: ``spawn`` of expect, awk's ``system``."""
        stdin = run.streams.stdin.text if run.streams.stdin is not None else None
        for code in commands_in(language, run.argv, stdin):
            peeled = Peeled(name, UNKNOWN_PREFIX, run.argv[:1], [], code=code)
            layers = (*run.layers, self._layer(peeled, run.offset))
            streams = run.streams._replace(stdin=None, feeds=(), own_stdin=False)
            self.code(peeled, run._replace(layers=layers, streams=streams, in_shell=False))

    def _code(self, texts: Use, code: Field, run: Run) -> str:
        """State a text in a program's arguments; return its id as a document."""
        self.encoded(code, texts.kind, run, base_name(run.argv[0].text))
        return self.embed(texts.kind, code, run.offset, "", texts.hints)

    def _stdin(self, name: str, run: Run, peeled: Peeled | None, texts: Use | None) -> str:
        """State the text on a program's standard input; return its id as a document."""
        streams = run.streams
        if streams.stdin is None:
            return ""
        if streams.stdin.text is None:
            self._unknown_stdin(name, run, peeled, texts)
            return ""
        text, append = streams.stdin.text, False
        if texts is not None and texts.stdin:
            kind, path, hints = texts.kind, "", texts.hints
            self.encoded(text, kind, run, name)
        elif peeled is not None and peeled.stdin:
            kind, path, hints = "shell", "", _who(peeled)
            self.encoded(text, kind, run, peeled.tool)
        else:
            targets, append = written_to(run.argv)
            if name == "cat" and streams.target is not None and len(run.argv) == 1:
                targets, append = [streams.target], streams.append
            elif name in PASSES_ON and streams.captured and streams.stdin.used:
                return ""
            if not targets and not streams.own_stdin:
                return ""
            path = resolved_path(targets[0].text, self.state.folder) if targets else ""
            kind, hints = written_kind(path, text.text) if path else "text", ()
            self.encoded(text, kind, run, "", path)
        streams.stdin.used = True
        return self.embed(kind, text, run.offset, path, hints, append=append)

    def _output(self, name: str, run: Run) -> list[str]:
        """Pass on what a program prints, or state it as the text of the file it goes to."""
        streams = run.streams
        if not streams.captured and streams.target is None:
            return []
        stdin = streams.stdin.text if streams.stdin is not None else None
        text = self.pwd() if name == "pwd" else printed(name, run.argv, stdin)
        if text is not None and text.decoded and not self.state.allowance.take(text):
            text = None
        if text is not None:
            text = placed(text, self.source, run.offset)
            if name in PASSES_ON and streams.captured and streams.stdin is not None:
                streams.stdin.used = True
        if streams.captured:
            if text is None and name in PASSES_ON:
                decoded = after(run.argv, streams.stdin.decoded if streams.stdin else "")
                text = Field("", "computed", decoded=decoded) if decoded else None
            if self.context.capture is not None:
                self.context.capture.append(text)
            return []
        if text is None or streams.target is None or name == "cat":
            return []
        return [self.write(text, streams.target, run, append=streams.append)]

    def write(self, text: Field, target: Field, run: Run, *, append: bool) -> str:
        """State a text that is written to a file, if it may be more than a line of a log."""
        path = resolved_path(target.text, self.state.folder)
        kind = written_kind(path, text.text)
        if path.startswith("/dev/") or kind in _NOT_WORTH_A_TEXT:
            return ""
        self.encoded(text, kind, run, "", path)
        return self.embed(kind, text, run.offset, path, append=append)

    def _unknown_stdin(self, name: str, run: Run, peeled: Peeled | None, texts: Use | None) -> None:
        """State that a program runs what was decoded from an unknown text."""
        decoded = run.streams.stdin.decoded if run.streams.stdin is not None else ""
        if decoded and texts is not None and texts.stdin:
            self.encoded(Field("", "computed", decoded=decoded), texts.kind, run, name)
        elif decoded and peeled is not None and peeled.stdin:
            self.encoded(Field("", "computed", decoded=decoded), "shell", run, peeled.tool)

    def _held(self, name: str, run: Run) -> str:
        """State the text behind ``<(…)`` that a shell runs or sources."""
        operand = next((f for f in run.argv[1:] if not f.text.startswith("-")), None)
        text = self.expander.files.get(operand.text) if operand is not None else None
        if text is None:
            return ""
        self.encoded(text, "shell", run, name)
        return self.embed("shell", text, run.offset)

    def keep_unused(self, stdin: Input | None, offset: int) -> None:
        """State a here-document that no command inside a compound command was seen to take."""
        if stdin is not None and stdin.text is not None and not stdin.used:
            stdin.used = True
            self.embed("text", stdin.text, offset)


def _names_in(node: Simple) -> tuple[str, ...]:
    """Return the variables that a command's own words name, in order."""
    shapes: list[Shape] = [shape for shape in node.words if shape.text is None]
    shapes += [item.value for item in node.assignments]
    for redirect in node.redirects:
        shapes.append(redirect.heredoc.body if redirect.heredoc else redirect.target)
    parts = [part for shape in shapes for part in shape.parts]
    return tuple(dict.fromkeys([part.name for part in parts if type(part) is Parameter]))


def _who(peeled: Peeled) -> Hints:
    """Say of a shell text who runs it, and as whom or where."""
    hints = (("client", peeled.tool), ("layer", peeled.wrapper.layer))
    return (*hints, ("target", peeled.target)) if peeled.target else hints


def _keeps_shell(peeled: Peeled) -> bool:
    return peeled.wrapper is UNKNOWN_PREFIX or peeled.tool in _KEEPS_FUNCTIONS


def _descriptor(redirection: Redirection) -> int:
    if redirection.descriptor >= 0:
        return redirection.descriptor
    return 0 if redirection.operator.startswith("<") else 1
