"""SQL in the installed Python library, ours against Python's own parser."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

from benchmarks.sql_in_programs import Truth, near, ours

# ruff: noqa: T201 (how many statements were compared is printed)

FEWEST = 100


def test_all_statements_of_the_library_are_found_where_they_stand() -> None:
    compared, files, missed = 0, 0, []
    for folder in {sysconfig.get_path(name) for name in ("stdlib", "purelib")}:
        for path in sorted(Path(folder).rglob("*.py")):
            data = path.read_bytes()
            if b".execut" not in data or b"sql" not in data.lower():
                continue
            try:
                truth = Truth(ast.parse(data)).cases
            except (SyntaxError, ValueError):
                continue
            if truth:
                stated = {(case.line, case.head) for case in ours(path.name, data)}
                missed += [(path.name, case) for case in truth if not near(case, stated)]
                compared += len(truth)
                files += 1
    print(f"{compared} statements in {files} files compared, {len(missed)} missed")
    assert compared >= FEWEST
    assert not missed
