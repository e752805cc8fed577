"""The words of SQL as regular expressions: quotes, names, holes, comments, per dialect.

All patterns are possessive: no input makes them backtrack.
Sources: PostgreSQL manual 4.1, MySQL manual 11.1 and 11.7, SQLite "SQL As Understood", T-SQL
reference "Constants" and "Database identifiers", Oracle SQL reference "Literals".
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from dten_audit.model.facts.sql import Dialect

STANDARD: Final = r"'[^']*+(?:''[^']*+)*+(?:'|\Z)"
ESCAPED: Final = r"'[^'\\]*+(?:(?:''|\\.)[^'\\]*+)*+(?:'|\Z)"
ESCAPED_DOUBLE: Final = r'"[^"\\]*+(?:(?:""|\\.)[^"\\]*+)*+(?:"|\Z)'
DOUBLE: Final = r'"[^"]*+(?:""[^"]*+)*+(?:"|\Z)'
BACKTICK: Final = r"`[^`]*+(?:`|\Z)"
BRACKET_NAME: Final = r"\[[A-Za-z_#@\x80-\U0010ffff][^\[\]\n]*+\]"
ALTERNATIVE: Final = (
    r"'(?:\[(?:[^\]]|\](?!'))*+\]?|\{(?:[^}]|\}(?!'))*+\}?|\((?:[^)]|\)(?!'))*+\)?"
    r"|<(?:[^>]|>(?!'))*+>?|!(?:[^!]|!(?!'))*+!?|\|(?:[^|]|\|(?!'))*+\|?|~(?:[^~]|~(?!'))*+~?)(?:'|\Z)"
)
"""Oracle's q'[…]' without its q."""
LINE_COMMENT: Final = r"--[^\n]*+"
MYSQL_LINE_COMMENT: Final = r"--(?=\s|\Z)[^\n]*+"
HASH_COMMENT: Final = r"#[^\n]*+"
DOLLAR: Final = r"\$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z_0-9\x80-\U0010ffff]*+)?\$"

NESTED: Final[frozenset[Dialect]] = frozenset({"postgres", "tsql", "generic"})
"""Dialects whose block comments nest."""
DOLLARS: Final[frozenset[Dialect]] = frozenset({"postgres", "generic"})
"""Dialects with dollar-quoted strings."""

_HOLES: Final = (
    r"\$\{[^{}\n]*+\}|\{\{[^{}\n]*+\}\}|@[A-Za-z_]\w*+(?::\w++)?+@|%\([A-Za-z_]\w*+\)s|%(?:\d++\$)?[sIL](?!\w)|\$\([A-Za-z_]\w*+\)"
    r"|:'[A-Za-z_]\w*+'|:\"[A-Za-z_]\w*+\"|:[A-Za-z_]\w*+|\$\d++|&&?[A-Za-z_]\w*+\.?|\?"
)
_IN_WORD: Final = r"[^\x00-\"$-/:-@\[-^`{-\x7f]*+"
"""Letters, digits, ``_``, ``#`` and all behind ASCII, told by what they are not: that is fast."""
_WORD: Final = rf"[^\x00-@\[-^`{{-\x7f]{_IN_WORD}(?:\$(?!\{{){_IN_WORD})*+"
_AT_WORD: Final = r"(?:@@?|#{1,2})[A-Za-z_][\w$#@.]*+"

_STRINGS: Final[dict[Dialect, str]] = {
    "postgres": rf"[eE]{ESCAPED}|(?:[uU]&|[bBxXnN])?{STANDARD}",
    "mysql": rf"[nNxXbB]?{ESCAPED}|{ESCAPED_DOUBLE}",
    "sqlite": rf"[xX]?{STANDARD}",
    "tsql": rf"[nN]?{STANDARD}",
    "oracle": rf"[nN]?[qQ]{ALTERNATIVE}|[nN]?{STANDARD}",
    "generic": rf"[eE]{ESCAPED}|[nN]?{STANDARD}",
}
_NAMES: Final[dict[Dialect, str]] = {
    "postgres": rf"(?:[uU]&)?{DOUBLE}",
    "mysql": BACKTICK,
    "sqlite": rf"{DOUBLE}|{BACKTICK}|{BRACKET_NAME}",
    "tsql": rf"{DOUBLE}|{BRACKET_NAME}",
    "oracle": DOUBLE,
    "generic": rf"{DOUBLE}|{BACKTICK}|{BRACKET_NAME}",
}


@cache
def token_pattern(dialect: Dialect) -> re.Pattern[str]:
    """Return the pattern of one token; the name of the matching group is its kind.

    ``plain`` is a word that no quote follows, so that it is no prefix of a string: most are.
    ``easy`` is a mark that nothing else begins with, and stands second.
    """
    mysql = rf"{MYSQL_LINE_COMMENT}|{HASH_COMMENT}|\*/"
    line = mysql if dialect == "mysql" else LINE_COMMENT
    word = _WORD if dialect == "postgres" else f"{_AT_WORD}|{_WORD}"
    line += r"|\\[A-Za-z!?][^\n]*+" if dialect == "postgres" else ""
    dollar = rf"|(?P<dollar>{DOLLAR})" if dialect in DOLLARS else ""
    return re.compile(
        rf"\s*+(?:(?P<plain>{_WORD}(?!['\"&]))|(?P<easy>[(),;.=])|(?P<skip>{line}|\Z)|(?P<string>{_STRINGS[dialect]})|(?P<name>{_NAMES[dialect]})"
        rf"|(?P<cast>::){dollar}|(?P<hole>{_HOLES})|(?P<word>{word})"
        rf"|(?P<number>\d++(?:\.\d++)?\w*+)|(?P<comment>/\*)|(?P<mark>:=|<<|>>|.))",
        re.DOTALL,
    )


_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")


def block_comment_end(text: str, start: int, *, nested: bool) -> int:
    """Return the offset behind the block comment that opens at ``start``, -1 if it never ends."""
    if not nested:
        found = text.find("*/", start + 2)
        return found + 2 if found >= 0 else -1
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return -1
