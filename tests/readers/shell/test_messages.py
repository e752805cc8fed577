"""Functions that only print: walked through once, whatever they test on the way."""

from __future__ import annotations

import pytest

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.commands import Command
from dten_audit.readers.shell.reader import read

_LOG = (
    "log() {\n"
    "  local level=$1\n"
    '  [ -n "$TAG" ] || TAG=app\n'
    "  PRIVATE=$*\n"
    "  case $level in err) level=ERROR ;; esac\n"
    '  if tty >/dev/null; then echo "$TAG $PRIVATE" >&2; return 0; fi\n'
    '  echo `date` "$level" >> $LOGFILE\n'
    '  logger -t "$TAG" "$PRIVATE"\n'
    "}\n"
)  # fmt: skip


def _commands(text: str) -> list[tuple[int | None, str]]:
    document = Document("p.zip!/x.sh", "x.sh", "shell", text.encode())
    return [
        (fact.at.line, " ".join(word.text for word in fact.argv))
        for fact in read(document)
        if isinstance(fact, Command)
    ]


def test_a_further_call_is_one_echo() -> None:
    found = _commands(_LOG + "log err a\nlog err b\nlog info c\n")
    assert [text for line, text in found if line == 12] == ["echo info c"]


@pytest.mark.parametrize(
    ("function", "line"),
    [
        ('f() { echo "$1"; rm -rf "$1"; }\n', "rm -rf b"),
        ('f() { echo "$1"; echo "$1" > /etc/passwd; }\n', "echo b"),
        ('f() { g "$1"; }\ng() { systemctl stop "$1"; }\n', "systemctl stop b"),
        ('f() { echo "$(systemctl stop "$1")"; }\n', "systemctl stop b"),
        ('f() { date -s "$1"; }\n', "date -s b"),
    ],
)  # fmt: skip
def test_a_function_that_does_more_is_followed_at_each_call(function: str, line: str) -> None:
    assert line in [text for _, text in _commands(function + "f a\nf b\n")]


def test_what_a_function_sets_for_others_is_followed() -> None:
    text = 'mode() { MODE=$1; echo "$1"; }\nmode a\nmode b\nmode c\nrm -rf $MODE\n'
    assert (5, "rm -rf c") in _commands(text)


def test_what_a_function_prints_for_others_is_followed() -> None:
    text = 'name() { echo "/srv/$1"; }\nname a\nrm -rf $(name b)\nrm -rf $(name c)\n'
    found = [line for _, line in _commands(text)]
    assert {"rm -rf /srv/b", "rm -rf /srv/c"} <= set(found)


def test_a_function_that_prints_and_ends_the_script_ends_it_each_time() -> None:
    text = 'die() { echo "$1" >&2; exit 1; }\na || die x\nb || die y\nif c; then die z; rm d; fi\n'
    document = Document("p.zip!/x.sh", "x.sh", "shell", text.encode())
    found = {fact.program: fact for fact in read(document) if isinstance(fact, Command)}
    assert not found["rm"].called


_TOLD_IN_PART = 'stamp() { date; echo "$1"; }\n'


def test_a_further_call_whose_output_nobody_can_know_is_one_echo_in_a_substitution() -> None:
    text = _TOLD_IN_PART + "x=$(stamp a)\ny=$(stamp b)\nrm -rf $y\n"
    found = _commands(text)
    assert [line for number, line in found if number == 3] == ["echo b"]
    assert (4, "rm -rf ${y}") in found


def test_what_is_told_in_part_goes_through_a_pipe_at_each_call() -> None:
    text = _TOLD_IN_PART + "stamp 'rm a' | sh\nstamp 'rm -rf b' | sh\n"
    assert {"stamp rm -rf b", "echo rm -rf b"} & {line for _, line in _commands(text)}
    document = Document("p.zip!/x.sh", "x.sh", "shell", text.encode())
    texts = [part.text for part in read(document) if isinstance(part, Embedded)]
    assert texts == ["rm a\n", "rm -rf b\n"]


def test_a_function_replaced_by_one_that_tells_is_followed() -> None:
    first = 'now() { date; }\nstamp() { now; echo "$1"; }\nx=$(stamp a)\n'
    text = first + 'now() { echo at; }\nstamp() { echo "$1"; }\ny=$(stamp b)\nrm -rf $y\n'
    assert (7, "rm -rf b") in _commands(text)
