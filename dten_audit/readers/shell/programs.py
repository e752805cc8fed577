"""States programs that run, with the texts that they read, run and write."""

from __future__ import annotations

from typing import Final

from dten_audit.model.facts.commands import Layer
from dten_audit.readers.shell.builtins import Builtins
from dten_audit.readers.shell.context import Ending, Input, Run
from dten_audit.readers.shell.decoding import FILTERS, after
from dten_audit.readers.shell.inner import commands_in
from dten_audit.readers.shell.output import PRINTERS, printed
from dten_audit.readers.shell.record import placed
from dten_audit.readers.shell.tables import inner_languages
from dten_audit.readers.shell.texts import (
    SHELLS,
    Hints,
    Use,
    resolved_path,
    use,
    written_kind,
    written_to,
)
from dten_audit.readers.shell.values import Field
from dten_audit.readers.shell.wrappers import UNKNOWN_PREFIX, Peeled, base_name

PASSES_ON: Final = frozenset(("cat", "tee")) | FILTERS
SOURCES: Final = frozenset((".", "source"))
_NOT_WORTH_A_TEXT: Final = frozenset("text prose markdown empty binary csv".split())


class Programs(Builtins):
    """Programs by what they take and print; how they are called is in the child class."""

    def program(self, run: Run, peeled: Peeled | None) -> Ending:
        """State a program that runs, with the texts that it reads, runs and writes.

        ``peeled`` is the wrapper that the program is, where it wraps nothing here.
        """
        argv = run.argv
        name = base_name(argv[0].text) if argv[0].known else ""
        texts = use(argv, run.environment + self.exported_value("PGOPTIONS")) if name else None
        documents = [] if texts is None else [self._code(texts, code, run) for code in texts.code]
        documents += self.output(name, run)
        stdin = self._stdin(name, run, peeled, texts)
        if name in SHELLS or name in SOURCES:
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
            layers = (*run.layers, self.layer(peeled, run.offset))
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

    def output(self, name: str, run: Run) -> list[str]:
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
            capture = self.context.capture
            if capture is not None and text is None and name not in PRINTERS:
                capture.add_unknown()
            elif capture is not None:
                capture.append(text)
            return []
        if text is None or streams.target is None or name == "cat":
            return []
        return [self.write(text, streams.target, run, append=streams.append)]

    def write(self, text: Field, target: Field, run: Run, *, append: bool) -> str:
        """State a text that is written to a file, if it may be more than a line of a log."""
        path = resolved_path(target.text, self.state.folder)
        if path.startswith("/dev/"):
            return ""
        kind = written_kind(path, text.text)
        if kind in _NOT_WORTH_A_TEXT:
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

    def layer(self, peeled: Peeled, offset: int) -> Layer:
        """Return the wrapper that has been peeled off."""
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


def _who(peeled: Peeled) -> Hints:
    """Say of a shell text who runs it, and as whom or where."""
    hints = (("client", peeled.tool), ("layer", peeled.wrapper.layer))
    return (*hints, ("target", peeled.target)) if peeled.target else hints
