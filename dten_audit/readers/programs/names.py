"""What names mean in a program: what is imported under which name, and what is set once."""

from __future__ import annotations

import re
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
_GROWING: Final = (
    r"(?:append|extend|push|add|addAll|concat|insert|unshift|AddRange|Add|remove|pop|shift|splice)"
)
_MAX_ASSIGNMENTS: Final = 20_000


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


class Names:
    """Resolves names of one program."""

    def __init__(self, lexer: Lexer, functions: Functions, texts: Texts) -> None:
        self._lexer = lexer
        self._code = lexer.code
        self._functions = functions
        self.expressions = Expressions(lexer, texts, self.constant)
        self._sets = self._assignments()
        self._known: dict[int, Value | None] = {}
        self._open: set[int] = set()
        self._changed: dict[str, bool] = {}

    def _assignments(self) -> dict[str, list[_Set]]:
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
        sets = self._sets.get(bare)
        if sets is None or self._code.startswith("=", at):
            return None
        chosen = self._chosen(bare, sets, at)
        if chosen is None:
            return None
        value = self._value(chosen)
        if isinstance(value, Items) and self._grows(bare):
            return Items(value.items, open=True)
        return value

    def _chosen(self, name: str, sets: list[_Set], at: int) -> _Set | None:
        """Return the one assignment that holds at an offset."""
        function = self._functions.at(at)
        own = [item for item in sets if item.function == function]
        if function >= 0 and not own:
            if name in self._functions.all[function].parameters:
                return None
            own = [item for item in sets if item.function == -1]
            if not own and "." not in name:
                own = sets if len(sets) == 1 and self._member(name) else []
            return own[0] if len(own) == 1 and own[0].plain else None
        if not own or not all(item.plain for item in own):
            return None
        before = [item for item in own if item.offset < at]
        if len(own) == 1:
            return own[0] if before or function == -1 else None
        return before[-1] if before and self._straight(before[-1].offset, at) else None

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

    def _grows(self, name: str) -> bool:
        if name not in self._changed:
            pattern = (
                rf"\b{re.escape(name)}(?:\.{_GROWING}\b|\s*+(?:\+|<<|\.)=|\s*+<<|\["
                rf"[^\]\n]*+\]\s*+=(?!=))|\b(?:push|unshift)[ (]+@?{re.escape(name)}\b"
            )
            self._changed[name] = re.search(pattern, self._code) is not None
        return self._changed[name]


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
