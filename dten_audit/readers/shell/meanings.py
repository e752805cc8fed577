"""What shell functions mean: the test they stand for, whether they do harm, how they end."""

from __future__ import annotations

from typing import Final

from dten_audit.documents.document import Document
from dten_audit.readers.shell.conditions import Tested
from dten_audit.readers.shell.context import Ending, Run, Streams
from dten_audit.readers.shell.messages import Messages
from dten_audit.readers.shell.nodes import (
    AndOr,
    Body,
    Group,
    If,
    Node,
    Redirect,
    Simple,
)
from dten_audit.readers.shell.state import Procedure
from dten_audit.readers.shell.tables import message_names, stop_names
from dten_audit.readers.shell.values import Field
from dten_audit.readers.shell.walk import Walk

MAX_CALLS: Final = 12
"""How deep functions may call each other."""
_LEAVING: Final = frozenset(("exit", "return"))
_LOOK_DEPTH: Final = 4


class Meanings(Walk):
    """What is known of functions without walking through them."""

    def __init__(self, document: Document, commands: int) -> None:
        super().__init__(document, commands)
        self._exiting: dict[int, bool] = {}
        self._harmless: dict[int, bool] = {}
        self.messages = Messages(self._functions, document.text)

    def _functions(self, name: str) -> tuple[Procedure, ...]:
        return self.state.functions.get(name, ())

    def streams(self, redirects: tuple[Redirect, ...]) -> Streams:
        """Expand redirections."""
        raise NotImplementedError

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
        self.push(name, Run(fields, definition.offset, self.streams(())))
        previous = self.source
        self.switch_source(source)
        found = self._succeeds(statements)
        self.switch_source(previous)
        self.pop()
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
        return name in ("true", "/bin/true", "/usr/bin/true", ":", "local") or (
            name in message_names()
        )

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
