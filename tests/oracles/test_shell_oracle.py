"""mvdan-sh as judge of our shell reader, on the scripts of this host's packages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from dten_audit.documents.document import Document
from dten_audit.model.facts.commands import Command
from dten_audit.readers.shell.nodes import (
    COMPOUND,
    Arithmetic,
    ArrayLiteral,
    Assignment,
    Calculation,
    Heredoc,
    Parameter,
    Redirect,
    Shape,
    Simple,
    Substitution,
)
from dten_audit.readers.shell.reader import read
from dten_audit.readers.shell.syntax import Parser

pytestmark = pytest.mark.oracle

# ruff: noqa: T201 (how many cases ran is printed)

VERSION = "0.10.1"
PLACES = ("/var/lib/dpkg/info", "/usr/bin", "/usr/sbin", "/etc", "/usr/share", "/usr/lib")
ENDS = (".sh", ".postinst", ".prerm", ".preinst", ".postrm")
SHELLS = (b"sh", b"bash", b"dash", b"ksh")
LARGEST = 400_000
ENOUGH = 1500
OF_INTEREST = frozenset(
    "systemctl service sudo su crontab update-rc.d invoke-rc.d deb-systemd-helper chown chmod rm"
    " deb-systemd-invoke apt-get dpkg docker mv cp install mkdir ln useradd adduser usermod getent"
    " curl wget tar sed grep psql mysql".split()
)
RECALL = 0.995

Calls = dict[str, list[tuple[int, str]]]


def scripts() -> Iterator[Path]:
    """Yield the shell scripts that packages have installed here."""
    found = 0
    for place in PLACES:
        for folder, _, names in os.walk(place):
            for name in sorted(names):
                path = Path(folder) / name
                if found < ENOUGH and is_script(path):
                    found += 1
                    yield path


def is_script(path: Path) -> bool:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            return False
        with path.open("rb") as file:
            first = file.readline(200)
    except OSError:
        return False
    words = first[2:].split() if first.startswith(b"#!") else []
    program = words[-1 if len(words) > 1 and not words[1].startswith(b"-") else 0] if words else b""
    return program.rpartition(b"/")[2] in SHELLS or (not words and path.suffix in ENDS)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """Return the commands of each script as mvdan-sh sees them."""
    folder = tmp_path_factory.mktemp("mvdan")
    if shutil.which("npm") is None or shutil.which("node") is None:
        none_ran("no npm here")
    install = ["npm", "install", "--no-audit", "--no-fund", f"mvdan-sh@{VERSION}"]
    if subprocess.run(install, cwd=folder, check=False, capture_output=True).returncode:
        none_ran("mvdan-sh cannot be had")
    shutil.copy(Path(__file__).with_name("shell_commands.js"), folder / "commands.js")
    paths = "\n".join(str(path) for path in scripts())
    run = subprocess.run(
        ["node", "commands.js"], cwd=folder, input=paths, check=True, capture_output=True, text=True
    )
    answer: dict[str, list[tuple[int, str]] | None] = json.loads(run.stdout)
    return {path: calls for path, calls in answer.items() if calls is not None}


def none_ran(why: str) -> NoReturn:
    """End without a comparison: a failure in CI, a skip elsewhere."""
    print(f"0 cases ran: {why}")
    if os.environ.get("CI"):
        pytest.fail(f"0 cases ran: {why}")
    pytest.skip(why)


def ours(node: object) -> Iterator[Simple]:
    """Yield all simple commands in a syntax tree."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Simple):
            yield item
        if isinstance(item, str | int | None):
            continue
        if isinstance(item, Redirect) and item.heredoc is not None:
            waiting.append(item.heredoc.body)
        if isinstance(item, Heredoc):
            continue
        if isinstance(item, (*COMPOUND, Shape, Substitution, Arithmetic, Calculation)):
            waiting += [getattr(item, name) for name in type(item).__slots__]
        elif isinstance(item, tuple | list | ArrayLiteral | Assignment | Parameter):
            waiting += list(item)


def missing(theirs: Iterable[tuple[int, str]], found: Counter[tuple[int, str]]) -> list[str]:
    left = Counter((line, name) for line, name in theirs) - found
    return [f"{line}: {name}" for line, name in left.elements()]


def share(lost: list[str], total: int, what: str) -> float:
    recall = 1 - len(lost) / max(total, 1)
    print(f"{what}: {total - len(lost)} of {total} ({recall:.4%}); lost: {lost[:10]}")
    return recall


def test_syntax(judged: Calls) -> None:
    """Every command that mvdan-sh sees stands in our tree, on the same line."""
    lost: list[str] = []
    total = 0
    for path, calls in judged.items():
        text = Path(path).read_bytes().decode("latin-1")
        parser = Parser(text)
        found = Counter(
            (text.count("\n", 0, node.starts[0]) + 1, node.words[0].text or "")
            for node in ours(parser.script())
            if node.words
        )
        lost += [f"{path}:{item}" for item in missing(calls, found)]
        total += len(calls)
    print(f"{len(judged)} scripts")
    assert total > 1000
    assert share(lost, total, "commands in the tree") >= RECALL


def test_facts(judged: Calls) -> None:
    """Commands of interest are stated, however deep in functions and branches."""
    lost: list[str] = []
    total = 0
    for path, calls in judged.items():
        wanted = {(line, name) for line, name in calls if name in OF_INTEREST}
        if not wanted:
            continue
        found: set[tuple[int | None, str]] = set()
        for fact in read(Document(path, path, "shell", Path(path).read_bytes())):
            if isinstance(fact, Command):
                place = fact.via[-1] if fact.via else fact.at
                found.add((place.line, fact.program))
                found.update((layer.line, layer.tool) for layer in fact.layers)
        lost += [f"{path}:{line}: {name}" for line, name in sorted(wanted - found)]
        total += len(wanted)
    assert total > 100
    assert share(lost, total, "commands of interest as facts") >= RECALL
