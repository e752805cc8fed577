"""Reads a program: the commands that it runs, the files that it writes, by literal arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import MainGuard
from dten_audit.readers.programs.actions import Action
from dten_audit.readers.programs.conditions import guards, root_checks
from dten_audit.readers.programs.program import Call, Program
from dten_audit.readers.programs.tables import Calls, Row, calls, worth_reading
from dten_audit.readers.programs.taking import take
from dten_audit.readers.programs.values import Name, is_true

Reached = Mapping[int, tuple[int, ...]]
"""The functions that a program comes to, and in which order (see ``Functions.reached``)."""
Rows = Mapping[str, tuple[Row, ...]]
_ROUNDS: Final = 3
_MAX_ACTIONS: Final = 5_000
_MAX_WRAPPERS: Final = 50


def read(document: Document) -> Iterator[Fact | Embedded]:
    """Yield the commands, embedded texts and gaps of a program.

    What its functions do is stated as called where the program's own code reaches them.
    """
    if not worth_reading(document):
        return
    program = Program(document)
    actions = list(found_actions(program))
    yield from program.unfollowed()
    if not actions:
        return
    reached = program.functions.reached()
    for action in actions:
        place(program, action, reached)
    guard = program.language.guard
    if guard and (match := re.search(guard, program.code)) is not None:
        yield MainGuard(document.location_at(match.start()), document.id)
    _guard(program, actions, reached)
    from dten_audit.readers.programs.running import Runner  # the shell's machine, seldom needed

    runner = Runner(document)
    for action in sorted(actions, key=lambda action: action.rank):
        runner.run(action)
    yield from runner.stated()


def _guard(program: Program, actions: list[Action], reached: Reached) -> None:
    """Say of each action under which tests the program comes to it."""
    checks = [
        ((*reached.get(program.functions.at(offset), (offset,)), offset), guard)
        for offset, guard in root_checks(program)
    ]
    for action in actions:
        early = tuple(guard for rank, guard in checks if rank < action.rank)
        action.guards = (*early, *guards(program, action.offset))


def found_actions(program: Program) -> Iterator[Action]:
    """Yield what a program does, its own functions that only hand on commands included."""
    table = calls(program.language.name)
    rows: dict[str, tuple[Row, ...]] = {}
    seen: set[int] = set()
    names = _with_aliases(program, table)
    count = 0
    for _ in range(_ROUNDS):
        wrappers: dict[str, tuple[Row, ...]] = {}

        def wanted(name: str, path: str, own: Rows = rows) -> bool:
            return _own_name(path) in own if own else bool(_known(table, name, path))

        for call in program.calls_of(names, wanted):
            if call.at in seen:
                continue
            for row in rows.get(_own_name(call.path), ()) if rows else _rows(program, call):
                wrapper = _wrapper(program, call, row)
                if wrapper is not None and len(wrappers) < _MAX_WRAPPERS:
                    wrappers.setdefault(wrapper[0], (wrapper[1],))
                    continue
                action = take(program, call, row)
                if action is not None and count < _MAX_ACTIONS:
                    count += 1
                    seen.add(call.at)
                    yield action
        rows = wrappers
        if not rows:
            break
        names = frozenset(rows)
    yield from _quoted(program)


def _with_aliases(program: Program, table: Calls) -> frozenset[str]:
    """Return the known names, those included under which they are imported."""
    aliases = (name for name, target in program.imports.names.items() if target in table.names)
    return table.last.union(aliases)


def _rows(program: Program, call: Call) -> Iterator[Row]:
    """Yield the rows of the table that a call fits."""
    for row in _known(calls(program.language.name), call.name, call.path):
        before = program.code[max(0, call.at - 80) : call.at]
        if row.on and not re.search(row.on, before):
            continue
        if row.since and not any(word in program.document.text for word in row.since):
            continue
        yield row


def _known(table: Calls, name: str, path: str) -> tuple[Row, ...]:
    """Return the rows of a name: of a function, else of a method of any object."""
    found = table.names.get(name, ())
    if not found and ("." in path or "->" in path or "::" in path):
        return table.methods.get(path.rpartition(".")[2].rpartition(">")[2], ())
    return found


def _own_name(path: str) -> str:
    """Return the name of a function of the program itself; empty for another object's."""
    first, _, rest = path.replace("->", ".").replace("::", ".").rpartition(".")
    return rest if first.lstrip("$@") in ("", "self", "this", "cls", "super()") else ""


def _wrapper(program: Program, call: Call, row: Row) -> tuple[str, Row] | None:
    """Return a function that runs what it is given, and how: ``def run(cmd): os.system(cmd)``."""
    number = program.functions.at(call.at)
    if number < 0 or row.takes not in ("text", "either", "argv", "one"):
        return None
    value = call.arguments.get(row.at, row.keywords)
    function = program.functions.all[number]
    if not isinstance(value, Name):
        return None
    name = value.path.lstrip("$@%")
    if name not in function.parameters:
        return None
    through_shell = is_true(call.arguments.option(row.shell)) if row.shell else row.default
    return function.name, row._replace(
        at=function.parameters.index(name), keywords=(name,), on="", since=(), cwd="", input="",
        shell="", default=bool(through_shell),
    )  # fmt: skip


def place(program: Program, action: Action, reached: Reached) -> None:
    """Say of an action in which function it stands, and whether the program comes there."""
    number = program.functions.at(action.offset)
    action.called = number in reached
    action.rank = (*reached.get(number, (action.offset,)), action.offset)
    action.function = program.functions.all[number].name if number >= 0 else ""


def _quoted(program: Program) -> Iterator[Action]:
    """Yield the texts that run where they stand (``` `…` ``, ``%x(…)``, ``qx{…}``)."""
    for literal in program.lexer.literals:
        if literal.quote.runs:
            action = Action(literal.start)
            action.code = program.texts.field(literal)
            if action.code.text.strip():
                yield action
