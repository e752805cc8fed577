"""From a document to statements, as the dialect's own client cuts it.

One possessive match runs over everything up to the next event (a terminator, a comment, a dollar
quote, a client command), so a dump costs little more than reading it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from dten_audit.model.facts.sql import Dialect
from dten_audit.readers.sql import lexicon
from dten_audit.readers.sql.blocks import BlockDepth, opens_block

PieceKind = Literal["sql", "meta", "unterminated"]
MAX_RECOVERIES: Final = 8
MAX_DELIMITERS: Final = 100


class Piece(NamedTuple):
    """A statement without its terminator, or a client's command (``meta``), by its offsets.

    ``unterminated`` stands for a quote or comment that never ends: its statement is lost.
    """

    kind: PieceKind
    start: int
    end: int


_STANDARD: Final = r"'[^']*+(?:''[^']*+)*+'"
_ESCAPED: Final = r"'[^'\\]*+(?:(?:''|\\.)[^'\\]*+)*+'"
_ESCAPED_DOUBLE: Final = r'"[^"\\]*+(?:(?:""|\\.)[^"\\]*+)*+"'
_DOUBLE: Final = r'"[^"]*+"'
_BACKTICK: Final = r"`[^`]*+`"
_BRACKET: Final = r"\[[^\]\n]*+\]?+"
_LINE: Final = r"--[^\n]*+|-(?!-)"
_BLOCK: Final = r"/\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/|/(?!\*)"
_SLASH: Final = r"/(?!\*)"

_SPECIAL: Final[dict[Dialect, tuple[str, str]]] = {
    "postgres": (
        r"'\"$\\/\-",
        rf"(?<=\W[eE]){_ESCAPED}|{_STANDARD}|{_DOUBLE}|{_LINE}|{_SLASH}",
    ),
    "mysql": (
        r"'\"`\\#/\-",
        (
            rf"{_ESCAPED}|{_ESCAPED_DOUBLE}|{_BACKTICK}|#[^\n]*+|--(?=\s|\Z)[^\n]*+"
            rf"|-(?!-(?:\s|\Z))|{_BLOCK}"
        ),
    ),
    "sqlite": (r"'\"`\[/\-", rf"{_STANDARD}|{_DOUBLE}|{_BACKTICK}|{_BRACKET}|{_LINE}|{_BLOCK}"),
    "tsql": (
        r"'\"\[/\-\n",
        (
            rf"{_STANDARD}|{_DOUBLE}|{_BRACKET}|{_LINE}|{_SLASH}"
            r"|\n(?![ \t]*+(?:[gG][oO](?![\w.])|[iI][nN][sS][eE][rR][tT]\s|:[A-Za-z]))"
        ),
    ),
    "oracle": (
        r"'\"/\-\n",
        rf"(?<![qQ]){_STANDARD}|{_DOUBLE}|{_LINE}|{_BLOCK}|\n(?![ \t]*+/[ \t]*+(?:\n|\Z))",
    ),
    "generic": (
        r"'\"`$/\-",
        rf"(?<=\W[eE]){_ESCAPED}|{_STANDARD}|{_DOUBLE}|{_BACKTICK}|{_LINE}|{_SLASH}",
    ),
}


@lru_cache(maxsize=64)
def _run(dialect: Dialect, delimiter: str) -> re.Pattern[str]:
    """Return the pattern of everything up to the next event."""
    special, alternatives = _SPECIAL[dialect]
    if delimiter == ";":
        return re.compile(rf"(?:[^;{special}]++|{alternatives})*+", re.DOTALL)
    stop, first = re.escape(delimiter), re.escape(delimiter[0])
    return re.compile(
        rf"(?:[^{special}{first}]++|(?!{stop})(?:{alternatives}|{first}))*+", re.DOTALL
    )


_BLANK: Final = {
    "mysql": r"(?:\s++|#[^\n]*+|--(?=\s|\Z)[^\n]*+)*+",
    "other": r"(?:\s++|--[^\n]*+)*+",
}
_COMMANDS: Final[dict[Dialect, str]] = {
    "mysql": r"(?:delimiter[ \t]++(?P<delimiter>\S++)|source[ \t]++)[^\n]*+",
    "sqlite": r"\.[a-z]++[^\n]*+",
    "tsql": r":(?:r|setvar|connect|on|out|error|exit|quit)\b[^\n]*+",
    "oracle": r"(?:@@?|(?:prompt|spool|whenever|connect|conn|disconnect|exit|quit|show|rem|remark"
    r"|column|define|undefine|accept|pause|host|start|timing|variable|print)\b"
    r"|set\s++(?:define|echo|feedback|serveroutput|timing|verify|termout|sqlblanklines|heading"
    r"|linesize|pagesize|trimspool|scan|escape|autocommit|long)\b)[^\n]*+",
}
_COPY: Final = re.compile(r"copy\s[^;]*?\bfrom\s++stdin\b", re.IGNORECASE)
_COPY_END: Final = re.compile(r"^\\\.[ \t]*$", re.MULTILINE)
_BATCH: Final[dict[Dialect, re.Pattern[str]]] = {
    "tsql": re.compile(r"^[ \t]*+go(?![\w.])[^\n]*+", re.IGNORECASE | re.MULTILINE),
    "oracle": re.compile(r"^[ \t]*+/[ \t]*$", re.MULTILINE),
}
"""What ends a batch, where it stands before any statement."""
_GO: Final = re.compile(r"[ \t\n]*+go(?![\w.])[^\n]*+", re.IGNORECASE)
_SENDS: Final = re.compile(r"\\(?:g|gx|gset|gexec|gdesc|gb|bind|parse|crosstabview|watch)\b|\\$")
"""What sends a statement to the server; psql runs other commands and reads on."""
_SLASH_LINE: Final = re.compile(r"^[ \t]*/[ \t]*$", re.MULTILINE)
_INSERT: Final = frozenset("iI")
"""INSERT is what dumps consist of: nothing else that matters here begins with its letter."""
_STRING: Final = re.compile(_STANDARD)
_CLOSING: Final = {"[": "]", "{": "}", "(": ")", "<": ">"}
_DOLLAR: Final = re.compile(lexicon.DOLLAR)


@cache
def _blank(dialect: Dialect) -> re.Pattern[str]:
    return re.compile(_BLANK["mysql" if dialect == "mysql" else "other"])


@cache
def _command(dialect: Dialect) -> re.Pattern[str] | None:
    pattern = _COMMANDS.get(dialect)
    return re.compile(pattern, re.IGNORECASE) if pattern else None


def split(text: str, dialect: Dialect) -> Iterator[Piece]:
    """Yield the statements of ``text`` in their order. Total, and linear in its length."""
    return _Splitter(text, dialect).pieces()


class _Splitter:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text = text
        self.dialect = dialect
        self.delimiter = ";"
        self.delimiters = 0
        self.recoveries = 0
        self.blank = _blank(dialect)
        self.command = _command(dialect)
        self.nested = dialect in lexicon.NESTED
        self.slashes = dialect == "oracle" and _SLASH_LINE.search(text) is not None

    def pieces(self) -> Iterator[Piece]:
        text, position, size = self.text, 0, len(self.text)
        while position < size:
            position = self._lead(position)
            if position >= size:
                return
            data = text[position] in _INSERT
            if data and self.dialect != "tsql" and (end := self._row(position)):
                yield Piece("sql", position, _stripped(text, position, end))
                position = end + len(self.delimiter)
                continue
            behind = position if data else self._client_command(position)
            if behind > position:
                yield Piece("meta", position, behind)
                position = behind
                continue
            piece, position = self._statement(position)
            if piece.kind == "unterminated" or piece.end > piece.start:
                yield piece

    def _row(self, start: int) -> int:
        """Return where an INSERT ends that holds nothing of note; 0 where one does."""
        found = _run(self.dialect, self.delimiter).match(self.text, start)
        end = found.end() if found else start
        return end if end > start and self.text.startswith(self.delimiter, end) else 0

    def _lead(self, position: int) -> int:
        """Step over blanks, comments and empty statements."""
        text, blank, batch = self.text, self.blank, _BATCH.get(self.dialect)
        while True:
            found = blank.match(text, position)
            position = found.end() if found else position
            if text[position : position + 1] in _INSERT:
                return position
            if text.startswith("/*", position) and not (
                self.dialect == "mysql" and text.startswith("/*!", position)
            ):
                behind = lexicon.block_comment_end(text, position, nested=self.nested)
                if behind < 0:
                    return position
                position = behind
            elif text.startswith(self.delimiter, position):
                position += len(self.delimiter)
            elif batch is not None and (found := batch.match(text, position)):
                position = found.end()
            else:
                return position

    def _client_command(self, start: int) -> int:
        """Return the offset behind a command for the client; ``start`` where there is none."""
        if self.dialect == "postgres" and self.text.startswith("\\", start):
            return self._line_end(start)
        found = self.command.match(self.text, start) if self.command else None
        if found is None:
            return start
        if self.dialect == "mysql" and found["delimiter"] and self.delimiters < MAX_DELIMITERS:
            self.delimiters += 1
            self.delimiter = found["delimiter"]
        return found.end()

    def _statement(self, start: int) -> tuple[Piece, int]:
        """Return the statement at ``start`` and where to go on."""
        text, size = self.text, len(self.text)
        run = _run(self.dialect, self.delimiter)
        block: BlockDepth | None = None
        holds = text[start] not in _INSERT and opens_block(text, start, self.dialect)
        position = start
        while position < size:
            found = run.match(text, position)
            position = found.end() if found else position
            if position >= size:
                break
            if text.startswith(self.delimiter, position):
                if holds and self.delimiter == ";":
                    block = block or BlockDepth(text, start, self.dialect)
                    if not self._ends(block, position):
                        position += 1
                        continue
                return self._ended(start, position)
            behind = self._event(start, position, holds=holds)
            if isinstance(behind, tuple):
                return behind
            position = behind
        return Piece("sql", start, _stripped(text, start, size)), size

    def _ends(self, block: BlockDepth, position: int) -> bool:
        if self.dialect == "tsql" or self.slashes:
            return False
        return block.ends_at(position)

    def _ended(self, start: int, end: int) -> tuple[Piece, int]:
        position = end + len(self.delimiter)
        copies = self.dialect == "postgres" and self.text[start] in "cC"
        if copies and _COPY.match(self.text, start, end):
            data = _COPY_END.search(self.text, position)
            position = data.end() if data else len(self.text)
        return Piece("sql", start, _stripped(self.text, start, end)), position

    def _event(self, start: int, at: int, *, holds: bool) -> int | tuple[Piece, int]:
        """Return where the statement goes on, or the piece that ends here."""
        text, mark = self.text, self.text[at]
        if mark == "/":
            behind = lexicon.block_comment_end(text, at, nested=self.nested)
            lost = Piece("unterminated", at, len(text)), len(text)
            return behind if behind > 0 else lost
        if mark == "$":
            return self._dollar(start, at)
        if mark == "\\":
            return self._backslash(start, at)
        if mark == "'" and self.dialect == "oracle":
            return self._alternative_quote(start, at)
        if mark == "\n":
            return self._line(start, at, holds=holds)
        return self._lost(start, at)

    def _dollar(self, start: int, at: int) -> int | tuple[Piece, int]:
        opened = _DOLLAR.match(self.text, at)
        before = self.text[at - 1] if at > start else " "
        if opened is None or before.isalnum() or before in "_$":
            return at + 1
        behind = self.text.find(opened.group(), opened.end())
        return behind + len(opened.group()) if behind >= 0 else self._lost(start, at)

    def _alternative_quote(self, start: int, at: int) -> int | tuple[Piece, int]:
        """Step over Oracle's q'[…]', or over a string behind a word that ends in q."""
        text = self.text
        mark = text[at + 1 : at + 2]
        if at and text[at - 1] in "qQ" and mark.strip() and not _in_word(text, at - 1):
            behind = text.find(_CLOSING.get(mark, mark) + "'", at + 2)
            return behind + 2 if behind >= 0 else self._lost(start, at)
        found = _STRING.match(text, at)
        return found.end() if found else self._lost(start, at)

    def _backslash(self, start: int, at: int) -> int | tuple[Piece, int]:
        """Both psql and mysql read commands behind a backslash, anywhere outside quotes."""
        follower = self.text[at + 1 : at + 2]
        if follower == ";":
            return at + 2
        if self.dialect == "mysql" and follower not in "gG":
            return at + 1
        if self.dialect == "postgres" and not _SENDS.match(self.text, at):
            return self._line_end(at)
        piece = Piece("sql", start, _stripped(self.text, start, at))
        return piece, at + 2 if self.dialect == "mysql" else at

    def _line(self, start: int, at: int, *, holds: bool) -> int | tuple[Piece, int]:
        """A batch ends at GO or at a lone slash; a T-SQL statement also where INSERT begins."""
        text = self.text
        end = _stripped(text, start, at)
        if self.dialect == "oracle":
            return Piece("sql", start, end), self._line_end(text.index("/", at))
        go = _GO.match(text, at)
        if go is not None:
            return Piece("sql", start, end), go.end()
        return at + 1 if holds else (Piece("sql", start, end), at + 1)

    def _lost(self, start: int, at: int) -> tuple[Piece, int]:
        """A quote never ends: give up its statement, go on with the next line."""
        self.recoveries += 1
        behind = self._line_end(at)
        if self.recoveries > MAX_RECOVERIES:
            behind = len(self.text)
        return Piece("unterminated", start, behind), behind

    def _line_end(self, position: int) -> int:
        found = self.text.find("\n", position)
        return found if found >= 0 else len(self.text)


def _in_word(text: str, quote_letter: int) -> bool:
    """Say whether the q before a quote belongs to a longer word; ``nq'…'`` does not."""
    before = text[max(quote_letter - 2, 0) : quote_letter]
    if before[-1:] in "nN" and before:
        before = before[:-1]
    return before[-1:].isalnum() or before[-1:] == "_"


def _stripped(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1].isspace():
        end -= 1
    return end
