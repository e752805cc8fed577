"""Reads a shell script: the commands it runs, and the documents embedded in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from dten_audit.documents.document import Document, Embedded
from dten_audit.documents.kinds import kind_by_name
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Layer, LayerKind, Word
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.shell.machine import Machine
from dten_audit.readers.shell.state import Procedure
from dten_audit.readers.shell.syntax import Parser
from dten_audit.readers.shell.values import Value

_FOREIGN: Final = re.compile(r"#![^\n]*?\b(csh|tcsh|fish|rc|es|elvish|nu|xonsh)\b")
_EXECUTABLE: Final = 0o111
_SHEBANG: Final = re.compile(r"#!\s*\S+((?:[ \t]+\S+)*)")


class Definitions(NamedTuple):
    """What a script leaves behind for one that sources it: functions, variables, ``export``s."""

    functions: dict[str, tuple[Procedure, ...]]
    variables: dict[str, Value]
    exported: tuple[str, ...]
    errexit: bool


def read(document: Document, prelude: tuple[Definitions, ...] = ()) -> Iterator[Fact | Embedded]:
    """Yield the commands, embedded documents and gaps of a script.

    ``prelude`` are the definitions of the shipped scripts that it sources, in order (see
    ``definitions``). Commands in a sourced function are then stated as commands of this document:
    at their call site where they need its parameters, else at their place in the library.
    """
    foreign = _FOREIGN.match(document.text)
    if foreign is not None:
        reason = f"written for {foreign[1]}, which is not read"
        yield Unreadable(document.location(1), "shell", reason)
        return
    machine = _walked(document, prelude)
    machine.uncalled()
    recorder = machine.recorder
    for order, command in enumerate(recorder.commands):
        yield command if command.order == order else command._replace(order=order)
    yield from recorder.encoded
    yield from recorder.embedded
    guessed = bool(recorder.gaps) and _guessed(document)
    yield from (gap._replace(guessed=guessed) for gap in recorder.gaps)


def _guessed(document: Document) -> bool:
    """Tell whether only the text suggested that a file is a shell script."""
    started = document.text.startswith("#!") or (document.mode or 0) & _EXECUTABLE
    return not started and document.host is None and kind_by_name(document.path) != "shell"


def definitions(document: Document, prelude: tuple[Definitions, ...] = ()) -> Definitions:
    """Return what a script defines when it is sourced, after what it sources itself."""
    if _FOREIGN.match(document.text):
        return Definitions({}, {}, (), errexit=False)
    state = _walked(document, prelude).state
    return Definitions(
        dict(state.functions), dict(state.variables), tuple(state.exported), state.errexit
    )


def _walked(document: Document, prelude: tuple[Definitions, ...]) -> Machine:
    """Walk through a script from its first line to its last."""
    parser = Parser(document.text)
    body = parser.script()
    machine = Machine(document, parser.shared.commands)
    machine.promised = parser.shared.functions
    machine.context = machine.context._replace(layers=_around(document))
    _apply(prelude, machine)
    shebang = _SHEBANG.match(document.text)
    for word in shebang[1].split() if shebang else ():
        if word.startswith("-"):
            machine.shell_option(word, "")
    problems = parser.shared.problems
    end = machine.script(body, problems[0].offset if problems else len(document.text))
    for problem in problems:
        if problem.offset < end:
            line, _ = document.index.position(problem.offset)
            machine.recorder.unreadable(line, problem.reason)
    return machine


def _around(document: Document) -> tuple[Layer, ...]:
    """Return the host or container in which the program that a text is embedded for runs it."""
    hints = document.hints
    layer, client = hints.get("layer", ""), hints.get("client", "")
    if layer not in ("container", "remote"):
        return ()
    kind = cast("LayerKind", layer)
    return (Layer(client, kind, (Word(client),), hints.get("target", "")),)


def _apply(prelude: tuple[Definitions, ...], machine: Machine) -> None:
    state = machine.state
    for known in prelude:
        state.functions.update(known.functions)
        machine.allow(p.definition.size for found in known.functions.values() for p in found)
        for name, value in known.variables.items():
            state.set(name, value)
        for name in known.exported:
            state.export(name)
        state.errexit = state.errexit or known.errexit
