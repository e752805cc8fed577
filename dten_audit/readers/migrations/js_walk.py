"""Walks through a migration in JavaScript as the runner would: in order, into helpers, over lists.

What it comes to is a chain of calls (``knex.schema.createTable(…)``); the builder's own module says
what that does. Loops over literal lists are walked once for each item, helpers of the same file
with their arguments; what only the run tells stays a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from dten_audit.documents.document import Document
from dten_audit.readers.migrations.dialects import inverse, tested
from dten_audit.readers.migrations.direction import Direction, Section
from dten_audit.readers.migrations.js_code import Chain, Code, Function, Link, taken_apart
from dten_audit.readers.migrations.migration import Migration
from dten_audit.readers.programs.expressions import Expressions
from dten_audit.readers.programs.literals import Texts
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import Arguments, Called, Items, Pairs, Value
from dten_audit.readers.shell.values import Field

MAX_STEPS: Final = 100_000
MAX_TURNS: Final = 500
_MAX_NESTING: Final = 6
_MAX_DEPTH: Final = 60
_WORD: Final = re.compile(r"(?<![\w$.#])[#A-Za-z_$][\w$]*+|\][\s!]*+\.\s*+(?:forEach|map)\s*+\(")
_FOR: Final = re.compile(
    r"for\s*+(?:await\s*+)?(?P<open>\()\s*+(?:const|let|var)\s++"
    r"(?P<target>[\w$]++|\{[^{}]*+\}|\[[^\[\]]*+\])\s++of\b"
)
_TAKES: Final = re.compile(
    r"\b(?:const|let|var)\s*+(?P<pattern>\{(?:[^{};]|\{[^{};]*+\}){0,2000}+\})\s*+="
)
_CHANGES: Final = re.compile(r"(?:add|alter|change|create|drop|modify|remove|rename)[A-Z]")
_NAME: Final = re.compile(r"[\w.$@]{1,80}\Z")
_QUOTING: Final = frozenset(
    "tableName columnName indexName quoteIdentifier quoteIdent escapeId escapeIdentifier".split()
)
_QUOTED: Final = re.compile(
    rf"\s*+(?:[\w$]++\.){{0,4}}(?:{'|'.join(sorted(_QUOTING))})\(\s*+"
    r"(?:[\"'`](?P<text>[\w.]++)[\"'`]|(?P<name>[\w.$]++))\s*+\)\s*+\Z"
)
"""A name that is only quoted for SQL, perhaps with a prefix before it."""
_TEST: Final = re.compile(r"\s*+\(")
_MAX_TEST: Final = 1_000
_ELSE: Final = re.compile(r"\s*+else\b")
_LEAVES: Final = re.compile(r"\b(?:return|throw)\b[^;{}]{0,200}+;?\s*+\Z")
_KEYWORDS: Final = frozenset(
    "await return const let var if else new async function throw try catch finally of in typeof"
    " true false null undefined void yield while do switch case break continue default".split()
)


class Builder(Protocol):
    """What a chain of calls does; True where the chain is understood, or of no interest."""

    def chain(self, walk: Walk, chain: Chain) -> bool:
        """Take in a chain."""


class Way:
    """Where the statements of one direction go: to the database that the walk has come to."""

    def __init__(self, migration: Migration, section: Section, walk: Walk) -> None:
        self.migration = migration
        self._section = section
        self._walk = walk

    @property
    def here(self) -> Direction:
        """The direction for this database."""
        return self.migration.at(self._section, self._walk.dialect)

    def add(self, line: int, statement: str) -> None:
        """Add a statement that a line stands for."""
        self.here.add(line, statement)

    def raw(self, text: Field, line: int) -> None:
        """Add SQL that stands in the migration."""
        self.here.raw(text, line)

    def unknown(self, line: int, what: str) -> None:
        """Add something whose SQL only the run tells."""
        self.here.unknown(line, what)


class Walk:
    """One program, walked through with what its names mean at each place.

    ``dialect`` is the database that the code being walked through is for, as ``tested`` says it.
    """

    def __init__(self, document: Document) -> None:
        self.dialect = ""
        self.document = document
        self.program = Program(document)
        self.code = Code(self.program.code)
        self.functions = self.code.functions()
        self.taken = frozenset(self._taken())
        self._left = MAX_STEPS
        self._depth = 0
        self._names: dict[str, Value] = {}
        self._inside: list[str] = []
        texts = Texts(self.program.source, self.program.language, self._hole)
        self.expressions = Expressions(self.program.lexer, texts, self._constant)

    def _taken(self) -> Iterator[str]:
        """Yield the names that functions and statements take out of an object."""
        for function in self.functions.values():
            for parameter in function.parameters:
                if isinstance(parameter, dict):
                    yield from parameter.values()
        for match in _TAKES.finditer(self.code.text):
            yield from taken_apart(match["pattern"]).values()

    @property
    def spent(self) -> bool:
        """Whether it was too long to be walked to its end."""
        return self._left <= 0

    def line(self, offset: int) -> int:
        """Return the line of an offset."""
        return self.document.index.position(offset)[0]

    def hands_on(self, chain: Chain, handles: set[str]) -> bool:
        """Say whether a call hands the builder on to a function that is told by its name to change.

        ``addForeign({ fromTable: 'comments', transaction: knex })``: what it sends is not here.
        """
        call = chain.links[-1] if chain.links else None
        if call is None or not call.called or chain.root in (*handles, *self.functions, "this"):
            return False
        given = self.code.text[call.open : call.close]
        changes = _CHANGES.match(call.name or chain.root) is not None
        return changes and any(word in handles for word in _WORD.findall(given))

    # values

    def _constant(self, name: str, at: int) -> Value | None:
        """Return the value of a name; that of a quoted name is the name."""
        value = self._value(name, at)
        if isinstance(value, Called) and value.path.rpartition(".")[2] in _QUOTING:
            return next(iter(value.arguments.positional), value)
        return value

    def _value(self, name: str, at: int) -> Value | None:
        first, _, rest = name.partition(".")
        value = self._names.get(name) or self._names.get(first)
        if value is None:
            value = self.program.names.constant(name, at)
            if value is not None or not rest:
                return value
            value = self.program.names.constant(first, at)
        elif name in self._names:
            return value
        for key in rest.split("."):
            value = dict(value.pairs).get(key) if isinstance(value, Pairs) else None
        return value

    def _hole(self, expression: str, at: int) -> Field | None:
        quoted = _QUOTED.match(expression)
        if quoted is not None and quoted["text"]:
            return Field(quoted["text"])
        name = quoted["name"] if quoted is not None else expression
        if not _NAME.match(name):
            return None
        value = self._constant(name, at)
        return value if isinstance(value, Field) and value.known else None

    def arguments(self, link: Link) -> Arguments:
        """Return the arguments of a call."""
        return self.expressions.arguments(link.open)

    def field(self, value: Value | None) -> Field:
        """Return a value as text."""
        return Field("") if value is None else self.expressions.field(value)

    def callback(self, link: Link) -> Function | None:
        """Return the last function among the arguments of a call, written there or named."""
        found = None
        for start, end in self.code.parts(link.open, link.close):
            named = self.functions.get(self.code.text[start:end].strip())
            found = self.code.function(start) or named or found
        return found

    @contextmanager
    def bound(self, function: Function, values: tuple[Value, ...]) -> Iterator[None]:
        """Give a function's parameters values, for as long as it is walked through."""
        before = dict(self._names)
        for parameter, value in zip(function.parameters, values, strict=False):
            self._bind(parameter, value)
        yield
        self._names = before

    def _bind(self, target: str | dict[str, str], value: Value) -> None:
        if isinstance(target, str):
            self._names[target] = value
        elif isinstance(value, Pairs):
            members = dict(value.pairs)
            for key, local in target.items():
                if key in members:
                    self._names[local] = members[key]

    # the walk

    def region(self, start: int, end: int, builder: Builder) -> None:
        """Hand the chains of calls of a part of the code to the builder, in their order."""
        position, dialect = start, self.dialect
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._left = 0
        while self._left > 0 and (match := _WORD.search(self.code.text, position, end)):
            self._left -= 1
            position = max(match.end(), self._step(match, builder))
        self.dialect = dialect
        self._depth -= 1

    def function(self, function: Function, builder: Builder) -> None:
        """Walk through a function."""
        self.region(function.start, function.end, builder)

    def _step(self, match: re.Match[str], builder: Builder) -> int:
        word, at = match.group(), match.start()
        if word.startswith("]"):
            return self._each_of_list(at, match.end(), builder)
        if word == "for" and (loop := _FOR.match(self.code.text, at)):
            return self._loop(loop, builder)
        if word == "if":
            return self._branches(match.end(), builder)
        if word in _KEYWORDS:
            return match.end()
        own = self.functions.get(word)
        chain = self.code.chain(word, at)
        if at in self.code.heads:
            return self.code.heads[at]
        if own is not None and chain.links and not chain.links[0].name:
            return self._inlined(word, own, chain.links[0], builder)
        first = chain.links[0] if chain.links else None
        if word == "this" and first and first.called and first.name in self.functions:
            return self._inlined(first.name, self.functions[first.name], first, builder)
        if chain.links and chain.links[0].name in ("forEach", "map"):
            value = self._constant(word, at)
            if isinstance(value, Items):
                return self._each(value, chain.links[0], builder)
        return chain.end if builder.chain(self, chain) else match.end()

    def _branches(self, at: int, builder: Builder) -> int:
        """Walk through what a test of the database's name tells apart."""
        test = _TEST.match(self.code.text, at)
        if test is None:
            return at
        close = self.code.close(test.end() - 1)
        before = self.dialect
        dialect = tested(self.document.text[test.end() : close][:_MAX_TEST], negative=False)
        if not dialect:
            return at
        start, end = self._branch(close + 1)
        self.dialect = dialect
        self.region(start, end, builder)
        self.dialect = before
        other = _ELSE.match(self.code.text, end + 1)
        if other is not None:
            self.dialect = self._otherwise(dialect)
            start, end = self._branch(other.end())
            self.region(start, end, builder)
            self.dialect = before
        elif _LEAVES.search(self.code.text, start, end):
            self.dialect = self._otherwise(dialect)
        return end

    def _otherwise(self, dialect: str) -> str:
        """Return what is left beside a dialect, here."""
        left = inverse(dialect)
        return self.dialect if left.startswith("-") and self.dialect else left

    def _branch(self, at: int) -> tuple[int, int]:
        """Return the code of a branch: a block, or one statement."""
        while at < len(self.code.text) and self.code.text[at].isspace():
            at += 1
        if self.code.text.startswith("{", at):
            return at + 1, self.code.close(at)
        return at, self.code.end_of_expression(at)

    def _inlined(self, name: str, own: Function, call: Link, builder: Builder) -> int:
        if name in self._inside or len(self._inside) >= _MAX_NESTING:
            return call.close + 1
        self._inside.append(name)
        with self.bound(own, self.arguments(call).positional):
            self.function(own, builder)
        self._inside.pop()
        return call.close + 1

    def _loop(self, loop: re.Match[str], builder: Builder) -> int:
        close = self.code.close(loop.start("open"))
        value, _ = self.expressions.expression(loop.end(), close)
        start, end = self._branch(close + 1)
        target = loop["target"]
        names = target.strip("[] ").split(",") if target.startswith("[") else []
        parameters = (taken_apart(target) if target.startswith("{") else target,)
        turn = Function(tuple(n.strip() for n in names) or parameters, start, end)
        self._turns(value, turn, builder, apart=bool(names))
        return end

    def _each_of_list(self, bracket: int, opened: int, builder: Builder) -> int:
        start = self.code.opening.get(bracket)
        if start is None:
            return opened
        value, _ = self.expressions.expression(start, bracket + 1)
        return self._each(value, Link("forEach", bracket, opened, self.code.close(opened - 1)),
                          builder)  # fmt: skip

    def _each(self, value: Value, link: Link, builder: Builder) -> int:
        function = self.callback(link)
        if function is None:
            return link.open
        self._turns(value, function, builder, apart=False)
        return link.close + 1

    def _turns(self, value: Value, turn: Function, builder: Builder, *, apart: bool) -> None:
        """Walk through the turns of a loop: one for each item of a literal list, else one."""
        known = isinstance(value, Items) and not value.open and len(value.items) <= MAX_TURNS
        items = value.items if known and isinstance(value, Items) else ()
        for item in items:
            inner = item.items if apart and isinstance(item, Items) else (item,)
            with self.bound(turn, inner):
                self.function(turn, builder)
        if not known:
            with self.bound(turn, ()):
                self.function(turn, builder)
