"""Collects what a Windows script states: commands, embedded texts, what was not understood."""

from __future__ import annotations

import re
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.shell.texts import written_kind
from dten_audit.readers.windows.values import Run, Value, program_name

MAX_COMMANDS: Final = 20_000
"""No script that people write has as many; ``full`` then ends the reading."""
_NOT_WORTH_A_TEXT: Final = frozenset("text prose markdown empty binary csv properties env".split())


_OF_HOST: Final = re.compile(r"%[A-Za-z_]\w{0,60}%|%~?\d|\$\{(?!0%/)|\$\(")


def _by_host(word: Word) -> Word:
    """Return a word of an embedded text; variables of the script around it are still open."""
    return Word(word.text, "computed") if _OF_HOST.search(word.text) else word


def _program(first: Value | None) -> str:
    return program_name(first) if first is not None else ""


class Recorder:
    """The facts of one document. ``full`` says that no more commands are taken."""

    def __init__(self, document: Document, language: str) -> None:
        self.document = document
        self.language = language
        self.commands: list[Command] = []
        self.facts: list[Fact] = []
        self.full = False
        self._texts: dict[tuple[int, int, str], list[Embedded]] = {}
        self._written: dict[str, list[Embedded]] = {}
        self._gaps: dict[tuple[int, str], Unreadable] = {}
        self._index: dict[int, list[int]] = {}
        self._sites: list[tuple[int, ...]] = []

    def command(self, run: Run) -> None:
        """State a command; one that is reached again at the same place only once."""
        if len(self.commands) >= MAX_COMMANDS:
            if not self.full:
                self.unreadable(run.at, "more commands than are read")
            self.full = True
            return
        words = tuple([value.word for value in run.argv])
        if self.document.host is not None:
            words = tuple([_by_host(word) for word in words])
        if not self._repeated(words, run):
            self.commands.append(self._made(words, run))

    def _repeated(self, words: tuple[Word, ...], run: Run) -> bool:
        """Say whether a command was stated before, by another turn or call; note where it is."""
        same = self._index.setdefault(run.at, [])
        for number in same:
            known = self.commands[number]
            if (
                known.argv == words
                and known.layers == run.context.layers
                and (self._sites[number] == run.context.via)
            ):
                self._merge(number, run)
                return True
        same.append(len(self.commands))
        self._sites.append(run.context.via)
        return False

    def _made(self, words: tuple[Word, ...], run: Run) -> Command:
        context, document = run.context, self.document
        via = tuple(document.location_at(place) for place in (*context.via[1:], run.at))
        first = run.argv[0] if run.argv else None
        return Command(
            document.location_at(context.via[0] if context.via else run.at),
            document.id,
            len(self.commands),
            run.name or _program(first),
            words,
            layers=context.layers,
            guards=context.guards,
            redirections=run.redirections,
            function=context.function,
            called=context.called,
            failure=context.failure,
            deferred=context.deferred,
            documents=run.documents,
            feeds=run.feeds,
            folder=context.folder,
            via=via if context.via else (),
            certainty=first.certainty if first is not None else "exact",
        )

    def _merge(self, place: int, run: Run) -> None:
        known = self.commands[place]
        self.commands[place] = known._replace(
            guards=tuple(guard for guard in known.guards if guard in run.context.guards),
            called=known.called or run.context.called,
        )

    def embed(
        self, kind: str, value: Value, hints: tuple[tuple[str, str], ...] = (), path: str = ""
    ) -> str:
        """Add a text in another language and return the id that it gets as a document."""
        line, column = self.document.index.position(value.at)
        part = Embedded(kind, value.text, value.lines or (line,), column, path, hints)
        if path:
            same = self._written.setdefault(path, [])
            if not same:
                same.append(part)
            return self.document.embedded_id(same[0])
        found = self._texts.setdefault((part.lines[0], column, kind), [])
        for known in found:
            if known.text == part.text:
                return self.document.embedded_id(known)
        part = part._replace(variant=len(found))
        found.append(part)
        return self.document.embedded_id(part)

    def write(self, value: Value, path: str, *, append: bool) -> str:
        """State a text that is written to a file, if it may be more than a line of a log."""
        target = path.replace("\\", "/")
        kind = written_kind(target, value.text)
        known = self._written.get(target)
        if append and known:
            line, _ = self.document.index.position(value.at)
            known.append(Embedded(kind, value.text, value.lines or (line,), path=target))
            return self.document.embedded_id(known[0])
        if kind in _NOT_WORTH_A_TEXT or not target:
            return ""
        return self.embed(kind, value, path=target)

    def unreadable(self, at: int, reason: str) -> None:
        """Note a part that was not understood, each reason once a line."""
        if len(self._gaps) < 100:  # noqa: PLR2004 - more places of it help nobody
            line, _ = self.document.index.position(min(at, len(self.document.text)))
            if (line, reason) in self._gaps:
                return
            place = self.document.location(line)
            self._gaps[line, reason] = Unreadable(place, self.language, reason)

    def stated(self) -> list[Fact | Embedded]:
        """Return all facts and texts, in order."""
        texts = [part for parts in self._texts.values() for part in parts]
        written = [_whole(parts) for parts in self._written.values()]
        return [*self.commands, *self.facts, *texts, *written, *self._gaps.values()]


def _whole(parts: list[Embedded]) -> Embedded:
    """Return what a script writes to one file, piece by piece, as one text."""
    if len(parts) == 1:
        return parts[0]
    lines: list[int] = []
    for part in parts:
        count = part.text.count("\n") or 1
        known = list(part.lines[:count])
        lines += [*known, *range(known[-1] + 1, known[-1] + 1 + count - len(known))]
    text = "".join(part.text for part in parts)
    return parts[0]._replace(text=text, lines=tuple(lines))
