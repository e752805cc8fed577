"""Messages with ``{field}`` in them: filled from a fact, checked when the rule is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from dten_audit.judge.fields import values
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

_FIELD: Final = re.compile(r"(?<![\{$])\{([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)\}(?!\})")
_PART: Final = re.compile(rf"{_FIELD.pattern}|\{{\{{|\}}\}}")
"""A field, or a brace written twice: what fields hold is put in as it is."""
_LIMIT: Final = 600


def fields_of(template: str) -> Iterator[str]:
    """Yield the paths that a template names."""
    for match in _FIELD.finditer(template):
        yield match[1]


def fill(template: str, fact: object, extra: Mapping[str, object]) -> str:
    """Return ``template`` with each ``{path}`` replaced by the fact's value there, as text."""
    return "".join(
        piece if path is None else _value(path, piece, fact, extra)
        for piece, path in _pieces(template)
    ).strip()


def _value(path: tuple[str, ...], name: str, fact: object, extra: Mapping[str, object]) -> str:
    if name in extra:
        return str(extra[name])
    return ", ".join(text for found in values(fact, path) if (text := as_text(found)))


@cache
def _pieces(template: str) -> tuple[tuple[str, tuple[str, ...] | None], ...]:
    """Return the texts of a template, and its fields, each with its path."""
    found: list[tuple[str, tuple[str, ...] | None]] = []
    at = 0
    for match in _PART.finditer(template):
        found.append((template[at : match.start()], None))
        name = match[1]
        found.append((name, tuple(name.split("."))) if name else (match[0][0], None))
        at = match.end()
    return (*found, (template[at:], None))


def as_text(value: object) -> str:
    """Return a fact's value as a reader should see it."""
    if type(value) is str:
        return value if len(value) <= _LIMIT else value[: _LIMIT - 1] + "…"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    if isinstance(value, Unknown):
        return "unknown"
    if isinstance(value, Location):
        return f"{value.path}:{value.line}" if value.line else value.path
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return ", ".join(text for part in value if (text := as_text(part)))
    if hasattr(value, "text"):
        return str(value.text)
    text = str(value)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"
