"""When jobs run: calendars, time spans, daylight saving, the window by known and unknown clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit.derive.schedules.calendar import read_calendar, read_span
from dten_audit.derive.schedules.moments import Cron, Timetable, shortest_gap
from dten_audit.derive.schedules.once import at_times, read_at
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate, Window
from dten_audit.site.site import PackageRecord, Site

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def timetable(start: str = "", hours: float = 1, zone: str = "Europe/Berlin") -> Timetable:
    window = Window(datetime.fromisoformat(start), timedelta(hours=hours)) if start else None
    return Timetable(Estate(Site(timezone=zone), AT, window=window))


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("daily", ["2026-11-22 00:00", "2026-11-23 00:00"]),
        ("*-*-* 03:00:00", ["2026-11-22 03:00", "2026-11-23 03:00"]),
        ("03:00", ["2026-11-22 03:00", "2026-11-23 03:00"]),
        ("Mon..Fri 02:30", ["2026-11-23 02:30", "2026-11-24 02:30"]),
        ("Mon-Fri 02:30", ["2026-11-23 02:30", "2026-11-24 02:30"]),
        ("Sat,Sun 10:00", ["2026-11-22 10:00", "2026-11-28 10:00"]),
        ("Fri..Mon *-*-* 23:59:30", ["2026-11-21 23:59", "2026-11-22 23:59"]),
        ("Sun", ["2026-11-22 00:00", "2026-11-29 00:00"]),
        ("hourly", ["2026-11-21 13:00", "2026-11-21 14:00"]),
        ("minutely", ["2026-11-21 12:01", "2026-11-21 12:02"]),
        ("weekly", ["2026-11-23 00:00", "2026-11-30 00:00"]),
        ("monthly", ["2026-12-01 00:00", "2027-01-01 00:00"]),
        ("quarterly", ["2027-01-01 00:00", "2027-04-01 00:00"]),
        ("*-*-* 6,18:00", ["2026-11-21 18:00", "2026-11-22 06:00"]),
        ("*:0/15", ["2026-11-21 12:15", "2026-11-21 12:30"]),
        ("*-*-* 07..23:30", ["2026-11-21 12:30", "2026-11-21 13:30"]),
        ("Sun *-*-1..7 01:00:00", ["2026-12-06 01:00", "2027-01-03 01:00"]),
        ("*-02~01 04:00", ["2027-02-28 04:00", "2028-02-29 04:00"]),
        ("12-24 20:00", ["2026-12-24 20:00", "2027-12-24 20:00"]),
        ("2026-12-24 20:00", ["2026-12-24 20:00"]),
        ("2020-01-01", []),
        ("*-02-29 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
    ],
)
def test_calendars(text: str, times: list[str]) -> None:
    calendar = read_calendar(text)
    assert calendar is not None
    found, moment = [], AT.replace(tzinfo=None)
    for _ in times or [""]:
        following = calendar.after(moment)
        if following is None:
            break
        found.append(following.strftime("%Y-%m-%d %H:%M"))
        moment = following
    assert found == times


def test_a_calendar_names_its_zone() -> None:
    calendar = read_calendar("*-*-* 03:00:00 America/New_York")
    assert calendar is not None
    assert calendar.zone == "America/New_York"


@pytest.mark.parametrize(
    "text",
    ["", "  ", "sometimes", "25:00", "*-13-01", "Mon..Xyz", "1-2-3-4", "*-*-* 1:2:3:4", "x" * 1000,
     "*-*-* 03:00 extra words", "5..3:00", "1/0:00", "0:0/"],
)  # fmt: skip
def test_what_is_no_calendar(text: str) -> None:
    assert read_calendar(text) is None


@given(st.text(alphabet="0123456789*-:,./~ MonFriday", max_size=30))
def test_any_calendar_is_read(text: str) -> None:
    calendar = read_calendar(text)
    if calendar is not None:
        calendar.after(AT)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1h 30min", 5400), ("1h30min", 5400), ("5min", 300), ("2 days", 172800),
     ("500ms", 0.5), ("1w", 604800), ("", None), ("soon", None), ("5 parsecs", None),
     ("1h x", None)],
)  # fmt: skip
def test_spans(text: str, seconds: float | None) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize(
    ("expression", "start", "times"),
    [
        # Clocks go from 02:00 to 03:00: a job in the gap runs once, right after it.
        ("30 2 * * *", "2027-03-27T12:00",
         ["2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"]),
        # Clocks go from 03:00 back to 02:00: a job at a set time does not run twice.
        ("30 2 * * *", "2026-10-24T12:00",
         ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]),
        # A job with a starred hour runs by the new time at once, so also in the repeated hour.
        ("30 * * * *", "2026-10-25T02:00",
         ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"]),
    ],
)  # fmt: skip
def test_daylight_saving_as_debians_cron_has_it(
    expression: str, start: str, times: list[str]
) -> None:
    moment = datetime.fromisoformat(start).replace(tzinfo=BERLIN)
    for expected in times:
        following = Cron(expression).after(moment)
        assert following is not None
        assert following.isoformat() == expected
        moment = following


@pytest.mark.parametrize(
    ("expression", "start", "inside"),
    [
        ("0 3 * * *", "2026-11-22T01:30:00+00:00", True),
        ("30 2 * * *", "2026-11-22T01:30:00+00:00", True),  # the window's first minute
        ("30 3 * * *", "2026-11-22T01:30:00+00:00", False),  # the first minute after it
        ("29 2 * * *", "2026-11-22T01:30:00+00:00", False),
        ("0 3 * * mon-fri", "2026-11-22T01:30:00+00:00", False),
        ("0 3 * * *", "2026-11-22T02:30:00+00:00", False),
        ("30 2 * * *", "2027-03-28T00:30:00+00:00", True),  # skipped, run after the gap
        ("0 0 30 2 *", "2026-11-22T01:30:00+00:00", False),
    ],
)
def test_the_window_by_the_sites_clock(expression: str, start: str, inside: bool) -> None:
    times = timetable(start).times(Cron(expression), "Europe/Berlin")
    assert times.in_window is inside
    assert (times.window_fire is not None) is inside


@pytest.mark.parametrize(
    ("expression", "inside"),
    [
        ("*/5 * * * *", True),  # whatever the host's clock shows
        ("0 3 * * *", Unknown("site.timezone")),
        ("0 3 1 1 *", False),
        ("0 0 30 2 *", False),
    ],
)
def test_the_window_by_an_unknown_clock(expression: str, inside: bool | Unknown) -> None:
    times = timetable("2026-11-22T01:30:00+00:00", zone="").times(Cron(expression), "")
    assert times.in_window == inside
    assert all(moment.tzinfo is None for moment in times.next)


def test_without_a_window_it_is_asked_for() -> None:
    assert timetable().times(Cron("0 3 * * *"), "UTC").in_window == Unknown("option.window")


def test_next_times_are_three() -> None:
    times = timetable().times(Cron("0 3 * * *"), "Europe/Berlin")
    assert [moment.isoformat() for moment in times.next] == [
        "2026-11-22T03:00:00+01:00", "2026-11-23T03:00:00+01:00", "2026-11-24T03:00:00+01:00",
    ]  # fmt: skip


def test_what_crons_read_differently() -> None:
    clock = timetable("2026-11-22T01:30:00+00:00")
    wrapped = clock.either("", "0 22,23,0,1,2,3,4 * * *", "Europe/Berlin")
    assert wrapped.in_window == Unknown("site.cron")
    assert not wrapped.never
    assert clock.either("1 3 * * *", "2 3 * * *", "Europe/Berlin").in_window is True
    assert clock.either("1 5 * * *", "2 5 * * *", "Europe/Berlin").in_window is False


@pytest.mark.parametrize(
    ("purls", "daemon"),
    [
        (["pkg:deb/debian/cron"], "debian"),
        (["pkg:deb/debian/cron@3.0pl1-162?arch=amd64"], "debian"),
        (["pkg:rpm/redhat/cronie"], "cronie"),
        (["pkg:deb/debian/cronie@1.7"], "cronie"),
        (["pkg:apk/alpine/busybox"], "busybox"),
        (["pkg:apk/alpine/busybox", "pkg:apk/alpine/cronie"], "cronie"),
        (["pkg:deb/debian/busybox"], ""),
        (["pkg:rpm/redhat/cron"], ""),
        ([], ""),
    ],
)
def test_the_site_tells_its_cron(purls: list[str], daemon: str) -> None:
    site = Site(packages=tuple(PackageRecord(purl, "") for purl in purls))
    assert Timetable(Estate(site, AT)).daemon == daemon


def test_work_is_bounded() -> None:
    clock = timetable("2026-11-22T01:30:00+00:00")
    clock._left = 10
    answers = [clock.times(Cron(f"{n} 5 * * *"), "UTC").in_window for n in range(12)]
    assert answers == [False] * 10 + [Unknown("option.limits")] * 2
    assert clock.times(Cron("3 5 * * *"), "UTC").in_window is False


@pytest.mark.parametrize(
    ("expression", "minutes"),
    [("* * * * *", 1), ("*/5 * * * *", 5), ("*/7 * * * *", 4), ("0,58 * * * *", 2),
     ("0,58 3 * * *", 58), ("20 */4 * * *", 240), ("0 3 * * *", 1440), ("0 3 * * 1", 10080),
     ("0 3 * * 1-5", 1440), ("0 3 1 * *", 43200), ("0 3 1,15 * *", 20160), ("0 3 1 1 *", 525600),
     ("0 3 31 2 *", 0)],
)  # fmt: skip
def test_shortest_gaps(expression: str, minutes: int) -> None:
    assert shortest_gap(expression) == minutes


@pytest.mark.parametrize(
    ("arguments", "time"),
    [
        (["now", "+", "10", "minutes"], "now + 10 minutes"),
        (["-f", "/opt/x.sh", "04:30"], "04:30"),
        (["-m", "-q", "b", "noon", "tomorrow"], "noon tomorrow"),
        (["-t", "202611220300"], "202611220300"),
    ],
)
def test_calls_of_at(arguments: list[str], time: str) -> None:
    call = read_at("at", arguments)
    assert call is not None
    assert call.time == time


@pytest.mark.parametrize("arguments", [["-l"], ["-r", "3"], ["-c", "3"], []])
def test_calls_of_at_without_a_job(arguments: list[str]) -> None:
    assert read_at("at", arguments) is None


class Clock:
    """Stands for the builder, of which only the timetable is asked."""

    def __init__(self, timetable: Timetable) -> None:
        self.timetable = timetable


@pytest.mark.parametrize(
    ("time", "inside"),
    [
        ("now", True),
        ("now + 10 minutes", True),
        ("now + 2 hours", False),
        ("03:00", True),
        ("0300", True),
        ("3am", True),
        ("3pm", False),
        ("noon", False),
        ("04:30 today", False),
        ("next tuesday", Unknown("package.value")),
    ],
)
def test_times_of_at(time: str, inside: bool | Unknown) -> None:
    clock = Clock(timetable("2026-11-22T01:30:00+00:00"))
    times, _ = at_times(clock, time, "Europe/Berlin")  # type: ignore[arg-type]
    assert times.in_window == inside
