"""What operators, methods and a few functions of standard libraries make of texts and lists."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from dten_audit.model.facts.commands import SCRIPT_FOLDER
from dten_audit.readers.programs.literals import hole
from dten_audit.readers.programs.values import Arguments, Items, Value
from dten_audit.readers.shell.values import Field, cut, joined

if TYPE_CHECKING:
    from dten_audit.readers.programs.expressions import Expressions

OWN_FILE: Final = "${0}"
"""How the program's own file stands in a text."""
_FOLDERS: Final = frozenset((
    "os.path.dirname", "path.dirname", "dirname", "File.dirname", "posixpath.dirname",
    "filepath.Dir", "path.Dir", "op.dirname", "osp.dirname",
))  # fmt: skip
_WHOLE: Final = frozenset((
    "os.path.abspath", "os.path.realpath", "os.path.normpath", "abspath", "realpath",
    "File.realpath", "os.path.expanduser", "filepath.Clean", "fileURLToPath", "path.normalize",
))  # fmt: skip
_PERCENT: Final = re.compile(r"%(?:\((\w++)\)|\d++\$)?[-+ #0]*+[\d.*]*+[hlLqjzt]*+([a-zA-Z%])")
_BRACES: Final = re.compile(r"\{\{|\}\}|\{([\w.\[\]]*+)(?:![ras])?(?::[^{}]*+)?\}")
_SAME: Final = frozenset(
    "strip trim chomp rstrip lstrip to_s toString encode decode trimIndent trimMargin stripIndent"
    " absolute resolve as_posix freeze toList toMutableList toTypedArray collect strip_heredoc"
    " intern asString".split()
)
_JOINERS: Final = frozenset((
    "os.path.join", "path.join", "path.resolve", "posixpath.join", "filepath.Join", "path.Join",
    "File.join", "Path.Combine", "Paths.get", "Path.of", "join", "osp.join",
))  # fmt: skip
_PATHS: Final = frozenset(("Path", "pathlib.Path", "PurePath", "Pathname.new", "File", "Pathname"))
_FORMATS: Final = frozenset(("sprintf", "fmt.Sprintf", "String.format", "format", "util.format",
                             "string.Format", "String.Format", "vsprintf"))  # fmt: skip
_LISTS: Final = frozenset(("Arrays.asList", "List.of", "listOf", "arrayOf", "mutableListOf",
                           "list", "tuple", "arrayListOf", "Arrays.stream"))  # fmt: skip
_TEXTS: Final = frozenset(("str", "textwrap.dedent", "dedent", "inspect.cleandoc", "cleandoc", "_",
                           "bytes", "String", "os.fspath"))  # fmt: skip


def combined(reader: Expressions, one: Value, operator: str, other: Value) -> Value | None:
    """Return what an operator makes of two values; None where that is not known."""
    if operator == reader.joins:
        if isinstance(one, Items) or isinstance(other, Items):
            return _lists(one, other)
        return joined([reader.field(one), reader.field(other)], "")
    if operator == "%" and isinstance(one, Field):
        values = other.items if isinstance(other, Items) else (other,)
        return formatted(reader, one, Arguments(values), _PERCENT)
    if operator == "/" and isinstance(one, Field) and reader.language == "python":
        return _path(reader, (one, other))
    if operator == "<<" and reader.joins == "+" and isinstance(one, Field):
        return joined([one, reader.field(other)], "")
    return None


def _lists(one: Value, other: Value) -> Items:
    items: tuple[Value, ...] = ()
    for value in (one, other):
        if not isinstance(value, Items):
            return Items(items, open=True)
        items += value.items
        if value.open:
            return Items(items, open=True)
    return Items(items)


def returned(reader: Expressions, name: str, arguments: Arguments) -> Value | None:
    """Return what a function of a standard library returns; None for others."""
    values = arguments.positional
    name = name.lstrip("\\").replace("::", ".").replace("\\", ".")
    if not values:
        return None
    first = values[0]
    if name in _JOINERS and (name != "join" or reader.language == "javascript"):
        return _path(reader, values)
    if name in _PATHS:
        return _path(reader, values)
    if name in _FOLDERS and isinstance(first, Field):
        return _folder(first)
    if name in _WHOLE and isinstance(first, Field):
        return first
    if name in ("shlex.split", "shellsplit", "Shellwords.split"):
        return words(reader.field(first))
    if name in _FORMATS and isinstance(first, Field):
        braces = name in ("string.Format", "String.Format")
        rest = arguments._replace(positional=values[1:])
        return formatted(reader, first, rest, _BRACES if braces else _PERCENT)
    if name in _LISTS:
        if len(values) == 1 and isinstance(first, Items):
            return first
        return Items(values, arguments.spread) if name not in ("list", "tuple") else None
    if name in ("dedent", "textwrap.dedent") and isinstance(first, Field):
        return dedented(first)
    return reader.field(first) if name in _TEXTS and isinstance(first, Field) else None


def method(reader: Expressions, value: Value, name: str, arguments: Arguments) -> Value | None:
    """Return what a method of a text or of a list returns; None where that is not known."""
    values = arguments.positional
    if name == "parent" and isinstance(value, Field):
        return _folder(value)
    if name in _SAME:
        return value if isinstance(value, (Field, Items)) else None
    if name == "format" and isinstance(value, Field):
        return formatted(reader, value, arguments, _BRACES)
    if name == "split" and isinstance(value, Field):
        separator = reader.field(values[0]) if values else Field(" ")
        return words(value, quoted=False) if separator.text == " " else None
    if name == "shellsplit" and isinstance(value, Field):
        return words(value)
    if name == "join" and isinstance(value, Field) and values and isinstance(values[0], Items):
        return _joined(reader, values[0], value)
    if name == "join" and isinstance(value, Items):
        return _joined(reader, value, reader.field(values[0]) if values else Field(","))
    if name == "joinpath" and isinstance(value, Field):
        return _path(reader, (value, *values))
    if name == "concat":
        if isinstance(value, Items) and values:
            return _lists(value, values[0])
        if isinstance(value, Field) and values:
            return joined([value, *map(reader.field, values)], "")
    return None


def _folder(path: Field) -> Field | None:
    """Return the folder of a path, as far as it is known."""
    if path.text == OWN_FILE:
        return path._replace(text=SCRIPT_FOLDER)
    above, slash, last = path.text.rpartition("/")
    if not slash or "}" in last or not path.known:
        return None
    return path._replace(text=above or "/")


def _joined(reader: Expressions, items: Items, separator: Field) -> Field:
    fields = [reader.field(item) for item in items.items]
    text = joined(fields, separator.text)
    if items.open:
        text = joined([text, Field(separator.text), Field("${rest}", "computed")], "")
    return text


def _path(reader: Expressions, values: tuple[Value, ...]) -> Field:
    """Return parts of a path as one; what stands before an absolute part does not count."""
    fields = [reader.field(value) for value in values]
    last = max((n for n, field in enumerate(fields) if field.text.startswith("/")), default=0)
    found = fields[last]
    for field in fields[last + 1 :]:
        separator = "" if found.text.endswith("/") or not found.text else "/"
        found = joined([found, field], separator)
    return found


def words(field: Field, *, quoted: bool = True) -> Items | None:
    """Return a text split into words, at blanks or as a shell would."""
    if quoted and set(field.text) & set("'\"\\"):
        try:
            return Items(tuple(field._replace(text=word) for word in shlex.split(field.text)))
        except ValueError:
            return None
    found = (cut(field, m.start(), m.end()) for m in re.finditer(r"\S++", field.text))
    return Items(tuple(_sure(word) for word in found))


def _sure(word: Field) -> Field:
    """Return a word of a text that is known in parts: it is computed where it holds a hole."""
    if word.known or "${" in word.text:
        return word
    return word._replace(certainty="resolved")


def dedented(field: Field) -> Field:
    """Return a text without the indentation that all its lines share."""
    lines = field.text.split("\n")
    depths = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    depth = min(depths, default=0)
    if not depth:
        return field
    at, parts = 0, []
    for number, line in enumerate(lines):
        end = at + len(line) + (number < len(lines) - 1)
        parts.append(cut(field, at + min(depth, len(line)), end))
        at = end
    return joined(parts, "")


def formatted(
    reader: Expressions, field: Field, arguments: Arguments, pattern: re.Pattern[str]
) -> Field:
    """Return a text whose placeholders are replaced by what is known of the arguments."""
    parts: list[Field] = []
    at, number = 0, 0
    named = dict(arguments.keywords)
    for value in arguments.positional:
        named.update(getattr(value, "pairs", ()))
    for match in pattern.finditer(field.text):
        parts.append(cut(field, at, match.start()))
        at = match.end()
        text = match.group()
        if text in ("%%", "{{", "}}"):
            parts.append(cut(field, match.start(), match.start() + 1))
            continue
        key = match[1] or ""
        index = int(key[:3]) if key.isdigit() else number
        found: Value | None = named.get(key) if key and not key.isdigit() else None
        if not key or key.isdigit():
            found = arguments.positional[index] if index < len(arguments.positional) else None
            number += 1
        value = Field(hole(key), "computed") if found is None else reader.field(found)
        parts.append(_stands_for(cut(field, match.start(), match.end()), value))
    parts.append(cut(field, at, len(field.text)))
    return joined(parts, "")


def _stands_for(place: Field, value: Field) -> Field:
    """Return a value that stands at the place of a placeholder."""
    marks = tuple(mark._replace(verbatim=False) for mark in place.marks[:1])
    return value._replace(marks=marks or value.marks, frame=0)
