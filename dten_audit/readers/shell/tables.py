"""The tables of wrappers and of programs that run text, from ``rules/knowledge``."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from dten_audit.model.facts.commands import LayerKind
from dten_audit.readers.knowledge import from_tables, knowledge


class Wrapper(NamedTuple):
    """A program that runs another one; the fields are those of ``wrappers.yaml``."""

    layer: LayerKind
    values: frozenset[str]
    globals: frozenset[str]
    subcommands: tuple[tuple[str, ...], ...]
    positionals: int
    target: frozenset[str]
    default: str
    assignments: bool
    stop: frozenset[str]
    code: frozenset[str]
    switch: frozenset[str]
    joined: bool
    after: frozenset[str]
    until: frozenset[str]
    itself: bool
    stdin: bool
    deferred_by: tuple[str, ...]
    entry: frozenset[str] = frozenset()
    scripts: frozenset[str] = frozenset()
    reads: bool = False


class Client(NamedTuple):
    """A program that runs text in another language; the fields are those of ``wrappers.yaml``."""

    kind: str
    stdin: bool
    code: frozenset[str]
    file: frozenset[str]
    values: frozenset[str]
    operand: int
    operand_is_file: bool
    dash: frozenset[str]
    flags: dict[str, frozenset[str]]


def _words(row: dict[str, Any], key: str) -> frozenset[str]:
    return frozenset(str(word) for word in row.get(key, ()))


@from_tables
def wrappers() -> dict[str, Wrapper]:
    """Return the wrappers by name."""
    found: dict[str, Wrapper] = {}
    for row in _rows("wrappers"):
        wrapper = Wrapper(
            cast("LayerKind", row["layer"]),
            _words(row, "values"),
            _words(row, "globals"),
            tuple(tuple(words.split()) for words in row.get("subcommands", ())),
            row.get("positionals", 0),
            _words(row, "target"),
            row.get("default", ""),
            row.get("assignments", False),
            _words(row, "stop"),
            _words(row, "code"),
            _words(row, "switch"),
            row.get("joined", False),
            _words(row, "after"),
            _words(row, "until"),
            row.get("itself", False),
            row.get("stdin", False),
            tuple(row.get("deferred_by", ())),
            _words(row, "entry"),
            _words(row, "scripts"),
            row.get("reads", False),
        )
        found.update(dict.fromkeys(row["names"], wrapper))
    return found


@from_tables
def clients() -> dict[str, Client]:
    """Return the programs that run text, by name."""
    found: dict[str, Client] = {}
    for row in _rows("clients"):
        client = Client(
            row["kind"],
            row.get("stdin", False),
            _words(row, "code"),
            _words(row, "file"),
            _words(row, "values"),
            row.get("operand", 0),
            row.get("operand_is_file", False),
            _words(row, "dash"),
            {hint: frozenset(map(str, options)) for hint, options in row.get("flags", {}).items()},
        )
        found.update(dict.fromkeys(row["names"], client))
    return found


def _rows(section: str) -> list[dict[str, Any]]:
    table = cast("dict[str, list[dict[str, Any]]]", knowledge("wrappers"))
    return table[section]


@from_tables
def special_names() -> frozenset[str]:
    """Return the names of all programs that are more than their words to a reader of scripts."""
    shells_own = {"cp", "mv", "install", "dd", "sponge", "tee", "cat"}
    running = shells_own | inner_languages().keys()
    return frozenset(wrappers()) | frozenset(clients()) | stop_names() | running


@from_tables
def inner_languages() -> dict[str, str]:
    """Return the language of programs whose text runs commands of which the words can be read."""
    return {name: str(row["language"]) for row in _rows("inner") for name in row["names"]}


@from_tables
def message_names() -> frozenset[str]:
    """Return names of functions that only print."""
    return frozenset(_names("messages"))


@from_tables
def printing_names() -> frozenset[str]:
    """Return names of programs that only print what they read or are told."""
    return frozenset(_names("prints"))


@from_tables
def stop_names() -> frozenset[str]:
    """Return names of functions that print and end the script."""
    return frozenset(_names("stops"))


def _names(section: str) -> list[str]:
    table = cast("dict[str, list[str]]", knowledge("message_functions"))
    return table[section]
