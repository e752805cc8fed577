"""What every archive writer here packs comes out exactly, and nothing is told of it."""

from __future__ import annotations

import os
import random
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.documents import program_writers, python_writers
from tests.documents.program_writers import ProgramWriter
from tests.documents.python_writers import CONTEXT, PythonWriter
from tests.documents.random_trees import (
    ALONE,
    Expected,
    Node,
    Shape,
    Tree,
    expected,
    find,
    random_tree,
    write_tree,
)

pytestmark = pytest.mark.oracle

# ruff: noqa: T201 (how many cases ran is printed)

_DEPTH: Final = 4
_ROUNDS: Final = int(os.environ.get("DTEN_ORACLE_ROUNDS", "3"))
"""Trees for each writer."""
Writer = ProgramWriter | PythonWriter
PROGRAMS: Final = [writer for writer in program_writers.WRITERS if not writer.missing]
ALL: Final[list[Writer]] = [*PROGRAMS, *python_writers.WRITERS]
EVERY: Final[list[Writer]] = [*program_writers.WRITERS, *python_writers.WRITERS]
EXTRA: Final = re.compile(
    f"(?:^|!/)(?:{'|'.join(sorted({writer.extra for writer in PROGRAMS} - {''}))})$"
)
"""What programs add of their own."""
QUICK: Final = [writer for writer in ALL if isinstance(writer, PythonWriter) or not writer.slow]


def packed(writer: Writer, dice: random.Random, depth: int) -> tuple[str, bytes, Expected]:
    """Return a random archive: the ending of its name, its bytes, and what it holds."""

    def nested() -> tuple[str, bytes, Expected]:
        return packed(dice.choice(QUICK), dice, depth - 1)

    tree = random_tree(dice, writer.shape, nested if depth > 1 else None)
    if isinstance(writer, PythonWriter):
        return writer.ending, writer.write(tree), expected(tree, writer.shape)
    with tempfile.TemporaryDirectory() as work:
        root, out = Path(work) / "tree", Path(work) / f"out{writer.ending}"
        write_tree(tree, root)
        if not writer.single:
            return (
                writer.ending,
                writer.write(root, out),
                expected(tree, writer.shape, writer.prefix),
            )
        return _single(writer, tree, root, out)


def _single(
    writer: ProgramWriter, tree: Tree, root: Path, out: Path
) -> tuple[str, bytes, Expected]:
    """Pack the largest file of a tree; its name ends as its content demands."""
    files = {p: node for p, node in tree.items() if node.data is not None and node.inner is None}
    data = max((node.data or b"" for node in files.values()), key=len)
    (root / "one.sql").write_bytes(data)
    ending = f".sql{writer.ending}"
    return ending, writer.write(root, out, "one.sql"), Expected({ALONE: (data, None)}, set(), {})


def _check(writer: Writer, number: int, folder: Path) -> list[str]:
    """Return what is wrong with one case."""
    dice = random.Random(f"{writer.name} {number}")
    ending, data, wanted = packed(writer, dice, 1 + number % _DEPTH)
    package = folder / f"package{ending}"
    package.write_bytes(data)
    whole = expected({package.name: Node(data, inner=wanted)}, Shape())
    files = {path.partition("!/")[2]: what for path, what in whole.files.items()}
    return find(package).differences(wanted._replace(files=files), CONTEXT, EXTRA)


@pytest.mark.parametrize("writer", EVERY, ids=[writer.name for writer in EVERY])
def test_what_went_in_comes_out(writer: Writer, tmp_path: Path) -> None:
    if isinstance(writer, ProgramWriter) and writer.missing:
        pytest.skip(f"no {writer.missing} here")
    for number in range(_ROUNDS):
        said = _check(writer, number, tmp_path)
        assert not said, f"tree {number}: {said[:9]}"


def test_writers_that_are_not_here_are_named() -> None:
    missing = Counter(writer.missing for writer in program_writers.WRITERS if writer.missing)
    for program, count in missing.items():
        print(f"skipped, as {program} is not here: {count} writers")
    print(f"{_ROUNDS} archives each, nested to depth {_DEPTH}, by {len(ALL)} writers: ", end="")
    print("; ".join(writer.name for writer in ALL))
    assert PROGRAMS
