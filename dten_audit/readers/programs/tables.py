"""The functions that run commands, from ``rules/knowledge/process_calls.yaml``."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, cast

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import LayerKind
from dten_audit.readers.gate import Trigger
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.words import words_of

_PATHS: Final = "programs paths"


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


def triggers() -> list[Trigger]:
    """Return the words of which programs hold some that run or write anything."""
    table = _table()
    like: dict[str, str] = table["like"]
    kinds = {
        language: frozenset((language, *(own for own, other in like.items() if other == language)))
        for language in table["triggers"]
    }
    every = frozenset().union(*kinds.values())
    return [
        Trigger(_PATHS, table["paths"].encode(), every),
        *(
            Trigger(f"programs {language} {topic}", pattern.encode(), kinds[language])
            for language, topics in table["triggers"].items()
            for topic, patterns in topics.items()
            for pattern in patterns
        ),
    ]


def worth_reading(document: Document) -> bool:
    """Say, by a document's bytes, whether a program may run anything that is told here."""
    table = _table()
    kind = document.kind
    language = kind if kind in table["triggers"] else table["like"][kind]
    words = words_of(document)
    return f"programs {language} runs" in words or (
        _PATHS in words and f"programs {language} changes" in words
    )


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
