"""Cuts a stretch of a program's code into statements: by indentation, or by braces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.readers.programs.program import Program

Span = tuple[int, int]
MAX_STATEMENTS: Final = 50_000


class Statement(NamedTuple):
    """A statement, or the header of one that holds others.

    ``word`` is its keyword (``if``, ``for``, ``with``, …), empty for a plain one. ``at`` is where
    its expression begins: behind the keyword, the list of a loop. ``names`` are those that a loop,
    a ``with`` or a block sets. ``body`` is the code that it holds.
    """

    start: int
    end: int
    at: int
    word: str = ""
    names: tuple[str, ...] = ()
    body: Span | None = None


def statements(program: Program, start: int, end: int) -> Iterator[Statement]:
    """Yield the statements between two offsets, none of those that stand in others."""
    if program.language.blocks == "indent":
        yield from _indented(program, start, end)
    else:
        yield from _braced(program, start, end)


# by indentation

_STEP: Final = re.compile(r"[()\[\]{}]|\n|;")
_CONTENT: Final = re.compile(r"[^\s;]")
_RUBY_GOES_ON: Final = re.compile(r"(?:[-+*/%.,=&?:(\[{\\<]|\|\||\b(?:and|or|not))[ \t]*+\Z(?<!\?)")
_RUBY_NEXT: Final = re.compile(r"\s*+&?\.[a-z_]")
_PYTHON_WORD: Final = re.compile(
    r"(?P<word>if|elif|else|for|while|with|try|except|finally|async|def|class|match|case|return"
    r"|import|from|pass|raise)\b"
)
_RUBY_WORD: Final = re.compile(
    r"(?P<word>if|unless|elsif|else|case|when|begin|rescue|ensure|while|until|for|def|class|module"
    r"|end|return)\b(?![?!:(.])"
)
_DO: Final = re.compile(r"(?:\bdo|\{)[ \t]*+(?:\|(?P<names>[^|\n]*+)\|)?[ \t]*+\Z")
_MODIFIER: Final = re.compile(r"[ \t](?P<word>if|unless)[ \t]")
_FOR: Final = re.compile(r"for\s+(?P<names>[\w\s,()*]+?)\s+in\b\s*+")
_AS: Final = re.compile(r"\bas\s+(\w+)\s*\)*+:?\s*\Z")
_ASSIGNED: Final = re.compile(r"[\w@.]++[ \t]*+=[ \t]*+\Z")


class _Line(NamedTuple):
    start: int
    end: int
    depth: int


def _lines(code: str, start: int, end: int, *, ruby: bool) -> list[_Line]:
    """Return the logical lines of a stretch of code, each with its indentation."""
    found: list[_Line] = []
    position = start
    while len(found) < MAX_STATEMENTS:
        match = _CONTENT.search(code, position, end)
        if match is None:
            break
        at = match.start()
        first = code.rfind("\n", 0, at) + 1
        same = bool(found) and first <= found[-1].start
        depth = found[-1].depth if same else at - first
        stop = _logical_end(code, at, end, ruby=ruby)
        found.append(_Line(at, stop, depth))
        position = max(stop, at + 1)
    return found


def _logical_end(code: str, at: int, end: int, *, ruby: bool) -> int:
    level, position = 0, at
    while True:
        match = _STEP.search(code, position, end)
        if match is None:
            return end
        mark, position = match.group(), match.end()
        if mark in "([{":
            level += 1
        elif mark in ")]}":
            level = max(level - 1, 0)
        elif not level:
            before = code[max(at, match.start() - 40) : match.start()]
            if mark == "\n" and before.rstrip(" \t").endswith("\\"):
                continue
            if mark == "\n" and ruby and _ruby_goes_on(code, before, match.end()):
                continue
            return match.start()


def _ruby_goes_on(code: str, before: str, after: int) -> bool:
    return _RUBY_GOES_ON.search(before) is not None or _RUBY_NEXT.match(code, after) is not None


def _indented(program: Program, start: int, end: int) -> Iterator[Statement]:
    ruby = program.language.name == "ruby"
    lines = _lines(program.code, start, end, ruby=ruby)
    number = 0
    while number < len(lines):
        line = lines[number]
        last = number + 1
        while last < len(lines) and lines[last].depth > line.depth:
            last += 1
        body = (line.end, lines[last - 1].end) if last > number + 1 else None
        made = _ruby(program.code, line, body) if ruby else _python(program.code, line, body)
        if made is not None:
            yield made
        number = last


def _python(code: str, line: _Line, body: Span | None) -> Statement | None:
    match = _PYTHON_WORD.match(code, line.start, line.end)
    word = match["word"] if match else ""
    if word in ("import", "from", "pass", "class"):
        return None
    if match is None or word in ("return", "raise"):
        return Statement(line.start, line.end, line.start)
    at = match.end()
    colon = _colon(code, line)
    inline = code[colon + 1 : line.end].strip()
    if inline:
        body = (colon + 1, line.end)
    names: tuple[str, ...] = ()
    if word == "for" and (each := _FOR.match(code, line.start, colon)):
        names, at = tuple(re.findall(r"\w+", each["names"])), each.end()
    if word == "with":
        alias = _AS.search(code, line.start, colon)
        names = (alias[1],) if alias else ()
    while at < line.end and code[at] in " \t":
        at += 1
    return Statement(line.start, colon, at, word, names, body)


def _colon(code: str, line: _Line) -> int:
    """Return the colon that ends a header; the end of its line where there is none."""
    level = 0
    for match in re.finditer(r"[()\[\]{}]|:(?!=)", code[line.start : line.end]):
        if match[0] in "([{":
            level += 1
        elif match[0] in ")]}":
            level -= 1
        elif level <= 0:
            return line.start + match.start()
    return line.end


def _ruby(code: str, line: _Line, body: Span | None) -> Statement | None:
    match = _RUBY_WORD.match(code, line.start, line.end)
    word = match["word"] if match else ""
    if word in ("end", "class", "module"):
        return None
    if match is not None and word not in ("return", "begin"):
        names: tuple[str, ...] = ()
        at = match.end()
        if word == "for" and (each := _FOR.match(code, line.start, line.end)):
            names, at = tuple(re.findall(r"\w+", each["names"])), each.end()
        return Statement(line.start, line.end, at, word, names, body)
    if word == "begin":
        return Statement(line.start, line.end, line.end, word, (), body)
    do = _DO.search(code, line.start, line.end)
    if do is not None and body is not None:
        names = tuple(re.findall(r"\w+", do["names"] or ""))
        return Statement(line.start, do.start(), line.start, "", names, body)
    level_end = _modifier(code, line)
    if level_end is not None:
        start, condition, kept = level_end
        return Statement(condition, line.end, line.start, kept, (), (line.start, start))
    return Statement(line.start, line.end, line.start)


def _modifier(code: str, line: _Line) -> tuple[int, int, str] | None:
    """Return where ``… if condition`` ends its statement, its condition, and the word."""
    for match in _MODIFIER.finditer(code, line.start, line.end):
        before = code[line.start : match.start()]
        if before.count("(") == before.count(")") and before.count("{") == before.count("}"):
            return match.start(), match.start("word"), match["word"]
    return None


# by braces

_BRACE_WORD: Final = re.compile(
    r"(?P<word>else[ \t]++if|elseif|else|if|foreach|for|while|switch|match|try|catch|finally|do"
    r"|function|class|return|case|default)\b(?![.(]?\w*\s*=>)"
)
_SPACE: Final = re.compile(r"[\s;\x01]*+(?:\}[\s;]*+)?")
_PAREN: Final = re.compile(r"\s*+(?:await\s*+)?\(")
_OPEN: Final = re.compile(r"\s*+\{")
_JS_FOR: Final = re.compile(
    r"\s*+(?:await\s*+)?\(\s*+(?:const|let|var)\s+(?P<names>[\w\s,\[\]{}$]+?)\s+(?:of|in)\s+"
)


def _braced(program: Program, start: int, end: int) -> Iterator[Statement]:
    code, position = program.code, start
    for _ in range(MAX_STATEMENTS):
        match = _SPACE.match(code, position, end)
        at = match.end() if match else position
        if at >= end:
            return
        word = _BRACE_WORD.match(code, at, end)
        if word is None or word["word"] == "return":
            stop = _simple_end(program, at, end)
            yield Statement(at, stop, at)
            position = max(stop, at + 1)
            continue
        made, position = _compound(program, at, word, end)
        if made is not None:
            yield made


def _compound(
    program: Program, at: int, word: re.Match[str], end: int
) -> tuple[Statement | None, int]:
    code, name, head = program.code, " ".join(word["word"].split()), word.end()
    if name in ("case", "default"):
        colon = code.find(":", head, end)
        return None, (colon + 1) if colon >= 0 else end
    if name in ("function", "class"):
        opener = code.find("{", head, end)
        return None, program.closing(opener, end) + 1 if opener >= 0 else end
    names: tuple[str, ...] = ()
    expression = head
    paren = _PAREN.match(code, head, end)
    if paren is not None and name not in ("else", "try", "finally", "do"):
        each = _JS_FOR.match(code, head, end) if name == "for" else None
        if each is not None:
            names, expression = tuple(re.findall(r"[\w$]+", each["names"])), each.end()
        head = program.closing(paren.end() - 1, end) + 1
    opened = _OPEN.match(code, head, end)
    if opened is not None:
        close = program.closing(opened.end() - 1, end)
        return Statement(at, head, expression, name, names, (opened.end(), close)), close + 1
    stop = _simple_end(program, head, end)
    return Statement(at, head, expression, name, names, (head, stop)), max(stop, head + 1)


def _simple_end(program: Program, at: int, end: int) -> int:
    """Return where a plain statement ends: at its semicolon, or with its line in JavaScript."""
    code, level, position = program.code, 0, at
    lines = program.language.name != "php"
    while True:
        match = _STEP.search(code, position, end)
        if match is None:
            return end
        mark, position = match.group(), match.end()
        if mark in "([{":
            level += 1
        elif mark in ")]}":
            level -= 1
            if level < 0:
                return match.start()
        elif not level and (mark == ";" or (lines and _js_ends(code, at, match.start()))):
            return match.start()


_JS_GOES_ON: Final = re.compile(r"(?:[-+*/%.,=&|?:(\[{<>]|\b(?:await|return|in|of))[ \t]*+\Z")
_JS_NEXT: Final = re.compile(r"\s*+(?:[.+&|?:)\]},]|=>)")


def _js_ends(code: str, at: int, end: int) -> bool:
    before = code[max(at, end - 40) : end]
    return _JS_GOES_ON.search(before) is None and _JS_NEXT.match(code, end) is None
