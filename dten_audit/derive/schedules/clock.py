"""Times by the wall clock as sets of values, and when they come next. All dialects end here."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from dten_audit.derive.schedules.calendar import existing

_HORIZON_YEARS: Final = 9
_WEEK: Final = 7
_DECEMBER: Final = 12


class MonthDays(NamedTuple):
    """Days of a month: ``days`` None for every one; ``from_end`` counts from 0, the last day.

    ``nearest`` are days replaced by the working day next to them in the same month (``15W``);
    ``last_working`` is the month's last working day (``LW``).
    """

    days: frozenset[int] | None = None
    from_end: frozenset[int] = frozenset()
    nearest: frozenset[int] = frozenset()
    last_working: bool = False

    def hold(self, day: date, length: int) -> bool:
        """Say whether ``day`` is one of them; ``length`` is that of its month."""
        if self.days is None or day.day in self.days or length - day.day in self.from_end:
            return True
        if self.last_working and day.day == _working_day(day, length, length):
            return True
        return any(day.day == _working_day(day, near, length) for near in self.nearest)


class WeekDays(NamedTuple):
    """Days of the week, Sunday as 0: ``days`` None for every one.

    ``nth`` are pairs of day and rank in the month (the second Monday), ``last`` are those that are
    the last of their name in the month.
    """

    days: frozenset[int] | None = None
    nth: frozenset[tuple[int, int]] = frozenset()
    last: frozenset[int] = frozenset()

    def hold(self, day: date, length: int) -> bool:
        """Say whether ``day`` is one of them; ``length`` is that of its month."""
        name = (day.weekday() + 1) % _WEEK
        if self.days is None or name in self.days:
            return True
        if name in self.last and length - day.day < _WEEK:
            return True
        return (name, (day.day - 1) // _WEEK + 1) in self.nth


def _working_day(day: date, near: int, length: int) -> int:
    """Return the day of the month that is the working day nearest to ``near``, 0 for none."""
    if near > length:
        return 0
    weekday = day.replace(day=near).weekday()
    if weekday == 5:  # noqa: PLR2004 (Saturday: the day before, in the same month)
        return near - 1 if near > 1 else near + 2
    if weekday == 6:  # noqa: PLR2004 (Sunday: the day after, in the same month)
        return near + 1 if near < length else near - 2
    return near


class Clock(NamedTuple):
    """Times of day on some days; None for months and years stands for every one.

    ``both`` says that a day must be in both day fields, not only in one of them.
    """

    hours: tuple[int, ...] = tuple(range(24))
    minutes: tuple[int, ...] = (0,)
    seconds: tuple[int, ...] = (0,)
    month_days: MonthDays = MonthDays()
    week_days: WeekDays = WeekDays()
    months: frozenset[int] | None = None
    years: frozenset[int] | None = None
    both: bool = True

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after ``moment`` by the clock of its zone; None for none soon.

        A time that daylight saving skips is moved over the gap; one that comes twice counts once.
        """
        for day in self._days(moment.date()):
            for wall in self._walls(day, moment):
                found = existing(wall)
                if found > moment:
                    return found
        return None

    def _days(self, start: date) -> Iterator[date]:
        """Yield the days that match, from ``start`` on."""
        year, month, first = start.year, start.month, start.day
        while year <= min(start.year + _HORIZON_YEARS, date.max.year):
            wanted = self.years is None or year in self.years
            if wanted and (self.months is None or month in self.months):
                length = monthrange(year, month)[1]
                for number in range(first, length + 1):
                    day = date(year, month, number)
                    if self._on(day, length):
                        yield day
            first = 1
            year, month = (year + 1, 1) if month == _DECEMBER else (year, month + 1)

    def _on(self, day: date, length: int) -> bool:
        if self.both:
            return self.month_days.hold(day, length) and self.week_days.hold(day, length)
        return self.month_days.hold(day, length) or self.week_days.hold(day, length)

    def _walls(self, day: date, moment: datetime) -> Iterator[datetime]:
        today = day == moment.date()
        for hour in self.hours:
            if today and hour < moment.hour - 1:
                continue
            for minute in self.minutes:
                if today and (hour, minute) < (moment.hour, moment.minute) and hour == moment.hour:
                    continue
                for second in self.seconds:
                    yield datetime(
                        day.year, day.month, day.day, hour, minute, second, tzinfo=moment.tzinfo
                    )


class Every(NamedTuple):
    """A run at ``start`` and each ``seconds`` after it, up to ``end``.

    ``start`` and ``end`` are wall clock times of the job's zone unless they carry one. 0 seconds:
    it runs once.
    """

    start: datetime
    seconds: int = 0
    end: datetime | None = None

    def after(self, moment: datetime) -> datetime | None:
        """Return the first run after ``moment``, None after the last."""
        start = _in_zone(self.start, moment)
        if start is None:
            return None
        found = start
        if start <= moment:
            if not self.seconds:
                return None
            passed = int((moment - start).total_seconds()) // self.seconds + 1
            try:
                found = start + timedelta(seconds=passed * self.seconds)
            except OverflowError:
                return None
        end = _in_zone(self.end, moment) if self.end else None
        return None if end is not None and found > end else found


def _in_zone(wall: datetime, moment: datetime) -> datetime | None:
    """Return ``wall`` by the clock of ``moment``; None at the end of the calendar."""
    try:
        if wall.tzinfo is None:
            return existing(wall.replace(tzinfo=moment.tzinfo))
        if moment.tzinfo is None:
            return wall.astimezone(UTC).replace(tzinfo=None)
        return wall.astimezone(moment.tzinfo)
    except (OverflowError, ValueError):
        return None
