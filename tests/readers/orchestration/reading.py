"""Reads a text as the audit does, and tells what was stated in short."""

from __future__ import annotations

from collections.abc import Iterator

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command, Word
from dten_audit.readers.manifests.reader import read as read_manifest
from dten_audit.readers.orchestration import chef, puppet, salt

_READERS = {
    "yaml": read_manifest,
    "puppet": puppet.read,
    "salt": salt.read,
    "chef": chef.read,
}
TASKS = "roles/dten/tasks/main.yml"
_MARKS = {"exact": "", "resolved": "=", "computed": "?"}


def stated(text: str, path: str, kind: str = "yaml") -> list[Fact | Embedded]:
    """Return all that is stated of a text."""
    document = Document(f"package!/{path}", path, kind, text.encode())
    return list(_READERS[kind](document))


def commands(text: str, path: str = "site.yml", kind: str = "yaml") -> list[Command]:
    """Return the commands of a text."""
    return [fact for fact in stated(text, path, kind) if isinstance(fact, Command)]


def lines(text: str, path: str = "site.yml", kind: str = "yaml") -> list[str]:
    """Return the commands of a text as lines: where, what; ``=`` resolved, ``?`` computed."""
    return [f"{command.at.line}: {spoken(command.argv)}" for command in commands(text, path, kind)]


def spoken(words: tuple[Word, ...]) -> str:
    """Return words with marks of their certainty."""
    return " ".join(f"{word.text}{_MARKS[word.certainty]}" for word in words)


def texts(text: str, path: str = "site.yml", kind: str = "yaml") -> Iterator[Embedded]:
    """Yield the embedded documents."""
    for fact in stated(text, path, kind):
        if isinstance(fact, Embedded):
            yield fact


def task(body: str) -> str:
    """Return a task file with one task."""
    first, *rest = body.split("\n")
    return "\n".join(["---", f"- {first}", *(f"  {line}" for line in rest)]) + "\n"


def play(tasks: str, keys: str = "") -> str:
    """Return a playbook with tasks and further keys of the play."""
    head = "".join(f"  {line}\n" for line in keys.split("\n") if line)
    return f"- hosts: app\n{head}  tasks:\n" + "".join(f"    {x}\n" for x in tasks.split("\n"))
