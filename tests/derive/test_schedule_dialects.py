"""How other schedulers than cron write times: what is read, what is refused, when it comes next."""

# ruff: noqa: E501 (a table reads better in long lines)
from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.derive.schedules.clock import Clock, Every, MonthDays, WeekDays
from dten_audit.derive.schedules.dialects.cron_like import GRAMMARS
from dten_audit.derive.schedules.dialects.rates import duration, in_units
from dten_audit.derive.schedules.dialects.reading_all import read_expression

AT = datetime(2026, 11, 21, 12)  # noqa: DTZ001 (a wall clock; it is a Saturday)
BERLIN = ZoneInfo("Europe/Berlin")
NOTATIONS = [*GRAMMARS, "celery", "apscheduler", "launchd", "rate", "plain-words", "mysql-event",
             "oracle-calendar", "sql-agent", "unseen"]  # fmt: skip


def next_times(notation: str, expression: str, count: int = 2) -> list[str]:
    found: set[datetime] = set()
    for recurrence in read_expression(notation, expression).recurrences:
        moment: datetime | None = AT
        for _ in range(count):
            moment = recurrence.after(moment) if moment else None
            if moment is not None:
                found.add(moment)
    return [moment.strftime("%m-%d %H:%M") for moment in sorted(found)[:count]]


NEXT_TIMES = [
    ("unix", "0 3 * * *", ["11-22 03:00", "11-23 03:00"]),
    ("unix", "0 3 1 * 1", ["11-23 03:00", "11-30 03:00"]),
    ("unix", "@weekly", ["11-22 00:00", "11-29 00:00"]),
    ("kubernetes", "5/15 * * * *", ["11-21 12:05", "11-21 12:20"]),
    ("kubernetes", "? 3 ? * ?", ["11-22 03:00", "11-22 03:01"]),
    ("kubernetes", "@hourly", ["11-21 13:00", "11-21 14:00"]),
    ("robfig", "0 30 2 * * *", ["11-22 02:30", "11-23 02:30"]),
    ("quartz", "0 0 3 ? * MON-FRI", ["11-23 03:00", "11-24 03:00"]),
    ("quartz", "0 0 3 ? * 1", ["11-22 03:00", "11-29 03:00"]),
    ("quartz", "0 15 10 L * ?", ["11-30 10:15", "12-31 10:15"]),
    ("quartz", "0 15 10 L-3 * ?", ["11-27 10:15", "12-28 10:15"]),
    ("quartz", "0 15 10 LW * ?", ["11-30 10:15", "12-31 10:15"]),
    ("quartz", "0 0 9 15W * ?", ["12-15 09:00", "01-15 09:00"]),
    ("quartz", "0 0 9 1W * ?", ["12-01 09:00", "01-01 09:00"]),
    ("quartz", "0 15 10 ? * 6L", ["11-27 10:15", "12-25 10:15"]),
    ("quartz", "0 15 10 ? * 6#3", ["12-18 10:15", "01-15 10:15"]),
    ("quartz", "0 0 22-2 * * ?", ["11-21 22:00", "11-21 23:00"]),
    ("quartz", "0 0 12 * * ? 2030", ["01-01 12:00", "01-02 12:00"]),
    ("quartz", "0 0 3 30 2 ?", []),
    ("quartz", "0 0 3 29 2 ?", ["02-29 03:00", "02-29 03:00"]),
    ("spring", "0 0 3 * * MON", ["11-23 03:00", "11-30 03:00"]),
    ("spring", "0 0 3 1 * MON", ["02-01 03:00", "03-01 03:00"]),
    ("spring", "@daily", ["11-22 00:00", "11-23 00:00"]),
    ("eventbridge", "cron(0 10 * * ? *)", ["11-22 10:00", "11-23 10:00"]),
    ("eventbridge", "cron(0 18 ? * 2-6 *)", ["11-23 18:00", "11-24 18:00"]),
    ("eventbridge", "at(2026-12-24T20:00:00)", ["12-24 20:00"]),
    ("eventbridge", "at(2020-12-24T20:00:00)", []),
    ("node", "*/10 * * * * *", ["11-21 12:00", "11-21 12:00"]),
    ("croniter", "0 3 * * * 30", ["11-22 03:00", "11-23 03:00"]),
    ("fugit", "0 3 * * * Europe/Berlin", ["11-22 03:00", "11-23 03:00"]),
    ("pg_cron", "0 3 $ * *", ["11-30 03:00", "12-31 03:00"]),
    ("jenkins", "TZ=Europe/Berlin\n# nightly\nH 4 * * *", ["11-22 04:00", "11-22 04:01"]),
    ("celery", "hour=7, minute=30, day_of_week=1", ["11-23 07:30", "11-30 07:30"]),
    ("celery", "minute=0, hour=0, day_of_month=1, day_of_week=mon", ["02-01 00:00", "03-01 00:00"]),
    ("celery", "hour='22-2', minute=0", ["11-21 22:00", "11-21 23:00"]),
    ("apscheduler", "hour=3", ["11-22 03:00", "11-23 03:00"]),
    ("apscheduler", "day_of_week=0, hour=3", ["11-23 03:00", "11-30 03:00"]),
    ("apscheduler", "0 3 * * 0", ["11-23 03:00", "11-30 03:00"]),
    ("apscheduler", "day='last', hour=3", ["11-30 03:00", "12-31 03:00"]),
    ("apscheduler", "day='3rd fri'", ["12-18 00:00", "01-15 00:00"]),
    ("apscheduler", "day='last sun', hour=1", ["11-29 01:00", "12-27 01:00"]),
    ("apscheduler", "run_date=2026-12-24 20:00:00", ["12-24 20:00"]),
    ("launchd", "Hour=3, Minute=30", ["11-22 03:30", "11-23 03:30"]),
    ("launchd", "Hour=3, Minute=0, Day=1, Weekday=7", ["11-22 03:00", "11-29 03:00"]),
    ("launchd", "Minute=0, Hour=3; Minute=0, Hour=15", ["11-21 15:00", "11-22 03:00"]),
    ("mysql-event", "EVERY 1 DAY STARTS '2026-01-01 03:00:00'", ["11-22 03:00", "11-23 03:00"]),
    ("mysql-event", "EVERY 1 HOUR STARTS '2026-01-01 00:30:00' ENDS '2026-11-21 13:00:00'",
     ["11-21 12:30"]),
    ("mysql-event", "AT '2026-12-24 20:00:00'", ["12-24 20:00"]),
    ("oracle-calendar", "FREQ=DAILY;BYHOUR=3;BYMINUTE=30;BYSECOND=0", ["11-22 03:30", "11-23 03:30"]),
    ("oracle-calendar", "FREQ=MONTHLY; BYMONTHDAY=-1; BYHOUR=1", ["11-30 01:00", "12-31 01:00"]),
    ("oracle-calendar", "FREQ=WEEKLY;BYDAY=MON,FRI;BYHOUR=4", ["11-23 04:00", "11-27 04:00"]),
    ("oracle-calendar", "TRUNC(SYSDATE+1)+3/24", ["11-22 03:00", "11-23 03:00"]),
    ("sql-agent", "freq_type=4, freq_interval=1, active_start_time=30000", ["11-22 03:00", "11-23 03:00"]),
    ("sql-agent", "freq_type=8, freq_interval=62, freq_recurrence_factor=1, active_start_time=13000",
     ["11-23 01:30", "11-24 01:30"]),
    ("sql-agent", "freq_type=16, freq_interval=15, freq_recurrence_factor=1, active_start_time=0",
     ["12-15 00:00", "01-15 00:00"]),
    ("sql-agent", "freq_type=1, active_start_date=20261224, active_start_time=200000", ["12-24 20:00"]),
    ("plain-words", "every monday 09:00", ["11-23 09:00", "11-30 09:00"]),
    ("plain-words", "2nd,third mon,wed of march 17:00", ["03-08 17:00", "03-10 17:00"]),
    ("plain-words", "every day at 3:00", ["11-22 03:00", "11-23 03:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("notation", "expression", "times"), NEXT_TIMES)
def test_next_times(notation: str, expression: str, times: list[str]) -> None:
    assert not read_expression(notation, expression).fault
    assert next_times(notation, expression) == times


@pytest.mark.parametrize(
    ("notation", "expression", "seconds"),
    [
        ("kubernetes", "@every 1h30m", 5400),
        ("eventbridge", "rate(5 minutes)", 300),
        ("eventbridge", "rate(1 day)", 86400),
        ("pg_cron", "30 seconds", 30),
        ("rate", "PT5M", 300),
        ("rate", "01:00:00", 3600),
        ("rate", "minutes=5, seconds=30", 330),
        ("rate", "5000 ms", 5),
        ("apscheduler", "hours=2", 7200),
        ("launchd", "StartInterval=300", 300),
        ("mysql-event", "EVERY 5 MINUTE", 300),
        ("oracle-calendar", "FREQ=MINUTELY;INTERVAL=5", 300),
        ("oracle-calendar", "SYSDATE + 1/24", 3600),
        ("oracle-calendar", "SYSDATE+1/(24*60)", 60),
        ("oracle-calendar", "SYSTIMESTAMP + INTERVAL '5' MINUTE", 300),
        ("sql-agent", "freq_type=4, freq_subday_type=4, freq_subday_interval=10", 600),
        ("plain-words", "every 24 hours", 86400),
        ("plain-words", "3 minutes", 180),
        ("plain-words", "every hour", 3600),
        ("fugit", "every 5 minutes", 300),
    ],
)
def test_rates(notation: str, expression: str, seconds: float) -> None:
    assert read_expression(notation, expression).every == seconds


@pytest.mark.parametrize(
    ("notation", "expression", "fault"),
    [
        ("unix", "0 3 * *", "4 fields where 5 are due"),
        ("unix", "60 3 * * *", "bad minute 60"),
        ("kubernetes", "0 22-4 * * *", "bad hour 22-4: the range runs backwards"),
        ("kubernetes", "0 3 * * 7", "bad day of week 7"),
        ("kubernetes", "0 0 3 * * *", "6 fields where 5 are due"),
        ("kubernetes", "0 0 L * *", "bad day of month L"),
        ("kubernetes", "@every x", "bad duration x"),
        ("kubernetes", "@reboot", "unknown time word @reboot"),
        ("kubernetes", "*/0 * * * *", "bad minute */0: a step of 0"),
        ("quartz", "0 0 3 * * *", "day of month and day of week: one must be ?, and none of them is"),
        ("quartz", "0 0 3 ? * ?", "day of month and day of week: one must be ?, and both of them is"),
        ("quartz", "0 0 3 * ?", "5 fields where 6 or 7 are due"),
        ("quartz", "? 0 3 * * ?", "bad second ?"),
        ("quartz", "0 0 3 ? * 0", "bad day of week 0"),
        ("quartz", "0 0 3 ? * 2#6", "bad day of week 2#6"),
        ("eventbridge", "cron(0 10 * * * *)",
         "day of month and day of week: one must be ?, and none of them is"),
        ("eventbridge", "0 10 * * ? *", "neither rate(…), cron(…) nor at(…): 0 10 * * ? *"),
        ("eventbridge", "rate(5)", ""),
        ("eventbridge", "at(tomorrow)", "bad time tomorrow"),
        ("jenkins", "H H(0-7 * * *", "bad hour H(0-7"),
        ("celery", "second=5", "bad arguments of crontab(): second=5"),
        ("celery", "minute=61", "bad minute 61"),
        ("apscheduler", "fortnight=1", "unknown field fortnight"),
        ("apscheduler", "day='often'", "bad day often"),
        ("launchd", "Hour=25", "bad Hour 25"),
        ("launchd", "hour", "bad calendar interval hour"),
        ("mysql-event", "SOMETIMES", "bad schedule SOMETIMES"),
        ("oracle-calendar", "FREQ=DAILY;BYHOUR=30", "bad calendar expression FREQ=DAILY;BYHOUR=30"),
        ("oracle-calendar", "FREQ=OFTEN", "bad calendar expression FREQ=OFTEN"),
        ("sql-agent", "freq_type=4, active_start_time=250000", "bad active_start_time 250000"),
        ("rate", "soon", "bad time span soon"),
        ("plain-words", "whenever", "bad time whenever"),
    ],
)  # fmt: skip
def test_faults(notation: str, expression: str, fault: str) -> None:
    assert read_expression(notation, expression).fault == fault


def test_what_switches_a_job_off() -> None:
    assert read_expression("spring", "-").off
    assert read_expression("croniter", "None").off


@pytest.mark.parametrize(
    ("notation", "expression", "traps"),
    [
        ("quartz", "0 0 3 ? * 1", ("weekday-from-sunday-1",)),
        ("quartz", "0 0 3 ? * MON", ()),
        ("apscheduler", "0 3 * * 1", ("weekday-from-monday-0",)),
        ("spring", "0 0 3 1 * MON", ("both-day-fields-and",)),
        ("kubernetes", "0 3 1 * 1", ("both-day-fields",)),
        ("croniter", "0 3 * * * 30", ("seconds-last",)),
        ("kubernetes", "0 3 * * 1", ()),
    ],
)
def test_traps(notation: str, expression: str, traps: tuple[str, ...]) -> None:
    assert read_expression(notation, expression).traps == traps


def test_daylight_saving() -> None:
    """02:30 does not exist on 28 March 2027 in Berlin, and comes twice on 31 October."""
    clock = Clock((2,), (30,))
    spring = clock.after(datetime(2027, 3, 28, tzinfo=BERLIN))
    assert spring is not None
    assert spring.astimezone(UTC).isoformat() == "2027-03-28T01:30:00+00:00"
    autumn = clock.after(datetime(2027, 10, 31, tzinfo=BERLIN))
    assert autumn is not None
    assert autumn.astimezone(UTC).isoformat() == "2027-10-31T00:30:00+00:00"
    following = clock.after(autumn)
    assert following is not None
    assert following.date().isoformat() == "2027-11-01"


def test_days_that_never_come() -> None:
    never = Clock((0,), month_days=MonthDays(frozenset({31})), months=frozenset({2, 4, 6, 9, 11}))
    assert never.after(AT) is None
    assert Clock((0,), years=frozenset({1999})).after(AT) is None
    fifth = Clock((0,), week_days=WeekDays(frozenset(), frozenset({(1, 5)})))
    assert str(fifth.after(AT)) == "2026-11-30 00:00:00"


def test_every_with_a_zone_of_its_own() -> None:
    run = Every(datetime(2026, 11, 22, 3, tzinfo=UTC), 3600)
    assert (
        str(run.after(datetime(2026, 11, 22, 4, 30, tzinfo=BERLIN))) == "2026-11-22 05:00:00+01:00"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(60, "1 minute"), (7200, "2 hours"), (90, "90 seconds"), (1, "1 second"), (0.5, "0.5 seconds"),
     (86400, "1 day")],
)  # fmt: skip
def test_units(seconds: float, text: str) -> None:
    assert in_units(seconds) == text


@pytest.mark.parametrize("text", ["", "x", "1x", "5 5 x", "P", "PT", "=5", "1:2:3:4", "9" * 200])
def test_what_is_no_time_span(text: str) -> None:
    assert duration(text) is None


@given(st.sampled_from(NOTATIONS), st.text(max_size=60))
def test_any_text_is_read(notation: str, text: str) -> None:
    for recurrence in read_expression(notation, text).recurrences:
        recurrence.after(AT)


@given(
    st.sampled_from(NOTATIONS),
    st.text(alphabet="0123456789 *?,-/LW#H~()=;:'@abdehmnorstuyEFMR", max_size=40),
)
def test_any_expression_is_read(notation: str, text: str) -> None:
    for recurrence in read_expression(notation, text).recurrences:
        recurrence.after(AT.replace(tzinfo=BERLIN))
