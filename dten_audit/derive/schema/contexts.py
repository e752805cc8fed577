"""Who runs which SQL, in which session: client options, environment and locks around it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from dten_audit.derive.schema.book import Book
from dten_audit.derive.schema.settings import AT_RUN_TIME, Milliseconds, milliseconds, options
from dten_audit.links.package import Call, Package
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.sql import Dialect
from dten_audit.model.location import Location
from dten_audit.readers.knowledge import knowledge
from dten_audit.readers.sql.dialect import of_client
from dten_audit.readers.sql.scanning import Scanner
from dten_audit.readers.sql.splitter import split

MAX_CHAINS: Final = 24
MAX_DEPTH: Final = 6
_GLUED: Final = 2
_BUNDLE: Final = re.compile(r"-[AaEeHnqStwWxXz1]{2,6}f?")
"""Options of psql that take no value, together; the last may be ``-f``."""


class Run(NamedTuple):
    """A document in a session; ``together``: sent in one piece, an implicit transaction."""

    document: str
    together: bool = False


class Context(NamedTuple):
    """What surrounds a session. ``lock_holder`` names the lock that a caller holds, else empty."""

    dialect: Dialect | None = None
    settings: tuple[tuple[str, Milliseconds], ...] = ()
    single: bool = False
    lock_holder: str = ""
    user: str = ""


class Session(NamedTuple):
    """Documents that one client reads, one after the other, and who starts that client.

    ``script`` is the id of the document that starts it, ``order`` its rank there.
    """

    runs: tuple[Run, ...]
    context: Context
    callers: tuple[Location, ...]
    script: str
    order: int


def sessions(package: Package, book: Book) -> list[Session]:
    """Return the sessions that commands of the package start with its SQL."""
    called: dict[tuple[str, int, Location], list[Call]] = defaultdict(list)
    for call in _calls(package, book):
        command = call.command
        called[command.document, command.order, command.at].append(call)
    around = _Surroundings(package)
    found: dict[tuple[tuple[Run, ...], Context, str, int], list[Location]] = defaultdict(list)
    for calls in called.values():
        command = calls[0].command
        runs = tuple(_in_order(command, calls, package))
        for context in around.contexts(command):
            found[runs, context, command.document, command.order].append(command.at)
    return [
        Session(runs, context, tuple(dict.fromkeys(places)), script, order)
        for (runs, context, script, order), places in found.items()
    ]


def _calls(package: Package, book: Book) -> Iterator[Call]:
    """Yield who runs which SQL; functions that nobody calls count only where nobody else does.

    What a program sends by itself is run by those who run the program.
    """
    for document in sorted(book.files):
        info = book.files[document].info
        ran = info.host if ("from", "program") in info.hints else ""
        calls = package.callers(document) or [
            call._replace(callee=document) for call in package.callers(ran)
        ]
        yield from [call for call in calls if call.command.called] or calls


def clients() -> dict[str, dict[str, list[str]]]:
    """Return the clients of databases (rules/knowledge/sql_clients.yaml)."""
    return cast("dict[str, dict[str, dict[str, list[str]]]]", knowledge("sql_clients"))["clients"]


def _client(command: Command) -> dict[str, list[str]]:
    return clients().get(command.program, {})


def _in_order(command: Command, calls: list[Call], package: Package) -> Iterator[Run]:
    """Yield the documents of a command as its options name them; texts are sent in one piece."""
    client = _client(command)
    waiting = list(dict.fromkeys(call.callee for call in calls))
    texts = [d for d in command.documents if d in waiting]
    postgres = of_client(command.program) == "postgres"
    for word in command.arguments:
        option, _, glued = word.partition("=")
        if texts and (option in client.get("text", ())):
            waiting.remove(texts[0])
            yield Run(texts.pop(0), together=postgres)
        name = (glued or word).rpartition("/")[2]
        for document in list(waiting):
            info = package.documents.get(document)
            if info is not None and not info.host and info.path.rpartition("/")[2] == name:
                waiting.remove(document)
                yield Run(document)
    for document in waiting:
        yield Run(document, together=postgres and document in texts)


class _Surroundings:
    """The chains of calls above a command, and what they add to its session."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._commands: dict[str, list[Command]] = defaultdict(list)
        table = cast("dict[str, list[str]]", knowledge("migration_runners"))
        self._locking = frozenset(table["locking"])
        self._by_name = frozenset(table["by_name"])
        for command in package.of(Command):
            if command.program in self._locking and command.called:
                self._commands[command.document].append(command)

    def contexts(self, command: Command) -> Iterator[Context]:
        """Yield one context for each way that leads to the command."""
        for chain in self._chains(command):
            lock = next(filter(None, (self._lock(each) for each in chain)), "")
            yield _context(chain, lock)

    def _chains(self, command: Command) -> list[tuple[Command, ...]]:
        finished: list[tuple[Command, ...]] = []
        growing: list[tuple[Command, ...]] = [(command,)]
        while growing and len(finished) < MAX_CHAINS:
            chain = growing.pop(0)
            documents = {each.document for each in chain}
            callers = [
                call.command
                for call in self._package.callers(chain[-1].document)
                if call.command.document not in documents
            ]
            if not callers or len(chain) >= MAX_DEPTH:
                finished.append(chain)
            growing += [(*chain, caller) for caller in callers[:MAX_CHAINS]]
            del growing[4 * MAX_CHAINS :]
        return finished

    def _lock(self, command: Command) -> str:
        """Return the lock that is held while the command runs: around it, or taken before it."""
        for layer in command.layers:
            if layer.kind == "lock":
                return f"{layer.tool} {layer.target}".strip()
        for earlier in self._commands.get(command.document, ()):
            words = earlier.arguments
            if earlier.order >= command.order or (words[:1] and words[0] in ("-u", "--unlock")):
                continue
            if earlier.program in self._by_name and not any("lock" in word for word in words):
                continue
            return " ".join((earlier.program, *words))[:100]
        return ""


def _context(chain: tuple[Command, ...], lock: str) -> Context:
    command = chain[0]
    client = _client(command)
    settings: dict[str, Milliseconds] = {}
    environment = {name: word.text for each in reversed(chain) for name, word in each.environment}
    for variable in client.get("options", ()):
        value = environment.get(variable, "")
        if "$" in value:
            settings["lock_timeout"] = AT_RUN_TIME
        settings.update(options(value))
    dialect = of_client(command.program)
    for word in command.arguments if dialect == "postgres" else ():
        if "options" in word:
            settings.update(options(word))
    for sql in _values(command, client.get("init", [])):
        settings.update(_initial(sql, dialect or "generic"))
    user = next(iter(_values(command, client.get("user", []))), "")
    if not user:
        user = environment.get(str(client.get("user_variable", "")), "")
    single = has_option(command, client.get("single", []))
    return Context(dialect, tuple(sorted(settings.items())), single, lock, user)


def has_option(command: Command, names: list[str]) -> bool:
    """Say whether a command has one of these options, that of a digit also in a bundle (``-X1``).

    In a bundle, a letter may as well be part of a value (``-pfoo``).
    """
    digits = {name[1] for name in names if len(name) == _GLUED and name[1].isdigit()}
    return any(
        word in names or (_BUNDLE.fullmatch(word) is not None and not digits.isdisjoint(word))
        for word in command.arguments
    )


def _values(command: Command, names: list[str]) -> Iterator[str]:
    """Yield the values of options: ``-U x``, ``-Ux``, ``--username=x``, ``--username x``."""
    words = command.arguments
    for number, word in enumerate(words):
        for name in names:
            if word == name and number + 1 < len(words):
                yield words[number + 1]
            elif name.startswith("--") and word.startswith(name + "="):
                yield word[len(name) + 1 :]
            elif len(name) == _GLUED and word.startswith(name) and len(word) > _GLUED:
                yield word[_GLUED:]


def _initial(sql: str, dialect: Dialect) -> dict[str, Milliseconds]:
    """Return the settings that a client's first statements make."""
    scanner, found = Scanner(sql, dialect), {}
    for piece in split(sql, dialect):
        for each in scanner.scan(piece.start, piece.end):
            value = milliseconds(each.value, 1000 if dialect == "mysql" else 1)
            if each.verb == "set" and value is not None:
                found[each.name] = value
    return dict(found)
