"""From the text of a statement to tokens, and a cursor that walks over them."""

from __future__ import annotations

import re
import sys
from typing import Final, Literal, NamedTuple

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.lexicon import (
    NESTED,
    block_comment_end,
    token_pattern,
)

Kind = Literal["word", "name", "string", "number", "hole", "mark"]
MAX_TOKENS: Final = 200_000

_new: Final = tuple.__new__
_QUOTES: Final = {'"': '""', "`": "``", "[": "]]"}


class Token(NamedTuple):
    """A token. ``text`` is lower-cased for words, unquoted for names, as written otherwise.

    ``start`` and ``end`` are offsets into the document's text.
    """

    kind: Kind
    text: str
    start: int
    end: int


def tokenise(text: str, dialect: Dialect, start: int = 0, end: int | None = None) -> list[Token]:
    """Return the tokens between two offsets, comments left out; at most ``MAX_TOKENS``."""
    end = len(text) if end is None else end
    pattern = token_pattern(dialect)
    tokens: list[Token] = []
    add = tokens.append
    match = pattern.scanner(text, start, end).match  # type: ignore[attr-defined]
    room = MAX_TOKENS
    while room and (found := match()) is not None:
        kind = found.lastgroup
        begun, position = found.span(found.lastindex)
        if kind == "plain":
            add(_new(Token, ("word", text[begun:position].lower(), begun, position)))
        elif kind == "mark" or kind == "number":  # noqa: PLR1714 (the hottest place of the reader)
            add(_new(Token, (kind, text[begun:position], begun, position)))
        elif kind == "skip":
            if begun == end:
                break
            continue
        elif kind == "comment":
            position = _behind_comment(text, begun, end, dialect)
            match = pattern.scanner(text, position, end).match  # type: ignore[attr-defined]
            continue
        elif kind == "dollar":
            position = _behind_dollar(text, begun, position, end)
            add(Token("string", text[begun:position], begun, position))
            match = pattern.scanner(text, position, end).match  # type: ignore[attr-defined]
        else:
            add(_token(kind, text[begun:position], begun, position))
        room -= 1
    return tokens


def _token(kind: str, text: str, start: int, end: int) -> Token:
    if kind == "word":
        return Token("word", text.lower(), start, end)
    if kind == "name" and text[0] in "uU":
        return Token("name", _unicode(text[3:-1].replace('""', '"')), start, end)
    if kind == "name":
        close = _QUOTES[text[0]]
        return Token("name", text[1:-1].replace(close, close[0]), start, end)
    if kind == "cast":
        return Token("mark", text, start, end)
    return Token(kind, text, start, end)  # type: ignore[arg-type]


_ESCAPES: Final = re.compile(r"\\(?:\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))")


def _unicode(name: str) -> str:
    r"""Undo the escapes of ``U&"d\0061ta"``; a code that is none stays as it is."""

    def character(found: re.Match[str]) -> str:
        code = int(found[1] or found[2], 16)
        return chr(code) if code <= sys.maxunicode else found[0]

    return _ESCAPES.sub(character, name)


def _behind_comment(text: str, start: int, end: int, dialect: Dialect) -> int:
    """MySQL runs what stands in ``/*!40101 … */``: only its frame is skipped."""
    if dialect == "mysql" and text.startswith("/*!", start):
        position = start + 3
        while position < end and text[position].isdigit():
            position += 1
        return position
    behind = block_comment_end(text, start, nested=dialect in NESTED)
    return end if behind < 0 else min(behind, end)


def _behind_dollar(text: str, start: int, opened: int, end: int) -> int:
    tag = text[start:opened]
    found = text.find(tag, opened, end)
    return end if found < 0 else found + len(tag)


class Content(NamedTuple):
    """What stands inside a string token, as long as its source, and where it starts.

    A doubled quote becomes a blank and a quote, so that offsets stay those of the document.
    """

    text: str
    start: int


def content_of(token: Token) -> Content:
    """Return the inside of a string token: a body, a dynamic statement, a setting's value."""
    text = token.text
    if text.startswith("$"):
        opened = text.index("$", 1) + 1
        closed = text.endswith(text[:opened]) and len(text) >= 2 * opened
        return Content(text[opened : len(text) - opened if closed else None], token.start + opened)
    quote = text.find("'") if "'" in text[:3] else text.find('"')
    inside = text[quote + 1 : -1] if len(text) > quote + 1 else ""
    lead = quote + 1
    if text[:1] in "qQ" or text[:2].lower() == "nq":
        inside, lead = inside[1:-1], lead + 1
    else:
        mark = text[quote]
        inside = inside.replace(mark * 2, " " + mark)
        if "\\" in inside and text[:1] not in "uU":
            inside = inside.replace("\\'", " '").replace('\\"', ' "').replace("\\n", "  ")
    return Content(inside, token.start + lead)


_SPOKEN: Final = ("word", "mark")
_NAMING: Final = ("word", "name")
_ROUND: Final = ("(", ")")


class Cursor:
    """Walks over tokens. Every method that does not match leaves the cursor where it is."""

    __slots__ = ("index", "tokens")

    def __init__(self, tokens: list[Token], index: int = 0) -> None:
        self.tokens = tokens
        self.index = index

    def peek(self, ahead: int = 0) -> str:
        """Return the word or mark ahead; empty at the end and for names, strings and numbers."""
        index = self.index + ahead
        if index >= len(self.tokens):
            return ""
        token = self.tokens[index]
        return token.text if token.kind in _SPOKEN else ""

    def token(self, ahead: int = 0) -> Token | None:
        """Return the token ahead."""
        index = self.index + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def take(self, *words: str) -> bool:
        """Step over a sequence of words or marks, if it stands here."""
        tokens, index = self.tokens, self.index
        if index + len(words) > len(tokens):
            return False
        for word in words:
            token = tokens[index]
            if token.text != word or token.kind not in _SPOKEN:
                return False
            index += 1
        self.index = index
        return True

    def any_of(self, words: frozenset[str] | tuple[str, ...]) -> str:
        """Step over one of ``words`` and return it; else return an empty string."""
        word = self.peek()
        if word and word in words:
            self.index += 1
            return word
        return ""

    def string(self) -> Token | None:
        """Step over a string."""
        token = self.token()
        if token is not None and token.kind == "string":
            self.index += 1
            return token
        return None

    def name(self) -> str:
        """Step over a name with its schema and return it; parts without a gap belong together."""
        tokens, index = self.tokens, self.index
        if index + 1 < len(tokens):
            token, near = tokens[index], tokens[index + 1]
            if token.kind in _NAMING and near.start > token.end and near.text != ".":
                self.index = index + 1
                return token.text
        return self._whole_name()

    def _whole_name(self) -> str:
        parts: list[str] = []
        while (token := self.token()) is not None and token.kind not in ("string", "mark"):
            part, end = token.text, token.end
            self.index += 1
            while (near := self.token()) is not None and near.start == end and _glues(token, near):
                part, end, token = part + near.text, near.end, near
                self.index += 1
            parts.append(part)
            if not self.take("."):
                break
            while self.take("."):
                parts.append("")
        return ".".join(parts)

    def skip_parentheses(self) -> bool:
        """Step over a balanced pair of parentheses."""
        if self.peek() != "(":
            return False
        depth = 0
        tokens = self.tokens
        for index in range(self.index, len(tokens)):
            text = tokens[index].text
            if text in _ROUND and tokens[index].kind == "mark":
                depth += 1 if text == "(" else -1
                if depth == 0:
                    self.index = index + 1
                    return True
        self.index = len(tokens)
        return True

    @property
    def done(self) -> bool:
        """Whether no token is left."""
        return self.index >= len(self.tokens)

    def rest(self) -> list[Token]:
        """Return the tokens from here on."""
        return self.tokens[self.index :]


def take_wait(cursor: Cursor) -> bool:
    """Step over MariaDB's ``NOWAIT`` or ``WAIT n``, and say whether one stands here."""
    if cursor.take("nowait"):
        return True
    token = cursor.token(1)
    if cursor.peek() == "wait" and token is not None and token.kind == "number":
        cursor.index += 2
        return True
    return False


def _glues(left: Token, right: Token) -> bool:
    """Say whether two adjacent tokens are one name: ``${prefix}users``, ``t_:v``."""
    return right.kind not in ("string", "mark", "name") and "hole" in (left.kind, right.kind)


def flat(tokens: list[Token]) -> list[str]:
    """Return words and marks that stand outside parentheses."""
    depth = 0
    words: list[str] = []
    for token in tokens:
        if token.kind == "mark" and token.text in "([":
            depth += 1
        elif token.kind == "mark" and token.text in ")]":
            depth -= 1
        elif depth == 0 and token.kind in ("word", "mark"):
            words.append(token.text)
    return words


def follows(words: list[str], *sequence: str) -> bool:
    """Say whether ``sequence`` stands in ``words`` without a gap."""
    first, size = sequence[0], len(sequence)
    return first in words and any(
        word == first and tuple(words[at : at + size]) == sequence for at, word in enumerate(words)
    )


def parts(tokens: list[Token]) -> list[list[Token]]:
    """Split at commas outside parentheses."""
    found: list[list[Token]] = []
    current: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "mark":
            if token.text in "([":
                depth += 1
            elif token.text in ")]":
                depth -= 1
            elif token.text == "," and depth == 0:
                found.append(current)
                current = []
                continue
        current.append(token)
    found.append(current)
    return [part for part in found if part]
