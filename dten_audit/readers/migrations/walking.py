"""Walks through a program's statements in the order in which they run: loops, tests, functions.

For migrations: straight code that calls the operations of a library. ``Walk.steps`` yields the
calls of a stretch of code, one a statement, with their arguments as ``readers/programs`` reads
them. Loops over literal lists are run for each item, functions of the same file where they are
called, both branches of a test. A test of the database's name gives its branch a dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from dten_audit.readers.migrations.dialects import inverse, tested
from dten_audit.readers.migrations.statements import Statement, statements
from dten_audit.readers.programs.functions import Function
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import (
    Arguments,
    Called,
    Items,
    Name,
    Pairs,
    Unknown,
    Value,
)
from dten_audit.readers.shell.values import Field

MAX_STEPS: Final = 8_000
MAX_DEPTH: Final = 6
MAX_TURNS: Final = 500
MAX_NESTING: Final = 40
_OPERATORS: Final = {"python": r"\.", "ruby": r"&?\.", "php": r"\??->|::"}
_HEAD: Final = re.compile(
    r"(?:(?:await|return|yield|const|let|var|void)[ \t]++)*+"
    r"(?:[\w$@., \t\[\]\x01\x02:{}]*?[\w\])}][ \t]*+=(?![=~>])[ \t\n]*+)?(?:await[ \t]++)?+\(*+"
    r"(?:::)?(?P<path>[$@\\]*+[A-Za-z_]\w*+[?!]?(?:(?:\.|::|->|\?\.|&\.)[A-Za-z_]\w*+[?!]?)*+)"
)
_CLOSURE: Final = re.compile(
    r"\bfunction\b[^({]*+\((?P<php>[^)]*+)\)[^{;]*+(?=\{)|\((?P<js>[^()]*+)\)[^=({;]*+=>\s*+(?=\{)"
    r"|(?P<one>[A-Za-z_$][\w$]*+)\s*+=>\s*+(?=\{)"
)
_DO: Final = re.compile(r"[ \t]*+(?:do\b|\{)(?:[ \t]*+\|(?P<names>[^|\n]*+)\|)?")
_PHP_EACH: Final = re.compile(
    r"\s*+(?P<list>.+?)\s+as\s+(?:\$\w+\s*+=>\s*+)?(?P<names>.+)", re.DOTALL
)
_WORD: Final = re.compile(r"[A-Za-z_]\w*+")


class Link(NamedTuple):
    """A call in a chain."""

    name: str
    arguments: Arguments
    at: int


class Step(NamedTuple):
    """A call that the code comes to.

    ``path`` is its name as written, ``calls`` are this call and those chained to it. ``block`` is
    the code that it is given (a block of Ruby, a closure, the suite of ``with``), ``names`` that
    block's parameters. ``dialect`` is the database that it is only done on: empty for all, with a
    minus for all others. ``guarded``: it stands under another test.
    """

    path: str
    calls: tuple[Link, ...]
    at: int
    end: int
    block: tuple[int, int] | None = None
    names: tuple[str, ...] = ()
    dialect: str = ""
    guarded: bool = False

    @property
    def last(self) -> Link:
        """The last call of the chain."""
        return self.calls[-1]

    @property
    def arguments(self) -> Arguments:
        """The arguments of the first call."""
        return self.calls[0].arguments


class _Place(NamedTuple):
    dialect: str = ""
    guarded: bool = False
    depth: int = 0


class Walk:
    """One walk through one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._left = MAX_STEPS
        self._turns = MAX_TURNS
        self._here = _Place()
        self._nested = 0
        self.exhausted = False

    def functions(self, name: str) -> list[Function]:
        """Return the functions of a name."""
        return [each for each in self.program.functions.all if each.name == name]

    def function(self, function: Function) -> Iterator[Step]:
        """Yield the steps of a function."""
        yield from self.steps(self._body(function), function.end)

    def steps(self, start: int, end: int) -> Iterator[Step]:
        """Yield the steps of a stretch of code, where the walk stands."""
        yield from self._block(start, end, self._here)

    def inner(self, step: Step, values: Mapping[str, Value] | None = None) -> Iterator[Step]:
        """Yield the steps of a step's block, with some names bound."""
        if step.block is None or self._nested >= MAX_NESTING:
            self.exhausted |= step.block is not None
            return
        here = _Place(step.dialect, step.guarded, self._here.depth + 1)
        with self.program.names.binding({**self.program.names.bound, **(values or {})}):
            yield from self._block(*step.block, here)

    def line(self, at: int) -> int:
        """Return the line of an offset."""
        return self.program.document.index.position(at)[0]

    # blocks

    def _block(self, start: int, end: int, here: _Place) -> Iterator[Step]:
        if self._nested >= MAX_NESTING:
            self.exhausted = True
            return
        self._nested += 1
        yield from self._statements(start, end, here)
        self._nested -= 1

    def _statements(self, start: int, end: int, here: _Place) -> Iterator[Step]:
        others: list[str] = []
        for statement in statements(self.program, start, end):
            self._left -= 1
            if self._left <= 0:
                self.exhausted = True
                return
            if statement.word in _LATER:
                here_now, others = self._later(statement, here, others)
                yield from self._compound(statement, here_now)
                continue
            others = []
            if statement.word in _TESTS:
                dialect = tested(self._source(statement), negative=statement.word == "unless")
                others = [dialect]
                inside = here._replace(
                    dialect=dialect or here.dialect, guarded=here.guarded or not dialect
                )
                yield from self._compound(statement, inside)
                if dialect and self._leaves(statement):
                    here = here._replace(dialect=inverse(dialect) or here.dialect)
                continue
            yield from self._compound(statement, here)

    def _later(
        self, statement: Statement, here: _Place, others: list[str]
    ) -> tuple[_Place, list[str]]:
        """Return where an ``else`` or its kin stands, given the tests before it."""
        if not others:
            return here, others
        plain = statement.word == "else"
        dialect = "" if plain else tested(self._source(statement), negative=False)
        if not dialect and all(others):
            inverted = [inverse(other) for other in others]
            dialect = next((each for each in inverted if each), "")
        guarded = here.guarded or not any(others)
        return here._replace(dialect=dialect or here.dialect, guarded=guarded), [*others, dialect]

    def _compound(self, statement: Statement, here: _Place) -> Iterator[Step]:
        """Yield the steps of one statement, with all that stands in it."""
        if statement.word == "def":
            return
        if statement.word in _LOOPS:
            yield from self._loop(statement, here)
            return
        if statement.body is not None and statement.word:
            if statement.word == "with":
                step = self._step(statement, here)
                if step is not None:
                    yield step._replace(block=statement.body, names=statement.names)
                    return
            yield from self._block(*statement.body, here)
            return
        step = self._step(statement, here)
        if step is not None:
            yield from self._expanded(step, here)

    def _expanded(self, step: Step, here: _Place) -> Iterator[Step]:
        """Yield a step, or those of the function of this file, or of the loop, that it runs."""
        own = re.sub(r"^(?:self|\$this|this)(?:\.|->)", "", step.path)
        found = self.functions(own) if _WORD.fullmatch(own.rstrip("!?")) else []
        if len(found) == 1 and here.depth < MAX_DEPTH and len(step.calls) == 1:
            bound = self._bound(found[0], step.arguments)
            with self.program.names.binding(bound):
                inside = here._replace(depth=here.depth + 1)
                yield from self._block(self._body(found[0]), found[0].end, inside)
            return
        if step.block is not None and step.last.name == "each":
            yield from self._each(step, here)
            return
        yield step

    def _bound(self, function: Function, arguments: Arguments) -> dict[str, Value]:
        names = [name.lstrip("$*&") for name in function.parameters]
        found = dict(zip(names, arguments.positional, strict=False))
        found.update({key: value for key, value in arguments.keywords if key in names})
        return {name: value for name, value in found.items() if _is_told(value)}

    def _body(self, function: Function) -> int:
        """Return where a function's own code begins: behind its header."""
        code = self.program.code
        if self.program.language.blocks == "brace":
            return code.find("{", function.body) + 1
        if self.program.language.name == "ruby":
            return function.body
        level, at = 1, function.body
        while at < function.end and (level or code[at] != ":"):
            level += (code[at] in "([{") - (code[at] in ")]}")
            at += 1
        return at + 1

    def _leaves(self, statement: Statement) -> bool:
        """Say whether a test's branch ends the function."""
        if statement.body is None:
            return False
        inside = self.program.code[slice(*statement.body)]
        return re.search(r"(?m)^\s*(?:return|next)\b[ \t]*;?[ \t]*$", inside) is not None

    # loops

    def _loop(self, statement: Statement, here: _Place) -> Iterator[Step]:
        if statement.body is None:
            return
        expressions = self.program.expressions
        code = self.program.code
        names, at, limit = statement.names, statement.at, statement.end
        if statement.word == "foreach":
            inside = code.find("(", statement.start) + 1
            match = _PHP_EACH.match(code, inside, max(statement.end - 1, inside))
            names = tuple(re.findall(r"\w+", match["names"])) if match else ()
            at, limit = inside, match.end("list") if match else inside
        value, _ = expressions.expression(at, limit) if limit > at else (Unknown("", at), at)
        for bound in self._turns_of(self._iterated(value, at), names):
            with self.program.names.binding({**self.program.names.bound, **bound}):
                yield from self._block(*statement.body, here)

    def _iterated(self, value: Value, at: int) -> Value:
        """Return the list that a loop goes over: of a dictionary its keys, or its items."""
        if isinstance(value, Called):
            owner, _, short = value.path.rpartition(".")
            if short in _AS_LIST and not owner and value.arguments.positional:
                inner = self._iterated(value.arguments.positional[0], at)
                if isinstance(inner, Items) and short == "reversed":
                    return Items(inner.items[::-1], inner.open)
                return inner
            found = self.program.names.constant(owner, at) if owner else None
            if isinstance(found, Pairs) and short in ("items", "keys", "values"):
                return Items(tuple(_part(short, *pair) for pair in found.pairs))
        if isinstance(value, Pairs):
            return Items(tuple(Field(key) for key, _ in value.pairs))
        return value

    def _each(self, step: Step, here: _Place) -> Iterator[Step]:
        """Yield the steps of ``[…].each do |name|``."""
        assert step.block is not None
        head = step.last.at - 1
        value, _ = self.program.expressions.expression(step.at, head)
        for bound in self._turns_of(value, step.names):
            with self.program.names.binding({**self.program.names.bound, **bound}):
                yield from self._block(*step.block, here)

    def _turns_of(self, value: Value, names: tuple[str, ...]) -> Iterator[dict[str, Value]]:
        """Yield the names that each turn of a loop binds; one turn where only the run tells."""
        if not isinstance(value, Items) or value.open or not value.items:
            yield {}
            return
        for item in value.items:
            self._turns -= 1
            if self._turns < 0:
                self.exhausted = True
                return
            if len(names) == 1:
                yield {names[0]: item}
            elif isinstance(item, Items) and len(item.items) == len(names):
                yield dict(zip(names, item.items, strict=True))
            else:
                yield {}

    # calls

    def _step(self, statement: Statement, here: _Place) -> Step | None:
        code = self.program.code
        head = _HEAD.match(code, statement.at, statement.end)
        if head is None:
            return self._on_list(statement, here)
        start, end = head.span("path")
        call = self.program.call_at(start, end)
        path, own = head["path"], Arguments(end=end)
        if call is not None:
            own = call.arguments
        calls = [Link(path, own, start)]
        calls += self._links(own.end, statement.end)
        block, names = self._given(statement, calls[-1])
        if path.endswith(".each"):
            calls[-1] = Link("each", own, end - len("each"))
        return Step(path, tuple(calls), start, statement.end, block, names, *here[:2])

    def _on_list(self, statement: Statement, here: _Place) -> Step | None:
        """Return the step of a method that is called on a literal list."""
        code = self.program.code
        match = re.compile(r"\.each\b").search(code, statement.at, statement.end)
        if match is None or code[statement.at] not in "[\x02":
            return None
        link = Link("each", Arguments(end=match.end()), match.start() + 1)
        block, names = self._given(statement, link)
        return Step("each", (link,), statement.at, statement.end, block, names, *here[:2])

    def _links(self, end: int, limit: int) -> Iterator[Link]:
        operator = _OPERATORS.get(self.program.language.name, r"\??\.")
        pattern = re.compile(rf"\s*+(?:{operator})\s*+(?P<name>[A-Za-z_]\w*+[?!]?)[ \t]*+")
        for _ in range(40):
            match = pattern.match(self.program.code, end, limit)
            if match is None:
                return
            call = self.program.call_at(*match.span("name"))
            own = call.arguments if call is not None else Arguments(end=match.end("name"))
            yield Link(match["name"], own, match.start("name"))
            end = own.end

    def _given(
        self, statement: Statement, last: Link
    ) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
        """Return the block that a call is given, and the names of its parameters."""
        code, language = self.program.code, self.program.language
        if language.name == "python":
            return None, ()
        if language.name == "ruby":
            match = _DO.match(code, last.arguments.end, statement.end)
            brace = code.rfind("}", last.arguments.end, statement.end)
            named = tuple(re.findall(r"\w+", match["names"] or "")) if match else ()
            if statement.body is not None:
                return statement.body, statement.names or named
            return ((match.end(), brace), named) if match and brace > match.end() else (None, ())
        start = min(last.at, last.arguments.end)
        match = _CLOSURE.search(code, start, statement.end)
        if match is None:
            return None, ()
        close = self.program.closing(match.end(), statement.end)
        written = match["php"] or match["js"] or match["one"] or ""
        found = (part.partition(":")[0].strip().split(" ")[-1] for part in written.split(","))
        return (match.end() + 1, close), tuple(name.lstrip("$") for name in found if name)

    def _source(self, statement: Statement) -> str:
        return self.program.document.text[statement.start : statement.end][:400]


_TESTS: Final = frozenset(("if", "unless", "case", "switch", "match"))
_LATER: Final = frozenset(("elif", "else", "elsif", "elseif", "when", "else if"))
_LOOPS: Final = frozenset(("for", "foreach"))
_AS_LIST: Final = frozenset(("reversed", "list", "tuple", "sorted", "set", "frozenset", "iter"))


def _part(which: str, key: str, value: Value) -> Value:
    """Return what ``items``, ``keys`` or ``values`` of a dictionary gives for an entry."""
    if which == "values":
        return value
    return Field(key) if which == "keys" else Items((Field(key), value))


def _is_told(value: Value) -> bool:
    return not isinstance(value, (Name, Unknown)) or (
        isinstance(value, Name) and value.path in ("None", "True", "False")
    )


def is_called(value: Value | None, *names: str) -> bool:
    """Say whether a value is what a function of one of these last names returns."""
    return isinstance(value, Called) and value.path.rpartition(".")[2] in names
