"""Tells what commands of cmd ask that a script then tests: services, rights, programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from dten_audit.model.facts.commands import Guard, GuardKind
from dten_audit.readers.knowledge import from_tables, knowledge


class Probe(NamedTuple):
    """What the last command asked; it worked where the answer is yes."""

    kind: GuardKind
    subject: str


@from_tables
def _admin() -> tuple[str, ...]:
    table = cast("dict[str, list[str]]", knowledge("windows_commands"))
    return tuple(str(text) for text in table["admin_probes"])


def probe_of(name: str, words: Sequence[str]) -> Probe | None:
    """Return what a command asks, if it asks for something that a guard is made of."""
    rest = [word.lower() for word in words[1:]]
    line = " ".join((name, *rest))
    if line.startswith(_admin()) and not (name == "net" and len(rest) > 1 and rest[1:2] != ["/"]):
        return Probe("root-check", "root")
    if name == "sc" and rest[:1] in (["query"], ["queryex"], ["qc"]) and len(words) > 2:  # noqa: PLR2004
        return Probe("unit-exists", words[2])
    if name in ("where", "which") and len(words) > 1:
        return Probe("command-exists", words[-1])
    if name in ("find", "findstr"):
        return None
    return Probe("other", line[:200])


def answer_of(probe: Probe | None, line: int, *, works: bool) -> Guard | None:
    """Return what is known where the command that asked worked, or did not."""
    if probe is None or probe.kind == "other":
        return None
    return Guard(probe.kind, probe.subject, line, works)
