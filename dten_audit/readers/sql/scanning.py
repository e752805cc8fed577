"""Reads one statement into actions: its own, and those of the bodies and texts inside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.assembling import Assembled, Variables, assemble
from dten_audit.readers.sql.blocks import opens_block
from dten_audit.readers.sql.bodies import statements_in
from dten_audit.readers.sql.draft import Draft, draft, is_computed
from dten_audit.readers.sql.session import functions
from dten_audit.readers.sql.statements import recognise
from dten_audit.readers.sql.tokens import MAX_TOKENS, Token, content_of, flat, tokenise

MAX_DEPTH: Final = 4
MAX_TEXTS: Final = 50
ALLOWANCE: Final = 16
"""How many times its own size a document's executed texts may be read: a loop repeats them."""
_SQL_LANGUAGES: Final = frozenset(("plpgsql", "sql", ""))
_COMPOUND: Final = frozenset(("if", "loop", "while", "repeat"))
"""MariaDB runs these outside of routines too (manual, "Using compound statements outside of …")."""
_OPENERS: Final = frozenset("cCbBdD")
"""What CREATE, BEGIN and DECLARE start with: all that opens a block."""
_MODULES: Final = frozenset(("create_function", "create_procedure", "create_trigger",
                             "create_event", "create_package"))  # fmt: skip
_ALTERED_MODULES: Final = frozenset(("procedure", "proc", "function", "trigger"))


class _Source(NamedTuple):
    """A text that the offsets of tokens mean, and how deep inside a statement it stands."""

    text: str
    depth: int


class Scanner:
    """Reads the statements of one document, in their order: variables keep their texts."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._text = text
        self._source = _Source(text, 0)
        self._dialect: Dialect = dialect
        self._variables = Variables()
        self._allowance = ALLOWANCE * len(text) + ALLOWANCE**4

    def scan(self, start: int, end: int) -> list[Draft]:
        """Return the actions of the statement between two offsets."""
        tokens = tokenise(self._text, self._dialect, start, end)
        if not tokens:
            return []
        source = self._source
        found = [*self._statement(tokens, source, start)]
        if len(tokens) >= MAX_TOKENS:
            found.append(draft("truncated", tokens))
        return _finished(found)

    def generated(self, start: int, end: int) -> list[Draft]:
        """Return the actions of what a query gives back to be executed (psql's gexec command)."""
        tokens = tokenise(self._text, self._dialect, start, end)
        if not tokens:
            return []
        whole = draft("dynamic", tokens)
        return _finished(self._dynamic(tokens, self._source, whole))

    def _statement(self, tokens: list[Token], source: _Source, start: int) -> Iterable[Draft]:
        """Read one statement of a script."""
        dialect, first = self._dialect, tokens[0].text
        if first == "do" and dialect in ("postgres", "generic"):
            return self._do(tokens, source)
        if dialect == "tsql":
            self._variables.learn(tokens)
            return self._body(tokens, source, routine="")
        if source.text[start] in _OPENERS and opens_block(source.text, start, dialect):
            return self._routine(tokens, source)
        if dialect == "mysql":
            if first in _COMPOUND:
                return self._routine(tokens, source)
            if first == "set":
                self._variables.learn(tokens)
        return self._recognised(tokens, source, inside=source.depth > 0)

    def _do(self, tokens: list[Token], source: _Source) -> Iterator[Draft]:
        words = flat(tokens)
        language = words[words.index("language") + 1] if "language" in words[:-1] else ""
        body = next((token for token in tokens if token.kind == "string"), None)
        if body is None or language not in _SQL_LANGUAGES:
            yield draft("dynamic", tokens)
            return
        yield draft("block_begins", tokens)
        yield from self._inner(body, source, routine="")
        yield draft("block_ends", tokens)

    def _routine(self, tokens: list[Token], source: _Source) -> Iterator[Draft]:
        """Read CREATE FUNCTION and its kin, and PL/SQL blocks."""
        if tokens[0].text != "create":
            self._variables.learn(tokens)
            yield from self._body(tokens, source, routine="")
            return
        created = recognise(tokens, self._dialect)
        yield from created
        if created and created[0].verb not in _MODULES:
            return
        routine = (created[0].name or "?") if created else "?"
        if created and created[0].verb == "create_trigger":
            routine = "trigger " + routine
        strings = [token for token in tokens if token.kind == "string"]
        if self._dialect == "postgres" and "atomic" not in flat(tokens):
            if strings and _language(tokens) in _SQL_LANGUAGES:
                yield from self._inner(max(strings, key=_size), source, routine)
            return
        self._variables.learn(tokens)
        yield from self._body(tokens[1:], source, routine)

    def _inner(self, body: Token, source: _Source, routine: str) -> Iterator[Draft]:
        """Read the body in a string as tokens of its own."""
        inside = content_of(body)
        inner = _Source(inside.text, source.depth + 1)
        if inner.depth > MAX_DEPTH:
            yield draft("dynamic", [body])
            return
        tokens = tokenise(inner.text, self._dialect)
        self._variables.learn(tokens)
        for each in self._body(tokens, inner, routine):
            yield _moved(each, inside.start)

    def _body(self, tokens: list[Token], source: _Source, routine: str) -> Iterator[Draft]:
        """Read the statements of a body or a batch; a module in a batch owns what follows it."""
        if self._dialect != "tsql" and not routine:
            yield from (lock for lock in functions(tokens) if lock.verb == "advisory_lock")
        for part, run in enumerate(statements_in(tokens, self._dialect, source.text)):
            for found in self._recognised(run, source, inside=True):
                each = found._replace(part=part)
                module = each.verb in _MODULES or each.value in _ALTERED_MODULES
                if self._dialect == "tsql" and module:
                    routine = each.name or "?"
                    yield each
                else:
                    yield each._replace(routine=each.routine or routine)

    def _recognised(self, tokens: list[Token], source: _Source, *, inside: bool) -> list[Draft]:
        found: list[Draft] = []
        for each in recognise(tokens, self._dialect, inside=inside):
            if each.verb != "dynamic":
                found.append(each)
                continue
            expression = [t for t in tokens if each.start <= t.start < each.end]
            found += self._dynamic(expression, source, each)
        return found

    def _dynamic(self, expression: list[Token], source: _Source, each: Draft) -> Iterator[Draft]:
        texts = assemble(expression) or self._variables.texts(expression)
        if not texts or source.depth >= MAX_DEPTH:
            yield each
            return
        for text in texts[:MAX_TEXTS]:
            if text.text.strip().startswith("${}"):
                yield each
            elif text.changes:
                yield from self._assembled(text, source, each)

    def _assembled(self, text: Assembled, source: _Source, whole: Draft) -> Iterator[Draft]:
        self._allowance -= len(text.text)
        if self._allowance < 0:
            yield whole
            return
        inner = _Source(text.text, source.depth + 1)
        tokens = tokenise(inner.text, self._dialect)
        if not tokens:
            return
        many = [run for run in _split(tokens) if run]
        for run in many:
            found = list(self._statement(run, inner, run[0].start))
            if not found and text.computed:
                yield whole
            for each in found:
                if each.verb == "unclassified" and (text.computed or not text.exact):
                    yield whole
                    continue
                certain = each.computed or (
                    text.computed and is_computed(each.table, each.name, each.column)
                )
                moved = _moved(each, text.start)
                if not text.exact:
                    moved = moved._replace(start=whole.start, end=whole.end)
                yield moved._replace(computed=certain)


def _split(tokens: list[Token]) -> Iterator[list[Token]]:
    if tokens[0].text in ("do", "begin", "declare", "if"):
        yield tokens
        return
    start = 0
    for number, token in enumerate(tokens):
        if token.kind == "mark" and token.text == ";":
            yield tokens[start:number]
            start = number + 1
    yield tokens[start:]


def _moved(each: Draft, offset: int) -> Draft:
    """Return an action of an inner text with offsets of the text around it."""
    return each._replace(start=each.start + offset, end=each.end + offset)


def _language(tokens: list[Token]) -> str:
    said = [token.said for token in tokens]
    at = said.index("language") + 1 if "language" in said else len(said)
    return tokens[at].text.strip("'").lower() if at < len(tokens) else ""


def _size(token: Token) -> int:
    return token.end - token.start


def _finished(found: Iterable[Draft]) -> list[Draft]:
    return [
        each._replace(computed=True)
        if not each.computed and is_computed(each.table, each.column)
        else each
        for each in found
    ]
