"""What cmd.exe does itself: messages, variables, jumps and subroutines."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Word
from dten_audit.readers.windows.batch_lines import Lines
from dten_audit.readers.windows.programs import layered
from dten_audit.readers.windows.values import Run, Value

_LINE: Final = re.compile(r"(?:[^\n^]++|\^\n?)*+")
_FRAMES: Final = 6
_LONGEST: Final = 8191
"""A line of cmd.exe is no longer."""


class Builtins(Lines):
    """The commands that cmd has built in; tests and loops are in the child class."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.builtins.update({
            "rem": self._rem, "echo": self._echo, "set": self._set, "goto": self._goto,
            "call": self._call, "exit": self._exit, "start": self._start,
        })  # fmt: skip

    def _rem(self, at: int) -> None:
        match = _LINE.match(self.text, self.pos, self.end)
        self.pos = match.end() if match is not None else at + 1

    def _echo(self, at: int) -> None:
        """Read ``echo``: a message, or a line of a file."""
        value = self.tail()
        redirections = list(self.outputs[-1:])
        while self.at_redirection():
            found = self.redirection()
            if found is not None and not found.target.text.startswith("&"):
                redirections = [found]
            rest = self.tail()
            value = Value(value.text + rest.text, value.certainty, value.at)
        self.feeds = ()
        self.probe = None
        text = value.text[1:] if value.text[:1] in " .:(/\\,;=[]+" else value.text
        if self.peek() == "|":
            words = (Word("echo"), Word(text.strip(), value.certainty))
            self.recorder.command(Run([Value("echo"), Value(words[1].text, value.certainty)], at,
                                      self.context))  # fmt: skip
        for redirection in redirections:
            target = redirection.target
            if value.known and target.certainty != "computed" and ">" in redirection.operator:
                line = Value(f"{text.rstrip()}\n", value.certainty, value.at + 1)
                append = redirection.operator == ">>" or bool(self.outputs)
                self.recorder.write(line, target.text, append=append)

    def _set(self, at: int) -> None:
        """Read ``set NAME=VALUE``."""
        value = self.tail()
        text = value.text.strip(" \t")
        if text[:2].lower() in ("/a", "/p"):
            name = text[2:].strip(' "\t').partition("=")[0].strip().lower().rstrip("+-*/")
            self.variables.pop(name, None)
            return
        if text.startswith('"'):
            text = text[1 : text.rfind('"')] if text.count('"') > 1 else text[1:]
        name, equals, held = text.partition("=")
        key = name.strip().lower()
        if not equals:
            return
        often = self.counts.get(key, 0) > 1 and (self.conditional or bool(self.labels))
        if value.known and not often and len(held) < _LONGEST:
            self.variables[key] = Value(held, value.certainty, at)
        else:
            self.variables.pop(key, None)

    def _goto(self, at: int) -> None:
        del at
        self.pos += self.peek() in ".,;="
        value = self.tail()
        label = value.text.strip().lstrip(":").split(" ")[0].lower()
        if label != "eof":
            known = self.arrivals.get(label)
            here = self.context.guards
            if self.context.called:
                self.arrivals[label] = here if known is None else tuple(
                    guard for guard in known if guard in here
                )  # fmt: skip
        self.leave()

    def _exit(self, at: int) -> None:
        del at
        self.tail()
        self.leave()

    def leave(self) -> None:
        """Note that what follows is only reached by a jump, unless this is a branch."""
        self.ended = True
        if not self.depth and not self.conditional:
            self.dead = True
            if not self.frames:
                self.context = self.context._replace(called=False)

    def _call(self, at: int) -> None:
        self.blank()
        if self.peek() != ":":
            argv, redirections = self._argv()
            if argv:
                self.run(argv, at, redirections)
            return
        self.pos += 1
        argv, _ = self._argv()
        start = self.labels.get(argv[0].text.lower()) if argv else None
        if start is None or len(self.frames) >= _FRAMES or self.budget <= 0:
            return
        kept = (self.pos, self.arguments, self.depth, self.conditional, self.dead, self.ended,
                self.context, self.blocks, self.outputs, self.probe)  # fmt: skip
        self.pos, self.arguments, self.depth, self.conditional = start, tuple(argv[1:]), 0, 0
        self.dead, self.blocks, self.outputs = False, 0, []
        self.frames.append(at)
        self.context = self.context._replace(function=argv[0].text)
        while self.pos < self.end and not self.dead and self.budget > 0:
            before = self.pos
            self._line()
            self.pos = max(self.pos, before + 1)
            self.budget -= self.pos - before
        self.frames.pop()
        (self.pos, self.arguments, self.depth, self.conditional, self.dead, self.ended,
         self.context, self.blocks, self.outputs, self.probe) = kept  # fmt: skip

    def _start(self, at: int) -> None:
        """Read ``start "title" /options PROGRAM …``."""
        own = [Value("start", "exact", at)]
        argv, redirections = self._argv()
        if argv and self.text.startswith('"', argv[0].at) and len(argv) > 1:
            argv = argv[1:]
        while argv and argv[0].text.startswith("/"):
            skip = 2 if argv[0].text.lower() in ("/d", "/node", "/affinity") else 1
            own.append(argv[0])
            argv = argv[skip:]
        if argv:
            run = Run(argv, at, self.context, redirections)
            layered(run, own, argv, self.recorder)
