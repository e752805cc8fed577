"""Takes a command's words apart into options, their values, and operands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dten_audit.readers.shell.values import Field, cut


class Option(NamedTuple):
    """An option (``name`` as in ``-u`` or ``--user``) with its value, or an operand (``""``).

    ``at`` and ``after`` are the numbers of its first word and of the word that follows it.
    """

    name: str
    value: Field | None
    at: int
    after: int


def options(argv: list[Field], start: int, values: frozenset[str]) -> Iterator[Option]:
    """Yield options and operands from word ``start`` on; ``values`` names options with a value.

    Operands do not end the options: whoever cares stops asking. After ``--`` all are operands.
    """
    at, count = start, len(argv)
    plain_from_here = False
    while at < count:
        field = argv[at]
        text = field.text
        if plain_from_here or len(text) < 2 or text[0] not in "-+":  # noqa: PLR2004 ("-" alone is an operand)
            yield Option("", field, at, at + 1)
            at += 1
            continue
        if text == "--":
            plain_from_here = True
            yield Option("--", None, at, at + 1)
            at += 1
            continue
        found = _option(argv, at, values)
        yield from found
        at = found[-1].after


def _option(argv: list[Field], at: int, values: frozenset[str]) -> list[Option]:
    """Return what one option word holds: one long option, or a cluster of short ones."""
    field = argv[at]
    text = field.text
    following = argv[at + 1] if at + 1 < len(argv) else None
    name, equals, _ = text.partition("=")
    if text in values:
        return [Option(text, following, at, at + 1 + (following is not None))]
    if text.startswith("--") or name in values:
        value = cut(field, len(name) + 1, len(text)) if equals else None
        return [Option(name, value, at, at + 1)]
    found: list[Option] = []
    for number, letter in enumerate(text[1:], 1):
        short = text[0] + letter
        if short in values:
            rest = cut(field, number + 1, len(text))
            if rest.text:
                return [*found, Option(short, rest, at, at + 1)]
            return [*found, Option(short, following, at, at + 1 + (following is not None))]
        found.append(Option(short, None, at, at + 1))
        if not letter.isalpha():
            break
    return found
