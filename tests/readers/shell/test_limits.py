"""Limits that no real script comes near: what is read in spite of them, and that they are told."""

from __future__ import annotations

import pytest

from dten_audit.readers.shell.calls import AGAIN, MAX_AGAIN
from dten_audit.readers.shell.record import MAX_STATED, MAX_TEXTS
from dten_audit.readers.shell.scanner import MAX_COMMANDS
from tests.readers.shell.helpers import facts

COMMANDS = "more commands than are read"
TEXTS = "more texts in other languages than are read"


def reasons(text: str) -> list[str]:
    return [gap.reason for gap in facts(text)[2]]


def test_most_commands_stated() -> None:
    line = "systemctl stop x\n"
    assert reasons(line * MAX_STATED) == []
    stated, _, gaps = facts(line * (MAX_STATED + 3))
    assert len(stated) == MAX_STATED + 1
    assert [(gap.reason, gap.at.line) for gap in gaps] == [(COMMANDS, 1)]


WORTH_MORE = [
    ("sudo -u a systemctl stop x\n", 2),
    ("ssh h 'sudo systemctl stop x'\n", 3),
    ("systemctl stop " + "x " * 54 + "\n", 41),
    ("sh -c 'systemctl stop x'\n", 1),
]


@pytest.mark.parametrize(("line", "worth"), WORTH_MORE)
def test_some_commands_count_for_several(line: str, worth: int) -> None:
    stated, _, gaps = facts(line * (MAX_STATED // worth + 2))
    assert [gap.reason for gap in gaps] == [COMMANDS]
    assert len(stated) == MAX_STATED // worth + 1


def test_more_words_than_a_command_has() -> None:
    stated, _, gaps = facts("systemctl stop " + "x " * 100_000 + "\nrm x\n")
    assert [gap.reason for gap in gaps] == [COMMANDS]
    assert [(command.program, len(command.argv)) for command in stated] == [("systemctl", 16)]


def test_most_commands_parsed() -> None:
    assert reasons("x=1\n" * (MAX_COMMANDS - 1)) == []
    assert reasons("x=1\n" * (MAX_COMMANDS + 1)) == [COMMANDS]


def test_most_texts() -> None:
    line = "psql d{} <<E\nDROP TABLE t{};\nE\n"
    script = "".join(line.format(n, n) for n in range(MAX_TEXTS + 2))
    stated, texts, gaps = facts(script + "rm x\n")
    assert len(texts) == MAX_TEXTS
    assert [(gap.reason, gap.at.line) for gap in gaps] == [(TEXTS, 3 * MAX_TEXTS + 2)]
    assert stated[-1].program == "rm"


def test_texts_in_no_language_count_for_a_quarter() -> None:
    text = "cat > /tmp/x{}.txt <<E\nthe quick brown fox {}\nE\n"
    script = "".join(text.format(n, n) for n in range(4 * MAX_TEXTS + 1))
    assert len(facts(script)[1]) == 4 * MAX_TEXTS
    assert reasons(script) == [TEXTS]


def test_text_is_walked_again_as_far_as_the_allowance_goes() -> None:
    """What a script evaluates again and again is followed as long as a real script does it."""
    text = "check='" + "".join(f"rm $1.{n}\n" for n in range(200)) + "'\n"
    script = text + "".join(f'set a{n}\neval "$check"\n' for n in range(200)) + "mv a b\n"
    stated, _, gaps = facts(script)
    assert [gap.reason for gap in gaps] == [AGAIN]
    assert stated[-1].program == "mv"
    evaluated = [command for command in stated if command.program == "eval"]
    removed = [command for command in stated if command.program == "rm"]
    turns = 1 + MAX_AGAIN // 200
    assert len(removed) == 200 * turns
    assert len(evaluated) == 200 - turns


@pytest.mark.parametrize("reader", ["cat > /tmp/x.cnf", "psql"])
def test_many_variables_with_several_values_in_one_command(reader: str) -> None:
    """The first few are tried, the others unknown; no call deeper for each."""
    count = 2_000
    choices = "".join(f"if a; then x{n}=1; else x{n}=2; fi\n" for n in range(count))
    text = "".join(f"a{n} = $x{n}\n" for n in range(count))
    _, texts, gaps = facts(f"{choices}{reader} <<E\n{text}E\n")
    assert gaps == []
    assert {f"a0 = {n}" for n in (1, 2)} == {item.text.split("\n")[0] for item in texts}
    assert {f"a{count - 1} = ${{x{count - 1}}}"} == {item.text.split("\n")[-2] for item in texts}
