"""Values of words and variables: text, how surely it is known, and where each part was written."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple, TypeAlias

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.commands import Guard, Word

_INDEX: Final = re.compile(r"-?\d{1,6}")
_RANK: Final[dict[Certainty, int]] = {"exact": 0, "resolved": 1, "computed": 2}


def weaker(one: Certainty, other: Certainty) -> Certainty:
    """Return the less sure of two."""
    return one if _RANK[one] >= _RANK[other] else other


class Mark(NamedTuple):
    """From ``at`` on, a text was written at ``offset`` of ``source``.

    ``verbatim``: character by character, so that places inside it follow; else as a whole.
    """

    at: int
    source: Source
    offset: int
    verbatim: bool


class Source:
    """A text that commands are read from: a document's own, or one built by the script.

    ``marks`` say where the characters of a built text were written; a document's own has none.
    """

    __slots__ = ("_starts", "document", "marks", "text")

    def __init__(self, text: str, document: Document, marks: tuple[Mark, ...] = ()) -> None:
        self.text = text
        self.document = document
        self.marks = marks
        self._starts = [mark.at for mark in marks]

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column, in the document's text, of an offset of this text."""
        source = self
        if not self.marks:
            return self.document.index.position(offset)
        while source.marks:
            mark = source.marks[max(bisect_right(source._starts, offset) - 1, 0)]
            offset = mark.offset + (max(offset - mark.at, 0) if mark.verbatim else 0)
            source = mark.source
        return source.document.index.position(min(offset, len(source.text)))

    @property
    def origin(self) -> Document:
        """The document in which the text was written."""
        source = self
        while source.marks:
            source = source.marks[0].source
        return source.document


class Field(NamedTuple):
    """A value: of an argument, of a scalar variable, of a text that a command reads or writes.

    ``frame`` is the serial number of the outermost function call whose parameters it needs, or 0.
    ``loose`` marks an unquoted expansion of unknown value: it may be nothing, or several words.
    ``lookup`` names the program whose path this is, as far as it exists (``$(command -v psql)``).
    ``decoded`` names what the script decoded it from (``base64``, ``base64, gzip``): a part of it,
    or all of it where it is unknown.
    """

    text: str
    certainty: Certainty = "exact"
    frame: int = 0
    marks: tuple[Mark, ...] = ()
    loose: bool = False
    lookup: str = ""
    decoded: str = ""

    @property
    def known(self) -> bool:
        """Whether the text is what the script will see."""
        return self.certainty != "computed"

    @property
    def resolved(self) -> Field:
        """The value as a variable holds it: what follows from it is no longer exact."""
        if self[1] != "exact":
            return self
        return tuple.__new__(Field, (self[0], "resolved", *self[2:]))

    @property
    def word(self) -> Word:
        """The value as facts state it."""
        return tuple.__new__(Word, self[:2])


class Array(NamedTuple):
    """The value of an array variable all of whose elements are there.

    ``keys`` are the names of the elements of an associative array, else empty.
    """

    items: tuple[Field, ...]
    keys: tuple[str, ...] = ()

    def alike(self, other: Array) -> bool:
        """Say whether both have keys, or none: only then one can be added to the other."""
        return not self.items or not other.items or bool(self.keys) == bool(other.keys)

    def element(self, key: str) -> Field | None:
        """Return one element; None where it is not known which that is."""
        if self.keys:
            return self.items[self.keys.index(key)] if key in self.keys else None
        known = _INDEX.fullmatch(key) and -len(self.items) <= int(key) < len(self.items)
        return self.items[int(key)] if known else None

    def changed(self, key: str, value: Field) -> Array | None:
        """Return the array after ``name[key]=value``; None where it is not known what that is."""
        if _INDEX.fullmatch(key) and not self.keys:
            number = int(key)
            if 0 <= number < len(self.items):
                return Array((*self.items[:number], value, *self.items[number + 1 :]))
            return Array((*self.items, value)) if number == len(self.items) else None
        if self.items and not self.keys:
            return None
        rest = [(k, v) for k, v in zip(self.keys, self.items, strict=True) if k != key]
        return Array((*(v for _, v in rest), value), (*(k for k, _ in rest), key))


class Choice(NamedTuple):
    """A variable set differently in exclusive branches: each value with its branch's tests."""

    options: tuple[tuple[Field | Array, tuple[Guard, ...]], ...]


Value: TypeAlias = Field | Array | Choice

_PLAIN_CACHE: Final = 20_000
_plain: dict[str, Field] = {}


def plain(text: str) -> Field:
    """Return a literal word as a value, the same object for the same text."""
    field = _plain.get(text)
    if field is None:
        if len(_plain) >= _PLAIN_CACHE:
            _plain.clear()
        field = Field(text)
        if len(text) < 200:  # noqa: PLR2004 (longer ones hardly come twice)
            _plain[text] = field
    return field


def unknown(name: str) -> Field:
    """Return the value of a variable of which nothing is known."""
    return Field("${" + name + "}", "computed")


def joined(fields: list[Field], between: str, end: str = "") -> Field:
    """Return several values as one text, as ``echo`` and ``eval`` join their arguments."""
    texts: list[str] = []
    marks: list[Mark] = []
    certainty: Certainty = "exact"
    frame, length, decoded = 0, 0, ""
    for number, field in enumerate(fields):
        if number:
            texts.append(between)
            length += len(between)
        marks += shifted(field.marks, length)
        texts.append(field.text)
        length += len(field.text)
        certainty = weaker(certainty, field.certainty)
        frame = outermost(frame, field.frame)
        decoded = decoded or field.decoded
    texts.append(end)
    if certainty == "computed" and len(fields) > 1:
        decoded = ""
    return Field("".join(texts), certainty, frame, tuple(marks), decoded=decoded)


def shifted(marks: tuple[Mark, ...], by: int) -> list[Mark]:
    """Return marks for a text that stands ``by`` characters further on."""
    return [Mark(mark.at + by, mark.source, mark.offset, mark.verbatim) for mark in marks]


def cut(field: Field, start: int, end: int) -> Field:
    """Return a part of a value."""
    marks: list[Mark] = []
    for mark in field.marks:
        if mark.at >= end:
            break
        if mark.at <= start:
            skipped = start - mark.at if mark.verbatim else 0
            marks = [Mark(0, mark.source, mark.offset + skipped, mark.verbatim)]
        else:
            marks.append(mark._replace(at=mark.at - start))
    return field._replace(text=field.text[start:end], marks=tuple(marks))


def outermost(one: int, other: int) -> int:
    """Return the outer of two frames, where 0 is none."""
    return min(one, other) if one and other else one or other


def line_map(field: Field) -> tuple[tuple[int, ...], int]:
    """Return the document's line of each line of a text, and the column where it starts.

    The text must have marks. A single line number stands for lines that follow each other.
    """
    source = Source(field.text, field.marks[0].source.document, field.marks)
    line, column = source.position(0)
    if len(field.marks) == 1 and field.marks[0].verbatim and not field.marks[0].source.marks:
        return (line,), column
    lines = [line]
    start = field.text.find("\n")
    while 0 <= start < len(field.text) - 1:
        lines.append(source.position(start + 1)[0])
        start = field.text.find("\n", start + 1)
    return tuple(lines), column
