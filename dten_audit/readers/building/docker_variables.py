"""Variables that a Dockerfile's ENV sets: ``NAME=VALUE …`` or, one only, ``NAME VALUE``.

Source: the Dockerfile reference, ENV.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from dten_audit.documents.document import Document
from dten_audit.model.facts.config import ConfigKey
from dten_audit.readers.building.docker_lines import Instruction
from dten_audit.readers.config.keys import MAX_VALUE, sound

_LONGEST = 16_384


def variables(document: Document, found: Instruction) -> Iterator[ConfigKey]:
    """Yield what an ENV instruction sets, each where its name stands."""
    for name, value in _assignments(found.text[:_LONGEST]):
        line = next((number for number, part in found.parts if name in part), found.line)
        yield ConfigKey(
            document.location(line),
            "dockerfile",
            document.path,
            "",
            sound(name[:MAX_VALUE]),
            sound(value[:MAX_VALUE]),
            "computed" if "$" in value else "exact",
        )


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    first, _, rest = text.partition(" ")
    if "=" not in first:
        yield first, rest.strip()
        return
    try:
        words = shlex.split(text)
    except ValueError:
        return
    for word in words:
        name, equals, value = word.partition("=")
        if name and equals:
            yield name, value
