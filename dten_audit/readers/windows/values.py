"""Values of words and variables in Windows scripts, and the surroundings that a command runs in."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.facts.commands import Failure, Guard, Layer, Redirection, Word
from dten_audit.readers.shell.values import weaker

FOLDER_MARK: Final = "${0%/*}"
"""The script's own folder, as all readers write it in words."""


class Value:
    """What a word or an expression comes to.

    ``at`` is the offset where it starts. ``items`` are the values of an array, ``table`` those of a
    hash table, ``block`` the offsets of a script block, ``call`` the words of the command whose
    output it is. ``lines`` is set where the text does not stand line by line in the document.
    """

    __slots__ = ("at", "block", "call", "certainty", "items", "lines", "quoted", "table", "text")

    def __init__(  # noqa: PLR0913 - most are left out
        self,
        text: str,
        certainty: Certainty = "exact",
        at: int = 0,
        *,
        items: tuple[Value, ...] = (),
        table: tuple[tuple[str, Value], ...] | None = None,
        block: tuple[int, int] | None = None,
        call: tuple[Value, ...] = (),
        lines: tuple[int, ...] | None = None,
        quoted: bool = False,
    ) -> None:
        self.text = text
        self.certainty: Certainty = certainty
        self.at = at
        self.items = items
        self.table = table
        self.block = block
        self.call = call
        self.lines = lines
        self.quoted = quoted

    @property
    def known(self) -> bool:
        """Say whether the text is what the script will use."""
        return self.certainty != "computed"

    @property
    def word(self) -> Word:
        """The value as an argument."""
        return Word(self.text, self.certainty)

    def at_use(self, at: int) -> Value:
        """Return the value as it stands where a variable is used."""
        certainty = weaker("resolved", self.certainty)
        return Value(
            self.text, certainty, at, items=self.items, table=self.table, block=self.block,
            call=self.call, lines=self.lines,
        )  # fmt: skip


class Context(NamedTuple):
    """What holds for a command: tests, wrappers, what becomes of a failure, where it stands."""

    guards: tuple[Guard, ...] = ()
    layers: tuple[Layer, ...] = ()
    failure: Failure = "default"
    called: bool = True
    deferred: bool = False
    function: str = ""
    via: tuple[int, ...] = ()
    folder: str = ""


class Run(NamedTuple):
    """A command with its words expanded. ``documents`` are ids of texts among them.

    ``name`` is what the first word means where that is not its own base name (an alias).
    """

    argv: list[Value]
    at: int
    context: Context
    redirections: tuple[Redirection, ...] = ()
    feeds: tuple[tuple[Word, ...], ...] = ()
    documents: tuple[str, ...] = ()
    name: str = ""


def base_name(text: str) -> str:
    """Return a program's name: the last component, in lower case, without ``.exe`` and its kin."""
    name = text.replace("/", "\\").rpartition("\\")[2].lower().strip(" \t\"'")
    for end in (".exe", ".com"):
        if name.endswith(end) and len(name) > len(end):
            return name[: -len(end)]
    return name


_TAIL: Final = re.compile(r"[\\/]([\w.-]{1,100}\.(?:exe|com|cmd|bat|ps1))$", re.IGNORECASE)


def program_name(value: Value) -> str:
    """Return a program's name; of a computed word what stands behind its last backslash."""
    if value.known:
        return base_name(value.text)
    match = _TAIL.search(value.text)
    return base_name(match[1]) if match is not None else ""


def split_command_line(text: str) -> list[str]:
    """Split a command line as Windows programs do (CommandLineToArgvW), in linear time."""
    words: list[str] = []
    word: list[str] = []
    quoted = started = False
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char == "\\" and text[at + 1 : at + 2] == '"':
            word.append('"')
            at, started = at + 2, True
            continue
        if char == '"':
            quoted, started = not quoted, True
        elif char in " \t\n" and not quoted:
            if started:
                words.append("".join(word))
                word, started = [], False
        else:
            word.append(char)
            started = True
        at += 1
    if started:
        words.append("".join(word))
    return words
