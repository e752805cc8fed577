"""Shows the description that an example is built of, one line for each member."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

_STEP = "  "


def outline(spec: Mapping[str, object]) -> Iterator[str]:
    """Yield the lines of a description; texts stand on one line, with their line ends escaped."""
    for key, value in spec.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{key}:"
            for member in value:
                yield from _member(member)
        else:
            yield f"{key}: {_text(value)}"


def _member(member: Mapping[str, object]) -> Iterator[str]:
    plain = [
        f"{key}: {_text(value)}" for key, value in member.items() if not isinstance(value, dict)
    ]
    yield f"- {', '.join(plain)}"
    for key, value in member.items():
        if isinstance(value, dict):
            yield f"{_STEP}{key}:"
            yield from (f"{_STEP * 2}{line}" for line in outline(value))


def _text(value: object) -> str:
    """Return a value as YAML and JSON write it; a plain word without quotes."""
    written = json.dumps(value)
    if isinstance(value, str) and written == f'"{value}"' and value.replace("/", "").isalnum():
        return value
    return written
