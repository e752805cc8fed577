"""An action as the recogniser sees it: with offsets in place of places."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


def draft(verb: str, tokens: list[Token], *flags: str, **fields: object) -> Draft:
    """Return an action that spans ``tokens``; empty flags are left out."""
    return Draft(
        verb,
        tokens[0].start,
        tokens[-1].end,
        flags=frozenset(filter(None, flags)),
        **fields,  # type: ignore[arg-type]
    )


def flag(name: str, *, when: object) -> str:
    """Return ``name`` where the condition holds, else an empty string."""
    return name if when else ""


def column_flags(definition: list[Token]) -> Iterable[str]:
    """Yield what a column's definition (its type first) says beyond the type."""
    words = flat(definition)
    has = frozenset(words)
    if follows(words, "not", "null"):
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
    for word, name in _INLINE:
        if word in has:
            yield name
    if follows(words, "with", "values"):
        yield "with-values"


_SERIAL = frozenset(("serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"))
_INLINE = (
    ("primary", "primary-key"),
    ("unique", "unique"),
    ("references", "references"),
    ("check", "check"),
    ("first", "positioned"),
    ("after", "positioned"),
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
    for number, token in enumerate(definition):
        if token.kind == "mark" and token.text in "()[]":
            depth += (token.text in "([") - (token.text in ")]")
        elif depth == 0 and token.kind == "word" and token.text in _TYPE_ENDS and number:
            if token.text != "character" or words != ["national"]:
                break
        elif depth == 0 and token.kind == "mark" and token.text in ",;=":
            break
        words.append(token.text)
        if depth < 0:
            words.pop()
            break
    if len(words) == 1:
        return words[0][:MAX_TYPE]
    text = " ".join(words)
    for mark in (" (", "( ", " )", " ,", ", ", " [", "[ ", " ]", " .", ". "):
        text = text.replace(mark, mark.strip())
    return text[:MAX_TYPE]


def default_of(definition: list[Token]) -> list[Token]:
    """Return the tokens of a column's default expression; empty where it has none."""
    depth = 0
    begun = -1
    for number, token in enumerate(definition):
        if token.kind == "mark" and token.text in "()":
            depth += 1 if token.text == "(" else -1
        elif depth == 0 and token.kind == "word":
            if begun >= 0 and number > begun and token.text in _DEFAULT_ENDS:
                return definition[begun:number]
            if token.text == "default" and begun < 0:
                begun = number + 1
    return definition[begun:] if begun >= 0 else []


_DEFAULT_ENDS = frozenset(
    "not null primary unique references check constraint generated collate comment after first"
    " with for on".split()
)


_NO_FUNCTIONS = frozenset(
    "array cast varchar char character numeric decimal check references in and or not row time"
    " timestamp timestamptz interval bit varbit float nvarchar nchar values exists any all"
    " current_timestamp localtimestamp current_time localtime number int default when then"
    " else".split()
)


def functions_in(expression: list[Token]) -> tuple[str, ...]:
    """Return the names of the functions that an expression calls, each once, without schema."""
    found: dict[str, None] = {}
    for token, follower in pairwise(expression):
        named = token.kind == "name" or (token.kind == "word" and token.text not in _NO_FUNCTIONS)
        if follower.text == "(" and named:
            found[token.text] = None
    return tuple(found)


def referenced(tokens: list[Token]) -> tuple[str, ...]:
    """Return the tables named behind REFERENCES, anywhere in ``tokens``, each once."""
    found: list[str] = []
    for number, token in enumerate(tokens):
        if token.kind == "word" and token.text == "references":
            found.append(Cursor(tokens, number + 1).name())
    return tuple(dict.fromkeys(name for name in found if name))


def is_computed(*names: str) -> bool:
    """Say whether a name holds a placeholder, so that it is known only at run time."""
    return any(_COMPUTED.search(name) for name in names if name)


_COMPUTED: Final = re.compile(r"^[$:?&]|%|\$\{|\{\{|^@[^@]+@")
