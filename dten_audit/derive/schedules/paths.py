"""Which paths schedulers read, and what a package ships a file for."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import Final, Literal, NamedTuple, cast

from dten_audit.model.facts.schedules import Role
from dten_audit.readers.knowledge import from_tables, knowledge

Reads = Literal["table", "spool", "anacrontab", "script", ""]
_GROUP_OR_OTHER_WRITE: Final = 0o022
_EXECUTE: Final = 0o111


class Often(NamedTuple):
    """How often run-parts runs a folder: the word for it, and minutes between two runs."""

    word: str
    minutes: int


class Paths(NamedTuple):
    """The table ``rules/knowledge/cron_paths.yaml``."""

    files: frozenset[str]
    folders: frozenset[str]
    spool: frozenset[str]
    anacrontab: frozenset[str]
    scripts: dict[str, Often]
    not_jobs: frozenset[str]
    documentation: frozenset[str]
    examples: frozenset[str]
    example_suffixes: tuple[str, ...]
    on_events: frozenset[str]


@from_tables
def cron_paths() -> Paths:
    """Return the table of cron's paths."""
    table = cast("dict[str, object]", knowledge("cron_paths"))

    def names(row: object) -> frozenset[str]:
        return frozenset(cast("list[str]", row))

    tables = cast("dict[str, list[str]]", table["tables"])
    scripts = cast("dict[str, dict[str, object]]", table["scripts"])
    return Paths(
        names(tables["files"]),
        names(tables["folders"]),
        names(table["spool"]),
        names(table["anacrontab"]),
        {
            folder: Often(str(row["word"]), int(cast("int", row["minutes"])))
            for folder, row in scripts.items()
        },
        names(table["not_jobs"]),
        names(table["documentation"]),
        names(table["examples"]),
        tuple(cast("list[str]", table["example_suffixes"])),
        names(table["on_events"]),
    )


_PACKAGE_MANAGERS: Final = re.compile(r"\.(?:dpkg|rpm|ucf)[a-z-]*$")


@from_tables
def _readers() -> tuple[dict[str, Reads], dict[str, Reads]]:
    """Return who reads which folders, and which single files."""
    paths = cron_paths()
    folders: dict[str, Reads] = {
        **dict.fromkeys(paths.spool, "spool"),
        **dict.fromkeys(paths.scripts, "script"),
        **dict.fromkeys(paths.folders, "table"),
    }
    files: dict[str, Reads] = {
        **dict.fromkeys(paths.files, "table"),
        **dict.fromkeys(paths.anacrontab, "anacrontab"),
    }
    return folders, files


def read_by(path: str) -> Reads:
    """Return who reads a file at this path of a host; empty for none of the schedulers."""
    folders, files = _readers()
    folder, _, name = path.rpartition("/")
    reads = folders.get(folder) or files.get(path) or ""
    return reads if reads and not ignored(name) else ""


def ignored(name: str) -> bool:
    """Tell whether no cron and no run-parts takes a file for a job.

    Hidden files are none, nor are those that package managers put aside (``job.dpkg-old``).
    """
    paths = cron_paths()
    put_aside = name.endswith(paths.example_suffixes) and _PACKAGE_MANAGERS.search(name)
    return not name or name.startswith(".") or name in paths.not_jobs or bool(put_aside)


def landing_path(target: str, name: str = "") -> str:
    """Return the path that a copy to ``target`` gives the file ``name``.

    Cron's folders hold files only: what seems to land below one of those files is that file. Where
    the target's name is computed (a loop over a glob), it is the file's own.
    """
    path = target
    if not read_by(path):
        path = path.rpartition("/")[0]
        if not read_by(path):
            return target
    folder, _, last = path.rpartition("/")
    computed = any(mark in last for mark in "*?$`")
    return f"{folder}/{name}" if name and computed else path


def how_often(path: str) -> Often:
    """Return how often run-parts runs the script at ``path``."""
    return cron_paths().scripts[posixpath.dirname(path)]


def role_of(path: str) -> Role:
    """Say what a file of a package is for: to be used, as an example, or to be read."""
    paths = cron_paths()
    lower = path.lower()
    folders = lower.split("/")[:-1]
    if any(folder in paths.documentation for folder in folders):
        return "documentation"
    if any(folder in paths.examples for folder in folders):
        return "example"
    return "example" if lower.endswith(paths.example_suffixes) else "live"


@cache
def _run_parts_name() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z0-9_-]+")


def path_traps(path: str, mode: int | None) -> tuple[str, ...]:
    """Return what keeps a daemon from reading the file that lands at ``path``.

    ``mode`` is the Unix mode with which it lands, None where that is not known.
    """
    reads = read_by(path)
    traps = []
    name = posixpath.basename(path)
    in_folder = posixpath.dirname(path) in cron_paths().folders
    if (in_folder or reads == "script") and not _run_parts_name().fullmatch(name):
        traps.append("name-ignored")
    if mode is not None and reads == "script" and not mode & _EXECUTE:
        traps.append("not-executable")
    if mode is not None and reads in ("table", "script") and mode & _GROUP_OR_OTHER_WRITE:
        traps.append("writable-by-others")
    return tuple(traps)
