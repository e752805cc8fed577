"""What a program does to its host, as its calls tell, before anything of it is run."""

from __future__ import annotations

from dten_audit.model.facts.commands import SCRIPT_FOLDER, Guard, LayerKind
from dten_audit.readers.shell.values import Field


class Action:
    """Something that a program does: words or a shell text that it runs, a file that it writes."""

    __slots__ = (
        "append", "called", "certain", "code", "environment", "failure", "folder", "function",
        "guards", "layer", "offset", "rank", "stdin", "target", "text", "words",
    )  # fmt: skip

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.rank: tuple[int, ...] = (offset,)
        self.words: list[Field] = []
        self.code: Field | None = None
        self.target: Field | None = None
        self.text: Field | None = None
        self.append = False
        self.stdin: Field | None = None
        self.environment: tuple[tuple[str, Field], ...] = ()
        self.folder = ""
        self.layer: tuple[str, LayerKind] | None = None
        self.function = ""
        self.called = True
        self.failure = "default"
        self.guards: tuple[Guard, ...] = ()
        self.certain = True


def known_folder(text: str) -> str:
    """Return a working folder, as far as it is known from its start."""
    return text if text.startswith(("/", SCRIPT_FOLDER)) else ""
