"""From a call that opens or writes a file to the file, and the text that goes into it."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.readers.programs.actions import Action
from dten_audit.readers.programs.names import statement_end
from dten_audit.readers.programs.program import Call, Program
from dten_audit.readers.programs.tables import OWN, Row
from dten_audit.readers.shell.values import Field, joined

_WRITES: Final = re.compile(r"[waxc+]|>|\bwrite\b")


def is_file(path: Field) -> bool:
    """Say whether a path is one of the host's, and no device."""
    return path.text.startswith("/") and not path.text.startswith("/dev/")


def opens(program: Program, call: Call, row: Row, action: Action) -> bool:
    """Read a call that opens a file; False where it does not write, or not at a known place."""
    arguments = call.arguments
    path = arguments.get(0, ("file", "path"))
    if not isinstance(path, Field) or not is_file(path):
        return False
    mode = row.mode
    if row.mode.isdigit():
        value = arguments.get(int(row.mode), ("mode",))
        mode = program.field(value).text if isinstance(value, Field) else ""
    if not _WRITES.search(mode):
        return False
    action.target = path
    action.append = "a" in mode and mode != row.mode
    action.words = [Field(call.path.rpartition(".")[2] or call.path), path]
    action.text = written(program, call)
    return True


def writes(program: Program, call: Call, row: Row, action: Action) -> bool:
    """Read a call that writes a text to a file; False where its place is not known."""
    values = call.arguments.positional
    path = program.value_before(call.at) if row.at == OWN else call.arguments.get(row.at)
    if not isinstance(path, Field) or not is_file(path):
        return False
    text = values[row.text] if row.text < len(values) else None
    action.target = path
    flags = program.expressions.joins == "." and len(values) > row.text + 1
    action.append = row.append or (flags and "FILE_APPEND" in str(values[row.text + 1]))
    action.words = [Field(call.path.rpartition(".")[2] or call.path), path]
    if isinstance(text, Field) and text.text.strip():
        action.text = text
    return True


_HANDLE_AS: Final = re.compile(
    r"[ \t]++as[ \t]++(\w++)[ \t]*+:|[ \t]*+do[ \t]*+\|(\w++)\||[ \t]*+\{[ \t]*+\|(\w++)\|"
)
_HANDLE: Final = re.compile(r"(?:my[ \t]++)?(\$?\w++)[ \t]*+:?=[ \t]*+\Z")
_CHAINED: Final = re.compile(r"[ \t]*+(?:\.|->)(?:write|puts|print)[ \t]*+\(")
_MAX_BLOCK: Final = 20_000
_MAX_WRITES: Final = 200


def written(program: Program, call: Call) -> Field | None:
    """Return the text that is written to a file that a call opens, if all of it is known."""
    code, end = program.code, call.arguments.end
    as_name = _HANDLE_AS.match(code, end)
    before = _HANDLE.search(program.line_before(call.start))
    name = next(filter(None, as_name.groups())) if as_name else before[1] if before else ""
    chained = _CHAINED.match(code, end)
    if chained is not None:
        return _text_of(program, chained.end())
    if not name:
        return None
    function = program.functions.at(call.at)
    stop = program.functions.all[function].end if function >= 0 else len(code)
    stop = min(stop, end + _MAX_BLOCK)
    pattern = re.compile(
        rf"\b{re.escape(name.lstrip('$'))}(?:\.|->)(write|writelines|puts|print|close|WriteSt"
        rf"ring|<<)\b[ \t]*+\(?"
        rf"|\bfwrite[ \t]*+\([ \t]*+\$?{re.escape(name.lstrip('$'))}[ \t]*+,|\bwith[ \t]++open\b"
    )
    texts: list[Field] = []
    for number, match in enumerate(pattern.finditer(code, end, stop)):
        if match[1] == "close" or match[0].startswith("with") or number > _MAX_WRITES:
            break
        value, _ = program.expressions.expression(match.end(), stop)
        items = program.items(value)
        if items is not None:
            texts += items
        elif isinstance(value, Field):
            texts.append(value)
        else:
            texts.append(program.field(value))
    return joined(texts, "") if texts else None


def _text_of(program: Program, at: int) -> Field | None:
    value, _ = program.expressions.expression(at, len(program.code))
    return value if isinstance(value, Field) else None


def printed(program: Program, call: Call, handle: str) -> Field | None:
    """Return what Perl prints to a handle, up to where it is closed."""
    pattern = re.compile(
        rf"\b(?:print|printf|say)[ \t]++\{{?[ \t]*+\$?{re.escape(handle)}\b[ \t]*+\}}?[ \t]*+(?!,)"
        rf"|\bclose[ \t(]++\$?{re.escape(handle)}\b"
    )
    stop = min(len(program.code), call.arguments.end + _MAX_BLOCK)
    texts: list[Field] = []
    for number, match in enumerate(pattern.finditer(program.code, call.arguments.end, stop)):
        if match[0].startswith("close") or number > _MAX_WRITES:
            break
        limit = statement_end(program.code, match.end())
        values = program.expressions.arguments(match.end(), limit, "").positional
        texts += [program.field(value) for value in values]
    return joined(texts, "") if texts else None
