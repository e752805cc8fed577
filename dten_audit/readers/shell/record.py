"""Collects what a script states: commands once each, embedded texts, what was not understood."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.encoded import EncodedText
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.location import Location
from dten_audit.readers.shell.scanner import TOO_MANY
from dten_audit.readers.shell.texts import Hints
from dten_audit.readers.shell.values import Field, Mark, Source, line_map

_LINE: Final = re.compile(r"\t*+([^\n]*+\n?+)")
MAX_STATED: Final = 10_000
"""More commands than this come from no real script: perl's Configure (600 kB) states 9,500.

Those that are more than a few words count for several, see ``_weight``.
"""
_MANY_WORDS: Final = 16
_MANY_TESTS: Final = 20
_MANY_VARIABLES: Final = 25
MAX_TEXTS: Final = 500
"""More texts in other languages than this stand in no real script: Configure has 190.

Texts in no language count for a quarter: Configure has 640 of them.
"""
_QUARTERS: Final = 4
_NO_LANGUAGE: Final = frozenset(("text", "prose"))
TOO_MANY_TEXTS: Final = "more texts in other languages than are read"


class _File:
    """A text, and what the script appends to the file that it writes it to."""

    __slots__ = ("_seen", "parts")

    def __init__(self, part: Embedded) -> None:
        self.parts = [part]
        self._seen = {part._replace(variant=0)}

    def add(self, part: Embedded) -> None:
        """Append a text, unless the same one at the same place has been."""
        if part not in self._seen:
            self._seen.add(part)
            self.parts.append(part)

    def whole(self) -> Embedded:
        """Return all parts as one text."""
        if len(self.parts) == 1:
            return self.parts[0]
        lines: list[int] = []
        ended = True
        for part in self.parts:
            numbers = list(part.lines)
            missing = part.text.count("\n") + (not part.text.endswith("\n")) - len(numbers)
            numbers += range(numbers[-1] + 1, numbers[-1] + 1 + missing)
            lines += numbers if ended else numbers[1:]
            ended = part.text.endswith("\n")
        text = "".join(part.text for part in self.parts)
        return self.parts[0]._replace(text=text, lines=tuple(lines))


class Recorder:
    """The facts of one document. ``full`` says that no more commands are taken.

    The command that is one too many is stated all the same, its first words only.
    """

    __slots__ = (
        "_files",
        "_index",
        "_places",
        "_room",
        "_text_room",
        "_texts",
        "_unreadable",
        "_written",
        "commands",
        "document",
        "encoded",
        "full",
    )

    def __init__(self, document: Document) -> None:
        self.document = document
        self.commands: list[Command] = []
        self.encoded: dict[EncodedText, None] = {}
        self.full = False
        self._room = MAX_STATED
        self._text_room = _QUARTERS * MAX_TEXTS
        self._files: dict[str, _File] = {}
        self._written: list[_File] = []
        self._places: dict[tuple[Source, int], Location] = {}
        self._index: dict[tuple[object, ...], int] = {}
        self._texts: dict[tuple[str, int, int], dict[Embedded, Embedded]] = {}
        self._unreadable: dict[tuple[int, str], Unreadable] = {}

    def location(self, source: Source, offset: int) -> Location:
        """Return the place of an offset of a source in the file that holds it."""
        key = source, offset
        place = self._places.get(key)
        if place is None:
            line, column = source.position(offset)
            place = self._places[key] = source.origin.location(line, column)
        return place

    def command(self, command: Command, *, repeated: bool) -> None:
        """Add a command. ``repeated``: it may have been added before, by another turn or call."""
        if self.full:
            return
        if repeated:
            key = (command.at[:3], command.via, command.argv, command.layers,
                   command.redirections, command.stdin, command.documents)  # fmt: skip
            place = self._index.setdefault(key, len(self.commands))
            if place < len(self.commands):
                self.commands[place] = _merged(self.commands[place], command)
                return
        self._room -= _weight(command)
        if self._room < 0:
            self.full = True
            self.unreadable(1, TOO_MANY, once=True)
            command = command._replace(argv=command.argv[:_MANY_WORDS])
        self.commands.append(command)

    def embed(
        self, kind: str, text: Field, path: str = "", hints: Hints = (), *, append: bool = False
    ) -> str:
        """Add an embedded text, once, and return the id that it gets as a document.

        ``append``: it is added to what the script has written to the same file before.
        """
        lines, column = line_map(text)
        origin = text.marks[0].source.origin
        library = None if origin is self.document else origin
        part = Embedded(kind, text.text, lines, column, path, hints, library)
        file = self._files.get(path) if append else None
        if file is not None and file.parts[0].origin is library:
            file.add(part)
            return self.document.embedded_id(file.parts[0])
        same_place = self._texts.setdefault((origin.id, lines[0], column), {})
        known = same_place.get(part)
        if known is None:
            self._text_room -= 1 if kind in _NO_LANGUAGE else _QUARTERS
            if self._text_room < 0:
                self.unreadable(lines[0], TOO_MANY_TEXTS, once=True)
                return ""
            known = same_place[part] = part._replace(variant=len(same_place))
            self._files[path] = _File(known)
            self._written.append(self._files[path])
        return self.document.embedded_id(known)

    @property
    def embedded(self) -> list[Embedded]:
        """The embedded texts, each file's in one."""
        return [file.whole() for file in self._written]

    def unreadable(self, line: int, reason: str, *, once: bool = False) -> None:
        """Note a part that was not understood, by its line in the document's own text.

        ``once``: the first place says it for all.
        """
        key = (0 if once else line, reason)
        if key not in self._unreadable:
            self._unreadable[key] = Unreadable(self.document.location(line), "shell", reason)

    @property
    def gaps(self) -> list[Unreadable]:
        """What was not understood."""
        return list(self._unreadable.values())


def _weight(command: Command) -> int:
    """Return how many plain commands a command is worth to all who look at it."""
    return (
        1
        + sum(layer.kind != "shell" for layer in command.layers)
        + len(command.guards) // _MANY_TESTS
        + len(command.environment) // _MANY_VARIABLES
        + max(len(command.argv) - _MANY_WORDS, 0)
    )


def placed(text: Field, source: Source, offset: int) -> Field:
    """Return a text with at least one mark: where it was not written down, where it is used."""
    if text.marks and text.marks[0].at == 0:
        return text
    return text._replace(marks=(Mark(0, source, offset, verbatim=False), *text.marks))


def at_its_use(text: Field, source: Source, offset: int) -> Field:
    """Return a composed text whose parts from elsewhere have the place of what follows them.

    ``"$BIN/x --all"`` begins where it is used, not where BIN is set; ``"$TEXT"`` is where it was
    written, and so is what holds lines of its own. The use starts at ``offset`` of ``source``.
    """
    here = [mark.source is source and mark.offset >= offset for mark in text.marks]
    marks = list(text.marks)
    for number, (mark, near) in enumerate(pairwise(text.marks)):
        if here[number + 1] and not here[number] and "\n" not in text.text[mark.at : near.at]:
            marks[number] = Mark(mark.at, source, near.offset, verbatim=False)
    return text._replace(marks=tuple(marks))


def without_tabs(text: Field, source: Source) -> Field:
    """Return the text of a ``<<-`` here-document: without tabs at the start of its lines."""
    if "\t" not in text.text:
        return text
    built = Source(text.text, source.document, text.marks)
    lines, marks, at = [], [], 0
    for match in _LINE.finditer(text.text):
        marks.append(Mark(at, built, match.start(1), verbatim=True))
        lines.append(match[1])
        at += len(match[1])
    return text._replace(text="".join(lines), marks=tuple(marks))


def _merged(one: Command, other: Command) -> Command:
    """Return what holds of a command that is reached twice: only tests made both times guard it."""
    guards, called = one.guards, one.called or other.called
    if guards and guards != other.guards:
        guards = tuple([guard for guard in guards if guard in other.guards])
    deferred = one.deferred and other.deferred
    if len(guards) == len(one.guards) and called == one.called and deferred == one.deferred:
        return one
    return one._replace(guards=guards, called=called, deferred=deferred)
