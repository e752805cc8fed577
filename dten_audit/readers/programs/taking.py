"""From a call of a known function to what it does: which words, which text, which file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dten_audit.model.facts.commands import SCRIPT_FOLDER
from dten_audit.readers.programs.actions import Action, known_folder
from dten_audit.readers.programs.functions_known import words
from dten_audit.readers.programs.program import Call, Program
from dten_audit.readers.programs.tables import Row
from dten_audit.readers.programs.values import Items, Name, Number, Pairs, Value, is_true
from dten_audit.readers.programs.writing import is_file, opens, printed, writes
from dten_audit.readers.shell.values import Field, cut, joined

_REST: Final = Field("${rest}", "computed", loose=True)
_PLACE: Final = re.compile(r"\{(\d)\}")
_OCTAL: Final = re.compile(r"0[oO]?([0-7]{3,5})")
_MODE: Final = re.compile(r"S_I[SRWX]\w+")
_BITS: Final = {
    "S_ISUID": 0o4000, "S_ISGID": 0o2000, "S_ISVTX": 0o1000,
    "S_IRWXU": 0o700, "S_IRUSR": 0o400, "S_IWUSR": 0o200, "S_IXUSR": 0o100,
    "S_IRWXG": 0o070, "S_IRGRP": 0o040, "S_IWGRP": 0o020, "S_IXGRP": 0o010,
    "S_IRWXO": 0o007, "S_IROTH": 0o004, "S_IWOTH": 0o002, "S_IXOTH": 0o001,
}  # fmt: skip
Take = Callable[[Program, Call, Row, Action], bool]


def take(program: Program, call: Call, row: Row) -> Action | None:
    """Return what a call does; None where it does nothing that is known."""
    action = Action(call.at)
    if not _TAKES[row.takes](program, call, row, action):
        return None
    if action.target is None and not _tells(action):
        return None
    _options(program, call, row, action)
    return action


def _tells(action: Action) -> bool:
    """Say whether anything is known of a command."""
    code = action.code
    if code is not None:
        return code.known or bool(re.sub(r"\$\{[^}]*\}", "", code.text).strip())
    return any(word.known or re.sub(r"\$\{[^}]*\}", "", word.text) for word in action.words)


def _options(program: Program, call: Call, row: Row, action: Action) -> None:
    arguments = call.arguments
    action.layer = row.layer
    cwd = arguments.positional[int(row.cwd) : int(row.cwd) + 1] if row.cwd.isdigit() else ()
    folder = cwd[0] if cwd else arguments.option(row.cwd) if row.cwd else None
    if isinstance(folder, Field) and folder.text.startswith(("/", SCRIPT_FOLDER)):
        action.folder = known_folder(folder.text)
    environment = arguments.option(row.env) if row.env else None
    if isinstance(environment, Pairs):
        action.environment = tuple((key, program.field(value)) for key, value in environment.pairs)
    stdin = arguments.option(row.input) if row.input else None
    if isinstance(stdin, Field):
        action.stdin = stdin
    named = row.stops if isinstance(row.stops, tuple) else ()
    if row.stops is True or any(is_true(arguments.option(name)) for name in named):
        action.failure = "stops"


def _first(call: Call, row: Row) -> Value | None:
    return call.arguments.get(row.at, row.keywords)


def _text(program: Program, call: Call, row: Row, action: Action) -> bool:
    value = _first(call, row)
    if value is None:
        return False
    items = program.items(value)
    action.code = program.field(value) if items is None else joined(items, " ")
    return bool(action.code.text)


def _either(program: Program, call: Call, row: Row, action: Action) -> bool:
    value = _first(call, row)
    if value is None:
        return False
    through_shell = is_true(call.arguments.option(row.shell)) if row.shell else row.default
    items = program.items(value)
    if items is not None:
        if through_shell and items:
            action.code = items[0]
        action.words = [] if through_shell else items
        return bool(items)
    field = program.field(value)
    if through_shell or (through_shell is None and isinstance(value, Field)):
        action.code = field
    elif row.split:
        action.words = _split(field)
    elif isinstance(value, Field) and not set(field.text.strip()) & set(" \t\n"):
        action.words = [field]
    else:
        return False
    return True


def _split(field: Field) -> list[Field]:
    found = words(field)
    return [] if found is None else [item for item in found.items if isinstance(item, Field)]


def _argv(program: Program, call: Call, row: Row, action: Action) -> bool:
    value = _first(call, row)
    items = None if value is None else program.items(value)
    action.words = items or []
    return bool(items)


def _words(program: Program, call: Call, row: Row, action: Action) -> bool:
    values = call.arguments.positional[row.at :]
    if len(values) == 1 and isinstance(values[0], Items):
        action.words = program.items(values[0]) or []
    else:
        action.words = _plain(program, values)
    if call.arguments.spread:
        action.words.append(_REST)
    return bool(values)


def _plain(program: Program, values: tuple[Value, ...]) -> list[Field]:
    """Return arguments as words: lists among them spread, options left out."""
    found: list[Field] = []
    for value in values:
        items = program.items(value)
        if items is not None:
            found += items
        elif not isinstance(value, Pairs):
            found.append(program.field(value)._replace(loose=False))
    return found


def _one(program: Program, call: Call, row: Row, action: Action) -> bool:
    values = tuple(v for v in call.arguments.positional[row.at :] if not isinstance(v, Pairs))
    if len(values) == 1 and not isinstance(values[0], Items):
        action.code = program.field(values[0])
        return True
    action.words = _plain(program, values)
    return bool(values)


def _program(program: Program, call: Call, row: Row, action: Action) -> bool:
    values = call.arguments.positional[row.at :]
    if not values:
        return False
    action.words = _plain(program, values[:1])
    if len(values) > 1 and not isinstance(values[1], Pairs):
        items = program.items(values[1])
        named = isinstance(values[1], Name) and re.search(
            r"(?i)opt|env|callback|cb\b", values[1].path
        )
        function = not isinstance(values[1], (Items, Name, Field))
        if items is not None or not (named or function):
            action.words += [_REST] if items is None else items
    if is_true(call.arguments.option(row.shell)) and row.shell:
        action.code, action.words = joined(action.words, " "), []
    return True


def _program_text(program: Program, call: Call, row: Row, action: Action) -> bool:
    arguments = call.arguments
    first = arguments.get(row.at, row.keywords)
    if first is None:
        return False
    action.words = [program.field(first)._replace(loose=False)]
    rest = arguments.get(row.at + 1, ("arguments", "Arguments"))
    rest = arguments.option("Arguments", "ArgumentList") if rest is None else rest
    items = None if rest is None else program.items(rest)
    if items is not None:
        action.words += items
    elif isinstance(rest, Field):
        action.words += _split(rest)
    elif rest is not None:
        action.words.append(_REST)
    return not isinstance(first, Name)


def _exec_list(program: Program, call: Call, row: Row, action: Action) -> bool:
    values = call.arguments.positional[row.at :]
    if len(values) > 2 and program.language.name == "python" and "spawn" in call.name:  # noqa: PLR2004 (a mode stands before)
        values = values if isinstance(values[1], Items) else values[1:]
    if len(values) < 2:  # noqa: PLR2004 (a program and its words)
        return False
    items = program.items(values[1])
    action.words = _plain(program, values[:1]) + ([_REST] if items is None else items[1:])
    return True


def _exec_words(program: Program, call: Call, row: Row, action: Action) -> bool:
    values = call.arguments.positional[row.at :]
    words = _plain(program, values)
    action.words = words[:1] + words[2:]
    return bool(words)


def _same(program: Program, call: Call, row: Row, action: Action) -> bool:
    """State the command that does the same as a function."""
    values = call.arguments.positional
    found: list[Field] = []
    for word in row.command.split():
        match = _PLACE.search(word)
        if match is None:
            found.append(Field(word, "resolved"))
            continue
        number = int(match[1])
        if number >= len(values):
            return False
        if row.command.startswith("chmod") and number == _mode_place(row):
            found.append(_mode(program, values[number]))
            continue
        items = program.items(values[number])
        found += [program.field(values[number])._replace(loose=False)] if items is None else items
    action.words = found
    return any(word.text.startswith("/") for word in found)


def _mode_place(row: Row) -> int:
    match = _PLACE.search(row.command)
    return int(match[1]) if match else 0


def _mode(program: Program, value: Value) -> Field:
    """Return a mode as chmod(1) has it."""
    if isinstance(value, Number):
        octal = _OCTAL.fullmatch(value.text)
        if octal is not None:
            return Field(octal[1], "resolved")
        if value.text.isdigit():
            return Field(f"{int(value.text[:9]):o}", "resolved")
    text = getattr(value, "text", "") or getattr(value, "path", "")
    names = _MODE.findall(text)
    if names and not re.sub(r"[\w.]*S_I[SRWX]\w+|[|\s()]", "", text):
        bits = 0
        for name in names:
            bits |= _BITS.get(name, 0)
        return Field(f"{bits:o}", "resolved")
    return program.field(value)._replace(loose=False)


_PIPE_OUT: Final = re.compile(
    r"\s*+(\+?[<>]{1,2}(?::\S++)?|\|-?|-\|)?\s*+(.*?)\s*+(\|)?\s*+", re.DOTALL
)


def _perl_open(program: Program, call: Call, row: Row, action: Action) -> bool:
    """Read Perl's ``open``: a pipe from or to a command, a file that is written."""
    values = call.arguments.positional
    if len(values) < 2:  # noqa: PLR2004 (a handle and what is opened)
        return False
    mode = program.field(values[1])
    if len(values) > 2 and mode.text.strip() in ("-|", "|-"):  # noqa: PLR2004 (in list form)
        rest = call.arguments._replace(positional=values[2:])
        return _one(program, call._replace(arguments=rest), row, action)
    if len(values) > 2:  # noqa: PLR2004 (mode and path)
        path = program.field(values[2])
        how = mode.text.strip()
    else:
        match = _PIPE_OUT.fullmatch(mode.text)
        if match is None:
            return False
        how = match[1] or ""
        path = cut(mode, match.start(2), match.end(2))
        if how in ("|", "|-") or match[3] or how == "-|":
            action.code = path
            return bool(path.text)
    if not how.startswith((">", "+")) or not is_file(path):
        return False
    action.target, action.append = path, how.startswith(">>")
    action.words = [Field("open"), path]
    handle = values[0].path.lstrip("$") if isinstance(values[0], Name) else ""
    action.text = printed(program, call, handle) if handle else None
    return True


def _self(program: Program, call: Call, _row: Row, action: Action) -> bool:
    value = program.value_before(call.at)
    items = None if value is None else program.items(value)
    action.words = items or (_split(value) if isinstance(value, Field) else [])
    return bool(action.words)


_TAKES: Final[dict[str, Take]] = {
    "text": _text,
    "either": _either,
    "argv": _argv,
    "words": _words,
    "one": _one,
    "program": _program,
    "program-text": _program_text,
    "exec-list": _exec_list,
    "exec-words": _exec_words,
    "same": _same,
    "open": opens,
    "write": writes,
    "perl-open": _perl_open,
    "self": _self,
}
