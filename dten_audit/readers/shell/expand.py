"""Turns words into values: quoting, parameters, substitutions, splitting, braces."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from dten_audit.model.facts.base import Certainty
from dten_audit.readers.shell.nodes import (
    Arithmetic,
    ArrayLiteral,
    Literal,
    Parameter,
    Part,
    Shape,
    Substitution,
)
from dten_audit.readers.shell.operators import ParameterReader
from dten_audit.readers.shell.state import State
from dten_audit.readers.shell.values import (
    Array,
    Field,
    Mark,
    Source,
    cut,
    joined,
    outermost,
    plain,
    shifted,
)

_BRACES: Final = re.compile(r"\{([^{}\s]*+)\}")
_KEYED: Final = re.compile(r"\[([^\]]*+)\]=")
_RANGE: Final = re.compile(r"(\d{1,4})\.\.(\d{1,4})")
_BLANK: Final = plain(" ")
_MAX_BRACES: Final = 64
_SPLIT: Final = re.compile(r"[ \t\n]+")
_LONGEST_SHOWN: Final = 50_000


class _Builder:
    """Collects the fields that one word becomes."""

    __slots__ = (
        "certainty", "decoded", "fields", "frame", "length", "loose", "marks", "some", "source",
        "texts",
    )  # fmt: skip

    def __init__(self, source: Source) -> None:
        self.source = source
        self.fields: list[Field] = []
        self._reset()

    def _reset(self) -> None:
        self.texts: list[str] = []
        self.marks: list[Mark] = []
        self.certainty: Certainty = "exact"
        self.decoded = ""
        self.frame = 0
        self.length = 0
        self.some = False
        self.loose = False

    def add(self, field: Field, offset: int = -1, *, verbatim: bool = False) -> None:
        """Append to the current field; ``offset`` is where it stands, if places matter."""
        if field.marks:
            self.marks += shifted(field.marks, self.length)
        elif offset >= 0:
            self.marks.append(Mark(self.length, self.source, offset, verbatim))
        self.texts.append(field.text)
        self.length += len(field.text)
        if field.certainty != "exact" and self.certainty != "computed":
            self.certainty = field.certainty
        if field.frame:
            self.frame = outermost(self.frame, field.frame)
        if field.decoded:
            self.decoded = field.decoded
        self.loose = field.loose and not self.some
        self.some = True

    def split(self) -> None:
        """End the current field, if there is one."""
        if self.some:
            text = "".join(self.texts)
            marks, decoded = tuple(self.marks), self.decoded
            if self.certainty == "computed" and len(self.texts) > 1:
                decoded = ""
            self.fields.append(
                Field(text, self.certainty, self.frame, marks, self.loose, decoded=decoded)
            )
        self._reset()


class Expander:
    """Expands words against a state.

    ``run`` executes a substitution and returns what it is known to print, else None. ``files`` are
    the texts behind ``<(…)``, by how these are shown in words.
    """

    __slots__ = ("files", "parameters", "run", "source", "state")

    def __init__(self, state: State, run: Callable[[Substitution], Field | None]) -> None:
        self.state = state
        self.run = run
        self.files: dict[str, Field] = {}
        self.source: Source
        self.parameters = ParameterReader(state, self.text, self._split)

    def fields(self, words: tuple[Shape, ...], starts: tuple[int, ...]) -> list[Field]:
        """Return the arguments that words become."""
        out: list[Field] = []
        for shape, start in zip(words, starts, strict=True):
            if shape.plain is not None:
                out.append(shape.plain)
            elif shape.text is not None and shape.quoted:
                out.append(self.literal(shape, start))
            else:
                out += self._split(shape, start)
        return out

    def text(self, shape: Shape, start: int) -> Field:
        """Return the value of a word that is not split: of an assignment, of a redirection."""
        if shape.text is not None:
            return self.literal(shape, start)
        first = shape.parts[0]
        if len(shape.parts) == 1 and type(first) in (Parameter, Substitution):
            value = self._part(first, start)
            if len(value) == 1:
                return value[0]
            return joined(value, " ")
        builder = _Builder(self.source)
        for part in shape.parts:
            offset = start + part.offset if shape.spaced else -1
            if type(part) is Literal:
                builder.add(plain(part.text), offset, verbatim=True)
                continue
            for number, field in enumerate(self._part(part, start)):
                if number:
                    builder.add(_BLANK)
                builder.add(field, offset)
        builder.some = True
        builder.split()
        return builder.fields[0]

    def literal(self, shape: Shape, start: int) -> Field:
        """Return the value of a word without expansions, with its place."""
        if not shape.spaced:
            return plain(shape.text or "")
        marks, at = [], 0
        for part in shape.parts:
            marks.append(Mark(at, self.source, start + part.offset, verbatim=True))
            at += len(part.text)  # type: ignore[union-attr]
        return Field(shape.text or "", "exact", 0, tuple(marks))

    def array(self, literal: ArrayLiteral) -> Array:
        """Return the elements of an array literal."""
        shapes = tuple(shape for shape, _ in literal.items)
        items = self.fields(shapes, tuple(start for _, start in literal.items))
        if not shapes or not all(shape.source.startswith("[") for shape in shapes):
            return Array(tuple(items))
        named = [_KEYED.match(item.text) if item.known else None for item in items]
        found = [
            (match[1].strip("'\""), cut(item, match.end(), len(item.text)))
            for match, item in zip(named, items, strict=True)
            if match is not None
        ]
        if len(found) < len(items) or len({key for key, _ in found}) < len(items):
            return Array((Field("", "computed"),))
        return Array(tuple(value for _, value in found), tuple(key for key, _ in found))

    def _split(self, shape: Shape, start: int) -> list[Field]:
        """Return the arguments that a word with expansions or braces becomes."""
        parts = shape.parts
        if len(parts) == 1 and type(parts[0]) is Parameter:
            value = self.parameters.read(parts[0], start)
            if parts[0].quoted:
                return value
            if len(value) == 1 and value[0].text and not _SPLIT.search(value[0].text):
                return value
            builder = _Builder(self.source)
            for number, field in enumerate(value):
                if number:
                    builder.split()
                _add_split(builder, field, start + parts[0].offset if shape.spaced else -1)
            builder.split()
            return builder.fields
        if not shape.quoted and "{" in shape.source:
            text = _brace_expanded(shape)
            if text is not None:
                return [plain(word) for word in text]
        builder = _Builder(self.source)
        for part in shape.parts:
            offset = start + part.offset if shape.spaced else -1
            if type(part) is Literal:
                if part.quoted or " " not in part.text:
                    builder.add(plain(part.text), offset, verbatim=True)
                else:
                    _add_split(builder, plain(part.text), offset)
                continue
            value = self._part(part, start)
            if part.quoted:
                _add_list(builder, value, offset)
            else:
                for number, field in enumerate(value):
                    if number:
                        builder.split()
                    _add_split(builder, field, offset)
        builder.split()
        return builder.fields

    def _part(self, part: Part, start: int) -> list[Field]:
        """Return what one part expands to: one value, or those of a list."""
        if type(part) is Parameter:
            return self.parameters.read(part, start)
        if type(part) is Substitution:
            return [self._substituted(part)]
        if type(part) is Arithmetic:
            for inner in part.inner:
                if type(inner) is Substitution:
                    self.run(inner)
            return [Field(_shown(part.source), "computed")]
        return [Field(part.source if type(part) is ArrayLiteral else "", "computed")]

    def _substituted(self, part: Substitution) -> Field:
        """Return what ``$(…)`` prints; the name of a file that holds it, for ``<(…)``."""
        known = self.run(part)
        shown = _shown(part.source)
        if part.source.startswith("<("):
            if known is not None:
                self.files[shown] = known
            return Field(shown, "computed")
        if known is None or not (known.known or known.text):
            return Field(shown, "computed", decoded=known.decoded if known else "")
        return known.resolved


def _shown(source: str) -> str:
    """Return how an unknown substitution stands in a word: as written, backquotes as ``$(…)``.

    Of one that is longer than any real script's are, its beginning and its end.
    """
    if len(source) > _LONGEST_SHOWN:
        source = f"{source[:_LONGEST_SHOWN]}…{source[-2:]}"
    if source.startswith("`"):
        source = f"$({source[1:-1].strip()})"
    return " ".join(source.split()) if "\n" in source else source


def _add_list(builder: _Builder, value: list[Field], offset: int) -> None:
    """Add a quoted list (``"$@"``): its elements stay apart; nothing at all leaves no word."""
    for number, field in enumerate(value):
        if number:
            builder.split()
        builder.add(field, offset)
        builder.loose = False


def _add_split(builder: _Builder, field: Field, offset: int) -> None:
    """Add an unquoted value, split at blanks where it is known."""
    if not field.known:
        builder.add(field, offset)
        return
    if not field.text:
        return
    text = field.text
    if not _SPLIT.search(text):
        builder.add(field, offset)
        return
    if text[0] in " \t\n":
        builder.split()
    words = _SPLIT.split(text.strip(" \t\n"))
    for number, word in enumerate(words):
        if number:
            builder.split()
        if word:
            builder.add(field._replace(text=word, marks=()), offset)
    if text[-1] in " \t\n":
        builder.split()


def _brace_expanded(shape: Shape) -> list[str] | None:
    """Return the words of ``a{b,c}d`` and ``a{1..3}``; None where there is nothing to expand."""
    if shape.text is None:
        return None
    words = [shape.text]
    for _ in range(4):
        found: list[str] = []
        for word in words:
            found += _expanded_once(word)
        if found == words or len(found) > _MAX_BRACES:
            break
        words = found
    return words


def _expanded_once(word: str) -> list[str]:
    for match in _BRACES.finditer(word):
        inner = match[1]
        span = _RANGE.fullmatch(inner)
        if span is not None:
            low, high = int(span[1]), int(span[2])
            step = 1 if low <= high else -1
            items = [str(n) for n in range(low, high + step, step)][: _MAX_BRACES + 1]
        elif "," in inner:
            items = inner.split(",")[: _MAX_BRACES + 1]
        else:
            continue
        return [word[: match.start()] + item + word[match.end() :] for item in items]
    return [word]
