"""Reads expressions in covered code: literals, lists, dictionaries, joined and formatted texts.

Tolerant and bounded: what is not understood is passed over to the next comma or bracket.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Final

from dten_audit.readers.programs.functions_known import combined, method, returned
from dten_audit.readers.programs.languages import Language
from dten_audit.readers.programs.lexing import Lexer
from dten_audit.readers.programs.literals import Texts
from dten_audit.readers.programs.values import (
    Arguments,
    Called,
    Items,
    Name,
    Number,
    Pairs,
    Unknown,
    Value,
)
from dten_audit.readers.shell.values import Field, cut, joined

MAX_DEPTH: Final = 24
_FLOOR: Final = 50_000
_LETTERS_A_STEP: Final = 4
"""So many steps, for so long a text, are more than twice what any real program needs."""
_MARK: Final = 4
_LETTERS: Final = 100
_SPACE: Final = r"(?:[\s\x01]++|\\\n)*+"
"""What has been covered without a token (the text of a here-document, a pattern) is no code."""
_TERM: Final = re.compile(
    _SPACE + r"(?:(?P<string>\x02\x01*+)|(?P<number>\d[\w.]*+)"
    r"|(?P<array>(?:new\b[ \t]*+[\w.]*+[ \t]*+)?\[[ \t]*+\d*+[ \t]*+\][ \t]*+(?:\w++"
    r"[ \t]*+)?\{|array[ \t]*+\((?=[^)])|\[\]byte[ \t]*+\()"
    r"|(?P<name>[$@%&\\]*+[A-Za-z_][\w$]*+(?:(?:\.|::|->|\?\.|\\|!!\.)[A-Za-z_$][\w$]*+[?!]?)*+)"
    r"|(?P<symbol>:[A-Za-z_]\w*+)|(?P<open>[(\[{])|(?P<spread>\*\*?|\.\.\.))"
)
_JOIN: Final = re.compile(_SPACE + r"(?P<operator>[-+.%/]|<<)(?![=+])")
_NEXT: Final = re.compile(_SPACE)
_SUFFIX: Final = re.compile(
    _SPACE + r"(?:\.|\?\.|->)[ \t]*+(?P<name>[A-Za-z_]\w*+)[ \t]*+(?P<call>\()?"
)
_CALL: Final = re.compile(r"[ \t]*+\(")
_KEYWORD: Final = re.compile(_SPACE + r"(?P<key>[A-Za-z_]\w*+)[ \t]*+(?::(?![:=])|=(?![=>~]))")
_STRING_KEY: Final = re.compile(_SPACE + r"(?P<key>\x02\x01*+|:?[A-Za-z_]\w*+)[ \t]*+(?::|=>)")
_BRACKET: Final = re.compile(r"[()\[\]{},;]")
_PAIRED: Final = re.compile(r"[()\[\]{}]")
_END: Final = frozenset(",)]};")
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_WORDS: Final = frozenset(
    "new await my our local const final var let await return not yield typeof async lambda".split()
)
Constant = Callable[[str, int], "Value | None"]


def _weight(value: Value) -> int:
    """Return what a copy of a value costs: texts that grow piece by piece are copied each time."""
    if isinstance(value, Items):
        return len(value.items) * _MARK
    return len(value.marks) * _MARK + len(value.text) // _LETTERS if isinstance(value, Field) else 0


class Expressions:
    """Reads expressions of one program. ``constant`` returns the value of a name, if it is one."""

    def __init__(self, lexer: Lexer, texts: Texts, constant: Constant) -> None:
        self._lexer = lexer
        self._code = lexer.code
        self._texts = texts
        self._constant = constant
        self._language: Language = lexer.language
        self._left = len(self._code) // _LETTERS_A_STEP + _FLOOR
        self._depth = 0

    @property
    def exhausted(self) -> bool:
        """Whether more steps would have been needed than are taken."""
        return self._left <= 0

    # calls

    def arguments(self, at: int, limit: int | None = None, closer: str = ")") -> Arguments:
        """Read arguments from ``at``, which is behind the opening bracket (or the bare name)."""
        limit = len(self._code) if limit is None else limit
        positional: list[Value] = []
        keywords: list[tuple[str, Value]] = []
        spread = False
        while self._spend(1):
            at = self._skip_space(at, limit)
            if at >= limit or self._code[at] in ")]};":
                at += at < limit and self._code[at] == closer
                break
            if self._code[at] == ",":
                at += 1
                continue
            key, at = self._key(at)
            value, at = self.expression(at, limit)
            if key is None and (arrow := re.compile(r"\s*+=>").match(self._code, at)):
                key = (
                    value.text if isinstance(value, (Field, Number)) else getattr(value, "path", "")
                )
                value, at = self.expression(arrow.end(), limit)
            if key is not None:
                keywords.append((key.strip(":"), value))
            elif isinstance(value, Items) and value.open and not value.items:
                spread = True
            else:
                positional.append(value)
        return Arguments(tuple(positional), tuple(keywords), at, spread)

    def _key(self, at: int) -> tuple[str | None, int]:
        match = _KEYWORD.match(self._code, at)
        if match is None:
            return None, at
        return match["key"], match.end()

    # expressions

    def expression(self, at: int, limit: int) -> tuple[Value, int]:
        """Read an expression; return its value and where it ends: at a comma, a bracket or so."""
        if self._depth >= MAX_DEPTH or not self._spend(1):
            return Unknown("", at), self._pass(at, limit)
        self._depth += 1
        start = self._skip_space(at, limit)
        value, at = self._term(start, limit)
        while self._spend(1):
            following = self._skip_space(at, limit)
            if following >= limit or self._code[following] in _END or self._is_arrow(following):
                break
            if self._code[following] == "\x02" and (self._language.adjacent or value == Field("")):
                other, at = self._term(following, limit)
                value = joined([self.field(value), self.field(other)], "")
                self._spend(_weight(value))
                continue
            operator = _JOIN.match(self._code, at, limit)
            if operator is None:
                at = self._pass(at, limit)
                value = Unknown(self._source(start, at), start)
                break
            other, at = self._term(operator.end(), limit)
            value = self._combined(value, operator["operator"], other, start, at)
            self._spend(_weight(value))
        self._depth -= 1
        return value, at

    def _is_arrow(self, at: int) -> bool:
        if self._code.startswith("=>", at):
            return True
        return self._code[at] == ":" and self._language.name != "python"

    def _combined(self, one: Value, operator: str, other: Value, start: int, end: int) -> Value:
        found = combined(self, one, operator, other)
        return Unknown(self._source(start, end), start) if found is None else found

    @property
    def joins(self) -> str:
        """The operator that joins texts."""
        return self._language.joins

    @property
    def language(self) -> str:
        """The name of the language."""
        return self._language.name

    def _term(self, at: int, limit: int) -> tuple[Value, int]:
        match = _TERM.match(self._code, at, limit)
        if match is None:
            end = self._pass(at, limit)
            return Unknown(self._source(at, end), at), end
        kind, start, end = match.lastgroup, match.start(match.lastgroup or 0), match.end()
        value: Value
        if kind == "string":
            value = self._string(start)
        elif kind == "number":
            value = Number(match["number"], start)
        elif kind == "symbol":
            value = Field(match["symbol"][1:])
        elif kind == "name":
            return self._named(match["name"], start, end, limit)
        elif kind == "spread":
            return self._spread(end, limit)
        else:
            value, end = self._bracket(match.group()[-1], start, end, limit)
        return self._suffixes(value, end, limit)

    def _string(self, start: int) -> Value:
        literal = self._lexer.literal_at(start)
        if literal is None:
            return Unknown("", start)
        field = self._texts.field(literal)
        if not literal.quote.words:
            return field
        matches = re.finditer(r"\S++", field.text)
        return Items(tuple(cut(field, match.start(), match.end()) for match in matches))

    def _spread(self, at: int, limit: int) -> tuple[Value, int]:
        value, end = self._term(at, limit)
        if isinstance(value, Items):
            return value, end
        return Items((), open=True), end

    def _named(self, name: str, start: int, end: int, limit: int) -> tuple[Value, int]:
        if name in _WORDS:
            return self._term(end, limit)
        call = _CALL.match(self._code, end, limit)
        if call is None:
            constant = self._constant(name, start) if self._spend(4) else None
            value: Value = Name(name, start) if constant is None else constant
            return self._suffixes(value, end, limit)
        arguments = self.arguments(call.end(), limit)
        owner, _, last = name.rpartition(".")
        if owner and (constant := self._constant(owner, start)) is not None:
            found = method(self, constant, last, arguments)
            value = Called(name, arguments, start) if found is None else found
        else:
            found = returned(self, name, arguments)
            value = Called(name, arguments, start) if found is None else found
        return self._suffixes(value, arguments.end, limit)

    def _suffixes(self, value: Value, at: int, limit: int) -> tuple[Value, int]:
        """Read ``.format(…)``, ``.split()``, ``[0]`` and their kin behind a value."""
        while self._spend(1):
            suffix = _SUFFIX.match(self._code, at, limit)
            if suffix is not None and (suffix["call"] or self._language.joins != "."):
                arguments = self.arguments(suffix.end(), limit) if suffix["call"] else Arguments()
                found = method(self, value, suffix["name"], arguments)
                value = Called("." + suffix["name"], arguments, at) if found is None else found
                at = arguments.end if suffix["call"] else suffix.end()
                continue
            if at < limit and self._code[at] in "[(":
                end = self.arguments(at + 1, limit, _CLOSERS[self._code[at]]).end
                value, at = Unknown(self._source(at, end), at), max(end, at + 1)
                continue
            return value, at
        return value, at

    def _bracket(self, opener: str, start: int, at: int, limit: int) -> tuple[Value, int]:
        """Read what stands in brackets: a list, a dictionary, a group."""
        if opener == "{" and (pairs := self._pairs(at, limit)) is not None:
            return pairs
        group = opener == "(" and not self._code.startswith("array", start)
        arguments = self.arguments(at, limit, _CLOSERS[opener])
        end = arguments.end
        if arguments.keywords:
            return Pairs(arguments.keywords), end
        comma = self._code.rfind(",", at, end) >= 0
        if group and len(arguments.positional) == 1 and not arguments.spread and not comma:
            return arguments.positional[0], end
        if group and len(arguments.positional) == 1 and self.language not in ("python", "perl"):
            return arguments.positional[0], end
        return self._items(arguments), end

    @staticmethod
    def _items(arguments: Arguments) -> Items:
        found: list[Value] = []
        is_open = arguments.spread
        for value in arguments.positional:
            if isinstance(value, Items) and value.open:
                found += value.items
                is_open = True
            else:
                found.append(value)
        return Items(tuple(found), is_open)

    def _pairs(self, at: int, limit: int) -> tuple[Pairs, int] | None:
        """Read a dictionary; None where the braces hold none."""
        if _STRING_KEY.match(self._code, at, limit) is None:
            return None
        found: list[tuple[str, Value]] = []
        while self._spend(1):
            match = _STRING_KEY.match(self._code, at, limit)
            if match is not None:
                value, at = self.expression(match.end(), limit)
                found.append((self._key_text(match["key"], match.start("key")), value))
            else:
                _, at = self.expression(at, limit)
            at = self._skip_space(at, limit)
            if at >= limit or self._code[at] != ",":
                return Pairs(tuple(found)), at + (at < limit and self._code[at] == "}")
            at += 1
        return Pairs(tuple(found)), at

    def _key_text(self, key: str, start: int) -> str:
        literal = self._lexer.literal_at(start)
        return self._texts.field(literal).text if literal is not None else key.strip(":")

    # helpers

    def field(self, value: Value) -> Field:
        """Return a value as text; what only the run tells stands as ``${name}``."""
        return self._texts.as_text(value)

    def _skip_space(self, at: int, limit: int) -> int:
        match = _NEXT.match(self._code, at, limit)
        return match.end() if match else at

    def _pass(self, at: int, limit: int) -> int:
        """Return the next comma, semicolon or closing bracket that is not inside brackets."""
        position = at
        while self._left > 0:
            match = _BRACKET.search(self._code, position, limit)
            if match is None:
                return limit
            self._left -= 1
            if match.group() not in "([{":
                return match.start()
            position = self._closers.get(match.start(), limit) + 1
        return limit

    @cached_property
    def _closers(self) -> dict[int, int]:
        """The closing bracket of each opening one, whatever their kinds."""
        found: dict[int, int] = {}
        waiting: list[int] = []
        for match in _PAIRED.finditer(self._code):
            at = match.start()
            if self._code[at] in "([{":
                waiting.append(at)
            elif waiting:
                found[waiting.pop()] = at
        return found

    def _spend(self, steps: int) -> bool:
        self._left -= steps
        return self._left > 0

    def _source(self, start: int, end: int) -> str:
        return self._lexer.text[start : min(end, start + 200)].strip()
