"""The commands that a job comes to: its own, those of texts inside it, those of shipped scripts."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from dten_audit.derive.allowance import PerFile
from dten_audit.documents.document import Document, Embedded
from dten_audit.links.calls import calls
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.schedules import CronJob
from dten_audit.model.location import Location
from dten_audit.readers.registry import READERS

_DEPTH: Final = 5
_COMMANDS: Final = 5_000
_ALL_COMMANDS: Final = 200_000
_MOST_TEXTS: Final = 500
"""So many texts of jobs are read in one file: no real table or script has a tenth of that."""
TOO_MANY: Final = "more commands of jobs than are read"


class Step(NamedTuple):
    """A command that a job comes to; ``depth`` 0 is the job's own text, 1 a script that it runs."""

    command: Command
    depth: int


class Scripts:
    """Looks commands up by the document that runs them, and follows calls into shipped scripts."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._read = 0
        self.texts = PerFile(_MOST_TEXTS, "shell", TOO_MANY)
        self._left = _ALL_COMMANDS
        self.cut = False
        self._commands: dict[str, list[Command]] = defaultdict(list)
        for command in package.of(Command):
            self._commands[command.document].append(command)
        self._callees: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
        for callee, found in package.calls.items():
            for call in found:
                key = (call.command.document, call.command.order)
                self._callees[key].append((callee, call.how))

    def of(self, document: str) -> list[Command]:
        """Return the commands of one document, in its order."""
        return self._commands.get(document, [])

    def callee(self, command: Command) -> str:
        """Return the id of the shipped script that a command runs, empty where it runs none."""
        found = self._callees.get((command.document, command.order), ())
        return next((callee for callee, how in found if how == "runs"), "")

    def steps(self, document: str) -> list[Step]:
        """Return all commands that running ``document`` comes to, outer ones first."""
        return list(self._follow([(document, 0)]))

    def steps_from(self, commands: Iterable[Command]) -> list[Step]:
        """The same for commands that are in no document of the package."""
        own = list(commands)
        self._resolve(own)
        below = [work for command in own for work in self._below(command, 0)]
        return [*(Step(command, 0) for command in own), *self._follow(below)]

    def _follow(self, work: list[tuple[str, int]]) -> Iterator[Step]:
        """Yield what documents come to; ``cut`` tells afterwards whether that is all of it."""
        seen: set[str] = set()
        count = 0
        waiting = deque(work)
        self.cut = False
        while waiting:
            document, depth = waiting.popleft()
            if document in seen or depth > _DEPTH:
                continue
            seen.add(document)
            for command in self._commands.get(document, ()):
                if not command.called:
                    continue
                count += 1
                if count > _COMMANDS or (depth and self._left <= 0):
                    self.cut = True
                    return
                self._left -= 1
                yield Step(command, depth)
                waiting += self._below(command, depth)

    def _below(self, command: Command, depth: int) -> list[tuple[str, int]]:
        inside = [(text, depth) for text in (command.stdin, *command.documents) if text]
        called = self._callees.get((command.document, command.order), ())
        return [*inside, *((callee, depth + 1) for callee, how in called if how != "sql")]

    def _resolve(self, commands: list[Command]) -> None:
        """Note what commands that the linker has not seen call in the package."""
        documents = self.package.documents
        near = [documents[c.document] for c in commands[:1] if c.document in documents]
        for call in calls(Package(near, commands), self.package.index):
            key = (call.command.document, call.command.order)
            self._callees[key].append((call.callee, call.how))

    def read_command(
        self, text: str, at: Location, document: str, kind: str = "shell"
    ) -> list[Command]:
        """Return the commands of a text that no reader has seen (``ExecStart=``).

        ``texts`` tells afterwards where a file holds more of them than are read.
        """
        if not self.texts.take(at):
            return []
        host = Document(at.path, "", kind, text.encode("utf-8", "surrogatepass"))
        host.id = f"{document}#schedule"
        found = [fact for fact in _read(host) if isinstance(fact, Command)]
        self._read += len(found)
        return [
            command._replace(at=at, document=document, order=number - self._read)
            for number, command in enumerate(found)
        ]

    def read_table(self, document: str, kind: str) -> list[CronJob]:
        """Read a shipped file as a cron table, whatever its name made of it."""
        info, data = self.package.documents.get(document), self.package.content(document)
        if info is None or data is None or info.host:
            return []
        table = Document(info.address, info.path, kind, data, info.mode)
        return [fact for fact in _read(table) if isinstance(fact, CronJob)]


def _read(document: Document) -> Iterator[Fact]:
    """Yield what the readers of its kind state about a document and the texts inside it."""
    work = [document]
    while work:
        current = work.pop()
        for reader in READERS:
            if current.kind not in reader.kinds:
                continue
            for stated in reader.load()(current):
                if not isinstance(stated, Embedded):
                    yield stated
                elif current.depth < _DEPTH:
                    work.append(current.embed(stated))
