"""Finds the strings and comments of a program, and covers them: what is left is its code.

One pass for all languages; the tables are in ``language_tables.py``. Total: a string that does not
end ends at its line, or with the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from dten_audit.readers.programs.languages import Language, Quote

TOKEN: Final = "\x02"  # noqa: S105 (a character)
"""Stands in covered code where a literal starts; the rest of it is ``FILL``."""
FILL: Final = "\x01"
MAX_HOLES: Final = 6
"""How deep strings may stand in the holes of strings."""
_MAX_PREFIX: Final = 3
_PATTERN_IN_HOLE: Final = r"(?<=[(,])/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.){0,99}+\]){1,200}+/"
_PATIENCE: Final = 16
"""So often the end of a text between free delimiters is looked for in vain."""


class Literal(NamedTuple):
    """A string: its token from ``start`` to ``end``, its text from ``body`` to ``stop``.

    The text of a here-document stands below the line of its token.
    """

    start: int
    end: int
    body: int
    stop: int
    quote: Quote


Special = Callable[["Lexer", int, str], "Literal | int"]
"""Reads what the table cannot say, at an offset, given the text that matched.

It returns a literal, or the offset where covering (positive) or looking on (negative) goes on.
"""


class Lexer:
    """One pass over a program. ``code`` is as long as ``text``, so that offsets are the same."""

    def __init__(self, text: str, language: Language) -> None:
        self.text = text
        self.language = language
        self.literals: list[Literal] = []
        self._covers: list[tuple[int, int, str]] = []
        self._below: tuple[int, int] | None = None
        self.patience = _PATIENCE
        self._tables = _tables(language)
        self._special = _special(language)
        self._page() if language.page[0] else self._run(0, len(text))
        self.code = self._covered()
        self._starts = [literal.start for literal in self.literals]

    def literal_at(self, offset: int) -> Literal | None:
        """Return the literal whose token starts at an offset."""
        number = bisect_right(self._starts, offset) - 1
        found = self.literals[number] if number >= 0 else None
        return found if found is not None and found.start == offset else None

    # the pass

    def _page(self) -> None:
        """Read a page: everything outside of the marks is no code."""
        opens, closes = re.compile(self.language.page[0]), self.language.page[1]
        text, position = self.text, 0
        while True:
            start = opens.search(text, position)
            self._cover(position, start.end() if start else len(text), " ")
            if start is None:
                return
            position = self._run(start.end(), len(text), closes)

    def _run(self, position: int, limit: int, closes: str = "") -> int:
        """Cover strings and comments; return where the code ends."""
        text, tables = self.text, self._tables
        search, quotes = tables.opener.search, tables.quotes
        while True:
            match = search(text, position, limit)
            at = match.start() if match else limit
            if closes and (end := text.find(closes, position, at)) >= 0:
                return end + len(closes)
            if self._below is not None and at >= self._below[0]:
                position = self._skip_below()
                continue
            if match is None:
                return limit
            opener = match.group()
            quote = quotes.get(opener)
            if quote is not None:
                position = self._string(at, quote)
            elif match.lastgroup == "special":
                position = self._read_special(at, opener)
            else:
                position = match.end()
                self._cover(at, position, " ")

    def _skip_below(self) -> int:
        """Pass over the here-documents below a line."""
        assert self._below is not None
        start, end = self._below
        self._below = None
        self._covers.append((start, end, FILL))
        return end

    def heredoc(self, at: int) -> int:
        """Return where the text of a here-document named at ``at`` begins."""
        if self._below is not None:
            return self._below[1]
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def set_below(self, at: int, end: int) -> None:
        """Note that the here-documents of the line of ``at`` reach to ``end``."""
        first = self._below[0] if self._below is not None else self.heredoc(at)
        self._below = (first, end)

    def _string(self, at: int, quote: Quote) -> int:
        start, quote = self._prefixed(at, quote)
        body = at + len(quote.opener)
        stop = self.end_of(body, quote)
        end = stop + len(quote.closer) if self.text.startswith(quote.closer, stop) else stop
        self.add(Literal(start, end, body, stop, quote))
        return end

    def _prefixed(self, at: int, quote: Quote) -> tuple[int, Quote]:
        """Return where a string starts with its prefix, and what it is then."""
        known = self._tables.prefixed
        if not known or at == 0 or self.text[at - 1] not in self._tables.marks:
            return at, quote
        text, start = self.text, at
        while start > 0 and at - start < _MAX_PREFIX and text[start - 1] in self._tables.marks:
            start -= 1
        if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            return at, quote
        found = known.get((text[start:at].lower(), quote.opener))
        return (at, quote) if found is None else (start, found)

    def _read_special(self, at: int, opener: str) -> int:
        found = self._special(self, at, opener)
        if isinstance(found, int):
            if found > 0:
                self._cover(at, found, FILL)
            return abs(found)
        self.add(found)
        return found.end

    def add(self, literal: Literal) -> None:
        """Note a literal."""
        self.literals.append(literal)
        self._covers.append((literal.start, literal.end, TOKEN))

    def _cover(self, start: int, end: int, fill: str) -> None:
        self._covers.append((start, end, fill))

    # where strings end

    def end_of(self, body: int, quote: Quote, depth: int = 0) -> int:
        """Return where the text of a string ends: at its closer, its line, or with the file."""
        search, text = _ender(quote).search, self.text
        position = body
        while True:
            match = search(text, position)
            if match is None:
                return len(text)
            if match.lastgroup is None:
                return match.start()
            position = match.end()
            if match.lastgroup == "hole" and quote.nested:
                if depth >= MAX_HOLES:
                    return position
                position = self._end_of_hole(position, depth)

    def _end_of_hole(self, position: int, depth: int) -> int:
        """Return where the code of a hole ends, behind its brace."""
        search, text, quotes = self._tables.hole.search, self.text, self._tables.quotes
        level = 1
        while True:
            match = search(text, position)
            if match is None:
                return len(text)
            found = match.group()
            position = match.end()
            if found == "{":
                level += 1
            elif found == "}":
                level -= 1
                if not level:
                    return position
            elif found in quotes:
                quote = quotes[found]
                end = self.end_of(position, quote, depth + 1)
                position = end + len(quote.closer)

    def _covered(self) -> str:
        text, parts, at = self.text, [], 0
        for start, end, fill in self._covers:
            if start < at:
                continue
            parts.append(text[at:start])
            if fill == TOKEN:
                parts.append(TOKEN + FILL * (end - start - 1))
            elif fill == FILL:
                parts.append(FILL * (end - start))
            else:
                parts.append(_blank(text[start:end]))
            at = max(end, at)
        parts.append(text[at:])
        return "".join(parts)


def _blank(text: str) -> str:
    """Return blanks for a comment, its line ends kept."""
    if "\n" not in text:
        return " " * len(text)
    return "\n".join(" " * len(line) for line in text.split("\n"))


class _Tables(NamedTuple):
    opener: re.Pattern[str]
    quotes: dict[str, Quote]
    hole: re.Pattern[str]
    prefixed: dict[tuple[str, str], Quote]
    marks: frozenset[str]


@cache
def _tables_of(name: str) -> _Tables:
    from dten_audit.readers.programs.language_tables import LANGUAGES

    language = LANGUAGES[name]
    quotes = {quote.opener: quote for quote in language.quotes}
    openers = [re.escape(opener) for opener in quotes]
    special = [f"(?P<special>{language.special})"] if language.special else []
    parts = "|".join((*special, *openers, *language.comments))
    prefixed = {
        (prefix, quote.opener): _changed(quote, changes)
        for prefix, changes in language.prefixes.items()
        for quote in language.quotes
    }
    marks = {mark for prefix in language.prefixes for mark in prefix + prefix.upper()}
    pattern_in_hole = (_PATTERN_IN_HOLE,) if language.special == "/" else ()
    hole = re.compile("|".join((*pattern_in_hole, *openers, r"[{}]")))
    return _Tables(re.compile(parts), quotes, hole, prefixed, frozenset(marks))


def _tables(language: Language) -> _Tables:
    return _tables_of(language.name)


def _changed(quote: Quote, changes: Mapping[str, Any]) -> Quote:
    return quote._replace(**changes)


def _special(language: Language) -> Special:
    from dten_audit.readers.programs.special import SPECIALS

    return SPECIALS[language.name] if language.special else _none


def _none(_: Lexer, at: int, opener: str) -> int:
    return -(at + len(opener))


@cache
def _ender(quote: Quote) -> re.Pattern[str]:
    """Return the pattern of what may end a string, or must be passed over in it."""
    passed = []
    if quote.escape in ("c", "quote", "raw"):
        passed.append(r"\\(?:.|\n)")
    elif quote.escape == "doubled":
        passed.append(re.escape(quote.closer * 2))
    if quote.holes == "{":
        passed.append(r"\{\{")
    parts = [f"(?P<passed>{'|'.join(passed)})"] if passed else []
    if quote.holes:
        hole = re.escape(quote.holes) if quote.holes != "{$" else r"\{(?=\$)"
        parts.append(f"(?P<hole>{hole})")
    parts.append(re.escape(quote.closer))
    if not quote.lines:
        parts.append(r"\n")
    return re.compile("|".join(parts))
