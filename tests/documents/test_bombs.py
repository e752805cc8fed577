"""What is built to exhaust whoever opens it ends within hard limits, and with a finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.hostile.bombs import BOMBS, Bomb, build
from benchmarks.hostile.bounded import Usage, run_audit
from dten_audit.documents.issues import ISSUES

MIB = 1 << 20
SECONDS = 60
"""Of CPU time, where nothing ends it sooner; the oracle prints what each took."""
MOST = 300 * 1024
ADDRESSES = 4096 * MIB
FEW = (
    "42.zip: 16^5 archives, all alike", "quoted overlap", "a ZIP that holds itself",
    "a gzip that holds itself", "1,000 levels of ZIP", "10 million entries stated, one there",
    "a GiB of one byte in gzip", "an ar member of 9,999,999,999 bytes",
)  # fmt: skip
"""One of each sort: a process each takes most of a second. The oracle tests run all."""


def told(package: dict[str, Any]) -> set[str]:
    """Return the issues and the reasons of gaps that a report speaks of."""
    reasons = {gap["reason"] for gap in package["coverage"]["not_covered"]}
    messages = "\n".join(finding["message"] for finding in package["findings"])
    return reasons | {issue for issue, meaning in ISSUES.items() if meaning in messages}


def explode(bomb: Bomb, folder: Path) -> Usage:
    """Audit a bomb, and check that the command ends as it should."""
    output = folder / "report.json"
    used = run_audit(build(bomb, folder), output, SECONDS, ADDRESSES)
    assert used.status in (0, 1, 3), output.with_name("report.json.err").read_text()
    (package,) = json.loads(output.read_text())["packages"]
    if bomb.says == "error":
        assert used.status == 3
        assert package["error"]
        return used
    high = any(finding["severity"] in ("critical", "high") for finding in package["findings"])
    assert used.status == int(high)
    assert not bomb.says or set(bomb.says.split()) & told(package)
    assert used.memory < MOST
    return used


@pytest.mark.parametrize("name", FEW)
def test_a_bomb_ends_in_a_finding(name: str, tmp_path: Path) -> None:
    explode(next(bomb for bomb in BOMBS if bomb.name == name), tmp_path)


@pytest.mark.oracle
@pytest.mark.parametrize("bomb", BOMBS, ids=[bomb.name for bomb in BOMBS])
def test_every_bomb_ends_in_time(bomb: Bomb, tmp_path: Path) -> None:
    used = explode(bomb, tmp_path)
    print(f"{bomb.name:45} {used.seconds:5.1f} s  {used.memory / 1024:4.0f} MiB")  # noqa: T201 - a table for people
    next(tmp_path.glob("package.*")).unlink()
