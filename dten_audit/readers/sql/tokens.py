"""From the text of a statement to tokens, and a cursor that walks over them."""

from __future__ import annotations

import re
import sys
from itertools import islice
from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql.lexicon import (
    NESTED,
    block_comment_end,
    token_pattern,
)

MAX_TOKENS: Final = 200_000

_QUOTES: Final = {'"': '""', "`": "``", "[": "]]"}


class Token:
    """A token. It has slots because its fields are read more often than anything else.

    ``kind`` is ``word``, ``name``, ``string``, ``number``, ``hole`` or ``mark``. ``text`` is
    lower-cased for words, unquoted for names, as written otherwise. ``start`` and ``end`` are
    offsets into the document's text. ``said`` is ``text`` again for words and marks, which the
    grammar is made of, and empty for all else.
    """

    __slots__ = ("end", "kind", "said", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int, said: str = "") -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end
        self.said = said


def tokenise(text: str, dialect: Dialect, start: int = 0, end: int | None = None) -> list[Token]:
    """Return the tokens between two offsets, comments left out; at most ``MAX_TOKENS``."""
    end = len(text) if end is None else end
    pattern = token_pattern(dialect)
    mark = pattern.groupindex["mark"]
    tokens: list[Token] = []
    add, position = tokens.append, start
    while (room := MAX_TOKENS - len(tokens)) > 0:
        # The hottest place of the reader: the two commonest kinds by their number, without calls.
        for found in islice(pattern.finditer(text, position, end), room):
            kind = found.lastindex
            begun, position = found.span(kind)  # type: ignore[arg-type]
            if kind == 1:
                word = text[begun:position].lower()
                add(Token("word", word, begun, position, word))
            elif kind == 2 or kind == mark:  # noqa: PLR1714, PLR2004 (plain marks stand second)
                word = text[begun:position]
                add(Token("mark", word, begun, position, word))
            elif found.lastgroup in _LONG:
                position = _behind(found, text, end, dialect, tokens)
                break
            elif found.lastgroup != "skip":
                add(_token(found.lastgroup or "", text[begun:position], begun, position))
            elif begun == end:
                return tokens
        else:
            position = found.end()
    return tokens


_LONG: Final = frozenset(("comment", "dollar"))
"""Where the pattern only sees how they begin."""


def _behind(
    found: re.Match[str], text: str, end: int, dialect: Dialect, tokens: list[Token]
) -> int:
    """Return the offset behind a comment or a dollar-quoted string, which becomes a token."""
    begun, opened = found.span(found.lastindex)  # type: ignore[arg-type]
    if found.lastgroup == "comment":
        return _behind_comment(text, begun, end, dialect)
    position = _behind_dollar(text, begun, opened, end)
    tokens.append(Token("string", text[begun:position], begun, position))
    return position


def _token(kind: str, text: str, start: int, end: int) -> Token:
    if kind in ("string", "number", "hole"):
        return Token(kind, text, start, end)
    if kind == "word":
        word = text.lower()
        return Token("word", word, start, end, word)
    if kind == "name" and text[0] in "uU":
        return Token("name", _unicode(text[3:-1].replace('""', '"')), start, end)
    if kind == "name":
        close = _QUOTES[text[0]]
        return Token("name", text[1:-1].replace(close, close[0]), start, end)
    return Token("mark", text, start, end, text)


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


_NAMING: Final = ("word", "name")
_ENDING: Final = ("mark", "string")
_OPENS: Final = frozenset("([")
_CLOSES: Final = frozenset(")]")
_BREAKS: Final = frozenset("([)],")


class Cursor:
    """Walks over tokens. Every method that does not match leaves the cursor where it is."""

    __slots__ = ("index", "tokens")

    def __init__(self, tokens: list[Token], index: int = 0) -> None:
        self.tokens = tokens
        self.index = index

    def peek(self, ahead: int = 0) -> str:
        """Return the word or mark ahead; empty at the end and for names, strings and numbers."""
        tokens, index = self.tokens, self.index + ahead
        return tokens[index].said if index < len(tokens) else ""

    def token(self, ahead: int = 0) -> Token | None:
        """Return the token ahead."""
        index = self.index + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def take(self, first: str, *others: str) -> bool:
        """Step over a sequence of words or marks, if it stands here."""
        tokens, index = self.tokens, self.index
        if index >= len(tokens) or tokens[index].said != first:
            return False
        index += 1
        if others:
            if index + len(others) > len(tokens):
                return False
            for word in others:
                if tokens[index].said != word:
                    return False
                index += 1
        self.index = index
        return True

    def any_of(self, words: frozenset[str] | tuple[str, ...]) -> str:
        """Step over one of ``words`` and return it; else return an empty string."""
        tokens, index = self.tokens, self.index
        if index < len(tokens) and (word := tokens[index].said) in words and word:
            self.index = index + 1
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
            apart = near.start > token.end or near.kind == "mark"
            if token.kind in _NAMING and apart and near.said != ".":
                self.index = index + 1
                return token.text
        return self._whole_name()

    def _whole_name(self) -> str:
        tokens, index, size = self.tokens, self.index, len(self.tokens)
        parts: list[str] = []
        while index < size and (token := tokens[index]).kind not in _ENDING:
            part, index = token.text, index + 1
            while index < size and (near := tokens[index]).start == token.end:
                if not _glues(token, near):
                    break
                part, token, index = part + near.text, near, index + 1
            parts.append(part)
            if index >= size or tokens[index].said != ".":
                break
            index += 1
            while index < size and tokens[index].said == ".":
                parts.append("")
                index += 1
        self.index = index
        return ".".join(parts)

    def skip_parentheses(self) -> bool:
        """Step over a balanced pair of parentheses."""
        if self.peek() != "(":
            return False
        depth = 0
        tokens = self.tokens
        for index in range(self.index, len(tokens)):
            said = tokens[index].said
            if said == "(":
                depth += 1
            elif said == ")":
                depth -= 1
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
    return "hole" in (left.kind, right.kind) and right.kind not in ("string", "mark", "name")


def flat(tokens: list[Token]) -> list[str]:
    """Return words and marks that stand outside parentheses."""
    depth = 0
    words: list[str] = []
    for token in tokens:
        said = token.said
        if said in _OPENS:
            depth += 1
        elif said in _CLOSES:
            depth -= 1
        elif depth == 0 and said:
            words.append(said)
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
    start = depth = 0
    for number, token in enumerate(tokens):
        said = token.said
        if said in _BREAKS:
            if said in _OPENS:
                depth += 1
            elif said != ",":
                depth -= 1
            elif depth == 0:
                found.append(tokens[start:number])
                start = number + 1
    found.append(tokens[start:])
    return [part for part in found if part]
