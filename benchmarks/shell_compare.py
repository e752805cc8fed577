"""Compares what our shell reader sees in scripts with what mvdan-sh sees there.

Used by ``benchmarks/shell_oracle.py`` over a list of packages, and by the oracle test over the
scripts that are installed where it runs.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from dten_audit.model.facts.commands import Command
from dten_audit.readers.shell.nodes import (
    COMPOUND,
    Arithmetic,
    ArrayLiteral,
    Assignment,
    Calculation,
    Function,
    Heredoc,
    Parameter,
    Redirect,
    Shape,
    Simple,
    Substitution,
)
from dten_audit.readers.shell.syntax import Parser

VERSION: Final = "0.10.1"
"""The version of mvdan-sh that is asked."""
OF_INTEREST: Final = frozenset(
    "systemctl service sudo su doas pkexec runuser crontab at update-rc.d invoke-rc.d"
    " deb-systemd-helper deb-systemd-invoke chkconfig rc-service rc-update initctl chown chgrp"
    " chmod rm mv cp ln install mkdir tee sed tar apt-get apt dpkg yum dnf rpm docker podman"
    " kubectl useradd adduser usermod groupadd addgroup visudo setcap curl wget ssh scp rsync"
    " psql mysql mysqladmin sqlite3 pg_dump".split()
)
_SCRIPT: Final = Path(__file__).with_name("shell_commands.js")


class Call(NamedTuple):
    """A simple command: its line, and its words, None where one is not literal."""

    line: int
    words: tuple[str | None, ...]

    @property
    def name(self) -> str:
        """The command's name; empty where it is not literal."""
        return self.words[0] or ""


class Difference(NamedTuple):
    """What the two readers see differently.

    ``kind`` is ``lost`` (only they see the command), ``extra`` (only we do), ``words`` (a literal
    argument differs, or their number) or ``literal`` (literal for one of the two alone).
    """

    script: str
    kind: str
    line: int
    name: str
    theirs: str
    ours: str


class Tally(NamedTuple):
    """The figures of a comparison."""

    scripts: int
    theirs: int
    ours: int
    compared: int
    differences: tuple[Difference, ...]

    def count(self, kind: str) -> int:
        """Return the number of differences of one kind."""
        return sum(difference.kind == kind for difference in self.differences)

    @property
    def recall(self) -> float:
        """The share of their commands that we see too, on the same line."""
        return 1 - self.count("lost") / max(self.theirs, 1)

    @property
    def extras(self) -> float:
        """The share of our commands that they do not see."""
        return self.count("extra") / max(self.ours, 1)

    @property
    def equal(self) -> float:
        """The share of commands of interest whose literal arguments are the same."""
        return 1 - self.count("words") / max(self.compared, 1)

    def lines(self) -> list[str]:
        """Return the figures for a person to read."""
        return [
            f"{self.scripts} scripts, {self.theirs} commands",
            (
                f"recall of (line, name): {self.theirs - self.count('lost')} of {self.theirs}"
                f" ({self.recall:.4%})"
            ),
            f"extras: {self.count('extra')} of {self.ours} ({self.extras:.4%})",
            (
                f"arguments of commands of interest equal: {self.compared - self.count('words')} of"
                f" {self.compared} ({self.equal:.4%})"
            ),
        ]


def install(folder: Path) -> bool:
    """Install mvdan-sh into a folder; return False where it cannot be had."""
    if (folder / "node_modules" / "mvdan-sh").is_dir():
        return True
    command = ["npm", "install", "--no-audit", "--no-fund", f"mvdan-sh@{VERSION}"]
    try:
        return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def judged(paths: Sequence[Path], folder: Path) -> dict[str, list[Call]]:
    """Return the commands that mvdan-sh (in ``folder``) sees in each script it can read."""
    (folder / _SCRIPT.name).write_bytes(_SCRIPT.read_bytes())
    listed = "\n".join(map(str, paths))
    run = subprocess.run(
        ["node", "--stack-size=4000", _SCRIPT.name], cwd=folder, input=listed, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: dict[str, list[Call]] = {}
    for answer in run.stdout.splitlines():
        path, calls = json.loads(answer)
        if calls is not None:
            found[path] = [
                Call(line, tuple(words))
                for line, _, words in sorted(calls, key=lambda call: (call[0], call[1]))
            ]
    return found


def text_of(path: Path) -> str:
    """Return a script as both readers get it: not as Latin-1, U+0080 ends it for mvdan-sh."""
    return path.read_bytes().decode("utf-8", "replace")


def _items(tree: object) -> Iterator[object]:
    """Yield all nodes of a syntax tree."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str | int | Heredoc | None):
            continue
        yield item
        if isinstance(item, Redirect) and item.heredoc is not None:
            waiting.append(item.heredoc.body)
        if isinstance(item, (*COMPOUND, Shape, Substitution, Arithmetic, Calculation)):
            waiting += [getattr(item, name) for name in type(item).__slots__]
        elif isinstance(item, tuple | list | ArrayLiteral | Assignment | Parameter):
            waiting += list(item)


def ours(text: str) -> list[Call]:
    """Return the commands that our parser sees in a script, in order."""
    found = sorted(
        (node.starts[0], tuple(shape.text for shape in node.words))
        for node in _items(Parser(text).script())
        if isinstance(node, Simple) and node.words
    )
    calls: list[Call] = []
    line, at = 1, 0
    for start, words in found:
        line += text.count("\n", at, start)
        at = start
        calls.append(Call(line, words))
    return calls


def compare(judgement: dict[str, list[Call]], names: dict[str, str]) -> Tally:
    """Compare script by script; ``names`` says how to show a path."""
    differences: list[Difference] = []
    theirs = own = compared = 0
    for path, reference in judgement.items():
        seen = ours(text_of(Path(path)))
        theirs += len(reference)
        own += len(seen)
        compared += sum(call.name in OF_INTEREST for call in reference)
        differences += _differences(names.get(path, path), reference, seen)
    return Tally(len(judgement), theirs, own, compared, tuple(differences))


def _differences(script: str, reference: list[Call], seen: list[Call]) -> Iterator[Difference]:
    groups: dict[tuple[int, str], tuple[list[Call], list[Call]]] = defaultdict(lambda: ([], []))
    for number, calls in enumerate((reference, seen)):
        for call in calls:
            groups[call.line, call.name][number].append(call)
    for (line, name), (theirs, own) in groups.items():
        for one, other in zip_longest(theirs, own):
            kind = _kind(one, other)
            if kind:
                yield Difference(script, kind, line, name, _shown(one), _shown(other))


def _kind(theirs: Call | None, own: Call | None) -> str:
    if own is None:
        return "lost"
    if theirs is None:
        return "extra"
    if theirs.name not in OF_INTEREST or theirs.words == own.words:
        return ""
    if len(theirs.words) != len(own.words):
        return "words"
    pairs = zip(theirs.words, own.words, strict=True)
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        return "words"
    return "literal"


def _shown(call: Call | None) -> str:
    return "" if call is None else " ".join("…" if word is None else word for word in call.words)


def lost_facts(text: str, calls: list[Call], stated: Iterable[object]) -> tuple[list[Call], int]:
    """Return the commands of interest that no Command fact or layer states; and how many there are.

    Names that the script itself defines as functions are none.
    """
    tree = list(_items(Parser(text).script()))
    own = {item.name for item in tree if isinstance(item, Function)}
    wanted = [call for call in calls if call.name in OF_INTEREST and call.name not in own]
    begins = {
        (_line(text, item.starts[0]), item.name): _line(text, item.offset)
        for item in tree
        if isinstance(item, Simple) and item.name in OF_INTEREST
    }
    found: set[tuple[int | None, str]] = set()
    for fact in stated:
        if isinstance(fact, Command):
            place = fact.via[-1] if fact.via else fact.at
            found.add((place.line, fact.program))
            found.update((layer.line, layer.tool) for layer in fact.layers)
    lost = [call for call in wanted if (call.line, call.name) not in found
            and (begins.get((call.line, call.name)), call.name) not in found]  # fmt: skip
    return lost, len(wanted)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
