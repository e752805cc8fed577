"""What names mean in a program: what is imported under which name, and what is set once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import Final, NamedTuple

from dten_audit.model.facts.commands import SCRIPT_FOLDER
from dten_audit.readers.programs.expressions import Expressions
from dten_audit.readers.programs.functions import Functions, _pattern
from dten_audit.readers.programs.functions_known import OWN_FILE
from dten_audit.readers.programs.lexing import Lexer
from dten_audit.readers.programs.literals import Texts
from dten_audit.readers.programs.tables import interpreters, own_files, own_folders
from dten_audit.readers.programs.values import Items, Unknown, Value
from dten_audit.readers.shell.values import Field

_SETS_ONCE: Final = ("", ":")
_ADDS: Final = frozenset("append push add Add".split())
_JOINS: Final = frozenset("extend addAll AddRange".split())
_CHANGE: Final = re.compile(
    r"\."
    r"(?P<method>append|extend|push|add|addAll|Add|AddRange|concat|insert|unshift|remove|pop|shift"
    r"|splice|clear|sort|reverse)\b[ \t]*+\(|(?P<joins>[ \t]*+(?:\+=|<<=?|\.=))|\["
    r"[^\]\n]*+\][ \t]*+=(?!=)"
)
"""What behind a name adds to it or changes it."""
_PUSH: Final = re.compile(r"\b(?:push|unshift)[ (]++@?+")
"""What does so before a name."""
_MAX_ASSIGNMENTS: Final = 20_000
_MAX_CHANGES: Final = 200


def _own(name: str) -> Field | None:
    """Return what stands for the program itself: its file, its folder, its interpreter."""
    if name in own_files():
        return Field(OWN_FILE, "resolved")
    if name in own_folders():
        return Field(SCRIPT_FOLDER, "resolved")
    program = interpreters().get(name)
    return None if program is None else Field(program, "resolved")


class _Set(NamedTuple):
    offset: int
    value: int
    function: int
    plain: bool


class _Change(NamedTuple):
    """A place where something is added to a name, or changed of it: by a method or an operator."""

    at: int
    end: int
    method: str = ""
    joins: str = ""


class Names:
    """Resolves names of one program."""

    def __init__(self, lexer: Lexer, functions: Functions, texts: Texts) -> None:
        self._lexer = lexer
        self._code = lexer.code
        self._functions = functions
        self.expressions = Expressions(lexer, texts, self.constant)
        self._known: dict[int, Value | None] = {}
        self._open: set[int] = set()
        self._changed: dict[str, list[_Change]] = {}
        self.bound: Mapping[str, Value] = {}
        """What names hold where somebody walks through the program: parameters, turns of a loop."""

    @contextmanager
    def binding(self, values: Mapping[str, Value]) -> Iterator[None]:
        """Let names hold values for a while; what followed from others is forgotten."""
        before, known = self.bound, self._known
        self.bound, self._known = values, {}
        try:
            yield
        finally:
            self.bound, self._known = before, known

    @cached_property
    def _sets(self) -> dict[str, list[_Set]]:
        found: dict[str, list[_Set]] = {}
        for number, match in enumerate(
            _pattern(self._lexer.language.assignment).finditer(self._code)
        ):
            if number >= _MAX_ASSIGNMENTS:
                break
            name = self._bare(match["name"])
            at = match.start("name")
            plain = match["operator"] in _SETS_ONCE
            found.setdefault(name, []).append(_Set(at, match.end(), self._functions.at(at), plain))
        return found

    def _bare(self, name: str) -> str:
        """Return a name without what marks it as one of the object's or a variable."""
        name = name.replace("->", ".").replace("::", ".").lstrip("$@%&\\")
        first, _, rest = name.partition(".")
        return rest if rest and first in ("this", "self", "cls", "$this") else name

    def constant(self, name: str, at: int) -> Value | None:
        """Return the value that a name has at an offset; None where it is not certain."""
        if name in ("True", "False", "None", "true", "false", "null", "nil"):
            return None
        own = _own(name)
        if own is not None:
            return own
        bare = self._bare(name)
        if bare in self.bound:
            return self.bound[bare]
        sets = self._sets.get(bare)
        if sets is None or self._code.startswith("=", at):
            return None
        chosen = self._chosen(bare, sets, at)
        if chosen is None:
            return None
        value = self._value(chosen)
        if isinstance(value, Items):
            return self._grown(bare, value, chosen, at)
        return value if all(item.plain for item in sets) else None

    def _chosen(self, name: str, sets: list[_Set], at: int) -> _Set | None:
        """Return the one assignment that holds at an offset."""
        function = self._functions.at(at)
        own = [item for item in sets if item.function == function]
        if function >= 0 and not own:
            if name in self._functions.all[function].parameters:
                return None
            own = [item for item in sets if item.function == -1 and item.plain]
            if not own and "." not in name:
                own = sets if len(sets) == 1 and self._member(name) else []
            return own[0] if len(own) == 1 and own[0].plain else None
        own = [item for item in own if item.plain]
        before = [item for item in own if item.offset < at]
        if len(own) <= 1:
            return own[0] if own and (before or function == -1) else None
        return before[-1] if before and self._straight(before[-1].offset, at) else None

    def settings(self, name: str, at: int) -> Iterator[Value]:
        """Yield the values that a name may have at an offset, by the branches before it.

        They are those of the function around it; where it sets none, of the nearest one outside.
        Where the last of them is certain to be set, no earlier one counts.
        """
        sets = self._sets.get(self._bare(name), ())
        function = self._functions.at(at)
        own = [item for item in sets if item.function == function and item.offset < at]
        while sets and not own and function >= 0:
            function = self._functions.outside(function)
            own = [item for item in sets if item.function == function]
        depth = self._depth(at)
        for item in reversed(own):
            value = self._value(item)
            if value is not None:
                yield value
            if item.plain and item.offset < at and self._depth(item.offset) <= depth:
                return

    def grows(self, name: str) -> bool:
        """Say whether something is added to a name's value anywhere."""
        return any(not item.plain for item in self._sets.get(self._bare(name), ()))

    def _member(self, name: str) -> bool:
        """Say whether a name is a field of an object, which is set in one of its methods."""
        return re.search(rf"(?:self|this|@)(?:\.|->)?{re.escape(name)}\b", self._code) is not None

    def _straight(self, start: int, end: int) -> bool:
        """Say whether an assignment and a use stand in one run of lines, none further out."""
        code = self._code
        first = code.rfind("\n", 0, start) + 1
        depth = start - first
        if code[first:start].strip() and not code[first:start].strip().isidentifier():
            return False
        for line in code[start:end].split("\n")[1:200]:
            stripped = line.lstrip(" \t")
            if stripped and len(line) - len(stripped) < depth and stripped[0] not in ")]}":
                return False
        return code.count("\n", start, end) < 200  # noqa: PLR2004 (as many lines as are looked at)

    def _value(self, chosen: _Set) -> Value | None:
        if chosen.value in self._known:
            return self._known[chosen.value]
        if chosen.value in self._open:
            return None
        self._open.add(chosen.value)
        limit = self._end(chosen.value)
        value, end = self.expressions.expression(chosen.value, limit)
        self._open.discard(chosen.value)
        if self._code[end:limit].strip(" \t;)"):
            found: Value | None = None
        elif isinstance(value, Field):
            found = value.resolved if value.known or value.text.strip() else None
        else:
            found = None if isinstance(value, Unknown) else _followed(value)
        self._known[chosen.value] = found
        return found

    def _end(self, at: int) -> int:
        """Return where a statement ends: with its line, unless brackets or an operator go on."""
        return statement_end(self._code, at)

    def _grown(self, name: str, value: Items, chosen: _Set, at: int) -> Value | None:
        """Return a list with what is added to it between its assignment and its use.

        What is added under a test may be there or not: the list is open from there on.
        """
        changes = self._changes(name)
        depth = self._depth(chosen.offset)
        function = self._functions.at(at)
        for change in changes:
            if self._functions.at(change.at) != function or chosen.function != function:
                return Items(value.items, open=True)
            if not chosen.offset < change.at < at:
                continue
            if value.open or self._depth(change.at) != depth:
                return Items(value.items, open=True)
            found = self._added(change)
            if found is None:
                return None
            value = Items((*value.items, *found.items), found.open)
        return value

    def _added(self, change: _Change) -> Items | None:
        """Return what one change adds at the end; None where it changes more than that."""
        if change.method not in _ADDS | _JOINS and not change.joins:
            return None
        limit = self._end(change.end)
        if change.method in _ADDS:
            arguments = self.expressions.arguments(change.end, limit)
            return Items(arguments.positional, arguments.spread)
        value, _ = self.expressions.expression(change.end, limit)
        if isinstance(value, Items):
            return value
        return Items((value,)) if change.joins == "<<" else Items((), open=True)

    def _depth(self, offset: int) -> int:
        line = self._code[self._code.rfind("\n", 0, offset) + 1 : offset]
        return len(line) - len(line.lstrip(" \t"))

    def _changes(self, name: str) -> list[_Change]:
        if name not in self._changed:
            self._changed[name] = list(islice(self._changes_of(name), _MAX_CHANGES))
        return self._changed[name]

    def _changes_of(self, name: str) -> Iterator[_Change]:
        """Yield the places where a name is changed, in their order, none inside another."""
        code, done = self._code, 0
        at = code.find(name) if name else -1
        while at >= 0:
            end = at + len(name)
            pushed = self._pushes.get(at, -1)
            if pushed >= done and not _in_word(code, end):
                done = end
                yield _Change(pushed, end)
            elif (at == 0 or not (_in_word(code, at - 1) or code[at - 1] == ".")) and (
                match := _CHANGE.match(code, end)
            ):
                done = match.end()
                yield _Change(at, done, match["method"] or "", match["joins"] or "")
            at = code.find(name, max(done, at + 1))

    @cached_property
    def _pushes(self) -> dict[int, int]:
        """Where ``push`` and its kin stand, by the offset of what is behind them."""
        return {match.end(): match.start() for match in _PUSH.finditer(self._code)}


def _in_word(code: str, at: int) -> bool:
    return code[at : at + 1].isalnum() or code[at : at + 1] == "_"


def _followed(value: Value) -> Value:
    """Return a list as a name holds it: what follows from it is no longer exact."""
    if not isinstance(value, Items):
        return value
    items = (item.resolved if isinstance(item, Field) else item for item in value.items)
    return Items(tuple(items), value.open)


_STATEMENT: Final = re.compile(r"[()\[\]{}]|;|\n")
_GOES_ON: Final = re.compile(r"(?:[-+*/%.,=&|?:(\[{\\<]|\b(?:and|or|not|in|if|else))[ \t]*+\Z")
_NEXT_GOES_ON: Final = re.compile(r"\s*+(?:[.+&|?:)\]}]|->|=>)")
_MAX_STATEMENT: Final = 20_000


def statement_end(code: str, at: int) -> int:
    """Return where the statement ends that an offset stands in."""
    level, position, stop = 0, at, min(len(code), at + _MAX_STATEMENT)
    while True:
        match = _STATEMENT.search(code, position, stop)
        if match is None:
            return stop
        found, position = match.group(), match.end()
        if found in "([{":
            level += 1
        elif found in ")]}":
            level -= 1
            if level < 0:
                return match.start()
        elif not level:
            line = code[max(at, code.rfind("\n", 0, match.start()) + 1) : match.start()]
            if found == ";" or (not line.strip() and match.start() > at + 1):
                return match.start()
            if not _GOES_ON.search(line) and not _NEXT_GOES_ON.match(code, match.end()):
                return match.start()
