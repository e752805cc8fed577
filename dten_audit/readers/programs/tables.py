"""The functions that run commands, from ``rules/knowledge/process_calls.yaml``."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, cast

from dten_audit.model.facts.commands import LayerKind
from dten_audit.readers.gate import Gate, Trigger
from dten_audit.readers.knowledge import from_tables, knowledge


class Row(NamedTuple):
    """A function that runs something; the fields are those of ``process_calls.yaml``."""

    takes: str
    at: int = 0
    keywords: tuple[str, ...] = ()
    shell: str = ""
    default: bool = False
    split: bool = False
    cwd: str = ""
    env: str = ""
    input: str = ""
    stops: bool | tuple[str, ...] = False
    layer: tuple[str, LayerKind] | None = None
    on: str = ""
    since: tuple[str, ...] = ()
    command: str = ""
    mode: str = ""
    text: int = 0
    append: bool = False


class Calls(NamedTuple):
    """The functions of a language by name; ``methods`` by the last part of theirs.

    ``last`` are the last parts of all names.
    """

    names: dict[str, tuple[Row, ...]]
    methods: dict[str, tuple[Row, ...]]
    last: frozenset[str]


OWN = -1
"""In ``Row.at``: the object that the method is called on."""


def _table() -> dict[str, Any]:
    return cast("dict[str, Any]", knowledge("process_calls"))


def _row(data: dict[str, Any]) -> Row:
    known = {key: data[key] for key in ("takes", "shell", "default", "split", "env", "input", "on",
                                        "command", "text", "append") if key in data}  # fmt: skip
    layer = data.get("layer")
    stops = data.get("stops", False)
    at = data.get("at", 0)
    return Row(
        **known,
        at=OWN if at == "self" else at,
        keywords=tuple(data.get("keywords", ())),
        cwd=str(data.get("cwd", "")),
        mode=str(data.get("mode", "")),
        stops=tuple(stops) if isinstance(stops, list) else stops,
        layer=(layer["tool"], layer["kind"]) if layer else None,
        since=tuple(data.get("since", ())),
    )


@from_tables
def calls(language: str) -> Calls:
    """Return the functions of a language."""
    table = _table()
    names: dict[str, tuple[Row, ...]] = {}
    methods: dict[str, tuple[Row, ...]] = {}
    for source in dict.fromkeys((language, table["like"].get(language, language))):
        for data in table["calls"].get(source, ()):
            row = _row(data)
            for name in data["names"]:
                into = methods if name.startswith(".") else names
                key = name.lstrip(".")
                into[key] = (*into.get(key, ()), row)
    last = frozenset(re.split(r"[./]", name)[-1] for name in (*names, *methods))
    return Calls(names, methods, last)


@from_tables
def _gate(language: str) -> Gate:
    table = _table()
    triggers = table["triggers"]
    words = triggers.get(language) or triggers[table["like"][language]]
    topics = {**words, "paths": [table["paths"]]}
    return Gate([Trigger(name, text.encode()) for name, texts in topics.items() for text in texts])


def worth_reading(language: str, data: bytes) -> bool:
    """Say, by a document's bytes, whether a program may run anything that is told here."""
    topics = _gate(language).topics(data)
    return "runs" in topics or len(topics) == len(("changes", "paths"))


@from_tables
def interpreters() -> dict[str, str]:
    """Return expressions that stand for an interpreter, and its program."""
    return cast("dict[str, str]", _table()["interpreters"])


@from_tables
def own_files() -> frozenset[str]:
    """Return expressions that stand for the program's own file."""
    return frozenset(_table()["own_file"])


@from_tables
def own_folders() -> frozenset[str]:
    """Return expressions that stand for the folder of the program's own file."""
    return frozenset(_table()["own_folder"])
