"""A program that has been read: its code, names, functions, and the calls of known functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.programs.functions import Functions
from dten_audit.readers.programs.imports import Imports, imports
from dten_audit.readers.programs.language_tables import LANGUAGES
from dten_audit.readers.programs.languages import Language
from dten_audit.readers.programs.lexing import Lexer
from dten_audit.readers.programs.literals import Texts
from dten_audit.readers.programs.names import Names, statement_end
from dten_audit.readers.programs.values import Arguments, Items, Value
from dten_audit.readers.shell.values import Field, Source

_LINK: Final = re.compile(r"(?:\.|::|->|\?\.|\\)[ \t]*+\Z")
_WORD: Final = re.compile(r"[\w$@]++\Z")
_BRACKETS: Final = re.compile(r"[()\[\]{}]")
_LOOK: Final = 160
_BRACE: Final = re.compile(r"\s*+\{")
_BARE: Final = re.compile(
    r"[ \t]++(?=[\x02\w$@%\[(\"':*&])(?!"
    r"(?:if|unless|and|or|do|then|in|is|eq|ne|x|cmp|lt|gt|for|foreach|while)\b)|"
    r"[ \t]*+(?=\x02)"
)
_MODIFIER: Final = re.compile(
    r"[ \t](?:if|unless|while|until|or|and|do|rescue|for|foreach)\b|\|\||&&|[ \t]\?[ \t]"
)
_DEFINES: Final = re.compile(
    r"(?:\b(?:def|function|func|fun|sub|class|void|static|async)[ \t]++)\Z"
)
_KEY: Final = re.compile(r"[ \t]*+(?:=(?![=~])|=>)|:(?!:)|[ \t]++:(?=\s)")


class Call(NamedTuple):
    """A call of a function: ``name`` as it is imported, ``path`` as it is written.

    ``before`` is the code before the name; ``start`` where the whole expression begins.
    """

    name: str
    path: str
    arguments: Arguments
    start: int
    at: int


Wanted = Callable[[str, str], bool]


def _any_call(_name: str, _path: str) -> bool:
    return True


@lru_cache(maxsize=512)
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that begins with the words, so that a search skips to their letters."""
    return re.compile(rf"(?:{'|'.join(map(re.escape, words))})\b")


class Program:
    """One document, lexed; its parts are made when they are first asked for.

    ``owners`` are the connections of cursors by name, once somebody asked (``sql_taking.py``).
    """

    def __init__(self, document: Document, language: Language | None = None) -> None:
        self.document = document
        self.language = language or LANGUAGES[document.kind]
        self.lexer = Lexer(document.text, self.language)
        self.code = self.lexer.code
        self.source = Source(document.text, document)
        self.functions = Functions(self.lexer)
        self.texts = Texts(self.source, self.language, self._hole)
        self.names = Names(self.lexer, self.functions, self.texts)
        self.expressions = self.names.expressions
        self.imports: Imports = imports(self.lexer, self.texts)
        self.owners: dict[str, str] | None = None

    def unfollowed(self) -> Iterator[Unreadable]:
        """Say so, if its expressions were more than are followed."""
        if self.expressions.exhausted:
            reason = "more expressions than are followed; what the last ones hand on is unread"
            yield Unreadable(self.document.location(1), self.document.kind, reason)

    def _hole(self, expression: str, at: int) -> Field | None:
        """Return the value of an expression inside a text, if it is a name that is set once."""
        if not re.fullmatch(r"[\w.$@]{1,80}", expression):
            return None
        value = self.names.constant(expression, at)
        return value if isinstance(value, Field) and value.known else None

    # calls

    def calls_of(self, names: Iterable[str], wanted: Wanted = _any_call) -> Iterator[Call]:
        """Yield the calls of functions by the last part of their names.

        ``wanted`` says, by a call's name and path, whether its arguments are worth reading.
        """
        words = tuple(sorted(name for name in set(names) if name in self.code))
        if words:
            yield from self.calls(_any_of(words), wanted)

    def calls(self, pattern: re.Pattern[str], wanted: Wanted = _any_call) -> Iterator[Call]:
        """Yield the calls of functions whose last name matches, in the order of the text."""
        for match in pattern.finditer(self.code):
            before = self.code[match.start() - 1 : match.start()]
            opening = self._opening(match.end())
            if opening is None or before.isalnum() or before in ("_", "$"):
                continue
            start, path = self._path(match.start(), match.group())
            if start == match.start() and self._defined(start):
                continue
            name = self.qualified(path)
            if not wanted(name, path):
                continue
            at, closer, limit = opening
            arguments = self.expressions.arguments(at, limit, closer)
            if closer == ")" and self.language.name == "csharp":
                arguments = self._initialised(arguments)
            yield Call(name, path, arguments, start, match.start())

    def call_at(self, start: int, end: int) -> Call | None:
        """Return the call of the function whose name stands between two offsets, if it is one."""
        opening = self._opening(end)
        if opening is None:
            return None
        at, closer, limit = opening
        path = self.code[start:end]
        arguments = self.expressions.arguments(at, limit, closer)
        return Call(self.qualified(path), path, arguments, start, start)

    def closing(self, at: int, limit: int) -> int:
        """Return the bracket that closes the one at ``at``; ``limit`` where none does."""
        level = 0
        for match in _BRACKETS.finditer(self.code, at, limit):
            level += 1 if match.group() in "([{" else -1
            if not level:
                return match.start()
        return limit

    def _opening(self, end: int) -> tuple[int, str, int] | None:
        """Return where a call's arguments begin, what closes them, and how far they may reach."""
        code = self.code
        blank = end
        while blank < len(code) and code[blank] in " \t":
            blank += 1
        if code.startswith("(", blank) and (blank == end or not self.language.bare):
            return blank + 1, ")", len(code)
        if self.language.name == "csharp" and (brace := _BRACE.match(code, end)):
            return brace.end(), "}", len(code)
        if self.language.bare and code.startswith("(", blank):
            return blank + 1, ")", len(code)
        bare = _BARE.match(code, end) if self.language.bare else None
        if bare is None or _KEY.match(code, end):
            return None
        limit = statement_end(code, bare.end())
        modifier = _MODIFIER.search(code, bare.end(), limit)
        return bare.end(), "", modifier.start() if modifier else limit

    def _initialised(self, arguments: Arguments) -> Arguments:
        """Return arguments with those of the braces behind them (``new X(…) { A = … }``)."""
        brace = _BRACE.match(self.code, arguments.end)
        if brace is None:
            return arguments
        more = self.expressions.arguments(brace.end(), None, "}")
        return arguments._replace(keywords=(*arguments.keywords, *more.keywords))

    def _path(self, start: int, name: str) -> tuple[int, str]:
        """Return the whole dotted name that ends with ``name``, and where it starts."""
        first = start
        while self._linked(first) and (
            match := _LINK.search(self.code, max(0, first - _LOOK), first)
        ):
            word = _WORD.search(self.code, max(0, match.start() - _LOOK), match.start())
            if word is None or start - word.start() > _LOOK:
                break
            first = word.start()
        before = self.code[max(0, first - 2) : first]
        path = self.code[first:start] + name
        if before.endswith((".", "->", "::")):
            module = self._required(first)
            path = f"{module}.{path}" if module else f".{path}"
        return first, path

    def _linked(self, at: int) -> bool:
        """Say, by the last sign before an offset, whether it may stand behind a link."""
        while at > 0 and self.code[at - 1] in " \t":
            at -= 1
        return at > 0 and self.code[at - 1] in ".:>\\"

    def _defined(self, start: int) -> bool:
        """Say whether the name at an offset is not called there, but defined."""
        if self.code[start - 1 : start] not in (" ", "\t"):
            return False
        return _DEFINES.search(self.code, max(0, start - _LOOK), start) is not None

    def _required(self, end: int) -> str:
        """Return the module of ``require('…').`` that ends at an offset; empty for others."""
        if self.code[end - 2 : end] != ").":
            return ""
        opening = _opening_of(self.code, end - 2)
        if not self.code.endswith("require", max(0, opening - 7), opening):
            return ""
        value, _ = self.expressions.expression(opening + 1, end)
        return value.text.removeprefix("node:") if isinstance(value, Field) else ""

    def qualified(self, path: str) -> str:
        """Return a name as it is called where it comes from (``sp.run`` → ``subprocess.run``)."""
        plain = re.sub(r"::|->|\?\.|\\|!!\.", ".", path.replace(" ", "")).lstrip("$@&")
        first, dot, rest = plain.partition(".")
        known = self.imports.names
        if first in known:
            return f"{known[first]}{dot}{rest}"
        if not dot:
            for module in self.imports.stars:
                return f"{module}.{plain}"
        return plain

    # what surrounds a call

    def line_before(self, at: int) -> str:
        """Return the code before an offset, in its line."""
        return self.code[max(self.code.rfind("\n", 0, at) + 1, at - _LOOK) : at]

    def value_before(self, at: int) -> Value | None:
        """Return the value on which a method is called whose name stands at an offset."""
        dot = self.code.rfind(".", max(0, at - 4), at)
        if dot < 0:
            return None
        start, end = dot, dot
        while start > 0 and self.code[start - 1] == "\x01":
            start -= 1
        if start and self.code[start - 1] == "\x02":
            value, _ = self.expressions.expression(start - 1, end)
            return value
        if self.code[dot - 1] in ")]":
            start = _opening_of(self.code, dot - 1)
            name = re.compile(r"[\w.]++\Z").search(self.code, max(0, start - _LOOK), start)
            value, _ = self.expressions.expression(name.start() if name else start, end)
            return value
        name = re.compile(r"[\w$@]++(?:\.\w++)*+\Z").search(self.code, max(0, dot - _LOOK), dot)
        return self.names.constant(name.group(), at) if name else None

    def field(self, value: Value) -> Field:
        """Return a value as text."""
        return self.expressions.field(value)

    def items(self, value: Value) -> list[Field] | None:
        """Return a list's items as texts; one more, unknown, where it goes on."""
        if not isinstance(value, Items):
            return None
        found: list[Field] = []
        for item in value.items:
            inner = self.items(item) if isinstance(item, Items) else None
            found += [self.field(item)._replace(loose=False)] if inner is None else inner
        if value.open:
            found.append(Field("${rest}", "computed", loose=True))
        return found


def _opening_of(code: str, at: int) -> int:
    """Return the bracket that a closing one at ``at`` belongs to."""
    level, position = 0, at
    for position in range(at, max(-1, at - 4096), -1):
        if code[position] in ")]}":
            level += 1
        elif code[position] in "([{":
            level -= 1
            if not level:
                return position
    return position
