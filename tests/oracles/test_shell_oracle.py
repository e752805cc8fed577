"""mvdan-sh as judge of our shell reader, on the scripts of this host's packages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from benchmarks.shell_compare import Call, Tally, compare, install, judged, lost_facts, text_of
from dten_audit.documents.document import Document
from dten_audit.readers.shell.reader import read

pytestmark = pytest.mark.oracle

# ruff: noqa: T201 (how many cases ran is printed)

PLACES = ("/var/lib/dpkg/info", "/usr/bin", "/usr/sbin", "/etc", "/usr/share", "/usr/lib")
ENDS = (".sh", ".postinst", ".prerm", ".preinst", ".postrm")
SHELLS = (b"sh", b"bash", b"dash", b"ksh")
LARGEST = 400_000
ENOUGH = 1500
FEWEST = 1000
RECALL = 0.999
EXTRAS = 0.001
EQUAL = 0.995

Calls = dict[str, list[Call]]


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
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """Return the commands of each script as mvdan-sh sees them."""
    folder = tmp_path_factory.mktemp("mvdan")
    if shutil.which("npm") is None or shutil.which("node") is None:
        none_ran("no npm here")
    if not install(folder):
        none_ran("mvdan-sh cannot be had")
    return judged(list(scripts()), folder)


@pytest.fixture(scope="module")
def tally(judgement: Calls) -> Tally:
    """Return the comparison, and say how much it compared."""
    found = compare(judgement, {})
    print("\n".join(found.lines()))
    for difference in found.differences[:40]:
        print(*difference, sep=" | ")
    return found


def none_ran(why: str) -> NoReturn:
    """End without a comparison: a failure in CI, a skip elsewhere."""
    print(f"0 cases ran: {why}")
    if os.environ.get("CI"):
        pytest.fail(f"0 cases ran: {why}")
    pytest.skip(why)


def test_commands(tally: Tally) -> None:
    """Every command that mvdan-sh sees stands in our tree, on the same line, and no other."""
    assert tally.scripts > 0
    assert tally.theirs > FEWEST
    assert tally.recall >= RECALL
    assert tally.extras <= EXTRAS


def test_arguments(tally: Tally) -> None:
    """Literal arguments of commands of interest are the same."""
    assert tally.compared > FEWEST
    assert tally.equal >= EQUAL


def test_facts(judgement: Calls) -> None:
    """Commands of interest are stated, however deep in functions and branches."""
    lost: list[str] = []
    total = 0
    for path, calls in judgement.items():
        content = Path(path).read_bytes()
        stated = list(read(Document(path, path, "shell", content)))
        gone, wanted = lost_facts(text_of(Path(path)), calls, stated)
        lost += [f"{path}:{call.line}: {call.name}" for call in gone]
        total += wanted
    print(f"stated as facts: {total - len(lost)} of {total}; lost: {lost[:10]}")
    assert total > FEWEST
    assert len(lost) <= (1 - RECALL) * total
