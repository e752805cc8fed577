"""What each module or resource does, said as commands (``resource_commands.yaml``)."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, cast

from dten_audit.readers.knowledge import from_tables, knowledge

Language = Literal["ansible", "salt", "puppet", "chef"]
Template = tuple["str | Template", ...]
TRUE: Final = frozenset(("true", "yes", "on", "1", "y", "t"))
FALSE: Final = frozenset(("false", "no", "off", "0", "n", "f"))


class Step(NamedTuple):
    """One thing that a resource does; the fields are those of ``resource_commands.yaml``."""

    words: Template = ()
    conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    shell: str = ""
    exec: str = ""
    path: str = ""
    text: str = ""
    kind: str = ""
    argument: bool = False
    to: str = ""
    add: bool = False
    cron: dict[str, str] | None = None


class Row(NamedTuple):
    """What a resource does, step by step, and how its parameters are spelled."""

    steps: tuple[Step, ...]
    values: dict[str, dict[str, str]]
    defaults: dict[str, str]
    lists: frozenset[str]


def _table() -> dict[str, Any]:
    return cast("dict[str, Any]", knowledge("resource_commands"))


@from_tables
def rows(language: Language) -> dict[str, Row]:
    """Return the rows of a language by the names of the resources."""
    found: dict[str, Row] = {}
    for row in _table()[language]:
        made = Row(
            tuple(_step(step) for step in row["run"]),
            {name: _texts(mapped) for name, mapped in row.get("values", {}).items()},
            _texts(row.get("defaults", {})),
            frozenset(row.get("lists", ())),
        )
        found.update(dict.fromkeys(row["names"], made))
    return found


def _texts(mapped: dict[str, object]) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapped.items()}


def _step(step: list[Any] | dict[str, Any]) -> Step:
    if isinstance(step, list):
        return Step(_template(step))
    return Step(
        _template(step.get("words", ())),
        tuple((name, tuple(map(str, wanted))) for name, wanted in step.get("if", {}).items()),
        step.get("shell", ""),
        step.get("exec", ""),
        step.get("path", ""),
        step.get("text", ""),
        step.get("kind", ""),
        step.get("as") == "argument",
        step.get("to", ""),
        bool(step.get("add", False)),
        step.get("cron"),
    )


def _template(words: list[Any] | tuple[()]) -> Template:
    return tuple(_template(word) if isinstance(word, list) else str(word) for word in words)


@from_tables
def aliases(language: Language) -> dict[str, tuple[str, ...]]:
    """Return the other names of parameters."""
    table = cast("dict[str, list[str]]", _table()["aliases"].get(language, {}))
    return {name: tuple(others) for name, others in table.items()}


def title_parameter(language: Language, resource: str) -> str:
    """Return the parameter for which the title of a resource stands."""
    table = cast("dict[str, str]", _table()["titles"][language])
    return table.get(resource, table["default"])


def truth(text: str) -> str:
    """Return ``yes`` or ``no`` for a spelling of true or false, else the text itself."""
    lower = text.lower()
    return "yes" if lower in TRUE else "no" if lower in FALSE else text
