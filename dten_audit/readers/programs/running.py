"""Lets the shell reader's machine run what a program runs: wrappers, clients, texts, all alike."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import (
    Command,
    Layer,
    Redirection,
    Word,
)
from dten_audit.readers.programs.actions import Action
from dten_audit.readers.programs.languages import ORIGIN
from dten_audit.readers.shell.context import Context, Input, Run, Streams
from dten_audit.readers.shell.machine import Machine
from dten_audit.readers.shell.state import Frame
from dten_audit.readers.shell.tables import wrappers
from dten_audit.readers.shell.values import Field
from dten_audit.readers.shell.wrappers import Peeled

_COMMANDS: Final = 2_000
_HOLE: Final = re.compile(r"\$\{[A-Za-z_]\w*+\}")


class Runner:
    """Runs actions, in the order in which the program does them."""

    def __init__(self, document: Document) -> None:
        self._machine = Machine(document, _COMMANDS)
        self._document = document

    def run(self, action: Action) -> None:
        """State what an action comes to."""
        machine = self._machine
        source = machine.source
        chain = [Frame(0, action.function, None, source, action.offset)] if action.function else []
        machine.chain = chain
        machine.reached = action.called
        machine.guards, machine.lasting, machine.locks = action.guards, (), ()
        machine.context = Context()
        machine.state.errexit = action.failure == "stops"
        machine.state.folder = action.folder
        if action.target is not None:
            self._write(action, action.target)
            return
        layers = self._layers(action)
        run = Run(
            action.words, action.offset, self._streams(action), action.environment, layers,
            in_shell=False,
        )  # fmt: skip
        if action.code is not None:
            self._code(action.code, run, action)
        elif action.words:
            machine.invoke(run)

    def _layers(self, action: Action) -> tuple[Layer, ...]:
        if action.layer is None:
            return ()
        tool, kind = action.layer
        line, _ = self._machine.source.position(action.offset)
        return (Layer(tool, kind, (Word(tool),), line=self._document.host_line(line)),)

    def _code(self, code: Field, run: Run, action: Action) -> None:
        """Run a shell text."""
        shell = wrappers()["sh"]
        used = [Field("sh"), Field("-c")]
        if action.layer is not None:
            shell, used = shell._replace(layer=action.layer[1]), [Field(action.layer[0])]
        self._machine.code(Peeled(used[0].text, shell, used, [], code=code), run)

    @staticmethod
    def _streams(action: Action) -> Streams:
        stdin = None if action.stdin is None else Input(action.stdin)
        return Streams((), stdin, (), own_stdin=stdin is not None, target=None, captured=False)

    def _write(self, action: Action, target: Field) -> None:
        """State a file that the program writes, and its text where that is known."""
        machine = self._machine
        operator = ">>" if action.append else ">"
        streams = Streams(
            (Redirection(operator, target.word),), None, (), own_stdin=False, target=target,
            captured=False, append=action.append,
        )  # fmt: skip
        run = Run(action.words, action.offset, streams)
        documents: list[str] = []
        if action.text is not None:
            documents.append(machine.write(action.text, target, run, append=action.append))
        machine.state_command(run, documents=tuple(filter(None, documents)))

    def stated(self) -> list[Fact | Embedded]:
        """Return the commands, the texts inside them, and what could not be read."""
        recorder = self._machine.recorder
        found: list[Fact | Embedded] = list(map(_honest, recorder.commands))
        found += recorder.encoded
        for part in recorder.embedded:
            found.append(part._replace(hints=(*part.hints, ORIGIN)))
        found += recorder.gaps
        return found


def _honest(command: Command) -> Command:
    """Return a command whose words are computed where they hold what only the run tells.

    To a shell, ``'${unit}'`` between single quotes is plain text; to the program it was a hole.
    """
    if not any("${" in word.text and word.certainty != "computed" for word in command.argv):
        return command
    words = (
        word._replace(certainty="computed") if _HOLE.search(word.text) else word
        for word in command.argv
    )
    return command._replace(argv=tuple(words))
