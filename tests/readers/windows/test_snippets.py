"""What realistic snippets of PowerShell and batch run, against tables labelled by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dten_audit.model.facts.commands import Command
from tests.derive.trees import package_of

HERE = Path(__file__).parent
QUIET = frozenset(
    "write-host write-output write-warning write-verbose get-date get-service get-process get-item"
    " get-childitem where-object sort-object select-object out-null foreach-object".split()
)


def shown(command: Command) -> str:
    """Return a command in the notation of the tables."""
    words = ["?" if word.certainty == "computed" else word.text for word in command.argv]
    program = command.program or words[0]
    layers = "".join(
        f"{layer.tool}({layer.target})>" if layer.target else f"{layer.tool}>"
        for layer in command.layers
    )
    return layers + "|".join([program, *words[1:]]) + ("" if command.called else "#")


def cases(name: str) -> list[tuple[str, list[str]]]:
    rows = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return [(row["text"], row["runs"]) for row in rows]


def commands_of(path: str, text: str) -> list[str]:
    found = package_of({path: text}).of(Command)
    return [shown(command) for command in found if command.program not in QUIET]


@pytest.mark.parametrize(("text", "runs"), cases("snippets_powershell.yaml"))
def test_powershell(text: str, runs: list[str]) -> None:
    assert sorted(commands_of("setup/up.ps1", text)) == sorted(runs)


@pytest.mark.parametrize(("text", "runs"), cases("snippets_batch.yaml"))
def test_batch(text: str, runs: list[str]) -> None:
    assert sorted(commands_of("setup/up.bat", text)) == sorted(runs)


def test_the_tables_are_large_enough() -> None:
    assert len(cases("snippets_powershell.yaml")) + len(cases("snippets_batch.yaml")) >= 100
