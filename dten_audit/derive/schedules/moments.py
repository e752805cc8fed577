"""When a recurring job runs next, and whether that is inside the change window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate, Window

NEXT: Final = 3
_BUDGET: Final = 5_000
_MINUTE: Final = 60
_DAY: Final = 24 * _MINUTE
# The clocks of the world: from twelve hours behind UTC to fourteen before it, by quarters.
_OFFSETS: Final = tuple(timedelta(minutes=15 * n) for n in range(-48, 57))

Daemon = Literal["debian", "cronie", "busybox", ""]

_WINDOW: Final = Unknown("option.window")
_ZONE: Final = Unknown("site.timezone")
_DAEMON: Final = Unknown("site.cron")


class Recurrence(Protocol):
    """Something that runs again and again."""

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after ``moment``, in its zone; None where there is none."""


class Cron(NamedTuple):
    """A cron expression of five fields, in the notation that all engines share."""

    expression: str

    def after(self, moment: datetime) -> datetime | None:
        """Return the next time as Debian's cron(8) has it, also where the clock changes."""
        from cronsim import CronSim, CronSimError

        try:
            return next(CronSim(self.expression, moment), None)
        except (CronSimError, OverflowError, ValueError):
            return None


class Times(NamedTuple):
    """What is known of a job's times. ``next`` has no zone where the host's is not known."""

    next: tuple[datetime, ...] = ()
    in_window: bool | Unknown = False
    window_fire: datetime | None = None
    never: bool = False


@lru_cache(maxsize=64)
def zone_named(name: str) -> tzinfo | None:
    """Return a time zone by its IANA name; None for an empty or unknown name."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class Timetable:
    """Answers when jobs run, as of the audit's moment. Counts its work: hostile tables are long."""

    def __init__(self, estate: Estate) -> None:
        self.window: Window | None = estate.window
        self.site_zone = estate.site.timezone
        self.daemon: Daemon = _daemon([package.purl for package in estate.site.packages])
        at = estate.at
        self._at = at if at.tzinfo else at.replace(tzinfo=UTC)
        self._left = _BUDGET
        self._known: dict[tuple[Recurrence, str], Times] = {}

    def zone(self, own: str) -> str:
        """Return the zone a job's times are read in: its own, else the site's, else empty."""
        return own if zone_named(own) else self.site_zone if zone_named(self.site_zone) else ""

    def times(self, recurrence: Recurrence, zone: str) -> Times:
        """Return the times of one recurrence in the zone named, or by the host's unknown clock."""
        key = (recurrence, zone)
        if key not in self._known:
            if self._left <= 0:
                return Times(in_window=Unknown("option.limits"))
            self._left -= 1
            self._known[key] = self._compute(recurrence, zone_named(zone))
        return self._known[key]

    def union(self, recurrences: Iterable[Recurrence], zone: str) -> Times:
        """Return the times of several recurrences that all count."""
        parts = [self.times(recurrence, zone) for recurrence in recurrences]
        if len(parts) == 1:
            return parts[0]
        fires = sorted({moment for part in parts for moment in part.next})
        inside = [part.in_window for part in parts]
        window: bool | Unknown = True in inside
        if not window:
            window = next((value for value in inside if isinstance(value, Unknown)), False)
        first = min((p.window_fire for p in parts if p.window_fire), default=None)
        return Times(tuple(fires[:NEXT]), window, first, all(part.never for part in parts))

    def either(self, normal: str, otherwise: str, zone: str) -> Times:
        """Return the times of a line that cron daemons read in two ways (an empty one: never)."""
        if not otherwise:
            return self.times(Cron(normal), zone) if normal else Times(never=True)
        first = self.times(Cron(normal), zone) if normal else Times(never=True)
        second = self.times(Cron(otherwise), zone)
        window = first.in_window
        if window != second.in_window:
            window = _WINDOW if self.window is None else _DAEMON
        return Times(
            first.next or second.next,
            window,
            first.window_fire if window is True else None,
            first.never and second.never,
        )

    def relative(self, seconds: float) -> bool | Unknown:
        """Say whether a delay that starts with the change ends inside the window.

        The change is taken to start with the window.
        """
        if self.window is None:
            return _WINDOW
        return timedelta(seconds=seconds) < self.window.duration

    def _compute(self, recurrence: Recurrence, zone: tzinfo | None) -> Times:
        start = self._at.astimezone(zone) if zone else _wall(self._at, timedelta())
        fires: list[datetime] = []
        moment: datetime | None = start - timedelta(seconds=1)
        while moment is not None and len(fires) < NEXT:
            moment = recurrence.after(moment)
            if moment is not None:
                fires.append(moment)
        if not fires:
            return Times(never=True)
        if self.window is None:
            return Times(tuple(fires), _WINDOW)
        if zone is None:
            return Times(tuple(fires), self._by_any_clock(recurrence, self.window))
        first = self.first_inside(recurrence, zone)
        return Times(tuple(fires), first is not None, first)

    def first_inside(self, recurrence: Recurrence, zone: tzinfo) -> datetime | None:
        """Return the first time inside the window by the clock of ``zone``."""
        if self.window is None:
            return None
        first = recurrence.after(self.window.start.astimezone(zone) - timedelta(seconds=1))
        return first if first is not None and first < self.window.end else None

    def _by_any_clock(self, recurrence: Recurrence, window: Window) -> bool | Unknown:
        """Say whether a job runs inside the window whatever the host's zone is."""
        inside: set[bool] = set()
        fire: datetime | None = None
        for offset in _OFFSETS:
            start = _wall(window.start, offset)
            if fire is None or fire < start:
                fire = recurrence.after(start - timedelta(seconds=1))
                if fire is None:
                    inside.add(False)
                    break
            inside.add(fire < start + window.duration)
            if len(inside) > 1:
                return _ZONE
        return _ZONE if len(inside) > 1 else True in inside


def _daemon(purls: Sequence[str]) -> Daemon:
    """Return which cron the site has, by its packages; empty where they do not tell."""
    names = {purl.partition("@")[0].partition("?")[0] for purl in purls}
    ends = {name.rpartition("/")[2] for name in names}
    if "cronie" in ends:
        return "cronie"
    if any(name.startswith("pkg:deb/") and name.endswith("/cron") for name in names):
        return "debian"
    busybox = any(name.startswith("pkg:apk/") and name.endswith("/busybox") for name in names)
    return "busybox" if busybox else ""


def _wall(moment: datetime, offset: timedelta) -> datetime:
    """Return what a clock with this offset from UTC shows at ``moment``."""
    return moment.astimezone(timezone(offset) if offset else UTC).replace(tzinfo=None)


@lru_cache(maxsize=4096)
def shortest_gap(expression: str) -> int:
    """Return the shortest time between two runs of a cron expression in minutes, about."""
    from cronsim import CronSim, CronSimError

    try:
        parsed = CronSim(expression, datetime(2026, 1, 1))  # noqa: DTZ001 (only parsed)
    except (CronSimError, ValueError):
        return 0
    if len(parsed.minutes) > 1:
        around = len(parsed.hours) > 1
        return _gap(parsed.minutes, _MINUTE if around else None)
    if len(parsed.hours) > 1:
        return _MINUTE * _gap(parsed.hours, 24)
    day, month, week = expression.split(" ")[2:]
    if day == "*" and week != "*":
        return _DAY * (_gap({d % 7 for d in _plain(parsed.weekdays)} or {0}, 7))
    if day == "*":
        return _DAY
    if len(parsed.days) > 1:
        return _DAY * _gap(parsed.days, 31)
    return 30 * _DAY if month == "*" else 365 * _DAY


def _plain(values: Iterable[object]) -> Iterable[int]:
    return (value for value in values if isinstance(value, int))


def _gap(values: Iterable[int], around: int | None) -> int:
    """Return the smallest distance of neighbours, the last and the first ones too if it wraps."""
    ordered = sorted(values)
    gaps = [after - before for before, after in pairwise(ordered)]
    if around is not None:
        gaps.append(ordered[0] + around - ordered[-1])
    return min(gaps)


def stamp(moment: datetime) -> str:
    """Return a time for data: RFC 3339, without an offset where the zone is unknown."""
    return moment.isoformat(timespec="seconds")


def in_words(moments: Iterable[datetime], zone: str) -> str:
    """Return times for people: ``2026-11-22 03:00, 2026-11-23 03:00 Europe/Berlin``."""
    listed = ", ".join(moment.strftime("%Y-%m-%d %H:%M") for moment in moments)
    return f"{listed} {zone or 'host time'}" if listed else ""
