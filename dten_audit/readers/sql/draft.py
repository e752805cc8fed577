"""An action as the recogniser sees it: with offsets in place of places."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import Final, NamedTuple

from dten_audit.readers.sql.tokens import Cursor, Token, flat, follows


class Draft(NamedTuple):
    """An ``Action`` before the document gives it a place. Fields mean what they mean there."""

    verb: str
    start: int
    end: int
    table: str = ""
    column: str = ""
    name: str = ""
    value: str = ""
    constraint: str = ""
    references: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    columns: tuple[tuple[str, str], ...] = ()
    functions: tuple[str, ...] = ()
    routine: str = ""
    part: int = 0
    computed: bool = False


_NO_FLAGS: Final = frozenset[str]()


def draft(  # noqa: PLR0913 (the fields of an action)
    verb: str,
    tokens: list[Token],
    *flags: str,
    table: str = "",
    column: str = "",
    name: str = "",
    value: str = "",
    constraint: str = "",
    references: tuple[str, ...] = (),
    columns: tuple[tuple[str, str], ...] = (),
    functions: tuple[str, ...] = (),
) -> Draft:
    """Return an action that spans ``tokens``; empty flags are left out."""
    start, end = tokens[0].start, tokens[-1].end
    said = frozenset(filter(None, flags)) if any(flags) else _NO_FLAGS
    # Made as the tuple that it is: one for each action of each statement.
    return tuple.__new__(
        Draft,
        (verb, start, end, table, column, name, value, constraint, references, said, columns,
         functions, "", 0, False),
    )  # fmt: skip


def with_flags(drafts: list[Draft], flags: AbstractSet[str]) -> list[Draft]:
    """Return actions that have some more flags."""
    return [each._replace(flags=each.flags | flags) for each in drafts] if flags else drafts


def flag(name: str, *, when: object) -> str:
    """Return ``name`` where the condition holds, else an empty string."""
    return name if when else ""


def column_flags(definition: list[Token]) -> Iterable[str]:
    """Yield what a column's definition (its type first) says beyond the type."""
    words = flat(definition)
    if _SAYING.isdisjoint(words):
        return
    has = frozenset(words)
    if "not" in has and follows(words, "not", "null"):
        yield "not-null"
    generated = "generated" in has or "as" in has
    if "identity" in has or "auto_increment" in has or "autoincrement" in has:
        yield "identity"
    elif generated and "default" not in has:
        yield "virtual" if "virtual" in has else "generated"
        if "stored" in has or "persisted" in has:
            yield "stored"
    elif "default" in has:
        yield "default"
    if words and words[0] in _SERIAL:
        yield "serial"
    for word, name in _INLINE.items():
        if word in has:
            yield name
    if "with" in has and follows(words, "with", "values"):
        yield "with-values"


_SERIAL = frozenset(("serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"))
_INLINE: Final = {
    "primary": "primary-key",
    "unique": "unique",
    "references": "references",
    "check": "check",
    "first": "positioned",
    "after": "positioned",
}
_SAYING: Final = _SERIAL.union(
    _INLINE, "not generated as identity auto_increment autoincrement default with".split()
)

_TYPE_ENDS = frozenset(
    "not null default primary unique references check constraint generated as collate comment after"
    " first auto_increment autoincrement identity using on character charset invisible visible"
    " encode compression storage sparse rowguidcol masked persisted virtual stored key".split()
)


MAX_TYPE = 200


def type_of(definition: list[Token]) -> str:
    """Return the type that a column's definition starts with, in one spelling."""
    words: list[str] = []
    depth = 0
    for token in definition:
        said = token.said
        if said in _BRACKETS:
            depth += _BRACKETS[said]
        elif (
            depth == 0
            and said in _TYPE_STOPS
            and (words or said in _STOPS)
            and (said != "character" or words != ["national"])
        ):
            break
        words.append(token.text)
        if depth < 0:
            words.pop()
            break
    if len(words) == 1:
        return words[0][:MAX_TYPE]
    text = " ".join(words)
    if _SPACED.search(text):
        for mark in (" (", "( ", " )", " ,", ", ", " [", "[ ", " ]", " .", ". "):
            text = text.replace(mark, mark.strip())
    return text[:MAX_TYPE]


_SPACED: Final = re.compile(r"[(),.[\]]")
_BRACKETS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}
_STOPS: Final = frozenset(",;=")
_TYPE_STOPS: Final = _TYPE_ENDS | _STOPS


def default_of(definition: list[Token]) -> list[Token]:
    """Return the tokens of a column's default expression; empty where it has none."""
    depth = 0
    begun = -1
    for number, token in enumerate(definition):
        said = token.said
        if said == "(":
            depth += 1
        elif said == ")":
            depth -= 1
        elif depth == 0 and said in _DEFAULT_EDGES:
            if begun >= 0 and number > begun and said != "default":
                return definition[begun:number]
            if said == "default" and begun < 0:
                begun = number + 1
    return definition[begun:] if begun >= 0 else []


_DEFAULT_ENDS = frozenset(
    "not null primary unique references check constraint generated collate comment after first"
    " with for on".split()
)
_DEFAULT_EDGES: Final = _DEFAULT_ENDS | {"default"}


_NO_FUNCTIONS = frozenset(
    "array cast varchar char character numeric decimal check references in and or not row time"
    " timestamp timestamptz interval bit varbit float nvarchar nchar values exists any all"
    " current_timestamp localtimestamp current_time localtime number int default when then"
    " else".split()
)


def functions_in(expression: list[Token]) -> tuple[str, ...]:
    """Return the names of the functions that an expression calls, each once, without schema."""
    if len(expression) <= 1:
        return ()
    found: dict[str, None] = {}
    for token, follower in pairwise(expression):
        if follower.text == "(" and (
            token.kind == "name" or (token.kind == "word" and token.text not in _NO_FUNCTIONS)
        ):
            found[token.text] = None
    return tuple(found)


def referenced(tokens: list[Token]) -> tuple[str, ...]:
    """Return the tables named behind REFERENCES, anywhere in ``tokens``, each once."""
    found: dict[str, None] = {}
    for number, token in enumerate(tokens):
        if token.said == "references" and (name := Cursor(tokens, number + 1).name()):
            found[name] = None
    return tuple(found)


def is_computed(*names: str) -> bool:
    """Say whether a name holds a placeholder, so that it is known only at run time."""
    for name in names:  # noqa: SIM110 (a generator costs more than the test)
        if name and not name.isidentifier() and _COMPUTED.search(name):
            return True
    return False


def unprefixed(name: str) -> str:
    """Return a table's name without the prefix that a site gives them all (``${prefix}user``)."""
    return _PREFIX.sub("", name, count=1) if name.startswith("${") else name


_PREFIX: Final = re.compile(r"\A\$\{\w+\}(?=\w)")
_COMPUTED: Final = re.compile(r"^[$:?&]|%|\$\{|\{\{|^@[^@]+@")
