"""The readers of Windows scripts are total and quick, whatever text they get."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.commands import Command
from dten_audit.readers.windows import batch, manifests, powershell, registry_file, task_xml

Read = Callable[[Document], Iterator[Fact | Embedded]]
READERS: dict[str, Read] = {
    "powershell": powershell.read,
    "batch": batch.read,
    "registry": registry_file.read,
    "xml": task_xml.read,
    "pe": manifests.read,
}
PIECES = (
    "$", "$a", "${", "(", ")", "{", "}", "@", "@(", "@{", "[", "]", '"', "'", "`", "^", "%", "%a%",
    "%%a", "!", "&", "&&", "||", "|", ";", ",", ">", "<", "<#", "#>", "#", "\n", " ", "=", "-", ".",
    "::", ":", ":a", "if ", "else ", "for ", "foreach ", "in ", "do ", "while ", "try", "catch",
    "function f", "f ", "param(", "switch ", "class a", "call ", "goto ", "set ", "echo ", "start ",
    "cmd /c ", "powershell -c ", "Stop-Service ", "net stop ", "a", "1", "\\", "/", "é", "\0",
    "@'\n", "\n'@", '@"\n', '\n"@', "-Name:", "[Parameter(", "iex ", "return ", "exit ", "rem ",
)  # fmt: skip


def stated(kind: str, text: str) -> list[Fact | Embedded]:
    return list(READERS[kind](Document("p.zip!/a", "a", kind, text.encode("utf-8", "replace"))))


@pytest.mark.parametrize("kind", ["powershell", "batch"])
@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_mixture_of_syntax_is_read(kind: str, pieces: list[str]) -> None:
    stated(kind, "".join(pieces))


@pytest.mark.parametrize("kind", sorted(READERS))
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_is_read(kind: str, text: str) -> None:
    stated(kind, text)


SCRIPT = """param([string]$Name = 'DtenCore')
function Stop-It($n) { if (Get-Service $n -EA 0) { Stop-Service "$n" } }
foreach ($s in 'a', $Name) { Stop-It $s }
@'
net stop x
'@ | Set-Content C:\\a.cmd
cmd /c "net stop b & net start b"
"""


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(SCRIPT)), gone=st.integers(0, 9), piece=st.sampled_from(PIECES))
def test_mutants_of_a_script_are_read(at: int, gone: int, piece: str) -> None:
    for kind in ("powershell", "batch"):
        stated(kind, SCRIPT[:at] + piece + SCRIPT[at + gone :])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["\n", "# a comment\n", "  ", "$x = 1\n", '"text"\n']))
def test_what_runs_nothing_changes_nothing(noise: str) -> None:
    before = [f.argv for f in stated("powershell", SCRIPT) if isinstance(f, Command)]
    after = [f.argv for f in stated("powershell", noise + SCRIPT) if isinstance(f, Command)]
    assert before == after


MANY = 20_000
HOSTILE = {
    "parentheses": "(" * MANY,
    "braces": "{" * MANY,
    "substitutions": "$(" * MANY,
    "in strings": '"$(' * MANY,
    "tables": "@{a=" * MANY,
    "types": "[" * MANY,
    "tests": "if(" * MANY,
    "functions": "function a{" * MANY,
    "switches": "switch(1){" * MANY,
    "tries": "try{" * MANY,
    "elseifs": "if(1){}" + "elseif(1){}" * MANY,
    "commas": "a," * MANY,
    "pipes": "a|" * MANY,
    "recursion": "function f($x){ g $x; g $x }\nfunction g($x){ f $x; f $x }\n" + "f a\n" * 3000,
    "doubling": "".join(f'$a{n + 1} = "$a{n}$a{n}"\n' for n in range(60)),
    "loops": "foreach ($a in 1,2,3,4,5,6,7,8,9){" * 12 + "Stop-Service $a" + "}" * 12,
    "joined": "$a=" + '"b"+' * MANY,
    "one word": "x" * 500_000,
    "percents": "%a" * MANY,
    "carets": "^" * MANY,
    "blocks": "if a==b (" * MANY,
    "for": "for %%a in (1 2 3 4 5 6 7 8 9) do " * 12 + "net stop %%a",
    "calls": ":a\ncall :a\ncall :a\n" * 2000,
    "else": "if a==b (a) " + "else if a==b (a) " * 3000,
    "appended": "echo a>>b.bat\n" * 10_000,
    "chains": "a&&" * MANY,
    "assignments": "$a=" * MANY,
    "returns": "return " * MANY,
    "signs": "-!" * MANY,
    "calls of calls": "& " * MANY,
    "members": "$a" + ".b" * MANY + "[0]" * MANY,
    "ifs": "if a==b " * MANY,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
@pytest.mark.parametrize("kind", ["powershell", "batch"])
def test_hostile_text_is_read_in_time(kind: str, name: str) -> None:
    start = time.process_time()
    stated(kind, HOSTILE[name])
    assert time.process_time() - start < 4
