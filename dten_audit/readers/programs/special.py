"""What a table cannot say of a language: here-documents, free quotes, slashes that are patterns."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.programs.languages import Quote
from dten_audit.readers.programs.lexing import Lexer, Literal, Special

_PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">"}
_BEFORE_PATTERN: Final = frozenset("(,=:[!&|?{};+-*%~^<>\n")
_WORD_BEFORE: Final = re.compile(
    r""
    r""
    r""
    r""
    r"(?:return|typeof|case|in|of|do|else|delete|void|throw|new|and|or|not|if|unless|while|until|when"
    r"|split|grep|map|join|puts|x)\s*+\Z"
)
_PATTERN: Final = re.compile(
    r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.){0,500}+\]){1,2000}+/[a-z]{0,9}+"
)
_PERL_PATTERN: Final = re.compile(r"/(?:[^/\\\n]|\\.){0,2000}+/[a-z]{0,9}+")
_LOOK: Final = 24
_RAW: Final = Quote("", "", "none", lines=True)


def _is_pattern(lexer: Lexer, at: int, *, bare: bool) -> bool:
    """Say whether a slash starts a pattern: where a value may stand, none has just ended."""
    before = lexer.text[max(0, at - _LOOK) : at]
    last = before.rstrip(" \t")[-1:]
    if not last or last in _BEFORE_PATTERN or _WORD_BEFORE.search(before):
        return True
    after = lexer.text[at + 1 : at + 2]
    return bare and before[-1:] in " \t" and last.isalpha() and after not in (" ", "=", "")


def _slash(lexer: Lexer, at: int, *, bare: bool = False) -> int:
    pattern = (_PERL_PATTERN if bare else _PATTERN).match(lexer.text, at)
    if pattern is None or not _is_pattern(lexer, at, bare=bare):
        return -(at + 1)
    return pattern.end()


def javascript(lexer: Lexer, at: int, _opener: str) -> Literal | int:
    """Read a pattern between slashes. Comments are tried after it, and begin with two."""
    if lexer.text[at + 1 : at + 2] in ("/", "*"):
        return _comment(lexer, at)
    return _slash(lexer, at)


def _comment(lexer: Lexer, at: int) -> int:
    text = lexer.text
    if text[at + 1] == "/":
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    end = text.find("*/", at + 2)
    return len(text) if end < 0 else end + 2


def _heredoc(lexer: Lexer, at: int, end: int, name: str, quote: Quote) -> Literal:
    """Read the text of a here-document up to the line that holds its name alone."""
    text = lexer.text
    body = lexer.heredoc(at)
    indented = r"[ \t]*+" if quote.indented or quote.nested else ""
    closing = re.compile(rf"(?m)^{indented}{re.escape(name)}\b[^\n]*+\n?")
    match = closing.search(text, body)
    stop = match.start() if match else len(text)
    lexer.set_below(at, match.end() if match else len(text))
    return Literal(at, end, body, stop, quote)


_RUBY_HEREDOC: Final = re.compile(r"<<([-~]?)([\"'`]?)([A-Za-z_]\w*+)\2")
_RUBY_FREE: Final = re.compile(r"%([qQwWiIxr]?)([(\[{<|!/])")


def ruby(lexer: Lexer, at: int, opener: str) -> Literal | int:
    """Read a here-document, ``%w[…]`` and its kin, a pattern, ``?"`` and ``$'``."""
    if opener[0] in "?$":
        return -(at + len(opener))
    if opener == "/":
        return _slash(lexer, at, bare=True)
    if opener[0] == "<":
        match = _RUBY_HEREDOC.match(lexer.text, at)
        shift = lexer.text[max(0, at - 1) : at]
        if match is None or (not match[1] and not match[2] and not match[3][0].isupper()):
            return -(at + 2)
        if shift.isalnum() or shift in (")", "]"):
            return -(at + 2)
        escape = ("none", "") if match[2] == "'" else ("c", "#{")
        quote = Quote("", "", "c", lines=True, holes=escape[1], nested=bool(match[1]),
                      indented=match[1] == "~", runs=match[2] == "`")  # fmt: skip
        if match[2] == "'":
            quote = quote._replace(escape="none")
        return _heredoc(lexer, at, match.end(), match[3], quote)
    free = _RUBY_FREE.match(lexer.text, at)
    if free is None or not (free[1] or _is_pattern(lexer, at, bare=True)):
        return -(at + 1)
    plain = free[1] in ("q", "w", "i")
    quote = Quote("", _PAIRS.get(free[2], free[2]), "quote" if plain else "c", lines=True,
                  holes="" if plain else "#{", runs=free[1] == "x",
                  words=free[1].lower() in ("w", "i") and bool(free[1]))  # fmt: skip
    return _free(lexer, at, free.end(), free[2], quote, pattern=free[1] == "r")


def _free(
    lexer: Lexer, at: int, body: int, opener: str, quote: Quote, *, pattern: bool = False
) -> Literal | int:
    """Read a text between delimiters of the writer's choice, which nest if they are brackets."""
    text, closer, level, position = lexer.text, quote.closer, 1, body
    search = re.compile(rf"\\.|{re.escape(opener)}|{re.escape(closer)}", re.DOTALL).search
    while True:
        match = search(text, position) if lexer.patience else None
        if match is None:
            lexer.patience -= lexer.patience > 0
            return -body
        position = match.end()
        found = match.group()
        if found == closer:
            level -= 1
            if not level:
                break
        elif found == opener:
            level += 1
    return position if pattern else Literal(at, position, body, position - 1, quote)


_PHP_HEREDOC: Final = re.compile(r"<<<[ \t]*+([\"']?)([A-Za-z_]\w*+)\1[ \t]*+\n")


def php(lexer: Lexer, at: int, opener: str) -> Literal | int:
    """Read a here-document or now-document."""
    match = _PHP_HEREDOC.match(lexer.text, at)
    if match is None:
        return -(at + len(opener))
    quote = Quote("", "", "c", holes="{$", names=True, lines=True, indented=True)
    if match[1] == "'":
        quote = quote._replace(escape="none", holes="", names=False)
    return _heredoc(lexer, at, match.end() - 1, match[2], quote)


_PERL_HEREDOC: Final = re.compile(r"<<(~?)(?:\"([^\"\n]*+)\"|'([^'\n]*+)'|([A-Za-z_]\w*+))")
_PERL_FREE: Final = re.compile(r"(q[qwxr]?|m|s|tr|y)(\s*+)(\S)")


def perl(lexer: Lexer, at: int, opener: str) -> Literal | int:
    """Read a here-document, ``q{…}`` and its kin, a pattern; pass over ``$'`` and ``$#``."""
    if opener[0] == "$":
        return -(at + len(opener))
    if opener == "/":
        return _slash(lexer, at, bare=True)
    if opener[0] == "<":
        match = _PERL_HEREDOC.match(lexer.text, at)
        if match is None or lexer.text[max(0, at - 1) : at].isalnum():
            return -(at + 2)
        plain = match[3] is not None
        name = match[2] or match[3] or match[4] or ""
        quote = Quote("", "", "none" if plain else "c", names=not plain, lines=True,
                      indented=bool(match[1]))  # fmt: skip
        return _heredoc(lexer, at, match.end(), name, quote)
    free = _PERL_FREE.match(lexer.text, at)
    before = lexer.text[max(0, at - 1) : at]
    if (
        free is None
        or before in ("$", "@", "%", "&", "{", "-", ">")
        or (free[2] and free[3] == "#")
    ):
        return -(at + len(opener))
    kind, delimiter = free[1], free[3]
    quote = Quote("", _PAIRS.get(delimiter, delimiter), "quote" if kind in ("q", "qw") else "c",
                  names=kind in ("qq", "qx"), lines=True, runs=kind == "qx",
                  words=kind == "qw")  # fmt: skip
    found = _free(
        lexer, at, free.end(), delimiter, quote, pattern=kind not in ("q", "qq", "qw", "qx")
    )
    if kind in ("s", "tr", "y") and isinstance(found, int) and found > 0:
        return _replacement(lexer, found, delimiter)
    return found


def _replacement(lexer: Lexer, position: int, delimiter: str) -> int:
    """Return the end of the second half of ``s{…}{…}``."""
    if delimiter in _PAIRS:
        second = re.compile(r"\s*+(\S)").match(lexer.text, position)
        if second is None:
            return position
        opener, position = second[1], second.end()
    else:
        opener = delimiter
    quote = _RAW._replace(closer=_PAIRS.get(opener, opener))
    found = _free(lexer, position, position, opener, quote, pattern=True)
    return found if isinstance(found, int) and found > 0 else position


SPECIALS: Final[dict[str, Special]] = {
    "javascript": javascript,
    "typescript": javascript,
    "ruby": ruby,
    "php": php,
    "perl": perl,
}
"""By language."""
