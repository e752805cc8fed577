"""Reads a script and shows its facts in a short form, for tables."""

from __future__ import annotations

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.commands import Command, Layer, Word
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.shell.reader import Definitions, read

NOISE = frozenset(("echo", "printf", "cd", "export", "read", "id", "whoami", "dirname", "pwd"))


def document(text: str, path: str = "scripts/upgrade.sh") -> Document:
    return Document(f"p.zip!/{path}", path, "shell", text.encode())


def facts(
    text: str, prelude: tuple[Definitions, ...] = ()
) -> tuple[list[Command], list[Embedded], list[Unreadable]]:
    stated = list(read(document(text), prelude))
    return (
        [fact for fact in stated if isinstance(fact, Command)],
        [part for part in stated if isinstance(part, Embedded)],
        [fact for fact in stated if isinstance(fact, Unreadable)],
    )


def commands(text: str, prelude: tuple[Definitions, ...] = ()) -> list[Command]:
    """Return the commands of a script but for the shell's small change."""
    return [command for command in facts(text, prelude)[0] if command.program not in NOISE]


def embedded(text: str) -> list[Embedded]:
    return facts(text)[1]


def word(value: Word) -> str:
    """Show a word; ``~`` marks a resolved one, ``?`` a computed one."""
    return {"exact": "", "resolved": "~", "computed": "?"}[value.certainty] + value.text


def line(command: Command) -> str:
    return " ".join(word(value) for value in command.argv)


def layer(value: Layer) -> str:
    target = f":{value.target}" if value.target else ""
    function = f"@{value.function}" if value.function else ""
    return f"{value.tool}/{value.kind}{target}{function}"


def shown(command: Command) -> str:
    """Show layers and words: ``sudo/privilege:root | systemctl stop x``."""
    return " | ".join([*map(layer, command.layers), line(command)])
