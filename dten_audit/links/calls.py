"""Who runs whom: scripts that call scripts, clients that run SQL files, texts fed to programs."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import DocumentInfo
from dten_audit.links import windows
from dten_audit.links.making import MAKERS, Recipes
from dten_audit.links.package import Call, Package
from dten_audit.links.resolving import PathIndex
from dten_audit.model.facts.commands import Command
from dten_audit.model.location import MEMBER

INTERPRETERS: Final = frozenset(
    "sh bash dash ksh zsh ash busybox python python2 python3 perl ruby php node".split()
)
SOURCING: Final = frozenset(("source", "."))
SQL_CLIENTS: Final = frozenset(
    "psql mysql mariadb sqlite3 sqlcmd sqlplus isql usql clickhouse-client cockroach".split()
)
PLAYBOOKS: Final = frozenset(("ansible-playbook", "ansible-pull"))
INCLUDES: Final = frozenset(
    "role include include_tasks import_tasks include_role import_role import_playbook".split()
)
"""What readers of configuration tools state where one of their files includes others."""
ROLES: Final = frozenset("role include_role import_role".split())
PRODUCERS: Final = frozenset(
    "cat zcat gunzip gzip zstdcat zstd unzstd xzcat xz unxz bzcat bunzip2 bzip2 lz4 lz4cat pv"
    " envsubst sed awk gawk tr iconv grep egrep head tail tac sort m4 unzip tee perl".split()
)
"""Programs that pass files on, also unpacked or with names filled in."""
SQL_FILES: Final = tuple(
    f".{kind}{packed}"
    for kind in ("sql", "ddl", "psql", "mysql")
    for packed in ("", ".gz", ".xz", ".bz2", ".zst", ".lz4", ".in", ".tmpl", ".template")
)
FILE_OPTIONS: Final = frozenset(("-f", "--file", "-i", "--input-file", "--init-command-file"))


def calls(package: Package, index: PathIndex) -> Iterator[Call]:
    """Yield each command that runs a shipped document, once for each such document."""
    recipes = Recipes(package)
    packed = _packed(package)
    for command in package.of(Command):
        near = package.documents.get(command.document)
        if near is None:
            continue
        for recipe in recipes.run_by(command, near, index) if command.program in MAKERS else ():
            yield Call(command, recipe, "recipe")
        for embedded in dict.fromkeys((command.stdin, *command.documents)):
            if embedded in package.documents and not _written(package, embedded):
                yield Call(command, embedded, "embedded")
        for text in command.arguments if command.program in INCLUDES else ():
            for document in _included(command.program, text, near, index):
                if document.id != command.document:
                    yield Call(command, document.id, "includes")
        for text, how in windows.with_its_own(command, _references(command)):
            for document in index.find(in_folder(text, command.folder), near):
                if document.id != command.document:
                    yield Call(command, document.id, how)
            for document_id in packed.get(posixpath.basename(text), ()) if how == "sql" else ():
                yield Call(command, document_id, how)


def _packed(package: Package) -> dict[str, list[str]]:
    """Return the texts of SQL in packed files by the names of these (``dump.sql.gz``)."""
    found: dict[str, list[str]] = defaultdict(list)
    for document in package.documents.values():
        if document.kind == "sql" and not document.host:
            container = posixpath.basename(document.address.rpartition(MEMBER)[0])
            if container.endswith(SQL_FILES):
                found[container].append(document.id)
    return found


def _included(
    program: str, text: str, near: DocumentInfo, index: PathIndex
) -> Iterator[DocumentInfo]:
    """Yield the files that an include means; a role is looked for beside its playbook first.

    A role of a collection lies in a folder that only the host's settings tell: where several could
    be meant, each is.
    """
    paths = (f"roles/{text}", text) if program in ROLES else (text,)
    for path in paths:
        found = [d for d in index.find(path, near) if f"/{d.path}".endswith(f"/{path}")]
        if found:
            yield from found
            return
    if program in ROLES:
        yield from index.ending(paths[0], near)


def _references(command: Command) -> Iterator[tuple[str, str]]:
    """Yield the paths that a command runs, and in which way."""
    if not command.argv:
        return
    first, arguments = command.argv[0].text, command.arguments
    program = command.program
    if program in SOURCING:
        if arguments:
            yield arguments[0], "sources"
    elif program in INTERPRETERS:
        script = next((word for word in arguments if not word.startswith(("-", "+"))), "")
        if script and not any(word in ("-c", "-m", "-e") for word in arguments):
            yield script, "runs"
    elif program in SQL_CLIENTS:
        yield from ((text, "sql") for text in _sql_files(command))
    elif program in PLAYBOOKS:
        yield from ((word, "runs") for word in arguments if word.endswith((".yml", ".yaml")))
    elif "/" in first:
        yield first, "runs"


def _sql_files(command: Command) -> Iterator[str]:
    arguments = command.arguments
    for number, word in enumerate(arguments):
        if word in FILE_OPTIONS and number + 1 < len(arguments):
            yield arguments[number + 1]
        elif word.startswith("--file="):
            yield word.removeprefix("--file=")
        elif word.startswith("-f") and len(word) > 2 and not word.startswith("--"):  # noqa: PLR2004 (the option's own length)
            yield word[2:]
        elif word.startswith("@") and command.program == "sqlplus":
            yield word.lstrip("@")
        elif command.program == "sqlite3" and word.startswith(".read "):
            yield word.removeprefix(".read ").strip()
    for redirection in command.redirections:
        if redirection.operator == "<":
            yield redirection.target.text
    for producer in command.feeds:
        words = [word.text for word in producer]
        if words and words[0].rpartition("/")[2] in PRODUCERS:
            yield from (word for word in words[1:] if word.endswith(SQL_FILES))


def in_folder(text: str, folder: str) -> str:
    """Return a path as seen from the folder that the script works in."""
    return f"{folder}/{text}" if folder and not text.startswith(("/", "$", "~")) else text


def _written(package: Package, embedded: str) -> bool:
    """Say whether an embedded text is written to a file and not run where it stands."""
    info = package.documents[embedded]
    host = package.documents.get(info.host)
    return host is not None and info.path != host.path
