"""Reads the shell texts of a document of another language: each command is one of that document."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Layer, Word
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.orchestration.resources import Context, Value

_SPLITS: Final = frozenset("|&;<>()`")
_SHELL: Final = Layer("sh", "shell", (Word("sh"), Word("-c")))


@cache
def _unknown() -> re.Pattern[str]:
    return re.compile(r"\$\{[A-Za-z_]\w*\}", re.ASCII)


class ShellTexts:
    """Reads shell texts, and ranks all commands of the document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._order = 0
        self._variants: dict[tuple[int, int], int] = {}

    def next_order(self) -> int:
        """Return the rank of the next command."""
        self._order += 1
        return self._order - 1

    def read(
        self, value: Value, lines: tuple[int, ...], column: int, context: Context, *, split: bool
    ) -> Iterator[Fact | Embedded]:
        """State what a shell text runs.

        The commands get the context's wrappers, tests and user, and are commands of the document
        itself. ``split`` says that a shell splits the text; else it is one command.
        """
        if not value.text.strip():
            return
        from dten_audit.readers.shell.reader import read

        key = (lines[0], column)
        variant = self._variants.get(key, 0)
        self._variants[key] = variant + 1
        part = Embedded("shell", value.text, lines, column, variant=variant)
        inner = self._document.embed(part)
        layers = (*context.layers, _SHELL) if split and context.layers else context.layers
        own = context._replace(layers=layers)
        commands: list[Command] = []
        for stated in read(inner):
            if isinstance(stated, Command):
                commands.append(self._own(stated, own, value))
            elif isinstance(stated, Embedded):
                yield stated if stated.origin else stated._replace(origin=inner)
            elif not (isinstance(stated, Unreadable) and value.certainty == "computed"):
                yield stated
        if commands and commands[-1].failure == "default":
            commands[-1] = commands[-1]._replace(failure=context.failure)
        yield from commands

    def _own(self, command: Command, context: Context, value: Value) -> Command:
        """Return a command of the text as one of the document."""
        argv = tuple([_known(word, value) for word in command.argv])
        computed = bool(argv) and argv[0].certainty == "computed"
        return command._replace(
            document=self._document.id,
            order=self.next_order(),
            program="" if computed else command.program,
            argv=argv,
            layers=context.layers + command.layers,
            guards=context.guards + command.guards,
            environment=context.environment + command.environment,
            function=command.function or context.function,
            called=command.called and context.called,
            failure="ignored" if context.failure == "ignored" else command.failure,
            folder=_within(command.folder, context.folder),
        )


def _within(folder: str, outer: str) -> str:
    """Return a working folder as seen from the one in which the text starts."""
    if outer and folder and not folder.startswith(("/", "$", "~")):
        return f"{outer}/{folder}"
    return folder or outer


def _known(word: Word, value: Value) -> Word:
    """Return a word with its true certainty: in quotes, the shell takes a name for plain text."""
    if word.certainty == "computed":
        return word
    if value.unknown and "${" in word.text:
        names = {name[2:-1] for name in _unknown().findall(word.text)}
        if names.intersection(value.unknown):
            return word._replace(certainty="computed")
    return word._replace(certainty="resolved") if value.certainty == "resolved" else word


def quoted(text: str, unknown: tuple[str, ...]) -> str:
    """Return a word as a shell would have to be given it."""
    if unknown and "${" in text:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
        return f'"{escaped}"'
    return shlex.quote(text)


def as_one_command(text: str, unknown: tuple[str, ...]) -> str:
    """Return a command line that no shell sees as a shell would have to be given it.

    What would split it (``|``, ``;``, ``>``) is an ordinary character there; words and quotes are
    as in a shell (shlex of Python, which Ansible uses).
    """
    if not (_SPLITS.intersection(text) or "\n" in text or "#" in text):
        return text
    del unknown  # ``${name}`` holds nothing that splits
    out: list[str] = []
    quote = ""
    skip = False
    for number, char in enumerate(text):
        if skip:
            skip = False
        elif char == "\\" and quote != "'":
            skip = True
        elif quote:
            if char == quote:
                quote = ""
            elif char == "`" and quote == '"':
                out.append("\\")
        elif char in "'\"":
            quote = char
        elif char in _SPLITS or (char == "#" and text[number - 1 : number].isspace()):
            out.append("\\")
        elif char == "\n":
            char = " "  # noqa: PLW2901 (what is added)
        out.append(char)
    return "".join(out)
