"""Reads ``.policy`` files: which actions a program declares, and who may do them by default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.polkit import PolkitAction

_DEFAULTS: Final = ("allow_any", "allow_inactive", "allow_active")
_EXEC: Final = {
    "org.freedesktop.policykit.exec.path": "program",
    "org.freedesktop.policykit.exec.argv1": "argument",
}
"""What pkexec(1) runs for an action: the program, and the first argument that it must have."""
_LONGEST: Final = 4096


class _Actions:
    """Collects the actions while expat reads."""

    def __init__(self, document: Document) -> None:
        self.found: list[PolkitAction] = []
        self._document = document
        self._values: dict[str, str] = {}
        self._into = ""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._entity
        self._parser.buffer_text = True

    def read(self) -> str:
        """Read the document; return why it could not be read to its end, or an empty text."""
        try:
            self._parser.Parse(self._document.text.encode(), True)
        except (expat.ExpatError, ValueError) as error:
            return str(error)
        return ""

    @property
    def line(self) -> int:
        return int(self._parser.CurrentLineNumber)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._into = ""
        if name == "action":
            self._values = {"id": attributes.get("id", ""), "line": str(self.line)}
        elif name in _DEFAULTS:
            self._into = name
        elif name == "annotate":
            self._into = _EXEC.get(attributes.get("key", ""), "")

    def _text(self, text: str) -> None:
        if self._into and len(self._values.get(self._into, "")) < _LONGEST:
            self._values[self._into] = self._values.get(self._into, "") + text

    def _end(self, name: str) -> None:
        self._into = ""
        if name == "action" and self._values.get("id"):
            values = {key: value.strip() for key, value in self._values.items()}
            self.found.append(
                PolkitAction(
                    self._document.location(int(values["line"])),
                    self._document.id,
                    self._document.path,
                    values["id"],
                    values.get("allow_any", "no"),
                    values.get("allow_inactive", "no"),
                    values.get("allow_active", "no"),
                    " ".join(filter(None, (values.get("program"), values.get("argument")))),
                )
            )

    def _entity(self, *_declared: object) -> None:
        message = "it declares entities"
        raise ValueError(message)


def read_policy(document: Document) -> Iterator[PolkitAction | Unreadable]:
    """State the actions of a file, with their defaults."""
    actions = _Actions(document)
    problem = actions.read()
    yield from actions.found
    if problem:
        yield Unreadable(document.location(max(actions.line, 1)), "polkit", problem)
