"""What ``$name`` and ``${name…}`` expand to, as far as the script tells."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dten_audit.model.facts.commands import SCRIPT_FOLDER
from dten_audit.readers.shell.nodes import Parameter, Shape
from dten_audit.readers.shell.state import State
from dten_audit.readers.shell.values import Array, Choice, Field, cut, unknown, weaker

_DEFAULTS: Final = frozenset(("-", ":-", "=", ":=", "+", ":+"))
_SPECIAL: Final = frozenset("?$!-_")
_GLOB: Final = re.compile(r"[*?\[\\]")
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_]\w*+)\}?", re.ASCII)
_SLICE: Final = re.compile(r"\s*(\d{1,6})(?:\s*:\s*(\d{1,6}))?\s*")
_LONGEST: Final = 200
_TEXT = Callable[[Shape, int], Field]

SCRIPT: Final = Field("$0", "computed")
"""The script's own path, of which only the folder's place is known."""


class ParameterReader:
    """Reads parameters against a state.

    ``raw``: unknown variables show how they were computed (``$(id -u)``), for those who look at
    tests; else their name. ``text`` and ``split`` expand what stands behind an operator.
    """

    __slots__ = ("_split", "_text", "raw", "state")

    def __init__(
        self, state: State, text: _TEXT, split: Callable[[Shape, int], list[Field]]
    ) -> None:
        self.state = state
        self._text = text
        self._split = split
        self.raw = False

    def read(self, part: Parameter, start: int) -> list[Field]:
        """Return the values of a parameter; several for ``$@`` and whole arrays."""
        if not part.operator:
            value = self.state.variables.get(part.name)
            if (
                type(value) is Field
                and value.certainty == "resolved"
                and not (value.frame or (self.raw and value.lookup))
            ):
                return [value if self.state.allowance.take(value) else self._unknown(part)]
            if part.key is not None:
                self._text(part.key, start)
            values = self._values(part)
            return [self._unknown(part)] if values is None else self._visible(part, values)
        values = self._values(part)
        if part.key is not None:
            self._text(part.key, start)
        if values is not None and part.operand is not None and self._is_list(part):
            return self._sliced(part, values, start)
        if values is None and part.operator not in _DEFAULTS:
            return [self._unknown(part)]
        return self._operated(part, values, start)

    @staticmethod
    def _is_list(part: Parameter) -> bool:
        return part.operator == ":" and (part.name in ("@", "*") or part.subscript in ("@", "*"))

    def _sliced(self, part: Parameter, values: list[Field], start: int) -> list[Field]:
        """Apply ``${@:2}`` and ``${list[@]:1:2}``."""
        span = _SLICE.fullmatch(self._text(part.operand, start).text if part.operand else "")
        if span is None:
            return [self._unknown(part)]
        first = int(span[1]) - (part.name in ("@", "*"))
        chosen = values[max(first, 0) :]
        return self._visible(part, chosen[: int(span[2])] if span[2] else chosen)

    def _visible(self, part: Parameter, values: list[Field]) -> list[Field]:
        """Return values as a word shows them: resolved, or by name where they are unknown."""
        if self.state.allowance.left < 0:
            return [self._unknown(part)]
        shown = []
        for value in values:
            if not self.state.allowance.take(value):
                shown.append(self._unknown(part))
            elif self.raw and value.lookup:
                shown.append(Field(f"$(command -v {value.lookup})", "computed"))
            elif value.known:
                frame = self.state.live(value.frame) if value.frame else 0
                certainty = weaker(value.certainty, "resolved")
                text, decoded = value.text, value.decoded
                shown.append(Field(text, certainty, frame, value.marks, decoded=decoded))
            elif self.raw or (len(value.text) <= _LONGEST and not _is_code(value.text)):
                loose = not part.quoted
                shown.append(value if value.loose == loose else value._replace(loose=loose))
            else:
                shown.append(self._unknown(part)._replace(decoded=value.decoded))
        return shown

    def _unknown(self, part: Parameter) -> Field:
        source = part.source
        if not part.operator and not source.startswith("${") and part.name.isidentifier():
            source = "${" + part.name + "}"
        return Field(source, "computed", 0, (), not part.quoted)

    def _values(self, part: Parameter) -> list[Field] | None:
        """Return the value before any operator; None where the variable was never set."""
        name, index = part.name, part.subscript
        if name in ("@", "*"):
            arguments = self.state.arguments
            return None if arguments is None else list(arguments)
        if name.isdigit():
            return self._positional(int(name[:6]))
        if name == "#":
            arguments = self.state.arguments
            return None if arguments is None else [Field(str(len(arguments)), "resolved")]
        if name in _SPECIAL:
            return None
        if name == "BASH_SOURCE":
            return [SCRIPT]
        if name == "PWD" and self.state.folder:
            return [Field(self.state.folder, "resolved")]
        value = self.state.variables.get(name)
        if isinstance(value, Choice):
            return [unknown(name)]
        if isinstance(value, Array):
            return self._elements(value, part)
        if value is None:
            return None
        return [value] if index in ("", "0", "@", "*") else [unknown(name)]

    def _elements(self, value: Array, part: Parameter) -> list[Field] | None:
        index = part.subscript
        if index in ("@", "*"):
            return list(value.items)
        if not index:
            return list(value.items[:1]) if not value.keys else []
        found = value.element(self.key(index))
        return [unknown(part.name) if found is None else found]

    def key(self, index: str) -> str:
        """Return what stands in brackets: a literal, or the value of a single variable."""
        plain = index[1:-1] if index[:1] == index[-1:] and index[:1] in ("'", '"') else index
        match = _VARIABLE.fullmatch(plain)
        if match is None:
            return plain
        value = self.state.variables.get(match[1])
        return value.text if isinstance(value, Field) and value.known else index

    def _positional(self, number: int) -> list[Field] | None:
        if number == 0:
            return [SCRIPT]
        arguments = self.state.arguments
        if arguments is None:
            return None
        return [arguments[number - 1]] if number <= len(arguments) else [Field("", "resolved")]

    def _operated(self, part: Parameter, values: list[Field] | None, start: int) -> list[Field]:
        operator = part.operator
        operand = part.operand
        if operator in ("length", "indirect"):
            return self._measured(part, values)
        value = values[0] if values else None
        if operator[-1] in "-=+" and operator[0] in ":-=+":
            return self._default(part, values, start)
        if value is None:
            return [] if operator in ("?", ":?") else [Field("", "resolved")]
        if operator in ("?", ":?"):
            return self._visible(part, [value])
        pattern = self._text(operand, start + part.offset) if operand else None
        changed = _changed(value, operator, pattern)
        if changed is None:
            return [self._unknown(part)]
        return self._visible(part, [changed])

    def _default(self, part: Parameter, values: list[Field] | None, start: int) -> list[Field]:
        """Apply ``:-``, ``:=``, ``:+`` and their kin.

        A variable that nothing has set is taken as unset: the environment may know better, but the
        default is what happens when nobody does anything. One that is set to nothing where it is
        unset (``: ${NAME=}``) is a parameter, which others give.
        """
        operator = part.operator
        value = values[0] if values else None
        empty = value is not None and value.known and not value.text and operator.startswith(":")
        is_set = value is not None and not empty
        if operator[-1] == "+":
            if not is_set:
                return []
        elif is_set:
            if part.operand is not None and value is not None and not value.known:
                self._text(part.operand, start)
            return self._visible(part, values or [])
        if part.operand is None:
            return [Field("", "resolved")]
        at = start + part.offset + part.source.find(part.operand.source)
        if operator[-1] == "=" and part.name.isidentifier():
            field = self._text(part.operand, at).resolved
            if field.known and not field.text:
                field = self._unknown(part)
            self.state.set(part.name, field)
            return [field]
        if part.quoted:
            return [self._text(part.operand, at).resolved]
        words = [field.resolved for field in self._split(part.operand, at)]
        if words and words[-1].known and part.operand.source.endswith(" "):
            words[-1] = words[-1]._replace(text=words[-1].text + " ")
        return words

    def _measured(self, part: Parameter, values: list[Field] | None) -> list[Field]:
        """Apply ``${#name}`` and ``${!name}``."""
        if part.operator == "indirect" and part.subscript in ("@", "*"):
            held = self.state.variables.get(part.name)
            if isinstance(held, Array):
                names = held.keys or tuple(str(number) for number in range(len(held.items)))
                return [Field(name, "resolved") for name in names]
        value = values[0] if values and len(values) == 1 else None
        if part.operator == "length":
            if part.subscript in ("@", "*") and values is not None and all(v.known for v in values):
                return [Field(str(len(values)), "resolved")]
            if value is not None and value.known:
                return [Field(str(len(value.text)), "resolved", value.frame)]
        elif value is not None and value.known and not part.subscript:
            target = self.state.variables.get(value.text)
            if isinstance(target, Field) and target.known:
                return [target._replace(certainty="resolved")]
        return [self._unknown(part)]


def _is_code(text: str) -> bool:
    return "$(" in text or "`" in text


def _changed(value: Field, operator: str, pattern: Field | None) -> Field | None:
    """Apply an operator that edits text; None where the result is not known."""
    text = pattern.text if pattern is not None and pattern.known else None
    if value.text in (SCRIPT.text, SCRIPT_FOLDER) and operator in ("%", "%%") and text == "/*":
        folder = SCRIPT_FOLDER if value.text == SCRIPT.text else SCRIPT_FOLDER + "/.."
        return Field(folder, "resolved")
    if not value.known or text is None:
        return None
    if operator[0] in "#%":
        return _trimmed(value, operator, text)
    if operator in ("/", "//"):
        old, slash, new = text.partition("/")
        if _GLOB.search(old) or not old or (slash and "\\" in new):
            return None
        changed = value.text.replace(old, new, -1 if operator == "//" else 1)
        return Field(changed, "resolved", value.frame)
    if operator[0] in "^," and not text:
        whole = value.text.upper() if operator[0] == "^" else value.text.lower()
        changed = whole if len(operator) > 1 else whole[:1] + value.text[1:]
        return Field(changed, "resolved", value.frame)
    if operator == ":":
        span = _SLICE.fullmatch(text)
        if span is not None:
            start = int(span[1])
            end = start + int(span[2]) if span[2] else len(value.text)
            return Field(value.text[start:end], "resolved", value.frame)
    return None


def _trimmed(value: Field, operator: str, pattern: str) -> Field | None:
    """Apply ``#``, ``##``, ``%``, ``%%`` for patterns with at most one ``*``, at an end."""
    text, front = value.text, operator[0] == "#"
    longest = len(operator) == 2  # noqa: PLR2004 (the doubled operator)
    star = pattern.startswith("*") if front else pattern.endswith("*")
    fixed = (pattern[1:] if front else pattern[:-1]) if star else pattern
    if _GLOB.search(fixed):
        return None
    if not star:
        if front:
            return cut(value, len(fixed) if text.startswith(fixed) else 0, len(text))
        return cut(value, 0, len(text) - (len(fixed) if text.endswith(fixed) else 0))
    if front:
        at = text.rfind(fixed) if longest else text.find(fixed)
        return cut(value, at + len(fixed), len(text)) if at >= 0 else value
    at = text.find(fixed) if longest else text.rfind(fixed)
    return cut(value, 0, at) if at >= 0 else value
