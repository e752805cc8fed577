"""Debian's own crontab as judge of our line reader, and cronsim as judge of our calendars."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dten_audit.derive.schedules.calendar import read_calendar
from dten_audit.derive.schedules.moments import Cron
from dten_audit.readers.cron.lines import Assignment, Fault, Job, read_line
from tests.oracles import daemons

pytestmark = pytest.mark.oracle

# ruff: noqa: T201 (how many cases ran is printed)

FIELD_PARTS = [
    "*", "0", "5", "7", "22", "4", "70", "100", "mon", "jan", "sun", "L", "W", "?", "-", "/", "~",
    "#", ",", "2", "1", "31", "15", "sunday", "H", "00", "+",
]  # fmt: skip
LINE_PARTS = [
    "*", "0", "*/5", "1-5", "@daily", "@reboot", "@Weekly", "x", "/opt/x", "A=b", "A", "=", '"A"',
    '"q w"', "b c", "'", '"', "\\", "root", "%", "-", "-0", "mon", "5/15", "22-4", "~", "?", "''",
]  # fmt: skip
SEPARATORS = [" ", "  ", "\t", "", "=", " = "]


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> daemons.Verdict:
    """Say whether Debian's ``crontab -n`` accepts a table; in a root of its own."""
    return daemons.debian(tmp_path_factory.mktemp("cron"))


def _fields(chance: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        fields = ["*"] * 5
        text = "".join(chance.choice(FIELD_PARTS) for _ in range(chance.choice([1, 2, 3, 4, 5])))
        fields[chance.randrange(5)] = text
        yield " ".join(fields) + " x"


def _lines(chance: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        start = ["0 3 * * * "] if chance.random() < 0.5 else []
        words = [chance.choice(LINE_PARTS) for _ in range(chance.randrange(1, 7))]
        yield "".join([*start, *(word + chance.choice(SEPARATORS) for word in words)])


def test_debian_accepts_what_we_say_it_does(debian: daemons.Verdict) -> None:
    chance = random.Random(20261121)
    lines = [*_fields(chance, 700), *_lines(chance, 700)]
    wrong, accepted = [], 0
    for line in lines:
        read = read_line(line, user_field=False)
        ours = read is None or isinstance(read, Assignment)
        ours = ours or (isinstance(read, Job) and not read.refused)
        theirs = debian(f"{line}\n")
        accepted += theirs
        if ours != theirs:
            wrong.append((line, theirs, read))
    print(f"\n{len(lines)} lines, {accepted} accepted by Debian's crontab, {len(wrong)} differ")
    assert not wrong


@pytest.mark.parametrize(
    ("table", "accepted"),
    [
        ("* * * * * x", False),
        ("\ufeff* * * * * x\n", False),
        ("* * * * * x\n# end", True),
        ("* * * * * x\r\n", True),
        ("0 0 * * * x \\\n  y\n", False),
        ("\u0663 * * * * x\n", False),
    ],
)
def test_debian_on_whole_tables(debian: daemons.Verdict, table: str, accepted: bool) -> None:
    assert debian(table) is accepted


def test_what_is_unreadable_to_us_is_refused_by_debian(debian: daemons.Verdict) -> None:
    chance = random.Random(7)
    lines = [
        line for line in _lines(chance, 900) if isinstance(read_line(line, user_field=False), Fault)
    ]
    accepted = [line for line in lines if debian(f"{line}\n")]
    print(f"\n{len(lines)} unreadable lines, {len(accepted)} of them accepted by Debian's crontab")
    assert not accepted


def test_calendars_agree_with_cron() -> None:
    """The same times as a calendar expression and as a cron expression come next together."""
    chance = random.Random(3)
    days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    count = 0
    for _ in range(500):
        minute, hour = chance.randrange(60), chance.randrange(24)
        month_day, month = (
            chance.choice(["*", str(chance.randrange(1, 32))]),
            chance.choice(["*", "2", "11"]),
        )
        step = chance.choice([5, 7, 15])
        week_day = chance.randrange(7) if month_day == "*" and chance.random() < 0.5 else None
        every = chance.random() < 0.3
        calendar = read_calendar(
            f"{'' if week_day is None else days[week_day]} *-{month}-{month_day} "
            f"{'*' if every else hour}:{f'0/{step}' if every else minute}"
        )
        cron = Cron(
            f"{f'*/{step}' if every else minute} {'*' if every else hour} {month_day} {month} "
            f"{'*' if week_day is None else week_day}"
        )
        assert calendar is not None
        moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
        for _ in range(5):
            expected = cron.after(moment)
            if expected is None:
                break
            assert calendar.after(moment) == expected, (calendar, cron)
            moment, count = expected, count + 1
    print(f"\n{count} next times agree")
    assert count > 2000
