"""Values of expressions in a program, as far as they are written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from dten_audit.readers.shell.values import Field


class Number(NamedTuple):
    """A number, as it is written (``0o4755``)."""

    text: str
    offset: int


class Name(NamedTuple):
    """A name whose value is not known: a parameter, a variable that is set more than once."""

    path: str
    offset: int


class Items(NamedTuple):
    """A list. ``open``: it goes on with what only the run tells."""

    items: tuple[Value, ...]
    open: bool = False


class Pairs(NamedTuple):
    """A dictionary or an object, by its literal keys."""

    pairs: tuple[tuple[str, Value], ...]


class Called(NamedTuple):
    """What a function returns."""

    path: str
    arguments: Arguments
    offset: int


class Unknown(NamedTuple):
    """Another expression, as it is written."""

    text: str
    offset: int


Value: TypeAlias = Field | Number | Name | Items | Pairs | Called | Unknown


class Arguments(NamedTuple):
    """The arguments of a call, and where they end. ``spread``: unknown ones follow."""

    positional: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    end: int = 0
    spread: bool = False

    def option(self, *names: str) -> Value | None:
        """Return a keyword argument, or a key of an object among the arguments."""
        for name, value in self._options():
            if name in names:
                return value
        return None

    def _options(self) -> Iterator[tuple[str, Value]]:
        yield from self.keywords
        for value in self.positional:
            if isinstance(value, Pairs):
                yield from value.pairs

    def get(self, number: int, names: Iterable[str] = ()) -> Value | None:
        """Return an argument by its place or its keyword."""
        if 0 <= number < len(self.positional):
            return self.positional[number]
        return next((value for name, value in self.keywords if name in names), None)


TRUE = frozenset(("True", "true", "TRUE", "1"))
FALSE = frozenset(("False", "false", "FALSE", "0", "None", "null", "nil", "undefined"))


def is_true(value: Value | None) -> bool | None:
    """Return a truth value; None where it is not known."""
    if value is None:
        return False
    text = value.path if isinstance(value, Name) else getattr(value, "text", "")
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    return True if isinstance(value, Field) and value.known else None
