"""What a name may stand for where it is set in a loop, or once in each of several branches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.readers.programs.names import statement_end
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import Items, Name, Pairs, Value
from dten_audit.readers.shell.values import Field, joined

_LOOK: Final = 4_000
_MAX_ALTERNATIVES: Final = 40
_LOOPS: Final = (
    r"\bfor[ \t]++(?P<python>{name}|\(?(?:\w++,[ \t]*+){{0,6}}{name}(?:,[ \t]*+\w++)*+\)?)"
    r"[ \t]++in[ \t]++"
    r"|\bfor(?:each)?[ \t]*+(?:await[ \t]*+)?\([ \t]*+"
    r"(?:const|let|var|final|String|string|my)?[ \t]*+\$?{name}[ \t]*+(?:of|in|:)[ \t]++"
    r"|\bfor(?:each)?[ \t]++(?:my[ \t]++)?\$?{name}[ \t]*+(?=\()"
    r"|\bfor[ \t]++\w++,[ \t]*+{name}[ \t]*+:?=[ \t]*+range[ \t]++"
)
_BACKWARDS: Final = (
    r"\bforeach[ \t]*+\((?P<php>[^;{{}}]{{1,4000}}?)[ \t]++as[ \t]++"
    r"(?:\$\w++[ \t]*+=>[ \t]*+)?\$?{name}[ \t]*+\)"
    r"|(?<=\.)(?P<each>each|forEach|map|each_with_index)[ \t]*+(?:\(|\{{|do)[ \t]*+"
    r"(?:async[ \t]*+)?(?:function[ \t]*+)?[|(]?[ \t]*+{name}\b"
)


_HEADER: Final = re.compile(
    r"\bforeach[ \t]*+\([^;{}]{1,4000}+|\bfor(?:each)?\b[^\n]*+"
    r"|\.(?:each|forEach|map|each_with_index)\b[^\n]*+"
)
"""The header of any loop, and what may belong to it."""


def looped(program: Program, name: Name, at: int) -> list[Value]:
    """Return the items of the list that a loop around an offset goes through, its name given."""
    bare = re.escape(name.path.lstrip("$@%"))
    if not re.fullmatch(r"\w{1,60}", bare):
        return []
    first = max(0, at - _LOOK)
    function = program.functions.at(at)
    if function >= 0:
        first = max(first, program.functions.all[function].start)
    headers = _HEADER.finditer(program.code, first, at)
    if not any(bare in header.group() for header in headers):
        return []
    found: list[Value] = []
    for match in re.compile(_LOOPS.format(name=bare)).finditer(program.code, first, at):
        value, _ = program.expressions.expression(match.end(), _header_end(program, match.end()))
        number = None
        if match["python"] and "," in match["python"]:
            number = match["python"].strip("()").replace(" ", "").split(",").index(name.path)
        found = _items(value, number)
    if found:
        return found
    for match in re.compile(_BACKWARDS.format(name=bare)).finditer(program.code, first, at):
        if match["php"]:
            value, _ = program.expressions.expression(match.start("php"), match.end("php"))
        else:
            value = program.value_before(match.start("each")) or name
        found = _items(value, None)
    return found


def _header_end(program: Program, at: int) -> int:
    """Return where the list ends that a loop's header names."""
    end = statement_end(program.code, at)
    mark = {"python": ":", "go": "{", "perl": "{"}.get(program.language.name)
    last = program.code.rfind(mark, at, end + 1) if mark else -1
    return end if last < 0 else last


def _items(value: Value, number: int | None) -> list[Value]:
    if isinstance(value, Pairs):
        return [item for _, item in value.pairs]
    if not isinstance(value, Items):
        return []
    if number is None:
        return list(value.items)
    return [
        item.items[number]
        for item in value.items
        if isinstance(item, Items) and number < len(item.items)
    ]


def alternatives(program: Program, name: Name, at: int) -> Iterator[Value]:
    """Yield what a name is set to in the same function before an offset, branch by branch.

    A text that grows (``sql += …``) is known by its beginning.
    """
    bare = name.path.lstrip("$@%&")
    grows = program.names.grows(bare)
    for number, value in enumerate(program.names.settings(bare, at)):
        if number >= _MAX_ALTERNATIVES:
            return
        if isinstance(value, Field) and grows and value.marks:
            rest = Field(" ${rest}", "computed", marks=value.marks[-1:])
            yield joined([value, rest], "")
        else:
            yield value
