"""Tells functions that only print: what they print is of interest once, not at each call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from dten_audit.readers.shell.nodes import (
    AndOr,
    Arithmetic,
    ArrayLiteral,
    Assignment,
    Body,
    Case,
    For,
    Function,
    Group,
    If,
    Literal,
    Loop,
    Node,
    Not,
    Parameter,
    Part,
    Pipeline,
    Redirect,
    Shape,
    Simple,
    Substitution,
)
from dten_audit.readers.shell.state import Procedure
from dten_audit.readers.shell.tables import message_names, printing_names

_MOST_NESTED: Final = 10
"""A function that prints through more functions than this is walked through."""
_OWN: Final = frozenset(("true", ":", "[", "[[", "test", "shift", "return"))
_LOG: Final = re.compile(r"(?i)log(?:file|_file|s|/[^/]*)?[}\"']*$|\.log\b")
_WORD: Final = re.compile(r"[A-Za-z_]\w*+", re.ASCII)
_DEVICES: Final = frozenset(("/dev/null", "/dev/stderr", "/dev/stdout", "/dev/tty"))
_COPIES: Final = frozenset((">&", "<&"))
_TEXTS: Final = frozenset(("<<", "<<-", "<<<"))
_SETTING: Final = ("=", ":=")
_NOT_PRINTING: Final = {"printf": ("-v",), "date": ("-s", "--s")}
"""With these options a program does something else."""


class Message(NamedTuple):
    """What a function that only prints does to the variables of others, and which it looks at."""

    sets: frozenset[str]
    reads: frozenset[str]


class Messages:
    """Finds out of each function of a script once whether it only prints.

    ``functions`` finds one by name; ``text`` is the script's own.
    """

    __slots__ = (
        "_counts", "_functions", "_known", "_local", "_names", "_reads", "_sets", "_text",
        "_varying",
    )  # fmt: skip

    def __init__(self, functions: Callable[[str], tuple[Procedure, ...]], text: str) -> None:
        self._functions = functions
        self._text = text
        self._counts: dict[str, Counter[str]] = {}
        self._known: dict[int, Message | None] = {}
        self._sets: set[str] = set()
        self._local: set[str] = set()
        self._varying: set[str] = set()
        self._reads: set[str] = set()
        self._names: list[str] = []

    def forget(self) -> None:
        """Find out anew: a function has been replaced by another one."""
        self._known.clear()

    def message(self, procedure: Procedure) -> Message | None:
        """Return what a function sets that only prints; None for any other function.

        One that ends the script must do so in its last command: what holds behind the call of any
        other depends on its tests.
        """
        definition = procedure.definition
        key = id(definition)
        if key not in self._known:
            self._known[key] = None
            if len(self._names) < _MOST_NESTED:
                self._known[key] = self._found(procedure)
        return self._known[key]

    def _found(self, procedure: Procedure) -> Message | None:
        saved = self._sets, self._local, self._varying, self._reads
        self._sets, self._local, self._varying, self._reads = set(), set(), set(), set()
        self._names.append(procedure.definition.name)
        found = self._is_message(procedure.definition.body) and all(
            self._is_private(name, procedure) for name in self._varying - self._local
        )
        own = self._local | self._varying
        message = Message(frozenset(self._sets - own), frozenset(self._reads)) if found else None
        self._names.pop()
        self._sets, self._local, self._varying, self._reads = saved
        return message

    def _is_private(self, name: str, procedure: Procedure) -> bool:
        """Say whether nothing but a function speaks of a variable, in its text and the script's."""
        definition, source = procedure
        own = _WORD.findall(source.text[definition.offset : definition.end]).count(name)
        return self._mentions(source.text)[name] == own and (
            source.text is self._text or not self._mentions(self._text)[name]
        )

    def _mentions(self, text: str) -> Counter[str]:
        if text not in self._counts:
            self._counts[text] = Counter(_WORD.findall(text))
        return self._counts[text]

    def _is_message(self, node: Node) -> bool:
        if not isinstance(node, Group) or node.subshell or not node.body:
            return False
        *first, last = node.body
        if not (self._all(tuple(first)) and all(map(self._redirected, node.redirects))):
            return False
        if isinstance(last, Simple) and last.name == "exit":
            return all(map(self._word, last.words))
        return self._node(last)

    def _all(self, body: Body) -> bool:
        return all(map(self._node, body))

    def _node(self, node: Node) -> bool:
        """Say whether a command only prints, tests, or sets variables to what is known."""
        if isinstance(node, Simple):
            return self._simple(node)
        if isinstance(node, If):
            return self._all(node.condition + node.then + node.otherwise)
        if isinstance(node, AndOr):
            return self._node(node.first) and all(self._node(right) for _, right in node.rest)
        if isinstance(node, Pipeline):
            return self._all(node.commands)
        if isinstance(node, Group):
            return self._all(node.body) and all(map(self._redirected, node.redirects))
        if isinstance(node, Case):
            return self._word(node.subject) and all(self._all(arm.body) for arm in node.arms)
        if isinstance(node, For):
            self._varying |= node.assigned
            words = [shape for shape, _ in node.words or ()]
            return all(map(self._word, words)) and self._all(node.body)
        if isinstance(node, Loop):
            self._varying |= node.assigned - {"@"}
            return self._all(node.condition + node.body)
        return self._node(node.command) if isinstance(node, Not) else False

    def _simple(self, node: Simple) -> bool:
        name = node.name
        if not (all(map(self._redirected, node.redirects)) and all(map(self._word, node.words))):
            return False
        if not all(self._assigned(item) for item in node.assignments):
            return False
        if not node.words or name in _OWN:
            return True
        if name == "local":
            names = [word.source.partition("=")[0] for word in node.words[1:]]
            self._local.update(names)
            return all(plain.isidentifier() for plain in names)
        if name == self._names[-1]:
            return True
        called = self._functions(name)
        if called:
            found = [self.message(procedure) for procedure in called]
            for message in filter(None, found):
                self._sets |= message.sets
                self._reads |= message.reads
            return all(found) and not any(self._leaves(p.definition) for p in called)
        if name not in printing_names() and name not in message_names():
            return False
        return not any(word.source.startswith(_NOT_PRINTING[name]) for word in node.words[1:]
                       if name in _NOT_PRINTING)  # fmt: skip

    @staticmethod
    def _leaves(definition: Function) -> bool:
        body = definition.body
        last = body.body[-1] if isinstance(body, Group) and body.body else body
        return isinstance(last, Simple) and last.name == "exit"

    def _assigned(self, item: Assignment) -> bool:
        """Note what is assigned, and whether it comes to the same at each call."""
        if item.append or any(_varies(part, self._local) for part in item.value.parts):
            self._varying.add(item.name)
        else:
            self._sets.add(item.name)
        return not item.key and self._word(item.value)

    def _redirected(self, redirect: Redirect) -> bool:
        target = redirect.target
        if redirect.operator in _COPIES:
            return True
        if redirect.operator in _TEXTS:
            return self._word(redirect.heredoc.body if redirect.heredoc else target)
        is_log = redirect.operator == ">>" and _LOG.search(target.source) is not None
        return (target.text in _DEVICES or is_log) and self._word(target)

    def _word(self, shape: Shape) -> bool:
        return shape.text is not None or all(map(self._part, shape.parts))

    def _part(self, part: Part) -> bool:
        """Say whether expanding a part of a word runs nothing but what prints."""
        if isinstance(part, Substitution):
            return self._all(part.body)
        if isinstance(part, Arithmetic):
            return all(map(self._part, part.inner))
        if isinstance(part, Parameter):
            self._reads.add(part.name)
            if part.operator in (*_SETTING, "indirect"):
                return False
            return part.key is None and (part.operand is None or self._word(part.operand))
        return isinstance(part, Literal)


def _varies(part: Part, local: set[str]) -> bool:
    """Say whether a part of a word differs from call to call."""
    if isinstance(part, Parameter):
        return (
            part.name in local
            or not (part.name.isidentifier() or part.name == "$")
            or part.operand is not None
        )
    return isinstance(part, Substitution | ArrayLiteral)
