"""What scripts do with crontab(1): install a table, edit the one that is there, delete it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from dten_audit.derive.schedules.building import COMPUTED, Builder
from dten_audit.derive.schedules.moments import Times
from dten_audit.derive.schedules.paths import (
    landing_path,
    path_traps,
    read_by,
    role_of,
)
from dten_audit.derive.schedules.tables import Landing
from dten_audit.model.facts.commands import Command
from dten_audit.model.facts.schedules import Schedule, ScheduleKind

Action = Literal["install", "list", "remove", "edit", "check"]
_SPOOL: Final = "/var/spool/cron/crontabs"
_STDIN: Final = "-"
_WRITES: Final = frozenset((">", ">>", ">|", "&>", "&>>"))
_GREPS: Final = ("grep", "egrep", "fgrep")
_FILTERS: Final = frozenset((*_GREPS, "awk", "gawk", "mawk"))
_TABLES: Final = frozenset(("cron", "crontab"))


class CrontabCall(NamedTuple):
    """A call of crontab(1): what it does, for whom, and the table that it installs."""

    action: Action
    user: str = ""
    file: str = ""


def read_call(arguments: Iterable[str]) -> CrontabCall:
    """Read the arguments of crontab(1), as Debian and cronie have them."""
    action: Action = "install"
    user = file = ""
    words = iter(arguments)
    for word in words:
        if word == _STDIN or not word.startswith("-"):
            file = file or word
            continue
        letters = word[1:]
        flags, has_user, attached = letters.partition("u")
        if has_user:
            user = attached or next(words, "")
        for letter, meaning in _ACTIONS:
            if letter in flags:
                action = meaning
    return CrontabCall(action, user, file)


_ACTIONS: Final[tuple[tuple[str, Action], ...]] = (
    ("T", "check"),
    ("V", "check"),
    ("n", "check"),
    ("e", "edit"),
    ("l", "list"),
    ("r", "remove"),
)


class Found(NamedTuple):
    """What the crontab calls of a package come to."""

    landings: dict[str, Landing]
    schedules: list[Schedule]


def crontab_calls(builder: Builder) -> Found:
    """Return which documents become crontabs, and the calls whose table is not seen or deleted."""
    found = Found({}, [])
    written = _written(builder)
    listing = {
        command.document
        for command in builder.package.of(Command)
        if command.program == "crontab" and read_call(command.arguments).action == "list"
    }
    for command in builder.package.of(Command):
        if command.program == "crontab":
            _crontab(builder, command, found, written, keeps=command.document in listing)
        elif command.program == "supercronic":
            _supercronic(builder, command, found, written)
    return found


def _supercronic(
    builder: Builder, command: Command, found: Found, written: dict[tuple[str, str], list[str]]
) -> None:
    """Take the table that supercronic runs in a container; it has no user field."""
    file = next((word for word in reversed(command.arguments) if not word.startswith("-")), "")
    documents = _documents(builder, command, file, written) if file else []
    near = builder.package.documents.get(command.document)
    if file and near is not None and not documents:
        # A build copies the table to where the container looks for it.
        name = file.rpartition("/")[2]
        documents = [info.id for info in builder.package.index.find(name, near)]
    for document in documents:
        place = f"the table {file} that supercronic runs"
        found.landings[document] = Landing("", "crontab", place, user_of(command), (command.at,))


def _crontab(
    builder: Builder,
    command: Command,
    found: Found,
    written: dict[tuple[str, str], list[str]],
    *,
    keeps: bool,
) -> None:
    call = read_call(command.arguments)
    user = call.user or user_of(command)
    if not user and builder.roles.of(command.document) == "maintainer":
        user = "root"  # dpkg and rpm run them as root
    place = f"the crontab of {user}" if user else "the crontab of the user who runs the script"
    place += _elsewhere(command)
    source = _source(command, call)
    if call.action == "remove" or (call.action == "install" and source == "/dev/null"):
        found.schedules.append(_unseen(builder, command, "crontab-wipe", place, user))
    elif call.action == "edit":
        found.schedules.append(_unseen(builder, command, "crontab-command", place, user))
    elif call.action == "install" and source and not _only_removes(command, source):
        documents = _documents(builder, command, source, written)
        path = f"{_SPOOL}/{user}" if user else _SPOOL
        for document in documents:
            before = found.landings.get(document)
            by = (*(before.by if before else ()), command.at)
            found.landings[document] = Landing(path, "crontab", place, user, by, not keeps)
        if not documents:
            unseen = _unseen(builder, command, "crontab-command", place, user, replaces=not keeps)
            found.schedules.append(unseen)


def _only_removes(command: Command, source: str) -> bool:
    """Say whether a call writes back what was there, less the lines that ``grep -v`` leaves out."""
    programs = [words[0].text for words in command.feeds if words]
    negated = all(
        any(re.fullmatch("-[A-Za-z]*v[A-Za-z]*|--invert-match", word.text) for word in words)
        for words in command.feeds
        if words and words[0].text in _GREPS
    )
    known = set(programs) <= {"crontab", *_GREPS} and "crontab" in programs
    return source == _STDIN and not command.stdin and known and negated


def _source(command: Command, call: CrontabCall) -> str:
    """Return where the table comes from: a path, ``-`` for what is piped in, empty for nothing."""
    if call.file and call.file != _STDIN:
        return call.file
    redirected = [r.target.text for r in command.redirections if r.operator == "<"]
    if redirected:
        return redirected[-1]
    return _STDIN if call.file or command.stdin or command.feeds else ""


def _documents(
    builder: Builder, command: Command, source: str, written: dict[tuple[str, str], list[str]]
) -> list[str]:
    """Return the ids of the documents that a call installs: piped in, written, or shipped."""
    documents = builder.package.documents
    if source == _STDIN:
        inside = [command.stdin, *command.documents]
        return [d for d in inside if d in documents and documents[d].kind in _TABLES]
    near = documents.get(command.document)
    if near is None:
        return []
    before = written.get((near.host or near.id, source))
    return before or [info.id for info in builder.package.index.find(source, near)]


def _written(builder: Builder) -> dict[tuple[str, str], list[str]]:
    """Return the tables that scripts write to files, by script and path."""
    found: dict[tuple[str, str], list[str]] = {}
    for info in builder.package.documents.values():
        if info.host and info.kind in _TABLES and info.path:
            found.setdefault((info.host, info.path), []).append(info.id)
    return found


def user_of(command: Command) -> str:
    """Return the user that a command runs as, as far as its wrappers say; else empty."""
    for layer in reversed(command.layers):
        if layer.kind == "privilege":
            return layer.target or "root"
    return ""


def _elsewhere(command: Command) -> str:
    for layer in command.layers:
        if layer.kind in ("remote", "container") and layer.target:
            return f" {'on' if layer.kind == 'remote' else 'in'} {layer.target}"
    return ""


def _unseen(
    builder: Builder,
    command: Command,
    kind: ScheduleKind,
    place: str,
    user: str,
    *,
    replaces: bool = False,
) -> Schedule:
    """Return a schedule of which only the command that sets it up is seen."""
    wipe = kind == "crontab-wipe"
    summary = f"deletes {place}" if wipe else "its jobs are not in the package as text"
    if replaces:
        summary += f"; replaces all jobs that {place} holds now"
    info = builder.package.documents.get(command.document)
    host = builder.package.documents.get(info.host) if info and info.host else info
    base = Schedule(
        command.at,
        kind,
        command.document,
        f"{_SPOOL}/{user}" if user else "",
        place,
        "",
        "crontab",
        user,
        " ".join(word.text for word in command.argv),
        command.program,
        role=role_of(host.path) if host else "live",
        replaces=wipe or replaces,
        summary=summary,
        certainty=command.certainty if wipe else "computed",
    )
    return builder.complete(base, Times(in_window=False if wipe else COMPUTED))


def unseen_tables(builder: Builder) -> list[Schedule]:
    """Return the writes into cron's folders whose text is not in the package, or only computed."""
    installs = builder.package.installs
    known = {landing_path(install.target) for install in installs if install.source}
    unseen = {(i.script, i.order): landing_path(i.target) for i in installs if not i.source}
    found = []
    less = _leaves_out(builder.package.of(Command))
    for command in builder.package.of(Command):
        if any((command.document, word) in less for word in command.arguments):
            continue  # it puts back what was there, less some lines
        copied = unseen.get((command.document, command.order), "")
        found += [
            _write(builder, command, path)
            for path in dict.fromkeys((*_targets(command), copied))
            if read_by(path)
            and path not in known
            and not _switches_off(command, path)
            and builder.jobs.take(command.at)
        ]
    return found


def _leaves_out(commands: Iterable[Command]) -> set[tuple[str, str]]:
    """Return files, by script, that hold what a filter left of a table of cron."""
    return {
        (command.document, redirection.target.text)
        for command in commands
        if command.program in _FILTERS and any(read_by(word) for word in command.arguments)
        for redirection in command.redirections
        if redirection.operator == ">"
    }


def _switches_off(command: Command, path: str) -> bool:
    """Say whether a table is linked to /dev/null, or gets a name that cron does not read."""
    if role_of(path) == "example" or any(word.text == "/dev/null" for word in command.argv):
        return True
    moves = command.program == "mv" and "name-ignored" in path_traps(path, None)
    return moves and any(read_by(word) and word != path for word in command.arguments)


def _targets(command: Command) -> list[str]:
    """Return the files that a command writes or edits in place."""
    paths = [r.target.text for r in command.redirections if r.operator in _WRITES]
    if command.program == "tee" or (
        command.program == "sed" and any(w[:2] == "-i" for w in command.arguments)
    ):
        paths += [word for word in command.arguments if word.startswith("/")]
    return paths


def _write(builder: Builder, command: Command, path: str) -> Schedule:
    unseen = _unseen(builder, command, "crontab-command", path, "")
    off = builder.skipped(path_traps(path, None))
    return unseen._replace(
        path_on_host=path, dialect="cron.d", enabled=False if off else unseen.enabled
    )
