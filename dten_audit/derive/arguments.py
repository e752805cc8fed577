"""A command's words as options and operands, by a table of which options take a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dten_audit.model.facts.commands import Command, Word


class Arguments(NamedTuple):
    """``options`` are pairs of an option and its value (empty where it takes none), as written."""

    options: tuple[tuple[str, str], ...]
    operands: tuple[Word, ...]

    def has(self, *names: str) -> bool:
        """Say whether any of these options is given."""
        return any(name in names for name, _ in self.options)

    def value(self, *names: str) -> str:
        """Return the last value given to any of these options; empty where none is."""
        found = [value for name, value in self.options if name in names]
        return found[-1] if found else ""


def split_arguments(
    words: Sequence[Word], takes: Iterable[str] = (), *, first_operand_ends: bool = False
) -> Arguments:
    """Split words as getopt_long(3) does; ``takes`` are the options with a value.

    ``first_operand_ends``: what follows the first operand belongs to another command.
    """
    wanted = frozenset(takes)
    options: list[tuple[str, str]] = []
    operands: list[Word] = []
    queue = iter(words)
    for word in queue:
        text = word.text
        if text == "--":
            operands += queue
        elif text.startswith("--"):
            name, equals, value = text.partition("=")
            if not equals and name in wanted:
                value = next(queue, Word("")).text
            options.append((name, value))
        elif text.startswith("-") and len(text) > 1:
            options += _short(text, wanted, queue)
        else:
            operands.append(word)
            if first_operand_ends:
                operands += queue
    return Arguments(tuple(options), tuple(operands))


def _short(text: str, wanted: frozenset[str], queue: Iterator[Word]) -> Iterator[tuple[str, str]]:
    """Yield the options of a word such as ``-qn5``."""
    if text in wanted:
        yield text, next(queue, Word("")).text
        return
    for number, letter in enumerate(text[1:], start=2):
        name = f"-{letter}"
        if name in wanted:
            yield name, text[number:] or next(queue, Word("")).text
            return
        yield name, ""


def separate(words: Iterable[Word]) -> Iterator[Word]:
    """Yield words; a resolved one that holds white space stands for several."""
    for word in words:
        if word.certainty == "resolved" and len(word.text.split()) > 1:
            yield from (Word(part, word.certainty) for part in word.text.split())
        else:
            yield word


def elsewhere(command: Command) -> str:
    """Return the host or container that a command runs in, empty for this host."""
    for layer in command.layers:
        if layer.kind in ("remote", "container"):
            what = "host" if layer.kind == "remote" else "container"
            return f"{what} {layer.target}" if layer.target else f"another {what}"
    return ""


def written_paths(command: Command) -> Iterator[Word]:
    """Yield the files that a command's redirections and ``tee`` write."""
    for redirection in command.redirections:
        if ">" in redirection.operator and not redirection.target.text.startswith("&"):
            yield redirection.target
    if command.program == "tee":
        yield from split_arguments(command.argv[1:], ("--output-error",)).operands
