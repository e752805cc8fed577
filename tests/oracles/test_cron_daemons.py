"""Three daemons as judges of our readings of cron lines: 275 lines that were listed before."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from dten_audit.readers.cron.daemons import readings
from dten_audit.readers.cron.lines import Assignment, Job, read_line
from tests.oracles import daemons
from tests.oracles.test_cron_oracle import _fields, _lines

# ruff: noqa: T201 (how many cases ran is printed)

pytestmark = pytest.mark.oracle
TABLE = Path(__file__).with_name("cron_lines.yaml")
MODULI = (60, 24, 32, 12, 7)
RANDOM = 600


class Row(NamedTuple):
    """A line of the table, and for which daemons the verdicts are said to differ."""

    group: str
    line: str
    differs: dict[str, str]


def rows() -> list[Row]:
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return [
        Row(group, line["line"], line["differs"])
        if isinstance(line, dict)
        else Row(group, line, {})
        for group, lines in table.items()
        for line in lines
    ]


def ours(line: str, daemon: str) -> bool:
    """Say whether we take it that a daemon accepts a line in the table of root."""
    read = read_line(line, user_field=False)
    if read is None or isinstance(read, Assignment):
        return True
    if not isinstance(read, Job):
        return daemon == "cronie" and read.cronie
    if read.computed:
        return False
    if daemon == "debian":
        return not read.refused
    return (read.cronie if daemon == "cronie" else read.busybox) is not None


def compare(daemon: str, ask: daemons.Verdict, wanted: list[Row]) -> None:
    """Hold our verdict on each line against the daemon's own."""
    wrong = []
    accepted = 0
    for row in wanted:
        theirs = ask(f"{row.line}\n")
        accepted += theirs
        if ours(row.line, daemon) != theirs and daemon not in row.differs:
            wrong.append((row.line, theirs))
    print(f"\n{daemon}: {len(wanted)} lines ran, {accepted} accepted, {len(wrong)} unexplained")
    assert len(wanted) >= 200, "CI must not pass without the lines"
    assert not wrong, wrong


def test_debian(tmp_path: Path) -> None:
    compare("debian", daemons.debian(tmp_path), rows())


def test_cronie(tmp_path: Path) -> None:
    compare("cronie", daemons.cronie(tmp_path), rows())


def test_busybox(tmp_path: Path) -> None:
    """Fields that busybox reads must also mean the same: its bitmaps are compared."""
    ask = daemons.busybox(tmp_path)
    chance = random.Random(20261121)
    written = [row.line for row in rows()]
    lines = [*written, *_fields(chance, RANDOM)]
    wrong, asked = [], 0
    for line in lines:
        read = read_line(line, user_field=False)
        if not isinstance(read, Job) or read.computed or "@" in line[:3] or not read.command:
            continue
        asked += 1
        theirs = ask(f"{line}\n")
        mine = readings(" ".join(line.split()[:5]))
        if theirs is None or read.busybox is None:
            if (theirs is None) != (read.busybox is None):
                wrong.append((line, theirs, read.busybox or ""))
        elif bitmaps_of(mine.busybox or "") not in (_without_day_0(theirs), None):
            wrong.append((line, theirs, read.busybox))
    print(f"\nbusybox: {asked} lines ran, {len(wrong)} differ")
    assert asked >= 200
    assert not wrong


def _without_day_0(rows: list[str]) -> list[str]:
    """Return bitmaps without the 0th of the month, which never comes."""
    days = rows[2] if "0" not in rows[2] else "0" + rows[2][1:]
    return [*rows[:2], days, *rows[3:]]


def bitmaps_of(expression: str) -> list[str] | None:
    """Return an expression as busybox prints it; None where it never fires (0th of the month)."""
    words = expression.split()
    if len(words) != len(MODULI):
        return None
    return [_bitmap(word, place) for place, word in enumerate(words)]


def _bitmap(word: str, place: int) -> str:
    offset = 1 if place == 3 else 0
    bits = ["0"] * MODULI[place]
    values = range(MODULI[place]) if word == "*" else [int(v) - offset for v in word.split(",")]
    for value in values:
        bits[value] = "1"
    return "".join(bits)


def test_cronie_on_generated_lines(tmp_path: Path) -> None:
    ask = daemons.cronie(tmp_path)
    chance = random.Random(7)
    lines = [*_fields(chance, 400), *_lines(chance, 400)]
    wrong = [line for line in lines if ours(line, "cronie") != ask(f"{line}\n")]
    print(f"\ncronie: {len(lines)} generated lines ran, {len(wrong)} differ: {wrong}")
    assert not wrong
