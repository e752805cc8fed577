"""Any text gives facts, in time that grows no faster than the text."""

from __future__ import annotations

import sys
import time
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.readers.shell.reader import definitions, read
from tests.readers.shell.constructs import CLOSED, REPEATED
from tests.readers.shell.helpers import commands, facts

MANY = 8_000
SECONDS = 4.0

NESTED = {
    "calls": "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(3000)) + "f0\n",
    "loops": "".join(f"for x{n} in 1 2 3 4 5 6 7 8; do " for n in range(40))
    + "rm $x1 $x9; "
    + "done;" * 40,
    "choices": "".join(f"if a; then x{n}=1; else x{n}=2; fi\n" for n in range(200))
    + "rm "
    + " ".join(f"$x{n}" for n in range(200)),
    "arguments": 'f() { g "$1"; g "$1"; }\ng() { rm "$@" "$@"; }\n' + "f a\n" * MANY,
    "texts": 'f() { echo "0 3 * * * root $1" > /etc/cron.d/x; }\n'
    + "".join(f"f {n}\n" for n in range(2000)),
    "copies": "A='" + "x " * 2000 + "'\n" + 'echo $A "$A"\n' * 2000,
    "array": "a=(" + "x " * 2000 + ")\n" + 'echo "${a[@]}"\n' * 2000,
    "guards": "".join(f"[ -x /a{n} ] || exit 1\n" for n in range(MANY)),
    "predicates": "".join(f"p{n}() {{ p{n + 1} && p{n + 1} || p{n + 1}; }}\n" for n in range(500))
    + "p0 && rm x",
    "one line": "a " * 100_000,
    "one word": "a" * 400_000,
    "deep brackets": "(" * 100_000,
    "here-document": "cat > /etc/cron.d/x <<-EOF\n" + "\t* * * * * root x $y\n" * MANY + "EOF\n",
}


def seconds(text: str) -> float:
    start = time.process_time()
    for _ in read(Document("p.zip!/x.sh", "x.sh", "shell", text.encode())):
        pass
    return time.process_time() - start


@pytest.mark.parametrize("piece", REPEATED)
def test_repeated(piece: str) -> None:
    assert seconds(piece * (MANY // 8)) < SECONDS / 4


def calls(text: str) -> int:
    """Return how many functions are called to read a text."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    for _ in read(Document("p.zip!/x.sh", "x.sh", "shell", text.encode())):
        pass
    sys.setprofile(before)
    return count


@pytest.mark.parametrize("piece", [*REPEATED, *map("".join, CLOSED)])
def test_work_grows_with_size(piece: str) -> None:
    """Four times the text costs no more than about four times the calls."""
    few, many = calls(piece * 40), calls(piece * 160)
    assert many < 4 * 1.4 * few + 2000


@pytest.mark.parametrize(("opening", "closing"), CLOSED)
def test_work_grows_with_depth(opening: str, closing: str) -> None:
    few = calls(opening * 40 + "a" + closing * 40)
    many = calls(opening * 160 + "a" + closing * 160)
    assert many < 4 * 1.6 * few + 2000


@pytest.mark.parametrize("name", NESTED)
def test_nested(name: str) -> None:
    assert seconds(NESTED[name]) < SECONDS


def test_depth_is_said_and_nothing_behind_it_is_lost() -> None:
    stated, _, gaps = facts("echo " + "$(" * 200 + "rm x" + ")" * 200 + "\nrm y\n")
    assert "nested deeper than 64 levels" in {gap.reason for gap in gaps}
    assert [c.argv[1].text for c in stated if c.program == "rm"][-1] == "y"


def test_quote_without_end_costs_its_line_only() -> None:
    stated, _, gaps = facts("rm a\necho \"it's\nrm b\nrm c\n")
    assert [gap.reason for gap in gaps] == ["quote without end"]
    assert [c.argv[1].text for c in stated if c.program == "rm"] == ["a", "b", "c"]


def test_budget_is_said() -> None:
    body = "\n".join(f"  rm $1/{n}" for n in range(500))
    calls = "\n".join(f"f {n}" for n in range(500))
    stated, _, gaps = facts(f"f() {{\n{body}\n}}\n{calls}\n")
    assert [gap.reason for gap in gaps] == ["more calls of functions than are followed"]
    assert len(stated) >= 500


PIECES = st.sampled_from(
    [
        "rm",
        "sudo",
        "x",
        "$x",
        "${x",
        "}",
        "{",
        "(",
        ")",
        "$(",
        "`",
        '"',
        "'",
        "\n",
        " ",
        ";",
        ";;",
        "&&",
        "||",
        "|",
        "&",
        "<<E",
        "E",
        "<",
        ">",
        "if",
        "then",
        "else",
        "fi",
        "for",
        "in",
        "do",
        "done",
        "case",
        "esac",
        "while",
        "f()",
        "function",
        "[[",
        "]]",
        "((",
        "))",
        "x=",
        "x+=(",
        "[",
        "]",
        "\\",
        "#",
        "!",
        "$",
        "*",
        "$'",
        "eval",
        "bash -c",
        "psql -c",
        "crontab -",
        "local",
        "export",
        "set -e",
        "exit",
        "return",
        "shift",
        '"$@"',
        "$1",
        ":-",
        "##*/",
        "\t",
        "é",
        "\x00",
        "trap",
        "cat <<-X\n",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(PIECES, max_size=60).map("".join)
    | st.lists(PIECES, max_size=60).map(" ".join)
    | st.text()
)
def test_any_text(text: str) -> None:
    document = Document("p.zip!/x.sh", "x.sh", "shell", text.encode("utf-8", "surrogatepass"))
    lines = len(document.index)
    definitions(document)
    names = set()
    for fact in read(document):
        if isinstance(fact, Embedded):
            name = document.embedded_id(fact)
            assert name not in names
            names.add(name)
            assert all(1 <= line <= lines for line in fact.lines)
        else:
            assert fact.at.line is not None
            assert 1 <= fact.at.line <= lines


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="abc ", min_size=1, max_size=8), st.integers(0, 3))
def test_quoting_and_comments_change_nothing(name: str, style: int) -> None:
    quoted = [f"'{name}'", f'"{name}"', "".join(f"'{c}'" for c in name), f"$'{name}'"][style]
    found = commands(f"# {quoted}\n\nrm {quoted} # x\n")
    assert [[word.text for word in command.argv] for command in found] == [["rm", name]]
