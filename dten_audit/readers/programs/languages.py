"""What a language is to the lexer and to the reader of calls: data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

ORIGIN: Final = ("from", "program")
"""Hint of texts that a program runs or writes."""
Escape = Literal["c", "quote", "raw", "doubled", "none"]
"""c: as in C; quote: of the backslash and the quote only; raw: a backslash keeps the quote from
ending the text and stays; doubled: the quote written twice; none: nothing stands for another."""


class Quote(NamedTuple):
    """A form of string literal.

    ``holes`` is how an expression in it opens (``{``, ``${``, ``#{``); ``names``: a bare ``$name``
    stands for its value. ``lines``: it may go over several lines. ``indented``: the indentation of
    its lines is no part of it. ``runs``: it is shell text that runs where it stands. ``words``: it
    is a list of words. ``nested``: strings in its holes may hold its own quote.
    """

    opener: str
    closer: str
    escape: Escape = "c"
    holes: str = ""
    names: bool = False
    lines: bool = False
    indented: bool = False
    runs: bool = False
    words: bool = False
    nested: bool = False


class Language(NamedTuple):
    """A language.

    ``prefixes`` are what may stand before a quote, and the fields that change then. ``comments``
    are regular expressions, ``special`` that of what ``special.py`` reads. ``page``: the code
    stands in a page, between these marks. ``functions`` finds definitions (groups ``indent``,
    ``name``, ``parameters``), ``blocks`` tells how they end. ``roots`` are functions that run
    without being named. ``imports`` finds what only makes names known. ``assignment`` finds names
    that are set, at the start of a line (groups ``name``, ``operator``). ``bare``: calls need no
    parentheses. ``joins`` is the operator that joins texts. ``adjacent``: literals that follow each
    other are one. ``sigils`` are marks of variables' names. ``guard`` finds what makes a file a
    program of its own (``if __name__ == "__main__"``).
    """

    name: str
    quotes: tuple[Quote, ...]
    comments: tuple[str, ...]
    functions: str
    blocks: Literal["indent", "brace"]
    assignment: str
    prefixes: Mapping[str, Mapping[str, object]] = MappingProxyType({})
    special: str = ""
    page: tuple[str, str] = ("", "")
    roots: frozenset[str] = frozenset()
    bare: bool = False
    joins: str = "+"
    adjacent: bool = False
    sigils: str = ""
    imports: str = ""
    guard: str = ""
